-- Passwords: how they are compared, kept and changed. Programs hash them; no function here ever takes one.

create function rules.check_hashed(p_length integer, p_hid text, p_proof bytea) returns void
language plpgsql stable
as $$
begin
  if coalesce(p_length, 0) < 8 then
    perform rules.refuse('password_too_short');
  end if;
  if p_hid is null or p_hid !~ '^[0-9a-f]{64}$' then
    perform rules.refuse('field_unreadable', 'hid', 'SHA-256, 64 знака от 0 до f');
  end if;
  if length(p_proof) is distinct from 32 then
    perform rules.refuse('field_unreadable', 'proof', '32 байта');
  end if;
end
$$;
comment on function rules.check_hashed(integer, text, bytea) is
  'What a program must have made of a new password. p_length: characters of the password; p_hid: its old hash; '
  'p_proof: argon2id of that. Errors: password_too_short, field_unreadable.';

create function rules.judge_password(p_user gym.users, p_hids text[], p_proofs bytea[]) returns boolean
language plpgsql volatile
as $$
declare
  v_stored  bytea;
  v_fits    boolean;
  v_hid_too boolean;
begin
  select v.digest into v_stored from gym.verifiers v where v.user_id = p_user.id;
  -- The same work for everybody: digests are reckoned and compared also where there is nobody and nothing.
  select coalesce(bool_or(rules.digest(t.proof, t.hid) = coalesce(v_stored, '\x')), false),
         coalesce(bool_or(t.hid = p_user.hid and t.hid ~ '^[0-9a-f]{64}$'), false)
    into v_fits, v_hid_too
    from unnest(p_hids, p_proofs) t (hid, proof);
  if v_stored is not null or not v_hid_too or not (select c.legacy_hid from gym.settings c) then
    return v_fits and v_stored is not null;
  end if;
  -- Only the old hash is stored, and it fits: from now on there is a good one. Of the card as a number, whatever was
  -- typed.
  if length(p_proofs[1]) is distinct from 32 then
    return false;
  end if;
  insert into gym.verifiers (user_id, digest, made_at)
  values (p_user.id, rules.digest(p_proofs[1], p_hids[1]), rules.clock())
  on conflict (user_id) do nothing;
  return true;
end
$$;
comment on function rules.judge_password(gym.users, text[], bytea[]) is
  'Whether a password is the person''s. p_hids: its old hash, with the card as a number and, where that differs, as '
  'it was typed; p_proofs: argon2id of each. Where only the old hash is kept (setting legacy_hid), it is compared '
  'itself, and the new verifier is kept: the upgrade needs no step of its own.';

create function rules.void_log_ins(p_user gym.users) returns void
language plpgsql volatile
as $$
begin
  -- the same password once more is a change too, which no trigger sees
  perform rules.end_sessions(p_user.id, 'password');
  perform rules.void_codes(array[p_user.student_card]);
end
$$;
comment on function rules.void_log_ins(gym.users) is
  'What a new password ends: all sessions of the person, and the code that waits for a password.';

create function rules.set_verifier(p_user_id integer, p_hid text, p_proof bytea) returns void
language plpgsql volatile
as $$
declare
  v_legacy boolean := (select c.legacy_hid from gym.settings c);
  v_user   gym.users;
begin
  -- Old auth servers compare hid itself. Where it changes, the trigger ends the sessions and voids what was kept.
  update gym.users u set hid = case when v_legacy then p_hid else '' end where u.id = p_user_id;
  insert into gym.verifiers as v (user_id, digest, made_at) values (p_user_id, rules.digest(p_proof, p_hid),
    rules.clock())
  on conflict (user_id) do update set digest = excluded.digest, made_at = excluded.made_at;
  select * into strict v_user from gym.users u where u.id = p_user_id;
  perform rules.void_log_ins(v_user);
end
$$;
comment on function rules.set_verifier(integer, text, bytea) is
  'Sets a person''s password, already hashed: p_hid, p_proof as in rules.check_hashed. Ends all sessions and voids the '
  'code that waits for a password.';

