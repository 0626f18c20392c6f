begin;
\ir ../helpers/start.psql
select plan(40);

select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED'), a_week(2) \g /dev/null

-- what the window says of the times: 'open 2026-11-25T12:00:00.000+07:00 … 2026-11-30T00:00:00.000+07:00 for 12-2026'
create function help.told(p_now text) returns text
language plpgsql as $$
declare
  v_window jsonb;
begin
  perform set_config('gym.now', p_now, true);
  v_window := ask('entry/window', who('ann'));
  return format('%s%s %s … %s for %s', case when (v_window ->> 'open')::boolean then 'open' else 'closed' end,
    case when (v_window ->> 'byHand')::boolean then ' by hand' else '' end,
    substr(v_window ->> 'opensAt', 1, 16), substr(v_window ->> 'closesAt', 1, 16), v_window ->> 'opensFor');
end
$$;
create function help.bar(p_actor integer) returns text
language sql as $$ select concat_ws(' ', ask('entry/window', p_actor) ->> 'mayEnrol',
  ask('entry/window', p_actor) ->> 'rule') $$;

-- ---- wire.moment ----

select is(wire.moment('2026-11-25 05:00:00.1239+00'), '2026-11-25T12:00:00.123+07:00',
  'moment: the gym''s time with milliseconds and offset');
update gym.settings set time_zone = 'America/St_Johns';
select is(wire.moment('2026-11-25 05:00+00'), '2026-11-25T01:30:00.000-03:30',
  'moment: an offset of half hours, west');
update gym.settings set time_zone = 'UTC';
select is(wire.moment('2026-11-25 05:00+00'), '2026-11-25T05:00:00.000+00:00', 'moment: in UTC');
update gym.settings set time_zone = 'Asia/Novosibirsk';
select is(wire.moment(null), null, 'moment: null for null');

-- ---- entry/window: the moments ----

set local gym.now = '2026-11-24 10:00:00.5';
select is(ask('entry/window', who('ann')), jsonb_build_object(
    'serverTime', '2026-11-24T10:00:00.500+07:00', 'timeZone', 'Asia/Novosibirsk', 'today', '2026-11-24', 'month',
    '12-2026',
    'open', false, 'byHand', false, 'opensAt', '2026-11-25T12:00:00.000+07:00', 'closesAt',
    '2026-11-30T00:00:00.000+07:00',
    'opensFor', '12-2026', 'nextTurn', '2026-11-25T12:00:00.000+07:00', 'slotsPerStudent', 3, 'absencesToBlock', 3,
    'mayEnrol', false, 'rule', 'enrolment_closed',
    'message', 'Запись на следующий месяц сейчас закрыта. Она откроется 25 числа в 12:00.'),
    'entry/window: before the opening');
select is(told(now), said, 'entry/window: ' || now)
  from (values ('2026-11-25 11:59:59', 'closed 2026-11-25T12:00 … 2026-11-30T00:00 for 12-2026'),
               ('2026-11-25 12:00', 'open 2026-11-25T12:00 … 2026-11-30T00:00 for 12-2026'),
               ('2026-11-29 23:59:59', 'open 2026-11-25T12:00 … 2026-11-30T00:00 for 12-2026'),
               ('2026-11-30 00:00', 'closed 2026-12-25T12:00 … 2026-12-31T00:00 for 01-2027'),
               ('2026-12-31 23:59:59', 'closed 2027-01-25T12:00 … 2027-01-31T00:00 for 02-2027'),
               ('2028-01-31 10:00', 'closed 2028-02-25T12:00 … 2028-02-29T00:00 for 03-2028')) v (now, said);
select is(ask('entry/window', who('ann')) ->> 'month', '02-2028',
  'entry/window: the month that a choice made now would be for');

-- by hand: opened early, it stays open over the scheduled opening; opened late, until the month turns
set local gym.now = '2027-03-10 09:30';
select ask('entry/change-open', who('boss'), '{"status": true}') \g /dev/null
select is(told(now), said, 'entry/window: opened by hand, ' || now)
  from (values ('2027-03-10 10:00', 'open by hand 2027-03-10T09:30 … 2027-03-31T00:00 for 04-2027'),
               ('2027-03-26 10:00', 'open 2027-03-25T12:00 … 2027-03-31T00:00 for 04-2027')) v (now, said);
set local gym.now = '2027-03-31 09:30';
select ask('entry/change-open', who('boss'), '{"status": true}') \g /dev/null
select is(told('2027-03-31 10:00'), 'open by hand 2027-03-31T09:30 … 2027-04-01T00:00 for 04-2027',
  'entry/window: opened by hand on the last day');
