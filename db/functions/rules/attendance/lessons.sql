-- Lessons as the coach's screens show them, and marking a lesson person by person.

create function rules.check_period(p_from date, p_to date) returns void
language plpgsql stable
as $$
begin
  if p_to < p_from then
    perform rules.refuse('period_in_order');
  end if;
  if p_to > p_from + interval '24 months' then
    perform rules.refuse('period_length');
  end if;
end
$$;
comment on function rules.check_period(date, date) is
  'A period is one day or more, and 24 months at most. Errors: period_in_order, period_length.';

create function rules.period_of(p_body jsonb, p_from date, p_to date, out first_day date, out last_day date)
language plpgsql stable
as $$
declare
  v_date  date := rules.date_field(p_body, 'date', false);
  v_month date := rules.month_field(p_body, 'month', false);
  v_start date := rules.date_field(p_body, 'startDate', false);
  v_end   date := rules.date_field(p_body, 'endDate', false);
begin
  if v_date is not null then
    first_day := v_date;
    last_day  := v_date;
  elsif v_month is not null then
    first_day := v_month;
    last_day  := (v_month + interval '1 month -1 day')::date;
  elsif v_start is not null or v_end is not null then
    -- one without the other is a day forgotten
    first_day := rules.date_field(p_body, 'startDate');
    last_day  := rules.date_field(p_body, 'endDate');
    perform rules.check_period(first_day, last_day);
  else
    first_day := p_from;
    last_day  := p_to;
  end if;
end
$$;
comment on function rules.period_of(jsonb, date, date) is
  'The period that a request names: date, month, or startDate and endDate; p_from to p_to where it names none. '
  'Errors: field_missing, field_unreadable, period_in_order, period_length.';

create function rules.lessons_between(p_from date, p_to date)
returns table (date date, starts_at time, slot_id integer, weekday integer, capacity integer, off text, reason text,
  moved boolean)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
  with days as materialized (
    select d.date, d.weekday, d.is_closed, c.reason
      from rules.timetable(p_from, p_to) d
      left join gym.closures c on c.deleted_at is null and d.date between c.start_date and c.end_date),
  slots as materialized (
    select s.id, s.month, s.weekday, s.starts_at, s.capacity, s.deleted_at
      from gym.slots s where s.month between date_trunc('month', p_from::timestamp)::date and p_to),
  lessons as (
    select d.date, s.starts_at, s.id
      from days d
      join slots s on s.month = date_trunc('month',
      d.date::timestamp)::date and s.weekday = d.weekday and s.deleted_at is null
    union
    -- of a slot that was deleted since
    select m.date, s.starts_at, s.id
      from slots s
      join gym.marks m on m.slot_id = s.id and m.date between p_from and p_to and m.withdrawn_at is null
     where s.deleted_at is not null)
  select distinct on (l.date, l.starts_at)
         l.date, l.starts_at, l.id, s.weekday::integer, s.capacity,
         case when d.is_closed then 'closed' when x.date is not null then 'cancelled' end,
         case when d.is_closed then d.reason else x.reason end,
         s.weekday <> extract(isodow from l.date)::integer - 1
    from lessons l
    join slots s on s.id = l.id
    join days d on d.date = l.date
    left join gym.cancelled_lessons x on x.date = l.date and x.starts_at = l.starts_at
   -- where one was deleted and another made for the same time, that is the lesson
   order by l.date, l.starts_at, s.deleted_at is not null, l.id desc;
end
$$;
comment on function rules.lessons_between(date, date) is
  'The lessons of the days from p_from to p_to in their order: each slot on each day that runs its weekday. off: '
  'closed or '
  'cancelled, and reason why; moved: the day runs another weekday''s timetable.';

create function rules.may_mark_day(p_date date, p_actor integer) returns boolean
language plpgsql stable
as $$
begin
  return p_date >= rules.today() - (select c.coach_marks_days from gym.settings c)
         or (select u.role from gym.users u where u.id = p_actor) is distinct from 'COACH';
end
$$;
comment on function rules.may_mark_day(date, integer) is
  'Whether a person may still change marks of a date: a coach for the setting''s number of days, an administrator, '
  'and psql '
  '(p_actor null), always.';

