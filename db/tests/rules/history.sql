begin;
\ir ../helpers/start.psql
select plan(41);
-- TRUNCATE says which tables it would cascade to
set local client_min_messages = warning;

-- of each table whose rows stay
create table help.kept (name text);
insert into help.kept select relname from pg_class c where relnamespace = 'gym'::regnamespace and relkind = 'r'
  and exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'rules.keep'::regproc);
select set_has($$ select name from help.kept $$, $$ select unnest('{users,slots,enrolments,settings,settings_changes,months}'::text[]) $$, 'keep: what the rules of enrolment rest on');
select is(refusal(format('delete from gym.%I', name)), 'ENRUL never_deleted', 'never_deleted: DELETE of ' || name) from help.kept order by name;
select is(refusal(format('delete from gym.%I where false', name)), 'ENRUL never_deleted', 'never_deleted: DELETE of no row of ' || name) from help.kept order by name;
select is(refusal(format('truncate gym.%I cascade', name)), 'ENRUL never_deleted', 'never_deleted: TRUNCATE of ' || name) from help.kept order by name;
select is_empty($$ select tgname from pg_trigger where tgfoid = 'rules.keep'::regproc and tgname <> (select relname from pg_class where oid = tgrelid) || '__keep' $$, 'keep: its triggers are named so');

select is(rules.actor(), null, 'actor: null from psql');
select set_config('gym.actor', '42', true) \g /dev/null
select is(rules.actor(), 42, 'actor: as admitted');
select set_config('gym.actor', '', true) \g /dev/null
select is(rules.actor(), null, 'actor: empty is nobody');

select * from finish();
rollback;
