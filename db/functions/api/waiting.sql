-- The waiting lists in psql.

create view api.waiting_list as
select to_char(s.month, 'MM-YYYY') as month, (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[s.weekday + 1] as day,
       to_char(s.starts_at, 'HH24:MI') as at, w.rank, r.student_card as card, r.name as person, r."group", w.joined_at,
       w.moved_reason, w.slot_id, w.user_id
  from rules.waiting_lists w
  join gym.slots s on s.id = w.slot_id
  join rules.roll r on r.user_id = w.user_id
 order by s.month, s.weekday, s.starts_at, w.rank;
comment on view api.waiting_list is
  'Who waits for which slot, in the order of each list. Example: select * from api.waiting_list where day = ''Mon'';';

create function api.join_waiting_list(card integer default null, day text default null, at time default null,
  month text default 'next', instead_of text default null, person integer default null, slot integer default null)
returns table (id integer, student integer, slot_id integer, rank integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_position gym.waiting;
begin
  v_position := rules.join_list(
    api.person_id(card, person), api.slot_id(slot, day, at, month),
    case when instead_of is not null then api.enrolment_id(null, card, person, instead_of, null, month) end,
      rules.actor());
  -- apart: one statement would count the list as it was before
  return query select v_position.id, v_position.user_id, v_position.slot_id, rules.rank_of(v_position);
end
$$;
comment on function api.join_waiting_list(integer, text, time, text, text, integer, integer) is
  'Puts a person at the end of a slot''s waiting list. card, or person: id; day and at of a month, or slot: id. '
  'instead_of: '
  'day of the seat that the new one would replace; a seat on the same day is replaced anyway. Who waits there '
  'keeps the rank. '
  'Errors: user_not_found, slot_not_found, waiting_lists_off, waits_per_student, waiting_list_closed, '
  'already_enrolled, '
  'student_blocked, slots_per_student, enrolments_one_a_weekday, instead_of_own_seat. Definer: writes gym.waiting. '
  'Example: select * from api.join_waiting_list(12069840, day => ''Fri'', at => ''16:00'');';

create function api.leave_waiting_list(card integer default null, day text default null, at time default null,
  month text default 'next', person integer default null, slot integer default null)
returns table (id integer, student integer, slot_id integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select w.id, w.user_id, w.slot_id
    from rules.leave_list(api.person_id(card, person), api.slot_id(slot, day, at, month), rules.actor()) w
$$;
comment on function api.leave_waiting_list(integer, text, time, text, integer, integer) is
  'Takes a person off a slot''s waiting list. card, or person: id; day and at of a month, or slot: id. '
  'Errors: user_not_found, slot_not_found, position_not_found. Definer: writes gym.waiting. '
  'Example: select * from api.leave_waiting_list(12069840, ''Wed'', ''16:00'');';

create function api.move_ahead(card integer default null, day text default null, at time default null,
  reason text default null, month text default 'next', rank integer default 1, person integer default null,
  slot integer default null)
returns table (id integer, student integer, slot_id integer, new_rank integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_position gym.waiting;
begin
  v_position := rules.move_ahead(api.person_id(card, person), api.slot_id(slot, day, at, month), rank, reason);
  return query select v_position.id, v_position.user_id, v_position.slot_id, rules.rank_of(v_position);
end
$$;
comment on function api.move_ahead(integer, text, time, text, text, integer, integer, integer) is
  'Moves a person ahead on a slot''s waiting list, to the first rank or to rank. reason: why, for the audit trail. '
  'card, or '
  'person: id; day and at of a month, or slot: id. Errors: move_ahead_reason_given, user_not_found, slot_not_found, '
  'position_not_found, move_ahead_only. Definer: writes gym.waiting. '
  'Example: select * from api.move_ahead(12069840, ''Wed'', ''16:00'', ''травма зажила'');';
