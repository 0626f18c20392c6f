-- The triggers of gym.consents, as they fire; those of one line fire in the order of their names.
--   update
--     before each row: consents__guard
--   delete
--     before the statement: consents__keep
--   truncate
--     before the statement: consents__keep

create trigger consents__keep before delete or truncate on gym.consents for each statement execute function
  rules.keep();

create function rules.consents__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if (new.user_id, new.version, new.given_at) is distinct from (old.user_id, old.version, old.given_at)
     or old.withdrawn_at is not null and new.withdrawn_at is distinct from old.withdrawn_at then
    perform rules.refuse('consent_stays');
  end if;
  return new;
end
$$;
comment on function rules.consents__guard() is
  'Trigger function: a consent stays as it was given; it is taken back once (consent_stays). Definer: whoever may '
  'write the table may call nothing else.';
create trigger consents__guard before update on gym.consents for each row execute function rules.consents__guard();
