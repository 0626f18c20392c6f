create function auth.begin_log_in(p_card text, p_commitments bytea[], p_device bytea, p_address inet, p_agent text)
returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.charge_attempt('log in', p_card, p_commitments, p_device, p_address, p_agent) $$;
comment on function auth.begin_log_in(text, bytea[], bytea, inet, text) is
  'First step of a log-in: charges it and gives salt and cost, or the refusal log_in_too_often. p_card: as typed; '
  'p_commitments: SHA-256 of "commit:" and each hid, one or two; p_device: the device''s cookie or null; p_address: '
  'the client''s; p_agent: User-Agent. Definer: the auth server may write no table.';

create function auth.log_in(
  p_attempt bigint, p_hids text[], p_proofs bytea[], p_kind text, p_strange boolean, p_new_token bytea,
    p_new_device bytea)
returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.log_in(p_attempt, p_hids, p_proofs, p_kind, p_strange, p_new_token, p_new_device) $$;
comment on function auth.log_in(bigint, text[], bytea[], text, boolean, bytea, bytea) is
  'Second step of a log-in, in a transaction of its own: judges it and opens the session (rules.log_in). Errors: '
  'field_unreadable. Definer: the auth server may write no table.';
