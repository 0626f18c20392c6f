-- The report of occupancy: a row for each lesson. How reports work: shared.sql.

create function rules.open_occupancy(p_from date, p_to date) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows          refcursor := 'report_rows';
  v_absent_before date      := rules.unmarked_absent_before();
  v_month         date      := rules.this_month();
  v_now           timestamp := rules.local_time();
  v_dates         date[];
  v_weekdays      integer[];
  v_closed        boolean[];
begin
  perform rules.check_report_period(p_from, p_to);
  select array_agg(d.date), array_agg(d.weekday), array_agg(d.is_closed) into v_dates, v_weekdays, v_closed
    from rules.timetable(p_from, p_to) d;
  open v_rows for
  with counted as (
    select m.slot_id, m.date, count(*) as enrolled,
           count(*) filter (where m.mark = 'present') as came,
           count(*) filter (where m.mark = 'excused') as excused,
           count(*) filter (where m.mark = 'cancelled') as cancelled,
           count(*) filter (where m.mark = 'absent') as absent,
           count(*) filter (where m.mark = 'unmarked') as unmarked
      from gym.marks m
     where m.withdrawn_at is null and m.date between p_from and p_to
     group by m.slot_id, m.date),
  lessons as (
    select s.id as slot_id, d.date, d.is_closed
      from unnest(v_dates, v_weekdays, v_closed) d (date, weekday, is_closed)
      join gym.slots s on s.month = date_trunc('month', d.date::timestamp)::date and s.weekday = d.weekday
        and s.deleted_at is null)
  select coalesce(l.date, c.date) as date, to_char(s.starts_at, 'HH24:MI') as at, s.capacity,
         -- marks are made when their month begins
         case when s.month > v_month then s.taken else coalesce(c.enrolled, 0) end::integer as enrolled,
         case when t.state = 'held' then c.came end::integer as came,
         case when t.state = 'held' then c.excused end::integer as excused,
         -- nobody is absent from a lesson to come
         case when t.state = 'held'
              then c.absent + case when c.date <= v_now::date then c.unmarked else 0 end end::integer as absent,
         (select count(*) from gym.refusals r where r.slot_id = s.id)::integer as refused,
         t.state,
         (count(*) over ())::integer as rows
    from lessons l
    full join counted c on c.slot_id = l.slot_id and c.date = l.date
    join gym.slots s on s.id = coalesce(l.slot_id, c.slot_id)
    cross join lateral (
      select case
          when l.is_closed or c.cancelled = c.enrolled
               or exists (select from gym.cancelled_lessons x
                 where x.date = coalesce(l.date, c.date) and x.starts_at = s.starts_at) then 'cancelled'
          when c.came + c.absent > 0 or (c.enrolled > c.cancelled and c.date < v_absent_before) then 'held'
          when coalesce(l.date, c.date) + s.starts_at > v_now then 'ahead'
          when c.enrolled is null then 'empty'
          when c.unmarked = 0 then 'held'
          else 'unmarked'
        end as state) t
   order by coalesce(l.date, c.date), s.starts_at, s.id;
  return jsonb_build_object('from', p_from, 'to', p_to);
end
$$;
comment on function rules.open_occupancy(date, date) is
  'Report of occupancy: opens report_rows, a row for each lesson from p_from to p_to: date, at, capacity, '
  'enrolled, came, excused, absent (unmarked ones of a marked lesson too; null where it was not held), refused: '
  'students whom the slot, on all its dates, had no seat for in the enrolment window, '
  'state: held, cancelled, unmarked (nobody marked it yet), empty (nobody was enrolled), ahead. Returns the head. '
  'Errors: report_period_in_order, report_period_length.';
