-- Why a person could not be promoted as things stand, and ending the positions of which that is so.

create function rules.exchanged_seat(p_user_id integer, p_slot gym.slots, p_instead_of integer) returns integer
language sql stable
as $$
  -- the one named, or, where none is named or it is gone, that of the weekday
  select e.id from gym.enrolments e
   where e.user_id = p_user_id and e.month = p_slot.month and e.cancelled_at is null and e.slot_id <> p_slot.id
     and (e.id = p_instead_of or e.weekday = p_slot.weekday)
   order by e.id is distinct from p_instead_of
   limit 1
$$;
comment on function rules.exchanged_seat(integer, gym.slots, integer) is
  'The enrolment that a promotion to the slot would replace: p_instead_of, or the one of that weekday; null: none.';

create function rules.promotion_bar(p_user_id integer, p_slot gym.slots, p_instead_of integer) returns text
language plpgsql stable
as $$
declare
  v_old gym.enrolments;
begin
  if p_slot.deleted_at is not null or p_slot.id is null then
    return 'slot_not_found';
  end if;
  if (select u.deleted from gym.users u where u.id = p_user_id) then
    return 'enrolment_user_deleted';
  end if;
  if rules.is_barred(p_user_id, p_slot.month) then
    return 'student_blocked';
  end if;
  if rules.clock() >= rules.list_closes_at(p_slot) then
    return 'waiting_list_closed';
  end if;
  if exists (select from gym.enrolments e
    where e.user_id = p_user_id and e.slot_id = p_slot.id and e.cancelled_at is null) then
    return 'already_enrolled';
  end if;
  select * into v_old from gym.enrolments e where e.id = rules.exchanged_seat(p_user_id, p_slot, p_instead_of);
  if exists (select from gym.enrolments e
              where e.user_id = p_user_id and e.month = p_slot.month and e.weekday = p_slot.weekday and e.cancelled_at
                is null
                and e.id is distinct from v_old.id) then
    return 'enrolments_one_a_weekday';
  end if;
  -- An exchange leaves the number as it is; a seat that was forced stays so.
  if v_old.id is null and rules.has_all(p_user_id, p_slot.month) then
    return 'slots_per_student';
  end if;
  return null;
end
$$;
comment on function rules.promotion_bar(integer, gym.slots, integer) is
  'The rule that keeps a person from being promoted to a slot as things stand, in exchange for p_instead_of or the '
  'seat '
  'of that weekday; null: none does. A full slot is no bar.';

create function rules.end_reason_of(p_rule text) returns text
language sql immutable
as $$
  select case p_rule
    when 'slot_not_found' then 'slot deleted'
    when 'enrolment_user_deleted' then 'user deleted'
    when 'student_blocked' then 'blocked'
    when 'waiting_list_closed' then 'closed'
    when 'already_enrolled' then 'enrolled'
    when 'enrolments_one_a_weekday' then 'weekday taken'
    when 'slots_per_student' then 'limit' end
$$;
comment on function rules.end_reason_of(text) is
  'With which reason a position ends that a rule of rules.promotion_bar bars.';

create function rules.end_positions(p_position_ids integer[], p_reason text, p_actor integer default null,
  p_block_id integer default null)
returns integer
language plpgsql volatile
as $$
declare
  v_ended integer;
begin
  if cardinality(p_position_ids) = 0 then
    return 0;
  end if;
  update gym.waiting w
     set ended_at = rules.clock(), ended_by = p_actor, end_reason = p_reason, block_id = p_block_id
   where w.id = any (p_position_ids) and w.ended_at is null;
  get diagnostics v_ended = row_count;
  return v_ended;
end
$$;
comment on function rules.end_positions(integer[], text, integer, integer) is
  'Ends positions. p_reason: one of waiting_end_reason_known; p_actor: who did it, null: a rule. Gives how many '
  'were open.';

create function rules.end_dead_positions(p_user_ids integer[], p_moved_slot integer default null) returns integer
language plpgsql volatile
as $$
declare
  v_dead  record;
  v_ended integer := 0;
begin
  for v_dead in
    select w.id, rules.promotion_bar(w.user_id, s, w.instead_of) as bar,
           case when rules.is_barred(w.user_id, s.month) then (
             select max(b.id) from gym.blocks b
              where b.user_id = w.user_id and b.lifted_at is null
                and (b.month is null or b.month = (s.month - interval '1 month')::date)) end as block_id
      from gym.waiting w join gym.slots s on s.id = w.slot_id
     where w.user_id = any (p_user_ids) and w.ended_at is null and (p_moved_slot is null or w.slot_id = p_moved_slot)
     order by w.id
  loop
    -- The close is the job's, with all people of the list at once.
    if v_dead.bar <> 'waiting_list_closed' then
      v_ended := v_ended + rules.end_positions(array[v_dead.id],
        case when p_moved_slot is not null then 'slot moved' else rules.end_reason_of(v_dead.bar) end, null,
          v_dead.block_id);
    end if;
  end loop;
  return v_ended;
end
$$;
comment on function rules.end_dead_positions(integer[], integer) is
  'Ends the positions of people who could not be promoted any more, so that none of them starves a seat. p_moved_slot: '
  'those of this slot only, which was moved. Gives how many.';
