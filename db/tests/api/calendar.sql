begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(12);

-- on Thursday, 10 December: slots of December and January at 16:00, two on Mondays
select a_month('2026-12-01', 'dec '), a_month('2027-01-01') \g /dev/null
create function help.day(p_date date) returns text
language sql as $$ select (c.day, c.runs, c.lessons, c.off, c.marked, c.unmarked, coalesce(c.reason, '-'))::text from api.calendar c where c.date = p_date $$;
insert into gym.enrolments (slot_id, user_id, created_at) select slot(s), who('ann'), '2026-11-25 12:00+07'
  from unnest('{dec mon,dec tue,dec wed}'::text[]) s;
select rules.ensure_marks() \g /dev/null

select is((select (min(date), max(date), count(*))::text from api.calendar), '(2026-12-01,2027-01-31,62)',
  'api.calendar: this month and the next');
select is(day('2026-12-07'), '(Mon,Mon,2,0,0,1,-)',
  'api.calendar: a day past: of its two lessons the one with people was not marked');
select is(day('2026-12-14'), '(Mon,Mon,2,0,0,0,-)', 'api.calendar: a day to come');
select mark('ann', '2026-12-07', 'present') \g /dev/null
select is(day('2026-12-07'), '(Mon,Mon,2,0,1,0,-)', 'api.calendar: marked');
select rules.cancel_lesson('2026-12-08', '16:00', 'тренер болен', null) \g /dev/null
select is(day('2026-12-08'), '(Tue,Tue,0,1,0,0,"тренер болен")', 'api.calendar: a lesson called off, and why');
select api.close_days('2026-12-31', 'Каникулы', to_date => '2027-01-08') \g /dev/null
select is(day('2027-01-04'), '(Mon,closed,0,2,0,0,Каникулы)', 'api.calendar: a closed day');
select is(day('2027-01-09'), '(Sat,Sat,1,0,0,0,-)', 'api.calendar: the day after');
select api.move_day('2026-12-12', 'Mon', 'перенос') \g /dev/null
select is(day('2026-12-12'), '(Sat,Mon,2,0,0,0,перенос)', 'api.calendar: a moved day');
update gym.slots set deleted_at = rules.clock() where id = slot('mon2');
select is(day('2027-01-11'), '(Mon,Mon,1,0,0,0,-)', 'api.calendar: a deleted slot has no lessons');
select is(admin($$ select lessons from api.calendar where date = '2027-01-12' $$), '(1)',
  'api.calendar: for an administrator');
select is(day('2027-02-01'), null, 'api.calendar: no further');

select is(admin_refused($$ select * from api.move_day('2027-01-20', null, 'x') $$), 'ENREQ weekday_unknown',
  'move_day: no weekday closes no day');

select * from finish();
rollback;
