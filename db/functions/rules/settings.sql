-- The gym's settings, and what each may be.

create view rules.settings_allowed (name, allowed) as
values
  ('time_zone', 'pg_timezone_names.name'),
  ('seats_per_slot', '1…1000'),
  ('slots_per_student', '1…7'),
  ('absences_to_block', '1…100'),
  ('slots_made_on_day', '1…27, ≤ enrolment_opens_on_day'),
  ('enrolment_opens_on_day', '1…27, ≥ slots_made_on_day'),
  ('enrolment_opens_at', '00:00…23:59'),
  ('enrolment_closes_at', '00:00…23:59'),
  ('coach_marks_days', '0…366'),
  ('waits_per_student', '0…100'),
  ('waiting_closes_days', '0…31'),
  ('waiting_closes_at', '00:00…23:59'),
  ('blocked_seat_wait', '0…31 days'),
  ('unmarked_is_absent', 'true, false'),
  ('audit_months', '1…1200'),
  ('lesson_minutes', '10…300'),
  ('gym_name', '.{0,200}'),
  ('gym_about', '.{0,2000}'),
  ('gym_address', '.{0,200}'),
  ('gym_coach', '.{0,200}'),
  ('gym_contact', '.{0,200}'),
  ('roster_only', 'true, false'),
  ('sign_present', '[^\s], ≠ sign_…'),
  ('sign_absent', '[^\s], ≠ sign_…'),
  ('sign_excused', '[^\s], ≠ sign_…'),
  ('sign_cancelled', '[^\s], ≠ sign_…'),
  ('sign_unmarked', '[^\s], ≠ sign_…'),
  ('sign_up_by', 'code, names, nobody'),
  ('legacy_hid', 'true, false'),
  ('refuse_bare_user_id', 'true, false'),
  ('student_idle', '5 min…student_age'),
  ('student_age', 'student_idle…400 days'),
  ('coach_idle', '5 min…coach_age'),
  ('coach_age', 'coach_idle…400 days'),
  ('admin_idle', '5 min…admin_age'),
  ('admin_age', 'admin_idle…400 days'),
  ('strange_idle', '5 min…strange_age'),
  ('strange_age', 'strange_idle…400 days'),
  ('enrolment_code_valid', '10 min…400 days'),
  ('reset_code_valid', '10 min…400 days'),
  ('password_tries', '3…1000'),
  ('device_tries', '3…1000'),
  ('code_tries', '3…1000'),
  ('failed_cards', '1…100000'),
  ('log_in_months', '1…120'),
  ('on_consent_withdrawn', 'close, ask');
comment on view rules.settings_allowed is
  'What each setting may be, in signs that need no language, since refusals quote it; the CHECKs of gym.settings '
  'enforce it.';

create function rules.set_setting(p_name text, p_value text) returns void
language plpgsql volatile
as $$
declare
  v_allowed text;
  v_type    regtype;
begin
  select a.allowed into v_allowed from rules.settings_allowed a where a.name = p_name;
  if not found then
    perform rules.refuse('setting_unknown', p_name);
  end if;
  select t.atttypid into v_type
    from pg_attribute t where t.attrelid = 'gym.settings'::regclass and t.attname = p_name;
  begin
    -- p_name is one of settings_allowed, so it names a column
    execute format('update gym.settings set %I = $1::%s', p_name, v_type) using p_value;
  exception
    when check_violation or not_null_violation or data_exception or sqlstate 'ENREQ' then
      perform rules.refuse('setting_not_allowed', p_name, coalesce('«' || p_value || '»', 'null'), v_allowed);
  end;
end
$$;
comment on function rules.set_setting(text, text) is
  'Sets one setting. p_name: a column of gym.settings; p_value: its value as text. Errors: setting_unknown; '
  'setting_not_allowed, which says what may be.';
