create function rules.lock_user(p_user_id integer) returns void
language plpgsql volatile
as $$
declare
  v_called_by text;
begin
  -- whoever waits here must see what the one before did; SERIALIZABLE would find the conflict only where both were serializable
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    perform rules.refuse('read_committed');
  end if;
  -- an import holds the tables: locks of thousands of people would not fit into what PostgreSQL keeps for locks.
  -- That it is one is seen in the stack of calls; the setting, which anybody may feign, only spares the others the look
  if current_setting('gym.importing', true) = 'on' then
    get diagnostics v_called_by = pg_context;
    if rules.was_called(v_called_by, 'rules.import_legacy(text,boolean,integer)') then
      return;
    end if;
  end if;
  perform pg_advisory_xact_lock(1161707353, p_user_id);
end
$$;
comment on function rules.lock_user(integer) is
  'Makes changes of one person''s enrolments wait for each other until the transaction ends, so that a double click is one click. Not in rules.import_legacy, for which the whole tables wait. Order of locks everywhere: row of the person, this one, slots by id. Errors: read_committed.';

create function rules.person(p_user_id integer) returns gym.users
language plpgsql stable
as $$
declare
  v_user gym.users;
begin
  select * into v_user from gym.users u where u.id = p_user_id and not u.deleted;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_user;
end
$$;
comment on function rules.person(integer) is 'The person of that id, not deleted. Errors: user_not_found.';

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
  'hid of a card and password: hex SHA-256 of pepper, card, password, pepper (openapi.yaml: the auth server compares it itself). The only reader of the pepper. Errors: pepper_missing; '
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
comment on function rules.check_password(text) is 'Errors: password_too_short (under 8 characters, openapi.yaml user/edit-password).';

create function rules.check_person(p_student_card integer, variadic p_names text[] default '{}') returns void
language plpgsql stable
as $$
begin
  -- the constraints of the table would quote the whole row, the hash too
  if p_student_card <= 0 then
    perform rules.refuse('users_student_card_positive');
  end if;
  if exists (select from unnest(p_names) n where length(n) > 200) then
    perform rules.refuse('users_names_short');
  end if;
end
$$;
comment on function rules.check_person(integer, text[]) is 'What a person may be called. p_names: names and group; null is fine. Errors: users_student_card_positive, users_names_short.';

create function rules.add_user(
  p_student_card integer, p_family text, p_given text, p_patronymic text, p_group text, p_password text, p_role
    gym.userrole)
returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users;
begin
  perform rules.check_family(coalesce(p_family, ''));
  perform rules.check_person(p_student_card, p_family, p_given, p_patronymic, p_group);
  if p_password is not null then
    perform rules.check_password(p_password);
  end if;
  insert into gym.users (student_card, secondname, firstname, surname, "group", hid, role)
  values (p_student_card, p_family, p_given, p_patronymic, p_group,
    case when p_password is null then '' else rules.hash_password(p_student_card, p_password) end, p_role)
  on conflict on constraint users_student_card_taken do nothing
  returning * into v_user;
  if v_user.id is null then
    perform rules.refuse('users_student_card_taken');
  end if;
  return v_user;
end
$$;
comment on function rules.add_user(integer, text, text, text, text, text, gym.userrole) is
  'Adds a person. p_password: null: none yet, the person sets it by a code. Errors: users_family_given, '
  'users_student_card_taken, users_student_card_positive, users_names_short, password_too_short, pepper_missing.';

create function rules.edit_user(
  p_user_id integer, p_family text, p_given text, p_patronymic text, p_group text, p_password text)
returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
begin
  if p_password is not null then
    perform rules.check_password(p_password);
  end if;
  perform rules.check_family(nullif(p_family, ''));
  perform rules.check_person(null, p_family, p_given, p_patronymic, p_group);
  -- null or empty changes nothing (openapi.yaml user/edit)
  update gym.users u
     set secondname = coalesce(nullif(p_family, ''), u.secondname),
         firstname  = coalesce(nullif(p_given, ''), u.firstname),
         surname    = coalesce(nullif(p_patronymic, ''), u.surname),
         "group"    = coalesce(nullif(p_group, ''), u."group"),
         hid        = case when p_password is null then u.hid else rules.hash_password(u.student_card, p_password) end
   where u.id = v_user.id
  returning * into v_user;
  if p_password is not null then
    perform rules.void_log_ins(v_user);
  end if;
  return v_user;
end
$$;
comment on function rules.edit_user(integer, text, text, text, text, text) is
  'Changes names, group or password of a person; null or empty leaves a field. '
  'Errors: user_not_found, users_family_given (nothing but blanks), users_names_short, password_too_short.';

