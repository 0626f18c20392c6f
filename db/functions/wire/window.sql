create function wire.entry_window(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('entry/window', p_actor, p_request_id);
  return rules.window_json(p_actor);
end
$$;
comment on function wire.entry_window(integer, jsonb, text) is
  'GET /entry/window: when enrolment opens and closes, the server''s time, and whether the actor may enrol. '
  'Definer: the server may read no table.';

create function wire.avtime_seats(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('avtime/seats', p_actor, p_request_id);
  -- the time stands apart: in the document it would make another one of it every time
  return json_build_object('serverTime', rules.moment(rules.clock()), 'seats', rules.seats_json());
end
$$;
comment on function wire.avtime_seats(integer, jsonb, text) is
  'GET /avtime/seats: next month''s free seats, the same for everybody (seats), and the server''s time, which goes '
  'into a '
  'header. Definer: the server may read no table.';
