-- Who may do what in the database, the whole matrix: the server, the auth server, an administrator, a reader; nobody
-- else anything.
begin;
\ir helpers/start.psql
select plan(196);

-- as('energy_auth', '…'): what a role gets from a statement, or the SQLSTATE of its refusal
create function help.as_role(p_role name, p_statement text) returns text
language plpgsql as $$
declare
  v_row  text;
  v_rule text;
begin
  perform set_config('role', p_role, true);
  execute p_statement into v_row;
  perform set_config('role', 'none', true);
  return coalesce(v_row, 'done');
exception
  when insufficient_privilege then
    return 'may not';
  when others then
    get stacked diagnostics v_rule = constraint_name;
    return sqlstate || ' ' || case when sqlstate ~ '^EN' then v_rule else sqlerrm end;
end
$$;
-- everything that PUBLIC, or a role, was granted on our schemas, their contents and the database
create function help.granted(p_grantee oid) returns setof text
language sql as $$
  select kind || ' ' || name || ': ' || a.privilege_type
    from (select 'database' as kind, datname::text as name, coalesce(datacl, acldefault('d', datdba)) as acl
      from pg_database where datname = current_database()
          union all
          select 'schema', nspname, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
            where nspname in ('gym', 'rules', 'api', 'wire', 'auth', 'river', 'public')
          union all
          select 'relation', relnamespace::regnamespace || '.' || relname,
            coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
            from pg_class c where relnamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'auth', 'river',
              'public') and relkind in ('r', 'v', 'm', 'p', 'S', 'f')
             and not exists (select from pg_depend d
               where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
          union all
          select 'column', c.relnamespace::regnamespace || '.' || c.relname || '.' || t.attname, t.attacl
            from pg_attribute t join pg_class c on c.oid = t.attrelid
           where c.relnamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'auth', 'river', 'public')
             and t.attacl is not null
          union all
          select 'function', format('%s.%s(%s)', pronamespace::regnamespace, proname,
            pg_get_function_identity_arguments(p.oid)), coalesce(proacl, acldefault('f', proowner))
            from pg_proc p where pronamespace::regnamespace::text in ('gym', 'rules', 'api', 'wire', 'auth', 'river',
              'public')
             and not exists (select from pg_depend d
               where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')) o (kind, name, acl)
    cross join lateral aclexplode(o.acl) a
   where a.grantee = p_grantee
$$;

-- ---- PUBLIC: nothing ----

select is_empty($$ select granted(0) $$,
  'PUBLIC may nothing: schemas, tables, columns, sequences, functions, the database');
create role test_nobody;
select is(as_role('test_nobody', statement), 'may not', 'somebody without any role: ' || statement)
  from unnest(array['select count(*) from gym.users', 'select rules.next_month()', 'select wire.version()',
    'select * from api.settings', 'select * from public.schema_version', 'create table public.t ()',
    'create temp table t ()']) statement;

-- ---- the server: EXECUTE on wire, its own queue, nothing of the gym's ----

select set_eq(
  $$ select g from granted('energy_server'::regrole) g where g !~ '^\w+ river[.:]' $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema wire: USAGE'
     union all select format('function wire.%s(%s): EXECUTE', p.proname, pg_get_function_identity_arguments(p.oid))
       from pg_proc p where pronamespace = 'wire'::regnamespace and p.prosecdef $$,
  'the server: EXECUTE on what it calls of wire, not on what that calls, and nothing else outside of its queue');
select set_eq(
  $$ select g from granted('energy_server'::regrole) g where g ~ '^\w+ river[.:]' $$,
  $$ select 'schema river: USAGE' union all select 'relation river.river_job_id_seq: USAGE'
     union all select 'function river.river_job_state_in_bitmask(bitmask bit, state river.river_job_state): EXECUTE'
     union all select format('relation river.%s: %s', t, p)
       from unnest('{river_job,river_leader,river_queue}'::text[]) t,
       unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p $$,
  'the server: its queue');
select is(as_role('energy_server', statement), 'may not', 'the server: ' || statement)
  from unnest(array['select count(*) from gym.users', 'select count(*) from gym.enrolments',
    'select value from gym.secrets', 'insert into gym.enrolments (slot_id, user_id) values (1, 1)',
    'update gym.slots set capacity = 1000', 'delete from gym.users', 'truncate gym.enrolments', 'select rules.clock()',
      'select rules.choose_slots(1, ''{}'')', 'select rules.hash_password(1, '''')',
    'select message from rules.catalogue', 'select wire.text_field(''{}'', ''a'')',
    'select wire.admit(''entry/get'', 1, null)', 'select * from api.audit()', 'select * from api.settings',
      'select api.set_pepper(''x'')', 'select * from public.schema_version', 'create table public.t ()',
      'create temp table t ()',
    'set session_replication_role = replica']) statement;
-- by the true clock, since gym.now does not count for it
set local gym.now = '';
select a_week(2) \g /dev/null
select is(as_role('energy_server', format('select wire.avtime_get(%s, ''{}'', null)::jsonb #>> ''{}''', who('ann'))),
  ask('avtime/get', who('ann')) #>> '{}', 'the server: asks an endpoint')
;
-- the server has a log-in of its own, which is granted the role; so has the auth server
create role test_server_login in role energy_server;
set local session authorization test_server_login;
select wire.version()::text as version \gset
reset session authorization;
select is(:'version'::text, wire.version()::text, 'the server: by a log-in that was granted its role');

-- ---- the auth server: the statements of docs/operations.md, "An old auth server", unqualified, and nothing else ----

select set_eq($$ select granted('energy_auth'::regrole) $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema gym: USAGE'
     union all select format('column gym.users.%s: SELECT', c)
       from unnest('{id,student_card,firstname,secondname,surname,group,hid,image,role,deleted}'::text[]) c
     union all select format('column gym.users.%s: INSERT', c)
       from unnest('{student_card,firstname,secondname,surname,group,hid,image,role}'::text[]) c
     union all select 'column gym.users.image: UPDATE' $$,
  'the auth server: columns of users, and nothing else');
select is((select split_part(c, '=', 2) from pg_db_role_setting s cross join unnest(s.setconfig) c
  where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
  and c ~ '^search_path='),
  'gym, api, public', 'search_path: set on the database, so that every log-in finds users');
create role test_auth_login in role energy_auth;
select who('ann'), card('ann') as card \gset
set local search_path = gym, api, public;
set local session authorization test_auth_login;
insert into users (student_card, firstname, secondname, surname, "group", hid, image, role)
  values (12069840, 'Иван', 'Петров', '', 'БИ-21', repeat('0', 64), null, 'STUDENT') returning users.id as signed_up,
    users.deleted as signed_up_deleted \gset
update users set image = 'i.png' where users.id = :signed_up;
select users.id, users.student_card, users.firstname, users.secondname, users.surname, users."group", users.hid, users.image, users.role, users.deleted from users where users.id = :signed_up \gset found_
select count(*) as by_card from users where users.student_card = 12069840 and users.role in ('STUDENT', 'COACH', 'ADMIN') and users.deleted = false \gset
reset session authorization;
set local search_path = help, gym, api, public;
select is(:'signed_up_deleted'::boolean, false, 'the auth server: INSERT with RETURNING');
select is(:'found_image' || ' ' || :'found_student_card', 'i.png 12069840',
  'the auth server: UPDATE of image, SELECT by id');
select is(:by_card, 1, 'the auth server: SELECT by card');
select is((select enum_range(null::gym.userrole)::text), '{STUDENT,COACH,ADMIN,BLOCKED}', 'userrole: the four labels');
select is((select typname::text from pg_type where oid = 'gym.userrole'::regtype), 'userrole',
  'userrole: by that name');

select is(as_role('energy_auth', statement), 'may not', 'the auth server: ' || statement)
  from unnest(array['select * from gym.users', 'select deleted_at from gym.users', 'insert into gym.users (id, student_card, firstname, secondname, surname, "group", hid) values (1, 2, '''', '''', '''', '''', '''')',
    'insert into gym.users (student_card, firstname, secondname, surname, "group", hid, deleted) values (2, '''', '
    ''''', '''', '''', '''', true)',
    'update gym.users set role = ''ADMIN''', 'update gym.users set hid = ''''', 'update gym.users set student_card = 1',
      'update gym.users set deleted = true', 'delete from gym.users', 'truncate gym.users cascade',
    'select count(*) from gym.slots', 'select count(*) from gym.enrolments', 'select value from gym.secrets',
      'select * from gym.settings', 'select * from gym.rights', 'select wire.version()', 'select rules.clock()',
      'select * from api.settings',
    'select rules.hash_password(1, '''')', 'create table gym.t ()', 'create temp table t ()',
      'select nextval(''gym.users_id_seq'')']) statement;
-- the guards of the table hold for it as well
select is(as_role('energy_auth',
  format('insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role) values (%s, '''', ''Ан'', '''', '''', repeat(''0'', 64), ''STUDENT'')', :card)),
  '23505 duplicate key value violates unique constraint "users_student_card_taken"',
    'the auth server: a card that is taken');

-- row-level security: students only, with a hash; nobody who is deleted
select is(as_role('energy_auth', format('insert into gym.users (student_card, firstname, secondname, surname, "group", hid, image, role) values (77001, %L, %L, %L, %L, %L, null, %L)',
    '', 'Ан', '', '', hid, role)), 'may not',
      format('the auth server: signs nobody up as %s with the hash «%s»', role, left(hid, 5)))
  from (values (repeat('0', 64), 'ADMIN'), (repeat('0', 64), 'COACH'), (repeat('0', 64), 'BLOCKED'), ('-', 'STUDENT'),
    ('', 'STUDENT'), (repeat('F', 64), 'STUDENT')) v (hid, role);
select who('ghost') \g /dev/null
update gym.users set deleted = true where id = who('ghost');
select is(as_role('energy_auth', format('select count(*)::text from gym.users where id = %s', who('ghost'))), '0',
  'the auth server: sees nobody who is deleted');
select is(as_role('energy_auth',
  format('with u as (update gym.users set image = ''x'' where id = %s returning id) select count(*)::text from u',
  who('ghost'))), '0', 'the auth server: changes nobody who is deleted');
select is(as_role('energy_auth', 'select count(*)::text from gym.users'),
  (select count(*)::text from gym.users where not deleted), 'the auth server: sees everybody else');
select is(as_role('energy_admin', 'select count(id)::text from gym.users'), (select count(*)::text from gym.users),
  'an administrator sees everybody');
select is(as_role('energy_reader', 'select count(id)::text from gym.users'), (select count(*)::text from gym.users),
  'a reader too');

-- ---- our auth server: EXECUTE on auth, and nothing else ----

select set_eq($$ select granted('energy_web'::regrole) $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema auth: USAGE'
     union all select format('function auth.%s(%s): EXECUTE', p.proname, pg_get_function_identity_arguments(p.oid))
       from pg_proc p where pronamespace = 'auth'::regnamespace $$,
  'energy_web: EXECUTE on every function of auth, and nothing else');
select is_empty($$
  select c.relname from pg_class c
   where c.relnamespace::regnamespace::text in ('gym', 'api', 'rules', 'river') and c.relkind in ('r', 'p', 'v', 'm')
     and as_role('energy_web',
       format('select count(*) from %s.%I', c.relnamespace::regnamespace, c.relname)) <> 'may not' $$,
  'energy_web: reads no table and no view');
select is(as_role('energy_web', statement), 'may not', 'energy_web: ' || statement)
  from unnest(array['select rules.clock()', 'select rules.hmac(''salt'', ''x'')', 'select rules.hash_password(1, '''')',
    'select wire.version()', 'select wire.user_get(1, ''{}'', null)', 'select wire.actor(1, null)',
    'select rules.open_session(1, ''x'', false, null, '''')', 'select rules.set_verifier(1, '''', '''')',
      'select rules.live_session(''x'')', 'select api.issue_code(card => 1)', 'select api.sessions(person => 1)',
    'insert into gym.sessions (user_id) values (1)', 'update gym.users set role = ''ADMIN''', 'delete from gym.buckets',
      'update gym.settings set password_tries = 1000', 'truncate gym.attempts', 'create table public.t ()',
    'create temp table t ()', 'set session_replication_role = replica']) statement;
create role test_web_login in role energy_web;
set local gym.now = '';
set local session authorization test_web_login;
select auth.version()::text as version, auth.session('x', true)::text as nobody, auth.begin_log_in('1', '{x}', null, null, null) ->> 'result' as begun \gset
-- a thief of the log-in can't move the clock to where the buckets are full again
set local gym.now = '2030-01-01';
select auth.begin_log_in('1', '{x}', null, null, null) ->> 'attempt' as thief \gset
reset session authorization;
set local gym.now = '2026-12-10 09:00';
select is(:'version'::text, wire.version()::text, 'energy_web: by a log-in that was granted its role');
select is(:'nobody'::jsonb, '{"live": false, "may": null}', 'energy_web: asks for a session');
select is(:'begun'::text, 'go', 'energy_web: begins to log in');
select ok((select made_at < '2030-01-01' from gym.attempts where id = :thief), 'energy_web: by the true clock only');

-- ---- an administrator: what api offers, every datum but the secrets, and writing it under the rules ----

-- tables of the matrix: what an administrator writes, what the triggers write
create table help.data (name text);
insert into help.data values ('settings'), ('weekly_template'), ('slots'), ('enrolments'), ('marks'),
  ('cancelled_lessons'), ('closures'), ('blocks'), ('pardons'), ('posts'), ('rights'), ('manual_turns'), ('roster'),
  ('waiting');
create table help.written (name text);
insert into help.written values ('name_swaps'), ('settings_changes'), ('months'), ('ledger'), ('refusals'),
  ('code_package'), ('audit_log'), ('legacy_ids'), ('consent_documents');
create table help.hidden (name text);
insert into help.hidden values ('users'), ('secrets'), ('verifiers'), ('devices'), ('buckets'), ('failed_cards'),
  ('log_ins'), ('attempts'), ('sessions'), ('codes'), ('pictures'), ('calendars'), ('consents');
select set_eq($$ select relname::text from pg_class where relnamespace = 'gym'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition $$,
  $$ select name from help.data union all select name from help.written union all select name from help.hidden $$,
    'the matrix: no table of gym is missing from it');

select set_eq($$ select g from granted('energy_admin'::regrole) g $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema api: USAGE'
    union all select 'schema gym: USAGE'
     union all select format('function api.%s(%s): EXECUTE', p.proname, pg_get_function_identity_arguments(p.oid))
       from pg_proc p where pronamespace = 'api'::regnamespace and p.prosecdef
     union all select format('relation api.%s: SELECT', relname) from pg_class
       where relnamespace = 'api'::regnamespace and relkind = 'v'
     union all select format('relation gym.%s: %s', name, p) from help.data,
       unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p where name not in ('marks', 'blocks')
     union all select format('relation gym.%s: %s', t, p) from unnest('{marks,blocks}'::text[]) t,
       unnest('{SELECT,DELETE}'::text[]) p
     union all select format('column gym.marks.%s: UPDATE', c) from unnest('{mark,set_at,set_by}'::text[]) c
     union all select format('relation gym.%s: SELECT', name) from help.written
     union all select format('column gym.users.%s: SELECT', c)
       from unnest(
       '{id,student_card,firstname,secondname,surname,group,image,role,deleted,deleted_at,unconfirmed_since}'::text[]) c
     union all select format('column gym.users.%s: INSERT', c)
       from unnest('{student_card,firstname,secondname,surname,group,hid,image,role,deleted}'::text[]) c
     union all select format('column gym.users.%s: UPDATE', c)
       from unnest('{student_card,firstname,secondname,surname,group,image,role,deleted}'::text[]) c
     union all select 'relation gym.users: DELETE' $$, 'an administrator: api, the data, and nothing else');
select matches(as_role('energy_admin', 'select count(*)::text from api.' || relname), '^\d+$',
  'an administrator: looks at api.' || relname)
  from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v' order by relname;
select is(as_role('energy_admin', statement), 'may not', 'an administrator: ' || statement)
  from unnest(array['select hid from gym.users', 'select * from gym.users', 'select value from gym.secrets',
    'select digest from gym.verifiers', 'select hash from gym.codes', 'select token_hash from gym.sessions',
    'select jpeg from gym.pictures', 'update gym.users set hid = ''''', 'update gym.users set id = 0',
    'insert into gym.audit_log (login, on_table, key, operation) values ('''', '''', '''', '''')',
    'update gym.audit_log set actor = 1', 'delete from gym.audit_log', 'truncate gym.audit_log',
      'select * from gym.audit_log_other', 'update gym.ledger set reason = ''''', 'truncate gym.weekly_template',
      'update gym.months set judged_on = null',
    'alter table gym.marks disable trigger user', 'select rules.clock()', 'select wire.version()',
    'select api.person_id(1, null)', 'select api.weekday_of(''Mon'')', 'create table api.t ()', 'create table gym.t ()',
      'set session_replication_role = replica']) statement;

-- a log-in of an administrator writes the tables themselves, and every trigger works for it
create role test_admin_login in role energy_admin;
set local gym.now = '2026-12-10 09:00';
select make_slot('hall', 1, '10:00', 2) as tue, make_slot('yard', 2, '10:00', 2) as wed, who('bea') as bea \gset
set local search_path = gym, api, public;
set local session authorization test_admin_login;
insert into users (student_card, firstname, surname, secondname, "group", hid) values (5551, 'Ян', '', 'Новый',
  'БИ-21', '-') returning id as hand \gset
update users set "group" = 'БИ-22' where id = :hand;
insert into enrolments (slot_id, user_id) values (:tue, :hand) returning id as seat, created_at = '2026-12-10 09:00+07' as by_the_moved_clock \gset
update enrolments set slot_id = :wed where id = :seat;
insert into slots (month, weekday, starts_at, capacity) values ('2026-12-01', 5, '08:00', 4) returning id as own_slot \gset
insert into enrolments (slot_id, user_id) values (:own_slot, :bea) returning id as bea_seat \gset
update slots set capacity = 6 where id = :own_slot;
update marks set mark = 'excused' where enrolment_id = :bea_seat and date = '2026-12-12';
insert into closures (start_date, end_date, reason, created_at) values ('2026-12-19', '2026-12-19', 'ремонт', now());
insert into cancelled_lessons values ('2026-12-26', '08:00', now());
delete from cancelled_lessons;
insert into posts (kind, body, created_at) values ('news', 'Привет', now()) returning id as post \gset
update posts set deleted_at = now() where id = :post;
insert into pardons (user_id, month, reason, made_at) values (:hand, '2026-12-01', 'справка', now());
select api.block(person => :hand, reason => 'вручную'), api.unblock(person => :hand, reason => 'прощён') \g /dev/null
insert into manual_turns (is_open, made_at) values (true, now());
update settings set slots_per_student = 2;
update weekly_template set capacity = 8 where weekday = 0;
delete from weekly_template where weekday = 5;
update rights set anybody = false where endpoint = 'new/get';
insert into roster (card, family, given, patronymic, "group", added_at) values (5552, 'Новая', 'Яна', '', 'БИ-21',
  now());
update roster set gone_at = now() where card = 5552;
insert into waiting (slot_id, user_id) values (:tue, :bea);
select month = '2027-01-01' and weekday = 2 as placed from enrolments where id = :seat \gset
reset session authorization;
set local search_path = help, gym, api, public;
select ok(:'placed' and :'by_the_moved_clock',
  'an administrator: writes every table, and the triggers fill in; gym.now counts');
select is(seats('yard') || ', ' || seats('hall'), '1 of 2, 0 of 2', 'an administrator: the counter follows');
select set_eq($$ select distinct on_table from gym.audit_log where login = 'test_admin_login' $$,
  $$ select name from help.data union all values ('users') $$, 'an administrator: the audit trail knows who');
select is(as_role('energy_admin', statement), 'ENRUL ' || rule, 'an administrator, under the rules: ' || statement)
  from (values ('delete from gym.enrolments', 'never_deleted'), ('delete from gym.users', 'never_deleted'),
    ('update gym.slots set taken = 2 - taken', 'taken_is_counted'),
    ('update gym.users set student_card = 5 where student_card = 12069840', 'card_needs_password'),
               ('update gym.slots set id = -id', 'id_fixed')) w (statement, rule);

-- ---- a reader: numbers, and nobody's name ----

select set_eq($$ select g from granted('energy_reader'::regrole) g $$,
  $$ select format('database %I: CONNECT', current_database()) union all select 'schema api: USAGE'
    union all select 'schema gym: USAGE'
     union all select 'function api.help(topic text): EXECUTE'
     union all select format('relation api.%s: SELECT', v)
       from unnest('{slots,rules,settings,closures,people_masked,changes_masked}'::text[]) v
     union all select format('relation gym.%s: SELECT', t) from unnest('{settings,manual_turns,weekly_template,months,slots,enrolments,marks,closures,posts,rights,refusals,code_package}'::text[]) t
     union all select format('column gym.%s.%s: SELECT', t, c) from (values
       ('users', '{id,group,role,deleted,deleted_at}'::text[]),
         ('settings_changes', '{id,name,old_value,new_value,changed_at}'),
         ('cancelled_lessons', '{date,starts_at,cancelled_at,cancelled_by}'),
       ('blocks', '{id,user_id,month,absences,created_at,created_by,ends_on,lifted_at,lifted_by}'),
         ('pardons', '{id,user_id,date,month,made_at,made_by}'),
         ('ledger', '{id,at,user_id,event,block_id,enrolment_id,by_user}'),
       ('waiting', '{id,slot_id,user_id,instead_of,place,joined_at,joined_by,moved_at,moved_by,ended_at,ended_by,end_reason,block_id}'),
       ('audit_log', '{id,written_at,gym_time,actor,request_id,on_table,operation,erased_at}')) w (t, cs),
         unnest(cs) c $$, 'a reader: what names nobody, and nothing else');
select matches(as_role('energy_reader', 'select count(*)::text from ' || v), '^\d+$', 'a reader: looks at ' || v)
  from unnest('{api.slots,api.rules,api.settings,api.closures,api.people_masked,api.changes_masked,gym.users,gym.enrolments,gym.marks,gym.audit_log}'::text[]) v;
select is(as_role('energy_reader',
  format('select (card, person, "group")::text from api.people_masked where id = %s', who('ann'))),
  format('(…%s,"Т. A.",БИ-21)', right(card('ann')::text, 2)), 'a reader: people masked');
select is(as_role('energy_reader', statement), 'may not', 'a reader: ' || statement)
  from unnest(array['select key from gym.audit_log', 'select secondname from gym.users',
    'select surname from gym.users',
    'select firstname from gym.users', 'select student_card from gym.users', 'select hid from gym.users',
    'select image from gym.users', 'select value from gym.secrets', 'select * from api.enrolled',
    'select * from api.attendance',
    'select * from api.blocked', 'select * from api.absences', 'select reason from gym.blocks',
      'select reason from gym.pardons', 'select new_values from gym.audit_log', 'select login from gym.audit_log',
      'select * from api.history(''user'')',
    'insert into gym.posts (kind, body, created_at) values (''news'', ''x'', now())',
      'update gym.settings set seats_per_slot = 1', 'delete from gym.weekly_template', 'select api.set_pepper(''x'')',
      'select wire.version()', 'create temp table t ()']) statement;

-- ---- the roles themselves ----

select is_empty($$ select rolname from pg_roles where rolname in ('energy_server', 'energy_auth', 'energy_admin', 'energy_reader') and (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls) $$,
  'the group roles: no log-in, no powers');
select is_empty($$ select m.member::regrole, m.roleid::regrole from pg_auth_members m where m.member in ('energy_server'::regrole, 'energy_auth'::regrole, 'energy_admin'::regrole, 'energy_reader'::regrole) $$, 'the group roles: members of nothing');
select is_empty($$ select * from pg_default_acl d cross join lateral aclexplode(d.defaclacl) a where a.grantee in (0, 'energy_server'::regrole, 'energy_auth'::regrole, 'energy_admin'::regrole, 'energy_reader'::regrole) $$, 'the group roles: no right to what is made later');

-- ---- no definer function can be led astray ----

select is_empty($$
  select p.oid::regprocedure from pg_proc p
    where p.pronamespace::regnamespace::text in ('rules', 'api', 'wire') and p.prosecdef
    and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false) $$,
  'definer functions: search_path is pinned');
select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'rules'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
     and p.oid not in (select k.function::regprocedure from rules.keeper_functions k) $$,
  'definer functions: of rules only those of triggers and of the keeper');

select * from finish();
rollback;
