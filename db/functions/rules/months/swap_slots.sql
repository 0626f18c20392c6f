-- Two slots exchange weekday and time, with their people.

create function rules.lock_slots_with_people(p_slot_ids integer[]) returns void
language plpgsql volatile
as $$
declare
  v_people integer[];
begin
  loop
    v_people := array(select e.user_id from gym.enrolments e
      where e.slot_id = any (p_slot_ids) and e.cancelled_at is null);
    begin
      perform rules.lock_people(v_people);
      perform from gym.slots s where s.id = any (p_slot_ids) order by s.id for no key update;
      if not exists (select from gym.enrolments e
        where e.slot_id = any (p_slot_ids) and e.cancelled_at is null and not e.user_id = any (v_people)) then
        return;
      end if;
      raise exception 'somebody came in between' using errcode = 'ENREP';
    exception
      -- all locks are let go of: the people come before the slots
      when sqlstate 'ENREP' then null;
    end;
  end loop;
end
$$;
comment on function rules.lock_slots_with_people(integer[]) is
  'Locks everybody who holds one of the slots, then the slots; again, where somebody took a seat in between. '
  'Errors: read_committed.';

create function rules.swap_slots(p_slot_id integer, p_other_id integer, p_force boolean default false)
  returns setof gym.slots
language plpgsql volatile
as $$
declare
  v_slot   gym.slots;
  v_other  gym.slots;
  v_double integer[];
begin
  perform rules.lock_slots_with_people(array[p_slot_id, p_other_id]);
  v_slot  := rules.slot(p_slot_id);
  v_other := rules.slot(p_other_id);
  if v_slot.month <> v_other.month then
    perform rules.refuse('within_one_month');
  end if;
  if rules.has_begun(v_slot.month) then
    perform rules.refuse('slot_month_begun');
  end if;
  -- of the one slot, with a third on the weekday of the other
  v_double := array(
    select mine.id
      from gym.enrolments mine
      join gym.enrolments third on third.user_id = mine.user_id and third.month = mine.month and third.cancelled_at
        is null
                               and third.slot_id not in (v_slot.id, v_other.id)
     where mine.slot_id in (v_slot.id, v_other.id) and mine.cancelled_at is null
       and third.weekday = case mine.slot_id when v_slot.id then v_other.weekday else v_slot.weekday end);
  if v_double <> '{}' and p_force is not true then
    perform rules.refuse('slot_move_collides', cardinality(v_double)::text);
  end if;
  -- they keep the third
  perform rules.release(v_double, 'administrator');
  perform rules.note_force('slot_move_collides', v_double);
  -- people change places, and the seats with them; whoever holds both slots keeps both
  update gym.slots s set capacity = greatest(v_slot.capacity, v_other.capacity) where s.id in (v_slot.id, v_other.id);
  update gym.enrolments e set slot_id = case e.slot_id when v_slot.id then v_other.id else v_slot.id end,
    past_list = 'swapped'
   where e.slot_id in (v_slot.id, v_other.id) and e.cancelled_at is null
     and not exists (select from gym.enrolments o
                      where o.user_id = e.user_id and o.cancelled_at is null and o.slot_id in (v_slot.id, v_other.id)
                        and o.id <> e.id);
  update gym.slots s set capacity = case s.id when v_slot.id then v_other.capacity else v_slot.capacity end
    where s.id in (v_slot.id, v_other.id);
  return query select s.* from gym.slots s where s.id in (v_slot.id, v_other.id) order by s.weekday, s.starts_at;
end
$$;
comment on function rules.swap_slots(integer, integer, boolean) is
  'Two slots of a month not begun exchange their people and seats, as if their times were exchanged; no seat is '
  'lost meanwhile. p_force: whoever would have two on one weekday loses the seat in the slot that comes there. '
  'Errors: slot_not_found, within_one_month, slot_month_begun, slot_move_collides.';
