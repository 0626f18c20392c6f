create function rules.admit(p_endpoint text, p_actor integer, p_request_id text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_anybody boolean;
  v_known   boolean;
  v_may     boolean;
begin
  perform set_config('gym.actor', coalesce(p_actor::text, ''), true),
          set_config('gym.request_id', coalesce(p_request_id, ''), true),
          -- of this transaction only: what the session does next must not be taken for this request; 63 characters is what PostgreSQL keeps
          set_config('application_name', left(concat_ws('/', split_part(current_setting('application_name'), '/', 1), p_request_id), 63), true);
  select r.anybody, u.id is not null, u.role = any (r.roles)
    into v_anybody, v_known, v_may
    from (values (p_actor)) a (id)
    left join gym.rights r on r.endpoint = p_endpoint
    left join gym.users u on u.id = a.id and not u.deleted;
  if v_anybody then
    return;
  end if;
  if p_actor is null then
    perform rules.refuse('actor_missing');
  end if;
  if not v_known then
    perform rules.refuse('actor_unknown');
  end if;
  -- an endpoint that gym.rights does not name is nobody's
  if v_may is not true then
    perform rules.refuse('role_may_not');
  end if;
end
$$;
comment on function rules.admit(text, integer, text) is
  'The gate of every wire function: who acts, and may that role call this (gym.rights, openapi.yaml). Notes actor and request id for the triggers of this transaction, '
  'the id in application_name too ("energy/<id>"), which PostgreSQL writes into its log. '
  'p_endpoint: family/action; p_actor: id of the person, null: nobody logged in. Errors: actor_missing, actor_unknown, role_may_not.';
