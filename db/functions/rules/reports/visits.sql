-- The report of visits: a row for each person. How reports work: shared.sql.

create function rules.open_visits(p_from date, p_to date, p_group text default null) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows          refcursor := 'report_rows';
  v_members       integer[];
  v_absent_before date := rules.unmarked_absent_before();
  v_today         date := rules.today();
begin
  perform rules.check_report_period(p_from, p_to);
  v_members := rules.group_members(p_group);
  open v_rows for
  select r.student_card, r.name, r."group", m.days, m.times, m.marks,
         exists (select from rules.block_spans b
           where b.user_id = m.user_id and b.first_day <= p_to and b.last_day >= p_from) as is_blocked,
         (count(*) over ())::integer as students,
         (max(length(r.name)) over ())::integer as longest_name,
         (max(length(r."group")) over ())::integer as longest_group
    from (
      select k.user_id, array_agg(k.day) as days, array_agg(k.minute) as times, string_agg(k.mark, '') as marks
        from (
          select m.user_id, m.date - p_from as day, s.minute,
                 case when m.mark = 'unmarked'
                           and (m.date < v_absent_before
                                -- nobody is absent from a lesson to come
                                or (m.date <= v_today
                                    and exists (select from rules.marked_lessons l
                                                 where l.slot_id = m.slot_id and l.date = m.date offset 0)))
                      then 'a' else left(m.mark::text, 1) end as mark
            from gym.marks m
            -- offset 0: worked out a slot, not a mark
            join (select s.id, s.weekday * 1440 + extract(epoch from s.starts_at)::integer / 60 as minute, s.starts_at
                    from gym.slots s offset 0) s on s.id = m.slot_id
           where m.withdrawn_at is null and m.date between p_from and p_to
             and (v_members is null or m.user_id = any (v_members))
           order by m.user_id, m.date, s.starts_at, m.id) k
       group by k.user_id) m
    join rules.roll r on r.user_id = m.user_id
   order by r.place, m.user_id;
  return (
    select jsonb_build_object(
             'from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''),
             'dates', array(
               select d.date from rules.timetable(p_from, p_to) d
                where extract(isodow from d.date) < 7
                   or exists (select from gym.marks m where m.date = d.date and m.withdrawn_at is null)
                   or (not d.is_closed
                       and exists (select from gym.slots s
                         where s.month = date_trunc('month', d.date::timestamp)::date and s.weekday = d.weekday
                         and s.deleted_at is null))
                order by d.date),
             'signs', jsonb_build_object('present', c.sign_present, 'absent', c.sign_absent, 'excused', c.sign_excused,
               'cancelled', c.sign_cancelled, 'unmarked', c.sign_unmarked))
      from gym.settings c);
end
$$;
comment on function rules.open_visits(date, date, text) is
  'Report of visits: opens report_rows, a row for each person with marks from p_from to p_to (the blocked and the '
  'deleted too), by name, with '
  'days: of each mark, counted from p_from; times: minute of the week of its slot; marks: first letters of '
  'present, absent, excused, cancelled, unmarked, where whoever is left unmarked in a lesson in which somebody was '
  'marked is absent; '
  'is_blocked: some day of the period. Returns the head: dates with a column (no Sunday without a lesson) and '
  'signs. p_group: of this group only. Errors: report_period_in_order, report_period_length.';
