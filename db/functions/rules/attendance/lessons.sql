-- The lessons of a period, and who may still mark them.

create function rules.check_period(p_from date, p_to date) returns void
language plpgsql stable
as $$
begin
  perform rules.check_date(p_from, p_to);
  if p_to < p_from then
    perform rules.refuse('period_in_order');
  end if;
  if p_to > p_from + interval '24 months' then
    perform rules.refuse('period_length');
  end if;
end
$$;
comment on function rules.check_period(date, date) is
  'A period is one day or more, and 24 months at most. Errors: period_in_order, period_length, '
  'date_out_of_range.';

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
