-- The jobs that River runs, and their runs.

create view rules.jobs (job, meaning) as
values
  ('ensure_slots',  'Next month''s slots stand from the setting''s day on.'),
  ('ensure_marks',  'This month''s marks are made.'),
  ('ensure_blocks', 'Absences are judged: who must be blocked is, who need not be is not.'),
  ('ensure_promotions', 'Waiting lists that are over are closed, and who waits has the seats that are free.'),
  ('ensure_turns',  'Openings and closings by hand that a scheduled turn has ended are noted as expired.'),
  ('clean_up',      'What is kept for nothing is removed.');
comment on view rules.jobs is
  'The jobs that River runs each hour (jobs/ in the source), in the order in which they matter. A job is the '
  'function of its name in wire: "make sure that … as of now", harmless to repeat, gives the number of things that '
  'it did.';

create function rules.job(p_job text) returns text
language plpgsql stable
as $$
begin
  if not exists (select from rules.jobs j where j.job = p_job) then
    perform rules.refuse('job_unknown', coalesce(p_job, 'null'), (select string_agg(j.job, ', ') from rules.jobs j));
  end if;
  return p_job;
end
$$;
comment on function rules.job(text) is 'The name of a job, which there is. Errors: job_unknown.';

create function rules.period(p_at timestamptz default rules.clock()) returns text
language sql stable
as $$ select to_char(rules.local_time(p_at), 'YYYY-MM-DD HH24') $$;
comment on function rules.period(timestamptz) is
  'The gym''s hour at p_at, "2026-11-24 22": the argument of a job, by which it runs once an hour on whatever '
  'server. Asked anew at each tick, so that a change of the zone counts at once.';

create function rules.enqueue(p_job text) returns bigint
language plpgsql volatile
as $$
declare
  v_id bigint;
begin
  insert into river.river_job (kind, args, max_attempts)
  values (rules.job(p_job),
          jsonb_build_object('period', rules.period(), 'by', coalesce('user ' || rules.actor(), session_user)),
          7)
  returning id into v_id;
  return v_id;
end
$$;
comment on function rules.enqueue(text) is
  'Gives River a job to run at once, beside the hourly one: without a unique key, and with who wanted it in its '
  'arguments. Gives its id. Beside rules.want_promotions the only place that enqueues from SQL. Errors: '
  'job_unknown.';

create view rules.runs as
select r.id, r.kind as job, r.args ->> 'period' as period, r.args ->> 'by' as by,
       case when r.state = 'completed' then 'done'
            -- one that is tried again within seconds is available at once
            when r.state in ('retryable', 'discarded') or r.state = 'available' and r.errors is not null then 'failed'
            when r.state in ('available', 'scheduled') then 'waits'
            else r.state::text end as state,
       r.attempt, r.max_attempts as attempts, (r.metadata ->> 'output')::integer as done,
       rules.local_time(r.attempted_at)::timestamp(0) as began_at,
       rules.local_time(r.finalized_at)::timestamp(0) as ended_at,
       case when r.state in ('available', 'scheduled', 'retryable')
         then rules.local_time(r.scheduled_at)::timestamp(0) end as next_try_at,
       r.errors[array_upper(r.errors, 1)] ->> 'error' as error
  from river.river_job r
  join rules.jobs j on j.job = r.kind;
comment on view rules.runs is
  'The runs of our jobs that River still keeps, in the gym''s time and in words of ours. Looked at in api.jobs() and '
  'api.schedule().';

create function rules.run(p_job text) returns integer
language plpgsql volatile
as $$
declare
  v_done  integer;
  v_total integer := 0;
begin
  loop
    execute format('select wire.%I()', rules.job(p_job)) into v_done;
    v_total := v_total + v_done;
    exit when v_done = 0;
  end loop;
  return v_total;
end
$$;
comment on function rules.run(text) is
  'Runs a job here and now, in this transaction and by its clock: again until it finds nothing more to do, as the '
  'workers do. Gives the number of things done. Errors: job_unknown.';

create function rules.clean_up() returns integer
language plpgsql volatile
as $$
declare
  v_done integer;
begin
  delete from gym.manual_turns t where t.expired_at < rules.clock() - interval '2 years';
  get diagnostics v_done = row_count;
  return v_done + rules.ensure_audit_months() + rules.forget_log_ins() + rules.close_withdrawn();
end
$$;
comment on function rules.clean_up() is
  'Makes sure that nothing is kept for nothing: openings and closings by hand that expired more than two years '
  'ago, and months of the audit trail past its setting, and what rules.forget_log_ins names; makes room for the '
  'months to come; closes accounts (rules.close_withdrawn). '
  'What people did is history and stays; finished jobs are removed by River itself. Gives the number of things done.';
