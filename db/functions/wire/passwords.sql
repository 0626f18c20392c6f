-- Passwords that the main server has hashed itself: a request then has passwordProof {hid, proof} for each of them.

create function wire.has_proof(p_body jsonb) returns boolean
language sql immutable
as $$ select jsonb_typeof(p_body -> 'passwordProof') = 'object' $$;
comment on function wire.has_proof(jsonb) is
  'Whether the server has hashed the new password of a request (wire.password_step).';

create function wire.proof_field(p_object jsonb) returns bytea
language plpgsql stable
as $$
declare
  v_text text := wire.text_field(p_object, 'proof');
begin
  if v_text !~ '^[0-9a-f]{64}$' then
    perform rules.refuse('field_unreadable', 'proof', '32 байта');
  end if;
  return decode(v_text, 'hex');
end
$$;
comment on function wire.proof_field(jsonb) is 'The field proof as 32 bytes. Errors: field_missing, field_unreadable.';

create function wire.set_proof(p_user_id integer, p_body jsonb) returns void
language plpgsql volatile
as $$
declare
  v_given jsonb := p_body -> 'passwordProof';
begin
  perform rules.check_hashed(wire.int_field(v_given, 'length', p_min => 0), wire.text_field(v_given, 'hid'),
    wire.proof_field(v_given));
  perform rules.set_verifier(p_user_id, wire.text_field(v_given, 'hid'), wire.proof_field(v_given));
end
$$;
comment on function wire.set_proof(integer, jsonb) is
  'Sets a person''s password as the field passwordProof has it: {length, hid, proof}. Errors: password_too_short, '
  'field_missing, field_unreadable.';

create function wire.change_proven_password(p_user_id integer, p_body jsonb) returns void
language plpgsql volatile
as $$
declare
  v_old  jsonb := p_body -> 'oldPasswordProof';
  v_user gym.users;
begin
  select * into v_user from gym.users u where u.id = p_user_id for no key update;
  if jsonb_typeof(v_old) is distinct from 'object' then
    perform rules.refuse('field_missing', 'oldPassword');
  end if;
  if not rules.judge_password(v_user, array[wire.text_field(v_old, 'hid')], array[wire.proof_field(v_old)]) then
    perform rules.refuse('password_wrong');
  end if;
  perform wire.set_proof(p_user_id, p_body);
end
$$;
comment on function wire.change_proven_password(integer, jsonb) is
  'A person changes the own password by the main server, which has hashed both: oldPasswordProof {hid, proof} and '
  'passwordProof. Errors: password_wrong, field_missing, and those of wire.set_proof.';
