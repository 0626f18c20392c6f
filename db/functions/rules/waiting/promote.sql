-- Promotion: a person of a waiting list gets a seat that is free.

create function rules.candidates() returns table (position_id integer, user_id integer, slot_id integer)
language sql stable
as $$
  -- whatever the planner knows of the tables: open positions by their index, then each slot by its id
  with firsts as materialized (
    select distinct on (o.slot_id) o.slot_id, o.id, o.user_id
      from gym.waiting o where o.ended_at is null order by o.slot_id, o.place)
  select w.id, w.user_id, s.id
    from firsts w
    join gym.slots s on s.id = w.slot_id and s.id = any (array(select f.slot_id from firsts f)) and s.taken < s.capacity
                    and s.deleted_at is null
   where rules.seats_for_list(s) > 0 and rules.list_is_open(s.id)
   order by s.free_since, s.id
$$;
comment on function rules.candidates() is
  'The first person of each list that has a seat to give, the seat that is free longest first.';

create function rules.promote_next() returns integer
language plpgsql volatile
as $$
declare
  v_candidate record;
begin
  for v_candidate in select c.position_id, c.user_id from rules.candidates() c loop
    begin
      if rules.promote(v_candidate.position_id, v_candidate.user_id) then
        return 1;
      end if;
      raise exception 'another was faster' using errcode = 'ENREP';
    exception
      -- all locks are let go of: of the next candidate the person comes before the slots
      when sqlstate 'ENREP' then null;
    end;
  end loop;
  return 0;
end
$$;
comment on function rules.promote_next() is
  'Promotes one person, so that a transaction holds one person and few slots. Gives 1, or 0 where nobody is to be '
  'promoted.';

create function rules.promote(p_position_id integer, p_user_id integer) returns boolean
language plpgsql volatile
as $$
declare
  v_position gym.waiting;
  v_slot     gym.slots;
  v_old      gym.enrolments;
  v_bar      text;
begin
  -- The person first, then the slot and that of the seat in exchange, by id.
  perform rules.lock_user(p_user_id);
  select * into v_position from gym.waiting w
    where w.id = p_position_id and w.user_id = p_user_id and w.ended_at is null;
  if not found then
    return false;
  end if;
  perform from gym.slots s
    where s.id = v_position.slot_id
       or s.id in (select e.slot_id from gym.enrolments e
                    where e.user_id = p_user_id and e.cancelled_at is null
                      and e.month = (select o.month from gym.slots o where o.id = v_position.slot_id))
    order by s.id for no key update;
  -- Under the locks all is looked at again: position, rank, seats, the close.
  select * into v_position from gym.waiting w
    where w.id = p_position_id and w.user_id = p_user_id and w.ended_at is null;
  if not found then
    return false;
  end if;
  select * into v_slot from gym.slots s where s.id = v_position.slot_id;
  v_bar := rules.promotion_bar(p_user_id, v_slot, v_position.instead_of);
  if v_bar = 'waiting_list_closed' or rules.rank_of(v_position) > rules.seats_for_list(v_slot) then
    return false;
  end if;
  -- What can't be promoted must starve no seat.
  if v_bar is not null then
    perform rules.end_positions(array[v_position.id], rules.end_reason_of(v_bar));
    return true;
  end if;

  select * into v_old from gym.enrolments e where e.id = rules.exchanged_seat(p_user_id, v_slot, v_position.instead_of);
  if v_old.id is not null then
    -- Of other positions that would replace the same seat the person has got what they waited for.
    perform rules.end_positions(array(
      select w.id from gym.waiting w join gym.slots s on s.id = w.slot_id
       where w.user_id = p_user_id and w.ended_at is null and w.id <> v_position.id
         and rules.exchanged_seat(p_user_id, s, w.instead_of) = v_old.id), 'exchanged');
    perform rules.release(array[v_old.id], 'moved', p_user_id);
  end if;
  insert into gym.enrolments (slot_id, user_id, created_by, beyond_limit, position_id)
  values (v_slot.id, p_user_id, p_user_id, nullif(v_old.beyond_limit, 'lowered'), v_position.id);
  return true;
end
$$;
comment on function rules.promote(integer, integer) is
  'Promotes the person of a position if it is still the turn of that position: gives up the seat in exchange and takes '
  'the new one, both or neither. A position that can''t be promoted any more is ended. Reports whether anything was '
  'done. Errors: read_committed.';

create function rules.ensure_promotions() returns integer
language plpgsql volatile
as $$
declare
  v_done integer := rules.close_lists();
begin
  -- Slots are locked last: what closed lists is over before a person is locked.
  if v_done > 0 then
    return v_done;
  end if;
  return rules.promote_next();
end
$$;
comment on function rules.ensure_promotions() is
  'Makes sure, as of now, that lists which are over are closed, and that who waits has the seats that are free. One '
  'person a call: call it until it returns 0.';

create function rules.want_promotions(p_slot_ids integer[]) returns void
language plpgsql volatile
as $$
begin
  -- River polls this queue twice a second and more: no NOTIFY, whose lock every commit would wait for. No unique key,
  -- which
  -- would drop the row while another job runs that does not see this seat yet.
  insert into river.river_job (kind, args, max_attempts, queue)
  select 'ensure_promotions', jsonb_build_object('period', rules.period(), 'by', 'slot ' || s.id), 7, 'waiting'
    from gym.slots s
   where s.id = any (p_slot_ids) and s.taken < s.capacity and s.deleted_at is null
     and exists (select from gym.waiting w where w.slot_id = s.id and w.ended_at is null)
   order by s.id;
end
$$;
comment on function rules.want_promotions(integer[]) is
  'Gives River a job of queue waiting for each of the slots that has a free seat and people who wait, in this '
  'transaction. Called by the triggers of whatever frees a seat or moves a list on.';

create function rules.want_promotions_later(p_enrolment_ids integer[]) returns void
language plpgsql volatile
as $$
begin
  insert into river.river_job (kind, args, max_attempts, queue, state, scheduled_at)
  select 'ensure_promotions', jsonb_build_object('period', rules.period(), 'by', 'slot ' || h.slot_id), 7, 'waiting',
    'scheduled',
         now() + c.blocked_seat_wait + interval '1 second'
    from (select distinct e.slot_id from gym.enrolments e where e.id = any (p_enrolment_ids)) h
      cross join gym.settings c
   where exists (select from gym.waiting w where w.slot_id = h.slot_id and w.ended_at is null)
   order by h.slot_id;
end
$$;
comment on function rules.want_promotions_later(integer[]) is
  'Gives River a job for when the seats that a block freed are the list''s (setting blocked_seat_wait), by the '
  'true time, '
  'which is River''s.';
