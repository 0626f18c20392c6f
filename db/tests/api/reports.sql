-- What reports say of a month, in psql and through the cursors that the server fetches from.
begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(20);

set local gym.now = '2026-10-31 12:00';
select a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('bob', 'mon'), book('cid', 'mon'), book('ann', 'sun'), book('bob', 'wed') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-10 09:00';
select mark('ann', '2026-11-02', 'present'), mark('bob', '2026-11-02', 'excused'), mark('ann', '2026-11-01', 'absent') \g /dev/null
select rules.cancel_lesson('2026-11-04', '16:00', null, null) \g /dev/null
select who('dan'), who('eve') \g /dev/null

select results_eq(
  $$ select p.name, r.present, r.absent, r.excused, r.cancelled, r.unmarked from api.report_visits('2026-11-01', '2026-11-08') r join gym.users u on u.student_card = r.card join help.people p on p.id = u.id order by 1 $$,
  $$ values ('ann', 1, 1, 0, 0, 1), ('bob', 0, 0, 1, 1, 0), ('cid', 0, 1, 0, 0, 0) $$,
  'report_visits: whoever was left unmarked where somebody was marked is absent; else unmarked');
select is((select count(*) from api.report_visits('2026-11-01', '2026-11-08', ' би-21 ')), 3::bigint,
  'report_visits: of a group');
select is((select count(*) from api.report_visits('2026-11-01', '2026-11-08', 'БИ')), 0::bigint,
  'report_visits: of no group');

update gym.users set deleted = true, deleted_at = rules.clock() where id = who('ann');
select is((select count(*) from api.report_visits('2026-11-01', '2026-11-08')), 3::bigint,
  'report_visits: the deleted too');
select api.block(person => who('cid'), reason => 'драка') \g /dev/null
select is((select count(*) from api.report_visits('2026-11-01', '2026-11-08')), 3::bigint,
  'report_visits: the blocked too');
update gym.users set deleted = false, deleted_at = null where id = who('ann');

update gym.settings set unmarked_is_absent = true;
select is((select r.unmarked || ' ' || r.absent from api.report_visits('2026-11-01', '2026-11-30') r
  where r.card = card('bob')), '6 1',
  'report_visits: unmarked_is_absent counts lessons before today only');
select is((select r.absent from api.report_term('2026-11-01', '2026-11-30') r where r.card = card('bob')), 1,
  'report_term: the same');
update gym.settings set unmarked_is_absent = false;

select results_eq(
  $$ select p.name, r.held, r.attended, r.excused, r.absent, r.blocks from api.report_term('2026-11-01', '2026-11-08') r join gym.users u on u.student_card = r.card join help.people p on p.id = u.id order by 1 $$,
  $$ values ('ann', 2, 1, 0, 1, 0), ('bob', 1, 0, 1, 0, 0), ('cid', 1, 0, 0, 1, 0) $$,
  'report_term: held are attended, excused and absent; a block after the period is not in it');
select is((select r.blocks from api.report_term('2026-11-01', '2026-11-12') r where r.card = card('cid')), 1,
  'report_term: a block that stood in the period');
select is((select r.blocks from api.report_term('2026-11-20', '2026-11-30') r where r.card = card('cid')), 1,
  'report_term: and still stands');

select results_eq(
  $$ select r.reason, r.first_day, r.last_day, r.lifted_on from api.report_blocked('2026-11-09', '2026-11-30') r where r.card = card('cid') $$,
  $$ values ('драка', date '2026-11-10', null::date, null::date) $$, 'report_blocked: until it is lifted');
select is((select count(*) from api.report_blocked('2026-11-01', '2026-11-09') r where r.card = card('cid')), 0::bigint,
  'report_blocked: not before it was made');
set local gym.now = '2026-11-15 12:00';
select api.unblock(person => who('cid'), reason => 'помирились') \g /dev/null
select results_eq(
  $$ select r.first_day, r.last_day, r.lifted_on, r.lift_reason from api.report_blocked('2026-11-09', '2026-11-30') r where r.card = card('cid') $$,
  $$ values (date '2026-11-10', null::date, date '2026-11-15', 'помирились') $$, 'report_blocked: lifted');
select is((select count(*) from api.report_blocked('2026-11-16', '2026-11-30') r where r.card = card('cid')), 0::bigint,
  'report_blocked: not after that');
select is((select r.blocks from api.report_term('2026-11-01', '2026-11-12') r where r.card = card('cid')), 0,
  'report_term: a lifted block is none');
set local gym.now = '2026-11-10 09:00';

insert into gym.refusals select slot('mon'), who(w), rules.clock() from unnest('{dan,eve}'::text[]) w;
select results_eq(
  $$ select r.date, r.at, r.enrolled, r.came, r.excused, r.absent, r.refused, r.state from api.report_occupancy('2026-11-01', '2026-11-04') r where r.enrolled > 0 $$,
  $$ values (date '2026-11-01', '16:00', 1, 0, 0, 1, 0, 'held'), ('2026-11-02', '16:00', 3, 1, 1, 1, 2, 'held'), ('2026-11-04', '16:00', 1, null, null, null, 0, 'cancelled') $$,
  'report_occupancy: who came, who did not, who was refused');
select results_eq(
  $$ select r.state, count(*) from api.report_occupancy('2026-11-01', '2026-11-30') r group by 1 order by 1 $$,
  $$ values ('ahead', 24::bigint), ('cancelled', 1), ('empty', 6), ('held', 2), ('unmarked', 2) $$,
    'report_occupancy: every lesson of the timetable');
select rules.create_closure('2026-11-03', '2026-11-03', null, 'праздник', null) \g /dev/null
select is((select r.state from api.report_occupancy('2026-11-03', '2026-11-04') r where r.date = '2026-11-03'),
  'cancelled', 'report_occupancy: a closed day');

-- the server may execute the functions of wire and nothing else; its cursor must still give rows
select who('coach', 'COACH') as coach \gset
set local role energy_server;
select wire.report_visits(:coach, '{"startDate": "2026-11-01", "endDate": "2026-11-08"}', 'test')::jsonb -> 'dates' ->> 0 as first_date \gset
fetch last from report_rows \gset
reset role;
select is(:'first_date'::text, '2026-11-01', 'wire.report_visits: the head, with the Sunday on which a lesson falls');
select is(:'name'::text, 'Тестова Cid Ивановна', 'wire.report_visits: the server fetches what it may not read');
select * from finish();
rollback;
