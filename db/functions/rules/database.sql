-- What is set on the database itself: a dump of the database does not hold it, nor does a copy (createdb -T) take it
-- along.

create function rules.database_faults() returns table (fault text, statement text, is_harmful boolean)
language plpgsql stable
as $$
declare
  v_database pg_database;
  v_path     text;
  v_role     text;
begin
  select * into v_database from pg_database d where d.datname = current_database();

  -- The auth server names users without its schema, and an administrator the functions of api. The names stand there as
  -- PostgreSQL quoted them.
  select substr(c, length('search_path=') + 1) into v_path
    from pg_db_role_setting s cross join unnest(s.setconfig) c
   where s.setdatabase = v_database.oid and s.setrole = 0 and c like 'search\_path=%';
  if not coalesce(string_to_array(translate(v_path, ' "', ''), ','), '{}') @> '{gym,api}' then
    fault      := 'search_path of the database is without gym and api';
    statement  := format('alter database %I set search_path = gym, api, public', v_database.datname);
    is_harmful := true;
    return next;
  end if;

  -- Rights that were never set are PostgreSQL's own: then PUBLIC may connect.
  if exists (select from aclexplode(coalesce(v_database.datacl, acldefault('d', v_database.datdba))) a
    where a.grantee = 0) then
    fault      := 'anybody may connect to the database';
    statement  := format('revoke all on database %I from public', v_database.datname);
    is_harmful := false;
    return next;
  end if;

  for v_role in
    select r.rolname from pg_roles r
     where r.rolname in ('{{.server_role}}', '{{.auth_role}}', '{{.admin_role}}', '{{.reader_role}}', '{{.web_role}}')
       -- old auth servers that are retired
       and (r.rolname <> '{{.auth_role}}' or (select c.legacy_hid from gym.settings c))
       and not exists (select from aclexplode(v_database.datacl) a
         where a.grantee = r.oid and a.privilege_type = 'CONNECT')
     order by 1
  loop
    fault      := format('%s may not connect to the database', v_role);
    statement  := format('grant connect on database %I to %I', v_database.datname, v_role);
    -- whoever may connect as PUBLIC still gets in
    is_harmful := not has_database_privilege(v_role, v_database.oid, 'connect');
    return next;
  end loop;
end
$$;
comment on function rules.database_faults() is
  'What is not set on the database itself as it must be: search_path, and who may connect. statement corrects it; '
  'is_harmful: somebody''s work fails meanwhile. A restore under another name loses these settings.';

create function rules.settle_database() returns setof text
language plpgsql volatile
as $$
-- the statements are of rules.database_faults, which quotes the names
-- @plpgsql_check_options: security_warnings = off
declare
  v_fault record;
  v_owns  boolean;
begin
  select pg_has_role(d.datdba, 'usage') into v_owns from pg_database d where d.datname = current_database();
  for v_fault in select f.fault, f.statement from rules.database_faults() f loop
    if v_owns then
      execute v_fault.statement;
      return next v_fault.fault;
    else
      raise notice '%, and % does not own it: have this done: %', v_fault.fault, current_user, v_fault.statement;
    end if;
  end loop;
end
$$;
comment on function rules.settle_database() is
  'Corrects what rules.database_faults finds, and returns it. Run by each `energy migrate`, also where there is '
  'nothing to migrate.';

create function rules.role_limits() returns table (login name, statement text)
language sql stable
as $$
  -- one statement that runs away fills no disk, and one that was forgotten in a transaction does not hold others up
  -- for ever
  select r.rolname, format('alter role %I in database %I set %s = %L', r.rolname, current_database(), l.name, l.value)
    from (values ('temp_file_limit', '2GB'), ('idle_in_transaction_session_timeout', '10min')) l (name, value)
   cross join pg_catalog.pg_roles r
   where r.rolcanlogin and not r.rolsuper
     and exists (
       select from pg_catalog.pg_roles g
         join pg_catalog.pg_auth_members m on m.roleid = g.oid and m.member = r.oid
        where g.rolname in ('{{.server_role}}', '{{.auth_role}}', '{{.admin_role}}', '{{.reader_role}}', '{{.web_role}}'))
     -- the owner, who migrates and restores, is not limited
     and r.oid <> (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
     and not exists (
       select from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) c
        where s.setrole = r.oid and (s.setdatabase = 0 or s.setdatabase = (
                select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
          and split_part(c, '=', 1) = l.name)
   order by 1, 2
$$;
comment on function rules.role_limits() is
  'The limits that log-ins of our group roles lack, as statements: temp_file_limit and '
  'idle_in_transaction_session_timeout. What was set by hand stays. Carried out by energy migrate where it may, else '
  'printed: temp_file_limit needs a superuser.';
