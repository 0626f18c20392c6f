begin;
\ir ../helpers/start.psql
select plan(32);

select a_week(2), make_slot('dec', 0, '16:00', 2, '2026-12-01') \g /dev/null
select who('ann'), who('bob'), crowd('thu', 2) \g /dev/null

-- ---- api.enrol ----

select matches(admin(format($$ select * from api.enrol(card => %s, day => 'Mon', at => '16:00') $$, card('ann'))),
  format('^\(\d+,%s,01-2027,0,16:00:00,1\)$', who('ann')),
    'api.enrol: by card and by day and time of next month; the row shows the seats left');
select is(held('ann') || ': ' || seats('mon'), 'mon: 1 of 2', 'api.enrol: she holds it');
select matches(admin(format($$ select * from api.enrol(person => %s, slot => %s) $$, who('ann'), slot('tue'))),
  ',01-2027,1,16:00:00,1\)$', 'api.enrol: by ids');
select matches(admin(format($$ select * from api.enrol(person => %s, day => 'пн', at => '16:00', month => 'current') $$,
  who('ann'))), ',12-2026,0,16:00:00,1\)$',
  'api.enrol: in the current month');
select is(admin_refused(format($$ select api.enrol(card => %s, slot => %s) $$, args, s)), refused,
  split_part(refused, ' ', 2) || ': api.enrol')
  from (values (card('ann'), slot('mon'), 'ENRUL already_enrolled'),
    (card('ann'), slot('mon2'), 'ENRUL enrolments_one_a_weekday'),
    (card('ann'), slot('thu'), 'ENRUL slots_taken_within_capacity'),
               (-1, slot('mon'), 'ENGON user_not_found'), (card('ann'), -1, 'ENGON slot_not_found')) v (args, s,
                 refused);
select make_slot('feb', 0, '16:00', 2, '2027-02-01') \g /dev/null
select is(admin_refused(format($$ select api.enrol(card => %s, slot => %s) $$, card('bob'), slot('feb'))),
  'ENRUL enrol_month', 'enrol_month: api.enrol');
select book('ann', 'wed') \g /dev/null
select is(admin_refused(format($$ select api.enrol(card => %s, slot => %s) $$, card('ann'), slot('fri'))),
  'ENRUL slots_per_student', 'slots_per_student: api.enrol');
select is(admin_refused(format($$ select api.enrol(card => %s, day => 'Funday', at => '16:00') $$, card('ann'))),
  'ENREQ weekday_unknown', 'weekday_unknown: api.enrol');
select is(held('ann'), 'dec mon tue wed', 'api.enrol: what is refused changes nothing');

-- ---- api.cancel ----

select book('bob', 'mon') as bobs \gset
select is(admin(format($$ select * from api.cancel(%s) $$, :bobs)),
  format('(%s,%s,%s,"%s")', :bobs, who('bob'), slot('mon'), rules.clock()), 'api.cancel: shows what it cancelled');
select is(held('bob') || ': ' || seats('mon'), 'nothing: 1 of 2', 'api.cancel: the seat is free');
select is(admin_refused(format($$ select api.cancel(%s) $$, :bobs)), 'ENGON enrolment_not_found',
  'enrolment_not_found: api.cancel, twice');

-- ---- api.open_enrolment, api.close_enrolment ----

select is(admin($$ select is_open, by_hand, next_closing, for_month from api.open_enrolment() $$),
  '(t,t,"2026-12-31 00:00:00",01-2027)', 'api.open_enrolment: open by hand, and through the window to its closing');
select is((select is_open from rules.enrolment_window()), true, 'api.open_enrolment: it is open');
select is((select count(*) from gym.slots where month = '2027-01-01'), 8 + 24 - 7::bigint,
  'api.open_enrolment: next month''s slots stand');
select is(admin($$ select is_open, by_hand, next_opening from api.close_enrolment() $$),
  '(f,t,"2026-12-25 12:00:00")', 'api.close_enrolment: closed by hand');
select is((select is_open from rules.enrolment_window()), false, 'api.close_enrolment: it is closed');

-- ---- by force, by the day of a seat, a whole group ----

insert into help.slots select 'night', id from gym.slots
  where month = '2027-01-01' and weekday = 0 and starts_at = '20:30';
select matches(
  admin(format($$ select starts_at from api.enrol(card => %s, day => 'Mon', at => '20:30', force => true) $$,
  card('ann'))), '^\(20:30:00\)$', 'api.enrol: by force in exchange for the seat of that day');
select is(held('ann'), 'dec night tue wed', 'api.enrol: which is given up');
select matches(admin(format($$ select weekday, starts_at from api.move_enrolment(%s, 'Mon', 'Sun', '16:00') $$,
  card('ann'))), '^\(6,16:00:00\)$', 'api.move_enrolment: by card and days');
select is(admin(format($$ select starts_at from api.move_enrolment(enrolment => %s, to_slot => %s) $$,
  (select id from gym.enrolments where slot_id = slot('sun') and user_id = who('ann')), slot('mon'))), '(16:00:00)',
  'api.move_enrolment: by ids');
select is(admin_refused(format($$ select api.move_enrolment(%s, 'Fri', 'Mon', '16:00') $$, card('ann'))),
  'ENGON enrolment_not_found', 'enrolment_not_found: api.move_enrolment, no seat that day');
select is(admin_refused(format($$ select api.move_enrolment(%s, 'Mon', 'Thu', '16:00') $$, card('ann'))),
  'ENRUL slots_taken_within_capacity', 'slots_taken_within_capacity: api.move_enrolment');
select is(held('ann'), 'dec mon tue wed', 'api.move_enrolment: refused, the old seat is kept');
select is(admin(format($$ select slot from api.cancel(card => %s, day => 'пн', month => 'current') $$, card('ann'))),
  format('(%s)', slot('dec')), 'api.cancel: by card and day');
select is(admin_refused(format($$ select api.cancel(card => %s, day => 'Mon', at => '17:30') $$, card('ann'))),
  'ENGON enrolment_not_found', 'enrolment_not_found: api.cancel, another time');
update gym.users set "group" = 'ИС-98' where id in (who('ann'), who('bob'));
select matches(admin($$ select result from api.enrol_group('ИС-98', day => 'Wed', at => '16:00') $$),
  '^\(already_enrolled\) \(enrolled\)$', 'api.enrol_group: a row for each');
select is(admin_refused($$ select api.enrol_group('ИС-0', day => 'Wed', at => '16:00') $$), 'ENGON group_unknown',
  'group_unknown: api.enrol_group');

select * from finish();
rollback;
