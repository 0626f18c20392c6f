-- The report for credit: a row for each person. How reports work: shared.sql.

create function rules.open_term(p_from date, p_to date, p_group text default null) returns jsonb
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
  select r.student_card, r.name, r."group",
         (m.attended + m.excused + m.absent)::integer as held, m.attended::integer, m.excused::integer,
           m.absent::integer,
         (select count(*) from rules.block_spans b join gym.blocks g on g.id = b.block_id
           where b.user_id = m.user_id and b.first_day <= p_to and b.last_day >= p_from and g.lifted_at
             is null)::integer as blocks,
         (count(*) over ())::integer as rows
    from (
      select m.user_id,
             count(*) filter (where m.mark = 'present') as attended,
             count(*) filter (where m.mark = 'excused') as excused,
             count(*) filter (where m.mark = 'absent'
                                 or (m.mark = 'unmarked'
                                     and (m.date < v_absent_before
                                          -- nobody is absent from a lesson to come
                                          or (m.date <= v_today
                                              and exists (select from rules.marked_lessons l
                                                           where l.slot_id = m.slot_id
                                                             and l.date = m.date offset 0))))) as absent
        from gym.marks m
       where m.withdrawn_at is null and m.date between p_from and p_to
         and (v_members is null or m.user_id = any (v_members))
       group by m.user_id) m
    join rules.roll r on r.user_id = m.user_id
   order by r.place, m.user_id;
  return jsonb_build_object('from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''));
end
$$;
comment on function rules.open_term(date, date, text) is
  'Report for credit: opens report_rows, a row for each person with marks from p_from to p_to, by name: lessons '
  'held (attended, excused and absent together; cancelled and unmarked ones are not), and blocks that stood in the '
  'period and were not lifted. Returns the head. '
  'p_group: of this group only. Errors: report_period_in_order, report_period_length.';
