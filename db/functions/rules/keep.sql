-- History stays: what DELETE and TRUNCATE meet on the tables of gym. The triggers are in the file of each table.

create function rules.keep() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.refuse(case when tg_nargs > 0 then 'truncate_refused' else 'never_deleted' end,
                       tg_table_schema || '.' || tg_table_name);
  return null;
end
$$;
comment on function rules.keep() is
  'Trigger function: refuses DELETE and TRUNCATE, and UPDATE of what is only added to (never_deleted), since history '
  'stays. With the argument whole: TRUNCATE of a table whose rows may be deleted (truncate_refused). '
  'The triggers of gym.pardons and gym.ledger do not fire for the role {{.keeper_role}} (rules/keeper.sql). '
  'Definer: who may write the table may call nothing else.';
