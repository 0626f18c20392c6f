-- The triggers of gym.waiting, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: waiting__guard
--     after the statement: waiting__promote_insert, waiting__remember_insert
--   update
--     before each row: waiting__guard
--     after the statement: waiting__promote_update, waiting__remember_update
--   delete
--     before the statement: waiting__keep
--     after the statement: waiting__remember_delete
--   truncate
--     before the statement: waiting__keep

create trigger waiting__keep before delete or truncate on gym.waiting for each statement execute function rules.keep();

create function rules.waiting__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_slot gym.slots;
begin
  if tg_op = 'INSERT' then
    new.joined_at := coalesce(new.joined_at, rules.clock());
    -- the person before the slot, as everywhere; under the slot's lock nobody else gets the same place
    perform rules.lock_user(new.user_id);
    select * into v_slot from gym.slots s where s.id = new.slot_id for no key update;
    new.place := coalesce((select max(w.place) from gym.waiting w where w.slot_id = new.slot_id and w.ended_at is null),
      0) + 1;
    if new.ended_at is null then
      perform rules.check_position(new.user_id, v_slot, new.instead_of);
    end if;
    return new;
  end if;
  if (new.id, new.slot_id, new.joined_at) <> (old.id, old.slot_id, old.joined_at) then
    perform rules.refuse('position_stays');
  end if;
  if new.ended_at is null then
    new.end_reason := null;
    new.ended_by   := null;
  else
    new.end_reason := coalesce(new.end_reason, 'administrator');
  end if;
  -- of one that has ended only the reason of a move may be blanked
  if old.ended_at is not null
     and (new.user_id, new.place, new.ended_at, new.end_reason, new.instead_of) is distinct from
         (old.user_id, old.place, old.ended_at, old.end_reason, old.instead_of) then
    perform rules.refuse('position_ended');
  end if;
  if new.place <> old.place then
    if new.moved_at is not distinct from old.moved_at and new.moved_reason is not distinct from old.moved_reason
       or coalesce(btrim(new.moved_reason), '') = '' then
      perform rules.refuse('move_ahead_reason_given');
    end if;
    new.moved_at := coalesce(new.moved_at, rules.clock());
    perform from gym.slots s where s.id = new.slot_id for no key update;
  end if;
  if new.end_reason = 'promoted' and not exists (select from gym.enrolments e where e.position_id = new.id) then
    perform rules.refuse('promoted_has_seat');
  end if;
  -- another person, or another seat in exchange
  if new.ended_at is null and (new.user_id <> old.user_id or new.instead_of is distinct from old.instead_of) then
    perform rules.lock_user(new.user_id);
    select * into v_slot from gym.slots s where s.id = new.slot_id;
    perform rules.check_position(new.user_id, v_slot, new.instead_of);
  end if;
  return new;
end
$$;
comment on function rules.waiting__guard() is
  'Trigger function: who joins comes last and must be able to be promoted (rules.check_position); a position keeps its '
  'slot and arrival (position_stays), changes its place with a reason only (move_ahead_reason_given), ends once '
  '(position_ended), and as promoted only with a seat (promoted_has_seat). Errors: those, those of '
  'rules.check_position, read_committed. Definer: who writes the table may execute nothing of rules.';
create trigger waiting__guard before insert or update on gym.waiting for each row
  execute function rules.waiting__guard();

create function rules.waiting__promote() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.want_promotions(array(select distinct n.slot_id from new_rows n));
  return null;
end
$$;
comment on function rules.waiting__promote() is
  'Trigger function: where a list changes while a seat is free, River is given a job. Definer: who writes the '
  'table may '
  'not write River''s.';
create trigger waiting__promote_insert after insert on gym.waiting
  referencing new table as new_rows for each statement execute function rules.waiting__promote();
create trigger waiting__promote_update after update on gym.waiting
  referencing new table as new_rows for each statement execute function rules.waiting__promote();
