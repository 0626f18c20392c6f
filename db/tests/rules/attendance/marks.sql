begin;
\ir ../../helpers/start.psql
\ir ../../helpers/month.psql
select plan(119);

-- ---- the turn of the month ----

set local gym.now = '2026-10-25 12:00';
select a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('ann', 'tue'), book('bob', 'mon'), book('bob', 'sun') \g /dev/null
select is(rules.ensure_marks(), 0, 'ensure_marks: next month gets none');
set local gym.now = '2026-10-31 23:59:59';
select is(rules.ensure_marks(), 0, 'ensure_marks: nor in the last second before it begins');
select is(dates('ann'), 'none', 'and nothing else makes any');
set local gym.now = '2026-11-01 00:00';
select is(rules.ensure_marks(), 19, 'ensure_marks: the month has begun');
select is(dates('ann'), '02 03 09 10 16 17 23 24 30', 'a mark for every date: five Mondays, four Tuesdays');
select is(dates('bob'), '01 02 08 09 15 16 22 23 29 30', 'the first of the month is one of them');
select is(rules.ensure_marks(), 0, 'ensure_marks: twice makes nothing');
select is((select count(*) from gym.marks m join gym.enrolments e on e.id = m.enrolment_id
            where (m.slot_id, m.user_id, m.mark, m.withdrawn_at is null, m.set_at is null,
              m.mark_before is null) = (e.slot_id, e.user_id, 'unmarked', true, true, true)),
  19::bigint, 'fresh marks are unmarked, of the enrolment''s slot and student, set by nobody');
select is((select marks_made_at from gym.months where month = '2026-11-01'), rules.clock(), 'ensure_marks: notes when');
select is(audit(), 'clean', 'audit: after the turn of the month');

-- ---- enrolled, cancelled, enrolled again in mid-month ----

set local gym.now = '2026-11-10 15:59:59';
select book('eve', 'tue') \g /dev/null
select is(dates('eve'), '10 17 24', 'enrolled a second before a lesson: it is the first');
set local gym.now = '2026-11-10 16:00';
select book('pat', 'tue') \g /dev/null
select is(dates('pat'), '17 24', 'enrolled as a lesson begins: the next one is the first');
insert into gym.enrolments (slot_id, user_id, cancelled_at) values (slot('tue'), who('zoe'), rules.clock());
select is(dates('zoe'), 'none', 'a row cancelled from the beginning gets no mark');
insert into gym.enrolments (slot_id, user_id) select slot('wed'), who(n) from unnest('{wes,wim}'::text[]) n;
select is(dates('wes') || ', ' || dates('wim'), '11 18 25, 11 18 25', 'several enrolled by one statement');
select is(audit(), 'clean', 'audit: enrolled in mid-month');

create function help.enrolment(p_person text, p_slot text) returns integer
language sql as $$ select id from gym.enrolments where user_id = who(p_person) and slot_id = slot(p_slot) and cancelled_at is null $$;
set local gym.now = '2026-11-17 15:59:59';
select rules.cancel(enrolment('ann', 'tue'), null) \g /dev/null
select is(dates('ann'), '02 03 09 10 16 23 30', 'cancelled a second before a lesson: it is lost with those to come');
select is((select count(*) from gym.marks where user_id = who('ann') and withdrawn_at = rules.clock()), 2::bigint,
  'withdrawn marks stay as rows');
select book('ann', 'tue') \g /dev/null
select is(dates('ann'), '02 03 09 10 16 17 23 24 30', 'enrolled again in that second: they are there again, once');
set local gym.now = '2026-11-17 16:00';
select rules.cancel(enrolment('eve', 'tue'), null) \g /dev/null
select is(dates('eve'), '10 17', 'cancelled as a lesson begins: the lesson is kept');
select book('eve', 'tue') \g /dev/null
select is(dates('eve'), '10 17 24', 'enrolled again right away: not in the lesson that runs, so not twice');
update gym.enrolments set cancelled_at = rules.clock() where slot_id = slot('wed');
select is(dates('wes') || ', ' || dates('wim'), '11, 11', 'cancelled by a raw UPDATE, several at once');
update gym.enrolments set cancelled_at = null where slot_id = slot('wed');
select is(dates('wes') || ', ' || dates('wim'), '11 18 25, 11 18 25', 'and the cancelling taken back');
select is(audit(), 'clean', 'audit: cancelled and enrolled again');

