-- A student's choice of slots for next month.

create function rules.refuse_blocked(p_user_id integer, p_month date) returns void
language plpgsql stable
as $$
begin
  if rules.is_barred(p_user_id, p_month) then
    perform rules.refuse('student_blocked');
  end if;
end
$$;
comment on function rules.refuse_blocked(integer, date) is
  'Errors: student_blocked where the person may not enrol for p_month.';

create function rules.held_slots(p_user_id integer, p_month date) returns integer[]
language plpgsql stable
as $$
begin
  return array(
    select e.slot_id
      from gym.enrolments e
     where e.user_id = p_user_id and e.month = p_month and e.cancelled_at is null
     order by e.slot_id);
end
$$;
comment on function rules.held_slots(integer, date) is 'Ids of the slots that a person holds in a month, ascending.';

create function rules.note_refusals(p_user_id integer, p_slot_ids integer[]) returns void
language plpgsql volatile
as $$
begin
  if p_slot_ids <> '{}' then
    insert into gym.refusals (slot_id, user_id, refused_at)
    -- in one order: two requests of one person would wait for each other in a ring
    select w, p_user_id, rules.clock() from unnest(p_slot_ids) w order by w
    -- who asks again, as the crowd does, only reads
    on conflict do nothing;
  end if;
end
$$;
comment on function rules.note_refusals(integer, integer[]) is
  'p_slot_ids: each once. Notes, once a slot and person, that the slots had no seat for them: for the report of '
  'occupancy.';

create function rules.replace_choice(
  p_user_id integer, p_month date, p_slot_ids integer[], p_free integer[], p_seen integer[] default null)
returns integer[]
language plpgsql volatile
as $$
declare
  v_held integer[];
  v_free integer[];
begin
  -- Lock the person, then the slots given up and wanted in the order of their ids, and only then look.
  perform rules.lock_user(p_user_id);
  perform rules.refuse_blocked(p_user_id, p_month);
  v_held := rules.held_slots(p_user_id, p_month);
  -- Of two pages the second must not give up what the first took a moment ago.
  if p_seen is not null and exists
  (select from unnest(v_held) h where not h = any (p_seen) and not h = any (p_slot_ids)) then
    perform rules.refuse('seat_not_seen');
  end if;
  perform from gym.slots s where s.id = any (v_held || p_free) and (s.id = any (p_free) or not s.id = any (p_slot_ids))
    order by s.id for no key update;
  if exists (select from gym.slots s where s.id = any (p_free) and s.deleted_at is not null) then
    perform rules.refuse('slot_not_offered');
  end if;
  v_free := array(select s.id from gym.slots s
                   where s.id = any (p_free) and not s.id = any (v_held) and s.taken < s.capacity
                     and case when exists (select from gym.waiting w where w.slot_id = s.id and w.ended_at is null)
                              then rules.is_free_for(p_user_id, s) else true end);

  -- Where not one of the chosen slots could be had, the old choice stays as it was.
  if p_slot_ids = '{}' or v_free <> '{}' or p_slot_ids && v_held then
    perform rules.release(
      array(select e.id from gym.enrolments e
             where e.user_id = p_user_id and e.month = p_month and e.cancelled_at is null
               and not e.slot_id = any (p_slot_ids)),
      'own choice', p_user_id);
    if v_free <> '{}' then
      insert into gym.enrolments (slot_id, user_id, created_by)
      select f, p_user_id, p_user_id from unnest(v_free) f order by f;
    end if;
  end if;
  return rules.held_slots(p_user_id, p_month);
end
$$;
comment on function rules.replace_choice(integer, date, integer[], integer[], integer[]) is
  'The part of rules.choose_slots that writes: gives up what is not among p_slot_ids, takes what is still free of '
  'p_free (wanted, not held, free a moment ago). '
  'p_seen: as in rules.choose_slots. '
  'Returns the ids of the slots that the person then holds. Errors: student_blocked, slot_not_offered, seat_not_seen.';

