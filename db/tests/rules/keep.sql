begin;
\ir ../helpers/start.psql
select plan(53);
-- TRUNCATE says which tables it would cascade to
set local client_min_messages = warning;

-- of each table whose rows stay
create table help.kept (name text);
insert into help.kept select relname from pg_class c where relnamespace = 'gym'::regnamespace and relkind = 'r'
  and exists (select from pg_trigger t
    where t.tgrelid = c.oid and t.tgfoid = 'rules.keep'::regproc and t.tgtype & 8 > 0);
select set_has($$ select name from help.kept $$,
  $$ select unnest('{users,slots,enrolments,settings,settings_changes,months}'::text[]) $$,
  'keep: what the rules of enrolment rest on');
select is(refusal(format('delete from gym.%I', name)), 'ENRUL never_deleted', 'never_deleted: DELETE of ' || name)
  from help.kept order by name;
select is(refusal(format('delete from gym.%I where false', name)), 'ENRUL never_deleted',
  'never_deleted: DELETE of no row of ' || name) from help.kept order by name;
select is(refusal(format('truncate gym.%I cascade', name)), 'ENRUL never_deleted',
  'never_deleted: TRUNCATE of ' || name) from help.kept order by name;
select is_empty($$ select tgname from pg_trigger where tgfoid = 'rules.keep'::regproc and tgname <> (select relname from pg_class where oid = tgrelid) || '__keep' $$, 'keep: its triggers are named so');

-- as a trigger would ask
create function public.rules_actor() returns integer language sql security definer as 'select rules.actor()';
grant usage on schema public to public;
grant execute on function public.rules_actor() to public;
select is(rules.actor(), null, 'actor: null from psql');
select set_config('gym.actor', '42', true) \g /dev/null
select is(rules.actor(), 42, 'actor: as admitted');
set local role energy_server;
select public.rules_actor() as admitted \gset
reset role;
select is(:'admitted'::text, '42', 'actor: in a server that dropped its rights');
set local session authorization energy_admin;
select public.rules_actor() is null as nobody \gset
reset session authorization;
select ok(:'nobody'::boolean, 'actor: an administrator in psql acts under no other name');
set local session authorization energy_auth;
select public.rules_actor() is null as nobody \gset
reset session authorization;
select ok(:'nobody'::boolean, 'actor: nor does the auth server');
select set_config('gym.actor', '', true) \g /dev/null
select is(rules.actor(), null, 'actor: empty is nobody');

select * from finish();
rollback;
