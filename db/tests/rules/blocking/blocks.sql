begin;
\ir ../../helpers/start.psql
\ir ../../helpers/month.psql
select plan(105);

set local gym.now = '2026-10-25 12:00';
select who('coach', 'COACH'), who('boss', 'ADMIN') \g /dev/null
select alone(n) from unnest('{ann,bob,cat,dan,eve,fay,gus,hal,ida,jim,kay,leo,mia,ned,oda,pat,quy,ray,sue,tom,ula,vic,viv,wes}'::text[]) n \g /dev/null
select a_month('2026-11-01') \g /dev/null
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('vic');
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null

-- ---- the third absence, from the day after ----

set local gym.now = '2026-11-04 20:00';
select is(miss('ann', '2026-11-02', '2026-11-03', '2026-11-04'), 'STUDENT',
  'a third absence does not block on its day');
select is(nightly(), 0, 'not by the job either');
set local gym.now = '2026-11-04 23:59:59';
select is(nightly() || ' ' || standing('ann'), '0 STUDENT', 'nor in the day''s last second');
select is(audit(), 'clean', 'audit: before the day is over');
set local gym.now = '2026-11-05 00:00';
select is(audit(), 'clean', 'audit: the day is over, the job has not run yet');
select is(nightly() || ' ' || standing('ann'), '1 BLOCKED barred from 12-2026',
  'the day after: blocked, and barred from the next month only');
select is(nightly(), 0, 'the job twice: nothing more');
select results_eq(
  $$ select month, absences, created_at, created_by, ends_on, lifted_at from gym.blocks where user_id = who('ann') $$,
  $$ values (date '2026-11-01', '{2026-11-02,2026-11-03,2026-11-04}'::date[], rules.clock(), null::integer, null::date, null::timestamptz) $$, 'the block names its absences');
select is(events('ann'), 'blocked', 'the ledger names it');
select is(rules.is_blocked(who('ann')) || ' ' || rules.blocked_until(who('ann')), 'true 2026-11-30',
  'is_blocked, blocked_until: to the end of the month');
select is((select array_agg(month::text order by month) from unnest('{2026-11-01,2026-12-01,2027-01-01}'::date[]) month
  where rules.is_barred(who('ann'), month)),
  '{2026-12-01}', 'is_barred: from the next month and no other');
select is(audit(), 'clean', 'audit: blocked');

-- ---- corrections count at once ----

set local gym.now = '2026-11-09 20:00';
select is(miss('bob', '2026-11-02', '2026-11-03'), 'STUDENT', 'two absences do not block');
select is(miss('bob', '2026-11-09'), 'STUDENT', 'nor with a third of today');
select is(miss('bob', '2026-11-04'), 'BLOCKED barred from 12-2026', 'an earlier date marked late: at once');
select is((select absences from gym.blocks where user_id = who('bob')), '{2026-11-02,2026-11-03,2026-11-04}'::date[],
  'today''s does not count yet');
select is(mark('bob', '2026-11-04', m) || ': ' || standing('bob') || ': ' || mark('bob', '2026-11-04', 'absent') || ': '
  || standing('bob'),
  m || ': STUDENT: absent: BLOCKED barred from 12-2026', 'corrected to ' || m || ' and back: at once')
  from unnest('{present,excused,cancelled,unmarked}'::gym.mark[]) m;
select is((select count(*) || ' ' || count(lifted_at) from gym.blocks where user_id = who('bob')), '5 4',
  'every block stays in the table');
select is(events('bob'), 'blocked' || repeat(', unblocked, blocked', 4), 'and in the ledger');
select is((select count(*) from gym.blocks
  where user_id = who('bob') and lifted_at is not null and (lifted_by, lift_reason is null) is distinct
  from (null, false)), 0::bigint,
  'lifted by the rules, with a reason');
set local gym.now = '2026-11-10 00:05';
select is(nightly() || ' ' || events('bob'), '0 nothing', 'a fourth absence does not block twice');
select is(mark('bob', '2026-11-04', 'present') || ' ' || standing('bob'), 'present BLOCKED barred from 12-2026',
  'one of four corrected: three are left');
select is(mark('bob', '2026-11-03', 'present') || ' ' || standing('bob'), 'present STUDENT', 'two are left');
select is(audit(), 'clean', 'audit: corrected');

