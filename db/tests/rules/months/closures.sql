begin;
\ir ../../helpers/start.psql
\ir ../../helpers/month.psql
select plan(122);

create function help.close(p_from date, p_to date default null, p_runs_as integer default null) returns integer
language sql as $$ select (rules.create_closure(p_from, coalesce(p_to, p_from), p_runs_as, 'праздник', null)).id $$;
create function help.open(p_date date) returns void
language sql as $$
  select rules.delete_closure(c.id, null) from gym.closures c
    where c.deleted_at is null and p_date between c.start_date and c.end_date
$$;
create function help.call_off(p_date date, p_at time default '16:00') returns void
  language sql as $$ select rules.cancel_lesson(p_date, p_at, null, null) $$;
create function help.restore(p_date date, p_at time default '16:00') returns void
  language sql as $$ select rules.restore_lesson(p_date, p_at, null) $$;

-- ---- before the marks are made ----

set local gym.now = '2026-10-25 12:00';
select a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('ann', 'tue'), book('bob', 'mon'), book('cat', 'mon2'), book('dan', 'sat'), book('dan', 'sun') \g /dev/null
select rules.cancel_lesson('2026-11-02', '16:00', 'тренер болен', who('coach', 'COACH')) \g /dev/null
select results_eq($$ select date, starts_at, cancelled_at, cancelled_by, reason from gym.cancelled_lessons $$,
  $$ values (date '2026-11-02', time '16:00', rules.clock(), who('coach'), 'тренер болен') $$,
    'cancel_lesson: before there are marks');
select rules.cancel_lesson('2026-11-02', '16:00', 'ещё раз', who('boss', 'ADMIN')) \g /dev/null
select is((select (cancelled_by = who('coach'), reason)::text from gym.cancelled_lessons), '(t,"тренер болен")',
  'cancel_lesson: twice changes nothing');
select call_off('2026-11-09'), restore('2026-11-09') \g /dev/null
select is(refusal($$ select call_off('2026-11-02', '16:30') $$), 'ENGON lesson_not_found',
  'lesson_not_found: cancel at another time');
select is(refusal($$ select call_off('2026-12-07') $$), 'ENGON lesson_not_found',
  'lesson_not_found: cancel in a month without slots');
select is(refusal($$ select restore('2026-11-02', '10:00') $$), 'ENGON lesson_not_found', 'lesson_not_found: restore');
select close('2026-11-14', '2026-11-17'), close('2026-11-08', null, 0) \g /dev/null
set local gym.now = '2026-11-01 00:05';
select rules.ensure_marks() \g /dev/null
select is(lesson('2026-11-02') || '; ' || lesson('2026-11-02', '17:30'), 'ann cancelled, bob cancelled; cat unmarked',
  'cancelled before its marks are made: they come cancelled, other times do not');
select is(mark_of('ann', '2026-11-02'), 'cancelled (unmarked)', 'and know what they were');
select is(lesson('2026-11-09'), 'ann unmarked, bob unmarked', 'cancelled and restored before its marks are made');
select is(lesson('2026-11-14') || '; ' || lesson('2026-11-16') || '; ' || lesson('2026-11-16', '17:30') || '; '
  || lesson('2026-11-17'),
  'dan cancelled; ann cancelled, bob cancelled; cat cancelled; ann cancelled',
    'closed before its marks are made: they come cancelled');
select is(lesson('2026-11-08') || '; ' || lesson('2026-11-08', '17:30'), 'ann unmarked, bob unmarked; cat unmarked',
  'a Sunday moved before its marks are made runs as Monday');
select is(dates('dan'), '01 07 14 15 21 22 28 29', 'and not as Sunday');
select is(audit(), 'clean', 'audit: cancelled, closed and moved before the marks are made');
select restore('2026-11-02') \g /dev/null
select is(mark_of('ann', '2026-11-02') || ', ' || mark_of('bob', '2026-11-02'), 'unmarked, unmarked',
  'restore_lesson: nobody had marked it');
