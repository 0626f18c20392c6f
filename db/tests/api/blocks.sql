begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(25);

set local gym.now = '2026-10-25 12:00';
select who('coach', 'COACH'), alone(n) from unnest('{ann,bob,cat}'::text[]) n \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly(), a_month('2026-12-01', 'dec ') \g /dev/null
set local gym.now = '2026-11-10 12:00';
select book('ann', 'dec mon'), book('ann', 'dec tue'), miss('ann', '2026-11-02', '2026-11-03'), miss('bob', '2026-11-09') \g /dev/null

-- ---- absences, blocked ----

select is(admin(format($$ select card, person, "group", absences, dates from api.absences where card in (%s, %s) $$,
  card('ann'), card('bob'))),
  format('(%s,"Тестова Ann Ивановна",БИ-21,"2 of 3","02.11, 03.11") (%s,"Тестова Bob Ивановна",БИ-21,"1 of 3",09.11)',
    card('ann'), card('bob')), 'absences: most first');
select is(coalesce(admin($$ select * from api.blocked $$), 'nobody'), 'nobody', 'blocked: nobody');
select miss('ann', '2026-11-04') \g /dev/null
select is(admin($$ select card, for_month, until, reason from api.blocked $$),
  format('(%s,11-2026,2026-11-30,"Пропуски: 02.11, 03.11, 04.11")', card('ann')),
  'blocked: for which month, until when, why');
select is(admin(format($$ select event, at from api.ledger where card = %s $$, card('ann'))),
  '(blocked,"2026-11-10 12:00") ("seat freed","2026-11-10 12:00") ("seat freed","2026-11-10 12:00")',
    'ledger: what happened when');

-- ---- forgive ----

select is(
  admin(format($$ select at, is_marked from api.forgive(card => %s, date => '2026-11-03', reason => 'справка') $$,
  card('ann'))), format('(%s,excused)', (select starts_at from gym.slots where id = slot('ann tue'))),
  'forgive: shows the marks');
select is(standing('ann') || ', ' || events('ann'), 'STUDENT, blocked, seat freed dec mon, seat freed dec tue, forgiven, unblocked, seat given back dec mon, seat given back dec tue', 'forgive: and unblocks');
select is(
  coalesce(
  admin(format($$ select at, is_marked from api.forgive(person => %s, date => '2026-12-07', reason => 'сборы') $$,
  who('cat'))), 'none'), 'none', 'forgive: ahead of time, by id');
select is(admin_refused($$ select * from api.forgive(card => 1, date => '2026-11-03', reason => 'r') $$),
  'ENGON user_not_found', 'user_not_found: forgive');
select is(admin_refused(format($$ select * from api.forgive(card => %s, date => '2026-11-03', reason => null) $$,
  card('bob'))), '23502', 'forgive: a reason is needed');

-- ---- block, unblock ----

select is(
  admin(format($$ select ends_on from api.block(card => %s, reason => 'порча инвентаря', until => '2026-12-31') $$,
  card('bob'))), '(2026-12-31)', 'block: with an end');
select is(admin(format($$ select ends_on from api.block(person => %s, reason => 'шум') $$, who('cat'))), '()',
  'block: without one, by id');
select is(admin($$ select card, for_month, until, reason from api.blocked $$),
  format('(%s,,2026-12-31,"порча инвентаря") (%s,,,шум)', card('bob'), card('cat')), 'blocked: by hand');
select is(admin_refused(format($$ select * from api.block(card => %s, reason => 'r') $$, card('cat'))),
  'ENRUL blocks_one_by_hand', 'blocks_one_by_hand: block');
select is(admin_refused(format($$ select * from api.block(card => %s, reason => 'r') $$, card('coach'))),
  'ENRUL block_students_only', 'block_students_only: block');
select is(admin_refused(format($$ select * from api.block(card => %s, reason => 'r', until => '2026-11-09') $$,
  card('ann'))), 'ENREQ block_ends_past', 'block_ends_past: block');
select is(admin_refused($$ select * from api.block(reason => 'r') $$), 'ENGON user_not_found',
  'user_not_found: block nobody');
select rules.unblock(who('cat'), 'r', null), miss('ann', '2026-11-09'), events('ann') \g /dev/null
select is(admin(format($$ select event, reason, by from api.unblock(card => %s, reason => 'справка принесена') $$,
  card('ann'))),
  '(pardoned,"11-2026: справка принесена",) (unblocked,"справка принесена",) ("seat given back","блокировка снята",) ("seat given back","блокировка снята",)', 'unblock: shows what the ledger says of it');
select is(standing('ann') || ', ' || held('ann'), 'STUDENT, ann mon ann tue ann wed dec mon dec tue',
  'unblock: seats are back');
select is(admin_refused(format($$ select * from api.unblock(card => %s, reason => 'r') $$, card('ann'))),
  'ENRUL not_blocked', 'not_blocked: unblock');
select is(admin_refused($$ select * from api.unblock(card => 1, reason => 'r') $$), 'ENGON user_not_found',
  'user_not_found: unblock');
select is(standing('bob'), 'BLOCKED barred from 11-2026 12-2026', 'others stay blocked');

-- ---- what-if ----

set local gym.now = '2027-01-01 01:00';
select is(coalesce(admin($$ select * from api.blocked $$), 'nobody'), 'nobody',
  'blocked: when it has ended, before the job has run');
select is((select string_agg(distinct card::text, '') from api.ledger where event = 'blocked' and card = card('bob')),
  card('bob')::text, 'ledger: it stays');
set local gym.now = '2026-12-31 23:59';
select is(admin($$ select card, until from api.blocked $$), format('(%s,2026-12-31)', card('bob')),
  'blocked: on its last day');
select nightly() \g /dev/null
select is(audit(), 'clean', 'audit: after all of this');

select * from finish();
rollback;
