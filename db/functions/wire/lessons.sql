-- Lessons as the coach's screens show them, and marking a lesson person by person.

create function wire.lessons_json(p_from date, p_to date, p_unmarked boolean, p_actor integer) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  v_now    timestamp := rules.local_time();
  v_length interval  := (select make_interval(mins => c.lesson_minutes) from gym.settings c);
begin
  return (
    with counted as materialized (
      select m.date, s.starts_at, count(*) as people,
             count(*) filter (where m.mark = 'present') as present,
             count(*) filter (where m.mark = 'absent') as absent,
             count(*) filter (where m.mark = 'excused') as excused,
             count(*) filter (where m.mark = 'unmarked') as unmarked
        from gym.marks m join gym.slots s on s.id = m.slot_id
       where m.date between p_from and p_to and m.withdrawn_at is null
       group by m.date, s.starts_at),
    -- offset 0: joined before it is known which are shown. Without statistics few are expected, and each lesson would
    -- be
    -- compared with all that is counted
    held as (
      select l.*, c.people as counted, c.present, c.absent, c.excused, c.unmarked
        from rules.lessons_between(p_from, p_to) l
        left join counted c on c.date = l.date and c.starts_at = l.starts_at
      offset 0),
    lessons as (
      select l.date, l.starts_at, l.slot_id, l.weekday, l.capacity, l.off, l.reason, l.moved,
             l.date + l.starts_at <= v_now as begun, l.date + l.starts_at + v_length <= v_now as is_over,
             -- marks are made when their month begins; before that the seats say who will come
             coalesce(l.counted, case when not rules.has_begun(date_trunc('month', l.date::timestamp)::date)
                                     then (select s.taken from gym.slots s where s.id = l.slot_id) end, 0) as people,
             coalesce(l.present, 0) as present, coalesce(l.absent, 0) as absent,
             coalesce(l.excused, 0) as excused, coalesce(l.unmarked, 0) as unmarked
        from held l),
    shown as (
      select l.*,
             -- the first that is not over is the one that runs, or the next
             not l.is_over and l.off is null
             and row_number() over (partition by l.is_over or l.off is not null order by l.date,
             l.starts_at) = 1 as is_current
        from lessons l
       where not p_unmarked or (l.is_over and l.off is null and l.unmarked > 0))
    select json_build_object(
             'serverTime', wire.moment(rules.clock()), 'today', rules.today(),
             'lessons', coalesce(json_agg(json_build_object(
               'date', s.date, 'time', to_char(s.starts_at, 'HH24:MI'), 'slot', s.slot_id, 'weekday', s.weekday,
               'numberOfPersons', s.capacity, 'people', s.people, 'present', s.present, 'absent', s.absent,
               'excused', s.excused, 'unmarked', s.unmarked, 'off', s.off, 'reason', s.reason, 'moved', s.moved,
               'begun', s.begun, 'current', s.is_current,
               'mayMark', rules.marking_bar(s.date, s.off, p_actor) is null) order by s.date, s.starts_at), '[]'))
      from shown s);
end
$$;
comment on function wire.lessons_json(date, date, boolean, integer) is
  'Shape Lessons of openapi.yaml: the lessons from p_from to p_to with their marks counted. p_unmarked: only those '
  'that are '
  'over, took place and have people not marked.';

create function wire.lesson_people_json(p_date date, p_starts_at time, p_slot_id integer) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
declare
  v_month  date := date_trunc('month', p_date::timestamp)::date;
  v_people integer[];