select is((select count(*) from gym.cancelled_lessons), 0::bigint, 'restore_lesson: it is forgotten');
select lives_ok($$ select restore('2026-11-02') $$, 'restore_lesson: twice');
select open('2026-11-16') \g /dev/null
select is(lesson('2026-11-16') || '; ' || lesson('2026-11-14'), 'ann unmarked, bob unmarked; dan unmarked',
  'delete_closure: open again');
select open('2026-11-08') \g /dev/null
select is(lesson('2026-11-08') || '; ' || dates('ann'), 'dan unmarked; 02 03 09 10 16 17 23 24 30',
  'delete_closure: the Sunday is a Sunday again');
select is(audit(), 'clean', 'audit: all of it taken back');

-- ---- what a coach marked comes back ----

set local gym.now = '2026-11-02 20:00';
select rules.mark_lesson('2026-11-02', '16:00', array[who('ann')], '{}', who('coach')) \g /dev/null
set local gym.now = '2026-11-03 10:00';
select call_off('2026-11-02') \g /dev/null
select is(mark_of('ann', '2026-11-02') || ', ' || mark_of('bob', '2026-11-02'),
  'cancelled (present), cancelled (absent)', 'cancel_lesson: after it was marked');
select is(refusal($$ select rules.mark_lesson('2026-11-02', '16:00', '{}', '{}', null) $$), 'ENRUL lesson_cancelled',
  'lesson_cancelled: not marked as a whole');
select restore('2026-11-02') \g /dev/null
select is(lesson('2026-11-02'), 'ann present, bob absent', 'restore_lesson: what the coach marked is there again');
select is((select count(*) from gym.marks
  where date = '2026-11-02' and set_by = who('coach') and rules.local_time(set_at) = '2026-11-02 20:00'), 2::bigint,
  'and who did it when');

-- Cancelled and closed, in every order: the lesson is off while either holds, and comes back when both are gone.
-- C cancels, R restores, S shuts the day, O opens it. '-' after R: refused.
create function help.play(p_moves text, p_date date) returns text
language plpgsql as $$
declare
  v_move text;
  v_seen text := '';
begin
  foreach v_move in array regexp_split_to_array(p_moves, '') loop
    if v_move = 'R' and refusal(format('select restore(%L)', p_date)) = 'ENRUL day_closed' then
      v_move := 'R-';
    end if;
    case v_move
      when 'C' then perform call_off(p_date);
      when 'S' then perform close(p_date - 2, p_date + 3);
      when 'O' then perform open(p_date);
      else null;
    end case;
    v_seen := v_seen || v_move || case lesson(p_date) when 'ann present, bob absent' then '+'
      when 'ann cancelled, bob cancelled' then '' else ' ' || lesson(p_date) end;
  end loop;
  return v_seen;
end
$$;
select is(play('CSOR', '2026-11-02'), 'CSOR+', 'cancelled, closed, opened, restored');
select is(play('SCOR', '2026-11-02'), 'SCOR+', 'closed, cancelled, opened, restored');
select is(play('CSROR', '2026-11-02'), 'CSR-OR+',
  'day_closed: cancelled and closed, it is not restored, and stays cancelled when the day is opened');
select is(play('SCROR', '2026-11-02'), 'SCR-OR+', 'day_closed: closed and cancelled');
select is(play('SROSO', '2026-11-02'), 'SR-O+SO+', 'day_closed: closed only');
select is(play('CCR', '2026-11-02'), 'CCR+', 'cancelled twice, restored once');
select is(play('CRCRSOSO', '2026-11-02'), 'CR+CR+SO+SO+', 'again and again');
select is((select count(*) from gym.marks
  where date = '2026-11-02' and set_by = who('coach') and rules.local_time(set_at) = '2026-11-02 20:00'), 2::bigint,
  'and still who did it when');
select is(audit(), 'clean', 'audit: in every order');