-- a mark withdrawn comes back as its lesson is by then
update gym.enrolments set cancelled_at = rules.clock() where slot_id = slot('wed') and user_id = who('wes');
select rules.cancel_lesson('2026-11-18', '16:00', null, null) \g /dev/null
update gym.enrolments set cancelled_at = null where slot_id = slot('wed') and user_id = who('wes');
select is(lesson('2026-11-18'), 'wes cancelled, wim cancelled', 'back in a lesson called off meanwhile: cancelled');
update gym.enrolments set cancelled_at = rules.clock() where slot_id = slot('wed') and user_id = who('wes');
select rules.restore_lesson('2026-11-18', '16:00', null) \g /dev/null
update gym.enrolments set cancelled_at = null where slot_id = slot('wed') and user_id = who('wes');
select is(lesson('2026-11-18'), 'wes unmarked, wim unmarked', 'back in a lesson restored meanwhile: not cancelled');
update gym.enrolments set cancelled_at = rules.clock() where slot_id = slot('wed') and user_id = who('wes');
select rules.forgive(who('wes'), '2026-11-25', 'справка', null) \g /dev/null
update gym.enrolments set cancelled_at = null where slot_id = slot('wed') and user_id = who('wes');
select is(mark_of('wes', '2026-11-25'), 'excused', 'back on a date forgiven meanwhile: excused');

-- ---- people and slots that go ----

set local gym.now = '2026-11-18 15:00';
select rules.delete_user(who('wim')) \g /dev/null
select is(dates('wim'), '11', 'a person deleted loses the lessons to come and keeps those past');
select rules.restore_user(who('wim')) \g /dev/null
select is(dates('wim'), '11', 'and does not get them back when restored');
select rules.delete_slot(slot('wed'), true) \g /dev/null
select is(dates('wes'), '11', 'a slot deleted by force: its lessons to come are gone, those past are kept');
select is(refusal($$ select rules.mark_lesson('2026-11-18', '16:00', '{}', '{}', null) $$), 'ENGON lesson_not_found',
  'lesson_not_found: of a deleted slot');
select is((select count(*) from rules.mark_lesson('2026-11-11', '16:00', array[who('wes')], '{}', null)), 2::bigint,
  'its lessons past can still be marked');
select is(refusal($$ delete from gym.marks $$), 'ENRUL never_deleted', 'never_deleted: DELETE of marks');
select is(refusal($$ delete from gym.marks where false $$), 'ENRUL never_deleted', 'never_deleted: of none too');
select is(refusal($$ truncate gym.marks $$), 'ENRUL never_deleted', 'never_deleted: TRUNCATE of marks');
select is(refusal($$ update gym.enrolments set slot_id = slot('thu') where id = enrolment('bob', 'mon') $$),
  'ENRUL enrolment_has_marks',
  'enrolment_has_marks: an enrolment with marks does not move to another slot');
select is(refusal($$ update gym.enrolments set user_id = who('pat') where id = enrolment('bob', 'mon') $$),
  'ENRUL enrolment_has_marks',
  'enrolment_has_marks: nor is it given to another person');
select is(
  refusal($$ update gym.enrolments set user_id = who('pat') where user_id = who('ann') and cancelled_at is not null $$),
  'ENRUL enrolment_has_marks',
  'enrolment_has_marks: a cancelled one neither');
select is(audit(), 'clean', 'audit: people and slots that go');

-- ---- one mark ----

set local gym.now = '2026-11-19 10:00';
select is(mark('bob', '2026-11-09', 'present', who('coach', 'COACH')), 'present', 'set_mark: present');
select results_eq($$ select mark, set_at, set_by from gym.marks where id = mark_id('bob', '2026-11-09') $$,
  $$ values ('present'::gym.mark, rules.clock(), who('coach')) $$, 'set_mark: notes who and when');
set local gym.now = '2026-11-19 11:00';
select is(mark('bob', '2026-11-09', 'excused', who('boss', 'ADMIN')), 'excused', 'set_mark: corrected by another');
select results_eq($$ select mark, set_at, set_by from gym.marks where id = mark_id('bob', '2026-11-09') $$,
  $$ values ('excused'::gym.mark, rules.clock(), who('boss')) $$, 'set_mark: the last one counts');
