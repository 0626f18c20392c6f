-- Each seat has a mark for each of its lessons, from the beginning of the month on.

create view rules.marked_lessons as
select m.slot_id, m.date, m.id as mark_id
  from gym.marks m
 where m.withdrawn_at is null and m.mark in ('absent', 'present');
comment on view rules.marked_lessons is
  'Lessons (slot and date) in which the coach marked somebody, a row for each mark: whoever is left unmarked there '
  'counts as absent. Only present and absent do, since excuses and cancellations come from elsewhere too. '
  'Whether a lesson is one of them is asked by exists (… offset 0), lesson by lesson: without offset the planner '
  'may read all of them ever.';

create function rules.expected_marks(p_month date, p_from date, p_to date, p_enrolment_ids integer[] default null)
returns table (enrolment_id integer, slot_id integer, user_id integer, date date, is_off boolean)
-- not sql: planned for the arguments at hand, one enrolment or a month of them
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
  select e.id, e.slot_id, e.user_id, d.date, d.is_closed or l.date is not null
    from gym.settings c
    cross join gym.enrolments e
    join gym.slots s on s.id = e.slot_id
    join rules.timetable(greatest(p_from, p_month),
      least(p_to, (p_month + interval '1 month -1 day')::date)) d on d.weekday = e.weekday
    left join gym.cancelled_lessons l on l.date = d.date and l.starts_at = s.starts_at
   where e.month = p_month
     and (p_enrolment_ids is null or e.id = any (p_enrolment_ids))
     -- enrolled in mid-month: from the next lesson not yet begun; cancelled: up to the last one begun
     and (d.date + s.starts_at) at time zone c.time_zone > e.created_at
     and (e.cancelled_at is null or (d.date + s.starts_at) at time zone c.time_zone <= e.cancelled_at);
end
$$;
comment on function rules.expected_marks(date, date, date, integer[]) is
  'The marks that a month''s enrolments should have on the dates from p_from to p_to: one a lesson. '
  'p_enrolment_ids: of these only; null: of all. is_off: the lesson is cancelled or its day closed.';

create function rules.has_begun(p_month date) returns boolean
language plpgsql stable
as $$
begin
  -- by the clock, or by the marks: a transaction that began before the month still takes it for the next
  return p_month <= rules.this_month()
    or exists (select from gym.months m where m.month = p_month and m.marks_made_at is not null);
end
$$;
comment on function rules.has_begun(date) is
  'Whether a month''s marks follow its enrolments: from its first day on, or since they were made.';

create function rules.sync_marks(p_month date, p_from date, p_to date, p_enrolment_ids integer[] default null)
  returns integer
-- planned for one enrolment, it would take hours for a month of them
language plpgsql volatile set plan_cache_mode = force_custom_plan
as $$
declare
  v_made integer;
begin
  -- marks are made when their month begins, by rules.ensure_marks
  if not rules.has_begun(p_month) then
    return 0;
  end if;
  -- one statement, so that its triggers judge by what it ends in, and nobody is blocked by both timetables of a moved
  -- day
  with withdrawn as (
    update gym.marks m set withdrawn_at = rules.clock()
      from gym.enrolments e
     where e.id = m.enrolment_id and e.month = p_month and m.withdrawn_at is null and m.date between p_from and p_to
       and (p_enrolment_ids is null or m.enrolment_id = any (p_enrolment_ids))
       and not exists (select from rules.expected_marks(p_month, p_from, p_to, p_enrolment_ids) x
                        where x.enrolment_id = m.enrolment_id and x.date = m.date)
  )
  insert into gym.marks as m (enrolment_id, slot_id, user_id, date, mark, mark_before)
  select x.enrolment_id, x.slot_id, x.user_id, x.date,
         case when x.is_off then 'cancelled' when p.id is not null then 'excused' else 'unmarked' end::gym.mark,
         case when x.is_off then case when p.id is not null then 'excused' else 'unmarked' end end::gym.mark
    from rules.expected_marks(p_month, p_from, p_to, p_enrolment_ids) x
    left join gym.pardons p on p.user_id = x.user_id and p.date = x.date
   order by x.date, x.slot_id, x.enrolment_id
  -- brought back as its lesson is by now, which may have been called off or on meanwhile
  on conflict (enrolment_id, date) do update
     set withdrawn_at = null,
         mark         = case when excluded.mark = 'cancelled' then 'cancelled' else coalesce(m.mark_before, m.mark) end,
         mark_before  = case when excluded.mark = 'cancelled' then case when m.mark = 'cancelled' then m.mark_before
           else m.mark end end
   where m.withdrawn_at is not null;
  get diagnostics v_made = row_count;
  return v_made;
end
$$;
comment on function rules.sync_marks(date, date, date, integer[]) is
  'Makes sure that a month''s marks on the dates p_from to p_to are those of rules.expected_marks: makes what is '
  'missing, withdraws what should not be, brings back what was withdrawn with what a coach had set. Returns how '
  'many were made or brought back.';

create function rules.ensure_marks() returns integer
language plpgsql volatile
as $$
declare
  v_month date;
  v_made  integer := 0;
begin
  for v_month in
    select distinct s.month from gym.slots s
     where s.month <= rules.this_month()
       and not exists (select from gym.months m where m.month = s.month and m.marks_made_at is not null)
     order by s.month
  loop
    -- of several servers at once the second waits here, and finds it done
    insert into gym.months (month) values (v_month) on conflict do nothing;
    perform from gym.months m where m.month = v_month and m.marks_made_at is null for update;
    if found then
      -- whatever marks depend on and is under way is waited for and seen; whatever begins meanwhile waits, and sees
      -- the marks
      -- (people before their enrolments, as everywhere: marks of days past are judged)
      lock table gym.closures, gym.cancelled_lessons, gym.pardons in share mode;
      perform from gym.users u
        where u.id in (select e.user_id from gym.enrolments e where e.month = v_month) order by u.id for no key update;
      lock table gym.enrolments in share mode;
      v_made := v_made + rules.sync_marks(v_month, v_month, (v_month + interval '1 month -1 day')::date);
      update gym.months m set marks_made_at = rules.clock() where m.month = v_month;
      analyze gym.marks;
    end if;
  end loop;
  return v_made;
end
$$;
comment on function rules.ensure_marks() is
  'Makes sure that every month begun has its marks, also one whose turn was missed. Harmless to repeat. Returns '
  'how many marks were made.';
