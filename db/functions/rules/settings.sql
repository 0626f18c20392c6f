create function rules.settings__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from pg_timezone_names z where z.name = new.time_zone) then
    perform rules.refuse('settings_time_zone_known', new.time_zone);
  end if;
  return new;
end
$$;
comment on function rules.settings__guard() is 'Trigger function: the zone is one of pg_timezone_names, which a CHECK can''t ask. Errors: settings_time_zone_known. Definer: whoever may write the table may call nothing else.';
create trigger settings__guard before insert or update of time_zone on gym.settings for each row execute function rules.settings__guard();

create function rules.settings__log() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into gym.settings_changes (name, old_value, new_value, changed_at, changed_by)
  select n.key, o.value, n.value, rules.clock(), coalesce('user ' || rules.actor(), session_user)
    from jsonb_each_text(to_jsonb(new)) n
    join jsonb_each_text(to_jsonb(old)) o on o.key = n.key
   where n.value is distinct from o.value;
  return null;
end
$$;
comment on function rules.settings__log() is 'Trigger function: one row in gym.settings_changes for each setting changed. Definer: whoever may write the table may call nothing else.';
create trigger settings__log after update on gym.settings for each row execute function rules.settings__log();

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
comment on view rules.settings_allowed is 'What each setting may be, in signs that need no language, since refusals quote it; the CHECKs of gym.settings enforce it.';

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
  'Sets one setting. p_name: a column of gym.settings; p_value: its value as text. Errors: setting_unknown; setting_not_allowed, which says what may be.';
