-- Reports on the screen: their first rows, what they add up to, and statistics.

create function wire.preview_rows(p_kind text, p_from date, p_to date, p_group text, p_rows integer)
returns table (head jsonb, list jsonb, rows integer)
language plpgsql volatile
as $$
declare
  v_rows refcursor := 'report_rows';
  v_row  record;
begin
  head := case p_kind when 'visits'    then rules.open_visits(p_from, p_to, p_group)
                      when 'occupancy' then rules.open_occupancy(p_from, p_to)
                      when 'term'      then rules.open_term(p_from, p_to, p_group)
                      when 'blocked'   then rules.open_blocked(p_from, p_to, p_group) end;
  list := '[]';
  for v_n in 1 .. p_rows loop
    fetch v_rows into v_row;
    exit when not found;
    list := list || jsonb_build_array(to_jsonb(v_row));
  end loop;
  close v_rows;
  -- each row says how many there are
  rows := coalesce((list #>> '{0,rows}')::integer, (list #>> '{0,students}')::integer, 0);
  return next;
end
$$;
comment on function wire.preview_rows(text, date, date, text, integer) is
  'The head of a report, its first p_rows rows as rules.open_… gives them, and how many it has. p_kind: visits, '
  'occupancy, '
  'term, blocked. Errors: report_period_in_order, report_period_length.';

create function wire.preview_row_json(p_kind text, p_from date, p_row jsonb) returns json
language plpgsql stable
as $$
declare
  v_person jsonb := jsonb_build_object('studentCard', p_row -> 'student_card', 'name', p_row -> 'name', 'group',
  p_row -> 'group');
begin
  return case p_kind
    when 'visits' then v_person || jsonb_build_object('isBlocked', p_row -> 'is_blocked', 'marks', (
      select jsonb_agg(jsonb_build_object(
               'date', p_from + (d.day)::integer, 'time',
               to_char(make_interval(mins => (t.minute)::integer % 1440), 'HH24:MI'),
               'mark', case substr(p_row ->> 'marks', d.n::integer,
               1) when 'p' then 1 when 'e' then 2 when 'c' then 3 else 0 end,
               'marked', substr(p_row ->> 'marks', d.n::integer, 1) <> 'u') order by d.n)
        from jsonb_array_elements_text(p_row -> 'days') with ordinality d (day, n)
        join jsonb_array_elements_text(p_row -> 'times') with ordinality t (minute, n) on t.n = d.n))
    when 'occupancy' then jsonb_build_object('date', p_row -> 'date', 'time', p_row -> 'at', 'numberOfPersons',
    p_row -> 'capacity',
      'enrolled', p_row -> 'enrolled', 'came', p_row -> 'came', 'excused', p_row -> 'excused', 'absent',
      p_row -> 'absent',
      'refused', p_row -> 'refused', 'state', p_row -> 'state')
    when 'term' then v_person || jsonb_build_object('held', p_row -> 'held', 'attended', p_row -> 'attended',
      'excused', p_row -> 'excused', 'absent', p_row -> 'absent', 'blocks', p_row -> 'blocks')
    else v_person || jsonb_build_object('reason', p_row -> 'reason', 'absences', p_row -> 'absences',
      'firstDay', p_row -> 'first_day', 'lastDay', p_row -> 'last_day', 'liftedOn', p_row -> 'lifted_on',
      'liftedBy', p_row -> 'lifted_by', 'liftReason', p_row -> 'lift_reason')
  end;
end
$$;
comment on function wire.preview_row_json(text, date, jsonb) is
  'A row of wire.preview_rows as the wire has it (shape Preview of openapi.yaml). p_from: first day of the report.';

create function wire.preview_json(p_kind text, p_from date, p_to date, p_group text, p_rows integer) returns json
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_preview record;
  v_members integer[] := rules.group_members(p_group);
begin
  select p.head, p.list, p.rows into v_preview from wire.preview_rows(p_kind, p_from, p_to, p_group, p_rows) p;
  return (
    with lessons as materialized (
      -- the report of blocks is not about attendance
      select * from rules.held_lessons(p_from, p_to, v_members) where p_kind <> 'blocked')
    select json_build_object(
             'kind', p_kind, 'from', p_from, 'to', p_to, 'group', v_preview.head -> 'group', 'count', v_preview.rows,
             'rows', (select coalesce(json_agg(wire.preview_row_json(p_kind, p_from, r.row) order by r.n), '[]')
                        from jsonb_array_elements(v_preview.list) with ordinality r (row, n)),
             'totals', (select json_build_object('lessons', count(*), 'present', coalesce(sum(l.came), 0),
                                 'absent', coalesce(sum(l.absent), 0), 'excused',
                                 coalesce(sum(l.excused), 0)) from lessons l),
             'days', (select coalesce(json_agg(json_build_object('date', d.date, 'present', d.came, 'absent', d.absent,
                                                                 'excused', d.excused) order by d.date), '[]')
                        from (select l.date, sum(l.came) as came, sum(l.absent) as absent, sum(l.excused) as excused
                                from lessons l group by l.date) d)));
end
$$;
comment on function wire.preview_json(text, date, date, text, integer) is
  'Shape Preview of openapi.yaml: the first rows of a report, how many it has, and attendance in all and by day, '
  'which the '
  'chart shows. Errors: report_period_in_order, report_period_length.';

create function wire.statistics_json(p_from date, p_to date) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  perform rules.check_report_period(p_from, p_to);
  return (
    with slots as materialized (
      select s.id, s.weekday, s.starts_at, s.capacity, s.deleted_at
        from gym.slots s where s.month between date_trunc('month', p_from::timestamp)::date and p_to),
    held as (
      select l.slot_id, count(*) as lessons, sum(l.enrolled) as enrolled, sum(l.came) as came,
        sum(l.excused) as excused,
             sum(l.absent) as absent
        from rules.held_lessons(p_from, p_to, null) l group by l.slot_id),
    refused as (
      select r.slot_id, count(*) as people from slots s join gym.refusals r on r.slot_id = s.id group by r.slot_id),
    times as (
      select s.weekday, s.starts_at, grouping(s.weekday) = 1 as is_total,
             json_build_object(
               'weekday', s.weekday, 'time', to_char(s.starts_at, 'HH24:MI'), 'lessons', coalesce(sum(h.lessons), 0),
               'seats', coalesce(sum(h.lessons * s.capacity), 0), 'enrolled', coalesce(sum(h.enrolled), 0),
               'came', coalesce(sum(h.came), 0), 'excused', coalesce(sum(h.excused), 0), 'absent',
               coalesce(sum(h.absent), 0),
               'refused', coalesce(sum(r.people), 0)) as numbers
        from slots s
        left join held h on h.slot_id = s.id
        left join refused r on r.slot_id = s.id
       where s.deleted_at is null or h.slot_id is not null
       group by grouping sets ((s.weekday, s.starts_at), ()))
    select json_build_object(
             'from', p_from, 'to', p_to,
             'totals', (select t.numbers::jsonb - '{weekday,time}'::text[] from times t where t.is_total),
             'slots', (select coalesce(json_agg(t.numbers order by t.weekday, t.starts_at),
             '[]') from times t where not t.is_total)));
end
$$;
comment on function wire.statistics_json(date, date) is
  'Shape Statistics of openapi.yaml: of each weekday and time the lessons that were marked, their seats, who was '
  'enrolled, '
  'came and did not, and how many students the slots had no seat for in the enrolment window of the months that the '
  'period '
  'touches. Errors: report_period_in_order, report_period_length.';

create function wire.report_preview(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind text;
begin
  perform wire.admit('report/preview', p_actor, p_request_id);
  v_kind := wire.text_field(p_body, 'kind');
  if v_kind not in ('visits', 'occupancy', 'term', 'blocked') then
    perform rules.refuse('field_unreadable', 'kind', 'visits, occupancy, term или blocked');
  end if;
  return wire.preview_json(v_kind, wire.date_field(p_body, 'startDate'), wire.date_field(p_body, 'endDate'),
    wire.text_field(p_body, 'group', false), coalesce(wire.int_field(p_body, 'rows', false, p_max => 200), 20));
end
$$;
comment on function wire.report_preview(integer, jsonb, text) is
  'POST /report/preview: the first rows of a report, and what it adds up to. Errors: field_unreadable, those of '
  'wire.preview_json. Definer: the server may read no table.';

create function wire.report_statistics(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('report/statistics', p_actor, p_request_id);
  return wire.statistics_json(wire.date_field(p_body, 'startDate'), wire.date_field(p_body, 'endDate'));
end
$$;
comment on function wire.report_statistics(integer, jsonb, text) is
  'POST /report/statistics: how full each time is, who comes, and whom there was no seat for. '
  'Errors: those of wire.statistics_json. Definer: the server may read no table.';
