begin;
\ir ../../helpers/start.psql
\ir ../../helpers/month.psql
select plan(110);

set local gym.now = '2026-10-25 12:00';
select who('coach', 'COACH'), who('boss', 'ADMIN') \g /dev/null
select alone(n) from unnest('{ann,bob,cat,dan,eve,fay,gus,hal,ida,jim,kay,leo,mia,ned,oda,pat,quy,ray,sue,tom}'::text[]) n \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly(), a_month('2026-12-01', 'dec ', 20), a_month('2027-01-01', 'jan ', 20) \g /dev/null
create function help.standings(p_people text[]) returns text
language sql
  as $$ select string_agg(n || ' ' || standing(n), ', ' order by o) from unnest(p_people) with ordinality p (n, o) $$;

-- ---- a block by hand without an end ----

set local gym.now = '2026-11-10 12:00';
select book('ann', 'dec mon'), book('ann', 'jan mon') \g /dev/null
select results_eq($$ select user_id, month, reason, created_at, created_by, ends_on, lifted_at from rules.block(who('ann'), 'шум', null, who('boss')) $$,
  $$ values (who('ann'), null::date, 'шум', rules.clock(), who('boss'), null::date, null::timestamptz) $$,
    'block: by an administrator, with a reason');
select is(standing('ann') || ', ' || held('ann'), 'BLOCKED barred from 11-2026 12-2026, ann mon ann tue ann wed',
  'block: BLOCKED, and the seats of next month and later are freed');
select is(events('ann'), 'blocked, seat freed dec mon, seat freed jan mon', 'block: the ledger says so');
select is((select by_user from gym.ledger where event = 'blocked' and user_id = who('ann')), who('boss'),
  'block: and by whom');
select is(coalesce(rules.blocked_until(who('ann'))::text, 'open'), 'open', 'blocked_until: no end');
select is(refusal($$ select rules.block(who('ann'), 'ещё', null, null) $$), 'ENRUL blocks_one_by_hand',
  'blocks_one_by_hand: a second');
select is(refusal($$ select rules.block(who('ann'), 'ещё', '2026-12-31', null) $$), 'ENRUL blocks_one_by_hand',
  'blocks_one_by_hand: a second, with an end');
select is(refusal($$ insert into gym.blocks (user_id, reason, created_at) values (who('ann'), 'r', now()) $$),
  '23505 blocks_one_by_hand', 'blocks_one_by_hand: a raw INSERT');
select is(miss('ann', '2026-11-02', '2026-11-03', '2026-11-04'), 'BLOCKED barred from 11-2026 12-2026',
  'three absences on top of it');
select is(events('ann'), 'blocked', 'are a block of their own');
select is(mark('ann', '2026-11-04', 'present') || ' ' || standing('ann') || ', ' || events('ann'),
  'present BLOCKED barred from 11-2026 12-2026, unblocked', 'which the rules lift, and not the one by hand');
select is(nightly() || ' ' || standing('ann'), '0 BLOCKED barred from 11-2026 12-2026', 'nor does the job');
select is(refusal($$ select rules.unblock(who('coach'), 'r', null) $$), 'ENRUL not_blocked', 'not_blocked: a coach');
select is(refusal($$ select rules.unblock(-1, 'r', null) $$), 'ENGON user_not_found', 'user_not_found: unblock');
select is(refusal($$ select rules.block(-1, 'r', null, null) $$), 'ENGON user_not_found', 'user_not_found: block');
select is(refusal($$ select rules.block(who('coach'), 'r', null, null) $$), 'ENRUL block_students_only',
  'block_students_only: a coach');
select is(refusal($$ select rules.block(who('boss'), 'r', null, null) $$), 'ENRUL block_students_only',
  'block_students_only: an administrator');
select is(audit(), 'clean', 'audit: a block by hand');

-- ---- with an end ----

select is(refusal($$ select rules.block(who('bob'), 'r', '2026-11-09', null) $$), 'ENREQ block_ends_past',
  'block_ends_past: yesterday');
