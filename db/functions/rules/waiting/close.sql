-- When the waiting list of a slot ends, and ending it.

create function rules.first_lesson(p_slot gym.slots) returns date
language plpgsql stable
as $$
begin
  return (
    select min(d.date)
      from rules.timetable(p_slot.month, (p_slot.month + interval '1 month -1 day')::date) d
     where d.weekday = p_slot.weekday and not d.is_closed
       and not exists (select from gym.cancelled_lessons l where l.date = d.date and l.starts_at = p_slot.starts_at));
end
$$;
comment on function rules.first_lesson(gym.slots) is
  'The date of a slot''s first lesson in its month, with closures, moved days and lessons called off taken into '
  'account; null: it has none.';

create function rules.list_closes_at(p_slot gym.slots) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select (coalesce(rules.first_lesson(p_slot),
      p_slot.month) - c.waiting_closes_days + c.waiting_closes_at) at time zone c.time_zone
      from gym.settings c);
end
$$;
comment on function rules.list_closes_at(gym.slots) is
  'When the waiting list of a slot ends: by the settings waiting_closes_days and waiting_closes_at before its first '
  'lesson of the month. A slot without lessons counts from the first of the month.';

create function rules.list_is_open(p_slot_id integer) returns boolean
language plpgsql stable
as $$
begin
  return (select s.deleted_at is null and rules.clock() < rules.list_closes_at(s) from gym.slots s
    where s.id = p_slot_id);
end
$$;
comment on function rules.list_is_open(integer) is
  'Whether the waiting list of a slot has not ended. After its end it holds no seat back.';

create function rules.close_lists() returns integer
language plpgsql volatile
as $$
declare
  v_slot   integer;
  v_closed integer := 0;
  v_done   integer;
begin
  for v_slot in
    select distinct w.slot_id from gym.waiting w where w.ended_at is null order by w.slot_id
  loop
    if not rules.list_is_open(v_slot) then
      perform from gym.slots s where s.id = v_slot for no key update;
      update gym.waiting w set ended_at = rules.clock(), end_reason = 'closed'
        where w.slot_id = v_slot and w.ended_at is null;
      get diagnostics v_done = row_count;
      v_closed := v_closed + v_done;
    end if;
  end loop;
  return v_closed;
end
$$;
comment on function rules.close_lists() is
  'Ends the positions of lists that have ended, with reason closed. Gives how many. Slots by id, and no person: who '
  'takes a seat waits for the slot.';
