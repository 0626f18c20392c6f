-- What an administrator moves as a whole: a seat, two slots, a month, a group, an account.

create function rules.lock_people(p_user_ids integer[]) returns void
language plpgsql volatile
as $$
begin
  perform from gym.users u where u.id = any (p_user_ids) order by u.id for no key update;
  perform rules.lock_user(w) from (select distinct w from unnest(p_user_ids) w order by w) d;
end
$$;
comment on function rules.lock_people(integer[]) is 'Locks several people in the order of every path, each as rules.lock_user does. Errors: read_committed.';

create function rules.slots_of_month(p_user_ids integer[], p_slot_id integer) returns setof integer
language sql stable
as $$
  select distinct e.slot_id
    from gym.enrolments e join gym.slots w on w.id = p_slot_id
   where e.user_id = any (p_user_ids) and e.month = w.month and e.cancelled_at is null
$$;
comment on function rules.slots_of_month(integer[], integer) is
  'Slots that people hold in the month of a slot: what force gives up for it is among them, and locked before. Not of its weekday alone, which another may change until the slot is locked.';

create function rules.move_enrolment(p_enrolment_id integer, p_slot_id integer, p_actor integer, p_force boolean default false) returns gym.enrolments
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
  return rules.enrol(v_enrolment.user_id, p_slot_id, p_actor, p_force, v_enrolment.beyond_limit);
end
$$;
comment on function rules.move_enrolment(integer, integer, integer, boolean) is
  'Moves a person to another slot of the same month, the old seat given up and the new one taken in one step: both or neither. Marks of lessons past stay with the old enrolment. p_force: in exchange for the seat held on the new weekday. '
  'Errors: enrolment_not_found, slot_not_found, within_one_month, already_enrolled, and those of rules.enrol.';

create function rules.lock_slots_with_people(p_slot_ids integer[]) returns void
language plpgsql volatile
as $$
declare
  v_people integer[];
begin
  loop
    v_people := array(select e.user_id from gym.enrolments e where e.slot_id = any (p_slot_ids) and e.cancelled_at is null);
    begin
      perform rules.lock_people(v_people);
      perform from gym.slots s where s.id = any (p_slot_ids) order by s.id for no key update;
      if not exists (select from gym.enrolments e where e.slot_id = any (p_slot_ids) and e.cancelled_at is null and not e.user_id = any (v_people)) then
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
  'Locks everybody who holds one of the slots, then the slots; again, where somebody took a seat in between. Errors: read_committed.';

create function rules.swap_slots(p_slot_id integer, p_other_id integer, p_force boolean default false) returns setof gym.slots
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
      join gym.enrolments third on third.user_id = mine.user_id and third.month = mine.month and third.cancelled_at is null
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
  update gym.enrolments e set slot_id = case e.slot_id when v_slot.id then v_other.id else v_slot.id end
   where e.slot_id in (v_slot.id, v_other.id) and e.cancelled_at is null
     and not exists (select from gym.enrolments o
                      where o.user_id = e.user_id and o.cancelled_at is null and o.slot_id in (v_slot.id, v_other.id) and o.id <> e.id);
  update gym.slots s set capacity = case s.id when v_slot.id then v_other.capacity else v_slot.capacity end where s.id in (v_slot.id, v_other.id);
  return query select s.* from gym.slots s where s.id in (v_slot.id, v_other.id) order by s.weekday, s.starts_at;
end
$$;
comment on function rules.swap_slots(integer, integer, boolean) is
  'Two slots of a month not begun exchange their people and seats, as if their times were exchanged; no seat is lost meanwhile. p_force: whoever would have two on one weekday loses the seat in the slot that comes there. Errors: slot_not_found, within_one_month, slot_month_begun, slot_move_collides.';

