-- Joining and leaving a waiting list.

create function rules.check_position(p_user_id integer, p_slot gym.slots, p_instead_of integer) returns void
language plpgsql stable
as $$
declare
  v_limit integer := (select c.waits_per_student from gym.settings c);
  v_bar   text;
begin
  if v_limit = 0 then
    perform rules.refuse('waiting_lists_off');
  end if;
  if p_instead_of is not null and not exists (
    select from gym.enrolments e
     where e.id = p_instead_of and e.user_id = p_user_id and e.month = p_slot.month and e.cancelled_at is null) then
    perform rules.refuse('instead_of_own_seat');
  end if;
  v_bar := rules.promotion_bar(p_user_id, p_slot, p_instead_of);
  if v_bar = 'slots_per_student' then
    perform rules.refuse(v_bar, c.slots_per_student::text) from gym.settings c;
  elsif v_bar is not null then
    perform rules.refuse(v_bar);
  end if;
  if (select count(*) from gym.waiting w
       where w.user_id = p_user_id and w.ended_at is null and w.slot_id <> p_slot.id) >= v_limit then
    perform rules.refuse('waits_per_student', v_limit::text);
  end if;
end
$$;
comment on function rules.check_position(integer, gym.slots, integer) is
  'What must hold of a new position, whatever writes it. Errors: waiting_lists_off, waits_per_student, '
  'instead_of_own_seat, and what rules.promotion_bar names: slot_not_found, enrolment_user_deleted, student_blocked, '
  'waiting_list_closed, already_enrolled, enrolments_one_a_weekday, slots_per_student.';

create function rules.check_may_join(p_slot gym.slots) returns void
language plpgsql stable
as $$
declare
  v_window record := rules.enrolment_window();
begin
  if p_slot.month not in (rules.this_month(), v_window.for_month) then
    perform rules.refuse('slot_not_offered');
  end if;
  -- While enrolment is closed the list leads to seats that others give up, not to those that were free.
  if p_slot.month = v_window.for_month and not v_window.is_open
     and (rules.clock() < v_window.opens_at or p_slot.capacity - p_slot.taken > rules.list_length(p_slot.id)) then
    perform rules.refuse('enrolment_closed', c.enrolment_opens_on_day::text, to_char(c.enrolment_opens_at, 'HH24:MI'))
       from gym.settings c;
  end if;
end
$$;
comment on function rules.check_may_join(gym.slots) is
  'A student joins the list of a slot of this or next month once enrolment for it has opened; after it closed only '
  'where no seat is free. Errors: slot_not_offered, enrolment_closed.';

create function rules.join_list(p_user_id integer, p_slot_id integer, p_instead_of integer, p_actor integer)
  returns gym.waiting
language plpgsql volatile
as $$
declare
  v_slot     gym.slots;
  v_position gym.waiting;
begin
  perform rules.person(p_user_id);
  perform rules.lock_user(p_user_id);
  v_slot := rules.slot(p_slot_id);
  select * into v_position from gym.waiting w
    where w.user_id = p_user_id and w.slot_id = p_slot_id and w.ended_at is null;
  if found then
    -- Sent again it keeps its rank, and takes over what it is instead of.
    if v_position.instead_of is distinct from p_instead_of then
      update gym.waiting w set instead_of = p_instead_of where w.id = v_position.id returning * into v_position;
    end if;
    return v_position;
  end if;
  if p_actor = p_user_id then
    perform rules.check_may_join(v_slot);
  end if;
  insert into gym.waiting (slot_id, user_id, instead_of, joined_by) values (p_slot_id, p_user_id, p_instead_of, p_actor)
  returning * into v_position;
  return v_position;
end
$$;
comment on function rules.join_list(integer, integer, integer, integer) is
  'Puts a person at the end of a slot''s waiting list; who is on it keeps the rank. p_instead_of: the enrolment '
  'that the '
  'seat would replace, null: the one of that weekday. p_actor: who does it; for oneself rules.check_may_join holds. '
  'Errors: user_not_found, slot_not_found, and those of rules.check_position and rules.check_may_join.';

