create function auth.begin_change_password(p_token bytea, p_commitments bytea[], p_address inet,
  p_agent text) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.charge_attempt('password', u.student_card::text, p_commitments, null, p_address, p_agent, u.id)
    from rules.session(p_token) s join gym.users u on u.id = s.user_id
$$;
comment on function auth.begin_change_password(bytea, bytea[], inet, text) is
  'First step of changing the own password: charges the guess of the old one (auth.begin_log_in). Errors: '
  'session_over. Definer: the auth server may write no table.';

create function auth.change_password(
  p_token bytea, p_attempt bigint, p_old_hids text[], p_old_proofs bytea[],
  p_hid text, p_proof bytea, p_length integer, p_new_token bytea)
returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.change_own_password(p_token, p_attempt, p_old_hids, p_old_proofs, p_hid, p_proof, p_length, p_new_token)
$$;
comment on function auth.change_password(bytea, bigint, text[], bytea[], text, bytea, integer, bytea) is
  'Second step: changes it and ends all other sessions (rules.change_own_password). Errors: session_over, '
  'field_unreadable. Definer: the auth server may write no table.';