select is(rules.is_blocked(who('bob')), false, 'block_ends_past: nothing was changed');
select book('bob', 'dec mon'), rules.block(who('bob'), 'шум', '2026-11-10', null), rules.block(who('cat'), 'шум', '2026-12-05', null), events('bob') \g /dev/null
select is(standing('bob') || ', ' || rules.blocked_until(who('bob')), 'BLOCKED barred from 11-2026 12-2026, 2026-11-10',
  'block: to the end of today');
set local gym.now = '2026-11-10 23:59:59';
select is(nightly() || ' ' || standing('bob'), '0 BLOCKED barred from 11-2026 12-2026',
  'the last day counts to its end');
set local gym.now = '2026-11-11 00:00';
select is(audit(), 'clean', 'audit: the end has come, the job has not run yet');
select is(rules.is_barred(who('bob'), '2026-12-01'), false, 'the bar is gone with the end');
select is(nightly() || ' ' || standing('bob') || ', ' || events('bob'), '1 STUDENT, nothing',
  'the job makes the role so; the seats stay free');
select is(refusal($$ select rules.unblock(who('bob'), 'r', null) $$), 'ENRUL not_blocked', 'not_blocked: it has ended');
select is(rules.unblock(who('cat'), 'ладно', null) || ' ' || standing('cat'), '1 STUDENT', 'unblock: before its end');
select rules.block(who('cat'), 'опять', '2026-12-05', null), rules.block(who('bob'), 'опять', '2026-11-12', null) \g /dev/null
select is(standings('{bob,cat}'), 'bob BLOCKED barred from 11-2026 12-2026, cat BLOCKED barred from 11-2026 12-2026',
  'one ended or lifted, another may follow');

-- ---- unblock pardons the whole month ----

set local gym.now = '2026-11-17 12:00';
select nightly(), book('dan', 'dec mon'), miss('dan', '2026-11-02', '2026-11-03', '2026-11-04'), events('dan') \g /dev/null
select is(rules.unblock(who('dan'), 'справка', who('boss')) || ' ' || standing('dan') || ', ' || events('dan'),
  '1 STUDENT, pardoned, unblocked, seat given back dec mon', 'unblock: by absences');
select is((select (month, reason, made_at = rules.clock(), made_by = who('boss'))::text from gym.pardons
  where user_id = who('dan')), '(2026-11-01,справка,t,t)', 'unblock: the month is pardoned');
select is(miss('dan', '2026-11-09', '2026-11-10', '2026-11-11') || ', ' || events('dan'), 'STUDENT, nothing',
  'the next absences of the month do not block');
select is(nightly(), 0, 'nor does the job');
select rules.block(who('dan'), 'шум', null, null), rules.unblock(who('dan'), 'ладно', null) \g /dev/null
select is(events('dan'), 'blocked, seat freed dec mon, unblocked, seat given back dec mon',
  'unblock: a second time pardons nothing twice');
select miss('eve', '2026-11-02', '2026-11-03', '2026-11-04'), rules.block(who('eve'), 'шум', null, null), events('eve') \g /dev/null
select is(rules.unblock(who('eve'), 'ладно', null) || ' ' || standing('eve') || ', ' || events('eve'),
  '2 STUDENT, pardoned, unblocked, unblocked', 'unblock: all blocks that stand');
select rules.block(who('fay'), 'шум', null, null), rules.unblock(who('fay'), 'ладно', null) \g /dev/null
select is(miss('fay', '2026-11-02', '2026-11-03', '2026-11-04'), 'STUDENT',
  'unblock: of a block by hand pardons the month too');
select is(audit(), 'clean', 'audit: a month pardoned');
select book('gus', 'dec mon'), miss('gus', '2026-11-02', '2026-11-03', '2026-11-04'), events('gus') \g /dev/null
insert into gym.pardons (user_id, month, reason, made_at) values (who('hal'), '2026-12-01', 'сборы', rules.clock());
select is(events('hal'), 'pardoned', 'a month pardoned by a raw INSERT, ahead of time');

-- ---- the role, set by hand ----

set local gym.now = '2026-11-18 12:00';
select book('hal', 'dec mon'), book('ida', 'dec mon') \g /dev/null
select set_config('gym.actor', who('boss')::text, true) \g /dev/null
update gym.users set role = 'BLOCKED' where id in (who('hal'), who('ida'));
select set_config('gym.actor', '', true) \g /dev/null
select is(standings('{hal,ida}'), 'hal BLOCKED barred from 11-2026 12-2026, ida BLOCKED barred from 11-2026 12-2026',
  'role BLOCKED by a raw UPDATE, two at once: a block by hand each');
