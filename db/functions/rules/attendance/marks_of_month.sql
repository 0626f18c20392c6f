create view rules.marked_lessons as
select m.slot_id, m.date, m.id as mark_id
  from gym.marks m
 where m.withdrawn_at is null and m.mark in ('absent', 'present');
comment on view rules.marked_lessons is
  'Lessons (slot and date) in which the coach marked somebody, a row for each mark: whoever is left unmarked there '
  'counts as absent. Only present and absent do, since excuses and cancellations come from elsewhere too. '
  'Whether a lesson is one of them is asked by exists (… offset 0), lesson by lesson: without offset the planner may read all of them ever.';

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
    join rules.timetable(greatest(p_from, p_month), least(p_to, (p_month + interval '1 month -1 day')::date)) d on d.weekday = e.weekday
    left join gym.cancelled_lessons l on l.date = d.date and l.starts_at = s.starts_at
   where e.month = p_month
     and (p_enrolment_ids is null or e.id = any (p_enrolment_ids))
     -- enrolled in mid-month: from the next lesson not yet begun; cancelled: up to the last one begun
     and (d.date + s.starts_at) at time zone c.time_zone > e.created_at
     and (e.cancelled_at is null or (d.date + s.starts_at) at time zone c.time_zone <= e.cancelled_at);
end
$$;
comment on function rules.expected_marks(date, date, date, integer[]) is
  'The marks that a month''s enrolments should have on the dates from p_from to p_to: one a lesson. p_enrolment_ids: of these only; null: of all. is_off: the lesson is cancelled or its day closed.';

create function rules.has_begun(p_month date) returns boolean
language plpgsql stable
as $$
begin
  -- by the clock, or by the marks: a transaction that began before the month still takes it for the next
  return p_month <= rules.this_month() or exists (select from gym.months m where m.month = p_month and m.marks_made_at is not null);
end
$$;
comment on function rules.has_begun(date) is 'Whether a month''s marks follow its enrolments: from its first day on, or since they were made.';

create function rules.sync_marks(p_month date, p_from date, p_to date, p_enrolment_ids integer[] default null) returns integer
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
  -- one statement, so that its triggers judge by what it ends in, and nobody is blocked by both timetables of a moved day
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
         mark_before  = case when excluded.mark = 'cancelled' then case when m.mark = 'cancelled' then m.mark_before else m.mark end end
   where m.withdrawn_at is not null;
  get diagnostics v_made = row_count;
  return v_made;
end
$$;
comment on function rules.sync_marks(date, date, date, integer[]) is
  'Makes sure that a month''s marks on the dates p_from to p_to are those of rules.expected_marks: makes what is missing, withdraws what should not be, brings back what was withdrawn with what a coach had set. Returns how many were made or brought back.';

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
      -- whatever marks depend on and is under way is waited for and seen; whatever begins meanwhile waits, and sees the marks
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
  'Makes sure that every month begun has its marks, also one whose turn was missed. Harmless to repeat. Returns how many marks were made.';

create function rules.enrolments__marks() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date;
  v_ids   integer[];
begin
  -- the opening's enrolments are of next month and end here
  for v_month, v_ids in
    select n.month, array_agg(n.id) from new_rows n group by n.month having rules.has_begun(n.month)
  loop
    -- what changes no lesson locks no mark: whoever holds those may be waiting for us (settings__limit)
    if tg_op = 'UPDATE' then
      v_ids := array(select n.id from new_rows n join old_rows o on o.id = n.id
                      where n.month = v_month and (n.slot_id, n.month, n.weekday, n.user_id, n.created_at, n.cancelled_at)
                                                  is distinct from (o.slot_id, o.month, o.weekday, o.user_id, o.created_at, o.cancelled_at));
    end if;
    if v_ids <> '{}' then
      perform rules.sync_marks(v_month, v_month, (v_month + interval '1 month -1 day')::date, v_ids);
    end if;
  end loop;
  return null;
end
$$;
comment on function rules.enrolments__marks() is
  'Trigger function: an enrolment made in mid-month gets its marks, a cancelled one loses those still to come. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__marks_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__marks();
