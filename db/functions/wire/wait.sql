-- The waiting lists, as a student sees them: the own rank and the length, and nobody's name.

create function wire.position_json(p_position gym.waiting) returns json
language plpgsql stable
as $$
begin
  return (
    select json_build_object('id', p_position.id, 'selectedTime', wire.slot_json(s), 'place', rules.rank_of(p_position),
             'waiting', rules.list_length(s.id), 'since', wire.moment(p_position.joined_at),
             'insteadOf', p_position.instead_of, 'closesAt', wire.moment(rules.list_closes_at(s)))
      from gym.slots s where s.id = p_position.slot_id);
end
$$;
comment on function wire.position_json(gym.waiting) is
  'Shape Position of openapi.yaml: a slot with the rank in its list, the length of it, and when it ends.';

create function wire.wait_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_position gym.waiting;
begin
  perform wire.admit('wait/create', p_actor, p_request_id);
  v_position := rules.join_list(
    p_actor, wire.int_field(p_body, 'selectedTime'), wire.int_field(p_body, 'insteadOf', false), p_actor);
  -- apart: one statement would count the list as it was before
  return wire.position_json(v_position);
end
$$;
comment on function wire.wait_create(integer, jsonb, text) is
  'POST /wait/create: the actor joins a waiting list; sent again it keeps the rank. Errors: those of rules.join_list. '
  'Definer: the server may write no table.';

create function wire.wait_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('wait/delete', p_actor, p_request_id);
  perform rules.leave_list(p_actor, wire.int_field(p_body, 'selectedTime'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.wait_delete(integer, jsonb, text) is
  'DELETE /wait/delete: the actor leaves a waiting list. Errors: those of rules.leave_list. Definer: the server may '
  'write no table.';

create function wire.wait_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('wait/get', p_actor, p_request_id);
  return (
    select coalesce(json_agg(wire.position_json(w) order by w.id), '[]')
      from gym.waiting w where w.user_id = p_actor and w.ended_at is null);
end
$$;
comment on function wire.wait_get(integer, jsonb, text) is
  'GET /wait/get: the waiting lists that the actor is on, with the rank. Definer: the server may read no table.';
