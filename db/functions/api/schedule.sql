create function api.jobs(job text default null) returns setof rules.runs
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_job text := case when jobs.job is not null then rules.job(jobs.job) end;
begin
  return query select r.* from rules.runs r where v_job is null or r.job = v_job order by r.id desc;
end
$$;
comment on function api.jobs(text) is
  'Runs of the jobs, or of one job, that River still keeps, newest first. Its hour, who wanted it (null: the '
  'schedule), how many things it did, its last error whole. Times in the gym''s zone. '
  'Errors: job_unknown. Definer: looks at River''s tables. Example: select job, state, began_at, done, error from '
  'api.jobs(''ensure_slots'') limit 20;';

create function api.schedule() returns table (what text, at timestamp(0), state text, result text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now    timestamptz := rules.clock();
  v_window record;
  v_this   date := rules.this_month();
  v_next   date := rules.next_month();
  -- River keeps its jobs by PostgreSQL's time, which a session's gym.now does not move.
  v_alive  boolean := exists (select from river.river_leader l where l.expires_at > now());
begin
  select * into v_window from rules.enrolment_window(v_now);

  return query
  -- 35 characters of the result: a line then fits 100 columns
  select e.what, e.at::timestamp(0), e.state, case when length(e.result) > 35 then left(e.result, 34) || '…'
    else e.result end
    from (
      -- the month
      select format('slots of %s made', to_char(v_next, 'MM-YYYY')) as what,
             coalesce(rules.local_time(m.slots_made_at), d.due) as at,
             case when m.slots_made_at is not null then 'done' when d.due <= rules.local_time(v_now) then 'due'
               else 'next' end as state,
             (select count(*) || ' slots' from gym.slots s where s.month = v_next and s.deleted_at is null) as result
        from (select v_this + c.slots_made_on_day - 1 + time '00:00' as due from gym.settings c) d
        left join gym.months m on m.month = v_next
      union all
      select format('enrolment for %s opens', to_char(v_next, 'MM-YYYY')), rules.local_time(v_window.opens_at),
             case when v_window.opens_at <= v_now then 'done' else 'next' end, null
      union all
      select format('enrolment for %s closes', to_char(v_next, 'MM-YYYY')), rules.local_time(v_window.closes_at),
             case when v_window.closes_at <= v_now then 'done' else 'next' end, null
      union all
      select format('enrolment is %s', case when v_window.is_open then 'open' else 'closed' end),
        rules.local_time(v_now), 'now',
             format('%s, until %s', case when v_window.by_hand then 'by hand' else 'by schedule' end,
               to_char(rules.local_time(v_window.next_turn), 'YYYY-MM-DD HH24:MI'))
      union all
      select t.what, t.at, 'done', t.result
        from (select format('enrolment %s by hand', case when m.is_open then 'opened' else 'closed' end) as what,
          rules.local_time(m.made_at) as at,
                     coalesce('expired ' || to_char(rules.local_time(m.expired_at), 'YYYY-MM-DD HH24:MI'),
                       'by user ' || m.made_by, 'from psql') as result
                from gym.manual_turns m
               where m.made_at >= v_this::timestamp at time zone (select c.time_zone from gym.settings c)
                 and m.made_at <= v_now
               order by m.made_at desc, m.id desc
               limit 1) t
      union all
      select format('marks of %s made', to_char(w.month, 'MM-YYYY')),
        coalesce(rules.local_time(m.marks_made_at), w.month::timestamp),
             case when m.marks_made_at is not null then 'done' when w.month > v_this then 'next' else 'due' end, null
        from (values (v_this), (v_next)) w (month)
        left join gym.months m on m.month = w.month
          -- a month without slots, as that of a new database, needs no marks
       where w.month > v_this or exists (select from gym.slots s where s.month = w.month)
      union all
      -- the jobs: the last run and the next, both by the true time as River has them
      select 'job ' || l.job, coalesce(l.ended_at, l.began_at), l.state,
             case l.state
               when 'done' then l.done || ' done'
               when 'failed' then format('try %s/%s: %s', l.attempt, l.attempts,
                 regexp_replace(regexp_replace(l.error, '^ERROR: ', ''), '\s+', ' ', 'g'))
             end
        from (select distinct on (j.job) j.* from rules.runs j where j.began_at is not null order by j.job,
          j.began_at desc, j.id desc) l
      union all
      select 'job ' || j.job,
             case when w.at is not null then w.at
                  when exists (select from rules.runs r where r.job = j.job and r.period = rules.period(now()))
                    then date_trunc('hour', rules.local_time(now())) + interval '1 hour'
                  else rules.local_time(now()) end,
             case when v_alive then 'next' else 'waits' end,
             case when not v_alive then 'no server runs'
                  when w.by is not null then 'wanted by ' || w.by end
        from rules.jobs j
        left join lateral (select r.next_try_at as at, r.by from rules.runs r
          where r.job = j.job and r.next_try_at is not null order by r.next_try_at limit 1) w on true
    ) e
   order by e.at, e.what;
end
$$;
comment on function api.schedule() is
  'What happened this month and what comes next, in the gym''s time. Slots, enrolment, marks, and of each job the '
  'last run with its result or error and the next one. '
  'state: done, failed, running; now; next; due (its hour has come, a job is about to do it); waits (for a server). '
  'Jobs run by the true time, also where a session has moved its clock (gym.now). Errors whole: api.jobs(). '
  'Definer: looks at River''s tables. Example: select * from api.schedule();';

create function api.run_now(job text) returns table (id bigint, run text, worked_by text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.enqueue(job), job,
    coalesce((select 'a server, at once' from river.river_leader l where l.expires_at > now()),
    'nobody before a server starts')
$$;
comment on function api.run_now(text) is
  'Has a server run a job (rules.jobs) at once; api.jobs() and api.schedule() show the result. Errors: '
  'job_unknown. Definer: writes River''s queue. Example: select * from api.run_now(''ensure_slots'');';

create function api.run_here(job text) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.run(job) $$;
comment on function api.run_here(text) is
  'Runs a job in this session, in its transaction and by its clock, without River: for what-if. Gives the number '
  'of things done. Errors: job_unknown. Definer: jobs write tables. '
  'Example: begin; set local gym.now = ''2026-12-01 01:00''; select api.run_here(''ensure_marks''); rollback;';
