create function wire.closure_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('closure/get', p_actor, p_request_id);
  return (select coalesce(json_agg(wire.closure_json(c) order by c.start_date), '[]') from gym.closures c
    where c.deleted_at is null);
end
$$;
comment on function wire.closure_get(integer, jsonb, text) is
  'GET /closure/get: closed and moved days, by date. Definer: the server may read no table.';

create function wire.closure_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_start date;
begin
  perform wire.admit('closure/create', p_actor, p_request_id);
  v_start := wire.date_field(p_body, 'startDate');
  return wire.closure_json(rules.create_closure(
    p_start_date => v_start,
    p_end_date   => coalesce(wire.date_field(p_body, 'endDate', false), v_start),
    p_runs_as    => wire.int_field(p_body, 'runsAs', false, p_min => 0, p_max => 6),
    p_reason     => wire.text_field(p_body, 'reason', p_min => 1),
    p_actor      => p_actor));
end
$$;
comment on function wire.closure_create(integer, jsonb, text) is
  'POST /closure/create: closes days, or lets one run as another weekday. Errors: those of rules.create_closure. '
  'Definer: the server may write no table.';

create function wire.closure_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('closure/delete', p_actor, p_request_id);
  perform rules.delete_closure(wire.int_field(p_body, 'id'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.closure_delete(integer, jsonb, text) is
  'DELETE /closure/delete: takes a closure back. Errors: those of rules.delete_closure. Definer: the server may '
  'write no table.';
