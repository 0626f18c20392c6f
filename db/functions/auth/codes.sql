create function auth.begin_code(p_card text, p_code text, p_device bytea, p_address inet, p_agent text) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.charge_attempt('code', p_card, array[rules.code_hash(coalesce(rules.card_of(p_card), 0), p_code)],
           p_device, p_address, p_agent)
$$;
comment on function auth.begin_code(text, text, bytea, inet, text) is
  'First step of a claim or a new password by code: charges it and gives salt and cost, or the refusal code_too_often. '
  'p_card, p_code: as typed; the rest as in auth.begin_log_in. Definer: the auth server may write no table.';

create function auth.use_code(
  p_attempt bigint, p_hid text, p_proof bytea, p_length integer, p_strange boolean, p_new_token bytea,
    p_new_device bytea)
returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.use_code(p_attempt, p_hid, p_proof, p_length, p_strange, p_new_token, p_new_device) $$;
comment on function auth.use_code(bigint, text, bytea, integer, boolean, bytea, bytea) is
  'Second step: sets the password and logs the person in (rules.use_code). Errors: field_unreadable. Definer: the auth '
  'server may write no table.';

create function auth.begin_sign_up(p_card text, p_address inet, p_agent text) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.begin_sign_up(p_card, p_address, p_agent) $$;
comment on function auth.begin_sign_up(text, inet, text) is
  'First step of the old front''s sign-up (rules.begin_sign_up). Definer: the auth server may write no table.';

create function auth.sign_up(
  p_attempt bigint, p_firstname text, p_secondname text, p_surname text, p_group text,
  p_hid text, p_proof bytea, p_length integer, p_new_token bytea)
returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.sign_up(p_attempt, p_firstname, p_secondname, p_surname, p_group, p_hid, p_proof, p_length, p_new_token)
$$;
comment on function auth.sign_up(bigint, text, text, text, text, text, bytea, integer, bytea) is
  'Second step: makes the account (rules.sign_up). Errors: field_unreadable, users_names_short. Definer: the auth '
  'server may write no table.';

create function auth.issue_code(p_token bytea, p_card integer, p_entropy bytea) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('studentCard', i.card, 'person', i.person, 'code', i.code, 'purpose', i.purpose,
           'valid_until', i.valid_until)
    from rules.session_person(p_token, 'COACH', 'ADMIN') u
   cross join lateral rules.issue_code(p_card, p_entropy, u.id) i
$$;
comment on function auth.issue_code(bytea, integer, bytea) is
  'A coach (for students) or an administrator makes a code; it is shown once. p_entropy: 32 random bytes. Errors: '
  'session_over, role_may_not, card_unknown, code_students_only. Definer: the auth server may write no table.';

create function auth.issue_codes(p_token bytea, p_group text, p_entropy bytea) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_agg(json_build_object('studentCard', i.card, 'person', i.person, 'code', i.code, 'purpose', i.purpose,
           'valid_until', i.valid_until) order by i.n)
    from rules.session_person(p_token, 'COACH', 'ADMIN') u
   cross join lateral rules.issue_codes(p_group, p_entropy, u.id)
     with ordinality i (card, person, code, purpose, valid_until, n)
$$;
comment on function auth.issue_codes(bytea, text, bytea) is
  'A coach or an administrator makes the codes of a group''s slips: of those on the roster without an account. Errors: '
  'session_over, role_may_not, group_has_accounts. Definer: the auth server may write no table.';

create function auth.code_groups(p_token bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select json_agg(json_build_object('group', g."group", 'without_account', g.n) order by g."group")
      from (select min(l."group") as "group", count(*) as n from rules.without_account l
             group by rules.folded(l."group")) g), '[]')
    from rules.session_person(p_token, 'COACH', 'ADMIN')
$$;
comment on function auth.code_groups(bytea) is
  'Groups of the roster and how many there have no account. Errors: session_over, role_may_not. Definer: the auth '
  'server may read no table.';

create function auth.confirm_person(p_token bytea, p_user integer) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('confirmed', rules.confirm_person(p_user, u))
    from rules.session_person(p_token, 'COACH', 'ADMIN') u
$$;
comment on function auth.confirm_person(bytea, integer) is
  'A coach (of students) or an administrator says that an account made by names is the person''s. p_user: id. Errors: '
  'session_over, role_may_not, user_not_found, code_students_only. Definer: the auth server may write no table.';

create function auth.unconfirmed(p_token bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select json_agg(json_build_object('user_id', u.id, 'studentCard', u.student_card,
             'person', r.name, 'group', u."group", 'since', u.unconfirmed_since) order by u.unconfirmed_since, u.id)
      from gym.users u join rules.roll r on r.user_id = u.id
     where u.unconfirmed_since is not null and not u.deleted), '[]')
    from rules.session_person(p_token, 'COACH', 'ADMIN')
$$;
comment on function auth.unconfirmed(bytea) is
  'Accounts made by names that nobody has confirmed yet. Errors: session_over, role_may_not. Definer: the auth server '
  'may read no table.';
