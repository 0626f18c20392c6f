-- What every object of ours keeps to, looked up in the catalogue: a new function that does not is named here.
begin;
-- plpgsql_check locks tables as it plans, in an order of its own: not beside a test that writes (helpers/start.psql)
select pg_advisory_xact_lock(20261210) \g /dev/null
select plan(32);

-- our functions, with their comments
create temp view ours as
select p.oid, p.oid::regprocedure as function, p.pronamespace::regnamespace::text as schema, p.proname, p.prosrc,
  p.prosecdef, p.provolatile, p.proconfig, p.prolang, p.prorettype,
       p.proargnames[1:p.pronargs] as arguments, pg_get_function_identity_arguments(p.oid) as signature,
         coalesce(obj_description(p.oid, 'pg_proc'), '') as comment
  from pg_proc p
 where p.pronamespace in ('rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace);
select cmp_ok((select count(*) from ours), '>', 100::bigint, 'there is something to look at');

-- ---- functions ----

select is_empty($$ select function from ours where comment = '' $$, 'functions: each has a comment');
-- a pin costs each call of a function as much as a small query does, and there are twenty of them in a choice
select is_empty($$ select function from ours where prosecdef <> coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false) $$,
  'functions: definers pin search_path; what runs as their caller runs under theirs');
select is_empty($$ select function from ours where has_function_privilege('public', oid, 'execute') $$,
  'functions: PUBLIC may execute none');
select is_empty($$ select function from ours where prosecdef <> (comment ~ 'Definer: \w') $$,
  'functions: a definer says why it is one, and nothing else does');
select is_empty($$ select function from ours where schema = 'rules'
    and prosecdef <> (prorettype = 'trigger'::regtype
      or oid in (select k.function::regprocedure from rules.keeper_functions k)) $$,
  'functions: of rules only those of triggers and of the keeper are definers; the others run as their caller');
-- in api and wire a definer is called from outside, and what is none helps the definers
select is_empty($$
  select function from ours
   where not (schema = 'api' and prosecdef) and exists (select from unnest(arguments) a where a !~ '^p_[a-z_]+$') $$,
  'functions: arguments are p_…, but for those that a person types');
select is_empty($$
  select function from ours
   where schema = 'api' and prosecdef
     and (arguments && '{user}' or exists (select from unnest(arguments) a where a ~ '^p_')) $$,
  'functions: arguments that a person types are plain words');
select is_empty($$
  select o.function, r[1] from ours o cross join lateral regexp_matches(o.prosrc, '\m((?:api|wire|auth)\.\w+)\(', 'g') r
   where o.schema <> split_part(r[1], '.', 1)
     -- what both servers ask alike stands in wire, and a session says whose it is in the wire's shape
     and not (o.schema = 'auth' and r[1] in ('wire.version', 'wire.refusal'))
     and (o.proname, r[1]) <> ('session_json', 'wire.own_user_json') $$,
  'functions: rules use nothing of api, wire and auth, which use nothing of each other');
select is_empty($$
  select o.function, r[1] from ours o cross join lateral regexp_matches(o.prosrc, 'rules\.refuse\(''([^'']+)''', 'g') r
   where strpos(o.comment, r[1]) = 0 and proname <> 'moved_clock' -- half of rules.clock, which says so
  $$,
  'functions: the comment names every rule that the function refuses by');
select is_empty($$ select function from ours where provolatile = 'i' and prosrc ~ 'gym\.|clock|now\(\)|current_|select .* from rules\.' $$, 'functions: what is immutable looks at nothing that changes');
select is_empty($$ select function from ours where provolatile <> 'v' and prosrc ~* '\m(insert\s+into|update\s+gym|delete\s+from|for\s+(no\s+key\s+)?update)\M' $$, 'functions: what writes or locks is volatile');
select is_empty($$ select function from ours where prosrc ~* 'when\s+others' $$,
  'functions: none swallows every error');
select is_empty($$ select function from ours where prosrc ~* 'sqlerrm|message_text' $$,
  'functions: none reads the text of an error');