begin
  -- Before the month begins it has no marks, and the seats say who will come.
  v_people := case when rules.has_begun(v_month)
    then array(select m.user_id from rules.lesson_marks(p_date, p_starts_at) m)
    else array(select e.user_id from gym.enrolments e where e.slot_id = p_slot_id and e.cancelled_at is null) end;
  return (
    with absences as materialized (
      select a.user_id, count(*) as n from rules.counted_absences(v_month, v_people) a group by a.user_id)
    select coalesce(json_agg(json_build_object(
             'id', m.id, 'version', case when m.id is not null then rules.mark_version(m) end, 'user',
             wire.user_json(u),
             'mark', case m.mark when 'present' then 1 when 'excused' then 2 when 'cancelled' then 3 else 0 end,
             'marked', coalesce(m.mark <> 'unmarked', false),
             'pardoned', exists (select from gym.pardons p where p.user_id = u.id and p.date = p_date),
             'absences', coalesce(a.n, 0), 'blocked', u.role = 'BLOCKED',
             'setAt', wire.moment(m.set_at),
             'setBy', (select json_build_object('id', b.user_id, 'name',
             b.name) from rules.roll b where b.user_id = m.set_by))
             order by r.place, u.id, m.id), '[]')
      from gym.users u
      join rules.roll r on r.user_id = u.id
      left join rules.lesson_marks(p_date, p_starts_at) m on m.user_id = u.id
      left join absences a on a.user_id = u.id
     where u.id = any (v_people));
end
$$;
comment on function wire.lesson_people_json(date, time, integer) is
  'The people of a lesson by family name with their marks, in shape LessonPerson of openapi.yaml. marked: this '
  'person was '
  'marked, unlike in shape Visit, which says so of all people of a lesson in which anybody was.';

create function wire.whole_lesson_json(p_date date, p_starts_at time, p_actor integer) returns json
language plpgsql stable
as $$
declare
  v_lesson record;
  v_people json;
begin
  perform rules.check_lesson(p_date, p_starts_at);
  -- A lesson whose slot and day are gone still has its marks.
  select p_date as date, l.slot_id, coalesce(l.weekday, extract(isodow from p_date)::integer - 1) as weekday,
    l.capacity,
         l.off, l.reason, coalesce(l.moved, false) as moved into v_lesson
    from (values (1)) one left join rules.lessons_between(p_date, p_date) l on l.starts_at = p_starts_at;
  v_people := wire.lesson_people_json(p_date, p_starts_at, v_lesson.slot_id);
  return (
    select json_build_object(
             'date', p_date, 'time', to_char(p_starts_at, 'HH24:MI'), 'slot', v_lesson.slot_id, 'weekday',
             v_lesson.weekday,
             'numberOfPersons', coalesce(v_lesson.capacity, json_array_length(v_people)),
             'off', v_lesson.off, 'reason', v_lesson.reason, 'moved', v_lesson.moved,
             'begun', p_date + p_starts_at <= rules.local_time(),
             'mayMark', rules.marking_bar(p_date, v_lesson.off, p_actor) is null,
             'rule', rules.marking_bar(p_date, v_lesson.off, p_actor), 'absencesToBlock', c.absences_to_block,
             'unmarked', (select count(*) from json_array_elements(v_people) p where not (p ->> 'marked')::boolean),
             'people', v_people)
      from gym.settings c);
end
$$;
comment on function wire.whole_lesson_json(date, time, integer) is
  'Shape LessonWhole of openapi.yaml: a lesson with everything that marking it needs. rule: why p_actor may not '
  'mark it. '
  'Errors: lesson_not_found.';

create function wire.mark_changes(p_body jsonb) returns table (n bigint, mark_id integer, mark gym.mark, version text)
language plpgsql stable
as $$
declare
  v_marks  jsonb := wire.field(p_body, 'marks', true);
  v_change jsonb;
  v_undo   boolean;
