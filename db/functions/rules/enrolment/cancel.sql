-- Giving a seat up.

create function rules.release(p_enrolment_ids integer[], p_reason text, p_actor integer default rules.actor())
  returns integer
language plpgsql volatile
as $$
declare
  v_released integer;
begin
  -- an empty list would still fire the statement triggers
  if cardinality(p_enrolment_ids) = 0 then
    return 0;
  end if;
  -- slots before enrolments, by id: the order of every path
  perform from gym.slots s
    where s.id in (select e.slot_id from gym.enrolments e where e.id = any (p_enrolment_ids))
    order by s.id for no key update;
  update gym.enrolments e
     set cancelled_at = rules.clock(), cancelled_by = p_actor, cancel_reason = p_reason
   where e.id = any (p_enrolment_ids) and e.cancelled_at is null;
  get diagnostics v_released = row_count;
  return v_released;
end
$$;
comment on function rules.release(integer[], text, integer) is
  'Cancels enrolments, the one way a seat is given up. p_reason: one of enrolments_cancel_reason_known. Returns '
  'how many were active.';

create function rules.cancel(p_enrolment_id integer, p_actor integer) returns gym.enrolments
language plpgsql volatile
as $$
declare
  v_enrolment gym.enrolments;
begin
  if rules.release(array[p_enrolment_id], 'administrator', p_actor) = 0 then
    perform rules.refuse('enrolment_not_found');
  end if;
  select * into v_enrolment from gym.enrolments e where e.id = p_enrolment_id;
  return v_enrolment;
end
$$;
comment on function rules.cancel(integer, integer) is
  'An administrator cancels anybody''s enrolment (openapi.yaml entry/delete-any). Errors: enrolment_not_found.';

create function rules.cancel_own(p_enrolment_id integer, p_user_id integer) returns void
language plpgsql volatile
as $$
declare
  v_month    date;
  v_promoted boolean;
begin
  select e.month, e.position_id is not null and rules.local_time() < rules.first_lesson(s) + s.starts_at into v_month,
    v_promoted
    from gym.enrolments e join gym.slots s on s.id = e.slot_id
   where e.id = p_enrolment_id and e.user_id = p_user_id and e.cancelled_at is null;
  if not found then
    perform rules.refuse('enrolment_not_found');
  end if;
  -- who was promoted may not have known: that seat may be given up until its first lesson
  if v_month <> rules.next_month() and v_promoted is not true then
    perform rules.refuse('cancel_next_month_only');
  end if;
  if rules.release(array[p_enrolment_id], 'own choice', p_user_id) = 0 then
    perform rules.refuse('enrolment_not_found');
  end if;
end
$$;
comment on function rules.cancel_own(integer, integer) is
  'A student gives up one of the own enrolments of next month, open or closed (openapi.yaml entry/delete); of this '
  'month one that came from a waiting list, until its first lesson. Errors: enrolment_not_found, '
  'cancel_next_month_only.';