select is_empty($$ select function from ours where prosrc ~* '\mnow\(\)|current_date|current_timestamp|clock_timestamp|localtime' and proname not in ('clock', 'moved_clock') and comment !~* 'true time|River' and proname not in ('record_package', 'set_pepper') $$,
  'functions: what the time is, they ask rules.clock');
select is_empty($$ select function from ours where schema = 'api' and prosecdef and comment !~ 'Example: ' and to_regclass('api.' || proname) is null $$,
  'api: each function shows a call to paste, but for what stands behind a view of its name');

-- ---- wire: one function an endpoint, one signature ----

select is_empty($$
  select function from ours
   where schema = 'wire' and prosecdef
     and (signature <> 'p_actor integer, p_body jsonb, p_request_id text' or prorettype <> 'json'::regtype)
     and proname !~ '^(version|warm_up|refusal|period|clean_up|metrics|actor|pepper_fits|password_step|ensure_[a-z]+)$' $$,
  'wire: the one signature, but for what the server calls for itself');
select is_empty($$
  select function from ours
   where schema = 'wire' and not prosecdef and signature = 'p_actor integer, p_body jsonb, p_request_id text' $$,
  'wire: what has the signature of an endpoint is one');
select is_empty($$
  select function from ours where schema = 'wire' and signature = 'p_actor integer, p_body jsonb, p_request_id text'
     and comment !~ ('^(GET|POST|PUT|DELETE) /'
       || coalesce((select r.endpoint from gym.rights r where translate(r.endpoint, '/-', '__') = proname), '-')
       || ': ') $$,
  'wire: the comment begins with method and path');

-- ---- tables, views, types, columns ----

select is_empty($$
  select c.oid::regclass from pg_class c
   where c.relnamespace in ('gym'::regnamespace, 'rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace,
     'auth'::regnamespace) and c.relkind in ('r', 'v', 'm', 'p') and not c.relispartition
     and obj_description(c.oid, 'pg_class') is null $$,
  'tables and views: each has a comment');
