begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(57);

-- as an administrator's role, which may execute api and look at it, and nothing else
set local gym.now = '2026-10-25 12:00';
select who('ann'), who('bob'), who('coach', 'COACH'), a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('bob', 'mon'), book('bob', 'tue'), book('cat', 'mon2') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null

-- ---- unmarked lessons ----

create function help.unmarked() returns text
language sql as $$ select coalesce(string_agg(concat_ws(' ', to_char(date, 'DD'), day, at, students), ', ' order by n), 'none') from (select row_number() over () as n, u.* from api.unmarked u) u $$;
set local gym.now = '2026-11-02 15:59:59';
select is(unmarked(), 'none', 'unmarked: a lesson to come is none');
set local gym.now = '2026-11-02 16:00';
select is(unmarked(), '02 Mon 16:00 2', 'unmarked: from its beginning');
set local gym.now = '2026-11-10 12:00';
select is(unmarked(), '02 Mon 16:00 2, 02 Mon 17:30 1, 03 Tue 16:00 1, 09 Mon 16:00 2, 09 Mon 17:30 1',
  'unmarked: lessons past in which nobody was marked');
select mark('ann', '2026-11-02', 'present'), mark('bob', '2026-11-09', 'excused'), mark('cat', '2026-11-09', 'excused') \g /dev/null
select is(unmarked(), '02 Mon 17:30 1, 03 Tue 16:00 1, 09 Mon 16:00 1',
  'unmarked: somebody marked is enough, an excuse is not; everybody excused is not listed');
select rules.cancel_lesson('2026-11-03', '16:00', null, null) \g /dev/null
select is(unmarked(), '02 Mon 17:30 1, 09 Mon 16:00 1', 'unmarked: not one that is called off');
select rules.create_closure('2026-11-09', '2026-11-09', null, 'r', null) \g /dev/null
select is(unmarked(), '02 Mon 17:30 1', 'unmarked: nor of a closed day');
select rules.delete_closure((select max(id) from gym.closures), null), rules.restore_lesson('2026-11-03', '16:00', null) \g /dev/null
select is(admin($$ select date, at, students from api.unmarked $$),
  '(2026-11-02,17:30,1) (2026-11-03,16:00,1) (2026-11-09,16:00,1)', 'unmarked: as an administrator');

-- ---- marks ----

select is(admin(format($$ select date, at, card, person, "group", is_marked from api.attendance where date = '2026-11-02' and at = '16:00' and card = %s $$, card('ann'))),
  format('(2026-11-02,16:00,%s,"Тестова Ann Ивановна",БИ-21,present)', card('ann')), 'attendance: who, when, what');
select is(admin($$ select count(*), min(date), max(date) from api.attendance where date < '2026-12-01' $$),
  '(19,2026-11-02,2026-11-30)', 'attendance: all marks');
select is(admin(format($$ select date, is_marked from api.mark(%s, 'absent') $$, mark_id('ann', '2026-11-09'))),
  '(2026-11-09,absent)', 'mark: sets it');
select is(admin(format($$ select set_at from api.attendance where mark = %s $$, mark_id('ann', '2026-11-09'))),
  '("11-10 12:00")', 'attendance: when, by the gym''s clock');
select is(admin(format($$ select is_marked from api.mark(mark => %s, "as" => 'unmarked') $$,
  mark_id('ann', '2026-11-09'))), '(unmarked)', 'mark: takes it back');
select is(admin_refused($$ select * from api.mark(-1, 'present') $$), 'ENGON mark_not_found', 'mark_not_found: mark');
select is(admin_refused(format($$ select * from api.mark(%s, 'late') $$, mark_id('ann', '2026-11-09'))), '22P02',
  'mark: one that there is not');
select is(
  admin(format(
  $$ select card, is_marked from api.mark_lesson('2026-11-09', '16:00', present => '{%s}', excused => '{%s}') $$,
  card('ann'), card('bob'))),
  format('(%s,present) (%s,excused)', card('ann'), card('bob')), 'mark_lesson: by cards');
