-- A seat moves to another slot.

create function rules.slots_of_month(p_user_ids integer[], p_slot_id integer) returns setof integer
language sql stable
as $$
  select distinct e.slot_id
    from gym.enrolments e join gym.slots w on w.id = p_slot_id
   where e.user_id = any (p_user_ids) and e.month = w.month and e.cancelled_at is null
$$;
comment on function rules.slots_of_month(integer[], integer) is
  'Slots that people hold in the month of a slot: what force gives up for it is among them, and locked before. Not '
  'of its weekday alone, which another may change until the slot is locked.';

create function rules.move_enrolment(p_enrolment_id integer, p_slot_id integer, p_actor integer,
  p_force boolean default false) returns gym.enrolments
language plpgsql volatile
as $$
declare
  v_enrolment gym.enrolments;
begin
  perform rules.lock_people(array(select e.user_id from gym.enrolments e where e.id = p_enrolment_id));
  -- the slot as it is now that nobody else moves the person
  select * into v_enrolment from gym.enrolments e where e.id = p_enrolment_id;
  perform from gym.slots s
    where s.id in (v_enrolment.slot_id, p_slot_id)
       or p_force and s.id in (select slot from rules.slots_of_month(array[v_enrolment.user_id], p_slot_id) slot)
    order by s.id for no key update;
  -- as it is now that nobody else can change it
  select * into v_enrolment from gym.enrolments e where e.id = p_enrolment_id and e.cancelled_at is null;
  if not found then
    perform rules.refuse('enrolment_not_found');
  end if;
  if (rules.slot(p_slot_id)).month <> v_enrolment.month then
    perform rules.refuse('within_one_month');
  end if;
  if p_slot_id = v_enrolment.slot_id then
    perform rules.refuse('already_enrolled');
  end if;
  -- whatever refuses the new seat undoes this too
  perform rules.release(array[v_enrolment.id], 'moved', p_actor);
  return rules.enrol(v_enrolment.user_id, p_slot_id, p_actor, p_force, v_enrolment.beyond_limit,
    p_past_list => 'moved');
end
$$;
comment on function rules.move_enrolment(integer, integer, integer, boolean) is
  'Moves a person to another slot of the same month, the old seat given up and the new one taken in one step: both '
  'or neither. Marks of lessons past stay with the old enrolment. p_force: in exchange for the seat held on the '
  'new weekday. '
  'Errors: enrolment_not_found, slot_not_found, within_one_month, already_enrolled, and those of rules.enrol.';
