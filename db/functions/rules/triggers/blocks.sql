-- The triggers of gym.blocks, as they fire; those of one line fire in the order of their names.
--   insert
--     after the statement: blocks__remember_insert, blocks__waiting_insert
--   update
--     after the statement: blocks__remember_update, blocks__waiting_update
--   delete
--     before the statement: blocks__keep
--     after the statement: blocks__remember_delete
--   truncate
--     before the statement: blocks__keep

create trigger blocks__keep before delete or truncate on gym.blocks for each statement execute function rules.keep();

create function rules.blocks__waiting() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_people integer[];
begin
  if tg_op = 'INSERT' then
    v_people := array(
      select distinct n.user_id from new_rows n
       where exists (select from gym.waiting w where w.user_id = n.user_id and w.ended_at is null) order by n.user_id);
    if v_people = '{}' then
      return null;
    end if;
    perform rules.lock_user(p) from unnest(v_people) p;
    perform rules.end_dead_positions(v_people);
    return null;
  end if;
  -- a block that is lifted keeps no seat from the list any more
  perform rules.want_promotions(array(
    select distinct e.slot_id from gym.ledger l join gym.enrolments e on e.id = l.enrolment_id
     where l.event = 'seat freed'
       and l.block_id in (select n.id from new_rows n join old_rows o on o.id = n.id
                           where n.lifted_at is not null and o.lifted_at is null)));
  return null;
end
$$;
comment on function rules.blocks__waiting() is
  'Trigger function: a block ends the positions of its person in the months that it bars from; where it is lifted, '
  'River '
  'is given a job for the seats that it kept. Definer: who writes the table may execute nothing of rules.';
create trigger blocks__waiting_insert after insert on gym.blocks
  referencing new table as new_rows for each statement execute function rules.blocks__waiting();
create trigger blocks__waiting_update after update on gym.blocks
  referencing old table as old_rows new table as new_rows for each statement execute function rules.blocks__waiting();
