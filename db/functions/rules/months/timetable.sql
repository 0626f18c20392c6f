-- Which weekday each day runs, and which days and lessons are off.

create function rules.timetable(p_from date, p_to date) returns table (date date, weekday integer, is_closed boolean)
language sql stable
as $$
  select d.day::date, coalesce(c.runs_as, extract(isodow from d.day)::integer - 1),
    c.id is not null and c.runs_as is null
    from -- never from infinity to infinity
         generate_series(greatest(p_from, '2000-01-01')::timestamp, least(p_to, '2099-12-31')::timestamp,
           interval '1 day') d (day)
    left join gym.closures c on c.deleted_at is null and d.day::date between c.start_date and c.end_date
$$;
comment on function rules.timetable(date, date) is
  'Which weekday''s timetable each date runs (its own, or that of a moved day), and whether it is closed.';

create function rules.is_off(p_date date, p_starts_at time) returns boolean
language plpgsql stable
as $$
begin
  return (
    select exists (select from gym.cancelled_lessons l where l.date = p_date and l.starts_at = p_starts_at)
        or exists (select from rules.timetable(p_date, p_date) d where d.is_closed));
end
$$;
comment on function rules.is_off(date, time) is 'Whether a lesson is cancelled, or its day closed.';
