-- Who may write history anew: role energy_keeper, as which its few definer functions run. No call stack and no
-- setting decides.
begin;
\ir ../helpers/start.psql
select plan(19);

select a_week(), who('ann'), who('ivor') \g /dev/null
select rules.forgive(who('ann'), '2026-12-02', 'справка', null) \g /dev/null

-- ---- the forged stack: a quoted statement with a line break, whose next line reads like a function's ----

create function help.forged(p_statement text, p_function text) returns text
language plpgsql as $f$
declare
  v_do text := format('do $x$ begin %s /*' || E'\n' || 'PL/pgSQL function %s line 1 at SQL statement' || E'\n'
    || '*/; end $x$',
                      p_statement, p_function);
begin
  return help.refusal(v_do);
end
$f$;
select is(forged('delete from gym.audit_log', 'rules.make_audit_month(date)'), 'ENRUL audit_append_only',
  'audit_append_only: the owner, under a forged call of make_audit_month');
select is(forged('delete from gym.audit_log_other', 'rules.make_audit_month(date)'), 'ENRUL audit_append_only',
  'audit_append_only: a partition, so');
select is(forged('update gym.audit_log set actor = 1', 'rules.erase_person(integer,text,text[])'),
  'ENRUL audit_append_only',
  'audit_append_only: under a forged call of erase_person');
select is(forged('update gym.pardons set reason = chr(120)', 'rules.erase_person(integer,text,text[])'),
  'ENRUL never_deleted',
  'never_deleted: pardons, under a forged call of erase_person');
select is(forged('update gym.ledger set reason = chr(120)', 'rules.erase_person(integer,text,text[])'),
  'ENRUL never_deleted',
  'never_deleted: the ledger, so');
create function help.forged_by_admin() returns text
language plpgsql as $f$
begin
  perform set_config('role', 'energy_admin', true);
  execute 'do $x$ begin update gym.pardons set reason = chr(120) /*' || E'\n' || 'PL/pgSQL function '
    || 'rules.erase_person(integer,text,text[]) line 1 at SQL statement' || E'\n' || '*/; end $x$';
  return 'none';
end
$f$;
select is(refusal($$ select help.forged_by_admin() $$), 'ENRUL never_deleted',
  'never_deleted: an administrator rewrites no pardon');
select is((select string_agg(reason, ', ') from gym.pardons where user_id = who('ann')), 'справка',
  'never_deleted: nothing was written');

-- ---- what the keeper is, and what is its own ----

select is((select (rolcanlogin, rolsuper, rolcreaterole, rolbypassrls)::text from pg_roles
  where rolname = 'energy_keeper'), '(f,f,f,f)',
  'energy_keeper: nobody logs in as it');
select set_eq($$ select p.oid::regprocedure::text from pg_proc p where p.proowner = 'energy_keeper'::regrole $$,
  $$ select k.function from rules.keeper_functions k $$, 'energy_keeper: owns its functions');
select is_empty($$ select k.function from rules.keeper_functions k join pg_proc p on p.oid = k.function::regprocedure
  where not p.prosecdef or p.proconfig is null or exists (
    select from aclexplode(p.proacl) a
      where a.grantee not in (p.proowner, (select c.relowner from pg_class c where c.oid = 'gym.users'::regclass))) $$,
  'energy_keeper: its functions are definers with a path of their own, which the owner alone calls');
select is_empty($$ select c.oid::regclass from pg_class c where c.relowner = 'energy_keeper'::regrole $$,
  'energy_keeper: owns no table');
select is((select count(*) from rules.owner_faults()), 0::bigint, 'owner_faults: none');
savepoint before;
alter function rules.blank_ledger(integer, text) owner to current_user;
select is((select string_agg(f, '; ') from rules.owner_faults() f),
  'rules.blank_ledger(integer,text) does not belong to energy_keeper',
  'owner_faults: as after pg_restore --no-owner');
select is((select violations from rules.audit() where invariant = 'owners_right'), 1::bigint,
  'owners_right: the audit finds it');
rollback to before;
savepoint before;
alter table gym.pardons disable trigger pardons__keep;
select is((select violations from rules.audit() where invariant = 'triggers_enabled'), 1::bigint,
  'triggers_enabled: the audit finds a disabled one');
rollback to before;

-- ---- the person's lock: skipped by who holds the table, and by nobody who says so ----

create function help.locks() returns bigint
language sql as $$ select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' $$;
select locks() as locks \gset
savepoint before;
do $x$ begin perform set_config('gym.importing', 'on', true), rules.lock_user(-1) /*
PL/pgSQL function rules.import_legacy(text,boolean,integer) line 1 at SQL statement
*/; end $x$;
select is(locks(), :locks + 1::bigint, 'lock_user: a forged import locks the person');
rollback to before;
lock table gym.enrolments in exclusive mode;
set local gym.importing = 'on';
select rules.lock_user(-1) \g /dev/null
select is(locks(), :locks + 1::bigint, 'lock_user: nor is a weaker lock of the table enough');
create temp table pg_locks as select 'relation'::text as locktype, pg_backend_pid() as pid,
  'gym.enrolments'::regclass::oid as relation, 'AccessExclusiveLock'::text as mode, true as granted;
select rules.lock_user(-2) \g /dev/null
drop table pg_temp.pg_locks;
select is(locks(), :locks + 2::bigint, 'lock_user: nor a table that is called pg_locks');
lock table gym.enrolments in access exclusive mode;
select rules.lock_user(-3) \g /dev/null
select is(locks(), :locks + 2::bigint, 'lock_user: who holds the table waits for nobody');
set local gym.importing = '';

select * from finish();
rollback;
