create function api.history(what text, id integer default null, key text default null)
returns table (at timestamp, who text, did text, changes text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text := (select a.on_table from rules.audited a where history.what in (a.what, a.on_table));
begin
  if v_table is null then
    perform rules.refuse('history_unknown', history.what, (select string_agg(a.what, ', ') from rules.audited a));
  end if;
  return query
    select t.at, t.who, t.operation, t.changes
      from rules.trail t
     where t.on_table = v_table
       and (history.id is null or t.key = history.id::text)
       -- the settings are one row: their key is the name of one
       and (history.key is null or t.key = history.key or v_table = 'settings' and t.new_values ? history.key)
     order by t.id;
end
$$;
comment on function api.history(text, integer, text) is
  'What became of something, oldest first: when, by whom, what. what: user, slot, enrolment, mark, post, closure, '
  'block, pardon, turn, roster, with id (of roster the card); setting, right, template, lesson, with key (a '
  'setting''s name, new/get, 0 16:00:00, 2026-11-02 16:00:00). Without id and key: of all. '
  'Errors: history_unknown. Definer: reads gym.audit_log with its values. Example: select * from '
  'api.history(''enrolment'', 42);';

create function api.who_did(card integer default null, person integer default null, login text default null,
  since timestamp default null)
returns table (at timestamp, what text, did text, changes text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_actor integer := case when who_did.login is null then api.person_id(card, person) end;
begin
  return query
    select t.at, left(coalesce(a.what, t.on_table) || ' ' || t.key, 26), t.operation, t.changes
      from rules.trail t
      left join rules.audited a on a.on_table = t.on_table
     where t.written_at >= coalesce(since at time zone (select c.time_zone from gym.settings c),
       now() - interval '30 days') and (t.actor = v_actor or t.actor is null and t.login = who_did.login)
     order by t.id;
end
$$;
comment on function api.who_did(integer, integer, text, timestamp) is
  'What somebody did, oldest first. card, or person: id, of who acted through the server; or login: the database '
  'role, of what was done in psql and by jobs; since: true time in the gym''s zone; null: the last 30 days. '
  'Errors: user_not_found. Definer: reads gym.audit_log with its values. Example: select * from api.who_did(card '
  '=> 12069840, since => ''2026-11-01'');';

create function api.mentions(card integer default null, person integer default null)
  returns table (what text, key text, body text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select m.what, m.key, case when length(m.body) > 60 then left(m.body, 59) || '…' else m.body end
    from rules.mentions(api.person_id(card, person)) m
$$;
comment on function api.mentions(integer, integer) is
  'Shows texts in which a person may be named, by card or family name. Posts, closures, lessons called off and reasons '
  'of others, the family name in any case; and other accounts, such as one merged into this, and lines of the roster '
  'of the same names, which are erased by themselves. To be looked at before api.erase_person, which blanks full names '
  'and cards by itself, and what its argument also says. card, or person: id. '
  'Errors: user_not_found. Definer: reads gym.posts and others. Example: select * from api.mentions(card => 12069840);';

create function api.erase_person(reason text, card integer default null, person integer default null,
  also text[] default '{}')
returns table (id integer, student_card integer, entries integer, texts integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  id := api.person_id(card, person);
  select e.entries, e.texts into erase_person.entries, erase_person.texts from rules.erase_person(id, reason, also) e;
  select u.student_card into erase_person.student_card from gym.users u where u.id = erase_person.id;
  return next;
end
$$;
comment on function api.erase_person(text, integer, integer, text[]) is
  'Erases a person by law. Names, group, card, picture, hash, line of the roster, reasons of blocks and pardons '
  'go, here and in the audit trail, which says so with the reason; enrolments, marks and all counts stay. It '
  'can''t be undone. In posts and other texts the card and the full name are blanked, '
  'and also: what else the person is called in them (api.mentions shows). Gives the card put in place, and how '
  'many rows of the trail and texts were blanked. '
  'Errors: user_not_found, erase_reason_given. Definer: writes gym.users and gym.audit_log. Example: select * from '
  'api.erase_person(card => 12069840, reason => ''заявление от 24.11.2026'');';

create view api.changes_masked as
select a.id, a.written_at, a.gym_time, a.actor, a.request_id, a.on_table, a.operation, a.erased_at,
       -- a key that is personal, as the card of a line of the roster, is not shown
       case when not exists (
         select from rules.columns c
           join pg_catalog.pg_index i on i.indrelid = ('gym.' || c.on_table)::regclass and i.indisprimary
           join pg_catalog.pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
             and k.attname = c.name
          where c.on_table = a.on_table and c.class = 'personal') then a.key end as key
  from gym.audit_log a;
comment on view api.changes_masked is
  'Who changed which row when, for those who may see no names. Without values, and without keys that are cards. '
  'Example: select on_table, operation, count(*) from api.changes_masked group by 1, 2 order by 1, 2;';
