create function rules.was_called(p_stack text, p_function text) returns boolean
language sql immutable
as $$
  -- with quote_all_identifiers the stack has all names in quotes, but for types of more than one name
  select p_stack ~ ('(?n)^[^".]*[^a-z0-9_$".](?:'
    || string_agg(regexp_replace(f.signature, '([.()\[\]])', '\\\1', 'g'), '|') || ')')
    from (values (p_function),
                 (regexp_replace(p_function, '\m(?!integer\M|bigint\M|smallint\M|boolean\M)[a-z_]+', '"\&"', 'g'))) f (signature)
$$;
comment on function rules.was_called(text, text) is
  'Whether a function stands in a stack of calls (PG_CONTEXT), whose lines are in whatever language the server speaks '
  '(lc_messages). A line that quotes a statement does not count. p_function: as text of a regprocedure.';

create function rules.keep() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_called_by text;
begin
  -- who is allowed is seen in the stack of calls, as in rules.keep_log
  get diagnostics v_called_by = pg_context;
  if tg_op = 'UPDATE' and rules.was_called(v_called_by, 'rules.erase_person(integer,text,text[])') then
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
language plpgsql stable
as $$
declare
  v_actor integer := nullif(current_setting('gym.actor', true), '')::integer;
begin
  -- anybody may set it in psql; believed is whoever may call wire, which sets it anew with each call. role: what SET ROLE chose
  if v_actor is not null
     and not has_schema_privilege(coalesce(nullif(current_setting('role'), 'none'), session_user)::name, 'wire', 'usage') then
    return null;
  end if;
  return v_actor;
end
$$;
comment on function rules.actor() is
  'Id of the person on whose behalf this transaction runs (rules.admit sets it); null from psql and from jobs. The setting counts only in sessions that may call wire: an administrator in psql can''t act under another''s name.';