-- ---- cancelling, closing, moving, forgiving: off and on again ----

set local gym.now = '2026-11-12 10:00';
select is(miss('cat', '2026-11-02', '2026-11-03', '2026-11-04'), 'BLOCKED barred from 12-2026',
  'three absences, all past: at once');
create function help.at_of(p_slot text) returns time
  language sql as $$ select starts_at from gym.slots where id = slot(p_slot) $$;
select rules.cancel_lesson('2026-11-03', at_of('cat tue'), null, null) \g /dev/null
select is(standing('cat'), 'STUDENT', 'a lesson called off does not count');
select rules.restore_lesson('2026-11-03', at_of('cat tue'), null) \g /dev/null
select is(standing('cat'), 'BLOCKED barred from 12-2026', 'restored, it does');
select rules.create_closure('2026-11-01', '2026-11-02', null, 'праздник', null) \g /dev/null
select is(standing('cat'), 'STUDENT', 'a day closed does not count');
select is(standing('ann'), 'STUDENT', 'for anybody');
select rules.delete_closure((select max(id) from gym.closures), null) \g /dev/null
select is(standing('cat') || ', ' || standing('ann'), 'BLOCKED barred from 12-2026, BLOCKED barred from 12-2026',
  'opened, it does');
select rules.create_closure('2026-11-04', '2026-11-04', 0, 'перенос', null) \g /dev/null
select is(standing('cat'), 'STUDENT', 'a day moved away does not count');
select is(mark_of('cat', '2026-11-04'), 'unmarked', 'and the lesson run instead is not marked');
select is(miss('cat', '2026-11-04'), 'BLOCKED barred from 12-2026', 'until it is');
select rules.delete_closure((select max(id) from gym.closures), null) \g /dev/null
select is(standing('cat'), 'BLOCKED barred from 12-2026', 'moved back, what was marked then counts');
select events('cat') \g /dev/null
select rules.forgive(who('cat'), '2026-11-03', 'справка', who('boss')) \g /dev/null
select is(standing('cat') || ': ' || events('cat'), 'STUDENT: forgiven, unblocked', 'a date forgiven does not count');
select is(miss('cat', '2026-11-03'), 'STUDENT', 'nor when it is marked as absent again');
select is(mark_of('cat', '2026-11-03'), 'excused', 'it is excused');
select mark('cat', '2026-11-03', 'unmarked') \g /dev/null
select is(mark_of('cat', '2026-11-03'), 'excused', 'also when that is taken back');
select is(miss('cat', '2026-11-09'), 'BLOCKED barred from 12-2026', 'another date counts');
select is(audit(), 'clean', 'audit: off and on again');

-- ---- forgiven ahead of time, twice, in a cancelled lesson, with two lessons a day ----

select rules.forgive(who('dan'), '2026-11-16', 'сборы', who('boss')) \g /dev/null
select is(mark_of('dan', '2026-11-16'), 'excused', 'forgive: ahead of time the mark is excused');
select is((select (set_at = rules.clock(), set_by = who('boss'))::text from gym.marks
  where id = mark_id('dan', '2026-11-16')), '(t,t)', 'by whom and when');
select is(events('dan'), 'forgiven', 'forgive: the ledger says so');
select rules.forgive(who('dan'), '2026-11-16', 'сборы', who('boss')) \g /dev/null
select is(events('dan'), 'nothing', 'forgive: twice is once');
set local gym.now = '2026-11-17 10:00';
select is(miss('dan', '2026-11-02', '2026-11-03', '2026-11-16'), 'STUDENT', 'forgive: what is marked as absent later');
select is(nightly() || ' ' || standing('dan'), '0 STUDENT', 'is excused');
select mark('dan', '2026-11-16', 'present') \g /dev/null
select is(mark_of('dan', '2026-11-16'), 'present', 'forgive: who came is present all the same');
select rules.cancel_lesson('2026-11-04', at_of('dan wed'), null, null), rules.forgive(who('dan'), '2026-11-04', 'сборы', null) \g /dev/null
select is(mark_of('dan', '2026-11-04'), 'cancelled (excused)', 'forgive: in a cancelled lesson');
select rules.restore_lesson('2026-11-04', at_of('dan wed'), null) \g /dev/null
select is(mark_of('dan', '2026-11-04'), 'excused', 'excused when it is restored');
select is(refusal($$ select rules.forgive(-1, '2026-11-04', 'r', null) $$), 'ENGON user_not_found',
  'user_not_found: forgive');
