-- Who may do what in the database: the server, the auth server, an administrator; nobody else anything.
begin;
\ir helpers/start.psql
select plan(87);

-- as('energy_auth', '…'): what a role gets from a statement, or the SQLSTATE of its refusal
create function help.as_role(p_role name, p_statement text) returns text
language plpgsql as $$
declare
  v_row text;
begin
  perform set_config('role', p_role, true);
  execute p_statement into v_row;
  perform set_config('role', 'none', true);
  return coalesce(v_row, 'done');
exception
  when insufficient_privilege then
    return 'may not';
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;
-- everything that PUBLIC, or a role, was granted on our schemas, their contents and the database
create function help.granted(p_grantee oid) returns setof text
language sql as $$
  select kind || ' ' || name || ': ' || a.privilege_type
    from (select 'database' as kind, datname::text as name, coalesce(datacl, acldefault('d', datdba)) as acl from pg_database where datname = current_database()
          union all
          select 'schema', nspname, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace where nspname in ('gym', 'rules', 'api', 'wire', 'river', 'public')
          union all
          select 'relation', relnamespace::regnamespace || '.' || relname, coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
            from pg_class c where relnamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'river', 'public') and relkind in ('r', 'v', 'm', 'p', 'S', 'f')
             and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
          union all
          select 'column', c.relnamespace::regnamespace || '.' || c.relname || '.' || t.attname, t.attacl
            from pg_attribute t join pg_class c on c.oid = t.attrelid
           where c.relnamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'river', 'public') and t.attacl is not null
          union all
          select 'function', format('%s.%s(%s)', pronamespace::regnamespace, proname, pg_get_function_identity_arguments(p.oid)), coalesce(proacl, acldefault('f', proowner))
            from pg_proc p where pronamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'river', 'public')
             and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')) o (kind, name, acl)
    cross join lateral aclexplode(o.acl) a
   where a.grantee = p_grantee
$$;

-- ---- PUBLIC: nothing ----

select is_empty($$ select granted(0) $$, 'PUBLIC may nothing: schemas, tables, columns, sequences, functions, the database');
create role test_nobody;
select is(as_role('test_nobody', statement), 'may not', 'somebody without any role: ' || statement)
  from unnest(array['select count(*) from gym.users', 'select rules.next_month()', 'select wire.version()', 'select * from api.settings', 'select * from public.schema_version', 'create table public.t ()', 'create temp table t ()']) statement;

-- ---- the server: EXECUTE on wire, its own queue, nothing of the gym's ----

select set_eq(
  $$ select g from granted('energy_server'::regrole) g where g !~ '^\w+ river[.:]' $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema wire: USAGE'
     union all select format('function wire.%s(%s): EXECUTE', p.proname, pg_get_function_identity_arguments(p.oid)) from pg_proc p where pronamespace = 'wire'::regnamespace $$,
  'the server: EXECUTE on every function of wire, and nothing else outside of its queue');
select set_eq(
  $$ select g from granted('energy_server'::regrole) g where g ~ '^\w+ river[.:]' $$,
  $$ select 'schema river: USAGE' union all select 'relation river.river_job_id_seq: USAGE'
     union all select 'function river.river_job_state_in_bitmask(bitmask bit, state river.river_job_state): EXECUTE'
     union all select format('relation river.%s: %s', t, p) from unnest('{river_job,river_leader,river_queue}'::text[]) t, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p $$,
  'the server: its queue');
select is(as_role('energy_server', statement), 'may not', 'the server: ' || statement)
  from unnest(array['select count(*) from gym.users', 'select count(*) from gym.enrolments', 'select value from gym.secrets', 'insert into gym.enrolments (slot_id, user_id) values (1, 1)',
    'update gym.slots set capacity = 1000', 'delete from gym.users', 'truncate gym.enrolments', 'select rules.clock()', 'select rules.choose_slots(1, ''{}'')', 'select rules.hash_password(1, '''')',
    'select message from rules.catalogue', 'select * from api.audit()', 'select * from api.settings', 'select api.set_pepper(''x'')', 'select * from public.schema_version', 'create table public.t ()', 'create temp table t ()',
    'set session_replication_role = replica']) statement;
-- by the true clock, since gym.now does not count for it
set local gym.now = '';
select a_week(2) \g /dev/null
select is(as_role('energy_server', format('select wire.avtime_get(%s, ''{}'', null)::jsonb #>> ''{}''', who('ann'))), ask('avtime/get', who('ann')) #>> '{}', 'the server: asks an endpoint')
;
-- the server has a log-in of its own, which is granted the role; so has the auth server
create role test_server_login in role energy_server;
set local session authorization test_server_login;
select wire.version()::text as version \gset
reset session authorization;
select is(:'version'::text, wire.version()::text, 'the server: by a log-in that was granted its role');

-- ---- the auth server: the statements of README's "The auth server", unqualified, and nothing else ----