set local gym.now = '2027-04-26 09:30';
select ask('entry/change-open', who('boss'), '{"status": false}') \g /dev/null
select is(told('2027-04-26 10:00'), 'closed by hand 2027-05-25T12:00 … 2027-05-31T00:00 for 06-2027',
  'entry/window: closed by hand while it was open');
set local gym.now = '2027-06-10 09:30';
select ask('entry/change-open', who('boss'), '{"status": false}') \g /dev/null
select is(told('2027-06-10 10:00'), 'closed by hand 2027-06-25T12:00 … 2027-06-30T00:00 for 07-2027',
  'entry/window: closed by hand before the opening');

-- ---- entry/window: may the actor enrol ----

set local gym.now = '2026-11-26 10:00';
select is(bar(who('ann')), 'true', 'entry/window: a student, while it is open');
select is(ask('entry/window', who('ann')) -> 'message', 'null', 'entry/window: no message for who may');
select is(bar(who('boss')), 'true', 'entry/window: an administrator');
select is(bar(who('coach')), 'false role_may_not', 'entry/window: a coach');
select is(bar(null), 'false actor_missing', 'entry/window: nobody is logged in');
select is(bar(2000000000), 'false actor_unknown', 'entry/window: nobody has that id');
select is(bar(who('bad')), 'false student_blocked', 'entry/window: a blocked student');
select is(asked('entry/create', who('bad'), '{"selectedTimes": []}'), 'ENRUL student_blocked',
  'entry/create: refuses by the rule that entry/window named');
set local gym.now = '2026-11-24 10:00';
select is(bar(who('bad')), 'false student_blocked', 'entry/window: who is blocked is told so before the opening');
select is(bar(who('ann')), 'false enrolment_closed', 'entry/window: a student, while it is closed');
select is(asked('entry/create', who('ann'), '{"selectedTimes": []}'), 'ENRUL enrolment_closed',
  'entry/create: refuses by the rule that entry/window named');

-- ---- avtime/seats ----

create function help.seats_of(p_slot text) returns jsonb
language sql as $$
  select s from jsonb_array_elements(ask('avtime/seats',
    null) #> '{seats,slots}') s where (s ->> 'id')::integer = slot(p_slot)
$$;
set local gym.now = '2026-11-26 10:00';
select is(ask('avtime/seats', null) ->> 'serverTime', '2026-11-26T10:00:00.000+07:00',
  'avtime/seats: the server''s time, apart from the document');
select is(ask('avtime/seats', null) -> 'seats', ask('avtime/seats', who('ann')) -> 'seats',
  'avtime/seats: the same for everybody');
select is(ask('avtime/seats', null) #>> '{seats,month}', '12-2026', 'avtime/seats: next month');
select is((ask('avtime/seats', null) -> 'seats') - '{slots,month}'::text[],
  jsonb_build_object('open', true, 'byHand', false, 'slotsPerStudent', 3, 'askAgain', 500,
    'opensAt', '2026-11-25T12:00:00.000+07:00', 'closesAt', '2026-11-30T00:00:00.000+07:00', 'opensFor', '12-2026'),
    'avtime/seats: the window');
select make_slot('dec', 3, '18:15', 3, '2026-12-01'), make_slot('early', 3, '07:05', 1, '2026-12-01') \g /dev/null
select is(seats_of('dec'),
  jsonb_build_object('id', slot('dec'), 'weekday', 3, 'time', '18:15', 'numberOfPersons', 3, 'freeSeats', 3,
  'waiting', 0), 'avtime/seats: a slot');
select book('ann', 'dec'), book('bob', 'dec') \g /dev/null
select is(seats_of('dec') ->> 'freeSeats', '1', 'avtime/seats: a seat is free');
select is((select string_agg(s ->> 'time',
  ' ' order by n) from jsonb_array_elements(ask('avtime/seats', null) #> '{seats,slots}') with ordinality e (s,
  n) where s ->> 'weekday' = '3' and s ->> 'time' in ('07:05', '18:15')),
  '07:05 18:15', 'avtime/seats: in the order of the week');
update gym.slots set deleted_at = rules.clock() where id = slot('early');
select is(seats_of('early'), null, 'avtime/seats: no deleted slot');
select is(rules.seats_ask_again(is_open, opens_at::timestamptz), again, 'seats_ask_again: ' || note)
  from (values (true, '2026-11-25 12:00+07', 500, 'open'), (false, '2026-11-26 10:01+07', 500, 'a minute before'),
               (false, '2026-11-26 10:10+07', 5000, 'ten minutes before'),
               (false, '2026-12-25 12:00+07', 30000, 'long before')) v (is_open, opens_at, again, note);

select * from finish();
rollback;