select is(mark('bob', '2026-11-09', 'cancelled'), 'cancelled', 'set_mark: cancelled for one');
select is(mark_of('bob', '2026-11-09'), 'cancelled', 'with nothing to go back to');
set local gym.now = '2026-11-19 12:00';
select is(mark('bob', '2026-11-09', 'unmarked', who('coach')), 'unmarked', 'set_mark: taken back');
select results_eq($$ select mark, set_at, set_by from gym.marks where id = mark_id('bob', '2026-11-09') $$,
  $$ values ('unmarked'::gym.mark, null::timestamptz, null::integer) $$, 'set_mark: taken back, nobody set it');
select is(refusal($$ select rules.set_mark(-1, 'present', null) $$), 'ENGON mark_not_found',
  'mark_not_found: one that does not exist');
select is(
  refusal($$ select rules.set_mark((select max(id) from gym.marks where withdrawn_at is not null), 'present', null) $$),
  'ENGON mark_not_found',
  'mark_not_found: one that was withdrawn');
select set_config('gym.actor', who('boss')::text, true) \g /dev/null
update gym.marks set mark = 'present' where id = mark_id('bob', '2026-11-09');
select results_eq($$ select set_at, set_by from gym.marks where id = mark_id('bob', '2026-11-09') $$,
  $$ values (rules.clock(), who('boss')) $$, 'marks__stamp: a raw UPDATE is noted too');
update gym.marks set mark = 'unmarked' where id = mark_id('bob', '2026-11-09');
select is((select (set_at, set_by)::text from gym.marks where id = mark_id('bob', '2026-11-09')), '(,)',
  'marks__stamp: and its undoing');
select set_config('gym.actor', '', true) \g /dev/null

-- ---- a whole lesson ----

select book('sam', 'mon') \g /dev/null
select rules.mark_lesson('2026-11-16', '16:00', array[who('ann')], array[who('bob')], who('coach')) \g /dev/null
select is(lesson('2026-11-16'), 'ann present, bob excused', 'mark_lesson: present and excused');
set local gym.now = '2026-11-19 12:01';
select rules.mark_lesson('2026-11-16', '16:00', array[who('bob')], '{}', who('coach')) \g /dev/null
select is(lesson('2026-11-16'), 'ann absent, bob present', 'mark_lesson: again, whoever is not named is absent');
select is((select count(*) from rules.lesson_marks('2026-11-16', '16:00')
  where set_at = rules.clock() and set_by = who('coach')), 2::bigint,
  'mark_lesson: notes who and when, for the absent too');
select is(refusal($$ select rules.mark_lesson('2026-11-23', '16:00', '{}', '{}', null) $$), 'ENRUL lesson_ahead',
  'lesson_ahead: mark_lesson');
select is(refusal($$ select rules.set_mark(mark_id('ann', '2026-11-23'), 'absent', null) $$), 'ENRUL lesson_ahead',
  'lesson_ahead: set_mark');
select is(refusal($$ update gym.marks set mark = 'present' where id = mark_id('ann', '2026-11-23') $$),
  'ENRUL lesson_ahead',
  'lesson_ahead: a raw UPDATE');
select rules.cancel_lesson('2026-11-23', '16:00', null, null) \g /dev/null
select is(refusal($$ select rules.set_mark(mark_id('ann', '2026-11-23'), 'absent', null) $$), 'ENRUL lesson_ahead',
  'lesson_ahead: nor of a lesson that was called off');
select rules.restore_lesson('2026-11-23', '16:00', null) \g /dev/null
select is(lesson('2026-11-23'), 'ann unmarked, bob unmarked, sam unmarked', 'lesson_ahead: changes nothing');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:00', null, '{}', null) $$), 'ENREQ field_missing',
  'mark_lesson: without the list of who came nobody is absent');
