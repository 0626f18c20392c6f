begin;
\ir ../helpers/start.psql
select plan(99);

create function help.settings() returns text
language sql as $$
  select concat_ws(' ', time_zone, seats_per_slot, slots_per_student, absences_to_block, slots_made_on_day,
    enrolment_opens_on_day, enrolment_opens_at, enrolment_closes_at,
                        coach_marks_days, unmarked_is_absent,
                          sign_present || sign_absent || sign_excused || sign_cancelled || sign_unmarked)
    from gym.settings
$$;

-- ---- what the gym began with ----

select is(settings(), 'Asia/Novosibirsk 12 3 3 20 25 12:00:00 00:00:00 31 f +-*#?', 'the settings of a new database');
select set_eq($$ select name from rules.settings_allowed $$,
  $$ select attname::text from pg_attribute where attrelid = 'gym.settings'::regclass and attnum > 0 and attname <> 'id' $$,
  'settings_allowed: every setting has its range');

-- ---- rules.set_setting ----

select is(refusal(format($$ select rules.set_setting(%L, %L) $$, name, value)), 'none',
  format('set_setting: %s = %s', name, value))
  from (values ('time_zone', 'Europe/Berlin'), ('time_zone', 'UTC'), ('seats_per_slot', '1'),
    ('seats_per_slot', '1000'),
               ('slots_per_student', '1'), ('slots_per_student', '7'), ('absences_to_block', '1'),
                 ('absences_to_block', '100'),
               ('slots_made_on_day', '1'), ('slots_made_on_day', '25'), ('enrolment_opens_on_day', '25'),
                 ('enrolment_opens_on_day', '27'),
               ('enrolment_opens_at', '00:00'), ('enrolment_opens_at', '23:59'), ('enrolment_closes_at', '00:00'),
                 ('enrolment_closes_at', '23:59'),
               ('coach_marks_days', '0'), ('coach_marks_days', '366'), ('unmarked_is_absent', 'true'),
                 ('sign_present', '✓'), ('sign_absent', 'н'), ('sign_unmarked', '=')) v (name, value);
select is(settings(), 'UTC 1000 7 100 25 27 23:59:00 23:59:00 366 t ✓н*#=', 'set_setting: each was set');

select is(refusal(format($$ select rules.set_setting(%L, %L) $$, name, value)), 'ENREQ setting_not_allowed',
  format('setting_not_allowed: %s = %s', name, coalesce(value, 'null')))
  from (values ('time_zone', 'Mars/Olympus'), ('time_zone', ''), ('time_zone', '+07'), ('seats_per_slot', '0'),
    ('seats_per_slot', '1001'), ('seats_per_slot', 'many'),
               ('seats_per_slot', '12.5'), ('seats_per_slot', '99999999999'), ('seats_per_slot', ''),
                 ('seats_per_slot', null),
               ('slots_per_student', '0'), ('slots_per_student', '8'), ('absences_to_block', '0'),
                 ('absences_to_block', '101'),
               ('slots_made_on_day', '0'), ('slots_made_on_day', '28'), ('enrolment_opens_on_day', '24'),
                 ('enrolment_opens_on_day', '28'),
               ('enrolment_opens_at', '25:00'), ('enrolment_opens_at', 'noon'), ('enrolment_opens_at', null),
                 ('enrolment_closes_at', '12:60'),
               ('coach_marks_days', '-1'), ('coach_marks_days', '367'), ('unmarked_is_absent', 'perhaps'),
                 ('sign_present', 'да'), ('sign_excused', '='), ('sign_cancelled', null)) v (name, value);
select is(settings(), 'UTC 1000 7 100 25 27 23:59:00 23:59:00 366 t ✓н*#=', 'setting_not_allowed: nothing was changed');
select is(refusal(format($$ select rules.set_setting(%L, 'x') $$, name)), 'ENGON setting_unknown',
  'setting_unknown: ' || coalesce(name, 'null'))
  from unnest(array['id', 'seats', '', null, 'seats_per_slot = 1, slots_per_student']) name;
select is(settings(), 'UTC 1000 7 100 25 27 23:59:00 23:59:00 366 t ✓н*#=', 'setting_unknown: nothing was changed');

-- what may be allowed is said in the refusal
create function help.message(p_statement text) returns text
language plpgsql as $$
begin
  execute p_statement;
  return 'none';
exception
  when others then
    return sqlerrm;
end
$$;
select is(message($$ select rules.set_setting('slots_per_student', '8') $$),
  'Настройка slots_per_student: значение «8» не подходит. Можно: 1…7.',
  'setting_not_allowed: the message says what may be');

