-- The lessons that were held, with their people counted: for previews and statistics.

create function rules.held_lessons(p_from date, p_to date, p_members integer[])
returns table (slot_id integer, date date, enrolled bigint, came bigint, excused bigint, absent bigint)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_absent_before date := rules.unmarked_absent_before();
  v_today         date := rules.today();
begin
  return query
  select c.slot_id, c.date, c.enrolled, c.came, c.excused, c.absent + c.unmarked
    from (
      select m.slot_id, m.date,
             count(*) filter (where i.is_one and m.mark <> 'cancelled') as enrolled,
             count(*) filter (where i.is_one and m.mark = 'present') as came,
             count(*) filter (where i.is_one and m.mark = 'excused') as excused,
             count(*) filter (where i.is_one and m.mark = 'absent') as absent,
             count(*) filter (where i.is_one and m.mark = 'unmarked') as unmarked,
             bool_or(m.mark in ('present',
             'absent')) or (m.date < v_absent_before and bool_or(m.mark <> 'cancelled')) as is_held
        from gym.marks m
       cross join lateral (select p_members is null or m.user_id = any (p_members) as is_one) i
       -- a lesson to come was not held
       where m.withdrawn_at is null and m.date between p_from and least(p_to, v_today)
       group by m.slot_id, m.date) c
   where c.is_held and c.enrolled > 0;
end
$$;
comment on function rules.held_lessons(date, date, integer[]) is
  'The lessons from p_from to p_to that were marked, with their people counted; who was left unmarked there is absent. '
  'p_members: of these people only; null: of everybody.';
