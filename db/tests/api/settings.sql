begin;
\ir ../helpers/start.psql
select plan(10);

select is(admin($$ select name, value, default_value, allowed, changed_at, changed_by, meaning from api.settings where name = 'absences_to_block' $$),
  '(absences_to_block,3,3,1…100,,,"Absences of one month that block a student; 1 to 100.")',
    'api.settings: a setting, its default, its range and its meaning');
select is(
  admin($$ select default_value from api.settings where name in ('time_zone', 'enrolment_opens_at') order by name $$),
  '(12:00:00) (Asia/Novosibirsk)', 'api.settings: defaults as one would type them');
select set_eq($$ select name from api.settings $$,
  $$ select attname::text from pg_attribute where attrelid = 'gym.settings'::regclass and attnum > 0 and not attisdropped and attname <> 'id' $$, 'api.settings: all of them');
select is((select count(*) from api.settings where meaning is null or allowed is null or default_value is null),
  0::bigint, 'api.settings: each with meaning, range and default');

select is(admin($$ select * from api.set_setting('absences_to_block', '4') $$), '(absences_to_block,4,1…100)',
  'api.set_setting: shows what was set');
select is((select absences_to_block from gym.settings), 4, 'api.set_setting: it is set');
select is(admin($$ select value, default_value, changed_at is not null, changed_by = session_user from api.settings where name = 'absences_to_block' $$), '(4,3,t,t)', 'api.settings: changed when and by whom');
select is(admin_refused($$ select api.set_setting('absences_to_block', '0') $$), 'ENREQ setting_not_allowed',
  'setting_not_allowed: api.set_setting');
select is(admin_refused($$ select api.set_setting('absences', '4') $$), 'ENGON setting_unknown',
  'setting_unknown: api.set_setting');
select is((select absences_to_block from gym.settings), 4, 'api.set_setting: what is refused changes nothing');

select * from finish();
rollback;