select is(admin($$ select is_marked from api.mark_lesson('2026-11-09', '16:00', present => '{}') $$),
  '(absent) (excused)',
  'mark_lesson: nobody came, and an excuse stays');
select is(admin_refused($$ select * from api.mark_lesson('2026-11-09', '16:00') $$), 'ENREQ field_missing',
  'field_missing: mark_lesson without present marks nobody as absent');
select is(admin_refused($$ select * from api.mark_lesson('2026-11-16', '16:00', '{}') $$), 'ENRUL lesson_ahead',
  'lesson_ahead: mark_lesson');
select is(
  admin_refused(
  format($$ select * from api.mark_lesson('2026-11-09', '16:00', present => '{%s}', excused => '{%1$s}') $$,
  card('ann'))), 'ENRUL mark_twice', 'mark_twice: mark_lesson');
select is(admin_refused(format($$ select * from api.mark_lesson('2026-11-09', '16:00', present => '{%s}') $$,
  card('cat'))), 'ENGON not_in_lesson', 'not_in_lesson: mark_lesson');
select is(admin_refused($$ select * from api.mark_lesson('2026-11-09', '16:00', present => '{1}') $$),
  'ENGON user_not_found', 'user_not_found: mark_lesson');
select is(admin_refused($$ select * from api.mark_lesson('2026-11-09', '10:00', '{}') $$), 'ENGON lesson_not_found',
  'lesson_not_found: mark_lesson');
select is(admin($$ select api.unmark_lesson('2026-11-09', '16:00') $$), '(1)', 'unmark_lesson: says how many');
select is(lesson('2026-11-09'), 'ann unmarked, bob excused', 'unmark_lesson: nobody is marked');
select is(admin_refused($$ select api.unmark_lesson('2026-11-09', '10:00') $$), 'ENGON lesson_not_found',
  'lesson_not_found: unmark_lesson');

-- ---- lessons called off ----

select is(admin($$ select api.cancel_lesson('2026-11-09', '16:00', 'тренер болен') $$), '(2)',
  'cancel_lesson: says how many marks it has');
select is((select reason from gym.cancelled_lessons) || ': ' || lesson('2026-11-09'),
  'тренер болен: ann cancelled, bob cancelled', 'cancel_lesson: they follow');
select is(admin_refused($$ select * from api.mark_lesson('2026-11-09', '16:00', '{}') $$), 'ENRUL lesson_cancelled',
  'lesson_cancelled: mark_lesson');
select is(admin($$ select api.restore_lesson('2026-11-09', '16:00') $$), '(2)',
  'restore_lesson: says how many marks it has');
select is(lesson('2026-11-09'), 'ann unmarked, bob excused', 'restore_lesson: they follow');
select is(admin_refused($$ select api.cancel_lesson('2026-11-09', '10:00') $$) || ', '
  || admin_refused($$ select api.restore_lesson('2026-11-09', '10:00') $$),
  'ENGON lesson_not_found, ENGON lesson_not_found', 'lesson_not_found: cancel_lesson, restore_lesson');

-- ---- closed and moved days ----

select is(admin($$ select start_date, end_date, what, reason from api.close_days('2026-11-16', 'Ремонт') $$),
  '(2026-11-16,2026-11-16,closed,Ремонт)', 'close_days: one day');
select is(admin($$ select start_date, end_date, what, reason from api.close_days(from_date => '2026-12-28', to_date => '2027-01-08', reason => 'Каникулы') $$), '(2026-12-28,2027-01-08,closed,Каникулы)', 'close_days: a range');
select is(lesson('2026-11-16'), 'ann cancelled, bob cancelled', 'close_days: marks follow');
select is(admin_refused($$ select api.restore_lesson('2026-11-16', '16:00') $$), 'ENRUL day_closed',
  'day_closed: restore_lesson');
select is(admin($$ select start_date, end_date, what from api.move_day('2026-11-14', 'Mon', 'перенос') $$),
  '(2026-11-14,2026-11-14,"runs as Mon")', 'move_day: by the name of a weekday');
