create function rules.keep() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_called_by text;
begin
  -- who is allowed is seen in the stack of calls, as in rules.keep_log
  get diagnostics v_called_by = pg_context;
  if tg_op = 'UPDATE' and v_called_by ~ '\mrules\.erase_person\(integer,text,text\[\]\) ' then
    return null;
  end if;
  perform rules.refuse('never_deleted', tg_table_schema || '.' || tg_table_name);
  return null;
end
$$;
comment on function rules.keep() is 'Trigger function: refuses DELETE and TRUNCATE, and UPDATE of what is only added to (never_deleted), since history stays; rules.erase_person alone blanks reasons in it. Definer: whoever may write the table may call nothing else.';

create trigger users__keep before delete or truncate on gym.users for each statement execute function rules.keep();
create trigger slots__keep before delete or truncate on gym.slots for each statement execute function rules.keep();
create trigger enrolments__keep before delete or truncate on gym.enrolments for each statement execute function rules.keep();
create trigger settings__keep before delete or truncate on gym.settings for each statement execute function rules.keep();
create trigger settings_changes__keep before delete or truncate on gym.settings_changes for each statement execute function rules.keep();
create trigger months__keep before delete or truncate on gym.months for each statement execute function rules.keep();

create function rules.actor() returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return nullif(current_setting('gym.actor', true), '')::integer;
end
$$;
comment on function rules.actor() is 'Id of the person on whose behalf this transaction runs (rules.admit sets it); null from psql and from jobs.';
