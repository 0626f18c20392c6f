-- Marking a lesson as a whole.

create function rules.lesson_marks(p_date date, p_starts_at time) returns setof gym.marks
language sql stable
as $$
  select m.* from gym.marks m join gym.slots s on s.id = m.slot_id
   where m.date = p_date and s.starts_at = p_starts_at and m.withdrawn_at is null
   order by m.id
$$;
comment on function rules.lesson_marks(date, time) is 'The marks of a lesson, named by date and the time it begins.';

create function rules.check_lesson(p_date date, p_starts_at time) returns void
language plpgsql stable
as $$
begin
  perform rules.check_date(p_date);
  if not exists (select from rules.lesson_marks(p_date, p_starts_at))
     and not exists (
       select from gym.slots s join rules.timetable(p_date, p_date) d on d.weekday = s.weekday
        where s.month = date_trunc('month', p_date)::date and s.starts_at = p_starts_at and s.deleted_at is null) then
    perform rules.refuse('lesson_not_found');
  end if;
end
$$;
comment on function rules.check_lesson(date, time) is
  'Errors: lesson_not_found where no slot runs on that date at that time; date_out_of_range.';

create function rules.mark_lesson(p_date date, p_starts_at time, p_present integer[], p_excused integer[],
  p_actor integer) returns setof gym.marks
language plpgsql volatile
as $$
declare
  v_ids integer[];
begin
  -- Left out, the list would mark everybody as absent.
  if p_present is null then
    perform rules.refuse('field_missing', 'present');
  end if;
  p_excused := coalesce(p_excused, '{}');
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  if rules.is_off(p_date, p_starts_at) then
    perform rules.refuse('lesson_cancelled');
  end if;
  if p_date > rules.today() then
    perform rules.refuse('lesson_ahead');
  end if;
  if p_present && p_excused then
    perform rules.refuse('mark_twice');
  end if;
  v_ids := array(select m.id from rules.lesson_marks(p_date, p_starts_at) m);
  perform rules.lock_lessons(v_ids);
  if exists (select from unnest(p_present || p_excused) w
              where not exists (select from gym.marks m where m.id = any (v_ids) and m.user_id = w)) then
    perform rules.refuse('not_in_lesson');
  end if;
  update gym.marks m
     set mark = case when m.user_id = any (p_present) then 'present' when m.user_id = any (p_excused) then 'excused'
       else 'absent' end::gym.mark,
         set_at = rules.clock(), set_by = p_actor
   where m.id = any (v_ids)
     -- An excuse, or a lesson cancelled for one person, was set with intent: the list of those who came takes neither
     -- back.
     and (m.mark not in ('excused', 'cancelled') or m.user_id = any (p_present || p_excused));
  return query select * from rules.lesson_marks(p_date, p_starts_at);
end
$$;
comment on function rules.mark_lesson(date, time, integer[], integer[], integer) is
  'Marks a whole lesson: p_present and p_excused are ids of people, the rest is absent; an excuse given before stays '
  'unless the person is named. p_excused null: nobody. Returns its marks. Errors: field_missing, lesson_not_found, '
  'lesson_cancelled, lesson_ahead, mark_twice, not_in_lesson, coach_marks_days.';

create function rules.unmark_lesson(p_date date, p_starts_at time, p_actor integer) returns integer
language plpgsql volatile
as $$
declare
  v_undone integer;
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  perform rules.lock_lessons(array(select m.id from rules.lesson_marks(p_date, p_starts_at) m));
  update gym.marks m set mark = 'unmarked'
   where m.id in (select l.id from rules.lesson_marks(p_date, p_starts_at) l) and m.mark in ('present', 'absent');
  get diagnostics v_undone = row_count;
  return v_undone;
end
$$;
comment on function rules.unmark_lesson(date, time, integer) is
  'Takes back a lesson''s present and absent marks; excused ones stay. Returns how many. Errors: lesson_not_found, '
  'coach_marks_days.';
