begin;
\ir ../../helpers/start.psql
-- TRUNCATE says which tables it would cascade to
set local client_min_messages = warning;
select plan(102);

-- ---- rules.make_month, rules.ensure_slots ----

select is(rules.make_month('2027-03-01'), 24, 'make_month: the template''s 24 times');
select is((select count(*) from gym.slots
  where month = '2027-03-01' and capacity = 12 and taken = 0 and deleted_at is null), 24::bigint,
  'make_month: with the setting''s seats');
select results_eq(
  $$ select weekday, string_agg(to_char(starts_at, 'HH24:MI'), ' ' order by id) from gym.slots where month = '2027-03-01' group by weekday order by weekday $$,
  $$ select d::smallint, '16:00 17:30 19:00 20:30' from generate_series(0, 5) d $$,
  'make_month: Monday to Saturday, four times a day');
select is(rules.make_month('2027-03-01'), 0, 'make_month: a second time makes nothing');
update gym.slots set deleted_at = rules.clock() where month = '2027-03-01' and weekday = 0;
select is(rules.make_month('2027-03-01'), 0, 'make_month: what was deleted since is not made again');
select is((select count(*) from gym.slots where month = '2027-03-01' and deleted_at is null), 20::bigint,
  'make_month: and stays deleted');
update gym.weekly_template set capacity = 5 where weekday = 0;
delete from gym.weekly_template where weekday = 5;
insert into gym.weekly_template values (6, '10:00', 7);
update gym.settings set seats_per_slot = 9;
insert into gym.slots (month, weekday, starts_at, capacity) values ('2027-04-01', 1, '16:00', 3);
select is(rules.make_month('2027-04-01'), 20, 'make_month: all but the one made by hand');
select results_eq(
  $$ select weekday, starts_at, capacity from gym.slots where month = '2027-04-01' and starts_at in ('16:00', '10:00') order by weekday $$,
  $$ select w::smallint, a, c from (values (0, time '16:00', 5), (1, '16:00', 3), (2, '16:00', 9), (3, '16:00', 9), (4, '16:00', 9), (6, '10:00', 7)) v (w, a, c) $$,
  'make_month: seats of the template, else of the setting; what was made by hand is kept');
select is(refusal($$ select rules.make_month('2027-03-02') $$), '23514 months_first_day',
  'months_first_day: a month is its first day');
select is(refusal($$ delete from gym.months $$), 'ENRUL never_deleted', 'never_deleted: months');
select is(refusal($$ truncate gym.months $$), 'ENRUL never_deleted', 'never_deleted: months by TRUNCATE');

update gym.settings set slots_made_on_day = 20;
set local gym.now = '2026-12-19 23:59:59';
select is(rules.ensure_slots(), 0, 'ensure_slots: the second before the setting''s day');
select is((select count(*) from gym.slots where month = '2027-01-01'), 0::bigint, 'ensure_slots: nothing stands yet');
set local gym.now = '2026-12-20 00:00';
select is(rules.ensure_slots(), 21, 'ensure_slots: the day''s first second');
select is((select count(*) from gym.slots where month = '2027-01-01'), 21::bigint,
  'ensure_slots: next month''s slots stand');
select is(rules.ensure_slots(), 0, 'ensure_slots: harmless to repeat');
select is(rules.ensure_slots('2027-04-30 20:00+07'), 21, 'ensure_slots: missed on the 20th, made good later');
select is(rules.ensure_slots('2027-05-31 23:59:59+07'), 21, 'ensure_slots: on the 31st');
select is((select count(*) from gym.slots where month in ('2027-05-01', '2027-06-01')), 42::bigint,
  'ensure_slots: for the month after');
select is(rules.ensure_slots('2027-08-02 09:00+07'), 21,
  'ensure_slots: nothing ran until the 2nd of a month: it gets its slots late');
select is((select count(*) from gym.slots where month = '2027-08-01'), 21::bigint, 'ensure_slots: of that month');
select is(rules.ensure_slots('2027-08-02 10:00+07'), 0, 'ensure_slots: late, and once');


-- ---- rules.slot ----

set local gym.now = '2026-08-10 09:00';
update gym.settings set seats_per_slot = 12;
select a_week(3) \g /dev/null
select is((rules.slot(slot('mon'))).id, slot('mon'), 'slot: of that id');
select is(refusal($$ select rules.slot(-1) $$), 'ENGON slot_not_found', 'slot_not_found: no such id');
select is(refusal($$ select rules.slot(null) $$), 'ENGON slot_not_found', 'slot_not_found: no id');
update gym.slots set deleted_at = rules.clock() where id = slot('sun');
select is(refusal($$ select rules.slot(slot('sun')) $$), 'ENGON slot_not_found', 'slot_not_found: deleted');

