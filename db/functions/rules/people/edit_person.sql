-- Changing a person's names, group, role and card.

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

create function rules.check_own_edits(p_user_id integer) returns void
language plpgsql volatile
as $$
begin
  -- of several at once each sees those before
  perform from gym.users u where u.id = p_user_id for no key update;
  -- by the true time, as the trail has it
  if (select count(*) from gym.audit_log a
       where a.on_table = 'users' and a.key = p_user_id::text and a.actor = p_user_id and a.operation = 'update'
         and a.written_at > now() - interval '1 hour') >= 20 then
    perform rules.refuse('edits_too_often');
  end if;
end
$$;
comment on function rules.check_own_edits(integer) is
  'A person changes the own data 20 times an hour at most, by the true time. Errors: edits_too_often.';
