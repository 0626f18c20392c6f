create function rules.begin_sign_up(p_card text, p_address inet, p_agent text) returns json
language plpgsql volatile
as $$
declare
  v_by text := (select c.sign_up_by from gym.settings c);
begin
  if v_by <> 'names' then
    return rules.refused(case v_by when 'code' then 'sign_up_by_code' else 'sign_up_closed' end);
  end if;
  return rules.charge_attempt('sign up', p_card, '{}', null, p_address, p_agent);
end
$$;
comment on function rules.begin_sign_up(text, inet, text) is
  'Begins a sign-up by names, as the old front does it (setting sign_up_by). Returns refusals: sign_up_by_code, '
  'sign_up_closed, code_too_often.';

create function rules.alike(p_one text, p_other text) returns boolean
language sql immutable
as $$
  select translate(rules.folded(p_one), 'ё-', 'е ') = translate(rules.folded(p_other), 'ё-', 'е ')
$$;
comment on function rules.alike(text, text) is
  'Whether two names are the same by rules.folded, and but for hyphens and ё.';

create function rules.sign_up(
  p_attempt bigint, p_firstname text, p_secondname text, p_surname text, p_group text,
  p_hid text, p_proof bytea, p_length integer, p_new_token bytea)
returns json
language plpgsql volatile
as $$
declare
  v_attempt gym.attempts;
  v_card    integer;
  v_user    gym.users;
  v_roster  gym.roster;
begin
  if (select c.sign_up_by <> 'names' from gym.settings c) then
    return rules.refused('sign_up_by_code');
  end if;
  if coalesce(p_length, 0) < 8 then
    return rules.refused('password_too_short');
  end if;
  perform rules.check_hashed(p_length, p_hid, p_proof);
  perform rules.check_family(coalesce(p_secondname, ''));
  perform rules.check_person(null, p_firstname, p_secondname, p_surname, p_group);
  v_attempt := rules.take_attempt(p_attempt, 'sign up');
  v_card    := rules.card_of(v_attempt.card);
  select * into v_roster from gym.roster r where r.card = v_card and r.gone_at is null;
  -- Where the roster knows the card, names and group must be those of its line.
  if v_card is not null and rules.may_register(v_card)
     and (v_roster.card is null
          or rules.alike(v_roster.family, p_secondname) and rules.alike(v_roster.given, p_firstname)
             and rules.alike(v_roster."group", p_group)) then
    insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role, unconfirmed_since)
    values (v_card, btrim(p_firstname), btrim(p_secondname), coalesce(btrim(p_surname), ''), btrim(p_group), '',
      'STUDENT', rules.clock())
    on conflict on constraint users_student_card_taken do nothing
    returning * into v_user;
  end if;
  if v_user.id is null then
    if v_attempt.id is not null then
      perform rules.settle_attempt(v_attempt, 'wrong', false);
    end if;
    return rules.refused('code_refused');
  end if;
  perform rules.set_verifier(v_user.id, p_hid, p_proof);
  update gym.log_ins l set user_id = v_user.id where l.id = v_attempt.log_in_id;
  perform rules.settle_attempt(v_attempt, 'sign up', true);
  return rules.let_in(v_attempt, v_user.id, false, p_new_token, null);
end
$$;
comment on function rules.sign_up(bigint, text, text, text, text, text, bytea, integer, bytea) is
  'A student signs up by card, names and group, as on the old server, and is logged in; the account is unconfirmed. '
  'p_hid, p_proof, p_length: see rules.check_hashed. Errors: field_unreadable, users_names_short, users_family_given. '
  'Returns refusals: sign_up_by_code, password_too_short, and code_refused whatever else the cause.';

create function rules.confirm_person(p_user_id integer, p_by gym.users default null) returns boolean
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
begin
  if p_by.role = 'COACH' and v_user.role in ('COACH', 'ADMIN') then
    perform rules.refuse('code_students_only');
  end if;
  update gym.users u set unconfirmed_since = null where u.id = v_user.id and u.unconfirmed_since is not null;
  return found;
end
$$;
comment on function rules.confirm_person(integer, gym.users) is
  'Says that an account made by names is the person''s. p_by: who says so; null from psql. Gives whether it had to be '
  'said. Errors: user_not_found, code_students_only.';
