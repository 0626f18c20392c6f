-- The gym's own texts and the length of a lesson: checks that a raw UPDATE meets.
begin;
\ir ../helpers/start.psql
select plan(12);

select is(refusal(format($$ update gym.settings set %s $$, change)), refused,
  split_part(refused, ' ', 2) || ': ' || left(change, 40))
  from (values ('lesson_minutes = 9', '23514 settings_lesson_minutes_range'),
    ('lesson_minutes = 301', '23514 settings_lesson_minutes_range'),
               ('lesson_minutes = 10', 'none'), ('lesson_minutes = 300', 'none'),
               ('gym_about = repeat(''я'', 2001)', '23514 settings_texts_short'),
               ('gym_about = repeat(''я'', 2000)', 'none'),
               ('gym_name = repeat(''я'', 201)', '23514 settings_texts_short'),
               ('gym_address = repeat(''я'', 201)', '23514 settings_texts_short'),
               ('gym_coach = repeat(''я'', 201)', '23514 settings_texts_short'),
               ('gym_contact = repeat(''я'', 201)', '23514 settings_texts_short')) v (change, refused);
select is(refusal($$ select rules.set_setting('gym_name', repeat('я', 201)) $$), 'ENREQ setting_not_allowed',
  'setting_not_allowed: a text that is too long');
select is((select value from api.settings where name = 'gym_name'), '', 'gym_name: empty until it is set');

select * from finish();
rollback;
