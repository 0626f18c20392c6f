begin;
\ir ../helpers/start.psql
select plan(237);

create function help.admitted(p_endpoint text, p_actor integer) returns text
language sql as $$ select help.refusal(format('select wire.admit(%L, %L, ''r1'')', p_endpoint, p_actor)) $$;
select who('student'), who('blocked', 'BLOCKED'), who('coach', 'COACH'), who('admin', 'ADMIN'), who('gone', 'ADMIN') \g /dev/null
update gym.users set deleted = true where id = who('gone');

-- ---- who may call what, row by row ----

create table help.table_of_rights (endpoint text primary key, roles text not null);
insert into help.table_of_rights values
  ('gym-news/get', 'SBCA'), ('entry/get', 'SBCA'), ('user/edit', 'SBCA'), ('user/edit-password', 'SBCA'),
    ('user/absences', 'SBCA'), ('closure/get', 'SBCA'),
  ('entry/delete', 'SBA'), ('avtime/get', 'SBCA'), ('entry/check-open', 'SBCA'), ('entry/create', 'SBA'),
  ('gym-news/create', 'CA'), ('gym-news/edit', 'CA'), ('gym-news/delete', 'CA'), ('avtime/get-any', 'CA'),
    ('entry/get-any', 'CA'), ('user/get', 'CA'),
  ('visit/get', 'CA'), ('visit/edit', 'CA'), ('visit/cancel-lesson', 'CA'), ('report/visits', 'CA'),
  ('avtime/create', 'A'), ('avtime/edit', 'A'), ('avtime/delete', 'A'), ('entry/create-any', 'A'),
    ('entry/change-open', 'A'), ('entry/delete-any', 'A'),
  ('user/create', 'A'), ('user/edit-any', 'A'), ('user/delete-any', 'A'), ('gym-news/get-any', 'A'),
  ('new/create', 'A'), ('new/edit', 'A'), ('new/delete', 'A'), ('new/get-any', 'A'), ('closure/create', 'A'),
    ('closure/delete', 'A');
select is(admitted(t.endpoint, who(p.name)), case when t.roles ~ p.letter then 'none' else 'ENACC role_may_not' end,
    case when t.roles ~ p.letter then 'admit: ' else 'role_may_not: ' end || t.endpoint || ' by ' || p.name)
  from help.table_of_rights t
    cross join (values ('student', 'S'), ('blocked', 'B'), ('coach', 'C'), ('admin', 'A')) p (name, letter)
 order by t.endpoint, p.name;
select is(admitted(t.endpoint, null), 'ENACC actor_missing', 'actor_missing: ' || t.endpoint)
  from help.table_of_rights t order by t.endpoint;
select is(admitted(t.endpoint, who('gone')), 'ENACC actor_unknown',
  'actor_unknown: ' || t.endpoint || ' by an administrator who was deleted') from help.table_of_rights t
  order by t.endpoint;
select is(admitted('avtime/get', -1), 'ENACC actor_unknown', 'actor_unknown: nobody has that id');
select is(admitted('new/get', actor), 'none', 'admit: new/get by ' || coalesce(actor::text, 'nobody'))
  from unnest(array[null, -1, who('student'), who('gone')]) actor;

-- ---- each endpoint has its function and each function its right ----

select is_empty($$
  select p.proname from pg_proc p
   where p.pronamespace = 'wire'::regnamespace
     and pg_get_function_identity_arguments(p.oid) = 'p_actor integer, p_body jsonb, p_request_id text'
     and not exists (select from gym.rights r where translate(r.endpoint, '/-', '__') = p.proname) $$,
  'rights: every function of wire that answers an endpoint');
select is_empty($$
  select p.proname, r[1] from pg_proc p cross join lateral regexp_matches(p.prosrc, 'wire\.admit\(''([^'']+)''', 'g') r
   where p.pronamespace = 'wire'::regnamespace and translate(r[1], '/-', '__') <> p.proname $$,
  'admit: every function of wire asks for its own endpoint');
select is_empty($$
  select p.proname from pg_proc p
   where p.pronamespace = 'wire'::regnamespace
     and pg_get_function_identity_arguments(p.oid) = 'p_actor integer, p_body jsonb, p_request_id text'
     and p.prosrc !~ 'begin\s+perform wire\.admit\(' $$,
  'admit: before anything else');

-- ---- the table decides ----

select is(admitted('no/such', who('admin')), 'ENACC role_may_not',
  'role_may_not: an endpoint that gym.rights does not name');
update gym.rights set roles = '{STUDENT}' where endpoint = 'avtime/create';
select is(admitted('avtime/create', who('student')) || ', ' || admitted('avtime/create', who('admin')),
  'none, ENACC role_may_not', 'admit: a change of gym.rights counts at once');
update gym.users set role = 'COACH' where id = who('student');
select is(admitted('avtime/create', who('student')), 'ENACC role_may_not', 'admit: and so does a change of role');

-- ---- what it leaves for the triggers ----

select is(admitted('avtime/get', who('admin')), 'none', 'admit: an administrator');
select is(rules.actor(), who('admin'), 'actor: who was admitted last');
select is(current_setting('gym.request_id'), 'r1', 'admit: notes the request');
set local application_name = 'energy';
select is(admitted('new/get', null), 'none', 'admit: nobody');
select is(current_setting('application_name'), 'energy/r1',
  'admit: the request stands in application_name, so in PostgreSQL''s log');
select is(rules.application(), 'energy', 'application: without the request');
select wire.admit('new/get', null, repeat('x', 64)) \g /dev/null
select is(current_setting('application_name'), 'energy/' || repeat('x', 56),
  'admit: a long id is cut as PostgreSQL would, without its notice; the one before is gone');
select wire.admit('new/get', null, E'a\nb;c\u044f') \g /dev/null
select matches(current_setting('application_name'), '^energy/a[\\?\\\\x0a]+b;c[\\?\\\\xd18f]+$',
  'admit: nothing in it breaks a line of the log');
select wire.admit('new/get', null, null) \g /dev/null
select is(current_setting('application_name') || ', ' || rules.application(), 'energy, energy',
  'admit: no id, from psql');
select is(rules.actor(), null, 'actor: nobody');

select * from finish();
rollback;
