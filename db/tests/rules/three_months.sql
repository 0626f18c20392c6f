begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(38);

-- Absences of one month bar from the next, and from no other: November to February, with the schedule's own slots and
-- enrolment as students do it. Ann misses in November, Bob in November and December, Zoe never; Tim on November's
-- last day.

create function help.slots_named(p_month date, p_prefix text) returns void
language sql as $$
  insert into help.slots
  select p_prefix || (array['mon','tue','wed','thu','fri','sat'])[s.weekday + 1], s.id from gym.slots s
    where s.month = p_month and s.starts_at = '16:00'
$$;
create function help.choose(p_person text, p_prefix text) returns text
language sql as $$ select refusal(format('select rules.choose_slots(%s, %L)', who(p_person), array[slot(p_prefix || 'mon'), slot(p_prefix || 'tue'), slot(p_prefix || 'wed')])) $$;
create function help.everybody_present(p_date date, variadic p_absent text[]) returns void
language sql as $$
  select rules.mark_lesson(p_date, '16:00',
    array(select m.user_id from rules.lesson_marks(p_date, '16:00') m
    where not m.user_id = any (array(select who(a) from unnest(p_absent) a))), '{}', null)
$$;

set local gym.now = '2026-10-20 00:05';
select rules.ensure_slots(), slots_named('2026-11-01', 'nov ') \g /dev/null
set local gym.now = '2026-10-25 12:00';
select is((select string_agg(choose(n, 'nov '), ' ') from unnest('{ann,bob,tim,zoe}'::text[]) n), 'none none none none',
  'all enrol for November');
set local gym.now = '2026-11-01 00:05';
select is(nightly(), 4 * (5 + 4 + 4), 'November''s marks are made');
set local gym.now = '2026-11-03 20:00';
select everybody_present('2026-11-02', 'ann', 'bob', 'tim'), everybody_present('2026-11-03', 'ann', 'bob', 'tim') \g /dev/null
set local gym.now = '2026-11-20 00:05';
select rules.ensure_slots(), slots_named('2026-12-01', 'dec ') \g /dev/null
set local gym.now = '2026-11-25 12:00';
select is((select string_agg(choose(n, 'dec '), ' ') from unnest('{ann,bob,tim,zoe}'::text[]) n), 'none none none none',
  'all enrol for December');
select is(seats('dec mon'), '4 of 12', 'and hold their seats');
set local gym.now = '2026-11-25 18:00';
select everybody_present('2026-11-25', 'ann', 'bob') \g /dev/null
select is(standing('ann'), 'STUDENT', 'third absence: not on the day');
set local gym.now = '2026-11-26 00:05';
select is(nightly(), 2, 'the day after two are blocked');
select is(standing('ann') || ', ' || standing('bob'), 'BLOCKED barred from 12-2026, BLOCKED barred from 12-2026',
  'to the end of November, and for December');
select is(held('ann') || '; ' || seats('dec mon'), 'nov mon nov tue nov wed; 2 of 12',
  'their seats of December are free, those of November stay');
select is(choose('ann', 'dec ') || ', ' || choose('zoe', 'dec '), 'ENRUL student_blocked, none',
  'they can''t enrol for December, others can');
select is(refusal($$ select rules.choose_slots(who('ann'), '{}') $$), 'ENRUL student_blocked', 'not even for nothing');
select is(ask('user/absences', who('ann')) - 'absences',
  '{"month": "11-2026", "limit": 3, "blocked": true, "blockedUntil": "2026-11-30"}', 'the student sees it');
select is(audit(), 'clean', 'audit: November');

set local gym.now = '2026-11-30 20:00';
select everybody_present('2026-11-30', 'tim') \g /dev/null
select is(nightly() || ' ' || standing('tim'), '0 STUDENT', 'the last day''s absence does not count on it');
set local gym.now = '2026-11-30 23:59:59';
select is((select role::text from gym.users where id = who('ann')), 'BLOCKED', 'November''s last second: BLOCKED');
set local gym.now = '2026-12-01 00:00';
select is(rules.is_blocked(who('ann')) || ' ' || rules.is_barred(who('ann'), '2026-12-01') || ' '
  || rules.is_barred(who('ann'), '2027-01-01'), 'false true false', 'December''s first: barred from it only');
select is(audit(), 'clean', 'audit: December, before the job');
select nightly() \g /dev/null
select is((select string_agg(n || ' ' || standing(n), ', ' order by n) from unnest('{ann,bob,tim,zoe}'::text[]) n),
  'ann STUDENT barred from 12-2026, bob STUDENT barred from 12-2026, tim STUDENT barred from 12-2026, zoe STUDENT',
    'after the job: students again; the last day was judged');
