begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(12);

set local gym.now = '2026-10-25 12:00';
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('ann', 'tue') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-12 12:00';

-- ---- user/own ----

select is(ask('user/own', who('ann')), wire.user_json(rules.person(who('ann')))::jsonb, 'user/own: User');
select is(asked('user/own', null), 'ENACC actor_missing', 'actor_missing: user/own');

-- ---- user/blocks ----

select is(ask('user/blocks', who('ann')), '[]', 'user/blocks: never blocked');
select miss('ann', '2026-11-02', '2026-11-03', '2026-11-09') \g /dev/null
select is((ask('user/blocks', who('ann')) -> 0) - 'id',
  jsonb_build_object('byHand', false, 'month', '11-2026', 'barsFrom', '12-2026',
    'absences', jsonb_build_array('2026-11-02', '2026-11-03', '2026-11-09'), 'reason',
    'Пропуски: 02.11, 03.11, 09.11', 'since', '2026-11-12', 'until', '2026-11-30',
    'standing', true, 'liftedOn', null, 'liftReason', null), 'user/blocks: by absences');
set local gym.now = '2026-12-01 09:00';
select is(ask('user/blocks', who('ann')) #> '{0,standing}', 'false', 'user/blocks: over with its month');
set local gym.now = '2026-11-12 12:00';
select mark('ann', '2026-11-09', 'present') \g /dev/null
select is(ask('user/blocks', who('ann')) #> '{0,standing}', 'false', 'user/blocks: lifted');
select is(ask('user/blocks', who('ann')) #>> '{0,liftedOn}', '2026-11-12', 'user/blocks: lifted when');
select is(ask('user/blocks', who('ann')) #>> '{0,liftReason}', 'Пропусков стало меньше: 2', 'user/blocks: lifted why');
select is(ask('user/blocks', who('ann')) #> '{0,until}', 'null', 'user/blocks: lifted, it has no last day');
select rules.block(who('ann'), 'Правила зала', null, who('boss')) \g /dev/null
select is(concat_ws(' ', b ->> 'byHand', b ->> 'standing', b ->> 'month', b ->> 'until', b ->> 'reason'),
  'true true Правила зала', 'user/blocks: by hand, without an end')
  from (select ask('user/blocks', who('ann')) -> 0 as b) x;
select is(jsonb_array_length(ask('user/blocks', who('ann'))), 2, 'user/blocks: all of them, the latest first');
select is(ask('user/blocks', who('boss')), '[]', 'user/blocks: only the actor''s own');

select * from finish();
rollback;
