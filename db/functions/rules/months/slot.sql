-- One slot: adding, changing, deleting.

create function rules.slot(p_slot_id integer) returns gym.slots
language plpgsql volatile
as $$
declare
  v_slot gym.slots;
begin
  select * into v_slot from gym.slots s where s.id = p_slot_id and s.deleted_at is null for no key update;
  if not found then
    perform rules.refuse('slot_not_found');
  end if;
  return v_slot;
end
$$;
comment on function rules.slot(integer) is
  'The slot of that id, not deleted, locked until the transaction ends. NO KEY, so that other people''s '
  'foreign-key checks do not wait. Errors: slot_not_found.';

create function rules.create_slot(p_month date, p_weekday integer, p_starts_at time, p_capacity integer)
  returns gym.slots
language plpgsql volatile
as $$
declare
  v_slot gym.slots;
begin
  if p_month < rules.this_month() then
    perform rules.refuse('slot_month_past');
  end if;
  insert into gym.slots (month, weekday, starts_at, capacity)
  values (p_month, p_weekday, p_starts_at, coalesce(p_capacity, (select c.seats_per_slot from gym.settings c)))
  on conflict (month, weekday, starts_at) where deleted_at is null do nothing
  returning * into v_slot;
  if v_slot.id is null then
    perform rules.refuse('slots_one_a_time');
  end if;
  return v_slot;
end
$$;
comment on function rules.create_slot(date, integer, time, integer) is
  'Adds a slot to a month. p_capacity null: the setting. Errors: slot_month_past, slots_one_a_time.';

create function rules.edit_slot(p_slot_id integer, p_weekday integer, p_starts_at time, p_capacity integer,
  p_force boolean default false) returns gym.slots
language plpgsql volatile
as $$
declare
  v_slot   gym.slots := rules.slot(p_slot_id);
  v_double integer[];
  v_late   integer[];
begin
  if exists (select from gym.slots s
              where s.month = v_slot.month and s.deleted_at is null and s.id <> v_slot.id
                and s.weekday = coalesce(p_weekday, v_slot.weekday)
                  and s.starts_at = coalesce(p_starts_at, v_slot.starts_at)) then
    perform rules.refuse('slots_one_a_time');
  end if;
  if p_weekday <> v_slot.weekday then
    v_double := array(
      select mine.id
        from gym.enrolments mine
        join gym.enrolments other on other.user_id = mine.user_id and other.month = mine.month
                                 and other.weekday = p_weekday and other.cancelled_at is null
       where mine.slot_id = v_slot.id and mine.cancelled_at is null);
    if v_double <> '{}' and p_force is not true then
      perform rules.refuse('slot_move_collides', cardinality(v_double)::text);
    end if;
    -- they keep the other seat
    perform rules.release(v_double, 'administrator');
    perform rules.note_force('slot_move_collides', v_double);
    v_slot := rules.slot(v_slot.id);
  end if;
  if p_capacity < v_slot.taken then
    if p_force is not true then
      perform rules.refuse('slots_capacity_below_taken', v_slot.taken::text);
    end if;
    -- whoever came last has to go
    v_late := array(select e.id from gym.enrolments e where e.slot_id = v_slot.id and e.cancelled_at is null
      order by e.id desc limit v_slot.taken - p_capacity);
    perform rules.release(v_late, 'administrator');
    perform rules.note_force('slots_capacity_below_taken', v_late);
  end if;
  update gym.slots s
     set weekday   = coalesce(p_weekday, s.weekday),
         starts_at = coalesce(p_starts_at, s.starts_at),
         capacity  = coalesce(p_capacity, s.capacity)
   where s.id = v_slot.id
  returning * into v_slot;
  return v_slot;
end
$$;
comment on function rules.edit_slot(integer, integer, time, integer, boolean) is
  'Moves or resizes a slot; null leaves a field. p_force: whoever does not fit any more loses the seat, the latest '
  'first, and whoever holds another on the new weekday. Errors: slot_not_found, slots_capacity_below_taken, '
  'slots_one_a_time, slot_move_collides, slot_month_begun.';

create function rules.delete_slot(p_slot_id integer, p_force boolean) returns void
language plpgsql volatile
as $$
declare
  v_slot gym.slots := rules.slot(p_slot_id);
  v_held integer[];
begin
  if v_slot.taken > 0 then
    -- null is no force
    if p_force is not true then
      perform rules.refuse('slot_has_enrolments', v_slot.taken::text);
    end if;
    v_held := array(select e.id from gym.enrolments e where e.slot_id = v_slot.id and e.cancelled_at is null);
    perform rules.release(v_held, 'slot deleted');
    perform rules.note_force('slot_has_enrolments', v_held);
  end if;
  update gym.slots s set deleted_at = rules.clock() where s.id = v_slot.id;
end
$$;
comment on function rules.delete_slot(integer, boolean) is
  'Marks a slot deleted; with p_force its enrolments are cancelled first. Errors: slot_not_found, slot_has_enrolments.';
