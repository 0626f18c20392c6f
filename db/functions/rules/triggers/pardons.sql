-- The triggers of gym.pardons, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: pardons__lock
--     after each row: pardons__apply
--     after the statement: pardons__remember_insert
--   update
--     before the statement: pardons__keep
--     after the statement: pardons__remember_update
--   delete
--     before the statement: pardons__keep
--     after the statement: pardons__remember_delete
--   truncate
--     before the statement: pardons__keep

create trigger pardons__keep before update or delete or truncate on gym.pardons
  for each statement when (current_user <> '{{.keeper_role}}') execute function rules.keep();

create function rules.pardons__lock() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- people before what is written of them: whoever makes two accounts one holds both, and then forgives what the
  -- other was forgiven
  perform rules.lock_lessons(array(select m.id from gym.marks m where m.user_id = new.user_id and m.date = new.date),
    array[new.user_id]);
  return new;
end
$$;
comment on function rules.pardons__lock() is
  'Trigger function: locks the person, those who share a lesson that is forgiven, and its marks, before the pardon '
  'is written. Definer: whoever may write the table may call nothing else.';
create trigger pardons__lock before insert on gym.pardons for each row execute function rules.pardons__lock();

create function rules.pardons__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into gym.ledger (at, user_id, event, reason, by_user)
  values (rules.clock(), new.user_id, case when new.month is null then 'forgiven' else 'pardoned' end,
          coalesce(to_char(new.date, 'DD.MM.YYYY'), to_char(new.month, 'MM-YYYY')) || ': ' || new.reason, new.made_by);
  if new.month is not null then
    perform rules.judge(new.month, array[new.user_id]);
  else
    update gym.marks m set mark = 'excused', set_at = rules.clock(), set_by = new.made_by
     where m.user_id = new.user_id and m.date = new.date and m.withdrawn_at is null
       and m.mark in ('absent', 'unmarked');
    -- a lesson called off comes back excused
    update gym.marks m set mark_before = 'excused'
     where m.user_id = new.user_id and m.date = new.date and m.mark_before in ('absent', 'unmarked');
  end if;
  return null;
end
$$;
comment on function rules.pardons__apply() is
  'Trigger function: a forgiven date becomes excused, a pardoned month no longer blocks; both enter the ledger. '
  'Definer: whoever may write the table may call nothing else.';
create trigger pardons__apply after insert on gym.pardons for each row execute function rules.pardons__apply();
