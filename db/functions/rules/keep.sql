-- History stays: what DELETE and TRUNCATE meet on the tables of gym. The triggers are in the file of each table.

create function rules.keep() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.refuse('never_deleted', tg_table_schema || '.' || tg_table_name);
  return null;
end
$$;
comment on function rules.keep() is
  'Trigger function: refuses DELETE and TRUNCATE, and UPDATE of what is only added to (never_deleted), since history '
  'stays. The triggers of gym.pardons and gym.ledger do not fire for the role {{.keeper_role}} (rules/keeper.sql). '
  'Definer: who may write the table may call nothing else.';