select is(dates('ann', '2026-12-01') || ', ' || dates('tim', '2026-12-01') || ', ' || dates('zoe', '2026-12-01'),
  'none, none, 01 02 07 08 09 14 15 16 21 22 23 28 29 30', 'who is barred has no lesson in December');
select is(seats('dec mon'), '1 of 12', 'Tim''s seat of the running month is free');
select is(ask('user/absences', who('ann')),
  '{"month": "12-2026", "absences": [], "limit": 3, "blocked": false, "blockedUntil": null}',
  'the student starts afresh');
select rules.enrol(who('bob'), slot('dec mon'), null), rules.enrol(who('bob'), slot('dec tue'), null), rules.enrol(who('bob'), slot('dec wed'), null) \g /dev/null
select is(dates('bob', '2026-12-01'), '01 02 07 08 09 14 15 16 21 22 23 28 29 30',
  'an administrator may enrol somebody barred');
select is(audit(), 'clean', 'audit: December');
select is(nightly() || ' ' || held('bob'), '0 nov mon nov tue nov wed dec mon dec tue dec wed',
  'and the job leaves him there');

set local gym.now = '2026-12-10 00:05';
select everybody_present('2026-12-01', 'bob'), everybody_present('2026-12-02', 'bob'), everybody_present('2026-12-07', 'bob') \g /dev/null
select is(standing('bob'), 'BLOCKED barred from 12-2026 01-2027', 'Bob misses three in December too');
select is(mark('bob', '2026-11-25', 'present') || ' ' || standing('bob') || ', ' || events('bob'),
  'present BLOCKED barred from 01-2027, blocked, seat freed dec mon, seat freed dec tue, seat freed dec wed, '
  'blocked, unblocked, '
  || 'seat not given back dec mon (в этот день уже есть занятие), seat not given back dec tue (в этот день уже есть занятие), seat not given back dec wed (в этот день уже есть занятие)',
  'November corrected in December: its bar is lifted, December''s stays');
select is(mark('bob', '2026-11-25', 'absent') || ' ' || standing('bob') || ', ' || held('bob'),
  'absent BLOCKED barred from 12-2026 01-2027, nov mon nov tue nov wed',
  'and back: the seats of the running month are freed');
select is(dates('bob', '2026-12-01'), '01 02 07 08 09', 'those past are kept');
select is(audit(), 'clean', 'audit: corrected in December');
set local gym.now = '2026-12-20 00:05';
select rules.ensure_slots(), slots_named('2027-01-01', 'jan ') \g /dev/null
set local gym.now = '2026-12-25 12:00';
select is((select string_agg(choose(n, 'jan '), ', ') from unnest('{ann,tim,bob}'::text[]) n),
  'none, none, ENRUL student_blocked', 'in December''s window Ann and Tim are free for January, Bob is not');
select is(audit(), 'clean', 'audit: December''s window');
-- down over the turn of the month, and for a week
set local gym.now = '2027-01-08 03:00';
select nightly() \g /dev/null
select is((select string_agg(n || ' ' || standing(n), ', ' order by n) from unnest('{ann,bob,tim}'::text[]) n),
  'ann STUDENT, bob STUDENT barred from 01-2027, tim STUDENT', 'January');
select is(dates('ann', '2027-01-01'), '04 05 06 11 12 13 18 19 20 25 26 27', 'Ann trains again');
select is(audit(), 'clean', 'audit: January, after a week down');
select is(mark('bob', '2026-11-25', 'present') || ' ' || standing('bob') || ', ' || events('bob'),
  'present STUDENT barred from 01-2027, blocked, seat freed dec mon, seat freed dec tue, seat freed dec wed',
  'November corrected in January changes nothing any more');
set local gym.now = '2027-01-20 00:05';
select rules.ensure_slots(), slots_named('2027-02-01', 'feb ') \g /dev/null
set local gym.now = '2027-01-25 12:00';
select is(choose('bob', 'feb '), 'none', 'in January''s window Bob is free for February');
select is(rules.is_barred(who('bob'), '2027-02-01'), false, 'barred from January only');
-- down for two months: what they missed bars from nothing any more
select everybody_present('2027-01-04', 'ann'), everybody_present('2027-01-05', 'ann') \g /dev/null
alter table gym.marks disable trigger marks__judge_update;
select everybody_present('2027-01-06', 'ann') \g /dev/null
alter table gym.marks enable trigger marks__judge_update;
set local gym.now = '2027-03-10 03:00';
select nightly() \g /dev/null
select is(standing('ann') || ', ' || audit(), 'STUDENT, clean', 'never judged in its time: no block in March');
set local gym.now = '2027-03-10 04:00';
select is(nightly(), 0, 'and the job has nothing left to do');

select * from finish();
rollback;
