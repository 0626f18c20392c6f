-- Passwords as the old front has them: a hash of card, password and pepper.

create function rules.hash_password(p_student_card integer, p_password text) returns text
language plpgsql stable
as $$
declare
  v_pepper text := (select s.value from gym.secrets s where s.name = 'pepper');
begin
  if not (select c.legacy_hid from gym.settings c) then
    perform rules.refuse('password_in_clear');
  end if;
  if v_pepper is null then
    perform rules.refuse('pepper_missing');
  end if;
  return encode(sha256(convert_to(v_pepper || p_student_card || p_password || v_pepper, 'UTF8')), 'hex');
end
$$;
comment on function rules.hash_password(integer, text) is
  'hid of a card and password: hex SHA-256 of pepper, card, password, pepper (openapi.yaml: the auth server '
  'compares it itself). The only reader of the pepper. Errors: pepper_missing; '
  'password_in_clear where legacy_hid is off: programs hash then.';

create function rules.check_password(p_password text) returns void
language plpgsql stable
as $$
begin
  if length(p_password) < 8 then
    perform rules.refuse('password_too_short');
  end if;
end
$$;
comment on function rules.check_password(text) is
  'Errors: password_too_short (under 8 characters, openapi.yaml user/edit-password).';

create function rules.change_password(p_user_id integer, p_old text, p_new text) returns void
language plpgsql volatile
as $$
declare
  v_user gym.users;
begin
  select * into v_user from gym.users u where u.id = p_user_id for no key update;
  if v_user.hid is distinct from rules.hash_password(v_user.student_card, p_old) then
    perform rules.refuse('password_wrong');
  end if;
  perform rules.edit_user(p_user_id, null, null, null, null, p_new);
end
$$;
comment on function rules.change_password(integer, text, text) is
  'A person changes the own password. Errors: password_wrong, password_too_short. The row is locked, so that of '
  'two changes at once the second must know the first''s password.';

create function rules.set_pepper(p_pepper text, p_force boolean) returns void
language plpgsql volatile
as $$
declare
  v_stored bigint := (select count(*) from gym.users u where u.hid ~ '^[0-9a-f]{64}$');
begin
  if v_stored > 0 and p_force is not true then
    perform rules.refuse('pepper_in_use', v_stored::text);
  end if;
  insert into gym.secrets (name, value) values ('pepper', p_pepper)
  on conflict (name) do update set value = excluded.value, set_at = now();
  -- that it changed, never to what
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
  values (nullif(rules.clock(), now()), rules.actor(), session_user, current_setting('application_name'),
    nullif(current_setting('gym.request_id', true), ''),
          'secrets', 'pepper', 'update', jsonb_build_object('passwords made invalid', v_stored));
end
$$;
comment on function rules.set_pepper(text, boolean) is
  'Sets the pepper to the one that the auth server holds, which the audit trail notes by the true time, with the '
  'number of passwords that no longer fit. Errors: pepper_in_use while passwords are stored, unless p_force.';
