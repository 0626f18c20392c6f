begin;
\ir ../helpers/start.psql
select plan(41);
delete from river.river_job;
delete from river.river_leader;

-- shown('slots%'): the lines of api.schedule whose what is like that
create function help.shown(p_what text) returns text
language sql as $$
  select coalesce(string_agg(format('%s %s%s', to_char(s.at, 'YYYY-MM-DD HH24:MI'), s.state,
    coalesce(' ' || s.result, '')), ', ' order by s.at, s.state), 'nothing')
    from api.schedule() s where s.what like p_what
$$;
-- ran('clean_up', 'completed', 1, '2027-01-05 01:00+07'): a job as River leaves it, begun at that moment; planned a
-- minute later
create function help.ran(p_job text, p_state river.river_job_state, p_attempt integer, p_at timestamptz,
  p_done integer default null, p_errors jsonb[] default null, p_period text default 'some')
returns bigint language sql as $$
  insert into river.river_job (kind, args, state, attempt, max_attempts, attempted_at, scheduled_at, finalized_at,
    metadata, errors)
  values (p_job, jsonb_build_object('period', p_period), p_state, p_attempt, 7, case when p_attempt > 0 then p_at end,
    p_at + interval '1 minute',
          case when p_state in ('completed', 'discarded', 'cancelled') then p_at + interval '2 seconds' end,
          case when p_done is null then '{}' else jsonb_build_object('output', p_done) end, p_errors)
  returning id
$$;

-- ---- api.schedule: the month ----

select is(shown('slots of 01-2027 made'), '2026-12-20 00:00 next 0 slots', 'schedule: next month''s slots are to come');
select is(shown('enrolment for 01-2027 opens'), '2026-12-25 12:00 next', 'schedule: enrolment opens');
select is(shown('enrolment for 01-2027 closes'), '2026-12-31 00:00 next', 'schedule: enrolment closes');
select is(shown('enrolment is closed'), '2026-12-10 09:00 now by schedule, until 2026-12-25 12:00',
  'schedule: closed now, until when');
select is(shown('enrolment % by hand'), 'nothing', 'schedule: nothing by hand');
select is(shown('marks of 12-2026 made'), 'nothing', 'schedule: this month has no slots, and needs no marks');
select is(shown('marks of 01-2027 made'), '2027-01-01 00:00 next', 'schedule: next month''s marks are to come');

set local gym.now = '2026-12-22 08:15';
select is(shown('slots of 01-2027 made'), '2026-12-20 00:00 due 0 slots', 'schedule: due, and nobody did it');
select rules.ensure_slots() \g /dev/null
select is(shown('slots of 01-2027 made'), '2026-12-22 08:15 done 24 slots', 'schedule: slots made');
select rules.turn_enrolment(true, null) \g /dev/null
select is(shown('enrolment opened by hand'), '2026-12-22 08:15 done from psql', 'schedule: opened by hand');
select is(shown('enrolment is open'), '2026-12-22 08:15 now by hand, until 2026-12-25 12:00',
  'schedule: by hand until the next turn');
set local gym.now = '2026-12-26 08:15';
select rules.ensure_turns() \g /dev/null
select is(shown('enrolment opened by hand'), '2026-12-22 08:15 done expired 2026-12-25 12:00',
  'schedule: by hand, expired');
select is(shown('enrolment is open'), '2026-12-26 08:15 now by schedule, until 2026-12-31 00:00',
  'schedule: open by schedule');
select rules.turn_enrolment(false, who('boss', 'ADMIN')) \g /dev/null
select is(shown('enrolment closed by hand'), '2026-12-26 08:15 done by user ' || who('boss'),
  'schedule: the latest by hand, of a person');
set local gym.now = '2027-01-05 08:15';
select is(shown('marks of 01-2027 made'), '2027-01-01 00:00 due', 'schedule: the turn of the month was missed');
select rules.ensure_marks() \g /dev/null
select is(shown('marks of 01-2027 made'), '2027-01-05 08:15 done', 'schedule: marks made');
select is(shown('enrolment closed by hand'), 'nothing', 'schedule: last month''s by hand is over');

-- ---- api.schedule: the jobs, by the true clock, which River uses, in the gym's zone ----

select to_char(rules.local_time(now())::timestamp(0), 'YYYY-MM-DD HH24:MI') as real, to_char(date_trunc('hour', rules.local_time(now())) + interval '1 hour', 'YYYY-MM-DD HH24:MI') as next_hour \gset
select is(shown('job clean_up'), :'real' || ' waits no server runs', 'schedule: no server runs a job');
select is((select count(*) from api.schedule() where what like 'job %' and state = 'waits'),
  (select count(*) from rules.jobs), 'schedule: nor any');
