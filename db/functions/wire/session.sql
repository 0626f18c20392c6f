-- Who acts: a session, or a bare user-id while old auth servers send one.

create function wire.actor(p_user_id integer, p_session_hash bytea) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session gym.sessions;
  v_set     text;
begin
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
  'Whether the server is configured with the right pepper (rules.pepper_fits); null: none is known. Definer: the server may '
  'read no table.';
