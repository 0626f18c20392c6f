-- The audit finds a rule that was dismantled.
begin;
\ir ../helpers/start.psql
set local client_min_messages = warning;
select plan(12);

select is_empty($$ select rules.package_faults() $$, 'package_faults: none after the package was installed');

create function help.after(p_statement text) returns text
language plpgsql as $f$
declare
  v_found text;
begin
  execute p_statement;
  select string_agg(f, '; ') into v_found from rules.package_faults() f;
  raise exception using errcode = 'ZZ999', message = coalesce(v_found, 'nothing');
exception
  when sqlstate 'ZZ999' then
    return sqlerrm;
end
$f$;
select is(after(statement), found, 'package_faults: ' || statement)
  from (values
    ('alter table gym.slots drop constraint slots_taken_within_capacity',
      'constraint slots.slots_taken_within_capacity is missing'),
    ('drop index gym.enrolments_one_a_weekday', 'index enrolments_one_a_weekday is missing'),
    ('alter table gym.marks alter column date drop not null', 'not null marks.date is missing'),
    ('drop trigger slots__guard on gym.slots', 'trigger slots.slots__guard is missing'),
    ($$ create or replace function rules.enrolments__limit() returns trigger language plpgsql security definer
          set search_path = pg_catalog, pg_temp as 'begin return null; end' $$,
            'function rules.enrolments__limit() was changed'),
    ('alter function rules.enrolments__limit() security invoker', 'function rules.enrolments__limit() was changed'),
    ($$ alter table gym.slots drop constraint slots_taken_within_capacity; alter table gym.slots add constraint slots_taken_within_capacity check (true) $$,
     'constraint slots.slots_taken_within_capacity was changed'),
    ('create index on gym.marks (set_by)', 'nothing'),
    ('alter table gym.slots validate constraint slots_month_range', 'nothing')) s (statement, found);
-- another version of PostgreSQL writes constraints otherwise
update gym.code_package set major = major - 1;
select is(after('alter table gym.slots drop constraint slots_taken_within_capacity; alter table gym.slots add constraint slots_taken_within_capacity check (true)'),
  'nothing', 'package_faults: on another major version only the names count');
drop index gym.enrolments_one_a_weekday;
select is((select violations from rules.audit() where invariant = 'package_whole'), 1::bigint,
  'package_whole: the audit says so');

select * from finish();
rollback;
