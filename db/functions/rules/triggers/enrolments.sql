create function rules.enrolments__place() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := coalesce(new.created_at, rules.clock());
  elsif new.id <> old.id then
    perform rules.refuse('id_fixed', 'gym.enrolments');
  end if;
  if new.cancelled_at is not null then
    new.cancel_reason := coalesce(new.cancel_reason, 'administrator');
  else
    new.cancel_reason := null;
    new.cancelled_by  := null;
  end if;

  -- a seat is taken: new, brought back, moved to another slot, given to another person
  if tg_op = 'INSERT'
     or new.slot_id <> old.slot_id
     or new.user_id <> old.user_id
     or (new.cancelled_at is null and old.cancelled_at is not null) then
    perform rules.lock_user(new.user_id);
    if tg_op = 'UPDATE' and (new.slot_id, new.user_id) <> (old.slot_id, old.user_id)
       and exists (select from gym.marks m where m.enrolment_id = new.id) then
      perform rules.refuse('enrolment_has_marks');
    end if;
    if tg_op = 'UPDATE' and new.cancelled_at is null and old.cancelled_at is not null
       and (rules.is_barred(new.user_id, new.month)
            or exists (select from gym.enrolments e where e.user_id = new.user_id and e.slot_id = new.slot_id and e.id > new.id)) then
      perform rules.refuse('cancelled_for_good');
    end if;
    if tg_op = 'UPDATE' and new.slot_id <> old.slot_id then
      perform from gym.slots s where s.id in (old.slot_id, new.slot_id) order by s.id for no key update;
    end if;
    -- before the row is written: the foreign key would lock the slot weaker first, and the queue would crawl
    select s.month, s.weekday into new.month, new.weekday
      from gym.slots s where s.id = new.slot_id for no key update;
    if new.cancelled_at is null and (select u.deleted from gym.users u where u.id = new.user_id) then
      perform rules.refuse('enrolment_user_deleted');
    end if;
    -- what was forced once counts, given to another, for another month, or brought back
    if tg_op = 'UPDATE' and new.beyond_limit = old.beyond_limit
       and ((new.user_id, new.month) <> (old.user_id, old.month) or old.cancelled_at is not null) then
      new.beyond_limit := null;
    end if;
  end if;
  return new;
end
$$;
comment on function rules.enrolments__place() is
  'Trigger function, the one door to a seat: locks the person, then the slot, fills in what follows from them. Errors: enrolment_user_deleted, enrolment_has_marks, cancelled_for_good, read_committed, id_fixed. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__place before insert or update on gym.enrolments for each row execute function rules.enrolments__place();

create function rules.enrolments__count() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    update gym.slots s set taken = s.taken + d.n
      from (select n.slot_id, count(*) as n from new_rows n where n.cancelled_at is null group by n.slot_id) d
     where s.id = d.slot_id;
  else
    update gym.slots s set taken = s.taken + d.n
      from (select c.slot_id, sum(c.n) as n
              from (select n.slot_id, 1 as n from new_rows n where n.cancelled_at is null
                    union all
                    select o.slot_id, -1 from old_rows o where o.cancelled_at is null) c
             group by c.slot_id having sum(c.n) <> 0) d
     where s.id = d.slot_id;
  end if;
  return null;
end
$$;
comment on function rules.enrolments__count() is
  'Trigger function: keeps gym.slots.taken equal to the active enrolments, a statement at a time. The check slots_taken_within_capacity then refuses what does not fit, whoever wrote it. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__count_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__count();
create trigger enrolments__count_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__count();

create function rules.enrolments__limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit integer := (select c.slots_per_student from gym.settings c);
begin
  if tg_op = 'UPDATE' then
    -- giving up a seat, or a slot's move to another weekday, takes none
    if not exists (
      select from new_rows n join old_rows o on o.id = n.id
       where n.cancelled_at is null
         and (o.cancelled_at is not null or n.user_id <> o.user_id or n.month <> o.month)) then
      return null;
    end if;
  end if;
  if exists (
    select from (select distinct n.user_id, n.month from new_rows n where n.cancelled_at is null and n.beyond_limit is distinct from 'forced') who
     where (select count(*) from gym.enrolments e
             where e.user_id = who.user_id and e.month = who.month and e.cancelled_at is null and e.beyond_limit is distinct from 'forced') > v_limit) then
    perform rules.refuse('slots_per_student', v_limit::text);
  end if;
  return null;
end
$$;
comment on function rules.enrolments__limit() is
  'Trigger function: at most the setting''s number of active enrolments a student and month, judged when a seat is taken; those that were forced do not count. The lock of enrolments__place makes the count true. Errors: slots_per_student. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__limit_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__limit();
create trigger enrolments__limit_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__limit();

create function rules.settings__limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- whoever takes a seat by the old limit at this moment is waited for, and counted
  lock table gym.enrolments in share row exclusive mode;
  update gym.enrolments e set beyond_limit = r.beyond
    from (select o.id, case when o.n > new.slots_per_student then coalesce(o.beyond_limit, 'lowered') end as beyond
            from (select h.id, h.beyond_limit,
                         row_number() over (partition by h.user_id, h.month order by h.beyond_limit is not distinct from 'forced', h.id) as n
                    from gym.enrolments h where h.cancelled_at is null and h.month >= rules.this_month()) o) r
   where r.id = e.id and r.beyond is distinct from e.beyond_limit;
  return null;
