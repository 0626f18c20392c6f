-- The triggers of gym.sessions, as they fire; those of one line fire in the order of their names.
--   update
--     before each row: sessions__guard

create function rules.sessions__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.user_id <> old.user_id or new.created_at <> old.created_at then
    perform rules.refuse('session_is_persons');
  end if;
  return new;
end
$$;
comment on function rules.sessions__guard() is
  'Trigger function: a session stays its person''s and keeps its age (session_is_persons). Definer: whoever may write '
  'the table may call nothing else.';
create trigger sessions__guard before update on gym.sessions for each row execute function rules.sessions__guard();
