begin;
\ir ../helpers/start.psql
select plan(20);
delete from river.river_job;
delete from river.river_leader;

create function help.schedule(p_what text) returns text
language sql as $$ select string_agg(s::text, ' ' order by s.at, s.what) from api.schedule() s where s.what ~ p_what $$;

-- ---- api.schedule ----

select is(schedule('slots of'), '("slots of 01-2027 made","2026-12-20 00:00:00",next,"0 slots")', 'schedule: next month''s slots are to come');
select is(schedule('opens|closes'), '("enrolment for 01-2027 opens","2026-12-25 12:00:00",next,) ("enrolment for 01-2027 closes","2026-12-31 00:00:00",next,)', 'schedule: opening and closing are to come');
select is(schedule('enrolment is'), '("enrolment is closed","2026-12-10 09:00:00",now,"by schedule, until 2026-12-25 12:00")', 'schedule: closed now, until when');
select is(schedule('by hand'), null, 'schedule: nothing by hand');
set local gym.now = '2026-12-21 09:00';
select is(schedule('slots of'), '("slots of 01-2027 made","2026-12-20 00:00:00",due,"0 slots")', 'schedule: due, and nobody did it');
select rules.ensure_slots() \g /dev/null
select is(schedule('slots of'), '("slots of 01-2027 made","2026-12-21 09:00:00",done,"24 slots")', 'schedule: slots made');
select rules.turn_enrolment(true, null) \g /dev/null
select is(schedule('enrolment is|by hand'), '("enrolment is open","2026-12-21 09:00:00",now,"by hand, until 2026-12-25 12:00") ("enrolment opened by hand","2026-12-21 09:00:00",done,"from psql")', 'schedule: opened by hand');
select matches(schedule('marks of 01-2027'), '"2027-01-01 00:00:00",next', 'schedule: the next marks');
select is((select count(*) from api.schedule() where what like 'job %' and state = 'waits' and result = 'no server runs'), (select count(*) from rules.jobs), 'schedule: no server runs the jobs');
insert into river.river_leader (name, leader_id, elected_at, expires_at) values ('default', 'x', now(), now() + interval '1 minute');
select is((select count(*) from api.schedule() where what like 'job %' and state = 'next'), (select count(*) from rules.jobs), 'schedule: a server does');

-- ---- api.run_now, api.jobs ----

select is(admin_refused($$ select * from api.run_now('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.run_now');
select matches(admin($$ select * from api.run_now('ensure_slots') $$), '^\(\d+,ensure_slots,"a server, at once"\)$', 'run_now: an administrator wants it now');
select is((select count(*) from river.river_job where kind = 'ensure_slots' and state = 'available'), 1::bigint, 'run_now: River has it');
delete from river.river_leader;
select matches(admin($$ select * from api.run_now('clean_up') $$), 'nobody before a server starts', 'run_now: with no server');
select is(admin($$ select job, state, by = session_user from api.jobs() $$), '(clean_up,waits,t) (ensure_slots,waits,t)', 'jobs: newest first');
select is(admin($$ select job from api.jobs('ensure_slots') $$), '(ensure_slots)', 'jobs: of one');
select is(admin_refused($$ select * from api.jobs('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.jobs');

-- ---- api.run_here ----

set local gym.now = '2027-01-20 01:00';
select is(admin($$ select * from api.run_here('ensure_slots') $$), '(24)', 'run_here: in this session, by its clock');
select is((select count(*) from gym.slots where month = '2027-02-01'), 24::bigint, 'run_here: it is done');
select is(admin_refused($$ select api.run_here('make_coffee') $$), 'ENGON job_unknown', 'job_unknown: api.run_here');

select * from finish();
rollback;
