begin;
\ir ../helpers/start.psql
select plan(13);

delete from gym.weekly_template;
insert into gym.weekly_template values (0, '16:00', null), (5, '20:30', 5);
select is(admin($$ select * from api.template $$),
  format('(Mon,16:00,%s,t) (Sat,20:30,5,f)', (select seats_per_slot from gym.settings)),
  'api.template: the week, and whose seats are the setting''s');
select is(admin($$ select * from api.set_template(day => 'Sun', at => '12:00', seats => 8) $$), '(Sun,12:00,8,f)',
  'api.set_template: a new line');
select is(admin($$ select * from api.set_template('пн', '16:00', 3) $$), '(Mon,16:00,3,f)',
  'api.set_template: other seats');
select is(admin($$ select * from api.set_template('Sat', '20:30') $$),
  format('(Sat,20:30,%s,t)', (select seats_per_slot from gym.settings)), 'api.set_template: the setting''s again');
select is(admin_refused($$ select api.set_template('Sun', '12:00', 0) $$), '23514 weekly_template_capacity_range',
  'weekly_template_capacity_range: api.set_template');
select is(admin_refused($$ select api.set_template('Sun', '12:00:01') $$), '23514 weekly_template_whole_minutes',
  'weekly_template_whole_minutes: api.set_template');
select is(admin_refused($$ select api.set_template('Funday', '12:00') $$), 'ENREQ weekday_unknown',
  'weekday_unknown: api.set_template');
select is(admin($$ select * from api.make_month('05-2027') $$), '(05-2027,3)',
  'the template is what a month is made from');
select is(admin($$ select * from api.remove_template(day => 'Sat', at => '20:30') $$), '(Sat,20:30,2)',
  'api.remove_template: and how many lines are left');
select is((select string_agg(day || seats, ' ') from api.template), 'Mon3 Sun8', 'api.remove_template: it is gone');
select is(admin_refused($$ select api.remove_template('Sat', '20:30') $$), 'ENGON template_unknown',
  'template_unknown: api.remove_template, twice');
select is(admin_refused($$ select api.remove_template('Funday', '20:30') $$), 'ENREQ weekday_unknown',
  'weekday_unknown: api.remove_template');
select is((select count(*) from gym.slots where month = '2027-05-01' and deleted_at is null), 3::bigint,
  'api.remove_template: months made before stay as they are');

select * from finish();
rollback;
