begin;
\ir ../helpers/start.psql
select plan(16);

-- the figures as they stand, or a part of them
create function help.figures(p_path text[] default '{}') returns jsonb
language sql as $$ select wire.metrics()::jsonb #> p_path $$;

delete from river.river_job;

-- ---- months ----

select is(figures('{months}'), '[{"month": "current", "slots": 0, "seats": 0, "taken": 0, "enrolments": 0, "oversold": 0, "cancelled": {}}, {"month": "next", "slots": 0, "seats": 0, "taken": 0, "enrolments": 0, "oversold": 0, "cancelled": {}}]', 'months: both, also where they have no slots');
select a_week(5), make_slot('now', 0, '16:00', 7, rules.this_month()), make_slot('far', 0, '16:00', 9, '2027-02-01') \g /dev/null
select crowd('tue', 3), book('ann', 'mon'), book('bob', 'mon'), book('bob', 'wed'), book('ann', 'now'), book('cid', 'far') \g /dev/null
select is(figures('{months,0}'),
  '{"month": "current", "slots": 1, "seats": 7, "taken": 1, "enrolments": 1, "oversold": 0, "cancelled": {}}',
  'months: this one');
select is(figures('{months,1}'),
  '{"month": "next", "slots": 8, "seats": 40, "taken": 6, "enrolments": 6, "oversold": 0, "cancelled": {}}',
  'months: the next, and no later one');
select rules.delete_slot(slot('tue'), true) \g /dev/null
select rules.cancel_own((select e.id from gym.enrolments e where e.user_id = who('bob') and e.slot_id = slot('wed')), who('bob')) \g /dev/null
select is(figures('{months,1}'), '{"month": "next", "slots": 7, "seats": 35, "taken": 2, "enrolments": 2, "oversold": 0, "cancelled": {"slot deleted": 3, "own choice": 1}}', 'months: what was cancelled, and why; a deleted slot has no seats');

-- what no path can do: a slot of five is given to eight, its counter says two, and others have seats
savepoint whole;
select who('x' || n) from generate_series(1, 6) n \g /dev/null
set local session_replication_role = replica;
insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
select s.id, who('x' || n), s.month, s.weekday, rules.clock() from gym.slots s cross join generate_series(1, 6) n
  where s.id = slot('mon');
select figures('{months,1}') as month \gset
rollback to whole;
select is(:'month'::jsonb - 'cancelled',
  '{"month": "next", "slots": 7, "seats": 35, "taken": 2, "enrolments": 8, "oversold": 3}',
  'months: enrolments are counted, and so are those beyond their slot''s seats');

-- ---- enrolment, versions ----

select is(figures('{enrolmentOpen}'), 'false', 'enrolmentOpen: closed');
select rules.turn_enrolment(true, null) \g /dev/null
select is(figures('{enrolmentOpen}'), 'true', 'enrolmentOpen: by hand');
select is(jsonb_build_array(figures('{schema}'), figures('{package}')),
  jsonb_build_array(wire.version() -> 'schema', wire.version() -> 'package'), 'schema, package: as wire.version');

-- ---- blocks ----

select is(figures('{blocks}'), '{"absences_last_month": 0, "absences_this_month": 0, "by_hand": 0}', 'blocks: none');
insert into gym.blocks (user_id, month, reason, created_at, lifted_at, lift_reason) values
  (who('ann'), '2026-10-01', 'a', rules.clock(), null, null),
    (who('ann'), '2026-11-01', 'a', rules.clock(), null, null),
    (who('bob'), '2026-12-01', 'a', rules.clock(), null, null),
  (who('cid'), '2026-12-01', 'a', rules.clock(), rules.clock(), 'a');
insert into gym.blocks (user_id, reason, created_at, ends_on) values (who('ann'), 'a', rules.clock(), null),
  (who('bob'), 'a', rules.clock(), '2026-12-10'), (who('cid'), 'a', rules.clock(), '2026-12-09');
select is(figures('{blocks}'), '{"absences_last_month": 1, "absences_this_month": 1, "by_hand": 2}',
  'blocks: those that stand, not older ones, lifted ones or those that are over');

-- ---- jobs, by the true time ----

select is(figures('{jobs}'), '[]', 'jobs: none');
insert into river.river_job (kind, args, max_attempts, state, created_at, scheduled_at, finalized_at) values
  ('ensure_slots', '{}', 7, 'available', now() - interval '90 seconds', now(), null),
    ('ensure_slots', '{}', 7, 'available', now() - interval '30 seconds', now(), null),
  ('ensure_marks', '{}', 7, 'completed', now() - interval '2 hours', now(), to_timestamp(1780000000)),
    ('ensure_marks', '{}', 7, 'completed', now() - interval '1 hour', now(), to_timestamp(1780003600)),
  ('ensure_marks', '{}', 7, 'discarded', now() - interval '3 hours', now(), now()),
    ('of_another_program', '{}', 7, 'available', now(), now(), null);
select set_eq($$ select j from jsonb_array_elements(figures('{jobs}')) j $$,
  $$ values ('{"job": "ensure_slots", "state": "available", "count": 2, "oldestSeconds": 90}'::jsonb),
            ('{"job": "ensure_marks", "state": "completed", "count": 2, "oldestSeconds": null}'),
            ('{"job": "ensure_marks", "state": "discarded", "count": 1, "oldestSeconds": null}') $$,
  'jobs: ours by state, and the age of the oldest that waits');
select is(figures('{lastDone}'), '{"clean_up": 0, "ensure_marks": 1780003600, "ensure_slots": 0, "ensure_turns": 0, "ensure_blocks": 0, "ensure_promotions": 0}', 'lastDone: of every job, also of one that never was');

-- ---- what it takes ----

select is(jsonb_typeof(figures('{seatRefusals}')), 'number', 'seatRefusals: a number, whatever statistics say');
select is(keys(figures()), 'blocks enrolmentOpen jobs lastDone months package schema seatRefusals',
  'the figures, and no others');
-- by the true clock, since gym.now does not count for it
set local gym.now = '';
set local role energy_server;
select wire.metrics()::jsonb as figures \gset
reset role;
select is(:'figures'::jsonb #> '{months}', figures('{months}'), 'the server''s role reads them');

select * from finish();
rollback;
