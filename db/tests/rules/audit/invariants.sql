begin;
\ir ../../helpers/start.psql
select plan(27);

-- what the audit finds once these statements have broken something: 'capacity_held 1'; then all is as it was
create function help.found_after(p_statements text) returns text
language plpgsql as $$
declare
  v_found text;
begin
  begin
    execute p_statements;
    select string_agg(invariant || ' ' || violations, ', ' order by invariant) into v_found from rules.audit()
      where violations <> 0;
    raise exception using errcode = 'XXTAP';
  exception
    when sqlstate 'XXTAP' then
      return coalesce(v_found, 'nothing');
  end;
end
$$;

select a_week(3), make_slot('nov', 0, '16:00', 3, '2026-11-01'), make_slot('gone', 0, '20:00', 3) \g /dev/null
select book('ann', 'mon'), book('ann', 'tue'), book('ann', 'wed'), book('bob', 'mon'), book('bob', 'nov'), crowd('thu', 3) \g /dev/null
select rules.delete_slot(slot('gone'), false) \g /dev/null

select is((select count(*) from rules.audit() where violations <> 0), 0::bigint, 'audit: nothing is broken');
select set_has($$ select invariant from rules.audit() $$,
  $$ select unnest('{capacity_held,counter_equals_rows,one_a_weekday,slots_per_student,slot_copied_right,deleted_slot_empty,deleted_user_has_no_seat,triggers_enabled}'::text[]) $$,
  'audit: all that the rules of enrolment promise');
select results_eq($$ select invariant, violations from api.audit() $$,
  $$ select invariant, violations from rules.audit() $$, 'api.audit: the same');

-- triggers and foreign keys are off in a replica session; constraints are dropped: what happens only when somebody
-- means harm
select is(found_after($$
    alter table gym.slots drop constraint slots_taken_within_capacity;
    set local session_replication_role = replica;
    update gym.slots set capacity = 2 where id = slot('thu') $$),
  'capacity_held 1, package_whole 1', 'audit: capacity_held');
select is(found_after($$
    set local session_replication_role = replica;
    update gym.slots set taken = taken - 1 where id in (slot('thu'), slot('mon')) $$),
  'counter_equals_rows 2', 'audit: counter_equals_rows, too low a counter');
select is(found_after($$
    set local session_replication_role = replica;
    update gym.slots set taken = 1 where id = slot('fri') $$),
  'counter_equals_rows 1', 'audit: counter_equals_rows, of a slot without any row');
select is(found_after($$
    set local session_replication_role = replica;
    insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
      values (slot('fri'), who('eve'), '2027-01-01', 4, rules.clock()) $$),
  'counter_equals_rows 1', 'audit: counter_equals_rows, a row that was not counted');
select is(found_after($$
    drop index gym.enrolments_one_a_weekday;
    insert into gym.enrolments (slot_id, user_id) values (slot('mon2'), who('bob')) $$),
  'one_a_weekday 1, package_whole 1', 'audit: one_a_weekday');
select is(found_after($$
    set local session_replication_role = replica;
    insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
      values (slot('fri'), who('ann'), '2027-01-01', 4, rules.clock());
    update gym.slots set taken = 1 where id = slot('fri') $$),
  'slots_per_student 1', 'audit: slots_per_student');
select is(found_after($$ set local gym.now = '2026-12-11'; update gym.settings set slots_per_student = 2 $$), 'nothing',
  'audit: slots_per_student, lowered, is no violation by earlier choices');
select is(found_after($$
    set local gym.now = '2026-12-11';
    update gym.settings set slots_per_student = 2;
    set local gym.now = '2026-12-12';
    set local session_replication_role = replica;
    insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
      values (slot('fri'), who('ann'), '2027-01-01', 4, rules.clock());
    update gym.slots set taken = 1 where id = slot('fri') $$),
  'slots_per_student 1', 'audit: slots_per_student, lowered, is one by a later choice');
select is(found_after($$
    update gym.settings set slots_per_student = 2;
    update gym.enrolments set beyond_limit = null $$),
  'slots_per_student 1', 'audit: slots_per_student, lowered, of whoever is not marked');
select is(found_after($$
    set local session_replication_role = replica;
    update gym.enrolments set weekday = 5 where user_id = who('bob') and slot_id = slot('mon') $$),
  'slot_copied_right 1', 'audit: slot_copied_right, the weekday');
select is(found_after($$
    set local session_replication_role = replica;
    update gym.enrolments set month = '2027-05-01' where user_id = who('ann') $$),
  'slot_copied_right 3', 'audit: slot_copied_right, the month');
select is(found_after($$
    set local session_replication_role = replica;
    alter table gym.slots drop constraint slots_deleted_is_empty;
    update gym.slots set deleted_at = rules.clock() where id = slot('thu') $$),
  'deleted_slot_empty 3, package_whole 1', 'audit: deleted_slot_empty');
select is(found_after($$
    set local session_replication_role = replica;
    update gym.users set deleted = true, deleted_at = rules.clock() where id = who('bob') $$),
  'deleted_user_has_no_seat 1', 'audit: deleted_user_has_no_seat, but the past stays');
select is(found_after($$ alter table gym.slots disable trigger slots__guard $$), 'triggers_enabled 1',
  'audit: triggers_enabled, one of ours');
select is(found_after($$ alter table gym.enrolments enable replica trigger enrolments__count_insert $$),
  'triggers_enabled 1', 'audit: triggers_enabled, one that fires in replicas only');
select is(found_after($$ drop trigger slots__guard on gym.slots $$), 'package_whole 1, triggers_enabled 1',
  'audit: triggers_enabled, one that is gone');
-- the constraint's own triggers, on whichever side
select matches(found_after($$ alter table gym.enrolments disable trigger all $$), '^triggers_enabled \d+$',
  'audit: triggers_enabled, all of a table, foreign keys too');

select is(found_after(format('alter database %I reset search_path', current_database())),
  'database_settings 1', 'audit: database_settings, search_path as it is by itself');
select is(found_after(format('alter database %I set search_path = public', current_database())),
  'database_settings 1', 'audit: database_settings, search_path without ours');
select is(found_after(format('alter database %I set search_path = "$user", gym, api', current_database())),
  'nothing', 'audit: database_settings, search_path with more than ours');
select is(found_after(format('grant connect on database %I to public', current_database())),
  'database_settings 1', 'audit: database_settings, anybody may connect');
select is(found_after(format('revoke connect on database %I from energy_auth', current_database())),
  'database_settings 1', 'audit: database_settings, the auth server may not connect');
select is((select count(*) from rules.audit() where violations <> 0), 0::bigint,
  'audit: nothing is broken after all of this');

-- the query shows the violations that the number counts
set local session_replication_role = replica;
update gym.slots set taken = 1 where id = slot('fri');
create function help.rows_of(p_invariant text) returns bigint
language plpgsql as $$
declare
  v_rows bigint;
begin
  execute format('select count(*) from (%s) q',
    (select query from rules.audit() where invariant = p_invariant)) into v_rows;
  return v_rows;
end
$$;
select is(rows_of('counter_equals_rows'), 1::bigint, 'audit: its query shows what it counts');

select * from finish();
rollback;
