-- Role energy_keeper owns the few functions that write history anew (db/functions/rules/keeper.sql). Nobody logs in as it.
do $role$
declare
  v_role text := '{{.keeper_role}}';
  v_16   boolean := current_setting('server_version_num')::integer >= 160000;
begin
  if not exists (select from pg_roles where rolname = v_role) then
    begin
      execute format('create role %I nologin', v_role);
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise notice 'role % is missing and % may not create roles: have it made (create role % nologin), then run '
          'energy migrate --force', v_role, current_user, v_role;
    end;
  end if;
  -- an owner who is no superuser gives functions to the role, so he must be able to become it; its rights he need not have
  if exists (select from pg_roles where rolname = v_role)
     and not (select rolsuper from pg_roles where rolname = current_user)
     and not pg_has_role(current_user, v_role, case when v_16 then 'set' else 'member' end) then
    begin
      execute format('grant %I to current_user', v_role) || case when v_16 then ' with inherit false, set true' else '' end;
    exception
      when insufficient_privilege then
        raise notice '% may not become %: ask for: grant % to %', current_user, v_role, v_role, current_user;
    end;
  end if;
end
$role$;

---- create above / drop below ----

select;