select is(events('hal') || '; ' || events('ida'), 'blocked, seat freed dec mon; blocked, seat freed dec mon',
  'with all that follows');
select is((select count(*) from gym.blocks
  where created_by = who('boss') and created_at = rules.clock() and ends_on is null and month is null), 2::bigint,
  'by whom');
select is(nightly(), 0, 'the job leaves it');
select is(audit(), 'clean', 'audit: role BLOCKED by a raw UPDATE');
update gym.users set role = 'STUDENT' where id = who('hal');
select is(standing('hal') || ', ' || events('hal'), 'STUDENT, pardoned, unblocked, seat given back dec mon',
  'role STUDENT by a raw UPDATE: an unblock');
select miss('hal', '2026-11-02', '2026-11-03', '2026-11-04'), events('hal') \g /dev/null
select is(standing('hal'), 'STUDENT', 'which pardons the month');
update gym.users set role = 'COACH' where id = who('ida');
select is(standing('ida') || ', ' || events('ida'), 'COACH, pardoned, unblocked, seat given back dec mon',
  'made a coach: no longer blocked');
select miss('jim', '2026-11-02', '2026-11-03', '2026-11-04'), events('jim') \g /dev/null
update gym.users set role = 'STUDENT' where id = who('jim');
select is(standing('jim') || ', ' || events('jim') || ', ' || miss('jim', '2026-11-09'),
  'STUDENT, pardoned, unblocked, STUDENT', 'blocked by absences and set to STUDENT: an unblock');
update gym.users set role = 'BLOCKED' where id = who('jim');
update gym.users set role = 'BLOCKED', firstname = 'Джим' where id = who('jim');
select is(standing('jim') || ', ' || events('jim'), 'BLOCKED barred from 11-2026 12-2026, blocked',
  'set to BLOCKED twice: one block');
insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role) values (899999999, 'Н', '',
  'Н', '', '-', 'BLOCKED');
select is((select count(*) from gym.blocks b join gym.users u on u.id = b.user_id where u.student_card = 899999999),
  1::bigint, 'somebody who signs up as BLOCKED has a block by hand');
select is(audit(), 'clean', 'audit: the role, set by hand');

-- ---- only students ----

update gym.users set role = 'COACH' where id = who('kay');
update gym.users set role = 'ADMIN' where id = who('leo');
select is(miss('kay', '2026-11-02', '2026-11-03', '2026-11-04') || ', '
  || miss('leo', '2026-11-02', '2026-11-03', '2026-11-04') || ', ' || nightly(), 'COACH, ADMIN, 0',
  'coaches and administrators are never blocked');
select is(audit(), 'clean', 'audit: a coach with absences');
update gym.users set role = 'STUDENT' where id = who('kay');
select is(standing('kay'), 'BLOCKED barred from 12-2026', 'a coach with absences made a student: blocked');
select is(audit(), 'clean', 'audit: a coach made a student');
select nightly() \g /dev/null
select is(audit(), 'clean', 'audit: after the job');

-- ---- people deleted ----

select miss('mia', '2026-11-02', '2026-11-03'), rules.delete_user(who('mia')) \g /dev/null
select is(miss('mia', '2026-11-04') || ', ' || nightly() || ', ' || events('mia'), 'STUDENT, 0, nothing',
  'somebody deleted is not blocked');
select is(audit(), 'clean', 'audit: somebody deleted with three absences');
select rules.restore_user(who('mia')) \g /dev/null
select is(standing('mia'), 'BLOCKED barred from 12-2026', 'restored: is');
select is(audit(), 'clean', 'audit: somebody restored');
select nightly() \g /dev/null
select is(audit(), 'clean', 'audit: after the job');
select book('ned', 'dec mon'), miss('ned', '2026-11-02', '2026-11-03', '2026-11-04'), rules.delete_user(who('ned')), events('ned') \g /dev/null
select is(mark('ned', '2026-11-04', 'present') || ' ' || (select role::text from gym.users where id = who('ned')),
  'present BLOCKED', 'deleted while blocked: stays so');
