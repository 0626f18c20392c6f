begin;
\ir ../helpers/start.psql
select plan(6);

select is((select count(*) from gym.code_package), 1::bigint, 'record_package: install.sql noted the package');
select rules.record_package(7, 'abc') \g /dev/null
select is((select (version, hash, installed_at = now())::text from gym.code_package), '(7,abc,t)', 'record_package: in the place of the one before');

-- what install.sql restores is all there: without a trigger a rule would be gone silently
select is((select string_agg(tgname, ' ' order by tgname) from pg_trigger where tgrelid = relation::regclass and not tgisinternal), triggers, 'triggers of ' || relation)
  from (values ('gym.slots', 'slots__guard slots__keep slots__remember_delete slots__remember_insert slots__remember_update'),
               ('gym.settings', 'settings__guard settings__judge settings__keep settings__legacy settings__limit settings__log settings__remember_delete settings__remember_insert settings__remember_update')) v (relation, triggers);
select is((select count(*) from pg_trigger where tgrelid = 'gym.enrolments'::regclass and tgname in
  ('enrolments__place', 'enrolments__count_insert', 'enrolments__count_update', 'enrolments__limit_insert', 'enrolments__limit_update', 'enrolments__keep')), 6::bigint, 'triggers of gym.enrolments');
select is((select count(*) from pg_trigger where tgrelid = 'gym.users'::regclass and tgname in ('users__guard', 'users__free', 'users__keep', 'users__sessions', 'users__codes')), 5::bigint, 'triggers of gym.users');

select * from finish();
rollback;