-- ---- rules.create_slot ----

select is((select (month, weekday, starts_at, capacity, taken, deleted_at)::text
  from rules.create_slot('2026-08-01', 2, '10:00', 5)),
  '(2026-08-01,2,10:00:00,5,0,)', 'create_slot: in the current month');
select is((select capacity from rules.create_slot('2026-12-01', 2, '10:00', null)), 12,
  'create_slot: in a later month, with the setting''s seats');
select is(refusal($$ select rules.create_slot('2026-07-01', 2, '10:00', 5) $$), 'ENRUL slot_month_past',
  'slot_month_past: last month');
select is(refusal($$ select rules.create_slot('2026-08-01', 2, '10:00', 7) $$), 'ENRUL slots_one_a_time',
  'slots_one_a_time: created twice');
select is((select count(*) || ' of ' || sum(capacity) from gym.slots where month = '2026-08-01'), '1 of 5',
  'slots_one_a_time: nothing was changed');
select is(
  refusal($$ insert into gym.slots (month, weekday, starts_at, capacity) values ('2026-08-01', 2, '10:00', 5) $$),
  '23505 slots_one_a_time',
  'slots_one_a_time: by a raw INSERT');
select lives_ok($$ select rules.create_slot('2026-09-01', 6, '16:00', 5) $$,
  'create_slot: at the time of a deleted one');
select is(refusal($$ update gym.slots set deleted_at = null where id = slot('sun') $$), '23505 slots_one_a_time',
  'slots_one_a_time: un-deleted beside it');
select is(refusal($$ select rules.create_slot('2026-09-01', 7, '10:00', 5) $$), '23514 slots_weekday_range',
  'slots_weekday_range: 7');
select is(refusal($$ select rules.create_slot('2026-09-01', -1, '10:00', 5) $$), '23514 slots_weekday_range',
  'slots_weekday_range: -1');
select is(refusal($$ select rules.create_slot('2026-09-01', 1, '10:00:30', 5) $$), '23514 slots_whole_minutes',
  'slots_whole_minutes: half a minute');
select is(refusal($$ select rules.create_slot('2026-09-01', 1, '24:00', 5) $$), '23514 slots_whole_minutes',
  'slots_whole_minutes: 24:00 is tomorrow');
select is(refusal($$ select rules.create_slot('2026-09-01', 1, '10:00', 0) $$), '23514 slots_capacity_range',
  'slots_capacity_range: no seat');
select is(refusal($$ select rules.create_slot('2026-09-01', 1, '10:00', 1001) $$), '23514 slots_capacity_range',
  'slots_capacity_range: 1001');
select is(refusal($$ select rules.create_slot('2026-09-02', 1, '10:00', 5) $$), '23514 slots_month_first_day',
  'slots_month_first_day: the second');
select is(
  refusal($$ insert into gym.slots (month, weekday, starts_at, capacity) values ('1999-12-01', 2, '10:00', 5) $$),
  '23514 slots_month_first_day',
  'slots_month_first_day: before 2000');
select is(refusal($$ select rules.create_slot('2101-01-01', 1, '10:00', 5) $$), '23514 slots_month_first_day',
  'slots_month_first_day: after 2100');

-- ---- rules.edit_slot ----

select crowd('tue', 2), book('ann', 'tue'), book('ann', 'wed') \g /dev/null
select is((select (month, weekday, starts_at, capacity, taken)::text
  from rules.edit_slot(slot('tue'), null, null, null)),
  '(2026-09-01,1,16:00:00,3,3)', 'edit_slot: nothing given, nothing changed');
select is(refusal($$ select rules.edit_slot(slot('tue'), null, null, 2) $$), 'ENRUL slots_capacity_below_taken',
  'slots_capacity_below_taken: two seats for three');
select is(seats('tue'), '3 of 3', 'slots_capacity_below_taken: nothing was changed');
select is((rules.edit_slot(slot('tue'), null, null, 4)).capacity, 4, 'edit_slot: more seats');
select is((rules.edit_slot(slot('tue'), null, null, 3)).capacity, 3, 'edit_slot: down to what is taken');
select is(refusal($$ select rules.edit_slot(slot('tue'), null, null, 1001) $$), '23514 slots_capacity_range',
  'slots_capacity_range: by an edit');
select is(refusal($$ select rules.edit_slot(slot('mon'), null, '17:30', null) $$), 'ENRUL slots_one_a_time',
  'slots_one_a_time: moved onto another');
