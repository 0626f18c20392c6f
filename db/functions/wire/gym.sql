create function wire.gym_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('gym/get', p_actor, p_request_id);
  return rules.gym_json();
end
$$;
comment on function wire.gym_get(integer, jsonb, text) is
  'GET /gym/get: what the public page says of the gym. Definer: the server may read no table.';

create function wire.gym_rules(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('gym/rules', p_actor, p_request_id);
  return rules.plain_words_json();
end
$$;
comment on function wire.gym_rules(integer, jsonb, text) is
  'GET /gym/rules: the rules in plain words, with their numbers. Definer: the server may read no table.';
