begin;
\ir ../helpers/start.psql
select plan(33);

-- ---- rules.jobs, rules.job, rules.period ----

select set_eq($$ select job from rules.jobs $$,
  $$ select unnest('{ensure_slots,ensure_marks,ensure_blocks,ensure_promotions,ensure_turns,clean_up}'::text[]) $$,
  'jobs: all that runs by itself');
select is_empty($$ select job from rules.jobs j where not exists (select from pg_proc p where p.pronamespace = 'wire'::regnamespace and p.proname = j.job and p.pronargs = 0 and p.prorettype = 'integer'::regtype) $$,
  'jobs: each is a function of wire');
select is(rules.job('ensure_slots'), 'ensure_slots', 'job: there is one of that name');
select is(refusal($$ select rules.job('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: there is none');
select is(refusal($$ select rules.job(null) $$), 'ENGON job_unknown', 'job_unknown: no name');
select is(rules.period(), '2026-12-10 09', 'period: the gym''s hour');
select is(rules.period('2026-12-31 16:59:59+00') || ', ' || rules.period('2026-12-31 17:00:00+00'),
  '2026-12-31 23, 2027-01-01 00', 'period: in the gym''s zone');
select is(wire.period(), '2026-12-10 09', 'wire.period: the same');

-- ---- rules.enqueue, rules.runs ----

select is(refusal($$ select rules.enqueue('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: enqueue');
select rules.enqueue('ensure_slots') as queued \gset
select is((select (kind, args ->> 'period', args ->> 'by' = session_user, queue, state)::text from river.river_job
  where id = :queued), '(ensure_slots,"2026-12-10 09",t,default,available)',
  'enqueue: for River, with the hour and who wanted it');
select set_config('gym.actor', '42', true) \g /dev/null
select rules.enqueue('ensure_slots') as again \gset
select set_config('gym.actor', '', true) \g /dev/null
select is((select args ->> 'by' from river.river_job where id = :again), 'user 42',
  'enqueue: by a person''s request, and beside the one before');
select is((select (job, period, state, attempt)::text from rules.runs where id = :queued),
  '(ensure_slots,"2026-12-10 09",waits,0)', 'runs: it waits');
update river.river_job set state = 'completed', attempt = 1, attempted_at = '2026-12-10 02:00:00.9+00',
  finalized_at = '2026-12-10 02:00:01+00', metadata = '{"output": 24}' where id = :queued;
select is((select (state, done, began_at, ended_at, next_try_at)::text from rules.runs where id = :queued),
  '(done,24,"2026-12-10 09:00:01","2026-12-10 09:00:01",)', 'runs: done, in the gym''s time');
update river.river_job set state = 'retryable', attempt = 1, attempted_at = '2026-12-10 02:00+00',
  errors = array['{"error": "first"}', '{"error": "no luck"}']::jsonb[], scheduled_at = '2026-12-10 02:01+00'
  where id = :again;
select is((select (state, error, next_try_at)::text from rules.runs where id = :again),
  '(failed,"no luck","2026-12-10 09:01:00")', 'runs: failed, its last error, and when it is tried again');

-- ---- rules.run ----

select is(refusal($$ select rules.run('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: run');
select is(rules.run('ensure_slots'), 0, 'run: nothing to do on the 10th');
set local gym.now = '2026-12-21 01:00';
select is(rules.run('ensure_slots'), 24, 'run: by the session''s clock');
select is(rules.run('ensure_slots'), 0, 'run: harmless to repeat');
create temp table portions (done integer);
insert into portions values (2), (1), (0), (5);
savepoint before;
create or replace function wire.clean_up() returns integer
  language sql as 'delete from pg_temp.portions where ctid = (select min(ctid) from pg_temp.portions) returning done';
select is(rules.run('clean_up'), 3, 'run: again until it finds nothing more to do');
select is((select string_agg(done::text, ' ') from portions), '5', 'run: and then no more');
rollback to before;

-- ---- rules.ensure_turns, rules.clean_up ----

create function help.turns() returns text
language sql as $$ select string_agg(coalesce(to_char(rules.local_time(expired_at), 'DD.MM HH24:MI'), 'counts'), ', ' order by id) from gym.manual_turns $$;
insert into gym.manual_turns (is_open, made_at) values (true, '2026-12-10 09:00+07'), (false, '2026-12-26 09:00+07'),
  (true, '2026-12-31 09:00+07');
set local gym.now = '2026-12-25 11:59:59';
select is(rules.ensure_turns(), 0, 'ensure_turns: before the first scheduled turn');
set local gym.now = '2026-12-25 12:00';
select is(rules.ensure_turns(), 1, 'ensure_turns: the opening has come');
select is(turns(), '25.12 12:00, counts, counts', 'ensure_turns: it ended what was opened by hand before');
select is(rules.ensure_turns(), 0, 'ensure_turns: harmless to repeat');
set local gym.now = '2027-01-05 10:00';
select is(wire.ensure_turns(), 2, 'wire.ensure_turns: the server was away for days');
select is(turns(), '25.12 12:00, 31.12 00:00, 01.01 00:00', 'ensure_turns: each ended at its own turn');
insert into gym.manual_turns (is_open, made_at) values (true, '2027-01-04 10:00+07');
update gym.settings set slots_made_on_day = 1, enrolment_opens_on_day = 5, enrolment_opens_at = '08:00';
select is(rules.ensure_turns(), 1, 'ensure_turns: the opening was brought forward');
update gym.settings set enrolment_opens_on_day = 20;
select is(rules.ensure_turns(), 1, 'ensure_turns: and put off again');
select is(turns(), '25.12 12:00, 31.12 00:00, 01.01 00:00, counts',
  'ensure_turns: what was opened by hand counts again');
set local gym.now = '2027-03-01 10:00';
update gym.settings set enrolment_opens_on_day = 5;
select is(rules.ensure_turns() || ': ' || turns(), '1: 25.12 12:00, 31.12 00:00, 01.01 00:00, 05.01 08:00',
  'ensure_turns: another month''s settings rewrite no history but what nobody had noted');
update gym.settings set enrolment_opens_on_day = 20;
update gym.manual_turns set expired_at = null where made_at = '2027-01-04 10:00+07';
set local gym.now = '2027-01-05 10:00';
select is(rules.clean_up(), 0, 'clean_up: nothing old');
set local gym.now = '2028-12-31 12:00';
select is(wire.clean_up(), 2, 'wire.clean_up: what expired more than two years ago');
select is(turns(), '01.01 00:00, counts', 'clean_up: the rest stays');

select * from finish();
rollback;
