create function wire.user_own(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('user/own', p_actor, p_request_id);
  return (select rules.user_json(u) from gym.users u where u.id = p_actor);
end
$$;
comment on function wire.user_own(integer, jsonb, text) is
  'GET /user/own: the actor. Definer: the server may read no table.';

create function wire.user_blocks(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('user/blocks', p_actor, p_request_id);
  return rules.blocks_json(p_actor);
end
$$;
comment on function wire.user_blocks(integer, jsonb, text) is
  'GET /user/blocks: why, since when and until when the actor is or was blocked, the latest first. '
  'Definer: the server may read no table.';