create function rules.marking_bar(p_date date, p_off text, p_actor integer) returns text
language plpgsql stable
as $$
begin
  return case when not rules.may_mark_day(p_date, p_actor) then 'coach_marks_days'
              when p_off is not null then 'lesson_cancelled'
              when p_date > rules.today() then 'lesson_ahead' end;
end
$$;
comment on function rules.marking_bar(date, text, integer) is
  'The name of the rule that keeps a person from marking a lesson as held; null: none does. p_off: as in '
  'rules.lessons_between.';

create function rules.lessons_json(p_from date, p_to date, p_unmarked boolean, p_actor integer) returns json
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
    lessons as (
      select l.*, l.date + l.starts_at <= v_now as begun, l.date + l.starts_at + v_length <= v_now as is_over,
             -- marks are made when their month begins; before that the seats say who will come
             coalesce(c.people, case when not rules.has_begun(date_trunc('month', l.date::timestamp)::date)
                                     then (select s.taken from gym.slots s where s.id = l.slot_id) end, 0) as people,
             coalesce(c.present, 0) as present, coalesce(c.absent, 0) as absent,
             coalesce(c.excused, 0) as excused, coalesce(c.unmarked, 0) as unmarked
        from rules.lessons_between(p_from, p_to) l
        left join counted c on c.date = l.date and c.starts_at = l.starts_at),
    shown as (
      select l.*,
             -- the first that is not over is the one that runs, or the next
             not l.is_over and l.off is null
             and row_number() over (partition by l.is_over or l.off is not null order by l.date,
             l.starts_at) = 1 as is_current
        from lessons l
       where not p_unmarked or (l.is_over and l.off is null and l.unmarked > 0))
    select json_build_object(
             'serverTime', rules.moment(rules.clock()), 'today', rules.today(),
             'lessons', coalesce(json_agg(json_build_object(
               'date', s.date, 'time', to_char(s.starts_at, 'HH24:MI'), 'slot', s.slot_id, 'weekday', s.weekday,
               'numberOfPersons', s.capacity, 'people', s.people, 'present', s.present, 'absent', s.absent,
               'excused', s.excused, 'unmarked', s.unmarked, 'off', s.off, 'reason', s.reason, 'moved', s.moved,
               'begun', s.begun, 'current', s.is_current,
               'mayMark', rules.marking_bar(s.date, s.off, p_actor) is null) order by s.date, s.starts_at), '[]'))
      from shown s);
end
$$;
comment on function rules.lessons_json(date, date, boolean, integer) is
  'Shape Lessons of openapi.yaml: the lessons from p_from to p_to with their marks counted. p_unmarked: only those '
  'that are '
  'over, took place and have people not marked.';

create function rules.mark_version(p_mark gym.marks) returns text
language sql stable
as $$
  select concat_ws('.', left(p_mark.mark::text, 1), left(p_mark.mark_before::text, 1),
    to_char(p_mark.set_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), p_mark.set_by)
$$;
comment on function rules.mark_version(gym.marks) is
  'Names what a mark is and who set it when: what a coach saw, to be compared with what there is. Nothing else '
  'reads it.';

create function rules.lesson_people_json(p_date date, p_starts_at time, p_slot_id integer) returns json
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
             rules.user_json(u),
             'mark', case m.mark when 'present' then 1 when 'excused' then 2 when 'cancelled' then 3 else 0 end,
             'marked', coalesce(m.mark <> 'unmarked', false),
             'pardoned', exists (select from gym.pardons p where p.user_id = u.id and p.date = p_date),
             'absences', coalesce(a.n, 0), 'blocked', u.role = 'BLOCKED',
             'setAt', rules.moment(m.set_at),
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
comment on function rules.lesson_people_json(date, time, integer) is
  'The people of a lesson by family name with their marks, in shape LessonPerson of openapi.yaml. marked: this '
  'person was '
  'marked, unlike in shape Visit, which says so of all people of a lesson in which anybody was.';

create function rules.whole_lesson_json(p_date date, p_starts_at time, p_actor integer) returns json
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
  v_people := rules.lesson_people_json(p_date, p_starts_at, v_lesson.slot_id);
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
comment on function rules.whole_lesson_json(date, time, integer) is
  'Shape LessonWhole of openapi.yaml: a lesson with everything that marking it needs. rule: why p_actor may not '
  'mark it. '
  'Errors: lesson_not_found.';