select rules.forgive(who('dan'), '2026-11-19', 'r', null) \g /dev/null
select is(mark_of('dan', '2026-11-19') || ', ' || events('dan'), 'none, forgiven, forgiven',
  'forgive: a date without a lesson');
-- a Monday's 16:00, then cancelled, then a Monday's 17:30
set local gym.now = '2026-11-16 12:00';
select rules.cancel((select id from gym.enrolments where slot_id = slot('eve mon')), null), book('eve', 'mon') \g /dev/null
set local gym.now = '2026-11-16 16:30';
select rules.cancel((select id from gym.enrolments where slot_id = slot('mon')), null), book('eve', 'mon2') \g /dev/null
set local gym.now = '2026-11-18 12:00';
select is(mark_of('eve', '2026-11-16'), 'unmarked, unmarked, unmarked', 'three lessons on one day');
update gym.marks set mark = 'absent' where user_id = who('eve') and date = '2026-11-16';
select is(standing('eve') || ' ' || (select absences::text from gym.blocks where user_id = who('eve')),
  'BLOCKED barred from 12-2026 {2026-11-16,2026-11-16,2026-11-16}',
  'each counts, also by one raw UPDATE');
select rules.forgive(who('eve'), '2026-11-16', 'r', null) \g /dev/null
select is(mark_of('eve', '2026-11-16') || ' ' || standing('eve'), 'excused, excused, excused STUDENT',
  'forgive: all of them');
select is(audit(), 'clean', 'audit: forgiven');

-- ---- a whole lesson at once; the unmarked of a marked lesson ----

select miss(n, '2026-11-02', '2026-11-03') from unnest('{fay,gus,hal,ida}'::text[]) n \g /dev/null
set local gym.now = '2026-11-12 15:00';
update gym.enrolments set cancelled_at = rules.clock()
  where slot_id in (slot('fay wed'), slot('gus wed'), slot('hal wed'), slot('ida wed'));
select book(n, 'thu') from unnest('{fay,gus,hal,ida}'::text[]) n \g /dev/null
set local gym.now = '2026-11-13 10:00';
select rules.mark_lesson('2026-11-12', '16:00', array[who('ida')], '{}', who('coach')) \g /dev/null
select is((select string_agg(n || ' ' || standing(n), ', ' order by n) from unnest('{fay,gus,hal,ida}'::text[]) n),
  'fay BLOCKED barred from 12-2026, gus BLOCKED barred from 12-2026, hal BLOCKED barred from 12-2026, ida STUDENT',
    'mark_lesson: three blocked by one statement');
select is((select count(*) from gym.ledger where event = 'blocked' and at = rules.clock()), 3::bigint,
  'the ledger has each once');
select rules.mark_lesson('2026-11-12', '16:00', array[who('fay'), who('gus')], array[who('hal')], who('coach')) \g /dev/null
select is((select string_agg(n || ' ' || standing(n), ', ' order by n) from unnest('{fay,gus,hal,ida}'::text[]) n),
  'fay STUDENT, gus STUDENT, hal STUDENT, ida BLOCKED barred from 12-2026', 'mark_lesson: corrected as a whole');
select is(rules.unmark_lesson('2026-11-12', '16:00', null) || ' ' || standing('ida'), '3 STUDENT',
  'unmark_lesson: nobody is absent');
select mark('fay', '2026-11-12', 'present') \g /dev/null
select is((select string_agg(n || ' ' || standing(n), ', ' order by n) from unnest('{fay,gus,hal,ida}'::text[]) n),
  'fay STUDENT, gus BLOCKED barred from 12-2026, hal STUDENT, ida BLOCKED barred from 12-2026',
    'one marked: the unmarked are absent, at once');
select mark('fay', '2026-11-12', 'excused') \g /dev/null
select is(standing('gus') || ', ' || standing('ida'), 'STUDENT, STUDENT', 'that one excused: nobody marked it');
update gym.settings set unmarked_is_absent = true;
select is(standing('gus') || ', ' || standing('ida'), 'BLOCKED barred from 12-2026, BLOCKED barred from 12-2026',
  'unmarked_is_absent: judges everybody at once');
