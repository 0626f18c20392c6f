-- The triggers of gym.slots, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: slots__guard
--     after the statement: slots__remember_insert
--   update
--     before each row: slots__guard
--     after each row: slots__remember_update, slots__waiting
--   delete
--     before the statement: slots__keep
--     after the statement: slots__remember_delete
--   truncate
--     before the statement: slots__keep

create trigger slots__keep before delete or truncate on gym.slots for each statement execute function rules.keep();

create function rules.slots__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if new.taken <> 0 then
      perform rules.refuse('taken_is_counted');
    end if;
    new.free_since := rules.clock();
    return new;
  end if;
  -- the counting trigger writes from inside another trigger, everybody else from outside
  if new.taken <> old.taken and pg_trigger_depth() < 2 then
    perform rules.refuse('taken_is_counted');
  end if;
  if new.id <> old.id then
    perform rules.refuse('id_fixed', 'gym.slots');
  end if;
  if new.month <> old.month then
    perform rules.refuse('slot_month_fixed');
  end if;
  if (new.weekday, new.starts_at) <> (old.weekday, old.starts_at) and old.month <= rules.this_month() then
    perform rules.refuse('slot_month_begun');
  end if;
  -- since when a seat is free: kept here, whatever is written
  if new.taken >= new.capacity or new.deleted_at is not null then
    new.free_since := null;
  elsif old.free_since is null then
    new.free_since := rules.clock();
  else
    new.free_since := old.free_since;
  end if;
  return new;
end
$$;
comment on function rules.slots__guard() is
  'Trigger function: taken is counted, never set (taken_is_counted); a slot keeps its id (id_fixed) and its month '
  '(slot_month_fixed), and its weekday and time once the month has begun (slot_month_begun, openapi.yaml '
  'avtime/edit). Definer: whoever may write the table may call nothing else.';
create trigger slots__guard before insert or update on gym.slots for each row execute function rules.slots__guard();

-- the counter is written with every seat: by the row, so that a condition can pass it over before anything is kept or
-- called
create trigger slots__remember_update after update on gym.slots for each row
  when ((old.id, old.month, old.weekday, old.starts_at, old.capacity, old.deleted_at) is distinct
    from (new.id, new.month, new.weekday, new.starts_at, new.capacity, new.deleted_at))
  execute function rules.remember('id');

create function rules.slots__waiting() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.deleted_at is not null then
    perform rules.end_positions(
      array(select w.id from gym.waiting w where w.slot_id = new.id and w.ended_at is null), 'slot deleted',
        rules.actor());
    return null;
  end if;
  -- positions stay with the slot, but for those of people who have another seat on its new day
  if new.weekday <> old.weekday then
    perform rules.end_dead_positions(
      array(select w.user_id from gym.waiting w where w.slot_id = new.id and w.ended_at is null), new.id);
  end if;
  perform rules.want_promotions(array[new.id]);
  return null;
end
$$;
comment on function rules.slots__waiting() is
  'Trigger function: people wait for no slot that is deleted; of a slot that moves to another weekday the '
  'positions end '
  'that clash; more seats are given to the list. Definer: who writes the table may execute nothing of rules.';
create trigger slots__waiting after update on gym.slots for each row
  when (old.deleted_at is distinct from new.deleted_at or old.weekday <> new.weekday or old.capacity < new.capacity)
  execute function rules.slots__waiting();