select is(audit(), 'clean', 'audit: deleted while blocked');
select lives_ok($$ select rules.unblock(who('ned'), 'ладно', null) $$, 'unblock: somebody deleted');
select is(standing('ned') || ', ' || events('ned'),
  'STUDENT, pardoned, unblocked, seat not given back dec mon (человек удалён)',
  'unblock: somebody deleted gets no seat back');
select rules.restore_user(who('ned')) \g /dev/null
select is(audit(), 'clean', 'audit: restored');
select rules.delete_user(who('oda')) \g /dev/null
select is(refusal($$ select rules.block(who('oda'), 'r', null, null) $$) || ', '
  || refusal($$ select rules.forgive(who('oda'), '2026-11-09', 'r', null) $$),
  'ENGON user_not_found, ENGON user_not_found', 'user_not_found: block and forgive somebody deleted');
select is(audit(), 'clean', 'audit: people deleted');

-- ---- the limit ----

set local gym.now = '2026-11-19 12:00';
select miss('pat', '2026-11-02', '2026-11-03'), miss('quy', '2026-11-02', '2026-11-03', '2026-11-04', '2026-11-09') \g /dev/null
select book(n, 'dec tue'), events(n) from unnest('{pat,quy}'::text[]) n \g /dev/null
select is(standings('{pat,quy}'), 'pat STUDENT, quy BLOCKED barred from 12-2026', 'the limit is three');
update gym.settings set absences_to_block = 2;
select is(standing('pat') || ', ' || events('pat'), 'BLOCKED barred from 12-2026, blocked, seat freed dec tue',
  'lowered to two: judges at once');
select is(audit(), 'clean', 'audit: the limit lowered');
select rules.set_setting('absences_to_block', '4') \g /dev/null
select is(standings('{pat,quy}') || ', ' || events('pat'),
  'pat STUDENT, quy BLOCKED barred from 12-2026, unblocked, seat given back dec tue',
  'raised to four: lifts at once, and gives back');
update gym.settings set absences_to_block = 5;
select is(standing('quy'), 'STUDENT', 'raised to five');
select is(audit(), 'clean', 'audit: the limit raised');
update gym.settings set absences_to_block = 1;
select is((select count(*) from gym.users u
  join gym.blocks b on b.user_id = u.id and b.lifted_at is null and b.month is not null where u.role = 'BLOCKED') >= 2,
  true, 'lowered to one: many at once');
select is(audit(), 'clean', 'audit: the limit is one');
update gym.settings set absences_to_block = 3;
select is(standings('{pat,quy}'), 'pat STUDENT, quy BLOCKED barred from 12-2026', 'three again');
select is(audit(), 'clean', 'audit: the limit is three again');

-- ---- in portions; nothing is deleted ----

alter table gym.marks disable trigger marks__judge_update;
update gym.marks set mark = 'absent'
  where user_id = any (array[who('ray'), who('sue'), who('tom')]) and date < '2026-11-08';
alter table gym.marks enable trigger marks__judge_update;
select is(rules.ensure_blocks(2) || ' ' || rules.ensure_blocks(2) || ' ' || rules.ensure_blocks(2), '2 1 0',
  'ensure_blocks: so many people a call, until there are none');
select is(standings('{ray,sue,tom}'),
  'ray BLOCKED barred from 12-2026, sue BLOCKED barred from 12-2026, tom BLOCKED barred from 12-2026',
  'ensure_blocks: all of them');
select is((select judged_on from gym.months where month = '2026-11-01'), date '2026-11-19',
  'ensure_blocks: notes up to which day');
select is(refusal(format('delete from gym.%s', t)), 'ENRUL never_deleted', 'never_deleted: ' || t)
  from unnest('{blocks,pardons,ledger}'::text[]) t;
set local client_min_messages = warning;
select is(refusal(format('truncate gym.%s cascade', t)), 'ENRUL never_deleted', 'never_deleted: TRUNCATE of ' || t)
  from unnest('{blocks,pardons,ledger}'::text[]) t;
select is(refusal(format('update gym.%s set reason = reason', t)), 'ENRUL never_deleted', 'never changed: ' || t)
  from unnest('{pardons,ledger}'::text[]) t;

