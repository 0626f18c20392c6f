begin;
\ir ../helpers/start.psql
select plan(34);

-- ---- api.make_month ----

select is(admin($$ select * from api.make_month() $$), '(01-2027,24)', 'api.make_month: next month''s');
select is(admin($$ select * from api.make_month() $$), '(01-2027,0)', 'api.make_month: harmless to repeat');
select is(admin($$ select * from api.make_month('03-2027') $$), '(03-2027,24)', 'api.make_month: another month''s');
select is(admin_refused($$ select api.make_month('2027-03') $$), 'ENREQ field_unreadable',
  'field_unreadable: api.make_month');

-- ---- api.create_slot ----

select matches(admin($$ select * from api.create_slot(day => 'Sun', at => '12:00', seats => 8) $$),
  '^\(\d+,01-2027,6,12:00:00,8\)$', 'api.create_slot: in next month');
select matches(admin($$ select * from api.create_slot('вс', '12:00', month => 'current') $$),
  '^\(\d+,12-2026,6,12:00:00,12\)$', 'api.create_slot: in the current month, with the setting''s seats');
select is(admin_refused($$ select api.create_slot('Sun', '12:00') $$), 'ENRUL slots_one_a_time',
  'slots_one_a_time: api.create_slot');
select is(admin_refused($$ select api.create_slot('Sun', '12:00', month => '11-2026') $$), 'ENRUL slot_month_past',
  'slot_month_past: api.create_slot');
select is(admin_refused($$ select api.create_slot('Funday', '12:00') $$), 'ENREQ weekday_unknown',
  'weekday_unknown: api.create_slot');
select is(admin_refused($$ select api.create_slot('Sun', '13:00', 0) $$), '23514 slots_capacity_range',
  'slots_capacity_range: api.create_slot');

-- ---- api.edit_slot ----

insert into help.slots select s.day, id from api.slots s where s.month = '01-2027' and s.at = '16:00';
select crowd('Tue', 2), book('ann', 'Tue'), book('ann', 'Wed') \g /dev/null
select is(admin($$ select * from api.edit_slot(day => 'Tue', at => '16:00', new_seats => 15) $$),
  format('(%s,01-2027,1,16:00:00,15,3)', slot('Tue')), 'api.edit_slot: more seats');
select is(admin(format($$ select * from api.edit_slot(slot => %s, new_day => 'Sun', new_at => '10:00') $$,
  slot('Tue'))), format('(%s,01-2027,6,10:00:00,15,3)', slot('Tue')),
  'api.edit_slot: moved, by id');
select is(admin_refused(format($$ select api.edit_slot(%s, new_seats => 2) $$, slot('Tue'))),
  'ENRUL slots_capacity_below_taken', 'slots_capacity_below_taken: api.edit_slot');
select is(admin_refused(format($$ select api.edit_slot(%s, new_at => '12:00') $$, slot('Tue'))),
  'ENRUL slots_one_a_time', 'slots_one_a_time: api.edit_slot');
select is(admin_refused(format($$ select api.edit_slot(%s, new_day => 'Wed') $$, slot('Tue'))),
  'ENRUL slot_move_collides', 'slot_move_collides: api.edit_slot');
select is(admin_refused($$ select api.edit_slot(day => 'Sun', at => '12:00', month => 'current', new_at => '13:00') $$),
  'ENRUL slot_month_begun', 'slot_month_begun: api.edit_slot');
select is(admin_refused($$ select api.edit_slot(-1, new_seats => 2) $$), 'ENGON slot_not_found',
  'slot_not_found: api.edit_slot');
select is(seats('Tue'), '3 of 15', 'api.edit_slot: what is refused changes nothing');

-- ---- api.delete_slot ----

select is(admin_refused($$ select api.delete_slot(day => 'Sun', at => '10:00') $$), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: api.delete_slot');
select is(seats('Tue'), '3 of 15', 'slot_has_enrolments: nothing was changed');
select is(admin($$ select * from api.delete_slot(day => 'Sun', at => '10:00', force => true) $$),
  format('(%s,3)', slot('Tue')), 'api.delete_slot: by force, and how many lost their seat');
select is(seats('Tue') || ', ' || held('ann'), '0 of 15, Wed', 'api.delete_slot: they did');
select is(admin_refused(format($$ select api.delete_slot(%s, force => true) $$, slot('Tue'))), 'ENGON slot_not_found',
  'slot_not_found: api.delete_slot, twice');
select is(admin(format($$ select * from api.delete_slot(%s) $$, slot('Sat'))), format('(%s,0)', slot('Sat')),
  'api.delete_slot: nobody in it');

-- ---- api.edit_slot by force, api.swap_slots, api.copy_month ----

select crowd('Thu', 2), book('ann', 'Fri') \g /dev/null
select is(admin($$ select taken from api.edit_slot(day => 'Thu', at => '16:00', new_seats => 1, force => true) $$),
  '(1)', 'api.edit_slot: by force fewer seats than taken');
select is(admin($$ select weekday, starts_at, capacity, taken from api.swap_slots('Thu', '16:00', 'Fri', '16:00') $$),
  '(3,16:00:00,12,1) (4,16:00:00,1,1)', 'api.swap_slots: by days and times');
select is(held('ann'), 'Wed Thu', 'api.swap_slots: the people of Friday have Thursday');
select is(admin(format($$ select count(*) from api.swap_slots(slot => %s, with_slot => %s) $$, slot('Thu'),
  slot('Fri'))), '(2)', 'api.swap_slots: by ids');
select is(admin_refused($$ select api.swap_slots('Thu', '16:00', 'Fri', '16:01') $$), 'ENGON slot_not_found',
  'slot_not_found: api.swap_slots');
select is(admin_refused($$ select api.swap_slots('Thu', '16:00', 'Funday', '16:00') $$), 'ENREQ weekday_unknown',
  'weekday_unknown: api.swap_slots');
select is(admin($$ select * from api.copy_month('12-2026', '04-2027') $$), '(Sun,12:00,12,made)', 'api.copy_month');
select is(admin_refused($$ select api.copy_month('10-2026', 'next') $$), 'ENGON month_without_slots',
  'month_without_slots: api.copy_month');
select is(admin_refused($$ select api.copy_month('12-2026', '11-2026') $$), 'ENRUL slot_month_past',
  'slot_month_past: api.copy_month');
select is(admin_refused($$ select api.copy_month('12-2026', 'some') $$), 'ENREQ field_unreadable',
  'field_unreadable: api.copy_month');

select * from finish();
rollback;
