-- Rank and length of a list, and the seats that are owed to it.

create function rules.list_length(p_slot_id integer) returns integer
language plpgsql stable
as $$
declare
  v_length integer := (select count(*) from gym.waiting w where w.slot_id = p_slot_id and w.ended_at is null);
begin
  -- The close is looked for only where it matters.
  if v_length > 0 and not rules.list_is_open(p_slot_id) then
    return 0;
  end if;
  return v_length;
end
$$;
comment on function rules.list_length(integer) is
  'How many people wait for a slot; 0 once its list has ended, also where no job has ended the positions yet.';

create function rules.rank_of(p_position gym.waiting) returns integer
language sql stable
as $$
  select case when p_position.ended_at is null then (
    select count(*)::integer from gym.waiting w
     where w.slot_id = p_position.slot_id and w.ended_at is null and w.place <= p_position.place) end
$$;
comment on function rules.rank_of(gym.waiting) is 'The rank of a position, 1 for the first; null: it has ended.';

create function rules.ahead_of(p_user_id integer, p_slot_id integer) returns integer
language plpgsql stable
as $$
declare
  v_place numeric;
begin
  if rules.list_length(p_slot_id) = 0 then
    return 0;
  end if;
  select w.place into v_place from gym.waiting w
   where w.user_id = p_user_id and w.slot_id = p_slot_id and w.ended_at is null;
  return (
    select count(*) from gym.waiting w
     where w.slot_id = p_slot_id and w.ended_at is null and (v_place is null or w.place < v_place));
end
$$;
comment on function rules.ahead_of(integer, integer) is
  'How many people come before a person at a slot: those of a lower rank, or all who wait where the person does not.';

create function rules.seats_on_hold(p_slot_id integer) returns integer
language plpgsql stable
as $$
declare
  v_freed integer[] := array(
    select e.id from gym.enrolments e cross join gym.settings c
     where e.slot_id = p_slot_id and e.cancel_reason = 'blocked'
       and e.cancelled_at + c.blocked_seat_wait > rules.clock());
begin
  -- the ledger is looked into only where a block freed a seat lately
  if v_freed = '{}' then
    return 0;
  end if;
  return (
    select count(*) from gym.enrolments e
     where e.id = any (v_freed)
       and exists (select from gym.ledger l join gym.blocks b on b.id = l.block_id
                    where l.user_id = e.user_id and l.enrolment_id = e.id and l.event = 'seat freed'
                      and b.month is not null and b.lifted_at is null));
end
$$;
comment on function rules.seats_on_hold(integer) is
  'Seats of a slot that a block by absences freed and that are kept from the waiting list for the setting '
  'blocked_seat_wait. A block that is lifted holds none.';

create function rules.seats_for_list(p_slot gym.slots) returns integer
language plpgsql stable
as $$
begin
  if p_slot.deleted_at is not null or p_slot.taken >= p_slot.capacity then
    return 0;
  end if;
  return greatest(p_slot.capacity - p_slot.taken - rules.seats_on_hold(p_slot.id), 0);
end
$$;
comment on function rules.seats_for_list(gym.slots) is 'Seats of a slot that people of its waiting list may have now.';

create view rules.waiting_lists as
select w.id, w.slot_id, w.user_id, w.instead_of, w.joined_at, w.moved_reason,
       row_number() over list::integer as rank, count(*) over (partition by w.slot_id)::integer as length
  from gym.waiting w
 where w.ended_at is null
window list as (partition by w.slot_id order by w.place);
comment on view rules.waiting_lists is 'The open positions of all lists with their rank and the length of their list.';

create function rules.turn_of(p_seat gym.enrolments, p_free integer, p_was_past text) returns integer
language plpgsql stable
as $$
declare
  v_position gym.waiting;
  v_length   integer;
begin
  select * into v_position from gym.waiting w
   where w.user_id = p_seat.user_id and w.slot_id = p_seat.slot_id and w.ended_at is null;
  -- The exemptions, each by its name, for this seat only; and a full slot is said to be full.
  if p_seat.past_list is not null and p_seat.past_list is distinct from p_was_past then
    return null;
  end if;
  -- A position that is named is that of the person and the slot, and open.
  if p_seat.position_id is not null and p_seat.position_id is distinct from v_position.id
     and not exists (select from gym.enrolments e where e.id = p_seat.id and e.position_id = p_seat.position_id) then
    perform rules.refuse('waiting_list_first');
  end if;
  if p_free <= 0 then
    return v_position.id;
  end if;
  v_length := rules.list_length(p_seat.slot_id);
  -- Who waits has a seat in turn, and none of those that are kept for a day.
  if v_position.id is not null and v_length > 0 then
    if rules.rank_of(v_position) > p_free - rules.seats_on_hold(p_seat.slot_id) then
      perform rules.refuse('waiting_list_first');
    end if;
  elsif p_free <= v_length then
    perform rules.refuse('waiting_list_first');
  end if;
  return v_position.id;
end
$$;
comment on function rules.turn_of(gym.enrolments, integer, text) is
  'Whether it is a person''s turn at a slot, p_free of whose seats are free: a newcomer needs more free seats than '
  'people '
  'wait, a person of the list a rank within the free seats. p_was_past: past_list of the row before. Gives the '
  'position '
  'that the seat is taken from, null: none. Errors: waiting_list_first.';

create function rules.is_free_for(p_user_id integer, p_slot gym.slots) returns boolean
language plpgsql stable
as $$
declare
  v_ahead integer := rules.ahead_of(p_user_id, p_slot.id);
begin
  -- Who waits has none of the seats that are kept for a day.
  if exists (select from gym.waiting w where w.user_id = p_user_id and w.slot_id = p_slot.id and w.ended_at is null)
    then
    return rules.seats_for_list(p_slot) > v_ahead;
  end if;
  return p_slot.capacity - p_slot.taken > v_ahead;
end
$$;
comment on function rules.is_free_for(integer, gym.slots) is
  'Whether a slot has a seat for a person beyond those owed to people before this one. Says what rules.turn_of '
  'refuses.';

create function rules.free_beyond_list(p_slot gym.slots) returns integer
language plpgsql stable
as $$
begin
  -- most slots have nobody who waits
  if p_slot.taken >= p_slot.capacity then
    return 0;
  end if;
  return greatest(p_slot.capacity - p_slot.taken - rules.list_length(p_slot.id), 0);
end
$$;
comment on function rules.free_beyond_list(gym.slots) is 'Free seats of a slot beyond those owed to its waiting list.';

create function rules.hold_ended_at(p_slot_id integer) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select max(e.cancelled_at + c.blocked_seat_wait)
      from gym.enrolments e cross join gym.settings c
     where e.slot_id = p_slot_id and e.cancel_reason = 'blocked'
       and e.cancelled_at + c.blocked_seat_wait <= rules.clock());
end
$$;
comment on function rules.hold_ended_at(integer) is
  'When the last seat of a slot that a block had kept from the waiting list became the list''s; null: none has.';