-- ---- the audit, when somebody went behind the rules ----

select is(audit(), 'clean', 'audit: clean before');
alter table gym.marks disable trigger marks__judge_update;
update gym.marks set mark = 'present' where user_id = who('ray') and date = '2026-11-04';
alter table gym.marks enable trigger marks__judge_update;
select is(audit(), 'block_explained_by_absences 1', 'audit: a block that its absences do not explain');
alter table gym.marks disable trigger marks__judge_update;
update gym.marks set mark = 'absent' where user_id = who('ray') and date = '2026-11-04';
update gym.marks set mark = 'absent' where user_id = who('bob') and date < '2026-11-08';
alter table gym.marks enable trigger marks__judge_update;
select is(audit(), 'block_explained_by_absences 1', 'audit: absences without a block');
select is(nightly() || ' ' || audit(), '1 clean', 'the job puts it right');
alter table gym.users disable trigger users__block_update;
update gym.users set role = 'STUDENT' where id = who('ray');
update gym.users set role = 'BLOCKED' where id = who('dan');
alter table gym.users enable trigger users__block_update;
select is(audit(), 'role_says_blocked 2', 'audit: roles that blocks do not explain, in both directions');
select is(nightly() || ' ' || audit(), '2 clean', 'the job puts them right');
select book('sue', 'dec wed') \g /dev/null
select is(audit(), 'clean', 'audit: an administrator may enrol somebody barred');
alter table gym.enrolments disable trigger enrolments__since_update;
update gym.enrolments set created_at = '2026-11-01' where slot_id = slot('dec wed');
alter table gym.enrolments enable trigger enrolments__since_update;
select is(audit(), 'barred_holds_no_seat 1', 'audit: somebody barred holds a seat from before');
update gym.enrolments set cancelled_at = rules.clock() where slot_id = slot('dec wed');
select is(audit(), 'clean', 'audit: put right');

-- ---- over the turn of the month ----

set local gym.now = '2026-12-01 00:05';
select nightly() \g /dev/null
select is(standings('{cat}'), 'cat BLOCKED barred from 12-2026 01-2027',
  'over the turn of the month it stands to its end');
set local gym.now = '2026-12-08 00:05';
select is(audit(), 'clean', 'audit: ended days ago, and the job did not run');
select nightly() \g /dev/null
select is(standing('cat'), 'STUDENT', 'and not longer');
select is(audit(), 'clean', 'audit: ended');

-- an older month's block is lifted in the month that it bars from
set local gym.now = '2026-12-10 12:00';
select nightly(), events('gus') \g /dev/null
select is(standing('gus'), 'STUDENT barred from 12-2026', 'barred from the running month, no longer BLOCKED');
select is(rules.unblock(who('gus'), 'справка', null) || ' ' || standing('gus') || ', ' || events('gus') || ': '
  || dates('gus', '2026-12-01'),
  '1 STUDENT, pardoned, pardoned, unblocked, seat given back dec mon: 14 21 28',
    'unblock: lifts the bar, pardons both months and gives the seat back');
select is(audit(), 'clean', 'audit: an older month''s block lifted');

-- ---- months later ----

set local gym.now = '2027-01-05 12:00';
select is(nightly() >= 0 and standing('ann') = 'BLOCKED barred from 01-2027 02-2027', true, 'it stands for months');
select is(audit(), 'clean', 'audit: a block by hand, months old');
select events('ann') \g /dev/null
select is(rules.unblock(who('ann'), 'ладно', who('boss')) || ' ' || standing('ann'), '1 STUDENT',
  'unblock: until an administrator lifts it');
select is(events('ann'), 'pardoned, unblocked, seat not given back dec mon (месяц прошёл), seat given back jan mon',
  'unblock: seats of a month past do not come back, those of the running one do');
select results_eq(
  $$ select lifted_at, lifted_by, lift_reason from gym.blocks where user_id = who('ann') and month is null $$,
  $$ values (rules.clock(), who('boss'), 'ладно') $$, 'unblock: notes when, who and why');
select is(refusal($$ select rules.unblock(who('ann'), 'ещё', null) $$), 'ENRUL not_blocked', 'not_blocked: twice');
select is(audit(), 'clean', 'audit: unblocked months later');

select * from finish();
rollback;
