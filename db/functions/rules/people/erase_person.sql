-- The audit trail: who changed what, written by triggers, append only.
-- Its price where it matters, measured with and without in turn (8 clients, each replacing 3 of 24 slots, 2 cores, fsync on): 9 % of the rate.

create view rules.audited (what, on_table) as
values
  ('user', 'users'), ('setting', 'settings'), ('template', 'weekly_template'), ('slot', 'slots'), ('enrolment', 'enrolments'), ('mark', 'marks'),
  ('lesson', 'cancelled_lessons'), ('closure', 'closures'), ('block', 'blocks'), ('pardon', 'pardons'), ('post', 'posts'), ('right', 'rights'), ('turn', 'manual_turns'), ('roster', 'roster');
comment on view rules.audited is 'The tables of gym whose every change is in gym.audit_log, and what a person calls a row of each.';

create function rules.application() returns text
language plpgsql stable
as $$
begin
  -- rules.admit put the request's id behind it
  return nullif(case when current_setting('gym.request_id', true) <> '' then split_part(current_setting('application_name'), '/', 1)
                     else current_setting('application_name') end, '');
end
$$;
comment on function rules.application() is 'application_name of the session without the id of the request; null: it has none.';

create function rules.remember() returns trigger
-- a plan made anew for the arrays of each call would cost more than all the rest
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_gym_time    timestamptz := case when current_setting('gym.now', true) <> '' then nullif(rules.clock(), now()) end;
  v_actor       integer     := rules.actor();
  v_request_id  text        := nullif(current_setting('gym.request_id', true), '');
  v_application text        := rules.application();
  v_old         jsonb[];
  v_new         jsonb[];
begin
  if tg_op = 'INSERT' then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
           concat_ws(' ', r.new ->> tg_argv[0], r.new ->> tg_argv[1]), 'insert', jsonb_strip_nulls(r.new - '{hid,image,taken}'::text[])
      from (select to_jsonb(n) as new from new_rows n) r;
    return null;
  end if;
  if tg_op = 'DELETE' then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
           concat_ws(' ', r.old ->> tg_argv[0], r.old ->> tg_argv[1]), 'delete', jsonb_strip_nulls(r.old - '{hid,image,taken}'::text[])
      from (select to_jsonb(o) as old from old_rows o) r;
    return null;
  end if;
  if tg_level = 'ROW' then
    v_old := array[to_jsonb(old)];
    v_new := array[to_jsonb(new)];
  else
    v_old := array(select to_jsonb(o) from old_rows o);
    v_new := array(select to_jsonb(n) from new_rows n);
  end if;
  -- old and new rows of a statement come in the same order
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values, new_values)
  select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
         concat_ws(' ', r.new ->> tg_argv[0], r.new ->> tg_argv[1]), 'update', d.old, d.new
    from unnest(v_old, v_new) r (old, new)
   cross join lateral (
     select jsonb_object_agg(k.key, case when k.key in ('hid', 'image') then '"…"' else k.value end) as old,
            jsonb_object_agg(k.key, case when k.key in ('hid', 'image') then '"…"' else r.new -> k.key end) as new
       from jsonb_each(r.old) k
      where k.value <> r.new -> k.key and k.key <> 'taken') d
   where d.old is not null;
  return null;
end
$$;
comment on function rules.remember() is
  'Trigger function: writes to gym.audit_log what a statement changed, a row a row, with who and when. Its arguments name the columns of the primary key. '
  'slots.taken is left out, being counted; of hid and image is said only that they changed. Both clocks: the gym''s, and the true time. Definer: whoever may write the table may call nothing else.';

create function rules.enrolments__remember() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_gym_time    timestamptz := case when current_setting('gym.now', true) <> '' then nullif(rules.clock(), now()) end;
  v_actor       integer     := rules.actor();
  v_request_id  text        := nullif(current_setting('gym.request_id', true), '');
  v_application text        := rules.application();