create function rules.choose_slots(p_user_id integer, p_slot_ids integer[], p_seen integer[] default null)
returns table (slot_id integer, is_full boolean)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_window  record := rules.enrolment_window();
  v_month   date := v_window.for_month;
  v_wanted  integer := cardinality(p_slot_ids);
  v_limit   integer;
  v_held    integer[];   -- slots that the student holds
  v_free    integer[];   -- wanted, not held, with a seat left
  v_full    integer[] := array[]::integer[];   -- wanted, and not had
begin
  -- Refused as a whole: nothing is changed.
  if not v_window.is_open then
    perform rules.refuse('enrolment_closed', c.enrolment_opens_on_day::text, to_char(c.enrolment_opens_at, 'HH24:MI'))
       from gym.settings c;
  end if;
  perform rules.refuse_blocked(p_user_id, v_month);
  v_limit := (select c.slots_per_student from gym.settings c);
  -- a seat that was forced may be chosen again
  if v_wanted > v_limit then
    if v_wanted - (select count(*) from gym.enrolments e
                    where e.user_id = p_user_id and e.month = v_month and e.cancelled_at is null
                      and e.beyond_limit = 'forced' and e.slot_id = any (p_slot_ids)) > v_limit then
      perform rules.refuse('slots_per_student', v_limit::text);
    end if;
  end if;
  -- as many weekdays as slots: each is offered, and none was named twice
  if (select count(distinct s.weekday) from gym.slots s
    where s.id = any (p_slot_ids) and s.month = v_month and s.deleted_at is null) < v_wanted then
    if exists (select from unnest(p_slot_ids) w
                where not exists (select from gym.slots s
                  where s.id = w and s.month = v_month and s.deleted_at is null)) then
      perform rules.refuse('slot_not_offered');
    end if;
    perform rules.refuse('enrolments_one_a_weekday');
  end if;

  -- Without any lock: a slot that is full and not held is answered as full; where nothing else
  -- was asked for, or all is held already, there is nothing to do. Most of the opening minute ends here.
  -- One statement, so that both are seen at one moment: else the second of a double click could find its own seat
  -- taken.
  select h.held, array(select s.id from gym.slots s
                        where s.id = any (p_slot_ids) and not s.id = any (h.held) and s.taken < s.capacity
                          -- beyond the seats owed to those who wait
                          and case when exists (select from gym.waiting w where w.slot_id = s.id and w.ended_at is null)
                                   then rules.is_free_for(p_user_id, s) else true end)
    into v_held, v_free
    from (select array(select e.slot_id from gym.enrolments e
                        where e.user_id = p_user_id and e.month = v_month and e.cancelled_at is null)
                          as held offset 0) h;
  if v_free <> '{}' or not v_held <@ p_slot_ids and (v_wanted = 0 or p_slot_ids && v_held) then
    v_held := rules.replace_choice(p_user_id, v_month, p_slot_ids, v_free, p_seen);
  end if;

  foreach slot_id in array p_slot_ids loop
    is_full := not slot_id = any (v_held);
    if is_full then
      v_full := v_full || slot_id;
    end if;
    return next;
  end loop;
  perform rules.note_refusals(p_user_id, v_full);
end
$$;
comment on function rules.choose_slots(integer, integer[], integer[]) is
  'A student''s whole choice for next month, replacing the one before (openapi.yaml entry/create): seats chosen '
  'again are kept, others given up, new ones taken where one is free; full slots come back with is_full. '
  'A seat that an administrator forced beyond the limit does not count, as long as it is chosen again. Harmless to '
  'repeat; an empty list gives up all. '
  'p_seen: the slots that the student saw as held, so that no other is given up; null: whatever is held. '
  'Errors: enrolment_closed, student_blocked, slots_per_student, enrolments_one_a_weekday, slot_not_offered, '
  'seat_not_seen; then nothing is changed.';
