-- Group roles without login. Login roles are made by whoever runs the database and are granted one of these.
-- Roles belong to the whole cluster, so another database of ours may have made them already, at this very moment too.
do $roles$
declare
  v_role text;
begin
  foreach v_role in array array['{{.server_role}}', '{{.auth_role}}', '{{.admin_role}}', '{{.reader_role}}'] loop
    if not exists (select from pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin', v_role);
      exception
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then
          raise notice 'role % is missing and % may not create roles: have it made (create role % nologin), then run energy migrate --force',
            v_role, current_user, v_role;
      end;
    end if;
    -- an owner who is no superuser must be able to become the server's role: energy serve drops to it. From PostgreSQL 16
    -- on, who makes a role is a member who may grant it, but may not become it
    if exists (select from pg_roles where rolname = v_role)
       and not (select rolsuper from pg_roles where rolname = current_user)
       and not pg_has_role(current_user, v_role, case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) then
      begin
        execute format('grant %I to current_user', v_role);
      exception
        when insufficient_privilege then
          raise notice '% may not become %: ask for: grant % to %', current_user, v_role, v_role, current_user;
      end;
    end if;
  end loop;
end
$roles$;

-- Nothing is anybody's. What a role may do is granted by name, in db/functions/grants.sql.
revoke all on schema public from public;
do $public$
begin
  -- before PostgreSQL 15 public belongs to a superuser: an owner who is none revokes nothing
  if has_schema_privilege('public', 'public', 'create') then
    raise notice 'anybody who connects may still create in schema public: have it closed (revoke all on schema public from public)';
  end if;
end
$public$;
alter default privileges revoke execute on functions from public;
do $database$
begin
  execute format('revoke all on database %I from public', current_database());
  -- on the database, since a search_path of a group role does not reach its members: the auth server
  -- finds users, an administrator finds the api
  execute format('alter database %I set search_path = gym, api, public', current_database());
end
$database$;

create schema gym;
comment on schema gym is 'Tables and types: all data of the gym. Nobody but the owner writes here past the rules.';

create schema river;
comment on schema river is 'The job queue (River). Its tables are River''s own.';

---- create above / drop below ----

drop schema river cascade;
drop schema gym cascade;