-- ---- marks set by a person while the lesson is off ----

select call_off('2026-11-02') \g /dev/null
select mark('bob', '2026-11-02', 'present', who('coach')) \g /dev/null
select is(lesson('2026-11-02'), 'ann cancelled, bob present', 'somebody is marked in a cancelled lesson');
select is(audit(), 'clean', 'audit: a person''s word counts');
select close('2026-11-02') \g /dev/null
select is(mark_of('bob', '2026-11-02'), 'cancelled (present)', 'the day closed on top of it');
select open('2026-11-02'), restore('2026-11-02') \g /dev/null
select is(lesson('2026-11-02'), 'ann present, bob present', 'all taken back: the last word of a person on each');
select call_off('2026-11-02') \g /dev/null
select mark('ann', '2026-11-02', 'unmarked', who('coach')) \g /dev/null
select is(mark_of('ann', '2026-11-02'), 'cancelled (unmarked)',
  'a mark taken back while the lesson is off: the lesson stays off');
select mark('bob', '2026-11-02', 'present', who('coach')), rules.unmark_lesson('2026-11-02', '16:00', who('coach')) \g /dev/null
select is(mark_of('bob', '2026-11-02'), 'cancelled (unmarked)', 'unmark_lesson: while the lesson is off');
select is(audit(), 'clean', 'audit: marks taken back while the lesson is off');
select restore('2026-11-02') \g /dev/null
select is(lesson('2026-11-02'), 'ann unmarked, bob unmarked', 'restored: nobody is marked');
select is((select count(*) from gym.marks where date = '2026-11-02' and (set_at, set_by) is distinct from (null, null)),
  0::bigint, 'and nobody marked it');
select mark('ann', '2026-11-02', 'cancelled', who('coach')) \g /dev/null
select is(play('CSOR', '2026-11-02'), 'CSOR ann cancelled, bob unmarked',
  'a mark that a person set to cancelled stays so');
select mark('bob', '2026-11-02', 'present', who('coach')), call_off('2026-11-02') \g /dev/null
set local gym.now = '2026-11-03 11:00';
select mark('bob', '2026-11-02', 'cancelled', who('boss')) \g /dev/null
select restore('2026-11-02') \g /dev/null
select is((select (mark, rules.local_time(set_at), set_by = who('coach'))::text from gym.marks
  where id = mark_id('bob', '2026-11-02')), '(present,"2026-11-03 10:00:00",t)',
  'cancelled again by a person where the lesson is off already: it comes back as it was');
select mark('ann', '2026-11-02', 'unmarked'), mark('bob', '2026-11-02', 'unmarked') \g /dev/null
select call_off('2026-11-02'), rules.forgive(who('bob'), '2026-11-02', 'справка', null), restore('2026-11-02') \g /dev/null
select is(lesson('2026-11-02'), 'ann unmarked, bob excused', 'forgiven while the lesson is off: excused when it is on');
update gym.marks set mark = 'absent' where date = '2026-11-02';
select is(lesson('2026-11-02'), 'ann absent, bob excused', 'a raw UPDATE to absent does not undo a pardon');
select mark('bob', '2026-11-02', 'unmarked', who('coach')) \g /dev/null
select is(lesson('2026-11-02'), 'ann absent, bob excused', 'nor does taking the mark back');
select is(audit(), 'clean', 'audit: marks set while the lesson is off');

-- ---- days closed ----

set local gym.now = '2026-11-18 10:00';
select a_month('2026-12-01', 'dec ') \g /dev/null
select book('ann', 'dec mon'), book('bob', 'dec wed') \g /dev/null
select rules.mark_lesson('2026-11-16', '16:00', array[who('ann')], array[who('bob')], who('coach')) \g /dev/null
select close('2026-11-10', '2026-12-07') \g /dev/null
select is((select string_agg(distinct mark::text, ' ') from gym.marks
  where date between '2026-11-10' and '2026-11-30' and withdrawn_at is null), 'cancelled',
  'closed over the month''s end: cancelled');
