create function auth.session(p_token bytea, p_counts boolean, p_endpoint text default null) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session gym.sessions := rules.live_session(sha256(p_token));
begin
  if v_session.id is null then
    return json_build_object('live', false,
      'may', case when p_endpoint is not null then rules.may_call(p_endpoint, null) end);
  end if;
  if p_counts then
    v_session := rules.use_session(v_session, (select u.role from gym.users u where u.id = v_session.user_id));
  end if;
  return rules.session_json(v_session, p_endpoint);
end
$$;
comment on function auth.session(bytea, boolean, text) is
  'Who is logged in by a token, once a request; never raises. p_counts: false for polling, which is no use of the '
  'session; p_endpoint: family/action, whether the role may call it. Definer: the auth server may read no table.';

create function auth.sessions(p_token bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce(json_agg(json_build_object('session_id', s.id::text, 'created_at', s.created_at, 'used_at', s.used_at,
           'ends_at', rules.session_ends_at(s, u.role), 'network', s.network, 'agent', s.agent, 'strange', s.is_strange,
           'current', s.id = own.id) order by s.used_at desc, s.id desc), '[]')
    from rules.session(p_token) own
    join gym.sessions s on s.user_id = own.user_id and s.ended_at is null
    join gym.users u on u.id = s.user_id
   where rules.session_ends_at(s, u.role) > rules.clock()
$$;
comment on function auth.sessions(bytea) is
  'The person''s own live sessions, the latest used first. Errors: session_over. Definer: the auth server may read no '
  'table.';

create function auth.end_session(p_token bytea, p_session bigint) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('ended', rules.end_sessions(s.user_id, 'ended', p_session)) from rules.session(p_token) s
   where p_session is not null
$$;
comment on function auth.end_session(bytea, bigint) is
  'Ends one of the person''s own sessions. Errors: session_over. Definer: the auth server may write no table.';

create function auth.end_sessions(p_token bytea, p_keep_this boolean) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('ended',
    rules.end_sessions(s.user_id, 'ended', p_keep => case when p_keep_this then s.id end))
    from rules.session(p_token) s
$$;
comment on function auth.end_sessions(bytea, boolean) is
  'Ends all of the person''s own sessions; p_keep_this: but the one of the token. Errors: session_over. Definer: the '
  'auth server may write no table.';

create function auth.log_out(p_token bytea) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('ended', coalesce(
    (select rules.end_sessions(s.user_id, 'logged out', s.id)
       from rules.live_session(sha256(p_token)) s where s.id is not null), 0))
$$;
comment on function auth.log_out(bytea) is
  'Ends the session of the token, if it is live; never raises. Definer: the auth server may write no table.';

create function auth.log_ins(p_token bytea, p_before bigint default null, p_limit integer default 50) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce(json_agg(json_build_object('id', l.id::text, 'at', l.at, 'outcome', replace(l.outcome, ' ', '_'),
    'network', l.network,
           'agent', l.agent, 'known_device', l.known_device) order by l.id desc), '[]')
    from (select l.*
            from rules.session(p_token) s
            join gym.log_ins l on l.user_id = s.user_id
           where p_before is null or l.id < p_before
           order by l.id desc
           limit least(greatest(p_limit, 1), 200)) l
$$;
comment on function auth.log_ins(bytea, bigint, integer) is
  'The person''s own log of log-ins, the latest first. p_before: those before that id; p_limit: 1 to 200. Errors: '
  'session_over. Definer: the auth server may read no table.';

create function auth.end_person_sessions(p_token bytea, p_user integer) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.session_person(p_token, 'ADMIN');
  return json_build_object('ended', rules.end_sessions((rules.person(p_user)).id, 'administrator'));
end
$$;
comment on function auth.end_person_sessions(bytea, integer) is
  'An administrator ends all sessions of a person. p_user: id. Errors: session_over, role_may_not, user_not_found. '
  'Definer: the auth server may write no table.';
