-- The triggers of gym.slots, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: slots__guard
--     after the statement: slots__remember_insert
--   update
--     before each row: slots__guard
--     after each row: slots__remember_update
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
  return new;
end
$$;
comment on function rules.slots__guard() is
  'Trigger function: taken is counted, never set (taken_is_counted); a slot keeps its id (id_fixed) and its month (slot_month_fixed), and its weekday and time once the month has begun (slot_month_begun, openapi.yaml avtime/edit). Definer: whoever may write the table may call nothing else.';
create trigger slots__guard before insert or update on gym.slots for each row execute function rules.slots__guard();

-- the counter is written with every seat: by the row, so that a condition can pass it over before anything is kept or called
create trigger slots__remember_update after update on gym.slots for each row
  when ((old.id, old.month, old.weekday, old.starts_at, old.capacity, old.deleted_at) is distinct from (new.id, new.month, new.weekday, new.starts_at, new.capacity, new.deleted_at))
  execute function rules.remember('id');