create function rules.note_password(p_user_id integer, p_outcome text) returns void
language sql volatile
as $$
  insert into gym.log_ins (at, user_id, outcome, agent, known_device) values (rules.clock(), p_user_id, p_outcome, '',
    false)
$$;
comment on function rules.note_password(integer, text) is
  'Notes in the person''s log that the password was changed. p_outcome: password, or password given by another.';

create function rules.change_own_password(
  p_token bytea, p_attempt bigint, p_old_hids text[], p_old_proofs bytea[],
  p_hid text, p_proof bytea, p_length integer, p_new_token bytea)
returns json
language plpgsql volatile
as $$
declare
  v_session gym.sessions := rules.session(p_token);
  v_attempt gym.attempts;
  v_user    gym.users;
begin
  if coalesce(p_length, 0) < 8 then
    return rules.refused('password_too_short');
  end if;
  perform rules.check_hashed(p_length, p_hid, p_proof);
  v_attempt := rules.take_attempt(p_attempt, 'password');
  -- Of two changes at once the second must know the first's password.
  select * into strict v_user from gym.users u where u.id = v_session.user_id for no key update;
  if v_attempt.id is null or v_attempt.user_id <> v_user.id or not rules.committed(v_attempt, p_old_hids) then
    return rules.refused('password_wrong');
  end if;
  if not rules.judge_password(v_user, p_old_hids, p_old_proofs) then
    perform rules.settle_attempt(v_attempt, 'wrong', false);
    return rules.refused('password_wrong');
  end if;
  perform rules.settle_attempt(v_attempt, 'password', true);
  perform rules.set_verifier(v_user.id, p_hid, p_proof);
  v_session := rules.reopen_session(v_session.id, p_new_token);
  return json_build_object('result', 'changed', 'session', rules.session_json(v_session));
end
$$;
comment on function rules.change_own_password(bytea, bigint, text[], bytea[], text, bytea, integer, bytea) is
  'A person changes the own password. All sessions end but the one that did it, which gets p_new_token, or keeps its '
  'token where that is null. Errors: session_over, field_unreadable. Returns refusals: password_wrong, '
  'password_too_short.';

-- ---- the old hashes ----

create function rules.legacy_left() returns bigint
language sql stable
as $$
  select count(*) from gym.users u
   where u.hid ~ '^[0-9a-f]{64}$' and not exists (select from gym.verifiers v where v.user_id = u.id)
$$;
comment on function rules.legacy_left() is 'Of how many people only the old hash is kept.';

create function rules.legacy_hashes(p_after integer default 0, p_limit integer default 200)
returns table (user_id integer, hid text, salt bytea)
language sql stable
as $$
  select u.id, u.hid, rules.salt(u.student_card::text)
    from gym.users u
   where u.id > p_after and u.hid ~ '^[0-9a-f]{64}$' and not exists (select from gym.verifiers v where v.user_id = u.id)
   order by u.id
   limit p_limit
$$;
comment on function rules.legacy_hashes(integer, integer) is
  'Old hashes that are not wrapped yet, by id, for energy auth retire-legacy, which works as the owner.';

create function rules.wrap_legacy(p_users integer[], p_hids text[], p_proofs bytea[]) returns integer
language plpgsql volatile
as $$
declare
  v_kept integer;
begin
  -- by id, and only where nothing changed meanwhile: a batch that is done twice, or too late, does no harm
  perform from gym.users u where u.id = any (p_users) order by u.id for no key update;
  insert into gym.verifiers (user_id, digest, made_at)
  select u.id, rules.digest(t.proof, t.hid), rules.clock()
    from unnest(p_users, p_hids, p_proofs) t (user_id, hid, proof)
    join gym.users u on u.id = t.user_id and u.hid = t.hid
   where length(t.proof) = 32
  on conflict (user_id) do nothing;
  get diagnostics v_kept = row_count;
  return v_kept;
end
$$;
comment on function rules.wrap_legacy(integer[], text[], bytea[]) is
  'Keeps argon2id of old hashes. p_proofs: of p_hids, which are those of p_users. Gives how many were kept.';
