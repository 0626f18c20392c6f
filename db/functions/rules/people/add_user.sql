-- Adding a person.

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
comment on function rules.check_person(integer, text[]) is
  'What a person may be called. p_names: names and group; null is fine. Errors: users_student_card_positive, '
  'users_names_short.';

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
