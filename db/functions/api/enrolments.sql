create function api.enrol(card integer default null, person integer default null, day text default null, at time default null, month text default 'next', slot integer default null)
returns table (id integer, student integer, in_month text, weekday smallint, starts_at time, free integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select e.id, e.user_id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity - s.taken
    from rules.enrol(rules.person_id(card, person), rules.slot_id(slot, day, at, month), rules.actor()) e
    join rules.slot(e.slot_id) s on true
$$;
comment on function api.enrol(integer, integer, text, time, text, integer) is
  'Enrols a person (card, or person: id) in a slot (day and at of a month, or slot: id) of this or next month, open or closed. '
  'Errors: user_not_found, slot_not_found, enrol_month, already_enrolled, enrolments_one_a_weekday, slots_taken_within_capacity, slots_per_student. Definer: writes gym.enrolments. '
  'Example: select * from api.enrol(card => 12069840, day => ''Mon'', at => ''16:00'');';

create function api.cancel(enrolment integer) returns table (id integer, student integer, slot integer, cancelled_at timestamptz)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select e.id, e.user_id, e.slot_id, e.cancelled_at from rules.cancel(enrolment, rules.actor()) e $$;
comment on function api.cancel(integer) is 'Cancels an enrolment (id from api.enrolled). Errors: enrolment_not_found. Definer: writes gym.enrolments. Example: select * from api.cancel(42);';

create function api.open_enrolment() returns setof api.enrolment
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.turn_enrolment(true, rules.actor());
  return query select * from api.enrolment;
end
$$;
comment on function api.open_enrolment() is 'Opens enrolment by hand until the next scheduled turn, and makes sure that next month''s slots stand. Definer: writes gym.manual_turns. Example: select * from api.open_enrolment();';

create function api.close_enrolment() returns setof api.enrolment
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.turn_enrolment(false, rules.actor());
  return query select * from api.enrolment;
end
$$;
comment on function api.close_enrolment() is 'Closes enrolment by hand until the next scheduled turn. Definer: writes gym.manual_turns. Example: select * from api.close_enrolment();';
