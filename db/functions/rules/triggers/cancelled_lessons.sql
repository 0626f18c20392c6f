-- The triggers of gym.cancelled_lessons, as they fire; those of one line fire in the order of their names.
--   insert
--     after each row: cancelled_lessons__apply
--     after the statement: cancelled_lessons__remember_insert
--   update
--     after each row: cancelled_lessons__apply
--     after the statement: cancelled_lessons__remember_update
--   delete
--     after each row: cancelled_lessons__apply
--     after the statement: cancelled_lessons__remember_delete
--   truncate
--     before the statement: cancelled_lessons__keep

create trigger cancelled_lessons__keep before truncate on gym.cancelled_lessons
  for each statement execute function rules.keep('whole');

create function rules.cancelled_lessons__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    perform rules.follow_off(old.date, old.date, old.starts_at);
  end if;
  if tg_op <> 'DELETE' then
    perform rules.follow_off(new.date, new.date, new.starts_at);
  end if;
  return null;
end
$$;
comment on function rules.cancelled_lessons__apply() is
  'Trigger function: marks follow the calling off and on of a lesson. Definer: whoever may write the table may '
  'call nothing else.';
create trigger cancelled_lessons__apply after insert or update or delete on gym.cancelled_lessons for each row
  execute function rules.cancelled_lessons__apply();
