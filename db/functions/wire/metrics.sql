create function wire.metrics() returns json
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date := rules.this_month();
  v_next  date := rules.next_month();
  v_last  date := (v_month - interval '1 month')::date;
  v_today date := rules.today();
begin
  return json_build_object(
    'schema', (select v.version from public.schema_version v),
    'package', (select p.version from gym.code_package p),
    'enrolmentOpen', (select w.is_open from rules.enrolment_window() w),
    'months', (
      select json_agg(json_build_object('month', m.name, 'slots', s.slots, 'seats', s.seats, 'taken', s.taken,
        'enrolments', h.enrolments, 'oversold', h.oversold,
               'cancelled', coalesce(c.reasons, '{}'::json)))
        from (values ('current', v_month), ('next', v_next)) m (name, month)
       cross join lateral (
              select count(*) as slots, coalesce(sum(s.capacity), 0) as seats, coalesce(sum(s.taken), 0) as taken
                from gym.slots s where s.month = m.month and s.deleted_at is null) s
       -- counted, and not by the slots' counters: a fault of these would be seen nowhere else
       cross join lateral (
              select coalesce(sum(h.n), 0) as enrolments, coalesce(sum(greatest(h.n - s.capacity, 0)), 0) as oversold
                from (select e.slot_id, count(*) as n from gym.enrolments e
                  where e.month = m.month and e.cancelled_at is null group by 1) h
                join gym.slots s on s.id = h.slot_id) h
       cross join lateral (
              select json_object_agg(r.cancel_reason, r.n) as reasons
                from (select e.cancel_reason collate "C" as cancel_reason, count(*) as n from gym.enrolments e
                       where e.month = m.month and e.cancelled_at is not null group by 1) r) c),
    -- counting the rows would cost most when the crowd is largest
    'seatRefusals', pg_stat_get_tuples_inserted('gym.refusals'::regclass),
    'blocks', (
      select json_build_object('absences_last_month', count(*) filter (where b.month = v_last), 'absences_this_month',
        count(*) filter (where b.month = v_month),
               'by_hand', count(*) filter (where b.month is null))
        from gym.blocks b
       where b.lifted_at is null
         and (b.month in (v_last, v_month) or b.month is null and (b.ends_on is null or b.ends_on >= v_today))),
    'jobs', (
      select coalesce(json_agg(json_build_object('job', j.job, 'state', j.state, 'count', j.n, 'oldestSeconds', j.age)),
        '[]')
        from (select r.kind as job, r.state, count(*) as n,
                     case when r.state not in ('completed', 'cancelled', 'discarded')
                       then extract(epoch from now() - min(r.created_at))::double precision end as age
                from river.river_job r where r.kind in (select k.job from rules.jobs k)
               group by r.kind, r.state) j),
    'lastDone', (
      select json_object_agg(k.job, coalesce(d.done, 0))
        from rules.jobs k
        left join (select r.kind, extract(epoch from max(r.finalized_at))::double precision as done
                     from river.river_job r where r.state = 'completed' group by r.kind) d on d.kind = k.job));
end
$$;
comment on function wire.metrics() is
  'The figures that GET /metrics shows of the gym, the same on every server: seats, enrolments, those beyond a '
  'slot''s seats, those cancelled and why, of this and next month; how often a slot had no seat for somebody, '
  'since PostgreSQL''s statistics begin (gym.refusals); '
  'blocks that stand; jobs by state, with the age of the oldest that is not finished; of each job there is the '
  'moment when it was done last, 0 where none is remembered, by River''s time. It costs what two months hold, '
  'whatever the history. Definer: the server may read no table.';
