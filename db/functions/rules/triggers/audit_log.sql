-- The triggers of gym.audit_log and of each of its partitions: audit_log…__keep, before a statement. One made later gets
-- its trigger by rules.make_audit_month.

create function rules.keep_log() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_called_by text;
begin
  -- who is allowed is seen in the stack of calls, which no setting of a session can feign
  get diagnostics v_called_by = pg_context;
  if not (rules.was_called(v_called_by, 'rules.make_audit_month(date)') or rules.was_called(v_called_by, 'rules.erase_person(integer,text,text[])')) then
    perform rules.refuse('audit_append_only');
  end if;
  return null;
end
$$;
comment on function rules.keep_log() is
  'Trigger function: the audit trail is append only, for its owner too (audit_append_only). Only rules.make_audit_month moves rows, and rules.erase_person blanks names. Definer: whoever may write the table may call nothing else.';

do $triggers$
declare
  v_table text;
begin
  -- a statement that names a partition fires the triggers of the partition only
  for v_table in
    select 'audit_log' union all select c.relname from pg_inherits h join pg_class c on c.oid = h.inhrelid where h.inhparent = 'gym.audit_log'::regclass
  loop
    execute format('create trigger %I before update or delete or truncate on gym.%I for each statement execute function rules.keep_log()', v_table || '__keep', v_table);
  end loop;
end
$triggers$;
