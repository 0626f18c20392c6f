-- The report of blocks: a row for each block. How reports work: shared.sql.

create function rules.open_blocked(p_from date, p_to date, p_group text default null) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows    refcursor := 'report_rows';
  v_members integer[];
begin
  perform rules.check_report_period(p_from, p_to);
  v_members := rules.group_members(p_group);
  open v_rows for
  select r.student_card, r.name, r."group", b.reason,
         array_to_string(array(select to_char(d, 'DD.MM.YYYY') from unnest(b.absences) d), ', ') as absences,
         b.first_day,
         case when b.lifted_at is null then nullif(b.last_day, 'infinity') end as last_day,
         (b.lifted_at at time zone c.time_zone)::date as lifted_on,
         w.name as lifted_by, b.lift_reason,
         (count(*) over ())::integer as rows
    -- offset 0, here and below: only of the blocks of the period the people are looked up, and their names worked out
    from (select k.*, x.first_day, x.last_day
            from rules.block_spans x join gym.blocks k on k.id = x.block_id
           where x.first_day <= p_to and x.last_day >= p_from and (v_members is null or k.user_id = any (v_members))
          offset 0) b
    join lateral (select x.* from rules.roll x where x.user_id = b.user_id offset 0) r on true
    cross join gym.settings c
    left join lateral (select x.name from rules.roll x where x.user_id = b.lifted_by offset 0) w on true
   order by r.place, r.user_id, b.id;
  return jsonb_build_object('from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''));
end
$$;
comment on function rules.open_blocked(date, date, text) is
  'Report of blocks: opens report_rows, a row for each block that stood on some day from p_from to p_to, by name: '
  'why, the absences it stands on, its first and last day (last_day null: until it is lifted, or it was), when, by '
  'whom and why it was lifted. Returns the head. '
  'p_group: of this group only. Errors: report_period_in_order, report_period_length.';
