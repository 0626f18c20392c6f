-- Who acts: a session, or a bare user-id while old auth servers send one.

create function wire.actor(p_user_id integer, p_session_hash bytea) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session gym.sessions;
  v_set     text;
begin
  -- An installation of the functions first locks gym.rights: a request waits for it here, where it holds nothing yet.
  -- Else the two would wait for each other at gym.settings.
  if p_user_id is not null or p_session_hash is not null then
    perform from gym.rights r limit 1;
  end if;
  if p_session_hash is null then
    if p_user_id is not null and (select c.refuse_bare_user_id from gym.settings c) then
      perform rules.refuse('session_required');
    end if;
    return p_user_id;
  end if;
  v_session := rules.live_session(p_session_hash);
  if v_session.id is null then
    perform rules.refuse('session_over');
  end if;
  v_set := set_config('gym.session', v_session.id::text, true);
  return v_session.user_id;
end
$$;
comment on function wire.actor(integer, bytea) is
  'The acting person of a request, in the same statement as the endpoint: wire.x(wire.actor($1, $4), $2, $3). '
  'p_session_hash: SHA-256 of the header Session; with it p_user_id does not count. Errors: session_over, '
  'session_required. Definer: the server may read no table.';

create function wire.pepper_fits(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.pepper_fits(p_digest) $$;
comment on function wire.pepper_fits(bytea) is
  'Whether the server is configured with the right pepper (rules.pepper_fits); null: none is known. Definer: the '
  'server may read no table.';

create function wire.password_step(p_endpoint text, p_actor integer, p_body jsonb,
  p_can boolean default false) returns json
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_role gym.userrole;
  v_card integer;
begin
  select u.role into v_role from gym.users u where u.id = p_actor and not u.deleted;
  -- Whom the endpoint refuses anyway needs no hash: it says itself why.
  if v_role is not null and rules.may_call(p_endpoint, v_role)
     and (p_can or not (select c.legacy_hid from gym.settings c)) then
    v_card := case p_endpoint
      when 'user/create' then wire.int_of(p_body -> 'studentCard', 1)
      when 'user/edit-any' then (
        select u.student_card from gym.users u where u.id = wire.int_of(p_body -> 'id', 1) and not u.deleted)
      when 'user/edit-password' then (select u.student_card from gym.users u where u.id = p_actor) end;
  end if;
  if v_card is null then
    return json_build_object('hash', 'sql');
  end if;
  return json_build_object('hash', 'go', 'card', v_card, 'salt', encode(rules.salt(v_card::text), 'hex'),
    'memory_kib', rules.hash_cost() -> 'memory_kib', 'passes', rules.hash_cost() -> 'passes',
    'lanes', rules.hash_cost() -> 'lanes');
end
$$;
comment on function wire.password_step(text, integer, jsonb, boolean) is
  'What the server needs to hash the passwords of a request itself: card, salt and cost; or hash: sql, where it '
  'passes them on. p_can: it has a pepper and would rather hash; with legacy_hid off it must. Definer: the server may '
  'read no table.';
