create function rules.log_in(
  p_attempt bigint, p_hids text[], p_proofs bytea[], p_kind text, p_strange boolean, p_new_token bytea,
    p_new_device bytea)
returns json
language plpgsql volatile
as $$
declare
  v_attempt gym.attempts := rules.take_attempt(p_attempt, 'log in');
  v_user    gym.users;
  v_fits    boolean;
  v_kind    boolean;
begin
  if v_attempt.id is null or not rules.committed(v_attempt, p_hids) then
    return rules.refused('log_in_refused');
  end if;
  -- Unknown, deleted or of another kind: the password is judged all the same.
  select * into v_user from gym.users u where u.student_card = rules.card_of(v_attempt.card) and not u.deleted;
  v_fits := rules.judge_password(v_user, p_hids, p_proofs);
  v_kind := case p_kind when 'any' then true
                        when 'student' then v_user.role in ('STUDENT', 'BLOCKED')
                        when 'coach' then v_user.role = 'COACH'
                        when 'admin' then v_user.role = 'ADMIN' end;
  if v_user.id is null or not v_fits or v_kind is not true then
    perform rules.settle_attempt(v_attempt, 'wrong', false);
    return rules.refused('log_in_refused');
  end if;
  perform rules.settle_attempt(v_attempt, 'in', true);
  return rules.let_in(v_attempt, v_user.id, p_strange, p_new_token, p_new_device);
end
$$;
comment on function rules.log_in(bigint, text[], bytea[], text, boolean, bytea, bytea) is
  'Judges an attempt to log in (rules.charge_attempt). p_kind: student, coach, admin, or any; p_strange: at a '
  'stranger''s computer; p_new_token, p_new_device: fresh random bytes; no device: it is not remembered. Errors: '
  'field_unreadable. Returns the refusal log_in_refused, the same whatever the cause.';

create function rules.let_in(
  p_attempt gym.attempts, p_user_id integer, p_strange boolean, p_new_token bytea, p_new_device bytea)
returns json
language plpgsql volatile
as $$
declare
  v_session gym.sessions;
  v_new     boolean;
begin
  v_session := rules.open_session(p_user_id, p_new_token, p_strange, p_attempt.address, p_attempt.agent);
  -- A device that is known stays so; a new one is remembered unless it is a stranger's.
  update gym.devices d set last_in_at = rules.clock()
   where d.user_id = p_user_id and d.hash = p_attempt.device_hash;
  v_new := not found and length(p_new_device) >= 16 and p_strange is not true;
  if v_new then
    insert into gym.devices (user_id, hash, first_in_at, last_in_at)
    values (p_user_id, sha256(p_new_device), rules.clock(), rules.clock())
    on conflict (user_id, hash) do nothing;
  end if;
  return json_build_object('result', 'in', 'session', rules.session_json(v_session), 'new_device', coalesce(v_new,
    false));
end
$$;
comment on function rules.let_in(gym.attempts, integer, boolean, bytea, bytea) is
  'Opens the session of a person who was let in, and remembers the device. Errors: field_unreadable.';
