-- What raw statements meet, table by table: by the owner of the tables and by an administrator. The audit runs
-- after each.
begin;
\ir ../helpers/start.psql
set local client_min_messages = warning;

select a_week(), who('boss', 'ADMIN'), who('ann'), who('bea'), who('tom', 'COACH') \g /dev/null
select make_slot('dec sat', 5, '16:00', 12, '2026-12-01') \g /dev/null
select book('ann', 'mon'), book('ann', 'dec sat'), book('bea', 'tue') \g /dev/null
select rules.ensure_marks(), rules.run('ensure_blocks') \g /dev/null
insert into gym.roster (card, family, given, patronymic, "group", added_at)
  values (card('ann'), 'Тестова', 'Ann', '', '', rules.clock());
insert into gym.cancelled_lessons values ('2027-01-12', '16:00', rules.clock());
select rules.create_post('news', 'Привет', null), rules.turn_enrolment(true, null) \g /dev/null

create function help.tried(p_role text, p_statement text) returns text
language plpgsql as $f$
declare
  v_refused text;
  v_found   text;
begin
  v_refused := help.refusal(format('do $do$ begin perform set_config(''role'', %L, true); execute %L; '
                                   'perform set_config(''role'', ''none'', true); end $do$', p_role, p_statement));
  if v_refused <> 'none' then
    return regexp_replace(v_refused, '^42501.*', 'no right');
  end if;
  select string_agg(a.invariant, ' ' order by a.invariant) into v_found from rules.audit() a where a.violations > 0;
  -- undone, whatever it did
  raise exception using errcode = 'ZZ999', message = 'done' || coalesce('; audit: ' || v_found, '');
exception
  when sqlstate 'ZZ999' then
    return sqlerrm;
end
$f$;

