create function api.enrol(card integer default null, person integer default null, day text default null,
  at time default null, month text default 'next', slot integer default null, force boolean default false,
    reason text default null)
returns table (id integer, student integer, in_month text, weekday smallint, starts_at time, free integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select e.id, e.user_id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity - s.taken
    from rules.enrol(
      api.person_id(card, person), api.slot_id(slot, day, at, month), rules.actor(), force, p_reason => reason) e
    join rules.slot(e.slot_id) s on true
$$;
comment on function api.enrol(integer, integer, text, time, text, integer, boolean, text) is
  'Enrols a person in a slot of this or next month, whether enrolment is open or closed. card, or person: id; day '
  'and at of a month, or slot: id. '
  'force: in a later month too, beyond slots_per_student, and in exchange for the seat held on that weekday, which '
  'api.ledger notes; with a reason past the waiting list too; never beyond capacity. '
  'Errors: user_not_found, slot_not_found, enrol_month, already_enrolled, enrolments_one_a_weekday, '
  'slots_taken_within_capacity, slots_per_student, waiting_list_first, force_reason_given. Definer: writes '
  'gym.enrolments. '
  'Example: select * from api.enrol(card => 12069840, day => ''Mon'', at => ''16:00'');';

create function api.enrol_group("group" text, day text default null, at time default null, month text default 'next',
  slot integer default null, force boolean default false,
  reason text default null)
returns table (card integer, person text, enrolment integer, result text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select r.student_card, r.name, e.enrolment_id, coalesce(e.refused_by, 'enrolled')
    from rules.enrol_group("group", api.slot_id(slot, day, at, month), rules.actor(), force,
      reason) with ordinality e (user_id, enrolment_id, refused_by, n)
    join rules.roll r on r.user_id = e.user_id
   order by e.n
$$;
comment on function api.enrol_group(text, text, time, text, integer, boolean, text) is
  'Enrols the students of a group in a slot, each for himself. result: enrolled, or the rule that refused '
  '(api.rules); the others keep their seats. day and at of a month, or slot: id. force, reason: as in api.enrol. '
  'Errors: group_unknown, slot_not_found, weekday_unknown. Definer: writes gym.enrolments. Example: select * from '
  'api.enrol_group(''БИ-21'', day => ''Fri'', at => ''16:00'');';

create function api.move_enrolment(card integer default null, day text default null, to_day text default null,
  to_at time default null, month text default 'next',
  person integer default null, enrolment integer default null, to_slot integer default null,
    force boolean default false)
returns table (id integer, student integer, in_month text, weekday smallint, starts_at time, free integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select e.id, e.user_id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity - s.taken
    from (select api.enrolment_id(enrolment, card, person, day, null, month) as id) held
    join gym.enrolments h on h.id = held.id
   cross join rules.move_enrolment(held.id, api.slot_id(to_slot, to_day, to_at, to_char(h.month, 'MM-YYYY')),
     rules.actor(), force) e
    join rules.slot(e.slot_id) s on true
$$;
comment on function api.move_enrolment(integer, text, text, time, text, integer, integer, integer, boolean) is
  'Moves a person to another slot of the month; where that can''t be, the old seat stays. The seat: card (or '
  'person: id) and its day, or enrolment: id from api.enrolled. Where to: to_day and to_at, or to_slot: id. Marks '
  'of lessons past stay with the old enrolment. force: in exchange for the seat held on the new weekday. '
  'Errors: enrolment_not_found, user_not_found, slot_not_found, within_one_month, enrol_month, already_enrolled, '
  'enrolments_one_a_weekday, slots_taken_within_capacity, weekday_unknown. Definer: writes gym.enrolments. '
  'Example: select * from api.move_enrolment(12069840, ''Mon'', ''Wed'', ''17:30'', month => ''current'');';

create function api.cancel(enrolment integer default null, card integer default null, day text default null,
  at time default null, month text default 'next', person integer default null)
returns table (id integer, student integer, slot integer, cancelled_at timestamptz)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select e.id, e.user_id, e.slot_id, e.cancelled_at
    from rules.cancel(api.enrolment_id(enrolment, card, person, day, at, month), rules.actor()) e
$$;
comment on function api.cancel(integer, integer, text, time, text, integer) is
  'Cancels an enrolment. enrolment: id from api.enrolled, or card (or person: id) and the day of a month. Errors: '
  'enrolment_not_found, user_not_found, weekday_unknown. Definer: writes gym.enrolments. '
  'Example: select * from api.cancel(card => 12069840, day => ''Mon'', month => ''current'');';

create function api.open_enrolment() returns setof api.enrolment
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.turn_enrolment(true, rules.actor());
  return query select * from api.enrolment;
end
$$;
comment on function api.open_enrolment() is
  'Opens enrolment by hand until the next scheduled turn. Next month''s slots are made if they are not there. '
  'Definer: writes gym.manual_turns. Example: select * from api.open_enrolment();';

create function api.close_enrolment() returns setof api.enrolment
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.turn_enrolment(false, rules.actor());
  return query select * from api.enrolment;
end
$$;
comment on function api.close_enrolment() is
  'Closes enrolment by hand until the next scheduled turn. Definer: writes gym.manual_turns. Example: select * from '
  'api.close_enrolment();';