create function rules.leave_list(p_user_id integer, p_slot_id integer, p_actor integer) returns gym.waiting
language plpgsql volatile
as $$
declare
  v_position gym.waiting;
begin
  perform rules.lock_user(p_user_id);
  select * into v_position from gym.waiting w
    where w.user_id = p_user_id and w.slot_id = p_slot_id and w.ended_at is null;
  if not found then
    perform rules.refuse('position_not_found');
  end if;
  perform rules.end_positions(array[v_position.id], case when p_actor = p_user_id then 'left' else 'administrator' end,
    p_actor);
  return v_position;
end
$$;
comment on function rules.leave_list(integer, integer, integer) is
  'Takes a person off a slot''s waiting list, at any time and at no cost. Errors: position_not_found.';

create function rules.return_positions(p_block_ids integer[]) returns integer
language plpgsql volatile
as $$
declare
  v_gone integer := 0;
  v_back record;
begin
  for v_back in
    select distinct on (w.slot_id, w.user_id) w.user_id, w.slot_id, w.joined_by,
           (select e.id from gym.enrolments e where e.id = w.instead_of and e.cancelled_at is null) as instead_of
      from gym.waiting w
     where w.block_id = any (p_block_ids) and w.end_reason = 'blocked'
       and not exists (select from gym.waiting o
         where o.user_id = w.user_id and o.slot_id = w.slot_id and o.ended_at is null)
     order by w.slot_id, w.user_id, w.id desc
  loop
    begin
      insert into gym.waiting (slot_id, user_id, instead_of, joined_by)
      values (v_back.slot_id, v_back.user_id, v_back.instead_of, v_back.joined_by);
      v_gone := v_gone + 1;
    exception
      -- what bars the person now stays the reason that the position ended
      when sqlstate 'ENRUL' or sqlstate 'ENGON' then null;
    end;
  end loop;
  return v_gone;
end
$$;
comment on function rules.return_positions(integer[]) is
  'Brings the positions back that the lifted blocks had ended, at the end of their lists, where their people may join '
  'them. Slots by id. Gives how many.';

create function rules.merge_positions(p_user_id integer, p_into_id integer) returns table (what text, result text)
language plpgsql volatile
as $$
declare
  v_position record;
  v_other    gym.waiting;
begin
  for v_position in
    select w.*, s.month, s.weekday, s.starts_at
      from gym.waiting w join gym.slots s on s.id = w.slot_id
     where w.user_id = p_user_id and w.ended_at is null order by w.id
  loop
    what := format('waiting %s %s %s', to_char(v_position.month, 'MM-YYYY'),
      (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[v_position.weekday + 1],
        to_char(v_position.starts_at, 'HH24:MI'));
    select * into v_other from gym.waiting w
     where w.user_id = p_into_id and w.slot_id = v_position.slot_id and w.ended_at is null;
    if v_other.place < v_position.place then
      perform rules.end_positions(array[v_position.id], 'merged');
      result := 'ended: the account kept waits there already';
      return next;
      continue;
    end if;
    begin
      perform rules.end_positions(array[v_other.id], 'merged');
      -- the seat that it was to replace is not one of the account kept
      update gym.waiting w set user_id = p_into_id, instead_of = null where w.id = v_position.id;
      result := 'moved';
    exception
      when sqlstate 'ENRUL' or sqlstate 'ENGON' then
        perform rules.end_positions(array[v_position.id], 'merged');
        result := 'ended: the account kept may not wait there';
    end;
    return next;
  end loop;
end
$$;
comment on function rules.merge_positions(integer, integer) is
  'The positions of one account go over to another with their rank, where that may wait there; the others end. '
  'Where both '
  'wait for a slot the better rank stays. People are locked by rules.merge_users.';
