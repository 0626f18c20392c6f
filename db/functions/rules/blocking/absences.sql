-- Absences, and which of them count.

create view rules.absences as
select m.user_id, m.date, s.starts_at
  from gym.marks m
  join gym.slots s on s.id = m.slot_id
 where m.withdrawn_at is null
   and (m.mark = 'absent'
        or (m.mark = 'unmarked'
            and ((select c.unmarked_is_absent from gym.settings c)
                 or exists (select from rules.marked_lessons l
                             where l.slot_id = m.slot_id and l.date = m.date offset 0))));
comment on view rules.absences is
  'Marks "absent", and whoever was left unmarked in a lesson in which somebody was marked (setting '
  'unmarked_is_absent: in any).';

create function rules.counted_absences(p_month date, p_user_ids integer[] default null,
  p_before date default rules.today())
returns table (user_id integer, date date, starts_at time)
-- planned for one person, or before there were marks, it would take hours for thousands of them
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_to date := least((p_month + interval '1 month')::date, p_before);
begin
  -- two plans: a month from end to end, or the marks of some people one by one
  if p_user_ids is null then
    return query
    select a.user_id, a.date, a.starts_at from rules.absences a where a.date >= p_month and a.date < v_to;
  else
    return query
    select a.user_id, a.date, a.starts_at
      from (select distinct w from unnest(p_user_ids) w) who
      join rules.absences a on a.user_id = who.w and a.date >= p_month and a.date < v_to;
  end if;
end
$$;
comment on function rules.counted_absences(date, integer[], date) is
  'The absences of a month that count: rules.absences of dates before p_before. From the day after the lesson, so '
  'that a coach has the day to correct. p_user_ids null: of everybody.';