select rules.set_mark(mark_id('bob', '2026-11-16'), 'excused', who('coach')) \g /dev/null
select rules.mark_lesson('2026-11-16', '16:00', array[who('ann')], '{}', who('coach')) \g /dev/null
select is(lesson('2026-11-16'), 'ann present, bob excused', 'mark_lesson: an excuse given before stays');
select rules.mark_lesson('2026-11-16', '16:00', array[who('bob')], null, who('coach')) \g /dev/null
select is(lesson('2026-11-16'), 'ann absent, bob present', 'mark_lesson: an excused person who came is present');
select rules.cancel_lesson('2026-11-16', '16:00', null, null) \g /dev/null
select rules.set_mark(mark_id('ann', '2026-11-16'), 'absent', who('coach')) \g /dev/null
select is(lesson('2026-11-16'), 'ann absent, bob cancelled', 'a mark of a lesson that was called off is changed');
select rules.cancel_lesson('2026-11-16', '16:00', null, null) \g /dev/null
select is(lesson('2026-11-16'), 'ann cancelled, bob cancelled', 'cancel_lesson: again, every mark is cancelled');
select rules.restore_lesson('2026-11-16', '16:00', null) \g /dev/null
select is(lesson('2026-11-16'), 'ann absent, bob present', 'restore_lesson: they are what they were set to');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:00', array[who('ann'), who('bob')], array[who('ann')], null) $$), 'ENRUL mark_twice',
  'mark_twice: present and excused');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:00', array[who('ann'), who('eve')], '{}', null) $$),
  'ENGON not_in_lesson',
  'not_in_lesson: somebody of another lesson');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:00', array[who('sam')], '{}', null) $$),
  'ENGON not_in_lesson',
  'not_in_lesson: somebody who was enrolled later');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:00', '{}', array[-1], null) $$), 'ENGON not_in_lesson',
  'not_in_lesson: nobody of that id');
select is(lesson('2026-11-16'), 'ann absent, bob present', 'what is refused changes nothing');
select is(refusal($$ select rules.mark_lesson('2026-11-16', '16:30', '{}', '{}', null) $$), 'ENGON lesson_not_found',
  'lesson_not_found: another time');
select is(refusal($$ select rules.mark_lesson('2026-11-20', '17:30', '{}', '{}', null) $$), 'ENGON lesson_not_found',
  'lesson_not_found: another weekday');
select is(refusal($$ select rules.mark_lesson('2026-12-07', '16:00', '{}', '{}', null) $$), 'ENGON lesson_not_found',
  'lesson_not_found: a month without slots');
select is((select count(*) from rules.mark_lesson('2026-11-19', '16:00', '{}', '{}', null)), 0::bigint,
  'mark_lesson: a lesson that nobody is in');
select is((select count(*) from rules.mark_lesson('2026-11-16', '16:00', array[who('ann'), who('ann')], '{}', null)),
  2::bigint, 'mark_lesson: somebody named twice counts once');
select is(rules.unmark_lesson('2026-11-16', '16:00', who('coach')), 2, 'unmark_lesson: says how many');
select is(lesson('2026-11-16'), 'ann unmarked, bob unmarked', 'unmark_lesson: nobody is marked');
select mark('ann', '2026-11-16', 'excused'), mark('bob', '2026-11-16', 'present') \g /dev/null
select is(rules.unmark_lesson('2026-11-16', '16:00', null) || ' ' || lesson('2026-11-16'),
  '1 ann excused, bob unmarked', 'unmark_lesson: excuses stay');
select is(refusal($$ select rules.unmark_lesson('2026-11-16', '10:00', null) $$), 'ENGON lesson_not_found',
  'lesson_not_found: unmark_lesson');

-- two lessons of a weekday are two lessons
select book('tom', 'mon2') \g /dev/null
set local gym.now = '2026-11-23 20:00';
select rules.mark_lesson('2026-11-23', '17:30', array[who('tom')], '{}', null) \g /dev/null
select is(lesson('2026-11-23', '17:30') || '; ' || lesson('2026-11-23'),
  'tom present; ann unmarked, bob unmarked, sam unmarked', 'mark_lesson: that time only');
set local gym.now = '2026-11-19 12:01';

-- ---- how long a coach may change marks ----

create function help.refused_on(p_today text, p_actor integer) returns text
language plpgsql as $$
declare
  v_before  text := current_setting('gym.now');
  v_refused text;