create trigger enrolments__marks_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__marks();

create function rules.marks__stamp() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- set by a person; calling a lesson off or on moves mark_before too
  if new.mark <> old.mark and new.mark_before is not distinct from old.mark_before then
    new.mark_before := null;
    if new.mark = 'unmarked' then
      new.set_at := null;
      new.set_by := null;
      -- taken back in a lesson that is off, it is off again
      if rules.is_off(new.date, (select s.starts_at from gym.slots s where s.id = new.slot_id)) then
        new.mark_before := 'unmarked';
        new.mark := 'cancelled';
      end if;
    elsif new.set_at is not distinct from old.set_at then
      new.set_at := rules.clock();
      new.set_by := rules.actor();
    end if;
  elsif new.mark = 'cancelled' and new.mark_before = old.mark_before then
    -- cancelled by a person where the lesson is off already: it comes back as it was, set by whoever set it
    new.set_at := old.set_at;
    new.set_by := old.set_by;
  end if;
  -- a forgiven date is excused, whatever is marked, or taken back, later
  if new.mark in ('absent', 'unmarked') and exists (select from gym.pardons p where p.user_id = new.user_id and p.date = new.date) then
    new.mark := 'excused';
  end if;
  return new;
end
$$;
comment on function rules.marks__stamp() is
  'Trigger function: notes who set a mark and when, and excuses what was forgiven for that date. Definer: whoever may write the table may call nothing else.';
create trigger marks__stamp before update of mark on gym.marks for each row execute function rules.marks__stamp();
create function rules.marks__fixed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if not exists (select from new_rows n join gym.enrolments e on e.id = n.enrolment_id
                    where (n.slot_id, n.user_id) <> (e.slot_id, e.user_id)) then
      return null;
    end if;
  elsif (new.id, new.enrolment_id, new.slot_id, new.user_id, new.date) = (old.id, old.enrolment_id, old.slot_id, old.user_id, old.date) then
    return new;
  end if;
  perform rules.refuse('mark_of_enrolment');
  return null;
end
$$;
comment on function rules.marks__fixed() is
  'Trigger function: a mark is of its enrolment''s slot and student, and stays so, and of its date (mark_of_enrolment): else one student''s absence could become another''s. Definer: whoever may write the table may call nothing else.';
create trigger marks__fixed before update of id, enrolment_id, slot_id, user_id, date on gym.marks
  for each row execute function rules.marks__fixed();
create trigger marks__fixed_insert after insert on gym.marks
  referencing new table as new_rows for each statement execute function rules.marks__fixed();
create trigger marks__keep before delete or truncate on gym.marks for each statement execute function rules.keep();

create function rules.check_mark_days(p_date date, p_actor integer) returns void
language plpgsql stable
as $$
declare
  v_days integer := (select c.coach_marks_days from gym.settings c);
begin
  if p_date < rules.today() - v_days and (select u.role from gym.users u where u.id = p_actor) = 'COACH' then
    perform rules.refuse('coach_marks_days', v_days::text);
  end if;
end
$$;
comment on function rules.check_mark_days(date, integer) is
  'A coach changes marks for the setting''s number of days; an administrator, and psql (p_actor null), always. Errors: coach_marks_days.';

create function rules.lock_lessons(p_mark_ids integer[], p_user_ids integer[] default '{}') returns void
language plpgsql volatile
as $$
begin
  -- people before marks, as everywhere: whoever is deleted holds the person and then withdraws the marks
  perform from gym.users u
    -- one array: with "or" all people would be looked at
    where u.id = any (p_user_ids || array(
      select o.user_id from gym.marks m join gym.marks o on o.slot_id = m.slot_id and o.date = m.date
       where m.id = any (p_mark_ids)))
    order by u.id for no key update;
  perform from gym.marks m where m.id = any (p_mark_ids) order by m.id for no key update;
end
$$;
comment on function rules.lock_lessons(integer[], integer[]) is
  'Locks marks that are about to change, and before them everybody in their lessons, since one mark can decide what another counts as. p_mark_ids: ids of gym.marks; p_user_ids: people to lock with them.';