select is(lesson('2026-11-09'), 'ann unmarked, bob unmarked', 'the day before is not');
select is(dates('ann', '2026-12-01'), 'none', 'next month''s marks are not made by it');
select is(refusal($$ select rules.mark_lesson('2026-11-24', '16:00', '{}', '{}', null) $$), 'ENRUL lesson_cancelled',
  'lesson_cancelled: on a closed day');
select book('eve', 'tue') \g /dev/null
select is(dates('eve') || ' ' || mark_of('eve', '2026-11-24'), '24 cancelled (unmarked)',
  'enrolled while closed: cancelled from the beginning');
set local gym.now = '2026-12-01 00:05';
select rules.ensure_marks() \g /dev/null
select is(lesson('2026-12-07') || '; ' || lesson('2026-12-02') || '; ' || lesson('2026-12-09') || '; '
  || lesson('2026-12-14'),
  'ann cancelled; bob cancelled; bob unmarked; ann unmarked',
    'next month''s marks are made: cancelled to the last day');
select is(audit(), 'clean', 'audit: closed over the month''s end');
update gym.closures set end_date = '2026-11-17' where deleted_at is null;
select is(lesson('2026-11-16') || '; ' || lesson('2026-11-23') || '; ' || lesson('2026-12-07'),
  'ann cancelled, bob cancelled; ann unmarked, bob unmarked; ann unmarked',
  'a raw UPDATE that shortens it: the days let go are on again, over the month''s end');
update gym.closures set start_date = '2026-11-18', end_date = '2026-12-01' where deleted_at is null;
select is(lesson('2026-11-16') || '; ' || lesson('2026-11-23') || '; ' || lesson('2026-12-07'),
  'ann present, bob excused; ann cancelled, bob cancelled; ann unmarked',
  'a raw UPDATE that moves it: both ends follow');
select open('2026-11-18') \g /dev/null
select is((select string_agg(distinct mark::text, ' ') from gym.marks
  where date between '2026-11-17' and '2026-12-31' and withdrawn_at is null), 'unmarked',
  'opened: all of it is on again');
select close('2026-12-31', '2027-02-28') \g /dev/null
set local gym.now = '2027-01-02 10:00';
select is(lesson('2026-12-30'), 'bob unmarked', 'the day before a closure is on');
select open('2026-12-31') \g /dev/null
set local gym.now = '2026-12-01 10:00';
select is(audit(), 'clean', 'audit: closures changed and taken back');

-- ---- days moved ----

-- Tuesday the 8th of December runs as Wednesday; ann: Mondays, tim: Tuesdays, bob: Wednesdays
select book('tim', 'dec tue') \g /dev/null
set local gym.now = '2026-12-09 10:00';
select rules.mark_lesson('2026-12-08', '16:00', array[who('tim')], '{}', who('coach')) \g /dev/null
select close('2026-12-08', null, 2) \g /dev/null
select is(lesson('2026-12-08'), 'bob unmarked', 'move_day: its own people vanish, the other weekday''s appear');
select is(dates('tim', '2026-12-01') || ', ' || dates('bob', '2026-12-01'), '01 15 22 29, 02 08 09 16 23 30',
  'move_day: no other date changes');
select is(audit(), 'clean', 'audit: a day moved');
select is(refusal($$ select rules.mark_lesson('2026-12-08', '16:00', array[who('tim')], '{}', null) $$),
  'ENGON not_in_lesson', 'not_in_lesson: those of its own weekday');
select is(refusal($$ select rules.set_mark((select id from gym.marks where user_id = who('tim') and date = '2026-12-08'), 'absent', null) $$), 'ENGON mark_not_found',
  'mark_not_found: their marks are withdrawn');
