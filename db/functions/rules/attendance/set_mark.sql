-- Setting one mark.

create function rules.check_mark_days(p_date date, p_actor integer) returns void
language plpgsql stable
as $$
declare
  v_days integer := (select c.coach_marks_days from gym.settings c);
begin
  if p_date < rules.today() - v_days and (select u.role from gym.users u where u.id = p_actor) = 'COACH' then
    perform rules.refuse('coach_marks_days', v_days::text);
  end if;
end
$$;
comment on function rules.check_mark_days(date, integer) is
  'A coach changes marks for the setting''s number of days; an administrator, and psql (p_actor null), always. '
  'Errors: coach_marks_days.';

create function rules.lock_lessons(p_mark_ids integer[], p_user_ids integer[] default '{}') returns void
language plpgsql volatile
as $$
begin
  -- people before marks, as everywhere: whoever is deleted holds the person and then withdraws the marks
  perform from gym.users u
    -- one array: with "or" all people would be looked at
    where u.id = any (p_user_ids || array(
      select o.user_id from gym.marks m join gym.marks o on o.slot_id = m.slot_id and o.date = m.date
       where m.id = any (p_mark_ids)))
    order by u.id for no key update;
  perform from gym.marks m where m.id = any (p_mark_ids) order by m.id for no key update;
end
$$;
comment on function rules.lock_lessons(integer[], integer[]) is
  'Locks marks that are about to change, and before them everybody in their lessons, since one mark can decide '
  'what another counts as. p_mark_ids: ids of gym.marks; p_user_ids: people to lock with them.';

create function rules.set_mark(p_mark_id integer, p_mark gym.mark, p_actor integer) returns gym.marks
language plpgsql volatile
as $$
declare
  v_mark gym.marks;
begin
  perform rules.lock_lessons(array[p_mark_id]);
  select * into v_mark from gym.marks m where m.id = p_mark_id and m.withdrawn_at is null;
  if not found then
    perform rules.refuse('mark_not_found');
  end if;
  perform rules.check_mark_days(v_mark.date, p_actor);
  update gym.marks m
     set mark = p_mark,
         set_at = case when p_mark <> 'unmarked' then rules.clock() end,
         set_by = case when p_mark <> 'unmarked' then p_actor end
   where m.id = v_mark.id
  returning * into v_mark;
  return v_mark;
end
$$;
comment on function rules.set_mark(integer, gym.mark, integer) is
  'Sets one mark; unmarked undoes it. Errors: mark_not_found, coach_marks_days, lesson_ahead.';
