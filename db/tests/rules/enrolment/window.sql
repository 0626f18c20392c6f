begin;
\ir ../../helpers/start.psql
select plan(196);

-- open_at('2026-12-25 12:00'): 'open' or 'closed' by schedule, '… by hand', as the gym's wall clock shows that time
create function help.open_at(p_local timestamp) returns text
language sql as $$
  select case when w.is_open then 'open' else 'closed' end || case when w.by_hand then ' by hand' else '' end
    from gym.settings s cross join rules.enrolment_window(p_local at time zone s.time_zone) w
$$;
-- hand(true, '2026-12-10 09:00'): an administrator opens it then
create function help.hand(p_open boolean, p_local timestamp) returns void
language sql as $$
  insert into gym.manual_turns (is_open, made_at) select p_open, p_local at time zone s.time_zone from gym.settings s
$$;
create function help.forget() returns void language sql as $$ delete from gym.manual_turns $$;

-- ---- by schedule ----

select results_eq(
  $$ select rules.local_time(opens_at), rules.local_time(closes_at), rules.local_time(last_turn),
    rules.local_time(next_turn), is_open, by_hand, for_month
       from rules.enrolment_window('2026-12-10 09:00+07') $$,
  $$ values (timestamp '2026-12-25 12:00', timestamp '2026-12-31 00:00', timestamp '2026-12-01 00:00', timestamp '2026-12-25 12:00', false, false, date '2027-01-01') $$,
  'enrolment_window: before the opening');
select is_empty($$
  select t from generate_series(timestamptz '2024-01-01 00:00+07', '2029-01-01 00:00+07', '1 day') d (t)
   cross join lateral (values (t), (t - interval '1 second')) m (at)
   where (select w.for_month from rules.enrolment_window(m.at) w) <> rules.next_month(m.at) $$,
  'enrolment_window: the month that is chosen for is rules.next_month, on each day''s first and last second');
select results_eq(
  $$ select rules.local_time(last_turn), rules.local_time(next_turn), is_open from rules.enrolment_window('2026-12-25 12:00+07') $$,
  $$ values (timestamp '2026-12-25 12:00', timestamp '2026-12-31 00:00', true) $$,
  'enrolment_window: at the opening');
select results_eq(
  $$ select rules.local_time(last_turn), rules.local_time(next_turn), is_open from rules.enrolment_window('2026-12-31 00:00+07') $$,
  $$ values (timestamp '2026-12-31 00:00', timestamp '2027-01-01 00:00', false) $$,
  'enrolment_window: at the closing');