select rules.mark_lesson('2026-12-08', '16:00', '{}', '{}', who('coach')) \g /dev/null
select is(refusal($$ select call_off('2026-12-08', '17:30') $$), 'ENGON lesson_not_found',
  'lesson_not_found: a time that the other weekday does not have');
select call_off('2026-12-08') \g /dev/null
select is(mark_of('bob', '2026-12-08'), 'cancelled (absent)', 'cancel_lesson: of a moved day');
select open('2026-12-08') \g /dev/null
select is(lesson('2026-12-08') || ' ' || mark_of('tim', '2026-12-08'), 'tim cancelled cancelled (present)',
  'taken back: the lesson called off is off for its own people');
select is(audit(), 'clean', 'audit: a moved day whose lesson is called off, taken back');
select restore('2026-12-08') \g /dev/null
select is(lesson('2026-12-08'), 'tim present', 'restored: what the coach had marked is there again');
select close('2026-12-08', null, 2) \g /dev/null
select is(lesson('2026-12-08'), 'bob absent', 'moved again: what the coach marked then is there again');
select is((select count(*) from gym.marks where user_id = who('bob') and date = '2026-12-08'), 1::bigint,
  'in the same row');
update gym.closures set runs_as = 0 where start_date = '2026-12-08' and deleted_at is null;
select is(lesson('2026-12-08') || '; ' || dates('ann', '2026-12-01'), 'ann unmarked; 07 08 14 21 28',
  'a raw UPDATE to another weekday');
update gym.closures set runs_as = null where start_date = '2026-12-08' and deleted_at is null;
select is(lesson('2026-12-08') || ' ' || mark_of('tim', '2026-12-08'), 'tim cancelled cancelled (present)',
  'a raw UPDATE from moved to closed');
update gym.closures set runs_as = 2 where start_date = '2026-12-08' and deleted_at is null;
select is(lesson('2026-12-08'), 'bob absent', 'and from closed to moved');
select open('2026-12-08') \g /dev/null
select is(lesson('2026-12-08'), 'tim present', 'and taken back');
select is(audit(), 'clean', 'audit: moved to and fro');

-- forgiven while the mark was withdrawn
select mark('tim', '2026-12-08', 'absent'), close('2026-12-08', null, 2), rules.forgive(who('tim'), '2026-12-08', 'справка', null), open('2026-12-08') \g /dev/null
select is(mark_of('tim', '2026-12-08'), 'excused', 'forgiven while the day was moved: excused when it is back');

-- a Sunday, and enrolments around a moved day
select close('2026-12-20', null, 0) \g /dev/null
select is(lesson('2026-12-20') || '; ' || dates('ann', '2026-12-01'), 'ann unmarked; 07 14 20 21 28',
  'a Sunday runs as Monday');
set local gym.now = '2026-12-20 15:59';
select book('joe', 'dec mon'), book('joe', 'dec sun') \g /dev/null
select is(dates('joe', '2026-12-01'), '20 21 27 28',
  'enrolled a minute before the moved lesson: it is the first; the Sunday''s own is not run');
set local gym.now = '2026-12-20 16:00';
select book('kim', 'dec mon') \g /dev/null
select is(dates('kim', '2026-12-01'), '21 28', 'enrolled as it begins');
select open('2026-12-20') \g /dev/null
select is(dates('joe', '2026-12-01') || ', ' || dates('ann', '2026-12-01'), '20 21 27 28, 07 14 21 28',
  'taken back: the Sunday''s own is run');
select is((select s.weekday from gym.marks m join gym.slots s on s.id = m.slot_id
  where m.id = mark_id('joe', '2026-12-20')), 6::smallint, 'and not the Monday''s');
select is(audit(), 'clean', 'audit: a Sunday moved');

-- a date of next month, and of a month past
select make_slot('jan mon', 0, '16:00', 5, '2027-01-01'), make_slot('jan fri', 4, '16:00', 5, '2027-01-01') \g /dev/null
select book('ann', 'jan mon'), book('bob', 'jan fri') \g /dev/null
select close('2027-01-02', null, 0), close('2026-11-03', null, 0) \g /dev/null
select is(dates('ann') || ', ' || dates('ann', '2027-01-01'), '02 03 09 10 16 17 23 24 30, none',
  'moved in a month past, and in the next');
