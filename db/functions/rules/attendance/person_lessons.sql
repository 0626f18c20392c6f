-- One person's lessons: what the student's pages and the calendar show, and the coach's page of a person.

create function rules.person_lessons(p_user_id integer, p_from date, p_to date)
returns table (mark_id integer, date date, starts_at time, slot_id integer, weekday integer, mark gym.mark,
  marked boolean,
  ahead boolean, reason text)
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_now   timestamp := rules.local_time();
  v_month date;
begin
  return query
  select m.id, m.date, s.starts_at, s.id, s.weekday::integer, m.mark,
         m.mark <> 'unmarked' or exists
         (select from rules.marked_lessons l where l.slot_id = m.slot_id and l.date = m.date),
         m.date + s.starts_at > v_now,
         case when m.mark = 'cancelled' then coalesce(
           (select c.reason from gym.closures c
             where c.deleted_at is null and c.runs_as is null and m.date between c.start_date and c.end_date),
           (select x.reason from gym.cancelled_lessons x where x.date = m.date and x.starts_at = s.starts_at)) end
    from gym.marks m join gym.slots s on s.id = m.slot_id
   where m.user_id = p_user_id and m.date between p_from and p_to and m.withdrawn_at is null;
  -- Months that have not begun have no marks yet: they are worked out from the seats.
  for v_month in
    select distinct e.month from gym.enrolments e
     where e.user_id = p_user_id and e.cancelled_at is null and e.month > rules.this_month() and e.month <= p_to
       and not rules.has_begun(e.month)
  loop
    return query
    select null::integer, x.date, s.starts_at, s.id, s.weekday::integer,
           case when x.is_off then 'cancelled' when p.id is not null then 'excused' else 'unmarked' end::gym.mark,
           x.is_off or p.id is not null, true,
           case when x.is_off then coalesce(
             (select c.reason from gym.closures c
               where c.deleted_at is null and c.runs_as is null and x.date between c.start_date and c.end_date),
             (select l.reason from gym.cancelled_lessons l where l.date = x.date and l.starts_at = s.starts_at)) end
      from rules.expected_marks(v_month, p_from, p_to, array(
             select e.id from gym.enrolments e
              where e.user_id = p_user_id and e.month = v_month and e.cancelled_at is null)) x
      join gym.slots s on s.id = x.slot_id
      left join gym.pardons p on p.user_id = p_user_id and p.date = x.date;
  end loop;
end
$$;
comment on function rules.person_lessons(integer, date, date) is
  'A person''s lessons from p_from to p_to, in no order: with their marks, and those of months ahead as the seats '
  'held would '
  'have them (mark_id null). marked as in shape Visit; ahead: not begun yet; reason: why a lesson is off.';

create function rules.person_lessons_json(p_user_id integer, p_from date, p_to date) returns json
language plpgsql stable
as $$
begin
  return (
    with lessons as materialized (
      select l.*, date_trunc('month', l.date::timestamp)::date as month,
             case when l.mark <> 'unmarked' then l.mark::text when l.ahead then 'ahead' when l.marked then 'absent'
                  else 'unmarked' end as counts_as
        from rules.person_lessons(p_user_id, p_from, p_to) l),
    counted as (
      select l.month, grouping(l.month) = 1 as is_total,
             json_build_object(
               'month', to_char(l.month, 'MM-YYYY'),
               'held', count(*) filter (where l.counts_as in ('present', 'absent', 'excused')),
               'present', count(*) filter (where l.counts_as = 'present'),
               'absent', count(*) filter (where l.counts_as = 'absent'),
               'excused', count(*) filter (where l.counts_as = 'excused'),
               'cancelled', count(*) filter (where l.counts_as = 'cancelled'),
               'unmarked', count(*) filter (where l.counts_as = 'unmarked'),
               'ahead', count(*) filter (where l.counts_as = 'ahead')) as numbers
        from lessons l group by grouping sets ((l.month), ()))
    select json_build_object(
             'from', p_from, 'to', p_to,
             'lessons', (select coalesce(json_agg(json_build_object(
                 'id', l.mark_id, 'date', l.date, 'time', to_char(l.starts_at, 'HH24:MI'), 'weekday', l.weekday,
                 'slot', l.slot_id,
                 'mark', case l.mark when 'present' then 1 when 'excused' then 2 when 'cancelled' then 3 else 0 end,
                 'marked', l.marked, 'ahead', l.ahead,
                 'moved', l.weekday <> extract(isodow from l.date)::integer - 1, 'reason', l.reason)
                 order by l.date, l.starts_at, l.mark_id), '[]') from lessons l),
             'closures', (select coalesce(json_agg(rules.closure_json(c) order by c.start_date), '[]')
                            from gym.closures c
                           where c.deleted_at is null and c.start_date <= p_to and c.end_date >= p_from),
             'totals', (select c.numbers::jsonb - 'month' from counted c where c.is_total),
             'months', (select coalesce(json_agg(c.numbers order by c.month),
             '[]') from counted c where not c.is_total)));
end
$$;
comment on function rules.person_lessons_json(integer, date, date) is
  'Shape PersonLessons of openapi.yaml: a person''s lessons of a period with marks, the closures that touch it, and '
  'what they '
  'add up to, by month too. Who was left unmarked in a lesson in which anybody was marked counts as absent.';

create function rules.find_people_json(p_text text, p_limit integer) returns json
language plpgsql stable
as $$
declare
  -- what is typed means itself
  v_like text := replace(replace(replace(rules.folded(p_text), '\', '\\'), '%', '\%'), '_', '\_');
begin
  return (
    select coalesce(json_agg(rules.user_json(f.u) order by f.place, (f.u).id), '[]')
      from (select u, r.place
              from gym.users u join rules.roll r on r.user_id = u.id
             where not u.deleted
               and (rules.folded(r.name) like '%' || v_like || '%' or rules.folded(u."group") like v_like || '%'
                    or u.student_card::text like v_like || '%')
             order by r.place, u.id
             limit p_limit) f);
end
$$;
comment on function rules.find_people_json(text, integer) is
  'People, not deleted, by family name: those whose name has p_text in it, or whose group or card begins with it, '
  'in any case. '
  'p_limit: at most so many.';

create function rules.lists_json(p_month date, p_weekday integer, p_starts_at time) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    with people as materialized (
      select e.slot_id, json_agg(json_build_object('entry', e.id, 'since', rules.moment(e.created_at), 'user',
        rules.user_json(u))
                                 order by r.place, u.id) as list
        from gym.enrolments e
        join gym.users u on u.id = e.user_id
        join rules.roll r on r.user_id = u.id
       where e.month = p_month and e.cancelled_at is null and (p_weekday is null or e.weekday = p_weekday)
       group by e.slot_id)
    select coalesce(json_agg(json_build_object('slot', rules.slot_seats_json(s), 'people', coalesce(p.list, '[]'),
                                               'waiting', '[]'::json) order by s.weekday, s.starts_at), '[]')
      from gym.slots s
      left join people p on p.slot_id = s.id
     where s.month = p_month and s.deleted_at is null and (p_weekday is null or s.weekday = p_weekday)
       and (p_starts_at is null or s.starts_at = p_starts_at));
end
$$;
comment on function rules.lists_json(date, integer, time) is
  'Who holds a seat in each slot of a month, of one weekday and time where they are given: shape List of '
  'openapi.yaml, people '
  'by family name. waiting is empty as long as there are no waiting lists.';