begin
  perform set_config('gym.now', p_today, true);
  v_refused := concat_ws(', ',
    refusal(format($s$ select rules.set_mark(%s, 'present', %L) $s$, mark_id('bob', '2026-11-02'), p_actor)),
    refusal(format($s$ select rules.mark_lesson('2026-11-02', '16:00', '{}', '{}', %L) $s$, p_actor)),
    refusal(format($s$ select rules.unmark_lesson('2026-11-02', '16:00', %L) $s$, p_actor)),
    refusal(format($s$ select rules.cancel_lesson('2026-11-02', '16:00', null, %L) $s$, p_actor)),
    refusal(format($s$ select rules.restore_lesson('2026-11-02', '16:00', %L) $s$, p_actor)));
  perform set_config('gym.now', v_before, true);
  return v_refused;
end
$$;
select is(refused_on('2026-11-02 23:59', who('coach')), 'none, none, none, none, none', 'coach_marks_days: on the day');
select is(refused_on('2026-12-03 23:59:59', who('coach')), 'none, none, none, none, none',
  'coach_marks_days: on the 31st day after it');
select is(refused_on('2026-12-04 00:00', who('coach')),
  repeat('ENRUL coach_marks_days, ', 4) || 'ENRUL coach_marks_days', 'coach_marks_days: on the 32nd');
select is(refused_on('2027-06-04 00:00', who('boss')), 'none, none, none, none, none',
  'coach_marks_days: an administrator always may');
select is(refused_on('2027-06-04 00:00', null), 'none, none, none, none, none', 'coach_marks_days: psql too');
update gym.settings set coach_marks_days = 0;
select is(refused_on('2026-11-02 23:59', who('coach')), 'none, none, none, none, none',
  'coach_marks_days 0: on the day');
select is(refused_on('2026-11-03 00:00', who('coach')),
  repeat('ENRUL coach_marks_days, ', 4) || 'ENRUL coach_marks_days', 'coach_marks_days 0: not on the next');
update gym.settings set coach_marks_days = 31;

-- ---- what makes a lesson a marked one ----

set local gym.now = '2026-11-30 22:00';
create function help.absent(p_date date, p_before date default '2026-12-01') returns text
language sql as $$
  select coalesce(string_agg(p.name, ' ' order by p.name), 'nobody')
    from rules.counted_absences('2026-11-01', null, p_before) a join help.people p on p.id = a.user_id
   where a.date = p_date
$$;
select is(lesson('2026-11-30') || ': ' || absent('2026-11-30'), 'ann unmarked, bob unmarked, sam unmarked: nobody',
  'a lesson in which nobody is marked: nobody is absent');
select mark('ann', '2026-11-30', 'excused'), mark('bob', '2026-11-30', 'cancelled') \g /dev/null
select is(absent('2026-11-30'), 'nobody', 'excused and cancelled do not make it a marked one');
select mark('bob', '2026-11-30', 'present') \g /dev/null
select is(absent('2026-11-30'), 'sam', 'present does: who is left unmarked is absent');
select mark('bob', '2026-11-30', 'absent') \g /dev/null
select is(absent('2026-11-30'), 'bob sam', 'absent does too');
select is(absent('2026-11-30', '2026-11-30'), 'nobody', 'counted_absences: of dates before p_before only');
select mark('bob', '2026-11-30', 'unmarked') \g /dev/null
select is(absent('2026-11-30'), 'nobody', 'the mark taken back: nobody again');
select mark('tom', '2026-11-30', 'present') \g /dev/null
select is(absent('2026-11-30'), 'nobody', 'a mark in another lesson of the day does not count here');
update gym.settings set unmarked_is_absent = true;
select is(absent('2026-11-30'), 'bob sam', 'unmarked_is_absent: the old rule, whoever is unmarked is absent');
update gym.settings set unmarked_is_absent = false;
select is(absent('2026-11-30'), 'nobody', 'unmarked_is_absent: and back');
select is(audit(), 'clean', 'audit: after marking');
set local gym.now = '2026-11-19 12:01';

-- ---- months missed ----