create function rules.edit_person(
  p_user_id integer, p_family text, p_given text, p_patronymic text, p_group text, p_role gym.userrole)
returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
begin
  perform rules.check_family(p_family);
  perform rules.check_person(null, p_family, p_given, p_patronymic, p_group);
  update gym.users u
     set secondname = coalesce(p_family, u.secondname),
         firstname  = coalesce(p_given, u.firstname),
         surname    = coalesce(p_patronymic, u.surname),
         "group"    = coalesce(p_group, u."group"),
         role       = coalesce(p_role, u.role)
   where u.id = v_user.id;
  -- what follows from a role may have changed it again
  select * into v_user from gym.users u where u.id = v_user.id;
  return v_user;
end
$$;
comment on function rules.edit_person(integer, text, text, text, text, gym.userrole) is
  'An administrator changes names, group or role; null leaves a field, empty empties it. The role BLOCKED set is a '
  'block by hand, taken away an unblock (users__block). Errors: user_not_found, users_family_given, users_names_short.';

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
  'A person changes the own password. Errors: password_wrong, password_too_short. The row is locked, so that of two changes at once the second must know the first''s password.';

create function rules.change_card(p_user_id integer, p_student_card integer) returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
begin
  perform rules.check_person(p_student_card);
  if exists (select from gym.users u where u.student_card = p_student_card and u.id <> v_user.id) then
    perform rules.refuse('users_student_card_taken');
  end if;
  -- The password is hashed with the card, so that it ends here, and with it every session.
  perform from gym.users u where u.id = v_user.id for no key update;
  delete from gym.verifiers v where v.user_id = v_user.id;
  update gym.users u set student_card = p_student_card, hid = '' where u.id = v_user.id
  returning * into v_user;
  return v_user;
end
$$;
comment on function rules.change_card(integer, integer) is
  'Gives a person another card. The password ends with the old one: the person sets a new one by a code. '
  'Errors: user_not_found, users_student_card_taken, users_student_card_positive.';

create function rules.delete_user(p_user_id integer) returns void
language plpgsql volatile
as $$
begin
  update gym.users u set deleted = true where u.id = p_user_id and not u.deleted;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
end
$$;
comment on function rules.delete_user(integer) is
  'Marks a person deleted; users__free gives up the seats from today on, history and card stay. Errors: user_not_found.';

create function rules.restore_user(p_user_id integer) returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users;
begin
  update gym.users u set deleted = false where u.id = p_user_id returning * into v_user;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_user;
end
$$;
comment on function rules.restore_user(integer) is 'Brings a deleted person back; seats given up then are not taken again. Errors: user_not_found.';

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
  values (nullif(rules.clock(), now()), rules.actor(), session_user, current_setting('application_name'), nullif(current_setting('gym.request_id', true), ''),
          'secrets', 'pepper', 'update', jsonb_build_object('passwords made invalid', v_stored));
end
$$;
comment on function rules.set_pepper(text, boolean) is
  'Sets the pepper to the one that the auth server holds, which the audit trail notes by the true time, with the number of passwords that no longer fit. Errors: pepper_in_use while passwords are stored, unless p_force.';

create function rules.users__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.student_card <> old.student_card and new.hid = old.hid
     and (old.hid ~ '^[0-9a-f]{64}$' or exists (select from gym.verifiers v where v.user_id = old.id)) then
    perform rules.refuse('card_needs_password');
  end if;
  if new.deleted <> old.deleted then
    new.deleted_at := case when new.deleted then rules.clock() end;
    -- waits for an enrolment of this person under way, so that users__free sees it
    perform rules.lock_user(new.id);
  end if;
  return new;
end
$$;
comment on function rules.users__guard() is 'Trigger function: a new card does not keep the password, which holds the old one (card_needs_password); stamps deleted_at. Definer: whoever may write the table may call nothing else.';
create trigger users__guard before update on gym.users for each row execute function rules.users__guard();

create function rules.users__free() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.release(
    array(select e.id from gym.enrolments e
           where e.user_id = new.id and e.cancelled_at is null and e.month >= rules.this_month()),
    'user deleted');
  return null;
end
$$;
comment on function rules.users__free() is 'Trigger function: whoever is deleted, on whatever path, gives up the seats from today on; past months stay as they were. Definer: whoever may write the table may call nothing else.';
create trigger users__free after update of deleted on gym.users for each row when (new.deleted and not old.deleted) execute function rules.users__free();
