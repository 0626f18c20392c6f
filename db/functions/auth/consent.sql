create function auth.consent_document() returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('version', d.version, 'text', d.body, 'published_at', d.published_at)
    from gym.consent_documents d where d.version = rules.consent_version()
$$;
comment on function auth.consent_document() is
  'The consent that is asked for; null: none is published. Definer: the auth server may read no table.';

create function auth.consents(p_token bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'needed', rules.consent_version() is not null and not rules.has_consented(s.user_id, rules.consent_version()),
    'document', auth.consent_document(),
    'given', (
      select coalesce(json_agg(json_build_object('version', c.version, 'given_at', c.given_at,
               'withdrawn_at', c.withdrawn_at) order by c.given_at desc), '[]')
        from gym.consents c where c.user_id = s.user_id))
    from rules.session(p_token) s
$$;
comment on function auth.consents(bytea) is
  'What the person agreed to, and whether to ask. Errors: session_over. Definer: the auth server may read no table.';

create function auth.give_consent(p_token bytea, p_version integer, p_address inet) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select json_build_object('version', rules.give_consent(s.user_id, p_version, p_address))
  from rules.session(p_token) s $$;
comment on function auth.give_consent(bytea, integer, inet) is
  'The person agrees to the version shown. Errors: session_over, consent_outdated. Definer: the auth server may write '
  'no table.';

create function auth.withdraw_consent(p_token bytea, p_address inet) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('withdrawn', rules.withdraw_consent(s.user_id, p_address), 'then', c.on_consent_withdrawn,
           'closes_on', case c.on_consent_withdrawn when 'close' then rules.closes_on(rules.clock()) end)
    from rules.session(p_token) s cross join gym.settings c
$$;
comment on function auth.withdraw_consent(bytea, inet) is
  'The person takes back the consent; then: what follows by the setting on_consent_withdrawn. Errors: session_over. '
  'Definer: the auth server may write no table.';