select is(lesson('2026-11-14'), 'ann unmarked, bob unmarked', 'move_day: marks follow');
select is(admin($$ select start_date, what from api.move_day('2026-11-15', 'вт', 'перенос') $$) || ' '
  || lesson('2026-11-15'), '(2026-11-15,"runs as Tue") bob unmarked', 'move_day: in Russian');
select is(admin($$ select start_date, what from api.closures $$),
  '(2026-11-14,"runs as Mon") (2026-11-15,"runs as Tue") (2026-11-16,closed) (2026-12-28,closed)', 'closures: by date');
select is(admin_refused($$ select * from api.move_day('2026-11-17', 'Xyz', 'r') $$), 'ENREQ weekday_unknown',
  'weekday_unknown: move_day');
select is(admin_refused($$ select * from api.move_day('2026-11-17', 'Tue', 'r') $$), 'ENREQ closures_move_elsewhere',
  'closures_move_elsewhere: move_day');
select is(admin_refused($$ select * from api.move_day('2026-11-16', 'Tue', 'r') $$), 'ENRUL closures_do_not_overlap',
  'closures_do_not_overlap: move_day');
select is(admin_refused($$ select * from api.close_days('2026-11-20', 'r', '2026-11-19') $$), 'ENREQ closures_in_order',
  'closures_in_order: close_days');
select is(admin_refused($$ select * from api.close_days('2026-11-20', '') $$), '23514 closures_reason_given',
  'closures_reason_given: close_days');
select is(admin(format($$ select start_date, what from api.delete_closure(%s) $$,
  (select id from gym.closures where start_date = '2026-11-16'))), '(2026-11-16,"taken back")',
  'delete_closure: says what');
select is(lesson('2026-11-16'), 'ann unmarked, bob unmarked', 'delete_closure: marks follow');
select is(admin_refused($$ select * from api.delete_closure(-1) $$), 'ENGON closure_not_found',
  'closure_not_found: delete_closure');
select is(admin_refused($$ select * from gym.secrets $$), '42501', 'an administrator''s role reads no secret');
select is(audit(), 'clean', 'audit: after all of this');

-- ---- by person and date ----

select is(admin(format($$ select is_marked from api.mark_person(%s, '2026-11-09', 'excused') $$, card('ann'))),
  '(excused)', 'mark_person: by card');
select is(admin(format($$ select is_marked from api.mark_person(person => %s, date => '2026-11-09', at => '16:00') $$,
  who('ann'))), '(present)', 'mark_person: by id, present unless said otherwise');
select is(admin_refused(format($$ select api.mark_person(%s, '2026-11-10', 'excused') $$, card('ann'))),
  'ENGON mark_not_found', 'mark_not_found: mark_person, no lesson that day');
select is(admin_refused($$ select api.mark_person(-1, '2026-11-09', 'excused') $$), 'ENGON user_not_found',
  'user_not_found: mark_person');
-- moved to the later lesson between the two
set local gym.now = '2026-11-16 16:30';
select admin(format($$ select id from api.move_enrolment(%s, 'Mon', 'Mon', '17:30', month => 'current') $$, card('ann'))) \g /dev/null
select is(admin_refused(format($$ select api.mark_person(%s, '2026-11-16', 'excused') $$, card('ann'))),
  'ENREQ field_missing', 'field_missing: mark_person, of two lessons that day');
select is(admin(format($$ select is_marked from api.mark_person(%s, '2026-11-16', 'excused', at => '17:30') $$,
  card('ann'))), '(excused)', 'mark_person: of two lessons that day');
select api.close_days('2026-11-23', 'ремонт', to_date => '2026-11-25') \g /dev/null
select is(admin($$ select start_date, what from api.delete_closure(date => '2026-11-24') $$),
  '(2026-11-23,"taken back")', 'delete_closure: by a day of it');
select is(admin_refused($$ select api.delete_closure(date => '2026-11-24') $$), 'ENGON closure_not_found',
  'closure_not_found: delete_closure, a day that is none');

select * from finish();
rollback;