begin
  if jsonb_typeof(v_marks) <> 'array' or jsonb_array_length(v_marks) > 1000 then
    perform rules.refuse('field_unreadable', 'marks', 'список отметок, не длиннее 1000');
  end if;
  for n, v_change in select e.n, e.change from jsonb_array_elements(v_marks) with ordinality e (change, n) loop
    if jsonb_typeof(v_change) <> 'object' then
      perform rules.refuse('field_unreadable', 'marks', 'список отметок, не длиннее 1000');
    end if;
    mark_id := wire.int_field(v_change, 'id');
    version := wire.text_field(v_change, 'version');
    -- marked: false takes the mark back, as in visit/edit
    v_undo  := not coalesce(wire.bool_field(v_change, 'marked', false), true);
    mark    := case when v_undo then 'unmarked'
                    else (array['absent', 'present', 'excused'])[
                      wire.int_field(v_change, 'mark', p_min => 0, p_max => 2) + 1] end::gym.mark;
    return next;
  end loop;
end
$$;
comment on function wire.mark_changes(jsonb) is
  'The field marks of visit/edit-lesson, in its order. Errors: field_missing, field_unreadable.';

create function wire.edit_lesson_json(p_date date, p_starts_at time, p_changes jsonb, p_actor integer) returns json
language plpgsql volatile
as $$
declare
  v_ids      integer[];
  v_marks    gym.mark[];
  v_versions text[];
  v_results  json;
begin
  select coalesce(array_agg(c.mark_id order by c.n), '{}'), coalesce(array_agg(c.mark order by c.n), '{}'),
         coalesce(array_agg(c.version order by c.n), '{}') into v_ids, v_marks, v_versions
    from wire.mark_changes(p_changes) c;
  v_results := (
    select coalesce(json_agg(json_build_object('id', e.mark_id, 'saved', e.rule is null, 'rule', e.rule, 'text',
      r.message)
                             order by e.n), '[]')
      from rules.edit_lesson(p_date, p_starts_at, v_ids, v_marks, v_versions, p_actor) with ordinality e (mark_id,
        rule, n)
      left join rules.catalogue r on r.rule = e.rule);
  return json_build_object('lesson', wire.whole_lesson_json(p_date, p_starts_at, p_actor), 'results', v_results);
end
$$;
comment on function wire.edit_lesson_json(date, time, jsonb, integer) is
  'Shape LessonEdited of openapi.yaml: what became of each mark of p_changes (wire.mark_changes), and the lesson '
  'then. '
  'Errors: those of wire.mark_changes and rules.edit_lesson.';

create function wire.visit_lessons(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_unmarked boolean;
  v_today    date;
begin
  perform wire.admit('visit/lessons', p_actor, p_request_id);
  v_unmarked := coalesce(wire.bool_field(p_body, 'unmarked', false), false);
  v_today    := rules.today();
  -- Forgotten lessons are looked for on the days that a coach may still mark.
  return (
    select wire.lessons_json(p.first_day, p.last_day, v_unmarked, p_actor)
      from gym.settings c
     cross join wire.period_of(p_body, case when v_unmarked then v_today - c.coach_marks_days else v_today end,
     v_today) p);
end
$$;
comment on function wire.visit_lessons(integer, jsonb, text) is
  'POST /visit/lessons: the lessons of a day, month or period with their marks counted; today''s by default. '
  'Errors: those of wire.period_of. Definer: the server may read no table.';

create function wire.visit_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('visit/lesson', p_actor, p_request_id);
  return wire.whole_lesson_json(wire.date_field(p_body, 'date'), wire.time_field(p_body, 'time'), p_actor);
end
$$;
comment on function wire.visit_lesson(integer, jsonb, text) is
  'POST /visit/lesson: a lesson with its people. Errors: lesson_not_found. Definer: the server may read no table.';

create function wire.visit_edit_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('visit/edit-lesson', p_actor, p_request_id);
  return wire.edit_lesson_json(wire.date_field(p_body, 'date'), wire.time_field(p_body, 'time'), p_body, p_actor);
end
$$;
comment on function wire.visit_edit_lesson(integer, jsonb, text) is
  'PUT /visit/edit-lesson: sets marks of a lesson, each only over what the coach saw. Errors: those of '
  'wire.edit_lesson_json. '
  'Definer: the server may write no table.';
