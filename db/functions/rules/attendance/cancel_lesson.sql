-- A lesson that does not take place, and its marks.

create function rules.follow_off(p_from date, p_to date, p_starts_at time default null) returns void
language plpgsql volatile
as $$
begin
  perform rules.lock_lessons(array(
    select m.id from gym.marks m join gym.slots s on s.id = m.slot_id
     where m.date between p_from and p_to and m.withdrawn_at is null
       and (p_starts_at is null or s.starts_at = p_starts_at)));
  -- what is off is asked for each mark: a join of slots with days would be planned for all slots ever
  update gym.marks m
     set mark        = case when o.is_off then 'cancelled' else m.mark_before end,
         mark_before = case when o.is_off then m.mark end
    from (select k.id, d.is_closed or exists (select from gym.cancelled_lessons l
      where l.date = k.date and l.starts_at = s.starts_at) as is_off
            from gym.marks k
            join gym.slots s on s.id = k.slot_id
            join rules.timetable(p_from, p_to) d on d.date = k.date
           where k.date between p_from and p_to and k.withdrawn_at is null
             and (p_starts_at is null or s.starts_at = p_starts_at)) o
   where m.id = o.id
     and case when o.is_off then m.mark <> 'cancelled' else m.mark_before is not null end;
end
$$;
comment on function rules.follow_off(date, date, time) is
  'Makes the marks of the dates p_from to p_to (of one time, or of all) follow cancelled lessons and closed days: '
  'cancelled where a lesson is off, what they were before where it is on again.';

create function rules.cancel_lesson(p_date date, p_starts_at time, p_reason text, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  insert into gym.cancelled_lessons (date, starts_at, cancelled_at, cancelled_by, reason)
  values (p_date, p_starts_at, rules.clock(), p_actor, p_reason)
  on conflict do nothing;
  -- Called off before: marks that were changed since are cancelled again.
  if not found then
    perform rules.follow_off(p_date, p_date, p_starts_at);
  end if;
end
$$;
comment on function rules.cancel_lesson(date, time, text, integer) is
  
  'Calls a lesson off: its marks become cancelled, those made later too (openapi.yaml visit/cancel-lesson). Repeated, '
  'it cancels marks that were changed since. Errors: lesson_not_found, coach_marks_days.';

create function rules.restore_lesson(p_date date, p_starts_at time, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  delete from gym.cancelled_lessons l where l.date = p_date and l.starts_at = p_starts_at;
  if rules.is_off(p_date, p_starts_at) then
    perform rules.refuse('day_closed');
  end if;
end
$$;
comment on function rules.restore_lesson(date, time, integer) is
  'Takes the cancellation of a lesson back; its marks are again what they were. Harmless to repeat. Errors: '
  'lesson_not_found, day_closed, coach_marks_days.';
