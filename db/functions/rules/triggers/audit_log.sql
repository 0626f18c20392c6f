-- The triggers of gym.audit_log and of each of its partitions: audit_log…__keep, before a statement. One made later
-- gets
-- its trigger by rules.make_audit_month.

create function rules.keep_log() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.refuse('audit_append_only');
  return null;
end
$$;
comment on function rules.keep_log() is
  'Trigger function: the audit trail is append only, for its owner too (audit_append_only). Its triggers do not fire '
  'for the role {{.keeper_role}}, whose functions blank names and move late rows (rules/keeper.sql). '
  'Definer: who may write the table may call nothing else.';

create function rules.keep_log_of(p_table text) returns void
language plpgsql volatile
as $$
begin
  execute format(
    'create trigger %I before update or delete or truncate on gym.%I for each statement '
    'when (current_user <> ''{{.keeper_role}}'') execute function rules.keep_log()', p_table || '__keep', p_table);
end
$$;
comment on function rules.keep_log_of(text) is
  'Gives gym.audit_log or a partition of it the trigger that keeps its rows. p_table: its name without the schema.';

-- a statement that names a partition fires the triggers of the partition only
select rules.keep_log_of('audit_log');
select rules.keep_log_of(c.relname)
  from pg_inherits h join pg_class c on c.oid = h.inhrelid
 where h.inhparent = 'gym.audit_log'::regclass;
