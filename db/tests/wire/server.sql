begin;
\ir ../helpers/start.psql
select plan(13);

-- ---- wire.version ----

select is(wire.version()::jsonb,
  (select jsonb_build_object('schema', (select version from public.schema_version), 'package', version, 'hash', hash,
          'faults', '{}'::text[], 'timeZone', null) from gym.code_package),
  'version: the last migration and the package of functions');
set local role energy_server;
select wire.version()::jsonb as version \gset
reset role;
select is(:'version'::jsonb, wire.version()::jsonb, 'version: the server''s role reads it');

-- ---- wire.refusal ----

select is(wire.refusal(rule)::jsonb, jsonb_build_object('error_type', type, 'error_message', message,
    'rule', case when message !~ '^Это' then rule end), 'refusal: ' || coalesce(rule, 'null'))
  from (values ('slots_taken_within_capacity', 'LogicError', 'Закончились места для записи'),
               ('slots_capacity_range', 'InvalidRequestException', 'Мест на занятии: от 1 до 1000.'),
               ('slot_not_found', 'DataBaseException', 'Такого занятия нет, или оно удалено. Обновите страницу.'),
               ('slots_per_student', 'LogicError', 'Можно выбрать не больше … занятий. Уберите лишние.'),
               ('enrolments_slot_id_fkey', 'LogicError',
                 'Это действие нарушает правило базы данных. Проверьте данные.'),
               (null, 'LogicError', 'Это действие нарушает правило базы данных. Проверьте данные.')) v (rule, type,
                 message);

-- ---- wire.ensure_slots ----

set local gym.now = '2026-12-19 23:59:59';
select is(wire.ensure_slots(), 0, 'ensure_slots: before the 20th');
set local gym.now = '2026-12-20 00:00';
select is(wire.ensure_slots(), 24, 'ensure_slots: on the 20th');
select is(wire.ensure_slots(), 0, 'ensure_slots: harmless to repeat');

-- ---- wire.warm_up ----

select is(refusal($$ select wire.warm_up() $$), 'none', 'warm_up: while enrolment is closed');
select rules.turn_enrolment(true, null) \g /dev/null
set transaction read only;
select is(refusal($$ select wire.warm_up() $$), 'none', 'warm_up: while it is open; writes nothing');

select * from finish();
rollback;