create function rules.set_mark(p_mark_id integer, p_mark gym.mark, p_actor integer) returns gym.marks
language plpgsql volatile
as $$
declare
  v_mark gym.marks;
begin
  perform rules.lock_lessons(array[p_mark_id]);
  select * into v_mark from gym.marks m where m.id = p_mark_id and m.withdrawn_at is null;
  if not found then
    perform rules.refuse('mark_not_found');
  end if;
  perform rules.check_mark_days(v_mark.date, p_actor);
  update gym.marks m
     set mark = p_mark,
         set_at = case when p_mark <> 'unmarked' then rules.clock() end,
         set_by = case when p_mark <> 'unmarked' then p_actor end
   where m.id = v_mark.id
  returning * into v_mark;
  return v_mark;
end
$$;
comment on function rules.set_mark(integer, gym.mark, integer) is
  'Sets one mark; unmarked undoes it. Errors: mark_not_found, coach_marks_days.';

create function rules.lesson_marks(p_date date, p_starts_at time) returns setof gym.marks
language sql stable
as $$
  select m.* from gym.marks m join gym.slots s on s.id = m.slot_id
   where m.date = p_date and s.starts_at = p_starts_at and m.withdrawn_at is null
   order by m.id
$$;
comment on function rules.lesson_marks(date, time) is 'The marks of a lesson, named by date and the time it begins.';

create function rules.check_lesson(p_date date, p_starts_at time) returns void
language plpgsql stable
as $$
begin
  if not exists (select from rules.lesson_marks(p_date, p_starts_at))
     and not exists (
       select from gym.slots s join rules.timetable(p_date, p_date) d on d.weekday = s.weekday
        where s.month = date_trunc('month', p_date)::date and s.starts_at = p_starts_at and s.deleted_at is null) then
    perform rules.refuse('lesson_not_found');
  end if;
end
$$;
comment on function rules.check_lesson(date, time) is 'Errors: lesson_not_found where no slot runs on that date at that time.';

create function rules.mark_lesson(p_date date, p_starts_at time, p_present integer[], p_excused integer[], p_actor integer) returns setof gym.marks
language plpgsql volatile
as $$
declare
  v_ids integer[];
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  if rules.is_off(p_date, p_starts_at) then
    perform rules.refuse('lesson_cancelled');
  end if;
  if p_present && p_excused then
    perform rules.refuse('mark_twice');
  end if;
  v_ids := array(select m.id from rules.lesson_marks(p_date, p_starts_at) m);
  perform rules.lock_lessons(v_ids);
  if exists (select from unnest(p_present || p_excused) w
              where not exists (select from gym.marks m where m.id = any (v_ids) and m.user_id = w)) then
    perform rules.refuse('not_in_lesson');
  end if;
  update gym.marks m
     set mark = case when m.user_id = any (p_present) then 'present' when m.user_id = any (p_excused) then 'excused' else 'absent' end::gym.mark,
         set_at = rules.clock(), set_by = p_actor
   where m.id = any (v_ids);
  return query select * from rules.lesson_marks(p_date, p_starts_at);
end
$$;
comment on function rules.mark_lesson(date, time, integer[], integer[], integer) is
  'Marks a whole lesson: p_present and p_excused are ids of people, the rest is absent. Returns its marks. Errors: lesson_not_found, lesson_cancelled, mark_twice, not_in_lesson, coach_marks_days.';

create function rules.unmark_lesson(p_date date, p_starts_at time, p_actor integer) returns integer
language plpgsql volatile
as $$
declare
  v_undone integer;
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  perform rules.lock_lessons(array(select m.id from rules.lesson_marks(p_date, p_starts_at) m));
  update gym.marks m set mark = 'unmarked'
   where m.id in (select l.id from rules.lesson_marks(p_date, p_starts_at) l) and m.mark in ('present', 'absent');
  get diagnostics v_undone = row_count;
  return v_undone;
end
$$;
comment on function rules.unmark_lesson(date, time, integer) is
  'Takes back a lesson''s present and absent marks; excused ones stay. Returns how many. Errors: lesson_not_found, coach_marks_days.';