-- ---- the checks, for raw UPDATEs ----

select is(refusal(format($$ update gym.settings set %s $$, change)), refused,
  split_part(refused, ' ', 2) || ': ' || change)
  from (values ('seats_per_slot = 0', '23514 settings_seats_per_slot_range'),
    ('seats_per_slot = 1001', '23514 settings_seats_per_slot_range'),
               ('slots_per_student = 0', '23514 settings_slots_per_student_range'),
                 ('slots_per_student = 8', '23514 settings_slots_per_student_range'),
               ('absences_to_block = 0', '23514 settings_absences_to_block_range'),
                 ('absences_to_block = 101', '23514 settings_absences_to_block_range'),
               ('slots_made_on_day = 0', '23514 settings_slots_made_on_day_range'),
               ('slots_made_on_day = 28, enrolment_opens_on_day = 28', '23514 settings_enrolment_opens_on_day_range'),
               ('slots_made_on_day = 0, enrolment_opens_on_day = 0', '23514 settings_enrolment_opens_on_day_range'),
               ('enrolment_opens_at = ''12:00:30''', '23514 settings_whole_minutes'),
                 ('enrolment_closes_at = ''24:00''', '23514 settings_whole_minutes'),
               ('enrolment_opens_on_day = 24', '23514 settings_slots_before_opening'),
                 ('slots_made_on_day = 27, enrolment_opens_on_day = 26', '23514 settings_slots_before_opening'),
               ('coach_marks_days = -1', '23514 settings_coach_marks_days_range'),
                 ('coach_marks_days = 367', '23514 settings_coach_marks_days_range'),
               ('audit_months = 0', '23514 settings_audit_months_range'),
                 ('audit_months = 1201', '23514 settings_audit_months_range'),
               ('sign_present = ''''', '23514 settings_signs_visible'),
                 ('sign_absent = ''--''', '23514 settings_signs_visible'),
                 ('sign_excused = '' ''', '23514 settings_signs_visible'),
               ('sign_cancelled = E''\\t''', '23514 settings_signs_visible'),
                 ('sign_unmarked = U&''\+01F600''', '23514 settings_signs_visible'),
               ('sign_present = ''н''', '23514 settings_signs_differ'),
                 ('sign_unmarked = ''*''', '23514 settings_signs_differ'),
                 ('sign_excused = ''#''', '23514 settings_signs_differ'),
               ('id = false', '23514 settings_one_row'),
                 ('time_zone = ''Mars/Olympus''', 'ENREQ settings_time_zone_known')) v (change, refused);
select is(refusal($$ insert into gym.settings (id) values (false) $$), '23514 settings_one_row',
  'settings_one_row: a second row');
select is(refusal($$ insert into gym.settings (id, time_zone) values (false, 'Mars/Olympus') $$),
  'ENREQ settings_time_zone_known', 'settings_time_zone_known: an INSERT');
select is(refusal($$ delete from gym.settings $$), 'ENRUL never_deleted', 'never_deleted: the settings');
select is(refusal($$ truncate gym.settings $$), 'ENRUL never_deleted', 'never_deleted: the settings by TRUNCATE');
select is(settings(), 'UTC 1000 7 100 25 27 23:59:00 23:59:00 366 t ✓н*#=', 'the checks: nothing was changed');

-- ---- settings__log ----

select lives_ok($$ update gym.settings set slots_per_student = 2, seats_per_slot = 15 $$,
  'two settings change at once');
select results_eq(
  $$ select name, old_value, new_value, changed_at = rules.clock(), changed_by = session_user from gym.settings_changes where new_value in ('2', '15') order by name $$,
  $$ select n, o, v, true, true from (values ('slots_per_student', '7', '2'), ('seats_per_slot', '1000', '15')) w (n, o, v) order by n $$,
  'settings__log: both, with the values before and after, when and by whom');
update gym.settings set slots_per_student = slots_per_student;
select is((select count(*) from gym.settings_changes where name = 'slots_per_student' and new_value = '2'), 1::bigint,
  'settings__log: what stays the same is not noted');
select set_config('gym.actor', who('boss', 'ADMIN')::text, true) \g /dev/null
update gym.settings set slots_per_student = 3;
select is((select changed_by from gym.settings_changes order by id desc limit 1), 'user ' || who('boss'),
  'settings__log: by a person''s request, the person');
select is(refusal($$ delete from gym.settings_changes $$), 'ENRUL never_deleted', 'never_deleted: changes of settings');
select is(refusal($$ truncate gym.settings_changes $$), 'ENRUL never_deleted',
  'never_deleted: changes of settings by TRUNCATE');

select * from finish();
rollback;
