create function rules.admit(p_endpoint text, p_actor integer, p_request_id text) returns gym.users
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_right gym.rights;
  v_actor gym.users;
begin
  perform set_config('gym.actor', coalesce(p_actor::text, ''), true),
          set_config('gym.request_id', coalesce(p_request_id, ''), true);
  select * into v_right from gym.rights r where r.endpoint = p_endpoint;
  if v_right.anybody then
    return null;
  end if;
  if p_actor is null then
    perform rules.refuse('actor_missing');
  end if;
  select * into v_actor from gym.users u where u.id = p_actor and not u.deleted;
  if not found then
    perform rules.refuse('actor_unknown');
  end if;
  if v_right.endpoint is null or not v_actor.role = any (v_right.roles) then
    perform rules.refuse('role_may_not');
  end if;
  return v_actor;
end
$$;
comment on function rules.admit(text, integer, text) is
  'The gate of every wire function: who acts, and may that role call this (gym.rights, contract.md). Notes actor and request id for the triggers of this transaction. '
  'Returns the actor; null where anybody may call. Errors: actor_missing, actor_unknown, role_may_not.';