update gym.enrolments set cancelled_at = null where user_id = who('vic');
select is(standing('vic'), 'BLOCKED barred from 12-2026',
  'unmarked_is_absent: a cancelling taken back in mid-month brings absences, judged at once');
select is(audit(), 'clean', 'audit: unmarked_is_absent');
update gym.settings set unmarked_is_absent = false;
select is(standing('gus') || ', ' || standing('ida') || ', ' || standing('jim'), 'STUDENT, STUDENT, STUDENT',
  'and back');
select is(audit(), 'clean', 'audit: and back');

-- ---- seats of the next month, freed and given back ----

set local gym.now = '2026-11-25 12:00:01';
select a_month('2026-12-01', 'dec ') \g /dev/null
select miss('jim', '2026-11-02', '2026-11-03') \g /dev/null
select book('jim', 'dec mon'), book('jim', 'dec tue'), book('jim', 'dec fri'), events('jim') \g /dev/null
select is(miss('jim', '2026-11-04') || ': ' || held('jim'), 'BLOCKED barred from 12-2026: jim mon jim tue jim wed',
  'a block frees next month''s seats and keeps this month''s');
select is(events('jim'), 'blocked, seat freed dec mon, seat freed dec tue, seat freed dec fri',
  'the ledger names them');
select is((select string_agg(distinct cancel_reason || coalesce(cancelled_by::text, ''), ' ') from gym.enrolments
  where user_id = who('jim') and cancelled_at is not null), 'blocked', 'the enrolments say why');
select is(seats('dec mon') || ', ' || seats('dec tue'), '0 of 12, 0 of 12', 'the seats are free');
select is(refusal($$ select rules.choose_slots(who('jim'), array[slot('dec mon')]) $$), 'ENRUL student_blocked',
  'student_blocked: he does not enrol');
select is(audit(), 'clean', 'audit: seats freed');
select is(mark('jim', '2026-11-04', 'present') || ' ' || standing('jim') || ': ' || held('jim'),
  'present STUDENT: jim mon jim tue jim wed dec mon dec tue dec fri', 'unblocked: they are given back');
select is(events('jim'), 'unblocked, seat given back dec mon, seat given back dec tue, seat given back dec fri',
  'the ledger names them');
select is(seats('dec mon') || ', ' || seats('dec tue'), '1 of 12, 1 of 12', 'the seats are taken again');

-- a seat that was forced comes back forced
savepoint beyond;
select rules.enrol(who('jim'), slot('dec sat'), null, true), mark('jim', '2026-11-04', 'absent') \g /dev/null
select mark('jim', '2026-11-04', 'present') \g /dev/null
select is(held('jim'), 'jim mon jim tue jim wed dec mon dec tue dec fri dec sat',
  'given back: a seat beyond the limit too');
select is(audit(), 'clean', 'given back: as such');
rollback to beyond;

-- each reason for which a seat is not given back
select miss('jim', '2026-11-04') \g /dev/null
update gym.slots set capacity = 1 where id = slot('dec mon');
select crowd('dec mon', 1), rules.delete_slot(slot('dec tue'), false), make_slot('dec fri2', 4, '19:00', 5), rules.enrol(who('jim'), slot('dec fri2'), null), events('jim') \g /dev/null
select mark('jim', '2026-11-04', 'present') \g /dev/null
select is(events('jim'), 'unblocked, seat not given back dec mon (мест больше нет), seat not given back dec tue (занятие удалено), seat not given back dec fri (в этот день уже есть занятие)',
  'not given back: seat taken, slot deleted, weekday taken; the ledger says why');
select is(held('jim') || ': ' || seats('dec fri') || ', ' || seats('dec mon'),
  'jim mon jim tue jim wed dec fri2: 0 of 12, 1 of 1', 'and nothing else changed');
select book('kay', 'dec wed'), book('kay', 'dec thu'), book('kay', 'dec fri'), miss('kay', '2026-11-02', '2026-11-03', '2026-11-04') \g /dev/null
select rules.enrol(who('kay'), slot('dec sat'), null), rules.enrol(who('kay'), slot('dec sun'), null), events('kay') \g /dev/null
select is(mark('kay', '2026-11-04', 'excused') || ' ' || events('kay'),
  'excused unblocked, seat given back dec wed, seat not given back dec thu (занятий уже столько, сколько можно), '
  'seat not given back dec fri (занятий уже столько, сколько можно)',
  'not given back: as many as there may be');
