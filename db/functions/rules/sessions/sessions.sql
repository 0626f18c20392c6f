-- Sessions: rows with the hash of a token.

create function rules.session_limits(p_role gym.userrole, p_is_strange boolean)
returns table (idle interval, age interval)
language sql stable rows 1
as $$
  select least(l.idle, case when p_is_strange then c.strange_idle end),
         least(l.age, case when p_is_strange then c.strange_age end)
    from gym.settings c
   cross join lateral (
     select case p_role when 'ADMIN' then c.admin_idle when 'COACH' then c.coach_idle else c.student_idle end as idle,
            case p_role when 'ADMIN' then c.admin_age when 'COACH' then c.coach_age else c.student_age end as age) l
$$;
comment on function rules.session_limits(gym.userrole, boolean) is
  'How long a session may be unused, and how old it may become, by the settings. p_is_strange: at a stranger''s '
  'computer, where the shorter of both limits counts.';

-- What each request asks is in PL/pgSQL, which keeps its plans; a function in SQL would be planned at each call.

create function rules.session_ends_at(p_session gym.sessions, p_role gym.userrole) returns timestamptz
language plpgsql stable
as $$
begin
  return (
    select least(p_session.used_at + l.idle, p_session.created_at + l.age)
      from rules.session_limits(p_role, p_session.is_strange) l);
end
$$;
comment on function rules.session_ends_at(gym.sessions, gym.userrole) is
  'When a session''s time is over if it is not used again.';

create function rules.live_session(p_token_hash bytea) returns gym.sessions
language plpgsql stable
as $$
declare
  v_session gym.sessions;
  v_role    gym.userrole;
begin
  select * into v_session from gym.sessions s where s.token_hash = p_token_hash and s.ended_at is null;
  if not found then
    return null;
  end if;
  select u.role into v_role from gym.users u where u.id = v_session.user_id and not u.deleted;
  if not found or rules.session_ends_at(v_session, v_role) <= rules.clock() then
    return null;
  end if;
  return v_session;
end
$$;
comment on function rules.live_session(bytea) is
  'The session of that token''s SHA-256; null where there is none, it was ended, its time is over, or the person '
  'deleted.';

create function rules.session(p_token bytea) returns gym.sessions
language plpgsql stable
as $$
declare
  v_session gym.sessions := rules.live_session(sha256(p_token));
begin
  if v_session.id is null then
    perform rules.refuse('session_over');
  end if;
  return v_session;
end
$$;
comment on function rules.session(bytea) is
  'The live session of a token. Whoever acts for a person gives the token, never an id. Errors: session_over.';

create function rules.session_person(p_token bytea, variadic p_roles gym.userrole[]) returns gym.users
language plpgsql stable
as $$
declare
  v_session gym.sessions := rules.session(p_token);
  v_user    gym.users;
begin
  select * into strict v_user from gym.users u where u.id = v_session.user_id;
  if v_user.role <> all (p_roles) then
    perform rules.refuse('role_may_not');
  end if;
  return v_user;
end
$$;
comment on function rules.session_person(bytea, gym.userrole[]) is
  'The person of a token, who has one of the roles. Errors: session_over, role_may_not.';

create function rules.open_session(p_user_id integer, p_token bytea, p_is_strange boolean, p_address inet, p_agent text)
returns gym.sessions
language plpgsql volatile
as $$
declare
  v_session gym.sessions;
begin
  if length(p_token) is distinct from 32 then
    perform rules.refuse('field_unreadable', 'token', '32 случайных байта');
  end if;
  insert into gym.sessions (user_id, token_hash, media_hash, created_at, used_at, is_strange, network, agent)
  values (p_user_id, sha256(p_token), sha256(sha256(convert_to('media:', 'UTF8') || p_token)), rules.clock(),
    rules.clock(),
    coalesce(p_is_strange, false), rules.network_of(p_address), left(coalesce(p_agent, ''), 300))
  returning * into v_session;
  return v_session;
end
$$;
comment on function rules.open_session(integer, bytea, boolean, inet, text) is
  'Opens a session. p_token: 32 random bytes, fresh; only their hash is kept. Errors: field_unreadable.';

