-- Enrolment as the pages show it: when it is open, and the free seats.

create function wire.window_json(p_user_id integer) returns json
language plpgsql stable
as $$
declare
  v_bar text := rules.enrolment_bar(p_user_id);
begin
  return (
    select json_build_object(
             'serverTime', wire.moment(rules.clock()), 'timeZone', c.time_zone, 'today', rules.today(),
             'month', to_char(t.for_month, 'MM-YYYY'), 'open', t.is_open, 'byHand', t.by_hand,
             'opensAt', wire.moment(t.opens_at), 'closesAt', wire.moment(t.closes_at),
             'opensFor', to_char(t.opens_for, 'MM-YYYY'), 'nextTurn', wire.moment(t.next_turn),
             'slotsPerStudent', c.slots_per_student, 'absencesToBlock', c.absences_to_block,
             'mayEnrol', v_bar is null, 'rule', v_bar,
             'message', (select format(r.message, c.enrolment_opens_on_day, to_char(c.enrolment_opens_at, 'HH24:MI'))
                           from rules.catalogue r where r.rule = v_bar))
      from rules.enrolment_times() t cross join gym.settings c);
end
$$;
comment on function wire.window_json(integer) is
  'Shape Window of openapi.yaml. p_user_id: of whom it says whether they may enrol; null: nobody is logged in.';

create function wire.seats_json() returns json
language plpgsql stable
as $$
begin
  -- One statement, so that the window and the seats are of one moment.
  return (
    select json_build_object(
             'month', to_char(t.for_month, 'MM-YYYY'), 'open', t.is_open, 'byHand', t.by_hand,
             'opensAt', wire.moment(t.opens_at), 'closesAt', wire.moment(t.closes_at),
             'opensFor', to_char(t.opens_for, 'MM-YYYY'), 'slotsPerStudent', c.slots_per_student,
             'askAgain', rules.seats_ask_again(t.is_open, t.opens_at),
             'slots', (select coalesce(json_agg(l), '[]')
                         from (select s.id, s.weekday, left(s.starts_at::text, 5) as "time",
                           s.capacity as "numberOfPersons",
                                      greatest(s.capacity - s.taken - coalesce(w.n, 0), 0) as "freeSeats",
                                      coalesce(w.n, 0) as waiting
                                 from gym.slots s
                                 -- of a list that has ended no seat is owed any more
                                 left join (
                                   select l.slot_id, case when rules.list_is_open(l.slot_id) then count(*)
                                     else 0 end as n
                                     from gym.waiting l where l.ended_at is null
                                       group by l.slot_id) w on w.slot_id = s.id
                                where s.month = t.for_month and s.deleted_at is null
                                order by s.weekday, s.starts_at) l))
      from rules.enrolment_times() t cross join gym.settings c);
end
$$;
comment on function wire.seats_json() is
  'Shape Seats of openapi.yaml, the same for everybody: next month''s slots with their free seats, and when to ask '
  'again. '
  'waiting: how many wait; freeSeats: beyond those owed to them.';

create function wire.entry_window(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/window', p_actor, p_request_id);
  return wire.window_json(p_actor);
end
$$;
comment on function wire.entry_window(integer, jsonb, text) is
  'GET /entry/window: when enrolment opens and closes, the server''s time, and whether the actor may enrol. '
  'Definer: the server may read no table.';

create function wire.avtime_seats(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('avtime/seats', p_actor, p_request_id);
  -- the time stands apart: in the document it would make another one of it every time
  return json_build_object('serverTime', wire.moment(rules.clock()), 'seats', wire.seats_json());
end
$$;
comment on function wire.avtime_seats(integer, jsonb, text) is
  'GET /avtime/seats: next month''s free seats, the same for everybody (seats), and the server''s time, which goes '
  'into a '
  'header. Definer: the server may read no table.';