select set_eq($$ select granted('energy_auth'::regrole) $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema gym: USAGE'
     union all select format('column gym.users.%s: SELECT', c) from unnest('{id,student_card,firstname,secondname,surname,group,hid,image,role,deleted}'::text[]) c
     union all select format('column gym.users.%s: INSERT', c) from unnest('{student_card,firstname,secondname,surname,group,hid,image,role}'::text[]) c
     union all select 'column gym.users.image: UPDATE' $$,
  'the auth server: columns of users, and nothing else');
select is((select split_part(c, '=', 2) from pg_db_role_setting s cross join unnest(s.setconfig) c where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database()) and c ~ '^search_path='),
  'gym, api, public', 'search_path: set on the database, so that every log-in finds users');
create role test_auth_login in role energy_auth;
select who('ann'), card('ann') as card \gset
set local search_path = gym, api, public;
set local session authorization test_auth_login;
insert into users (student_card, firstname, secondname, surname, "group", hid, image, role)
  values (12069840, 'Иван', '', 'Петров', 'БИ-21', repeat('0', 64), null, 'STUDENT') returning users.id as signed_up, users.deleted as signed_up_deleted \gset
update users set image = 'i.png' where users.id = :signed_up;
select users.id, users.student_card, users.firstname, users.secondname, users.surname, users."group", users.hid, users.image, users.role, users.deleted from users where users.id = :signed_up \gset found_
select count(*) as by_card from users where users.student_card = 12069840 and users.role in ('STUDENT', 'COACH', 'ADMIN') and users.deleted = false \gset
reset session authorization;
set local search_path = help, gym, api, public;
select is(:'signed_up_deleted'::boolean, false, 'the auth server: INSERT with RETURNING');
select is(:'found_image' || ' ' || :'found_student_card', 'i.png 12069840', 'the auth server: UPDATE of image, SELECT by id');
select is(:by_card, 1, 'the auth server: SELECT by card');
select is((select enum_range(null::gym.userrole)::text), '{STUDENT,COACH,ADMIN,BLOCKED}', 'userrole: the four labels');
select is((select typname::text from pg_type where oid = 'gym.userrole'::regtype), 'userrole', 'userrole: by that name');

select is(as_role('energy_auth', statement), 'may not', 'the auth server: ' || statement)
  from unnest(array['select * from gym.users', 'select deleted_at from gym.users', 'insert into gym.users (id, student_card, firstname, secondname, surname, "group", hid) values (1, 2, '''', '''', '''', '''', '''')',
    'insert into gym.users (student_card, firstname, secondname, surname, "group", hid, deleted) values (2, '''', '''', '''', '''', '''', true)',
    'update gym.users set role = ''ADMIN''', 'update gym.users set hid = ''''', 'update gym.users set student_card = 1', 'update gym.users set deleted = true', 'delete from gym.users', 'truncate gym.users cascade',
    'select count(*) from gym.slots', 'select count(*) from gym.enrolments', 'select value from gym.secrets', 'select * from gym.settings', 'select * from gym.rights', 'select wire.version()', 'select rules.clock()', 'select * from api.settings',
    'select rules.hash_password(1, '''')', 'create table gym.t ()', 'create temp table t ()', 'select nextval(''gym.users_id_seq'')']) statement;
-- the guards of the table hold for it as well
select is(as_role('energy_auth', format('insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role) values (%s, '''', '''', '''', '''', '''', ''STUDENT'')', :card)),
  '23505 duplicate key value violates unique constraint "users_student_card_taken"', 'the auth server: a card that is taken');

-- ---- an administrator: what api offers ----

select set_eq($$ select g from granted('energy_admin'::regrole) g where g !~ '^(function|relation) (api\.|gym\.)' $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema api: USAGE' $$, 'an administrator: api, and nothing else');
select is_empty($$ select p.oid::regprocedure from pg_proc p where p.pronamespace = 'api'::regnamespace and not has_function_privilege('energy_admin', p.oid, 'execute') $$, 'an administrator: every function of api');
select matches(as_role('energy_admin', 'select count(*)::text from api.' || relname), '^\d+$', 'an administrator: looks at api.' || relname)
  from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v' order by relname;
select is(as_role('energy_admin', statement), 'may not', 'an administrator: ' || statement)
  from unnest(array['select count(*) from gym.users', 'select value from gym.secrets', 'update gym.slots set capacity = 1000', 'select rules.clock()', 'select wire.version()', 'create table api.t ()', 'set session_replication_role = replica']) statement;

-- ---- no definer function can be led astray ----

select is_empty($$
  select p.oid::regprocedure from pg_proc p where p.pronamespace::regnamespace::text in ('rules', 'api', 'wire') and p.prosecdef and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false) $$,
  'definer functions: search_path is pinned');
select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'rules'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype $$,
  'definer functions: of rules only those of triggers');

select * from finish();
rollback;