create temp table matrix (on_table text, owner_deletes text, admin_deletes text, owner_truncates text);
insert into matrix values
  ('users', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('settings', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('slots', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('enrolments', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('marks', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('closures', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('blocks', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('pardons', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('waiting', 'ENRUL never_deleted', 'ENRUL never_deleted', 'ENRUL never_deleted'),
  ('ledger', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('months', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('settings_changes', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('legacy_ids', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('consents', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('consent_documents', 'ENRUL never_deleted', 'no right', 'ENRUL never_deleted'),
  ('audit_log', 'ENRUL audit_append_only', 'no right', 'ENRUL audit_append_only'),
  -- rows may go; the trail has them
  ('cancelled_lessons', 'done', 'done', 'ENRUL truncate_refused'),
  ('weekly_template', 'done', 'done', 'ENRUL truncate_refused'),
  ('rights', 'done', 'done', 'ENRUL truncate_refused'),
  ('roster', 'done', 'done', 'ENRUL truncate_refused'),
  ('manual_turns', 'done', 'done', 'ENRUL truncate_refused'),
  ('posts', 'done', 'done', 'ENRUL truncate_refused'),
  -- rows of a while, and what the system keeps for itself
  ('refusals', 'done', 'no right', 'done'),
  ('name_swaps', 'done', 'no right', 'done'),
  ('code_package', 'done', 'no right', 'done'),
  ('secrets', 'done', 'no right', 'done'),
  ('verifiers', 'done', 'no right', 'done'),
  ('sessions', 'done', 'no right', 'done'),
  ('devices', 'done', 'no right', 'done'),
  ('buckets', 'done', 'no right', 'done'),
  ('failed_cards', 'done', 'no right', 'done'),
  ('log_ins', 'done', 'no right', 'done'),
  ('attempts', 'done', 'no right', 'done'),
  ('codes', 'done', 'no right', 'done'),
  ('calendars', 'done', 'no right', 'done'),
  ('pictures', 'done', 'no right', 'done');
create temp table statements (role text, statement text, outcome text);
insert into statements
select 'none', format('delete from gym.%I', on_table), owner_deletes from matrix
union all select 'energy_admin', format('delete from gym.%I', on_table), admin_deletes from matrix
union all select 'none', format('truncate gym.%I cascade', on_table), owner_truncates from matrix
union all select 'energy_admin', format('truncate gym.%I', on_table), 'no right' from matrix;

-- raw rows that no function would write
insert into statements
select r.role, format(s.statement, who('ann'), who('bea'), slot('dec sat'), who('boss'), who('tom')),
       case r.role when 'none' then s.by_owner else s.by_admin end
  from (values ('none'), ('energy_admin')) r (role)
 cross join (values
  -- marks
  ($$ insert into gym.marks (enrolment_id, slot_id, user_id, date) select e.id, e.slot_id, e.user_id, '2026-12-13' from gym.enrolments e where e.slot_id = %3$s $$,
   'ENRUL mark_on_its_day', 'no right'),
  ($$ insert into gym.marks (enrolment_id, slot_id, user_id, date) select e.id, e.slot_id, e.user_id, '2027-01-02' from gym.enrolments e where e.slot_id = %3$s $$,
   'ENRUL mark_on_its_day', 'no right'),
  ($$ update gym.marks set withdrawn_at = now() where slot_id = %3$s $$, 'done; audit: marks_complete', 'no right'),
  ($$ update gym.marks set date = date + 7 $$, 'ENRUL mark_of_enrolment', 'no right'),
  ($$ update gym.marks set mark = 'present' where slot_id = %3$s $$, 'ENRUL lesson_ahead', 'ENRUL lesson_ahead'),
  ($$ update gym.marks set mark = 'excused' where slot_id = %3$s $$, 'done', 'done'),
  -- blocks
  ($$ insert into gym.blocks (user_id, reason, created_at) values (%1$s, 'x', now()) $$,
    'done; audit: block_in_ledger role_says_blocked', 'no right'),
  ($$ insert into gym.blocks (user_id, month, reason, created_at) values (%1$s, '2026-12-01', 'x', now()) $$,
   'done; audit: block_explained_by_absences block_in_ledger role_says_blocked', 'no right'),
  ($$ insert into gym.blocks (user_id, month, reason, created_at) values (%1$s, '5874897-12-01', 'x', now()) $$,
    -- before 14 PostgreSQL cannot take the day of such a date, and says so itself
    case when current_setting('server_version_num')::integer < 140000 then '22008'
         else '23514 blocks_month_range' end, 'no right'),
  -- people
  ($$ update gym.users set role = 'BLOCKED' where id = %4$s $$, 'ENRUL last_administrator', 'ENRUL last_administrator'),
  ($$ update gym.users set role = 'BLOCKED' where id = %5$s $$, 'ENRUL block_students_only',
    'ENRUL block_students_only'),
  ($$ update gym.users set role = 'COACH' where id = %4$s $$, 'ENRUL last_administrator', 'ENRUL last_administrator'),
  ($$ update gym.users set deleted = true where id = %4$s $$, 'ENRUL last_administrator', 'ENRUL last_administrator'),
  ($$ update gym.users set role = 'BLOCKED' where id = %1$s $$, 'done', 'done'),
  ($$ update gym.users set role = 'STUDENT' where id = %5$s $$, 'done', 'done'),
  -- slots and settings
  ($$ update gym.slots set taken = 0 $$, 'ENRUL taken_is_counted', 'ENRUL taken_is_counted'),
  ($$ update gym.enrolments set cancelled_at = now() where user_id = %2$s $$, 'done', 'done'),
  ($$ insert into gym.enrolments (slot_id, user_id, created_at) values (%3$s, %2$s, '2026-12-01') $$, 'done', 'done')
 ) s (statement, by_owner, by_admin);

select plan((select count(*)::integer from statements) + 14);
select set_eq($$ select relname::text from pg_class where relnamespace = 'gym'::regnamespace and relkind in ('r', 'p') and not relispartition $$,
  $$ select on_table from matrix $$, 'raw rows: no table of gym is missing from the matrix');
select is(tried(role, statement), outcome,
  format('raw rows: %s: %s', replace(role, 'none', 'the owner'), btrim(statement))) from statements;

-- ---- what each of them is about ----

select is(refusal($$ truncate gym.rights $$), 'ENRUL truncate_refused',
  'truncate_refused: nobody would know what was in it');
select is(refusal($$ insert into gym.marks (enrolment_id, slot_id, user_id, date)
  select e.id, e.slot_id, e.user_id, '2026-12-13' from gym.enrolments e where e.slot_id = slot('dec sat') $$),
    'ENRUL mark_on_its_day', 'mark_on_its_day: a Sunday for a Saturday');

select is(refusal($$ update gym.users set image = repeat('x', 501) where id = who('ann') $$),
  '23514 users_image_length', 'users_image_length');
select is(refusal($$ update gym.users set hid = repeat('x', 201) where id = who('ann') $$), '23514 users_hid_length',
  'users_hid_length');
select is(
  refusal($$ insert into gym.slots (month, weekday, starts_at, capacity) values ('2100-01-01', 1, '16:00', 3) $$),
  '23514 slots_month_range', 'slots_month_range');
-- roster_only, by a detour
update gym.settings set roster_only = true;
select is(refusal($$ update gym.users set role = 'STUDENT' where id = who('tom') $$), 'ENRUL not_on_roster',
  'not_on_roster: a coach who becomes a student');
insert into gym.roster (card, family, given, patronymic, "group", added_at)
  values (card('tom'), 'Тестова', 'Tom', '', '', rules.clock());
select is(refusal($$ update gym.users set role = 'STUDENT' where id = who('tom') $$), 'none',
  'not_on_roster: but one of the roster does');
update gym.settings set roster_only = false;

-- the last administrator
select is(refusal($$ select rules.edit_person(who('boss'), null, null, null, null, 'BLOCKED') $$),
  'ENRUL last_administrator', 'last_administrator: edit_person');
select is(refusal($$ select rules.delete_user(who('boss')) $$), 'ENRUL last_administrator',
  'last_administrator: delete_user');
select who('chief', 'ADMIN') \g /dev/null
select is(refusal($$ select rules.edit_person(who('boss'), null, null, null, null, 'BLOCKED') $$),
  'ENRUL block_students_only', 'block_students_only: edit_person');
select is(refusal($$ select rules.delete_user(who('boss')) $$), 'none', 'last_administrator: one of two goes');

-- an enrolment that is dated back behind a block
select rules.block(who('bea'), 'вручную', null, null) \g /dev/null
insert into gym.enrolments (slot_id, user_id, created_at) values (slot('wed'), who('bea'), '2026-11-01') returning id as late \gset
select is((select e.created_at = b.created_at from gym.enrolments e join gym.blocks b on b.user_id = e.user_id
  where e.id = :late), true,
  'enrolments__since: an enrolment is not dated before the block');

-- a transaction that began before the block enrols after it
set local gym.now = '2026-12-10 08:50';
select book('bea', 'thu') \g /dev/null
set local gym.now = '2026-12-10 09:00';
select is((select count(*) from gym.enrolments e join gym.blocks b on b.user_id = e.user_id
  where b.lifted_at is null and e.cancelled_at is null and e.created_at < b.created_at), 0::bigint,
    'enrolments__since: no false alarm');

select * from finish();
rollback;
