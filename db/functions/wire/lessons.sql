create function wire.visit_own(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('visit/own', p_actor, p_request_id);
  return (
    select rules.person_lessons_json(p_actor, p.first_day, p.last_day)
      from rules.period_of(p_body, rules.this_month(), (rules.next_month() - 1)) p);
end
$$;
comment on function wire.visit_own(integer, jsonb, text) is
  'POST /visit/own: the actor''s lessons of a month or period with marks. Errors: those of rules.period_of. '
  'Definer: the server may read no table.';

create function wire.visit_person(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_person gym.users;
begin
  perform rules.admit('visit/person', p_actor, p_request_id);
  v_person := rules.person(rules.int_field(p_body, 'user'));
  return (
    select rules.person_lessons_json(v_person.id, p.first_day, p.last_day)::jsonb
           || jsonb_build_object('user', rules.user_json(v_person), 'absences', rules.absences_json(v_person.id),
                                 'blocks', rules.blocks_json(v_person.id))
      from rules.period_of(p_body, rules.this_month(), (rules.next_month() - 1)) p);
end
$$;
comment on function wire.visit_person(integer, jsonb, text) is
  'POST /visit/person: what visit/own, user/absences and user/blocks say, of any person. '
  'Errors: user_not_found, those of rules.period_of. Definer: the server may read no table.';

create function wire.visit_lessons(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_unmarked boolean;
  v_today    date;
begin
  perform rules.admit('visit/lessons', p_actor, p_request_id);
  v_unmarked := coalesce(rules.bool_field(p_body, 'unmarked', false), false);
  v_today    := rules.today();
  -- Forgotten lessons are looked for on the days that a coach may still mark.
  return (
    select rules.lessons_json(p.first_day, p.last_day, v_unmarked, p_actor)
      from gym.settings c
     cross join rules.period_of(p_body, case when v_unmarked then v_today - c.coach_marks_days else v_today end,
     v_today) p);
end
$$;
comment on function wire.visit_lessons(integer, jsonb, text) is
  'POST /visit/lessons: the lessons of a day, month or period with their marks counted; today''s by default. '
  'Errors: those of rules.period_of. Definer: the server may read no table.';

create function wire.visit_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('visit/lesson', p_actor, p_request_id);
  return rules.whole_lesson_json(rules.date_field(p_body, 'date'), rules.time_field(p_body, 'time'), p_actor);
end
$$;
comment on function wire.visit_lesson(integer, jsonb, text) is
  'POST /visit/lesson: a lesson with its people. Errors: lesson_not_found. Definer: the server may read no table.';

create function wire.visit_edit_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('visit/edit-lesson', p_actor, p_request_id);
  return rules.edit_lesson_json(rules.date_field(p_body, 'date'), rules.time_field(p_body, 'time'), p_body, p_actor);
end
$$;
comment on function wire.visit_edit_lesson(integer, jsonb, text) is
  'PUT /visit/edit-lesson: sets marks of a lesson, each only over what the coach saw. Errors: those of '
  'rules.edit_lesson_json. '
  'Definer: the server may write no table.';

create function wire.user_find(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('user/find', p_actor, p_request_id);
  return rules.find_people_json(rules.text_field(p_body, 'text', p_min => 1, p_max => 100),
    coalesce(rules.int_field(p_body, 'limit', false, p_max => 100), 20));
end
$$;
comment on function wire.user_find(integer, jsonb, text) is
  'POST /user/find: people by a part of the name, or the beginning of group or card. Definer: the server may read '
  'no table.';

create function wire.entry_lists(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('entry/lists', p_actor, p_request_id);
  return rules.lists_json(coalesce(rules.month_field(p_body, 'month', false), rules.this_month()),
    rules.int_field(p_body, 'weekday', false, p_min => 0, p_max => 6), rules.time_field(p_body, 'time', false));
end
$$;
comment on function wire.entry_lists(integer, jsonb, text) is
  'POST /entry/lists: who holds a seat in each slot of a month. Definer: the server may read no table.';