select is((select s.weekday from gym.marks m join gym.slots s on s.id = m.slot_id
  where m.id = mark_id('ann', '2026-11-03')), 0::smallint, 'the month past follows');
set local gym.now = '2027-01-01 01:00';
select rules.ensure_marks() \g /dev/null
select is(dates('ann', '2027-01-01') || ', ' || dates('bob', '2027-01-01'), '02 04 11 18 25, 01 08 15 22 29',
  'the next is made so');
select is(audit(), 'clean', 'audit: moved in other months');

-- ---- what is refused ----

select is(refusal($$ select close('2027-01-05', '2027-01-04') $$), 'ENREQ closures_in_order',
  'closures_in_order: ends before it begins');
select is(refusal($$ select close('2027-01-05', '2028-01-07') $$), 'ENREQ closures_in_order',
  'closures_in_order: longer than a year');
select is(refusal($$ select close('2027-02-01', '2027-02-02', 3) $$), 'ENREQ closures_move_one_day',
  'closures_move_one_day');
select is(refusal($$ select close('2027-02-01', null, 0) $$), 'ENREQ closures_move_elsewhere',
  'closures_move_elsewhere: a Monday as Monday');
select is(refusal($$ select close('2027-02-07', null, 6) $$), 'ENREQ closures_move_elsewhere',
  'closures_move_elsewhere: a Sunday as Sunday');
select is(refusal($$ select close('2027-02-01', null, 7) $$), '23514 closures_runs_as_range', 'closures_runs_as_range');
select is(refusal($$ select rules.create_closure('2027-02-01', '2027-02-01', null, ' ', null) $$),
  '23514 closures_reason_given', 'closures_reason_given: blanks');
select is(refusal($$ select rules.create_closure('2027-02-01', '2027-02-01', null, repeat('я', 201), null) $$),
  '23514 closures_reason_given', 'closures_reason_given: too long');
select close('2027-02-10', '2027-02-20') \g /dev/null
select is(refusal(format('select close(%L, %L)', f, t)), 'ENRUL closures_do_not_overlap',
  format('closures_do_not_overlap: %s to %s', f, t))
  from (values (date '2027-02-10', date '2027-02-20'), ('2027-02-01', '2027-02-10'), ('2027-02-20', '2027-03-01'),
    ('2027-02-15', '2027-02-15'), ('2027-02-01', '2027-03-01')) r (f, t);
select is(refusal($$ select close('2027-02-20', null, 0) $$), 'ENRUL closures_do_not_overlap',
  'closures_do_not_overlap: a moved day in a closed one');
select is(refusal($$ insert into gym.closures (start_date, end_date, reason, created_at) values ('2027-02-20', '2027-02-21', 'r', now()) $$),
  '23P01 closures_do_not_overlap', 'closures_do_not_overlap: a raw INSERT');
select is(refusal($$ insert into gym.closures (start_date, end_date, runs_as, reason, created_at) values ('2027-02-12', '2027-02-12', 0, 'r', now()) $$),
  '23P01 closures_do_not_overlap', 'closures_do_not_overlap: a raw INSERT of a moved day');
select is(refusal($$ update gym.closures set end_date = '2027-02-10' where start_date = '2027-01-02' $$),
  '23514 closures_move_one_day', 'closures_move_one_day: a raw UPDATE');
select is(refusal($$ insert into gym.closures (start_date, end_date, reason, created_at) values ('2027-03-02', '2027-03-01', 'r', now()) $$),
  '23514 closures_in_order', 'closures_in_order: a raw INSERT');