create function rules.use_session(p_session gym.sessions, p_role gym.userrole) returns gym.sessions
language plpgsql volatile
as $$
declare
  v_limits record;
begin
  select l.idle into strict v_limits from rules.session_limits(p_role, p_session.is_strange) l;
  -- each request would be a write: a sixtieth of the idle time is exact enough
  if p_session.used_at < rules.clock() - v_limits.idle / 60 then
    update gym.sessions s set used_at = rules.clock() where s.id = p_session.id and s.used_at < rules.clock();
    p_session.used_at := rules.clock();
  end if;
  return p_session;
end
$$;
comment on function rules.use_session(gym.sessions, gym.userrole) is
  'Prolongs a session that is used. Not called for polling.';

create function rules.end_sessions(p_user_id integer, p_reason text, p_session_id bigint default null,
  p_keep bigint default null)
returns integer
language plpgsql volatile
as $$
declare
  v_ended integer;
begin
  update gym.sessions s set ended_at = rules.clock(), end_reason = p_reason
   where s.user_id = p_user_id and s.ended_at is null
     and (p_session_id is null or s.id = p_session_id) and s.id is distinct from p_keep;
  get diagnostics v_ended = row_count;
  return v_ended;
end
$$;
comment on function rules.end_sessions(integer, text, bigint, bigint) is
  'Ends a person''s sessions: all, or p_session_id, but not p_keep. p_reason: see gym.sessions.end_reason. Gives how '
  'many.';

create function rules.reopen_session(p_session_id bigint, p_new_token bytea) returns gym.sessions
language plpgsql volatile
as $$
declare
  v_session gym.sessions;
begin
  if length(p_new_token) <> 32 then
    perform rules.refuse('field_unreadable', 'token', '32 случайных байта');
  end if;
  update gym.sessions s
     set ended_at = null, end_reason = null, used_at = rules.clock(),
         token_hash = coalesce(sha256(p_new_token), s.token_hash),
         media_hash = coalesce(sha256(sha256(convert_to('media:', 'UTF8') || p_new_token)), s.media_hash)
   where s.id = p_session_id
  returning * into v_session;
  return v_session;
end
$$;
comment on function rules.reopen_session(bigint, bytea) is
  'Opens the session anew that changed its own person''s password, which ended all of them. p_new_token: its token '
  'from now on; null: it keeps the one that it has. Errors: field_unreadable.';

create function rules.may_call(p_endpoint text, p_role gym.userrole) returns boolean
language plpgsql stable
as $$
begin
  return coalesce((
    select r.anybody or coalesce(p_role = any (r.roles), false) from gym.rights r where r.endpoint = p_endpoint),
      false);
end
$$;
comment on function rules.may_call(text, gym.userrole) is
  'Whether an endpoint admits a role, or, where p_role is null, a person who is not logged in (gym.rights).';

create function rules.session_json(p_session gym.sessions, p_endpoint text default null) returns json
language plpgsql stable
as $$
declare
  v_user    gym.users;
  v_idle    interval;
  v_version integer := rules.consent_version();
  v_may     boolean;
begin
  select * into strict v_user from gym.users u where u.id = p_session.user_id;
  select l.idle into strict v_idle from rules.session_limits(v_user.role, p_session.is_strange) l;
  if p_endpoint is not null then
    v_may := rules.may_call(p_endpoint, v_user.role);
  end if;
  return json_build_object(
    'live', true, 'session_id', p_session.id::text, 'user_id', v_user.id, 'role', v_user.role,
    'user', wire.own_user_json(v_user), 'strange', p_session.is_strange, 'created_at', p_session.created_at,
    'ends_at', rules.session_ends_at(p_session, v_user.role),
    'idle_seconds', extract(epoch from v_idle)::bigint,
    'consent_version', v_version,
    'consent_needed', v_version is not null and not rules.has_consented(v_user.id, v_version),
    'unconfirmed', v_user.unconfirmed_since is not null,
    'may', v_may,
    'message', case when not v_may then (select c.message from rules.catalogue c where c.rule = 'role_may_not') end);
end
$$;
comment on function rules.session_json(gym.sessions, text) is
  'A live session and its person, for the auth server. p_endpoint: whether the role may call it.';