begin
  if tg_op = 'INSERT' then
    -- the row itself stays, and what changes of it later is written then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, 'enrolments', n.id, 'insert',
           case when n.beyond_limit is null then jsonb_build_object('slot_id', n.slot_id, 'user_id', n.user_id)
                else jsonb_build_object('slot_id', n.slot_id, 'user_id', n.user_id, 'beyond_limit', n.beyond_limit) end
      from new_rows n;
    return null;
  end if;
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values, new_values)
  select v_gym_time, v_actor, session_user, v_application, v_request_id, 'enrolments', n.id, 'update',
         -- a seat given up or brought back, or anything else
         case when c.only_cancelled then jsonb_build_object('cancelled_at', o.cancelled_at, 'cancelled_by', o.cancelled_by, 'cancel_reason', o.cancel_reason)
              else (select jsonb_object_agg(k.key, k.value) from jsonb_each(to_jsonb(o)) k where k.value <> to_jsonb(n) -> k.key) end,
         case when c.only_cancelled then jsonb_build_object('cancelled_at', n.cancelled_at, 'cancelled_by', n.cancelled_by, 'cancel_reason', n.cancel_reason)
              else (select jsonb_object_agg(k.key, k.value) from jsonb_each(to_jsonb(n)) k where k.value <> to_jsonb(o) -> k.key) end
    from old_rows o
    join new_rows n on n.id = o.id
   cross join lateral (
     select o.cancelled_at is distinct from n.cancelled_at
            and (o.slot_id, o.user_id, o.month, o.weekday, o.created_at) = (n.slot_id, n.user_id, n.month, n.weekday, n.created_at)
            and (o.created_by, o.beyond_limit) is not distinct from (n.created_by, n.beyond_limit) as only_cancelled) c
   where o is distinct from n;
  return null;
end
$$;
comment on function rules.enrolments__remember() is
  'Trigger function: what rules.remember does, at half its price, since the opening minute pays for each microsecond. Of an enrolment inserted it writes slot and student, and whether it is beyond the limit; of one cancelled what belongs to that; none is ever deleted. Both clocks, as the gym''s and the true time. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__remember_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__remember();
create trigger enrolments__remember_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__remember();

do $triggers$
declare
  v_table text;
  v_key   text;
begin
  for v_table, v_key in
    select a.on_table, string_agg(quote_literal(t.attname), ', ' order by k.n)
      from rules.audited a
      join pg_index i on i.indrelid = ('gym.' || a.on_table)::regclass and i.indisprimary
     cross join lateral unnest(i.indkey::smallint[]) with ordinality k (attnum, n)
      join pg_attribute t on t.attrelid = i.indrelid and t.attnum = k.attnum
     where a.on_table <> 'enrolments'
     group by a.on_table
  loop
    execute format('create trigger %I after delete on gym.%I referencing old table as old_rows for each statement execute function rules.remember(%s)',
      v_table || '__remember_delete', v_table, v_key);
    execute format('create trigger %I after insert on gym.%I referencing new table as new_rows for each statement execute function rules.remember(%s)',
      v_table || '__remember_insert', v_table, v_key);
    if v_table <> 'slots' then
      execute format('create trigger %I after update on gym.%I referencing old table as old_rows new table as new_rows for each statement execute function rules.remember(%s)',
        v_table || '__remember_update', v_table, v_key);
    end if;
  end loop;
end
$triggers$;
-- the counter is written with every seat: by the row, so that a condition can pass it over before anything is kept or called
create trigger slots__remember_update after update on gym.slots for each row
  when ((old.id, old.month, old.weekday, old.starts_at, old.capacity, old.deleted_at) is distinct from (new.id, new.month, new.weekday, new.starts_at, new.capacity, new.deleted_at))
  execute function rules.remember('id');

create function rules.keep_log() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_called_by text;
begin
  -- who is allowed is seen in the stack of calls, which no setting of a session can feign
  get diagnostics v_called_by = pg_context;
  if not (rules.was_called(v_called_by, 'rules.make_audit_month(date)') or rules.was_called(v_called_by, 'rules.erase_person(integer,text,text[])')) then
    perform rules.refuse('audit_append_only');
  end if;
  return null;