end
$$;
comment on function rules.settings__limit() is
  'Trigger function: another slots_per_student takes nobody''s seat; of this and later months the latest beyond it are marked so, and those within it no longer. Definer: whoever may write the table may call nothing else.';
create trigger settings__limit after update of slots_per_student on gym.settings
  for each row when (old.slots_per_student <> new.slots_per_student) execute function rules.settings__limit();

create function rules.note_force(p_rule text, p_enrolment_ids integer[], p_actor integer default rules.actor()) returns void
language plpgsql volatile
as $$
begin
  insert into gym.ledger (at, user_id, event, enrolment_id, reason, by_user)
  select rules.clock(), e.user_id, 'forced', e.id, p_rule, p_actor
    from gym.enrolments e where e.id = any (p_enrolment_ids) order by e.id;
end
$$;
comment on function rules.note_force(text, integer[], integer) is
  'Writes to the ledger that an administrator overrode a rule (p_rule, of rules.catalogue) for these seats, taken or cancelled by it.';

create function rules.release(p_enrolment_ids integer[], p_reason text, p_actor integer default rules.actor()) returns integer
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
  'Cancels enrolments, the one way a seat is given up. p_reason: one of enrolments_cancel_reason_known. Returns how many were active.';

create function rules.has_all(p_user_id integer, p_month date) returns boolean
language plpgsql stable
as $$
begin
  return (
    select count(*) >= (select c.slots_per_student from gym.settings c)
      from gym.enrolments e
     where e.user_id = p_user_id and e.month = p_month and e.cancelled_at is null and e.beyond_limit is distinct from 'forced');
end
$$;
comment on function rules.has_all(integer, date) is 'Whether a person holds as many slots of a month as slots_per_student allows.';

create function rules.enrol(p_user_id integer, p_slot_id integer, p_actor integer, p_force boolean default false, p_beyond_limit text default null)
returns gym.enrolments
language plpgsql volatile
as $$
declare
  v_user      gym.users := rules.person(p_user_id);
  v_slot      gym.slots;
  v_that_day  integer[];
  v_beyond    text := p_beyond_limit;
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
  if v_slot.month not in (rules.this_month(), rules.next_month()) and (p_force is not true or v_slot.month < rules.this_month()) then
    perform rules.refuse('enrol_month');
  end if;
  if exists (select from gym.enrolments e where e.slot_id = v_slot.id and e.user_id = v_user.id and e.cancelled_at is null) then
    perform rules.refuse('already_enrolled');
  end if;
  v_that_day := array(select e.id from gym.enrolments e
                       where e.user_id = v_user.id and e.month = v_slot.month and e.weekday = v_slot.weekday and e.cancelled_at is null);
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
  insert into gym.enrolments (slot_id, user_id, created_by, beyond_limit) values (v_slot.id, v_user.id, p_actor, v_beyond)
  returning * into v_enrolment;
  if p_force then
    perform rules.note_force('enrolments_one_a_weekday', v_that_day, p_actor);
    perform rules.note_force('slots_per_student', array[v_enrolment.id], p_actor) where v_beyond is distinct from p_beyond_limit;
    perform rules.note_force('enrol_month', array[v_enrolment.id], p_actor) where v_slot.month > rules.next_month();
  end if;
  return v_enrolment;
end
$$;
comment on function rules.enrol(integer, integer, integer, boolean, text) is
  'An administrator enrols somebody in a slot of the current or next month, open or closed (openapi.yaml entry/create-any). p_force: of a later month too, beyond slots_per_student, and in exchange for the seat held on that weekday, which the ledger notes; never beyond capacity. '
  'p_beyond_limit: that of the seat whose place this one takes. Errors: user_not_found, slot_not_found, enrol_month, already_enrolled, enrolments_one_a_weekday, slots_taken_within_capacity, slots_per_student.';

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
comment on function rules.cancel(integer, integer) is 'An administrator cancels anybody''s enrolment (openapi.yaml entry/delete-any). Errors: enrolment_not_found.';

create function rules.cancel_own(p_enrolment_id integer, p_user_id integer) returns void
language plpgsql volatile
as $$
declare
  v_month date;
begin
  select e.month into v_month from gym.enrolments e
   where e.id = p_enrolment_id and e.user_id = p_user_id and e.cancelled_at is null;
  if not found then
    perform rules.refuse('enrolment_not_found');
  end if;
  if v_month <> rules.next_month() then
    perform rules.refuse('cancel_next_month_only');
  end if;
  if rules.release(array[p_enrolment_id], 'own choice', p_user_id) = 0 then
    perform rules.refuse('enrolment_not_found');
  end if;
end
$$;
comment on function rules.cancel_own(integer, integer) is
  'A student gives up one of the own enrolments of next month, open or closed (openapi.yaml entry/delete). Errors: enrolment_not_found, cancel_next_month_only.';
