create function rules.timetable(p_from date, p_to date) returns table (date date, weekday integer, is_closed boolean)
language sql stable
as $$
  select d.day::date, coalesce(c.runs_as, extract(isodow from d.day)::integer - 1), c.id is not null and c.runs_as is null
    from generate_series(p_from::timestamp, p_to::timestamp, interval '1 day') d (day)
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

create function rules.follow_off(p_from date, p_to date, p_starts_at time default null) returns void
language plpgsql volatile
as $$
begin
  perform rules.lock_lessons(array(
    select m.id from gym.marks m join gym.slots s on s.id = m.slot_id
     where m.date between p_from and p_to and m.withdrawn_at is null and (p_starts_at is null or s.starts_at = p_starts_at)));
  -- what is off is asked for each mark: a join of slots with days would be planned for all slots ever
  update gym.marks m
     set mark        = case when o.is_off then 'cancelled' else m.mark_before end,
         mark_before = case when o.is_off then m.mark end
    from (select k.id, d.is_closed or exists (select from gym.cancelled_lessons l where l.date = k.date and l.starts_at = s.starts_at) as is_off
            from gym.marks k
            join gym.slots s on s.id = k.slot_id
            join rules.timetable(p_from, p_to) d on d.date = k.date
           where k.date between p_from and p_to and k.withdrawn_at is null and (p_starts_at is null or s.starts_at = p_starts_at)) o
   where m.id = o.id
     and case when o.is_off then m.mark <> 'cancelled' else m.mark_before is not null end;
end
$$;
comment on function rules.follow_off(date, date, time) is
  'Makes the marks of the dates p_from to p_to (of one time, or of all) follow cancelled lessons and closed days: cancelled where a lesson is off, what they were before where it is on again.';

create function rules.closures__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from  date := least(new.start_date, case when tg_op = 'UPDATE' then old.start_date end);
  v_to    date := greatest(new.end_date, case when tg_op = 'UPDATE' then old.end_date end);
  v_month date;
begin
  -- people before marks, as everywhere: those who may get or lose one
  perform from gym.users u
    where u.id in (select e.user_id from gym.enrolments e where e.month between date_trunc('month', v_from::timestamp) and v_to)
    order by u.id for no key update;
  for v_month in
    select m::date from generate_series(date_trunc('month', v_from::timestamp), v_to::timestamp, interval '1 month') m
  loop
    perform rules.sync_marks(v_month, v_from, v_to);
  end loop;
  perform rules.follow_off(v_from, v_to);
  return null;
end
$$;
comment on function rules.closures__apply() is
  'Trigger function: marks follow a closure or moved day at once, in both directions. Definer: whoever may write the table may call nothing else.';
create trigger closures__apply after insert or update on gym.closures for each row execute function rules.closures__apply();
create trigger closures__keep before delete or truncate on gym.closures for each statement execute function rules.keep();

create function rules.create_closure(p_start_date date, p_end_date date, p_runs_as integer, p_reason text, p_actor integer) returns gym.closures
language plpgsql volatile
as $$
declare
  v_closure gym.closures;
begin
  if p_end_date < p_start_date or p_end_date - p_start_date > 366 then
    perform rules.refuse('closures_in_order');
  end if;
  if p_runs_as is not null and p_end_date <> p_start_date then
    perform rules.refuse('closures_move_one_day');
  end if;
  if p_runs_as = extract(isodow from p_start_date) - 1 then
    perform rules.refuse('closures_move_elsewhere');
  end if;
  -- of two administrators at once the second sees what the first wrote
  lock table gym.closures in share row exclusive mode;
  if exists (select from gym.closures c
              where c.deleted_at is null and c.start_date <= p_end_date and c.end_date >= p_start_date) then
    perform rules.refuse('closures_do_not_overlap');
  end if;
  insert into gym.closures (start_date, end_date, runs_as, reason, created_at, created_by)
  values (p_start_date, p_end_date, p_runs_as, p_reason, rules.clock(), p_actor)
  returning * into v_closure;
  return v_closure;
end
$$;
comment on function rules.create_closure(date, date, integer, text, integer) is
  'Closes the days from p_start_date to p_end_date, or lets one day run as weekday p_runs_as (0 Monday). Errors: closures_in_order, closures_move_one_day, closures_move_elsewhere, closures_do_not_overlap.';

create function rules.delete_closure(p_closure_id integer, p_actor integer) returns gym.closures
language plpgsql volatile
as $$
declare
  v_closure gym.closures;
begin
  update gym.closures c set deleted_at = rules.clock(), deleted_by = p_actor
   where c.id = p_closure_id and c.deleted_at is null
  returning * into v_closure;
  if not found then
    perform rules.refuse('closure_not_found');
  end if;
  return v_closure;
end
$$;
comment on function rules.delete_closure(integer, integer) is 'Takes a closure or moved day back; the marks follow. Errors: closure_not_found.';

create function rules.cancel_lesson(p_date date, p_starts_at time, p_reason text, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  insert into gym.cancelled_lessons (date, starts_at, cancelled_at, cancelled_by, reason)
  values (p_date, p_starts_at, rules.clock(), p_actor, p_reason)
  on conflict do nothing;
end
$$;
comment on function rules.cancel_lesson(date, time, text, integer) is
  'Calls a lesson off: its marks become cancelled, those made later too (openapi.yaml visit/cancel-lesson). Harmless to repeat. Errors: lesson_not_found, coach_marks_days.';

create function rules.restore_lesson(p_date date, p_starts_at time, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  delete from gym.cancelled_lessons l where l.date = p_date and l.starts_at = p_starts_at;
  if rules.is_off(p_date, p_starts_at) then
    perform rules.refuse('day_closed');
  end if;
end
$$;
comment on function rules.restore_lesson(date, time, integer) is
  'Takes the cancellation of a lesson back; its marks are again what they were. Harmless to repeat. Errors: lesson_not_found, day_closed, coach_marks_days.';

create function rules.cancelled_lessons__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    perform rules.follow_off(old.date, old.date, old.starts_at);
  end if;
  if tg_op <> 'DELETE' then
    perform rules.follow_off(new.date, new.date, new.starts_at);
  end if;
  return null;
end
$$;
comment on function rules.cancelled_lessons__apply() is
  'Trigger function: marks follow the calling off and on of a lesson. Definer: whoever may write the table may call nothing else.';
create trigger cancelled_lessons__apply after insert or update or delete on gym.cancelled_lessons for each row execute function rules.cancelled_lessons__apply();