select is(refusal($$ insert into gym.closures (start_date, end_date, runs_as, reason, created_at) values ('2027-03-01', '2027-03-01', 0, 'r', now()) $$),
  '23514 closures_move_elsewhere', 'closures_move_elsewhere: a raw INSERT');
select lives_ok($$ select close('2027-02-09'), close('2027-02-21', null, 0), close('2027-03-01', '2028-03-01') $$,
  'side by side, and a year at most');
select is((select (deleted_at, deleted_by = who('boss'))::text
  from rules.delete_closure((select id from gym.closures where start_date = '2027-02-10'), who('boss'))),
  (select (rules.clock(), true)::text), 'delete_closure: notes when and who');
select is(
  refusal($$ select rules.delete_closure((select id from gym.closures where start_date = '2027-02-10'), null) $$),
  'ENGON closure_not_found', 'closure_not_found: twice');
select is(refusal($$ select rules.delete_closure(-1, null) $$), 'ENGON closure_not_found',
  'closure_not_found: one that does not exist');
select lives_ok($$ select close('2027-02-11', null, 0) $$, 'where a closure was taken back another fits');
select is(refusal($$ update gym.closures set deleted_at = null where start_date = '2027-02-10' $$),
  '23P01 closures_do_not_overlap', 'closures_do_not_overlap: one brought back by a raw UPDATE');
select is(refusal($$ delete from gym.closures $$), 'ENRUL never_deleted', 'never_deleted: closures');
select is(refusal($$ truncate gym.closures $$), 'ENRUL never_deleted', 'never_deleted: TRUNCATE of closures');

-- ---- cancelled lessons in psql ----

insert into gym.cancelled_lessons (date, starts_at, cancelled_at) values ('2027-01-11', '16:00', now());
select is(lesson('2027-01-11') || '; ' || lesson('2027-01-18'), 'ann cancelled; ann unmarked',
  'cancelled_lessons: a raw INSERT');
update gym.cancelled_lessons set date = '2027-01-18' where date = '2027-01-11';
select is(lesson('2027-01-11') || '; ' || lesson('2027-01-18'), 'ann unmarked; ann cancelled',
  'cancelled_lessons: a raw UPDATE');
delete from gym.cancelled_lessons where date = '2027-01-18';
select is(lesson('2027-01-18'), 'ann unmarked', 'cancelled_lessons: a raw DELETE');
select is(audit(), 'clean', 'audit: cancelled in psql');

-- ---- the audit, when somebody went behind the rules ----

select call_off('2027-01-11') \g /dev/null
alter table gym.marks disable trigger user;
update gym.marks set mark = 'unmarked', mark_before = null where date = '2027-01-11';
select is(audit(), 'lesson_off_cancelled 1, triggers_enabled 9', 'audit: a lesson that is off and not cancelled');
update gym.marks set mark = 'cancelled', mark_before = 'unmarked' where date = '2027-01-11';
alter table gym.marks enable trigger user;
alter table gym.closures disable trigger closures__apply;
select close('2027-01-08') \g /dev/null
alter table gym.closures enable trigger closures__apply;
select is(audit(), 'lesson_off_cancelled 1', 'audit: a day closed that the marks did not follow');
select rules.follow_off('2027-01-08', '2027-01-08') \g /dev/null
select is(audit(), 'clean', 'audit: put right');

-- ---- absent by both timetables of a day ----

set local gym.now = '2028-03-25 12:00';
select alone('zoe', '2028-04-01', '{0,2}') \g /dev/null
set local gym.now = '2028-04-20 12:00';
select rules.ensure_marks(), miss('zoe', '2028-04-03', '2028-04-05'), close('2028-04-05', null, 0), miss('zoe', '2028-04-05'), events('zoe') \g /dev/null
select is(mark_of('zoe', '2028-04-05'), 'absent', 'a moved day: absent by its new timetable too');
select open('2028-04-05') \g /dev/null
select is(events('zoe'), 'nothing', 'moved back, a day never counts by both timetables, not even for a moment');

select * from finish();
rollback;