end
$$;
comment on function rules.keep_log() is
  'Trigger function: the audit trail is append only, for its owner too (audit_append_only). Only rules.make_audit_month moves rows, and rules.erase_person blanks names. Definer: whoever may write the table may call nothing else.';
do $triggers$
declare
  v_table text;
begin
  -- a statement that names a partition fires the triggers of the partition only
  for v_table in
    select 'audit_log' union all select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid where h.inhparent = 'gym.audit_log'::regclass
  loop
    execute format('create trigger %I before update or delete or truncate on gym.%I for each statement execute function rules.keep_log()', v_table || '__keep', v_table);
  end loop;
end
$triggers$;

create function rules.make_audit_month(p_month date) returns void
language plpgsql volatile
as $$
declare
  v_table text        := to_char(p_month, '"audit_log_"YYYY_MM');
  v_from  timestamptz := p_month::timestamp at time zone 'UTC';
  v_to    timestamptz := (p_month + interval '1 month') at time zone 'UTC';
begin
  -- made apart and then attached: CREATE … PARTITION OF would keep out everybody who writes
  execute format('create table gym.%I (like gym.audit_log including defaults including constraints including comments)', v_table);
  execute format('comment on table gym.%I is %L', v_table, 'Rows of gym.audit_log of one month.');
  execute format('with late as (delete from gym.audit_log_other where written_at >= $1 and written_at < $2 returning *) insert into gym.%I select * from late', v_table)
    using v_from, v_to;
  execute format('alter table gym.audit_log attach partition gym.%I for values from (%L) to (%L)', v_table, v_from, v_to);
  execute format('create trigger %I before update or delete or truncate on gym.%I for each statement execute function rules.keep_log()', v_table || '__keep', v_table);
end
$$;
comment on function rules.make_audit_month(date) is 'Gives a month (its first day) its partition of gym.audit_log, with the rows that were written while it was missing.';

create function rules.ensure_audit_months() returns integer
language plpgsql volatile set lock_timeout = '2s'
as $$
declare
  v_now    date := date_trunc('month', now() at time zone 'UTC');
  v_oldest date := v_now - make_interval(months => (select c.audit_months from gym.settings c));
  v_make   date[];
  v_drop   text[];
  v_month  date;
  v_table  text;
begin
  v_make := array(
    select m.month
      from (select (v_now + make_interval(months => n))::date as month from generate_series(0, 2) n
            union
            select distinct date_trunc('month', o.written_at at time zone 'UTC')::date from gym.audit_log_other o) m
     where to_regclass('gym.' || to_char(m.month, '"audit_log_"YYYY_MM')) is null
     order by m.month);
  v_drop := array(
    select c.relname
      from pg_inherits h join pg_class c on c.oid = h.inhrelid
     where h.inhparent = 'gym.audit_log'::regclass and c.relname ~ '^audit_log_\d{4}_\d\d$' and to_date(right(c.relname, 7), 'YYYY_MM') < v_oldest
     order by c.relname);
  if cardinality(v_make) + cardinality(v_drop) = 0 or not pg_try_advisory_xact_lock(1161707354) then
    return 0;
  end if;
  foreach v_month in array v_make loop
    perform rules.make_audit_month(v_month);
  end loop;
  foreach v_table in array v_drop loop
    execute format('drop table gym.%I', v_table);
    insert into gym.audit_log (gym_time, actor, login, application, on_table, key, operation)
    values (nullif(rules.clock(), now()), rules.actor(), session_user, current_setting('application_name'), 'audit_log', v_table, 'delete');
  end loop;
  return cardinality(v_make) + cardinality(v_drop);
exception
  -- a long report reads it: another hour will do, and nobody waits behind us
  when lock_not_available then
    return 0;