select is(held('kay'), 'kay mon kay tue kay wed dec wed dec sat dec sun', 'one of three fitted');
select book('leo', 'dec wed'), miss('leo', '2026-11-02', '2026-11-03', '2026-11-04'), rules.block(who('leo'), 'шум', null, who('boss')), events('leo') \g /dev/null
select is(mark('leo', '2026-11-04', 'present') || ' ' || standing('leo') || ': ' || events('leo'),
  'present BLOCKED barred from 11-2026 12-2026: unblocked, seat not given back dec wed (действует другая блокировка)',
    'not given back: a block by hand stands');
select is(audit(), 'clean', 'audit: seats given back or not');

-- ---- the month's last day, and what is judged after the turn ----

select make_slot('dec tue3', 1, '19:00', 5, '2026-12-01') \g /dev/null
select miss(n, '2026-11-23', '2026-11-24'), events(n) from unnest('{mia,ned,oda}'::text[]) n \g /dev/null
select book(p, s) from unnest('{mia,ned}'::text[]) p, unnest('{dec tue3,dec wed}'::text[]) s \g /dev/null
set local gym.now = '2026-11-30 20:00';
select is(miss('mia', '2026-11-30'), 'STUDENT', 'the last day''s absence does not count on the day');
select is(nightly(), 0, 'not by the job');
set local gym.now = '2026-12-01 00:05';
select is(audit(), 'clean', 'audit: the month is over, the job has not run yet');
select nightly() \g /dev/null
select is(standing('mia') || ': ' || held('mia'), 'STUDENT barred from 12-2026: mia mon mia tue mia wed',
  'on the 1st: barred from the running month, its seats are freed, the role is STUDENT');
select is(events('mia') || ': ' || dates('mia', '2026-12-01'), 'blocked, seat freed dec tue3, seat freed dec wed: none',
  'and all its marks are gone');
select is(rules.is_blocked(who('mia')) || ', ' || coalesce(rules.blocked_until(who('mia'))::text, 'not'), 'false, not',
  'is_blocked: not any more');
select is(audit(), 'clean', 'audit: the last day judged');
set local gym.now = '2026-12-03 10:00';
select is(dates('ned', '2026-12-01'), '01 02 08 09 15 16 22 23 29 30', 'on the 3rd he holds two seats');
select is(miss('ned', '2026-11-25') || ': ' || dates('ned', '2026-12-01'), 'STUDENT barred from 12-2026: 01 02',
  'an old mark corrected to absent: marks to come are withdrawn, those past kept');
select is(events('ned'), 'blocked, seat freed dec tue3, seat freed dec wed', 'and the seats are freed');
select is(audit(), 'clean', 'audit: corrected after the turn');
set local gym.now = '2026-12-09 16:00';
select is(mark('ned', '2026-11-25', 'present') || ' ' || standing('ned') || ': ' || dates('ned', '2026-12-01'),
  'present STUDENT: 01 02 15 16 22 23 29 30', 'corrected again: given back, from the next lesson not yet begun');
select is(events('ned'), 'unblocked, seat given back dec tue3, seat given back dec wed', 'outside the window too');
select is(refusal($$ select rules.choose_slots(who('ned'), '{}') $$), 'ENRUL enrolment_closed', 'which is closed');
select is(audit(), 'clean', 'audit: corrected again');
select is(miss('ned', '2026-11-25') || ', ' || events('ned'),
  'STUDENT barred from 12-2026, blocked, seat freed dec tue3, seat freed dec wed', 'and once more');
set local gym.now = '2027-01-02 10:00';
select nightly() \g /dev/null
select is(mark('ned', '2026-11-25', 'present') || ' ' || standing('ned') || ', ' || events('ned'),
  'present STUDENT, nothing', 'two months later a correction changes no block');
select is(mark('oda', '2026-11-30', 'absent') || ' ' || standing('oda') || ', ' || events('oda'),
  'absent STUDENT, nothing', 'nor makes one');
select is(audit(), 'clean', 'audit: two months later');

select * from finish();
rollback;