select is(refusal($$ select rules.edit_slot(slot('mon'), 3, null, null) $$), 'ENRUL slots_one_a_time',
  'slots_one_a_time: moved to a weekday that has one then');
select is(refusal($$ select rules.edit_slot(slot('tue'), 2, '19:00', null) $$), 'ENRUL slot_move_collides',
  'slot_move_collides: Ann has Wednesday already');
select is(held('ann') || ': ' || (select weekday || ' ' || starts_at from gym.slots where id = slot('tue')),
  'tue wed: 1 16:00:00',
  'slot_move_collides: nothing was changed');
select is(refusal($$ update gym.slots set weekday = 2, starts_at = '19:00' where id = slot('tue') $$),
  '23505 enrolments_one_a_weekday',
  'enrolments_one_a_weekday: a raw move of the slot');
select is((select (weekday, starts_at, capacity)::text from rules.edit_slot(slot('tue'), 5, '10:00', 9)),
  '(5,10:00:00,9)', 'edit_slot: all of it at once');
select is((select array_agg(distinct weekday)::text from gym.enrolments where slot_id = slot('tue')), '{5}',
  'edit_slot: its enrolments follow');
select is(seats('tue'), '3 of 9', 'edit_slot: nobody lost a seat');
select is(refusal($$ select book('ann', 'sat') $$), '23505 enrolments_one_a_weekday',
  'edit_slot: Saturday counts as hers now');
select is(refusal($$ select rules.edit_slot(-1, null, null, 5) $$), 'ENGON slot_not_found',
  'slot_not_found: edit none');
select is(refusal($$ select rules.edit_slot(slot('sun'), null, null, 5) $$), 'ENGON slot_not_found',
  'slot_not_found: edit a deleted one');

set local gym.now = '2026-08-31 23:59:59';
select lives_ok($$ select rules.edit_slot(slot('fri'), null, '10:00', null) $$,
  'slot_month_begun: the last second before the month');
set local gym.now = '2026-09-01 00:00';
select is(refusal($$ select rules.edit_slot(slot('fri'), null, '11:00', null) $$), 'ENRUL slot_month_begun',
  'slot_month_begun: time, the month''s first second');
select is(refusal($$ select rules.edit_slot(slot('fri'), 3, null, null) $$), 'ENRUL slot_month_begun',
  'slot_month_begun: weekday');
select is(refusal($$ update gym.slots set starts_at = '11:00' where id = slot('fri') $$), 'ENRUL slot_month_begun',
  'slot_month_begun: by a raw UPDATE');
select is(refusal($$ update gym.slots set weekday = 6 where id = slot('fri') $$), 'ENRUL slot_month_begun',
  'slot_month_begun: weekday by a raw UPDATE');
select is((select weekday || ' ' || starts_at from gym.slots where id = slot('fri')), '4 10:00:00',
  'slot_month_begun: nothing was changed');
select is((rules.edit_slot(slot('fri'), 4, '10:00', 8)).capacity, 8, 'edit_slot: seats, when the month has begun');

-- ---- slots__guard ----

set local gym.now = '2026-08-10 09:00';
select is(refusal($$ insert into gym.slots (month, weekday, starts_at, capacity, taken) values ('2026-09-01', 0, '08:00', 5, 1) $$),
  'ENRUL taken_is_counted', 'taken_is_counted: a new slot is empty');
select is(refusal($$ update gym.slots set taken = 0 where id = slot('tue') $$), 'ENRUL taken_is_counted',
  'taken_is_counted: set to nothing');
select is(refusal($$ update gym.slots set taken = taken + 1 $$), 'ENRUL taken_is_counted',
  'taken_is_counted: of all slots at once');
select is(refusal($$ update gym.slots set taken = 7, capacity = 7 where id = slot('mon') $$), 'ENRUL taken_is_counted',
  'taken_is_counted: with the capacity');
select is(refusal($$ update gym.slots set deleted_at = rules.clock(), taken = 0 where id = slot('tue') $$),
  'ENRUL taken_is_counted', 'taken_is_counted: with the deletion');
select is(seats('tue') || ', ' || seats('mon'), '3 of 9, 0 of 3', 'taken_is_counted: nothing was changed');
select lives_ok($$ update gym.slots set taken = taken $$, 'an UPDATE that leaves taken alone');
select is(refusal($$ update gym.slots set month = '2026-10-01' where id = slot('mon') $$), 'ENRUL slot_month_fixed',
  'slot_month_fixed: an empty slot');
select is(refusal($$ update gym.slots set month = month + interval '1 month' $$), 'ENRUL slot_month_fixed',
  'slot_month_fixed: of all slots at once');