-- every month of a common and a leap year: the second before, of and after each turn
select is(open_at(m + interval '24 days 11:59:59'), 'closed',
  'enrolment_window: the second before the opening, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;
select is(open_at(m + interval '24 days 12:00:00'), 'open',
  'enrolment_window: the second of the opening, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;
select is(open_at(m + interval '1 month -1 day -1 second'), 'open',
  'enrolment_window: the second before the closing, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;
select is(open_at(m + interval '1 month -1 day'), 'closed',
  'enrolment_window: the second of the closing, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;
select is(open_at(m + interval '1 month -1 second'), 'closed',
  'enrolment_window: the month''s last second, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;
select is(open_at(m), 'closed', 'enrolment_window: the month''s first second, ' || to_char(m, 'MM-YYYY'))
  from generate_series(timestamp '2027-01-01', '2028-12-01', '1 month') m;

-- the same once more, written out for the days on which the old system failed
select results_eq(
  $$ select t, open_at(t::timestamp) from unnest(array[
       '2027-01-30 23:59:59', '2027-01-31 00:00:00', '2027-01-31 00:00:01', '2027-01-31 23:59:59',
         '2027-02-01 00:00:00',
       '2027-02-25 11:59:59', '2027-02-25 12:00:00', '2027-02-25 12:00:01', '2027-02-27 23:59:59',
         '2027-02-28 00:00:00', '2027-03-01 00:00:00',
       '2028-02-27 23:59:59', '2028-02-28 00:00:00', '2028-02-28 23:59:59', '2028-02-29 00:00:00',
         '2028-02-29 23:59:59', '2028-03-01 00:00:00',
       '2026-12-30 23:59:59', '2026-12-31 00:00:00', '2026-12-31 00:00:01', '2026-12-31 23:59:59',
         '2027-01-01 00:00:00']) t $$,
  $$ values ('2027-01-30 23:59:59', 'open'), ('2027-01-31 00:00:00', 'closed'), ('2027-01-31 00:00:01', 'closed'),
    ('2027-01-31 23:59:59', 'closed'), ('2027-02-01 00:00:00', 'closed'),
            ('2027-02-25 11:59:59', 'closed'), ('2027-02-25 12:00:00', 'open'), ('2027-02-25 12:00:01', 'open'),
              ('2027-02-27 23:59:59', 'open'), ('2027-02-28 00:00:00', 'closed'), ('2027-03-01 00:00:00', 'closed'),
            ('2028-02-27 23:59:59', 'open'), ('2028-02-28 00:00:00', 'open'), ('2028-02-28 23:59:59', 'open'),
              ('2028-02-29 00:00:00', 'closed'), ('2028-02-29 23:59:59', 'closed'), ('2028-03-01 00:00:00', 'closed'),
            ('2026-12-30 23:59:59', 'open'), ('2026-12-31 00:00:00', 'closed'), ('2026-12-31 00:00:01', 'closed'),
              ('2026-12-31 23:59:59', 'closed'), ('2027-01-01 00:00:00', 'closed') $$,
  'enrolment_window: 31 January, 28 and 29 February, 31 December, to the second');

-- ---- by hand, until the next scheduled turn ----

select hand(true, '2026-12-10 09:00') \g /dev/null
select is(open_at('2026-12-10 08:59:59'), 'closed', 'by hand: not before it was done');
select is(open_at('2026-12-10 09:00:00'), 'open by hand', 'by hand: opened before the opening');
select is(open_at('2026-12-25 11:59:59'), 'open by hand',
  'by hand: holds to the last second before the scheduled opening');
select is(open_at('2026-12-25 12:00:00'), 'open', 'by hand: from the scheduled opening on the schedule holds');
select is(open_at('2026-12-31 00:00:00'), 'closed', 'by hand: and closes');

select forget(), hand(false, '2026-12-26 10:00') \g /dev/null
select is(open_at('2026-12-26 09:59:59'), 'open', 'by hand: open until it was closed');
select is(open_at('2026-12-26 10:00:00'), 'closed by hand', 'by hand: closed while it would be open');
select is(open_at('2026-12-30 23:59:59'), 'closed by hand',
  'by hand: closed to the last second before the scheduled closing');
select is(open_at('2026-12-31 00:00:00'), 'closed', 'by hand: closed by schedule then');
select is(open_at('2027-01-25 12:00:00'), 'open', 'by hand: next month opens as ever');

select forget(), hand(true, '2026-12-31 10:00') \g /dev/null
select is(open_at('2026-12-31 10:00:00'), 'open by hand', 'by hand: opened after the closing');
select is(open_at('2026-12-31 23:59:59'), 'open by hand', 'by hand: to the year''s last second');
select is(open_at('2027-01-01 00:00:00'), 'closed', 'by hand: not into the next month');

select forget(), hand(false, '2026-12-10 09:00') \g /dev/null
select is(open_at('2026-12-25 11:59:59'), 'closed by hand', 'by hand: closed before the opening');
select is(open_at('2026-12-25 12:00:00'), 'open', 'by hand: does not keep it from opening');

select forget(), hand(true, '2026-12-25 12:00:00') \g /dev/null
select is(open_at('2026-12-25 12:00:00'), 'open by hand', 'by hand: opened in the second of the opening, it holds');
select is(open_at('2026-12-31 00:00:00'), 'closed', 'by hand: until the closing');
select forget(), hand(false, '2026-12-25 12:00:00') \g /dev/null
select is(open_at('2026-12-30 23:59:59'), 'closed by hand', 'by hand: closed in the second of the opening, it holds');
select forget(), hand(false, '2026-12-25 11:59:59.999999') \g /dev/null
select is(open_at('2026-12-25 12:00:00'), 'open', 'by hand: closed a microsecond before the opening, it opens');
select forget(), hand(true, '2026-12-30 23:59:59.999999') \g /dev/null
select is(open_at('2026-12-31 00:00:00'), 'closed', 'by hand: opened a microsecond before the closing, it closes');
select forget(), hand(true, '2026-12-31 23:59:59.999999') \g /dev/null
select is(open_at('2027-01-01 00:00:00'), 'closed',
  'by hand: opened a microsecond before the month''s turn, it closes');
select forget(), hand(true, '2027-01-01 00:00:00') \g /dev/null
select is(open_at('2027-01-01 00:00:00'), 'open by hand', 'by hand: opened in the month''s first second, it holds');
select is(open_at('2027-01-25 11:59:59'), 'open by hand', 'by hand: until the opening');

select forget(), hand(true, '2026-12-10 09:00'), hand(false, '2026-12-11 09:00'), hand(true, '2026-12-12 09:00'), hand(false, '2026-12-26 09:00'), hand(true, '2026-12-27 09:00') \g /dev/null
select results_eq(
  $$ select t, open_at(t::timestamp)
    from unnest(array['2026-12-10 09:00', '2026-12-11 08:59:59', '2026-12-11 09:00', '2026-12-12 09:00',
    '2026-12-25 11:59:59',
       '2026-12-25 12:00', '2026-12-26 09:00', '2026-12-27 09:00', '2026-12-30 23:59:59', '2026-12-31 00:00',
         '2027-01-01 00:00']) t $$,
  $$ values ('2026-12-10 09:00', 'open by hand'), ('2026-12-11 08:59:59', 'open by hand'),
    ('2026-12-11 09:00', 'closed by hand'), ('2026-12-12 09:00', 'open by hand'),
    ('2026-12-25 11:59:59', 'open by hand'),
            ('2026-12-25 12:00', 'open'), ('2026-12-26 09:00', 'closed by hand'), ('2026-12-27 09:00', 'open by hand'),
              ('2026-12-30 23:59:59', 'open by hand'), ('2026-12-31 00:00', 'closed'),
              ('2027-01-01 00:00', 'closed') $$,
  'by hand: several in a row, the last one counts, each until its own turn');
select forget(), hand(true, '2026-12-10 09:00'), hand(false, '2026-12-10 09:00') \g /dev/null
select is(open_at('2026-12-10 09:00'), 'closed by hand', 'by hand: of two at the same moment the later made counts');
select forget(), hand(true, '2026-11-10 09:00') \g /dev/null
select is(open_at('2026-12-10 09:00'), 'closed', 'by hand: last month''s hand does not count');
select forget(), hand(true, '2028-02-29 10:00') \g /dev/null
select is(open_at('2028-02-29 23:59:59'), 'open by hand', 'by hand: 29 February');
select is(open_at('2028-03-01 00:00'), 'closed', 'by hand: and the second after');

-- ---- changed settings ----

select forget() \g /dev/null
update gym.settings set slots_made_on_day = 5, enrolment_opens_on_day = 9, enrolment_opens_at = '08:30',
  enrolment_closes_at = '18:45';
select is(open_at('2026-12-09 08:29:59'), 'closed', 'settings: the second before another opening');
select is(open_at('2026-12-09 08:30:00'), 'open', 'settings: another opening');
select is(open_at('2026-12-31 18:44:59'), 'open', 'settings: the second before another closing');
select is(open_at('2026-12-31 18:45:00'), 'closed', 'settings: another closing');
select hand(false, '2026-12-15 09:00') \g /dev/null
select is(open_at('2026-12-31 18:44:59'), 'closed by hand', 'settings: by hand until another closing');
update gym.settings set enrolment_opens_on_day = 20;
select is(open_at('2026-12-16 09:00'), 'closed by hand', 'settings: the opening put off, closed by hand before it');
select is(open_at('2026-12-20 08:30'), 'open', 'settings: it opens on the day it was put off to');
select forget(), hand(true, '2026-12-10 09:00') \g /dev/null
update gym.settings set enrolment_opens_on_day = 12;
select is(open_at('2026-12-15 09:00'), 'open', 'settings: the opening brought forward, the schedule has taken over');
update gym.settings set slots_made_on_day = 1, enrolment_opens_on_day = 1, enrolment_opens_at = '00:00';
select is(open_at('2026-12-01 00:00'), 'open', 'settings: open from the month''s first second');
select forget() \g /dev/null
update gym.settings set enrolment_opens_on_day = 27, enrolment_opens_at = '23:59', enrolment_closes_at = '00:00';
select is(open_at('2027-02-27 23:59:59') || ', ' || open_at('2027-02-28 00:00'), 'open, closed',
  'settings: the shortest window, a minute in February');

-- ---- another zone, where clocks change ----

update gym.settings set slots_made_on_day = 20, enrolment_opens_on_day = 25, enrolment_opens_at = '12:00',
  enrolment_closes_at = '00:00';
update gym.settings set time_zone = 'Europe/Berlin';
select results_eq(
  $$ select opens_at at time zone 'UTC', closes_at at time zone 'UTC', next_turn at time zone 'UTC' from rules.enrolment_window('2026-10-25 10:59:59+00') $$,
  $$ values (timestamp '2026-10-25 11:00', timestamp '2026-10-30 23:00', timestamp '2026-10-25 11:00') $$,
  'time zone: Berlin opens at 12:00 on its wall on the day that its clocks go back');
select results_eq(
  $$ select opens_at at time zone 'UTC', closes_at at time zone 'UTC', last_turn at time zone 'UTC' from rules.enrolment_window('2027-03-20 12:00+00') $$,
  $$ values (timestamp '2027-03-25 11:00', timestamp '2027-03-30 22:00', timestamp '2027-02-28 23:00') $$,
  'time zone: Berlin''s clocks go forward between opening and closing');
-- in Asunción 1 October 2017 began at 01:00: its midnight does not exist
update gym.settings set time_zone = 'America/Asuncion';
select hand(true, '2017-09-30 12:00') \g /dev/null
select is((select is_open from rules.enrolment_window('2017-10-01 03:59:59+00')), true,
  'time zone: by hand to the last second of September in Asunción');
select is((select is_open from rules.enrolment_window('2017-10-01 04:00:00+00')), false,
  'time zone: not into an October that has no midnight');

-- ---- rules.turn_enrolment ----

update gym.settings set time_zone = 'Asia/Novosibirsk';
select forget() \g /dev/null
set local gym.now = '2026-12-10 09:00';
select rules.turn_enrolment(false, who('boss', 'ADMIN')) \g /dev/null
select is((select (is_open, made_at = rules.clock(), made_by = who('boss'))::text from gym.manual_turns), '(f,t,t)',
  'turn_enrolment: notes what, when and who');
select is((select count(*) from gym.slots), 0::bigint, 'turn_enrolment: closing makes no slots');
select rules.turn_enrolment(true, null) \g /dev/null
select is((select is_open from rules.enrolment_window()), true, 'turn_enrolment: opened');
select is((select count(*) from gym.slots where month = '2027-01-01'), 24::bigint,
  'turn_enrolment: opening before the 20th makes next month''s slots');
select rules.turn_enrolment(true, null) \g /dev/null
select is((select count(*) from gym.slots), 24::bigint, 'turn_enrolment: opening again makes no more');

select * from finish();
rollback;