end
$$;
comment on function rules.ensure_audit_months() is
  'Makes sure, by the true time, that this month and two more have their partitions of gym.audit_log, and that those older than the setting audit_months are dropped, which the trail notes. Harmless to repeat. Gives the number of partitions made and dropped.';
select rules.ensure_audit_months();

create function rules.blanked(p_values jsonb, p_keys text[]) returns jsonb
language sql immutable
as $$
  select jsonb_object_agg(v.key, case when v.key = any (p_keys) and v.value <> 'null' then '"erased"' else v.value end)
    from jsonb_each(p_values) v
$$;
comment on function rules.blanked(jsonb, text[]) is 'Values of a row of the audit trail, those of p_keys blanked.';

create function rules.unnamed(p_text text, p_named text) returns text
language sql immutable
as $$ select regexp_replace(p_text, p_named, 'стёрто', 'gi') $$;
comment on function rules.unnamed(text, text) is 'A text without those whom the regular expression p_named (rules.named) finds in it.';

create function rules.unnamed(p_values jsonb, p_named text) returns jsonb
language sql immutable
as $$
  select jsonb_object_agg(v.key, case when jsonb_typeof(v.value) = 'string' then to_jsonb(rules.unnamed(v.value #>> '{}', p_named)) else v.value end)
    from jsonb_each(p_values) v
$$;
comment on function rules.unnamed(jsonb, text) is 'Values of a row of the audit trail, each text as rules.unnamed has it.';

create function rules.spelt(p_name text) returns text
language sql immutable
as $$
  select regexp_replace(regexp_replace(regexp_replace(btrim(p_name), '([\[\]\\.*+?^${}()|])', '\\\1', 'g'), '[её]', '[её]', 'gi'), '\s+', '\\s+', 'g')
$$;
comment on function rules.spelt(text) is 'A name as a regular expression that finds it in a text, with е or ё, over line breaks.';

create function rules.cards_of(p_user_id integer) returns integer[]
language sql stable
as $$
  select array(
    select u.student_card from gym.users u where u.id = p_user_id
    union
    select c.card::integer
      from gym.audit_log a cross join lateral (values (a.old_values ->> 'student_card'), (a.new_values ->> 'student_card')) c (card)
     where a.on_table = 'users' and a.key = p_user_id::text and c.card ~ '^\d+$')
$$;
comment on function rules.cards_of(integer) is 'The cards that a person has, and had as far as the audit trail goes back.';

create function rules.is_name_swap(p_old jsonb, p_new jsonb) returns boolean
language sql immutable
as $$
  select coalesce(p_old ->> 'secondname' = p_new ->> 'surname' and p_old ->> 'surname' = p_new ->> 'secondname', false)
$$;
comment on function rules.is_name_swap(jsonb, jsonb) is
  'Reports whether an entry of the audit trail exchanged family name and patronymic: what stood before was the wrong '
  'way round.';

create function rules.names_ever(p_user_id integer) returns table (part text, name text)
language sql stable
as $$
  with known as (
    select r.row, r.is_swapped
      from (select a.old_values, a.new_values, rules.is_name_swap(a.old_values, a.new_values) as is_swap,
                   count(*) filter (where rules.is_name_swap(a.old_values, a.new_values))
                     over (order by a.id rows between 1 following and unbounded following) as swaps_to_come
              from gym.audit_log a
             where a.on_table = 'users' and a.key = p_user_id::text) e
     cross join lateral (values (e.old_values, (e.swaps_to_come + e.is_swap::integer) % 2 = 1),
                                (e.new_values, e.swaps_to_come % 2 = 1)) r (row, is_swapped)
    union all
    select to_jsonb(u), false from gym.users u where u.id = p_user_id)
  select distinct v.part, btrim(v.name)
    from known k
   cross join lateral (values ('family', k.row ->> case when k.is_swapped then 'surname' else 'secondname' end),
                              ('given', k.row ->> 'firstname'),
                              ('patronymic', k.row ->> case when k.is_swapped then 'secondname' else 'surname' end)
                   ) v (part, name)
   -- what was erased before
   where btrim(v.name) <> '' and v.name <> 'erased'
$$;
comment on function rules.names_ever(integer) is
  'The names that a person has, and had as far as the audit trail goes back. part: family, given, patronymic. What '
  'stood the wrong way round until the names were swapped (rules.swap_names) is read as what it is.';

create function rules.named(p_user_id integer, p_also text[]) returns text
language plpgsql stable
as $$
declare
  v_family     text;
  v_given      text;
  v_patronymic text;
  v_initial    text;
  v_ways       text[] := array(select c::text from unnest(rules.cards_of(p_user_id)) c)
                         || array(select rules.spelt(a) from unnest(p_also) a where btrim(a) <> '');
begin
  select string_agg(rules.spelt(n.name), '|') filter (where n.part = 'family'),
         string_agg(rules.spelt(n.name), '|') filter (where n.part = 'given'),
         string_agg(rules.spelt(n.name), '|') filter (where n.part = 'patronymic'),
         string_agg(rules.spelt(left(n.name, 1)), '|') filter (where n.part = 'given')
    into v_family, v_given, v_patronymic, v_initial
    from rules.names_ever(p_user_id) n;
  -- never the family name alone: it may be a word, or another person's
  if v_family is not null and v_given is not null then
    v_patronymic := coalesce('(?:\s+(?:' || v_patronymic || '))?', '');
    v_ways := v_ways || array[
      format('(?:%s)\s+(?:%s)%s', v_family, v_given, v_patronymic),
      format('(?:%s)%s\s+(?:%s)', v_given, v_patronymic, v_family),
      format('(?:%s)\s+(?:%s)\.(?:\s*[A-ZА-ЯЁ]\.)?', v_family, v_initial),
      format('(?:%s)\.\s*(?:[A-ZА-ЯЁ]\.\s*)?(?:%s)', v_initial, v_family)];
  end if;
  -- whole words; \m knows Cyrillic in some locales only. What follows initials is none of theirs
  return format('(?<![0-9A-Za-zА-Яа-яЁё])(?:%s)(?:(?<=\.)|(?![0-9A-Za-zА-Яа-яЁё]))', array_to_string(v_ways, '|'));
end
$$;
comment on function rules.named(integer, text[]) is
  'A regular expression that finds a person in texts: by a card; by family name and given name in either order, with '
  'the patronymic or without; by family name and initials; and by p_also, what else the person is called in them '
  '(another case, a nickname).';

create function rules.erase_person(p_user_id integer, p_reason text, p_also text[] default '{}') returns table (entries integer, texts integer)
language plpgsql volatile
as $$
declare
  v_cards integer[];
  v_card  integer;  -- put in place of them
  v_named text;
  v_more  integer;
  -- columns of the roster, also as they were called before
  v_roster constant text[] := array['card', 'family', 'given', 'patronymic', 'group', 'firstname', 'secondname',
                                    'surname'];
begin
  if coalesce(btrim(p_reason), '') = '' then
    perform rules.refuse('erase_reason_given');
  end if;
  if not exists (select from gym.users u where u.id = p_user_id) then
    perform rules.refuse('user_not_found');
  end if;
  v_cards := rules.cards_of(p_user_id);
  -- a card of nobody: cards are told apart and stay taken. Counted from the far end, where no card of the university is
  v_card  := 2147483647 - p_user_id;
  v_named := rules.named(p_user_id, p_also);

  -- what somebody typed: of the person's own blocks and pardons all of it, elsewhere who is named. Pardons before the person, as in rules.unblock
  update gym.pardons p set reason = case when p.user_id = p_user_id then 'стёрто' else rules.unnamed(p.reason, v_named) end
   where p.user_id = p_user_id or p.reason ~* v_named;
  get diagnostics texts = row_count;
  update gym.closures c set reason = rules.unnamed(c.reason, v_named) where c.reason ~* v_named;
  get diagnostics v_more = row_count;
  texts := texts + v_more;
  update gym.cancelled_lessons l set reason = rules.unnamed(l.reason, v_named) where l.reason ~* v_named;
  get diagnostics v_more = row_count;
  texts := texts + v_more;
  perform from gym.users u where u.id = p_user_id for no key update;
  update gym.blocks b
     set reason      = case when b.user_id = p_user_id then 'стёрто' else rules.unnamed(b.reason, v_named) end,
         lift_reason = case when b.user_id = p_user_id and b.lift_reason is not null then 'стёрто' else rules.unnamed(b.lift_reason, v_named) end
   where b.user_id = p_user_id or concat_ws(' ', b.reason, b.lift_reason) ~* v_named;
  get diagnostics v_more = row_count;
  texts := texts + v_more;
  update gym.ledger l set reason = case when l.user_id = p_user_id then 'стёрто' else rules.unnamed(l.reason, v_named) end
   where l.user_id = p_user_id and l.event in ('blocked', 'unblocked', 'forgiven', 'pardoned', 'seat freed') or l.reason ~* v_named;
  get diagnostics v_more = row_count;
  texts := texts + v_more;
  update gym.posts p set body = rules.unnamed(p.body, v_named) where p.body ~* v_named;
  get diagnostics v_more = row_count;
  texts := texts + v_more;

  delete from gym.roster r where r.card = any (v_cards);
  perform rules.erase_log_ins(p_user_id, v_cards);
  update gym.users u
     set firstname = '', secondname = '', surname = '', "group" = '', image = null, hid = 'erased', student_card = v_card, deleted = true,
         unconfirmed_since = null
   where u.id = p_user_id;

  -- the trail, with what was just written to it
  update gym.audit_log a
     set old_values = rules.blanked(a.old_values, '{student_card,firstname,secondname,surname,group}'),
         new_values = rules.blanked(a.new_values, '{student_card,firstname,secondname,surname,group}'), erased_at = now()
   where a.on_table = 'users' and a.key = p_user_id::text and a.operation <> 'erase';
  get diagnostics entries = row_count;
  update gym.audit_log a
     set key = v_card, old_values = rules.blanked(a.old_values, v_roster),
         new_values = rules.blanked(a.new_values, v_roster), erased_at = now()
   where a.on_table = 'roster' and a.key = any (v_cards::text[]);
  get diagnostics v_more = row_count;
  entries := entries + v_more;
  update gym.audit_log a
     set old_values = rules.blanked(a.old_values, '{reason,lift_reason}'), new_values = rules.blanked(a.new_values, '{reason,lift_reason}'), erased_at = now()
   where a.on_table = 'blocks' and a.key in (select b.id::text from gym.blocks b where b.user_id = p_user_id)
      or a.on_table = 'pardons' and a.key in (select p.id::text from gym.pardons p where p.user_id = p_user_id);
  get diagnostics v_more = row_count;
  entries := entries + v_more;
  update gym.audit_log a
     set old_values = rules.unnamed(a.old_values, v_named), new_values = rules.unnamed(a.new_values, v_named), erased_at = now()
   where a.on_table in ('blocks', 'pardons', 'closures', 'cancelled_lessons', 'posts')
     and concat_ws(' ', a.old_values ->> 'reason', a.new_values ->> 'reason', a.old_values ->> 'lift_reason', a.new_values ->> 'lift_reason',
                   a.old_values ->> 'body', a.new_values ->> 'body') ~* v_named;
  get diagnostics v_more = row_count;
  entries := entries + v_more;
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
  values (nullif(rules.clock(), now()), rules.actor(), session_user, current_setting('application_name'), nullif(current_setting('gym.request_id', true), ''),
          'users', p_user_id, 'erase', jsonb_build_object('reason', p_reason, 'entries', entries, 'texts', texts));
  return next;
end
$$;
comment on function rules.erase_person(integer, text, text[]) is
  'Erases a person by law: names, group, card, picture and hash go from gym.users and from the audit trail, which says so by the true time; so do the reasons of the person''s blocks and pardons, and the line of the roster, until the university names the card again. '
  'In other texts (posts, closures, lessons called off, reasons of others) whom rules.named finds is blanked. The row, enrolments, marks and so every count stay. The person is deleted and can''t be told or log in again. p_also: what else the person is called in texts. '
  'Gives the number of rows of the trail and of texts that were blanked. Errors: user_not_found, erase_reason_given.';

create function rules.mentions(p_user_id integer) returns table (what text, key text, body text)
language plpgsql stable
as $$
declare
  -- a family name in any case: all but its last two letters, which are of the case
  v_stem  text := (select rules.spelt(left(r.family, greatest(length(r.family) - 2, 3)))
                     from rules.roll r where r.user_id = p_user_id);
  v_found text := rules.named(p_user_id, '{}');
  v_cards integer[] := rules.cards_of(p_user_id);
begin
  return query
  select t.what, t.key, t.body
    from (select 'post' as what, p.id::text as key, p.body from gym.posts p
          union all
          select 'closure', c.id::text, c.reason from gym.closures c
          union all
          select 'lesson', l.date || ' ' || l.starts_at, l.reason from gym.cancelled_lessons l
          union all
          select 'block', b.id::text, concat_ws(' / ', b.reason, b.lift_reason) from gym.blocks b where b.user_id <> p_user_id
          union all
          select 'pardon', p.id::text, p.reason from gym.pardons p where p.user_id <> p_user_id) t
   where t.body ~* v_found or v_stem <> '' and t.body ~* ('(?<![0-9A-Za-zА-Яа-яЁё])(?:' || v_stem || ')')
  union all
  -- a second account, as rules.merge_users leaves one, is erased by itself
  select o.what, o.key, format('%s, %s', o.card, concat_ws(' ', o.name, nullif(o."group", '')))
    from rules.roll r
    join (select 'account' as what, a.user_id::text as key, a.student_card as card, a.family, a.given, a.name, a."group"
            from rules.roll a where a.user_id <> p_user_id
          union all
          select 'roster', l.card::text, l.card, l.family, l.given, l.name, l."group"
            from rules.roster_roll l where not l.card = any (v_cards)) o
      on lower(o.family) = lower(r.family) and lower(o.given) = lower(r.given)
   where r.user_id = p_user_id and r.family <> '';
end
$$;
comment on function rules.mentions(integer) is
  'Texts, beside the reasons of the person''s own blocks and pardons, in which somebody may be named: what rules.named '
  'finds, and the beginning of the family name; and other accounts and lines of the roster of the same names. To be '
  'looked at before rules.erase_person.';

create view rules.trail as
select a.id, a.written_at, a.on_table, a.key, a.actor, a.login, a.operation, a.old_values, a.new_values,
       rules.local_time(a.written_at)::timestamp(0) as at,
       left(coalesce('user ' || a.actor, a.login || coalesce(' (' || a.application || ')', '')), 20) as who,
       -- a line a column, cut so that a table of them fits 100 columns
       concat_ws(E'\n', '(by gym.now ' || rules.local_time(a.gym_time)::timestamp(0) || ')', c.lines) as changes
  from gym.audit_log a
  left join lateral (
    select string_agg(left(k.key || ': ' || case when a.operation = 'update' then v.old || ' → ' || v.new else coalesce(v.new, v.old) end, 38), E'\n' order by k.key) as lines
      from jsonb_object_keys(coalesce(a.new_values, a.old_values)) k (key)
     cross join lateral (
       -- moments to the second; a line break of a text is a space
       select regexp_replace(regexp_replace(coalesce(a.old_values ->> k.key, '-'), '^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[.\d]*', '\1 \2'), '\s', ' ', 'g') as old,
              regexp_replace(regexp_replace(coalesce(a.new_values ->> k.key, case a.operation when 'update' then '-' end), '^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[.\d]*', '\1 \2'), '\s', ' ', 'g') as new) v) c on true;
comment on view rules.trail is 'gym.audit_log as people read it, in the gym''s time. Looked at in api.history and api.who_did.';
