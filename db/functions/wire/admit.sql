-- Who may call an endpoint. All functions of wire that are no definers are helpers of those that are: the server may
-- not
-- call them.

create function wire.admit(p_endpoint text, p_actor integer, p_request_id text) returns void
language plpgsql volatile
as $$
declare
  v_anybody boolean;
  v_roles   gym.userrole[];
  v_role    gym.userrole;
  v_set     text;
begin
  v_set := set_config('gym.actor', coalesce(p_actor::text, ''), true);
  v_set := set_config('gym.request_id', coalesce(p_request_id, ''), true);
  -- of this transaction only: what the session does next must not be taken for this request; 63 characters is what
  -- PostgreSQL keeps
  v_set := set_config('application_name',
    left(concat_ws('/', split_part(current_setting('application_name'), '/', 1), p_request_id), 63), true);
  select r.anybody, r.roles into v_anybody, v_roles from gym.rights r where r.endpoint = p_endpoint;
  if v_anybody then
    return;
  end if;
  if p_actor is null then
    perform rules.refuse('actor_missing');
  end if;
  select u.role into v_role from gym.users u where u.id = p_actor and not u.deleted;
  if not found then
    perform rules.refuse('actor_unknown');
  end if;
  -- an endpoint that gym.rights does not name is nobody's
  if (v_role = any (v_roles)) is not true then
    perform rules.refuse('role_may_not');
  end if;
end
$$;
comment on function wire.admit(text, integer, text) is
  'The gate of every wire function: who acts, and may that role call this (gym.rights, openapi.yaml). Notes actor '
  'and request id for the triggers of this transaction, '
  'the id in application_name too ("energy/<id>"), which PostgreSQL writes into its log. '
  'p_endpoint: family/action; p_actor: id of the person, null: nobody logged in. Errors: actor_missing, '
  'actor_unknown, role_may_not.';
