-- An administrator enrols a person, or a group.

create function rules.note_force(p_rule text, p_enrolment_ids integer[], p_actor integer default rules.actor())
  returns void
language plpgsql volatile
as $$
begin
  insert into gym.ledger (at, user_id, event, enrolment_id, reason, by_user)
  select rules.clock(), e.user_id, 'forced', e.id, p_rule, p_actor
    from gym.enrolments e where e.id = any (p_enrolment_ids) order by e.id;
end
$$;
comment on function rules.note_force(text, integer[], integer) is
  'Writes to the ledger that an administrator overrode a rule (p_rule, of rules.catalogue) for these seats, taken '
  'or cancelled by it.';

create function rules.has_all(p_user_id integer, p_month date) returns boolean
language plpgsql stable
as $$
begin
  return (
    select count(*) >= (select c.slots_per_student from gym.settings c)
      from gym.enrolments e
     where e.user_id = p_user_id and e.month = p_month and e.cancelled_at is null and e.beyond_limit is distinct
       from 'forced');
end
$$;
comment on function rules.has_all(integer, date) is
  'Whether a person holds as many slots of a month as slots_per_student allows.';

create function rules.enrol(
  p_user_id integer, p_slot_id integer, p_actor integer, p_force boolean default false,
    p_beyond_limit text default null,
  p_reason text default null, p_past_list text default null)
returns gym.enrolments
language plpgsql volatile
as $$
declare
  v_user      gym.users := rules.person(p_user_id);
  v_slot      gym.slots;
  v_that_day  integer[];
  v_beyond    text := p_beyond_limit;
  v_past      text := p_past_list;
  v_enrolment gym.enrolments;
begin
  perform rules.lock_user(v_user.id);
  if p_force then
    -- slots by id, as everywhere: the seat that is given up may be of any
    perform from gym.slots s
      where s.id = p_slot_id
         or s.id in (select slot from rules.slots_of_month(array[v_user.id], p_slot_id) slot)
      order by s.id for no key update;
  end if;
  v_slot := rules.slot(p_slot_id);
  if v_slot.month not in (rules.this_month(), rules.next_month())
    and (p_force is not true or v_slot.month < rules.this_month()) then
    perform rules.refuse('enrol_month');
  end if;
  if exists (select from gym.enrolments e
    where e.slot_id = v_slot.id and e.user_id = v_user.id and e.cancelled_at is null) then
    perform rules.refuse('already_enrolled');
  end if;
  v_that_day := array(select e.id from gym.enrolments e
                       where e.user_id = v_user.id and e.month = v_slot.month and e.weekday = v_slot.weekday
                         and e.cancelled_at is null);
  if v_that_day <> '{}' and p_force is not true then
    perform rules.refuse('enrolments_one_a_weekday');
  end if;
  if v_slot.taken >= v_slot.capacity then
    perform rules.refuse('slots_taken_within_capacity');
  end if;
  perform rules.release(v_that_day, 'moved', p_actor);
  if p_force and rules.has_all(v_user.id, v_slot.month) then
    v_beyond := 'forced';
  end if;
  -- force passes the waiting list, where there are people before this one, and says why
  if p_force and v_past is null and rules.ahead_of(v_user.id, v_slot.id) >= v_slot.capacity - v_slot.taken then
    if coalesce(btrim(p_reason), '') = '' then
      perform rules.refuse('force_reason_given');
    end if;
    v_past := 'forced';
  end if;
  insert into gym.enrolments (slot_id, user_id, created_by, beyond_limit, past_list)
  values (v_slot.id, v_user.id, p_actor, v_beyond, v_past)
  returning * into v_enrolment;
  if p_force then
    perform rules.note_force('waiting_list_first: ' || p_reason, array[v_enrolment.id], p_actor)
      where v_past = 'forced';
    perform rules.note_force('enrolments_one_a_weekday', v_that_day, p_actor);
    perform rules.note_force('slots_per_student', array[v_enrolment.id], p_actor) where v_beyond is distinct
      from p_beyond_limit;
    perform rules.note_force('enrol_month', array[v_enrolment.id], p_actor) where v_slot.month > rules.next_month();
  end if;
  return v_enrolment;
end
$$;
comment on function rules.enrol(integer, integer, integer, boolean, text, text, text) is
  'An administrator enrols somebody in a slot of the current or next month, open or closed (openapi.yaml '
  'entry/create-any). p_force: of a later month too, beyond slots_per_student, and in exchange for the seat held '
  'on that weekday, which the ledger notes; never beyond capacity. '
  'p_beyond_limit: that of the seat whose place this one takes. p_reason: why force passes the waiting list. '
  'p_past_list: an exemption from it, as the column of gym.enrolments has it. '
  'Errors: user_not_found, slot_not_found, enrol_month, already_enrolled, enrolments_one_a_weekday, '
  'slots_taken_within_capacity, slots_per_student, waiting_list_first, force_reason_given.';

create function rules.enrol_group(
  p_group text, p_slot_id integer, p_actor integer, p_force boolean default false, p_reason text default null)
returns table (user_id integer, enrolment_id integer, refused_by text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_ids integer[] := array(select u.id from gym.users u join rules.roll r on r.user_id = u.id
                            where rules.folded(u."group") = nullif(rules.folded(p_group), '')
                              and u.role in ('STUDENT', 'BLOCKED') and not u.deleted
                            order by r.place, u.id);
begin
  if v_ids = '{}' then
    perform rules.refuse('group_unknown', p_group);
  end if;
  -- everybody before the slot, as everywhere
  perform rules.lock_people(v_ids);
  perform from gym.slots s
    where s.id = p_slot_id or p_force and s.id in (select slot from rules.slots_of_month(v_ids, p_slot_id) slot)
    order by s.id for no key update;
  perform rules.slot(p_slot_id);
  foreach user_id in array v_ids loop
    enrolment_id := null;
    refused_by := null;
    begin
      enrolment_id := (rules.enrol(user_id, p_slot_id, p_actor, p_force, p_reason => p_reason)).id;
    exception
      when sqlstate 'ENRUL' then
        get stacked diagnostics refused_by = constraint_name;
    end;
    return next;
  end loop;
end
$$;
comment on function rules.enrol_group(text, integer, integer, boolean, text) is
  'Enrols every student of a group (by rules.folded) in a slot, in the order of their names, each for himself: '
  'whom a rule refuses is named with the rule, the others have their seat. p_force, p_reason: as in rules.enrol. '
  'Errors: group_unknown, slot_not_found.';
