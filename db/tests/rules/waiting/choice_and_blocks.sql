-- Waiting lists in a student's choice, and seats that a block freed.
begin;
\ir ../../helpers/start.psql
\ir ../../helpers/month.psql
\ir ../../helpers/waiting.psql
select plan(20);

-- ---- 1: entry/create with wait ----

select a_month('2027-01-01', '', 2) \g /dev/null
select crowd('tue', 2), crowd('wed', 2), crowd('thu', 2) \g /dev/null
set local gym.now = '2026-12-25 13:00';
-- the answer, in short: slot, error, place, rule
create function help.chose(p_person text, p_slots text[], p_wait jsonb default null) returns text
language sql as $$
  select coalesce(string_agg(concat_ws(' ', s.name, a ->> 'error', a ->> 'place', a ->> 'rule'), ', ' order by n),
    'nothing')
    from jsonb_array_elements(ask('entry/create', who(p_person), jsonb_strip_nulls(jsonb_build_object(
           'selectedTimes', to_jsonb(array(select slot(n) from unnest(p_slots) n)), 'wait',
             p_wait)))) with ordinality e (a, n)
    join help.slots s on s.id = (a ->> 'selectedTime')::integer
$$;
select is(chose('ann', '{mon,tue}', jsonb_build_array(slot('tue'))), 'mon false, tue true 1',
  'wait: the same press joins the list');
select is(chose('bob', '{mon}', jsonb_build_array(slot('tue'), slot('wed'))), 'mon false, tue true 2, wed true 1',
  'wait: lists beside the slots chosen');
select is(chose('ann', '{mon}'), 'mon false', 'wait: left out');
select is(list('tue'), 'ann bob', 'wait: left out, the lists stay');
select is(chose('ann', '{mon}', jsonb_build_array(slot('wed'), slot('tue'))), 'mon false, wed true 2, tue true 1',
  'wait: sent again it keeps the rank');
select is(chose('ann', '{mon}', '[]'), 'mon false', 'wait: empty');
select is(list('tue') || ', ' || list('wed'), 'bob, bob', 'wait: empty, all lists are left');
select is(asked('entry/create', who('ann'),
  jsonb_build_object('selectedTimes', '[]'::jsonb, 'wait', array[slot('tue'), slot('tue')])),
  'ENRUL waiting_one_a_slot', 'waiting_one_a_slot: wait');
select is(asked('entry/create', who('ann'), '{"selectedTimes": [], "wait": 5}'), 'ENREQ field_unreadable',
  'field_unreadable: wait');
select is(chose('cid', '{mon2,fri,sat}', jsonb_build_array(slot('wed'))),
  'mon2 false, fri false, sat false, wed true slots_per_student',
  'wait: a list that can''t be joined undoes no choice');
select is(chose('cid', '{mon2,fri,sat}',
  jsonb_build_array(jsonb_build_object('id', slot('wed'), 'insteadOf', seat_of('cid', 'fri')))),
  'mon2 false, fri false, sat false, wed true 2', 'wait: insteadOf');

-- ---- 6: every way to free a seat wants a job ----

select wanted() \g /dev/null
update gym.enrolments set cancelled_at = rules.clock() where id = seat_of('tue stranger 1', 'tue');
select is(wanted(), 'tue', 'jobs: a raw UPDATE');
select rules.delete_user(who('wed stranger 1')) \g /dev/null
select is(wanted(), 'wed', 'jobs: a deletion');
select is(promoted() || ': ' || held('bob'), '2: mon tue wed', 'promote: both');
select is(audit(), 'clean', 'audit: clean');

-- ---- 8: seats freed by a block by absences wait for a day ----

select a_month('2026-12-01', 'dec '), make_slot('x', 6, '08:00', 1, '2027-01-01') \g /dev/null
select book('dan', 'x'), joins('eve', 'x'), wanted() \g /dev/null
insert into gym.blocks (user_id, month, absences, reason, created_at) values (who('dan'), '2026-12-01', '{2026-12-01,2026-12-02,2026-12-03}', 'Пропуски', rules.clock()) returning id as block \gset
select rules.settle_blocks(array[:block], '{}') \g /dev/null
select is(wanted() || ', ' || promoted() || ', ' || list('x'), 'x x later, 0, eve',
  'blocked_seat_wait: the seat waits, and a job is wanted for later');
select is(refusal($$ select book('new', 'x') $$), 'ENRUL waiting_list_first',
  'blocked_seat_wait: nor has a newcomer the seat');
savepoint lifted;
update gym.blocks set lifted_at = rules.clock(), lift_reason = 'ошибка' where id = :block;
select rules.settle_blocks('{}', array[:block]) \g /dev/null
select is(held('dan') || ', ' || (select past_list from gym.enrolments where id = seat_of('dan', 'x')) || ', '
  || list('x'), 'x, given back, eve', 'exemption given back: a mark corrected in time');
rollback to lifted;
set local gym.now = '2026-12-26 13:00';
select is(promoted() || ': ' || held('eve'), '1: x', 'blocked_seat_wait: after a day it is the list''s');
select is(why('eve', 'x'), 'promoted', 'blocked_seat_wait: promoted');

select * from finish();
rollback;