select a_month('2026-12-01', 'dec '), a_month('2027-01-01', 'jan ') \g /dev/null
select book('ann', 'dec mon'), book('bob', 'dec wed'), book('eve', 'dec wed') \g /dev/null
set local gym.now = '2026-12-16 16:00';
select rules.cancel(enrolment('eve', 'dec wed'), null) \g /dev/null
set local gym.now = '2026-12-20 12:00';
select book('ann', 'jan sun'), book('pat', 'dec mon') \g /dev/null
select is(dates('pat', '2026-12-01'), '21 28', 'enrolled before the month''s marks are made: gets marks at once');
select is(audit(), 'clean', 'audit: a month whose marks are not made yet');
set local gym.now = '2027-01-10 17:00';
select is(rules.ensure_marks(), 4 + 5 + 5, 'ensure_marks: two months at once');
select is(dates('ann', '2026-12-01') || ', ' || dates('bob', '2026-12-01') || ', ' || dates('eve', '2026-12-01') || ', '
  || dates('pat', '2026-12-01'),
  '07 14 21 28, 02 09 16 23 30, 02 09 16, 21 28', 'ensure_marks: the month missed is what it would have been');
select is(dates('ann', '2027-01-01'), '03 10 17 24 31', 'ensure_marks: the running month has its dates past too');
select is(rules.ensure_marks(), 0, 'ensure_marks: and once');
select is((select array_agg(month order by month) from gym.months where marks_made_at = rules.clock()),
  '{2026-12-01,2027-01-01}'::date[], 'ensure_marks: notes both');
select is(audit(), 'clean', 'audit: after months missed');

-- a transaction that began in the old month and commits when the new one's marks are made
select a_month('2027-02-01', 'feb ') \g /dev/null
set local gym.now = '2027-02-01 00:00:00.2';
select rules.ensure_marks() \g /dev/null
set local gym.now = '2027-01-31 23:59:59.9';
select book('bob', 'feb mon') \g /dev/null
set local gym.now = '2027-02-01 00:05';
select rules.ensure_marks() \g /dev/null
select is(dates('bob', '2027-02-01'), '01 08 15 22',
  'an enrolment that commits around the making of marks gets its own');
select is(audit(), 'clean', 'audit: an enrolment that commits around the making of marks');

-- slots of a month by hand, where no month was made
select make_slot('odd', 3, '10:00', 5) \g /dev/null
set local gym.now = '2027-03-02 12:00';
select book('bob', 'odd') \g /dev/null
select is(dates('bob', '2027-03-01'), '04 11 18 25', 'a slot made by hand in a month that was never made');
select is(audit(), 'clean', 'audit: before its marks are made');
select is(nightly(), 0, 'the job has nothing to add');
select is(audit(), 'clean', 'audit: and after');

-- ---- a mark is of its enrolment and its date ----

select id as mark_id from gym.marks where user_id = who('bob') and date = '2027-03-11' \gset
select is(refusal(format('update gym.marks set %s where id = %s', what, :mark_id)), 'ENRUL mark_of_enrolment',
  'mark_of_enrolment: ' || what)
  from unnest(array[format('user_id = %s', who('ann')), format('slot_id = %s', slot('tue')), 'date = ''2027-03-12''',
    'id = 1000000']) what;
select is(
  refusal(format(
  $$ insert into gym.marks (enrolment_id, slot_id, user_id, date, mark) values (%s, %s, %s, '2027-03-12', 'absent') $$,
  enrolment('bob', 'odd'), slot('odd'), who('ann'))),
  'ENRUL mark_of_enrolment', 'mark_of_enrolment: an absence of somebody else');

-- ---- the audit, when somebody went behind the rules ----

alter table gym.marks disable trigger user;
delete from gym.marks where user_id = who('bob') and date = '2027-03-11';
select is(audit(), 'marks_complete 1, triggers_enabled 9', 'audit: a mark missing');
insert into gym.marks (enrolment_id, slot_id, user_id, date) select enrolment('bob', 'odd'), slot('odd'), who('bob'), d
  from unnest('{2027-03-11,2027-03-12,2027-03-13}'::date[]) d;
select is(audit(), 'marks_complete 2, triggers_enabled 9', 'audit: marks on dates without a lesson');
update gym.marks set withdrawn_at = rules.clock() where date between '2027-03-11' and '2027-03-13';
select is(audit(), 'marks_complete 1, triggers_enabled 9', 'audit: a mark withdrawn that should be there');
update gym.marks set withdrawn_at = null where date = '2027-03-11';
alter table gym.marks enable trigger user;
select is(audit(), 'clean', 'audit: put right');

select * from finish();
rollback;
