-- The rows of the reports. Each rules.open_… opens the cursor report_rows, from which its caller fetches the rows in the order of
-- the report, and returns the report's head. A cursor and not a set: rows go out as they are read, and nothing holds them all.
-- What is fetched is computed with the rights of who fetches, and the server may read nothing: so the cursors' queries call no
-- function of ours that reads a table. What the rules have to say is read into variables before.

create function rules.folded(p_text text) returns text
language sql immutable
as $$
  -- not lower() alone: in a database of locale C it leaves Cyrillic as it is
  select lower(translate(btrim(p_text, E' \t\r\n\u00A0'), 'АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ', 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя'))
$$;
comment on function rules.folded(text) is 'A text without the blanks around it and in small letters, whatever the database''s locale.';

create view rules.block_spans as
select b.id as block_id, b.user_id, (b.created_at at time zone c.time_zone)::date as first_day,
       least((b.lifted_at at time zone c.time_zone)::date,
             case when b.month is null then coalesce(b.ends_on, 'infinity')
                  else greatest((b.month + interval '1 month -1 day')::date, (b.created_at at time zone c.time_zone)::date) end) as last_day
  from gym.blocks b cross join gym.settings c;
comment on view rules.block_spans is 'From which day to which each block stands or stood, as rules.is_blocked says; infinity: until it is lifted. By absences that were judged after their month: the day of the judgement.';

create function rules.check_report_period(p_from date, p_to date) returns void
language plpgsql stable
as $$
begin
  if p_to <= p_from then
    perform rules.refuse('report_period_in_order');
  end if;
  if p_to > p_from + interval '24 months' then
    perform rules.refuse('report_period_length');
  end if;
end
$$;
comment on function rules.check_report_period(date, date) is 'Errors: report_period_in_order, report_period_length (24 months).';

create function rules.format_field(p_body jsonb) returns text
language plpgsql stable
as $$
declare
  v_field jsonb := rules.field(p_body, 'format', false);
  v_text  text  := rules.text_of(v_field);
begin
  if jsonb_typeof(v_field) <> 'string' or v_text not in ('xlsx', 'csv') then
    perform rules.refuse('field_unreadable', 'format', 'xlsx или csv');
  end if;
  return coalesce(v_text, 'xlsx');
end
$$;
comment on function rules.format_field(jsonb) is 'Which file a report is to be: xlsx, where the field format does not say csv. Errors: field_unreadable.';

create function rules.group_members(p_group text) returns integer[]
language plpgsql stable
as $$
begin
  if coalesce(rules.folded(p_group), '') = '' then
    return null;
  end if;
  return array(select u.id from gym.users u where rules.folded(u."group") = rules.folded(p_group));
end
$$;
comment on function rules.group_members(text) is 'Ids of the people of a group, named without regard to case and to blanks around it; null for no name: everybody.';

create function rules.unmarked_absent_before() returns date
language sql stable
as $$ select rules.today() from gym.settings c where c.unmarked_is_absent $$;
comment on function rules.unmarked_absent_before() is 'The day before which whoever was left unmarked counts as absent even where nobody was marked; null unless the setting unmarked_is_absent says so.';

create function rules.open_visits(p_from date, p_to date, p_group text default null) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows          refcursor := 'report_rows';
  v_members       integer[];
  v_absent_before date := rules.unmarked_absent_before();
begin
  perform rules.check_report_period(p_from, p_to);
  v_members := rules.group_members(p_group);
  open v_rows for
  select r.student_card, r.name, r."group", m.days, m.times, m.marks,
         exists (select from rules.block_spans b where b.user_id = m.user_id and b.first_day <= p_to and b.last_day >= p_from) as is_blocked,
         (count(*) over ())::integer as students,
         (max(length(r.name)) over ())::integer as longest_name,
         (max(length(r."group")) over ())::integer as longest_group
    from (
      select k.user_id, array_agg(k.day) as days, array_agg(k.minute) as times, string_agg(k.mark, '') as marks
        from (
          select m.user_id, m.date - p_from as day, s.minute,
                 case when m.mark = 'unmarked'
                           and (m.date < v_absent_before
                                or exists (select from rules.marked_lessons l
                                            where l.slot_id = m.slot_id and l.date = m.date offset 0))
                      then 'a' else left(m.mark::text, 1) end as mark
            from gym.marks m
            -- offset 0: worked out a slot, not a mark
            join (select s.id, s.weekday * 1440 + extract(epoch from s.starts_at)::integer / 60 as minute, s.starts_at
                    from gym.slots s offset 0) s on s.id = m.slot_id
           where m.withdrawn_at is null and m.date between p_from and p_to
             and (v_members is null or m.user_id = any (v_members))
           order by m.user_id, m.date, s.starts_at, m.id) k
       group by k.user_id) m
    join rules.roll r on r.user_id = m.user_id
   order by r.place, m.user_id;
  return (
    select jsonb_build_object(
             'from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''),
             'dates', array(
               select d.date from rules.timetable(p_from, p_to) d
                where extract(isodow from d.date) < 7
                   or exists (select from gym.marks m where m.date = d.date and m.withdrawn_at is null)
                   or (not d.is_closed
                       and exists (select from gym.slots s where s.month = date_trunc('month', d.date::timestamp)::date and s.weekday = d.weekday and s.deleted_at is null))
                order by d.date),
             'signs', jsonb_build_object('present', c.sign_present, 'absent', c.sign_absent, 'excused', c.sign_excused,
               'cancelled', c.sign_cancelled, 'unmarked', c.sign_unmarked))
      from gym.settings c);
end
$$;
comment on function rules.open_visits(date, date, text) is
  'Report of visits: opens report_rows, a row for each person with marks from p_from to p_to (the blocked and the deleted too), by name, with '
  'days: of each mark, counted from p_from; times: minute of the week of its slot; marks: first letters of present, absent, excused, cancelled, unmarked, where whoever is left unmarked in a lesson in which somebody was marked is absent; '
  'is_blocked: some day of the period. Returns the head: dates with a column (no Sunday without a lesson) and signs. p_group: of this group only. Errors: report_period_in_order, report_period_length.';

create function rules.open_occupancy(p_from date, p_to date) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows          refcursor := 'report_rows';
  v_absent_before date      := rules.unmarked_absent_before();
  v_month         date      := rules.this_month();
  v_now           timestamp := rules.local_time();
  v_dates         date[];
  v_weekdays      integer[];
  v_closed        boolean[];
begin
  perform rules.check_report_period(p_from, p_to);
  select array_agg(d.date), array_agg(d.weekday), array_agg(d.is_closed) into v_dates, v_weekdays, v_closed
    from rules.timetable(p_from, p_to) d;
  open v_rows for
  with counted as (
    select m.slot_id, m.date, count(*) as enrolled,
           count(*) filter (where m.mark = 'present') as came,
           count(*) filter (where m.mark = 'excused') as excused,
           count(*) filter (where m.mark = 'cancelled') as cancelled,
           count(*) filter (where m.mark = 'absent') as absent,
           count(*) filter (where m.mark = 'unmarked') as unmarked
      from gym.marks m
     where m.withdrawn_at is null and m.date between p_from and p_to
     group by m.slot_id, m.date),
  lessons as (
    select s.id as slot_id, d.date, d.is_closed
      from unnest(v_dates, v_weekdays, v_closed) d (date, weekday, is_closed)
      join gym.slots s on s.month = date_trunc('month', d.date::timestamp)::date and s.weekday = d.weekday and s.deleted_at is null)
  select coalesce(l.date, c.date) as date, to_char(s.starts_at, 'HH24:MI') as at, s.capacity,
         -- marks are made when their month begins
         case when s.month > v_month then s.taken else coalesce(c.enrolled, 0) end::integer as enrolled,
         case when t.state = 'held' then c.came end::integer as came,
         case when t.state = 'held' then c.excused end::integer as excused,
         case when t.state = 'held' then c.absent + c.unmarked end::integer as absent,
         (select count(*) from gym.refusals r where r.slot_id = s.id)::integer as refused,
         t.state,
         (count(*) over ())::integer as rows
    from lessons l
    full join counted c on c.slot_id = l.slot_id and c.date = l.date
    join gym.slots s on s.id = coalesce(l.slot_id, c.slot_id)
    cross join lateral (
      select case
          when l.is_closed or c.cancelled = c.enrolled
               or exists (select from gym.cancelled_lessons x where x.date = coalesce(l.date, c.date) and x.starts_at = s.starts_at) then 'cancelled'
          when c.came + c.absent > 0 or (c.enrolled > c.cancelled and c.date < v_absent_before) then 'held'
          when coalesce(l.date, c.date) + s.starts_at > v_now then 'ahead'
          when c.enrolled is null then 'empty'
          when c.unmarked = 0 then 'held'
          else 'unmarked'
        end as state) t
   order by coalesce(l.date, c.date), s.starts_at, s.id;
  return jsonb_build_object('from', p_from, 'to', p_to);
end
$$;
comment on function rules.open_occupancy(date, date) is
  'Report of occupancy: opens report_rows, a row for each lesson from p_from to p_to: date, at, capacity, enrolled, came, excused, absent (unmarked ones of a marked lesson too; null where it was not held), refused: students whom the slot, on all its dates, had no seat for in the enrolment window, '
  'state: held, cancelled, unmarked (nobody marked it yet), empty (nobody was enrolled), ahead. Returns the head. Errors: report_period_in_order, report_period_length.';

create function rules.open_term(p_from date, p_to date, p_group text default null) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows          refcursor := 'report_rows';
  v_members       integer[];
  v_absent_before date := rules.unmarked_absent_before();
begin
  perform rules.check_report_period(p_from, p_to);
  v_members := rules.group_members(p_group);
  open v_rows for
  select r.student_card, r.name, r."group",
         (m.attended + m.excused + m.absent)::integer as held, m.attended::integer, m.excused::integer, m.absent::integer,
         (select count(*) from rules.block_spans b join gym.blocks g on g.id = b.block_id
           where b.user_id = m.user_id and b.first_day <= p_to and b.last_day >= p_from and g.lifted_at is null)::integer as blocks,
         (count(*) over ())::integer as rows
    from (
      select m.user_id,
             count(*) filter (where m.mark = 'present') as attended,
             count(*) filter (where m.mark = 'excused') as excused,
             count(*) filter (where m.mark = 'absent'
                                 or (m.mark = 'unmarked'
                                     and (m.date < v_absent_before
                                          or exists (select from rules.marked_lessons l
                                                      where l.slot_id = m.slot_id and l.date = m.date offset 0)))) as absent
        from gym.marks m
       where m.withdrawn_at is null and m.date between p_from and p_to
         and (v_members is null or m.user_id = any (v_members))
       group by m.user_id) m
    join rules.roll r on r.user_id = m.user_id
   order by r.place, m.user_id;
  return jsonb_build_object('from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''));
end
$$;
comment on function rules.open_term(date, date, text) is
  'Report for credit: opens report_rows, a row for each person with marks from p_from to p_to, by name: lessons held (attended, excused and absent together; cancelled and unmarked ones are not), and blocks that stood in the period and were not lifted. Returns the head. '
  'p_group: of this group only. Errors: report_period_in_order, report_period_length.';

create function rules.open_blocked(p_from date, p_to date, p_group text default null) returns jsonb
language plpgsql volatile
  set cursor_tuple_fraction = 1 set plan_cache_mode = force_custom_plan set jit = off
as $$
declare
  v_rows    refcursor := 'report_rows';
  v_members integer[];
begin
  perform rules.check_report_period(p_from, p_to);
  v_members := rules.group_members(p_group);
  open v_rows for
  select r.student_card, r.name, r."group", b.reason,
         array_to_string(array(select to_char(d, 'DD.MM.YYYY') from unnest(b.absences) d), ', ') as absences,
         b.first_day,
         case when b.lifted_at is null then nullif(b.last_day, 'infinity') end as last_day,
         (b.lifted_at at time zone c.time_zone)::date as lifted_on,
         w.name as lifted_by, b.lift_reason,
         (count(*) over ())::integer as rows
    -- offset 0, here and below: only of the blocks of the period the people are looked up, and their names worked out
    from (select k.*, x.first_day, x.last_day
            from rules.block_spans x join gym.blocks k on k.id = x.block_id
           where x.first_day <= p_to and x.last_day >= p_from and (v_members is null or k.user_id = any (v_members))
          offset 0) b
    join lateral (select x.* from rules.roll x where x.user_id = b.user_id offset 0) r on true
    cross join gym.settings c
    left join lateral (select x.name from rules.roll x where x.user_id = b.lifted_by offset 0) w on true
   order by r.place, r.user_id, b.id;
  return jsonb_build_object('from', p_from, 'to', p_to, 'group', nullif(btrim(p_group), ''));
end
$$;
comment on function rules.open_blocked(date, date, text) is
  'Report of blocks: opens report_rows, a row for each block that stood on some day from p_from to p_to, by name: why, the absences it stands on, its first and last day (last_day null: until it is lifted, or it was), when, by whom and why it was lifted. Returns the head. '
  'p_group: of this group only. Errors: report_period_in_order, report_period_length.';
