begin;
\ir ../helpers/start.psql
select plan(10);

select make_slot('tue', 1, '16:00', 3), make_slot('mon2', 0, '17:30', 3), make_slot('mon', 0, '16:00', 3), make_slot('dec', 6, '10:05', 2, '2026-12-01'), make_slot('gone', 2, '16:00', 2) \g /dev/null
select book('bob', 'mon'), book('ann', 'mon'), book('ann', 'dec'), book('eve', 'mon2') \g /dev/null
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('eve');
select rules.delete_slot(slot('gone'), false) \g /dev/null

-- ---- api.slots, api.enrolled ----

select is(admin($$ select * from api.slots $$),
  format('(%s,12-2026,Sun,10:05,2,1,1) (%s,01-2027,Mon,16:00,3,2,1) (%s,01-2027,Mon,17:30,3,0,3) (%s,01-2027,Tue,16:00,3,0,3)', slot('dec'), slot('mon'), slot('mon2'), slot('tue')),
  'api.slots: what is not deleted, in the order of the week, with the free seats');
select is(admin($$ select month, day, at, card, person, "group", slot_id, user_id from api.enrolled $$),
  format('(12-2026,Sun,10:05,%1$s,"Тестова Ann Ивановна",БИ-21,%3$s,%4$s) (01-2027,Mon,16:00,%1$s,"Тестова Ann Ивановна",БИ-21,%5$s,%4$s) (01-2027,Mon,16:00,%2$s,"Тестова Bob Ивановна",БИ-21,%5$s,%6$s)',
    card('ann'), card('bob'), slot('dec'), who('ann'), slot('mon'), who('bob')),
  'api.enrolled: who holds which seat, not who gave it up');
select set_eq($$ select id from api.enrolled $$, $$ select id from gym.enrolments where cancelled_at is null $$,
  'api.enrolled: with the id that api.cancel takes');

-- ---- api.enrolment ----

create function help.enrolment() returns text language sql as $$ select e::text from api.enrolment e $$;
select is(enrolment(), '(f,f,01-2027,"2026-12-25 12:00:00",01-2027,"2026-12-31 00:00:00",01-2027)',
  'api.enrolment: closed by schedule, until when, in the gym''s time');
set local gym.now = '2026-12-25 12:00';
select is(enrolment(), '(t,f,01-2027,"2027-01-25 12:00:00",02-2027,"2026-12-31 00:00:00",01-2027)',
  'api.enrolment: open by schedule');
select rules.turn_enrolment(false, null) \g /dev/null
select is(enrolment(), '(f,t,01-2027,"2027-01-25 12:00:00",02-2027,"2027-01-31 00:00:00",02-2027)',
  'api.enrolment: closed by hand');

-- ---- api.rules ----

select set_eq($$ select rule, sqlstate, replace(message, e'\n', ' ') from api.rules $$,
  $$ select rule, sqlstate, message from rules.catalogue $$, 'api.rules: every rule');
update gym.settings set slots_per_student = 2, absences_to_block = 4, seats_per_slot = 9, enrolment_opens_on_day = 26,
  enrolment_opens_at = '13:00', enrolment_closes_at = '20:00';
select results_eq($$ select rule, replace(current_limit, e'\n', ' ') from api.rules where rule in ('slots_per_student', 'student_blocked', 'enrolment_closed', 'slots_taken_within_capacity') order by rule $$,
  $$ values ('enrolment_closed', 'day 26 13:00 to last day 20:00'), ('slots_per_student', '2'), ('slots_taken_within_capacity', 'gym.slots.capacity (new slots: 9)'), ('student_blocked', '4 absences') $$,
  'api.rules: with the limits as they are set now');
select is(admin($$ select message, hint from api.rules where rule = 'slots_taken_within_capacity' $$),
  '("Закончились места для записи","Вместимость меняет api.edit_slot.")',
  'api.rules: an administrator reads them');

-- ---- api.audit ----

select is(admin($$ select count(*), max(violations) from api.audit() where invariant in ('capacity_held', 'counter_equals_rows') $$), '(2,0)', 'api.audit: an administrator runs it');

select * from finish();
rollback;