insert into river.river_leader (leader_id, elected_at, expires_at)
  values ('some', now(), now() + interval '10 seconds');
select is(shown('job clean_up'), :'real' || ' next', 'schedule: a server runs, and is about to do it');
select ran('clean_up', 'completed', 1, '2020-01-05 00:00+07', 3), ran('clean_up', 'completed', 1, '2020-01-05 01:00+07', 0, null, rules.period(now())) \g /dev/null
select is(shown('job clean_up'), '2020-01-05 01:00 done 0 done, ' || :'next_hour' || ' next',
  'schedule: the last run, and the next full hour');
select ran('ensure_turns', 'retryable', 2, '2020-01-05 01:00+07', null, array['{"error": "first"}', '{"error": "ERROR: division\nby zero"}']::jsonb[]) \g /dev/null
select is(shown('job ensure_turns'), '2020-01-05 01:00 failed try 2/7: division by zero, 2020-01-05 01:01 next',
  'schedule: failed, with the last error, and when it is tried again');
select ran('ensure_marks', 'discarded', 7, '2020-01-05 01:00+07', null, array['{"error": "division by zero"}']::jsonb[]) \g /dev/null
select matches(shown('job ensure_marks'), '^2020-01-05 01:00 failed try 7/7: division by zero, ', 'schedule: given up');
select ran('ensure_blocks', 'running', 1, '2020-01-05 01:00+07') \g /dev/null
select matches(shown('job ensure_blocks'), '^2020-01-05 01:00 running, ', 'schedule: running');
select ran('ensure_slots', 'available', 1, '2020-01-05 01:00+07', null, array['{"error": "oh"}']::jsonb[]) \g /dev/null
select matches(shown('job ensure_slots'), '^2020-01-05 01:00 failed try 1/7: oh, ',
  'schedule: failed, and about to be tried again');
update river.river_leader set expires_at = now() - interval '1 second';
select matches(shown('job ensure_turns'), '2020-01-05 01:01 waits no server runs', 'schedule: its server is gone');
update gym.settings set time_zone = 'UTC';
select matches(shown('job ensure_turns'), '^2020-01-04 18:00 failed', 'schedule: in the gym''s zone');
update gym.settings set time_zone = 'Asia/Novosibirsk';

update river.river_job set errors = array[jsonb_build_object('error', repeat('long ', 100))]
  where kind = 'ensure_turns';
select cmp_ok((select max(length(s.what)) + max(length(s.at::text)) + max(length(s.state)) + max(
  length(s.result)) + 3 * 3 + 2 from api.schedule() s), '<=', 100,
  'schedule: a line fits 100 columns, whatever the error');
select results_eq($$ select at from api.schedule() $$, $$ select at from api.schedule() order by at $$,
  'schedule: in the order of time');

-- ---- api.jobs ----

select is((select error from api.jobs('ensure_turns')), repeat('long ', 100), 'jobs: the error whole');
select is((select string_agg(job, ' ') from api.jobs()),
  'ensure_slots ensure_blocks ensure_marks ensure_turns clean_up clean_up', 'jobs: newest first');
select is((select string_agg(done::text, ' ') from api.jobs('clean_up')), '0 3', 'jobs: of one, and what each run did');
select is(admin_refused($$ select * from api.jobs('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.jobs');

-- ---- api.run_now, api.run_here ----

delete from river.river_job;
select matches(admin($$ select * from api.run_now('clean_up') $$), '^\(\d+,clean_up,"nobody before a server starts"\)$',
  'run_now: with no server');
update river.river_leader set expires_at = now() + interval '10 seconds';
select matches(admin($$ select * from api.run_now('ensure_slots') $$), '^\(\d+,ensure_slots,"a server, at once"\)$',
  'run_now: an administrator wants it now');
select is(admin($$ select job, state, by = session_user from api.jobs() $$),
  '(ensure_slots,waits,t) (clean_up,waits,t)', 'run_now: River has them');
select is(admin_refused($$ select api.run_now('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.run_now');
select matches(shown('job clean_up'), 'next wanted by ', 'schedule: who wanted a job');
set local gym.now = '2027-01-20 01:00';
select is(admin($$ select * from api.run_here('ensure_slots') $$), '(24)', 'run_here: in this session, by its clock');
select is((select count(*) from gym.slots where month = '2027-02-01'), 24::bigint, 'run_here: it is done');
select is(admin_refused($$ select api.run_here('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.run_here');

select * from finish();
rollback;
