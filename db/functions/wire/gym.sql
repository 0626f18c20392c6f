-- What the public page says of the gym, and the rules in plain words.

create function wire.gym_json() returns json
language plpgsql stable
as $$
begin
  return (
    with times as (
      select s.weekday, s.starts_at from gym.slots s where s.month = rules.this_month() and s.deleted_at is null),
    -- before the first month there is only the template
    shown as (
      select * from times
      union all
      select t.weekday, t.starts_at from gym.weekly_template t where not exists (select from times))
    select json_build_object(
             'name', c.gym_name, 'about', c.gym_about, 'address', c.gym_address, 'coach', c.gym_coach, 'contact',
             c.gym_contact,
             'timeZone', c.time_zone, 'lessonMinutes', c.lesson_minutes, 'slotsPerStudent', c.slots_per_student,
             'absencesToBlock', c.absences_to_block,
             'times', (select coalesce(json_agg(json_build_object('weekday', s.weekday, 'time',
             to_char(s.starts_at, 'HH24:MI'))
                                                order by s.weekday, s.starts_at), '[]') from shown s))
      from gym.settings c);
end
$$;
comment on function wire.gym_json() is
  'Shape Gym of openapi.yaml: the texts of the settings gym_…, empty where they are not set, and the week as it '
  'runs this '
  'month, or as the template has it.';

create function wire.plain_words_json() returns json
language plpgsql stable
as $$
begin
  return (
    select json_build_object(
             'numbers', json_build_object(
               'slotsMadeOnDay', c.slots_made_on_day, 'opensOnDay', c.enrolment_opens_on_day,
               'opensAt', to_char(c.enrolment_opens_at, 'HH24:MI'), 'closesAt',
               to_char(c.enrolment_closes_at, 'HH24:MI'),
               'slotsPerStudent', c.slots_per_student, 'seatsPerSlot', c.seats_per_slot,
               'absencesToBlock', c.absences_to_block, 'coachMarksDays', c.coach_marks_days,
               'unmarkedIsAbsent', c.unmarked_is_absent, 'rosterOnly', c.roster_only),
             'rules', (select json_agg(json_build_object('rule', w.rule, 'text', w.text, 'textEn',
             w.text_en) order by w.n)
                         from rules.plain_words w))
      from gym.settings c);
end
$$;
comment on function wire.plain_words_json() is
  'Shape PlainRules of openapi.yaml: the rules in plain words, and the numbers in them.';

create function wire.gym_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym/get', p_actor, p_request_id);
  return wire.gym_json();
end
$$;
comment on function wire.gym_get(integer, jsonb, text) is
  'GET /gym/get: what the public page says of the gym. Definer: the server may read no table.';

create function wire.gym_rules(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym/rules', p_actor, p_request_id);
  return wire.plain_words_json();
end
$$;
comment on function wire.gym_rules(integer, jsonb, text) is
  'GET /gym/rules: the rules in plain words, with their numbers. Definer: the server may read no table.';
