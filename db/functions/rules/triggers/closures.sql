-- The triggers of gym.closures, as they fire; those of one line fire in the order of their names.
--   insert
--     after each row: closures__apply
--     after the statement: closures__remember_insert
--   update
--     after each row: closures__apply
--     after the statement: closures__remember_update
--   delete
--     before the statement: closures__keep
--     after the statement: closures__remember_delete
--   truncate
--     before the statement: closures__keep

create trigger closures__keep before delete or truncate on gym.closures for each statement
  execute function rules.keep();

create function rules.closures__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from  date := least(new.start_date, case when tg_op = 'UPDATE' then old.start_date end);
  v_to    date := greatest(new.end_date, case when tg_op = 'UPDATE' then old.end_date end);
  v_month date;
begin
  -- people before marks, as everywhere: those who may get or lose one
  perform from gym.users u
    where u.id in (select e.user_id from gym.enrolments e
      where e.month between date_trunc('month', v_from::timestamp) and v_to)
    order by u.id for no key update;
  for v_month in
    select m::date from generate_series(date_trunc('month', v_from::timestamp), v_to::timestamp, interval '1 month') m
  loop
    perform rules.sync_marks(v_month, v_from, v_to);
  end loop;
  perform rules.follow_off(v_from, v_to);
  return null;
end
$$;
comment on function rules.closures__apply() is
  'Trigger function: marks follow a closure or moved day at once, in both directions. Definer: whoever may write '
  'the table may call nothing else.';
create trigger closures__apply after insert or update on gym.closures for each row
  execute function rules.closures__apply();
