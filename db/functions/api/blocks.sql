create function api.absences() returns table (card integer, person text, "group" text, absences text, dates text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select r.student_card, r.name, r."group", a.counted || ' of ' || c.absences_to_block, a.dates
    from (select n.user_id, count(*) as counted, string_agg(to_char(n.date, 'DD.MM'), ', ' order by n.date) as dates
            from rules.counted_absences(rules.this_month()) n
           group by n.user_id) a
    join rules.roll r on r.user_id = a.user_id
   cross join gym.settings c
   order by a.counted desc, r.place, r.user_id
$$;
comment on function api.absences() is
  'What the view api.absences shows. Definer: reads gym.marks. Example: select * from api.absences();';

create view api.absences as
select a.* from api.absences() a;
comment on view api.absences is
  'Absences of this month that count, a row a student. Example: select * from api.absences;';

create view api.blocked as
select b.id as block, r.student_card as card, r.name as person, to_char(b.month, 'MM-YYYY') as for_month,
       case when b.month is null then b.ends_on else (b.month + interval '1 month -1 day')::date end as until, b.reason
  from gym.blocks b join rules.roll r on r.user_id = b.user_id
  cross join api.clock() c
 where b.lifted_at is null
   and (b.month = c.this_month or b.month is null and (b.ends_on is null or b.ends_on >= c.today))
 order by r.place, b.id;
comment on view api.blocked is
  'Who is blocked today, why and until when (null: until an administrator lifts it). for_month: month of the '
  'absences; null: by hand. Example: select * from api.blocked;';

create view api.ledger as
select l.at, l.card, l.event, l.reason, l.seat, l.by from rules.ledger_lines l order by l.id;
comment on view api.ledger is
  'Every block and pardon and what followed, and every rule overridden by force, oldest first. seat: id of the '
  'enrolment, by: id of who did it (null: the rules, or from psql). Example: select * from api.ledger where card = '
  '12069840;';

create function api.forgive(date date, reason text, card integer default null, person integer default null)
  returns table (mark integer, at time, is_marked gym.mark)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id integer := api.person_id(card, person);
begin
  perform rules.forgive(v_id, forgive.date, reason, rules.actor());
  return query
  select m.id, s.starts_at, m.mark from gym.marks m join gym.slots s on s.id = m.slot_id
   where m.user_id = v_id and m.date = forgive.date and m.withdrawn_at is null;
end
$$;
comment on function api.forgive(date, text, integer, integer) is
  'Excuses a person''s absences of a date, ahead of time too, and shows the marks. card, or person: id. Errors: '
  'user_not_found. Definer: writes gym.pardons. Example: select * from api.forgive(card => 12069840, date => '
  '''2026-12-07'', reason => ''справка'');';

create function api.block(reason text, card integer default null, person integer default null, until date default null)
  returns table (block integer, ends_on date)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select b.id, b.ends_on from rules.block(api.person_id(card, person), reason, until, rules.actor()) b $$;
comment on function api.block(text, integer, integer, date) is
  'Blocks a student by hand. until null: until unblocked. Bars while it stands, frees next month''s seats. card, '
  'or person: id. Errors: user_not_found, block_students_only, block_ends_past, blocks_one_by_hand. Definer: '
  'writes gym.blocks. '
  'Example: select * from api.block(''порча инвентаря'', card => 12069840, until => ''2026-12-31'');';

create function api.unblock(reason text, card integer default null, person integer default null)
  returns setof api.ledger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id   integer := api.person_id(card, person);
  v_last integer := coalesce((select max(l.id) from gym.ledger l), 0);
begin
  perform rules.unblock(v_id, reason, rules.actor());
  return query
  select l.at, l.card, l.event, l.reason, l.seat, l.by from rules.ledger_lines l
    where l.user_id = v_id and l.id > v_last order by l.id;
end
$$;
comment on function api.unblock(text, integer, integer) is
  'Lifts a person''s blocks and pardons the month. Shows what the ledger says of it: seats given back, or why not. '
  'card, or person: id. Errors: user_not_found, not_blocked. Definer: writes gym.blocks. Example: select * from '
  'api.unblock(card => 12069841, reason => ''справка'');';