select is((select month from gym.slots where id = slot('mon')), date '2026-09-01',
  'slot_month_fixed: nothing was changed');
select is(refusal($$ update gym.slots set id = id + 1000000 where id = slot('tue') $$), 'ENRUL id_fixed',
  'id_fixed: the enrolments would follow and be counted twice');
select is(refusal($$ update gym.slots set id = id + 1000000 where id = slot('sun') $$), 'ENRUL id_fixed',
  'id_fixed: an empty slot');
select is((select violations from rules.audit() where invariant = 'counter_equals_rows'), 0::bigint,
  'id_fixed: the counter equals the rows');

-- slots with people in them change places
select rules.edit_slot(slot('mon2'), null, '10:00', null), rules.edit_slot(slot('thu'), null, '19:00', null) \g /dev/null
select book('m', 'mon2'), book('t', 'thu'), book('both', 'mon2') \g /dev/null
select lives_ok($$ update gym.slots set weekday = 3 - weekday where id in (slot('mon2'), slot('thu')) $$,
  'two slots swap their weekdays in one statement');
select is((select string_agg(s.weekday || ' ' || e.weekday, ', ' order by e.id) from gym.enrolments e
  join gym.slots s on s.id = e.slot_id
            where s.id in (slot('mon2'), slot('thu'))), '3 3, 0 0, 3 3', 'the enrolments of both follow');
select is(seats('mon2') || ', ' || seats('thu'), '2 of 3, 1 of 3', 'nobody lost a seat');
select book('both', 'thu') \g /dev/null
select is(refusal($$ update gym.slots set weekday = 3 where id in (slot('mon2'), slot('thu')) $$),
  '23505 enrolments_one_a_weekday',
  'enrolments_one_a_weekday: both slots of one person on one weekday');
select is((select string_agg(weekday::text, ' ' order by id) from gym.slots where id in (slot('mon2'), slot('thu'))),
  '3 0',
  'enrolments_one_a_weekday: nothing was changed');

-- ---- rules.delete_slot ----

select is(refusal($$ select rules.delete_slot(slot('tue'), false) $$), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: three people hold it');
select is(refusal($$ select rules.delete_slot(slot('tue'), null) $$), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: null is no force');
select is(seats('tue') || ', ' || (select deleted_at is null from gym.slots where id = slot('tue')), '3 of 9, true',
  'slot_has_enrolments: nothing was changed');
select is(refusal($$ update gym.slots set deleted_at = rules.clock() where id = slot('tue') $$),
  '23514 slots_deleted_is_empty',
  'slots_deleted_is_empty: a raw deletion of a slot with people in it');
select lives_ok($$ select rules.delete_slot(slot('mon'), false) $$, 'delete_slot: nobody holds it');
select is((select deleted_at from gym.slots where id = slot('mon')), rules.clock(),
  'delete_slot: it is marked, not gone');
select is(refusal($$ select rules.delete_slot(slot('mon'), true) $$), 'ENGON slot_not_found',
  'slot_not_found: deleted twice');
select is(refusal($$ select rules.delete_slot(-1, true) $$), 'ENGON slot_not_found', 'slot_not_found: delete none');
select lives_ok($$ select rules.delete_slot(slot('tue'), true) $$, 'delete_slot: by force');
select is((select string_agg(distinct l.event || ': ' || l.reason, ', ') from gym.ledger l
  join gym.enrolments e on e.id = l.enrolment_id where e.slot_id = slot('tue')), 'forced: slot_has_enrolments',
  'delete_slot: the ledger names those who lost their seat');
select is(seats('tue') || ', ' || held('ann'), '0 of 9, wed', 'delete_slot: the seats are given up, others stay');
select is((select count(*) || ' ' || min(cancel_reason) from gym.enrolments
  where slot_id = slot('tue') and cancelled_at = rules.clock()), '3 slot deleted',
  'delete_slot: the history says why');

-- ---- slots__keep ----

select is(refusal($$ delete from gym.slots $$), 'ENRUL never_deleted', 'never_deleted: all slots');
select is(refusal($$ delete from gym.slots where id = slot('sun') $$), 'ENRUL never_deleted',
  'never_deleted: one slot, empty and marked deleted');
select is(refusal($$ delete from gym.slots where false $$), 'ENRUL never_deleted',
  'never_deleted: not even none of them');
select is(refusal($$ truncate gym.slots cascade $$), 'ENRUL never_deleted', 'never_deleted: slots by TRUNCATE');
select is((select count(*) from gym.slots where id in (select id from help.slots)), 8::bigint,
  'never_deleted: all are there');

select * from finish();
rollback;
