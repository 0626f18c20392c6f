-- The triggers of gym.verifiers, as they fire; those of one line fire in the order of their names.
--   update
--     after each row: verifiers__sessions
--   delete
--     after each row: verifiers__sessions_delete

create function rules.verifiers__sessions() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.end_sessions(old.user_id, 'password');
  return null;
end
$$;
comment on function rules.verifiers__sessions() is
  'Trigger function: a password that is replaced or taken away ends all sessions of the person, also where no hid '
  'says so. Definer: whoever may write the table may call nothing else.';
create trigger verifiers__sessions after update of digest on gym.verifiers
  for each row when (new.digest <> old.digest) execute function rules.verifiers__sessions();
create trigger verifiers__sessions_delete after delete on gym.verifiers
  for each row execute function rules.verifiers__sessions();