create function rules.mark_changes(p_body jsonb) returns table (n bigint, mark_id integer, mark gym.mark, version text)
language plpgsql stable
as $$
declare
  v_marks  jsonb := rules.field(p_body, 'marks', true);
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
    mark_id := rules.int_field(v_change, 'id');
    version := rules.text_field(v_change, 'version');
    -- marked: false takes the mark back, as in visit/edit
    v_undo  := not coalesce(rules.bool_field(v_change, 'marked', false), true);
    mark    := case when v_undo then 'unmarked'
                    else (array['absent', 'present', 'excused'])[
                      rules.int_field(v_change, 'mark', p_min => 0, p_max => 2) + 1] end::gym.mark;
    return next;
  end loop;
end
$$;
comment on function rules.mark_changes(jsonb) is
  'The field marks of visit/edit-lesson, in its order. Errors: field_missing, field_unreadable.';

create function rules.edit_lesson(
  p_date date, p_starts_at time, p_mark_ids integer[], p_marks gym.mark[], p_versions text[], p_actor integer)
returns table (mark_id integer, rule text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_ids   integer[];
  v_rules text[];
begin
  -- Refused as a whole: nothing is changed.
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  if exists (select from unnest(p_mark_ids) w group by w having count(*) > 1) then
    perform rules.refuse('mark_twice');
  end if;
  v_ids := array(select m.id from rules.lesson_marks(p_date, p_starts_at) m);
  perform rules.lock_lessons(v_ids);
  -- Each person is judged apart, by what is there once it is locked.
  v_rules := array(
    select case
        when m.id is null then 'mark_not_found'
        -- Sent again, it is as it should be.
        when m.mark = w.mark then ''
        when rules.is_off(p_date, p_starts_at) then 'lesson_cancelled'
        when p_date > rules.today() and w.mark in ('absent', 'present') then 'lesson_ahead'
        -- Nobody overwrites what another has set and he has not seen; one's own, and nothing, may be overwritten.
        when m.mark <> 'unmarked' and m.set_by is distinct from p_actor and rules.mark_version(m) <> w.version
          then 'mark_changed'
        else '' end
      from unnest(p_mark_ids, p_marks, p_versions) with ordinality w (id, mark, version, n)
      left join gym.marks m on m.id = w.id and m.id = any (v_ids) and m.withdrawn_at is null
     order by w.n);
  update gym.marks m
     set mark = w.mark,
         set_at = case when w.mark <> 'unmarked' then rules.clock() end,
         set_by = case when w.mark <> 'unmarked' then p_actor end
    from unnest(p_mark_ids, p_marks, v_rules) w (id, mark, rule)
   where m.id = w.id and w.rule = '' and m.mark <> w.mark;
  return query select w.id,
  nullif(w.rule, '') from unnest(p_mark_ids, v_rules) with ordinality w (id, rule, n) order by w.n;
end
$$;
comment on function rules.edit_lesson(date, time, integer[], gym.mark[], text[], integer) is
  'Sets the marks of some people of a lesson. p_mark_ids, p_marks, p_versions: which mark, what it becomes, and '
  'what the coach '
  'saw (rules.mark_version). Harmless to repeat. Returns in the same order by which rule each was refused, null: it '
  'was saved: '
  'mark_not_found, lesson_cancelled, lesson_ahead, mark_changed. '
  'Errors, then nothing is changed: lesson_not_found, coach_marks_days, mark_twice.';

create function rules.edit_lesson_json(p_date date, p_starts_at time, p_changes jsonb, p_actor integer) returns json
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
    from rules.mark_changes(p_changes) c;
  v_results := (
    select coalesce(json_agg(json_build_object('id', e.mark_id, 'saved', e.rule is null, 'rule', e.rule, 'text',
      r.message)
                             order by e.n), '[]')
      from rules.edit_lesson(p_date, p_starts_at, v_ids, v_marks, v_versions, p_actor) with ordinality e (mark_id,
        rule, n)
      left join rules.catalogue r on r.rule = e.rule);
  return json_build_object('lesson', rules.whole_lesson_json(p_date, p_starts_at, p_actor), 'results', v_results);
end
$$;
comment on function rules.edit_lesson_json(date, time, jsonb, integer) is
  'Shape LessonEdited of openapi.yaml: what became of each mark of p_changes (rules.mark_changes), and the lesson '
  'then. '
  'Errors: those of rules.mark_changes and rules.edit_lesson.';