select is_empty($$
  select t.oid::regtype from pg_type t
   where t.typnamespace in ('gym'::regnamespace, 'rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace)
     and t.typtype in ('e', 'd', 'r') and obj_description(t.oid, 'pg_type') is null $$,
  'types: each has a comment');
select is_empty($$ select nspname from pg_namespace where nspname in ('gym', 'rules', 'api', 'wire', 'auth', 'river') and obj_description(oid, 'pg_namespace') is null $$, 'schemas: each has a comment');
select is_empty($$
  select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
   where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0
     and not a.attisdropped and col_description(c.oid, a.attnum) is null
     and a.attname !~ '^(id|name|value|old_value|new_value|kind|event|date|start_date|end_date|month|at|is_open|mark|reason|lift_reason|body|group|role|roles|endpoint|capacity|version|hash|\w+_(at|by|id))$' $$,
  'columns: each that its name does not explain has a comment');
select is_empty($$ select relname from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v' and obj_description(oid, 'pg_class') !~ 'Example: ' $$, 'api: each view shows a query to paste');
select is_empty($$
  select c.oid::regclass from pg_class c
    where c.relnamespace = 'gym'::regnamespace and c.relkind = 'r'
    and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') $$,
  'tables: each has a primary key');
-- who did something is looked up from the row only, and people are never deleted
select is_empty($$
  select k.conrelid::regclass, k.conname from pg_constraint k
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
   where k.contype = 'f' and k.connamespace = 'gym'::regnamespace and a.attname !~ '_by$|^by_user$'
     and k.conname <> 'ledger_enrolment_id_fkey'
     and not exists (select from pg_index i where i.indrelid = k.conrelid and i.indkey[0] = k.conkey[1]) $$,
  'foreign keys: an index finds the rows of what they refer to');
-- what reloads must not be held by what migrates
select is_empty($$
  select pg_describe_object(d.classid, d.objid, d.objsubid)
    from pg_depend d join ours o on o.oid = d.refobjid and d.refclassid = 'pg_proc'::regclass
   where d.classid in ('pg_attrdef'::regclass, 'pg_constraint'::regclass) $$,
  'tables: no default and no check depends on a function that reloads');

-- ---- triggers ----

select is_empty($$
  select t.tgrelid::regclass, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where c.relnamespace = 'gym'::regnamespace and not t.tgisinternal
     and t.tgname !~ ('^' || c.relname || '__[a-z]+(_insert|_update|_delete)?$') $$,
  'triggers: named <table>__<what>');
select is_empty($$
  select t.tgrelid::regclass, t.tgname, o.function from pg_trigger t join ours o on o.oid = t.tgfoid
   where t.tgname not in (o.proname, o.proname || '_insert', o.proname || '_update', o.proname || '_delete')
     and o.proname not in ('keep', 'keep_log', 'remember') $$,
  'trigger functions: named as their triggers, but for the shared ones');
select is_empty($$ select function from ours where prorettype = 'trigger'::regtype and not exists (select from pg_trigger t where t.tgfoid = ours.oid) $$, 'trigger functions: each has its trigger');
select is_empty(
  $$ select function from ours where prorettype = 'trigger'::regtype and comment !~ '^Trigger function' $$,
  'trigger functions: the comment says that they are');

-- ---- plpgsql_check: errors, warnings and security, every function, each trigger function with each of its tables ----

-- under the path of the definers, where no name of ours is found without its schema: those that run as their caller
-- have no other.
-- PostgreSQL itself checks those in SQL, when they are made
do $$
declare
  v_function text;
begin
  set local search_path = pg_catalog, pg_temp;
  for v_function in select pg_get_functiondef(o.oid) from pg_temp.ours o join pg_language l on l.oid = o.prolang
    where l.lanname = 'sql' loop
    execute v_function;
  end loop;
  set local search_path = gym, api, public;
end $$;

-- it is written in C, and not there for every server that the tests run on
select exists (select from pg_extension where extname = 'plpgsql_check') as is_checked \gset
\if :is_checked
set local search_path = pg_catalog, pg_temp;
create temp table checked as
select o.function, o.proname, o.schema, t.relation, c.lineno, c.level, c.message, c.detail
  from ours o
  join pg_language l on l.oid = o.prolang and l.lanname = 'plpgsql'
 cross join lateral (
    select t.tgrelid::regclass as relation, max(t.tgoldtable) as old_rows, max(t.tgnewtable) as new_rows
      from pg_trigger t where t.tgfoid = o.oid group by t.tgrelid
    union all
    select 0::regclass, null, null where o.prorettype <> 'trigger'::regtype) t
 cross join lateral public.plpgsql_check_function_tb(o.function, t.relation, fatal_errors => false,
   extra_warnings => true, performance_warnings => false, security_warnings => true,
    oldtable => t.old_rows, newtable => t.new_rows) c;
set local search_path = gym, api, public;
delete from checked where
  -- the queries are the texts of rules.invariants, which only this package writes
  proname = 'audit' and level = 'security'
  -- the signature of every endpoint has a body, also of those that need none
  or schema = 'wire' and message in ('unused parameter "p_body"')
  -- set_config gives back what it was given; PERFORM would make a query of it, for which every request would wait
  or proname in ('admit', 'actor') and message = 'never read variable "v_set"'
  -- "group" is what the column is called, and named so in calls
  or schema = 'api' and message = 'name of parameter "group" is reserved keyword'
  -- what the tables of the old system look like is known when they are there
  or proname ~ '^legacy_' and detail = 'cannot to determine result of dynamic SQL'
  -- a cursor is given its name so, and what it was opened for elsewhere can't be known here
  or detail = 'cast "text" value to "refcursor" type' or message = 'never read variable "v_rows"'
  or proname = 'report_visits'
    and (message = 'record "v_row" is not assigned yet' or message = 'never read variable "v_row"');
select is_empty($$ select function, relation, lineno, level, message, detail from checked $$,
  'plpgsql_check: nothing to say');
\else
select skip('this server has no plpgsql_check', 1);
\endif

select * from finish();
rollback;
