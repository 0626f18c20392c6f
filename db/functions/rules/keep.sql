-- History stays: what DELETE and TRUNCATE meet on the tables of gym. The triggers stand with those of each table.

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
