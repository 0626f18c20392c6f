-- Days on which the gym is closed, or runs another weekday's timetable.

create function rules.create_closure(p_start_date date, p_end_date date, p_runs_as integer, p_reason text,
  p_actor integer) returns gym.closures
language plpgsql volatile
as $$
declare
  v_closure gym.closures;
begin
  perform rules.check_date(p_start_date, p_end_date);
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
  'Closes the days from p_start_date to p_end_date, or lets one day run as weekday p_runs_as (0 Monday). Errors: '
  'closures_in_order, closures_move_one_day, closures_move_elsewhere, closures_do_not_overlap.';

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
comment on function rules.delete_closure(integer, integer) is
  'Takes a closure or moved day back; the marks follow. Errors: closure_not_found.';
