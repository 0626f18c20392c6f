-- What the auth server calls for itself.

create function auth.version() returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select wire.version() $$;
comment on function auth.version() is
  'Number of the last migration, number and hash of the package (wire.version). Definer: the auth server may read no '
  'table.';

create function auth.pepper_fits(p_digest bytea) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.pepper_fits(p_digest) $$;
comment on function auth.pepper_fits(bytea) is
  'Whether the auth server is configured with the right pepper (rules.pepper_fits); null: none is known. Definer: the '
  'auth server may read no table.';

create function auth.settings() returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('sign_up_by', c.sign_up_by, 'legacy_hid', c.legacy_hid, 'password_min', 8,
    'consent_version', rules.consent_version(),
    'sign_up_message', (select r.message from rules.catalogue r where r.rule = 'sign_up_by_code'),
    'session_limits', (
      select json_object_agg(coalesce(l.role, 'STRANGE'), json_build_object(
               'idle', extract(epoch from l.idle)::bigint, 'age', extract(epoch from l.age)::bigint))
        from (select r.role, s.idle, s.age
                from unnest('{STUDENT,COACH,ADMIN}'::text[]) r (role)
               cross join lateral rules.session_limits(r.role::gym.userrole, false) s
              union all
              select null, c.strange_idle, c.strange_age) l))
    from gym.settings c
$$;
comment on function auth.settings() is
  'The settings that pages show: how one signs up, how long sessions last in seconds. Definer: the auth server may '
  'read no table.';

create function auth.refusal(p_constraint text) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select wire.refusal(p_constraint) $$;
comment on function auth.refusal(text) is
  'Error type and sentence for a constraint that was reached natively (wire.refusal). Definer: the auth server may '
  'read no view.';
