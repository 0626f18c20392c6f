-- One person's lessons: what the student's pages and the calendar show, and the coach's page of a person.

create function rules.person_lessons(p_user_id integer, p_from date, p_to date)
returns table (mark_id integer, date date, starts_at time, slot_id integer, weekday integer, mark gym.mark,
  marked boolean,
  ahead boolean, reason text)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_now   timestamp := rules.local_time();
  v_month date;
begin
  return query
  select m.id, m.date, s.starts_at, s.id, s.weekday::integer, m.mark,
         m.mark <> 'unmarked' or (m.date <= v_now::date and exists
         (select from rules.marked_lessons l where l.slot_id = m.slot_id and l.date = m.date)),
         m.date + s.starts_at > v_now,
         case when m.mark = 'cancelled' then coalesce(
           (select c.reason from gym.closures c
             where c.deleted_at is null and c.runs_as is null and m.date between c.start_date and c.end_date),
           (select x.reason from gym.cancelled_lessons x where x.date = m.date and x.starts_at = s.starts_at)) end
    from gym.marks m join gym.slots s on s.id = m.slot_id
   where m.user_id = p_user_id and m.date between p_from and p_to and m.withdrawn_at is null;
  -- Months that have not begun have no marks yet: they are worked out from the seats.
  for v_month in
    select distinct e.month from gym.enrolments e
     where e.user_id = p_user_id and e.cancelled_at is null and e.month > rules.this_month() and e.month <= p_to
       and not rules.has_begun(e.month)
  loop
    return query
    select null::integer, x.date, s.starts_at, s.id, s.weekday::integer,
           case when x.is_off then 'cancelled' when p.id is not null then 'excused' else 'unmarked' end::gym.mark,
           x.is_off or p.id is not null, true,
           case when x.is_off then coalesce(
             (select c.reason from gym.closures c
               where c.deleted_at is null and c.runs_as is null and x.date between c.start_date and c.end_date),
             (select l.reason from gym.cancelled_lessons l where l.date = x.date and l.starts_at = s.starts_at)) end
      from rules.expected_marks(v_month, p_from, p_to, array(
             select e.id from gym.enrolments e
              where e.user_id = p_user_id and e.month = v_month and e.cancelled_at is null)) x
      join gym.slots s on s.id = x.slot_id
      left join gym.pardons p on p.user_id = p_user_id and p.date = x.date;
  end loop;
end
$$;
comment on function rules.person_lessons(integer, date, date) is
  'A person''s lessons from p_from to p_to, in no order: with their marks, and those of months ahead as the seats '
  'held would '
  'have them (mark_id null). marked as in shape Visit; ahead: not begun yet; reason: why a lesson is off.';