create function rules.copy_month(p_from date, p_to date, p_force boolean) returns table (weekday smallint, starts_at time, capacity integer, result text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_slot record;
begin
  if p_to < rules.this_month() then
    perform rules.refuse('slot_month_past');
  end if;
  if not exists (select from gym.slots s where s.month = p_from and s.deleted_at is null) then
    perform rules.refuse('month_without_slots', to_char(p_from, 'MM-YYYY'));
  end if;
  -- the template has nothing to add
  insert into gym.months as m (month, slots_made_at) values (p_to, rules.clock())
  on conflict (month) do update set slots_made_at = coalesce(m.slots_made_at, excluded.slots_made_at);
  perform from gym.slots s where s.month = p_to and s.deleted_at is null order by s.id for no key update;

  for v_slot in
    select o.weekday, o.starts_at, o.capacity as wanted, o.id is not null as is_wanted, t.id, t.capacity, t.taken
      from (select * from gym.slots s where s.month = p_from and s.deleted_at is null) o
      full join (select * from gym.slots s where s.month = p_to and s.deleted_at is null) t on t.weekday = o.weekday and t.starts_at = o.starts_at
     order by coalesce(o.weekday, t.weekday), coalesce(o.starts_at, t.starts_at)
  loop
    if v_slot.id is null then
      insert into gym.slots (month, weekday, starts_at, capacity) values (p_to, v_slot.weekday, v_slot.starts_at, v_slot.wanted);
      return query select v_slot.weekday, v_slot.starts_at, v_slot.wanted, 'made';
    elsif p_force is true and not v_slot.is_wanted then
      perform rules.delete_slot(v_slot.id, true);
      return query select s.weekday, s.starts_at, s.capacity, format('deleted, %s cancelled', v_slot.taken) from gym.slots s where s.id = v_slot.id;
    else
      if p_force is true then
        -- nobody loses a seat for it
        update gym.slots s set capacity = greatest(v_slot.wanted, s.taken) where s.id = v_slot.id and s.capacity <> v_slot.wanted;
      end if;
      return query select s.weekday, s.starts_at, s.capacity, case when s.capacity <> v_slot.capacity then 'resized' else 'stood' end from gym.slots s where s.id = v_slot.id;
    end if;
  end loop;
end
$$;
comment on function rules.copy_month(date, date, boolean) is
  'Makes in month p_to the slots of month p_from that it lacks; the weekly template then adds none. p_force: also deletes slots that p_from has not, with their people, and takes over the seats, though never fewer than taken. '
  'Errors: slot_month_past, month_without_slots.';

create function rules.enrol_group(p_group text, p_slot_id integer, p_actor integer, p_force boolean default false) returns table (user_id integer, enrolment_id integer, refused_by text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_ids integer[] := array(select u.id from gym.users u join rules.roll r on r.user_id = u.id
                            where u."group" = p_group and u.role in ('STUDENT', 'BLOCKED') and not u.deleted
                            order by r.place, u.id);
begin
  if v_ids = '{}' then
    perform rules.refuse('group_unknown', p_group);
  end if;
  -- everybody before the slot, as everywhere
  perform rules.lock_people(v_ids);
  perform from gym.slots s
    where s.id = p_slot_id or p_force and s.id in (select slot from rules.slots_of_month(v_ids, p_slot_id) slot)
    order by s.id for no key update;
  perform rules.slot(p_slot_id);
  foreach user_id in array v_ids loop
    enrolment_id := null;
    refused_by := null;
    begin
      enrolment_id := (rules.enrol(user_id, p_slot_id, p_actor, p_force)).id;
    exception
      when sqlstate 'ENRUL' then
        get stacked diagnostics refused_by = constraint_name;
    end;
    return next;
  end loop;
end
$$;
comment on function rules.enrol_group(text, integer, integer, boolean) is
  'Enrols every student of a group in a slot, in the order of their names, each for himself: whom a rule refuses is named with the rule, the others have their seat. p_force: as in rules.enrol. Errors: group_unknown, slot_not_found.';

create function rules.merge_users(p_user_id integer, p_into_id integer, p_actor integer) returns table (what text, result text)
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
  v_into gym.users := rules.person(p_into_id);
  v_seat record;
  v_end  date;
begin
  if v_user.id = v_into.id then
    perform rules.refuse('merge_two_people');
  end if;
  -- all locks that what follows needs, in the order of every path: pardons as in rules.unblock, people with whoever shares a lesson
  -- that is forgiven, slots with those that a block had freed
  lock table gym.pardons in row exclusive mode;
  perform rules.lock_lessons(array(select m.id from gym.marks m join gym.pardons p on p.date = m.date and p.user_id = v_user.id
                                    where m.user_id = v_into.id and m.date >= rules.today()),
                             array[v_user.id, v_into.id]);
  perform rules.lock_people(array[v_user.id, v_into.id]);
  perform from gym.slots s
    where s.id in (select e.slot_id from gym.enrolments e
                    where e.user_id in (v_user.id, v_into.id) and e.month >= rules.this_month()
                      and (e.cancelled_at is null or e.cancel_reason = 'blocked'))
    order by s.id for no key update;

  -- what was forgiven for days to come
  insert into gym.pardons (user_id, date, month, reason, made_at, made_by)
  select v_into.id, p.date, p.month, p.reason, rules.clock(), p_actor
    from gym.pardons p
   where p.user_id = v_user.id and (p.date >= rules.today() or p.month >= rules.this_month())
     and not exists (select from gym.pardons o where o.user_id = v_into.id and (o.date = p.date or o.month = p.month))
   order by p.id;

  -- nobody gets out of a block by a second card
  if rules.is_blocked(v_user.id) and v_into.role in ('STUDENT', 'BLOCKED') then
    what := 'block';
    v_end := rules.blocked_until(v_user.id);
    if exists (select from gym.blocks b where b.user_id = v_into.id and b.month is null and b.lifted_at is null and (b.ends_on is null or b.ends_on >= rules.today())) then
      result := 'the account kept is blocked by hand already';
    else
      perform rules.block(v_into.id, format('Объединение с картой %s, которая заблокирована', v_user.student_card), v_end, p_actor);
      result := 'holds for the account kept' || coalesce(', until ' || v_end, '');
    end if;
    return next;
  end if;

  for v_seat in
    select e.id, e.slot_id, e.month, e.weekday, e.beyond_limit, s.starts_at
      from gym.enrolments e join gym.slots s on s.id = e.slot_id
     where e.user_id = v_user.id and e.cancelled_at is null and e.month >= rules.this_month()
     order by e.month, e.weekday, s.starts_at
  loop
    what := format('%s %s %s', to_char(v_seat.month, 'MM-YYYY'), (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[v_seat.weekday + 1], to_char(v_seat.starts_at, 'HH24:MI'));
    result := case
      when rules.is_barred(v_into.id, v_seat.month) then 'freed: the account kept is blocked'
      when exists (select from gym.enrolments e where e.user_id = v_into.id and e.month = v_seat.month and e.weekday = v_seat.weekday and e.cancelled_at is null)
        then 'freed: the account kept has a seat on that day'
      when v_seat.beyond_limit is distinct from 'forced' and rules.has_all(v_into.id, v_seat.month)
        then 'freed: the account kept has all it may hold'
      else 'moved' end;
    if result = 'moved' then
      perform rules.release(array[v_seat.id], 'moved', p_actor);
      insert into gym.enrolments (slot_id, user_id, created_by, beyond_limit) values (v_seat.slot_id, v_into.id, p_actor, nullif(v_seat.beyond_limit, 'lowered'));
    end if;
    return next;
  end loop;

  perform rules.delete_user(v_user.id);
  what := 'card ' || v_user.student_card;
  result := 'deleted; its marks, blocks and past seats stay with it';
  return next;
end
$$;
comment on function rules.merge_users(integer, integer, integer) is
  'Two accounts of one person become one. Seats of this and later months go over to p_into_id where it may hold them, so do a block that stands and pardons of days to come; p_user_id is then deleted, which frees the rest. '
  'History is not rewritten: marks, absences, past seats and blocks stay where they were made, and absences of the two do not add up. Errors: user_not_found, merge_two_people.';
