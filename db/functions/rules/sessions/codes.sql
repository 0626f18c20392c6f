-- Codes: eight characters, used once, of which only the hash is kept.

create function rules.code_typed(p_code text) returns text
language sql immutable
as $$
  -- what looks alike on a Russian keyboard is the same letter
  select translate(upper(regexp_replace(coalesce(left(p_code, 100), ''), '[\s\u00a0\u2010-\u2015-]', '', 'g')),
                   'АВЕКМНРСТУХ', 'ABEKMHPCTYX')
$$;
comment on function rules.code_typed(text) is
  'A code as it was typed, made comparable: no blanks, no hyphens, capitals, Latin letters for Cyrillic ones that '
  'look so.';

create function rules.code_hash(p_card integer, p_code text) returns bytea
language sql stable
as $$ select rules.hmac('code', convert_to(p_card || ' ' || rules.code_typed(p_code), 'UTF8')) $$;
comment on function rules.code_hash(integer, text) is 'What is kept of a code. Errors: auth_key_missing.';

create function rules.random_bytes() returns bytea
language plpgsql volatile
as $$
declare
  v_bytes bytea;
begin
  -- by name at run time: PostgreSQL 12 lacks it
  execute 'select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))' into strict v_bytes;
  return v_bytes;
exception
  when undefined_function then
    perform rules.refuse('random_missing');
    return null;
end
$$;
comment on function rules.random_bytes() is
  '32 random bytes, where PostgreSQL has them (13 and later). Errors: random_missing.';

create function rules.make_code(p_entropy bytea, p_card integer) returns text
language plpgsql immutable
as $$
declare
  v_letters text   := '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
  v_bytes   bytea  := sha256(p_entropy || convert_to(p_card::text, 'UTF8'));
  v_number  bigint := 0;
  v_code    text   := '';
begin
  for v_n in 0 .. 4 loop
    v_number := v_number * 256 + get_byte(v_bytes, v_n);
  end loop;
  for v_n in 1 .. 8 loop
    v_code := v_code || substr(v_letters, (v_number & 31)::integer + 1, 1) || case v_n when 4 then '-' else '' end;
    v_number := v_number >> 5;
  end loop;
  return v_code;
end
$$;
comment on function rules.make_code(bytea, integer) is
  'A code of 40 bits, ABCD-EFGH, without 0, 1, I and O. p_entropy: 32 random bytes, which serve for many cards.';

create function rules.void_codes(p_cards integer[]) returns integer
language plpgsql volatile
as $$
declare
  v_voided integer;
begin
  update gym.codes c set voided_at = rules.clock()
   where c.card = any (p_cards) and c.used_at is null and c.voided_at is null;
  get diagnostics v_voided = row_count;
  return v_voided;
end
$$;
comment on function rules.void_codes(integer[]) is 'Ends the codes of cards that nobody has used yet. Gives how many.';

create function rules.issue_code(p_card integer, p_entropy bytea, p_actor integer)
returns table (card integer, person text, code text, purpose text, valid_until timestamptz)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_user   gym.users;
  v_roster gym.roster;
  v_actor  gym.userrole := (select u.role from gym.users u where u.id = p_actor);
begin
  -- Two who issue at once: the second replaces the first's.
  perform pg_advisory_xact_lock(1161707355, p_card);
  select * into v_user from gym.users u where u.student_card = p_card and not u.deleted;
  if v_user.id is null then
    select * into v_roster from gym.roster r where r.card = p_card and r.gone_at is null;
    if v_roster.card is null or exists (select from gym.users u where u.student_card = p_card) then
      perform rules.refuse('card_unknown');
    end if;
  end if;
  if v_actor = 'COACH' and v_user.role in ('COACH', 'ADMIN') then
    perform rules.refuse('code_students_only');
  end if;

  card   := p_card;
  code   := rules.make_code(coalesce(p_entropy, rules.random_bytes()), p_card);
  person := coalesce((select r.name from rules.roll r where r.user_id = v_user.id), (
    select r.name from rules.roster_roll r where r.card = p_card));
  -- who has a password gets another one; who has none yet has the time of a slip of paper
  purpose := case when v_user.id is not null
                       and (v_user.hid ~ '^[0-9a-f]{64}$' or exists (select from gym.verifiers v
                         where v.user_id = v_user.id))
                  then 'reset' else 'enrolment' end;
  select rules.clock() + case purpose when 'reset' then c.reset_code_valid else c.enrolment_code_valid end
    into strict valid_until from gym.settings c;
  perform rules.void_codes(array[p_card]);
  insert into gym.codes (card, purpose, hash, issued_at, issued_by, valid_until)
  values (p_card, purpose, rules.code_hash(p_card, code), rules.clock(), p_actor, valid_until);
  return next;
end
$$;
comment on function rules.issue_code(integer, bytea, integer) is
  'Makes the code by which a card''s person claims the account, or sets a new password. It is given once and replaces '
  'the one before. p_entropy: 32 random bytes; null: PostgreSQL''s own; p_actor: who issues it, null from psql. '
  'Errors: card_unknown, code_students_only (a coach), random_missing, auth_key_missing.';

create function rules.first_code(p_user gym.users, p_entropy bytea) returns table (code text, valid_until timestamptz)
language plpgsql volatile
as $$
begin
  if p_entropy is null and current_setting('server_version_num')::integer < 130000 then
    return;
  end if;
  return query select i.code, i.valid_until from rules.issue_code(p_user.student_card, p_entropy, rules.actor()) i;
end
$$;
comment on function rules.first_code(gym.users, bytea) is
  'The code for a person who has no password; no row where neither the caller nor PostgreSQL brings random bytes.';

create function rules.issue_codes(p_group text, p_entropy bytea, p_actor integer)
returns table (card integer, person text, code text, purpose text, valid_until timestamptz)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_entropy bytea := coalesce(p_entropy, rules.random_bytes());
  v_card    integer;
begin
  for v_card in
    select l.card from rules.without_account l where rules.folded(l."group") = rules.folded(p_group)
     order by l.place, l.card
  loop
    return query select i.card, i.person, i.code, i.purpose, i.valid_until from rules.issue_code(v_card, v_entropy,
      p_actor) i;
  end loop;
  if v_card is null then
    perform rules.refuse('group_has_accounts', p_group);
  end if;
end
$$;
comment on function rules.issue_codes(text, bytea, integer) is
  'Codes for the slips of a group: of everyone on the roster who has no account yet, by name. Those printed before are '
  'replaced. Errors: group_has_accounts, random_missing, auth_key_missing.';

create view rules.without_account as
select r.card, r.name, r."group", r.place
  from rules.roster_roll r
 -- not in: compared with all cards at once. By exists, without statistics, each card would be looked up
 where r.gone_at is null and r.card not in (select u.student_card from gym.users u);
comment on view rules.without_account is
  'Lines of the roster whose card has no account, deleted ones counted as accounts.';

create function rules.use_code(
  p_attempt bigint, p_hid text, p_proof bytea, p_length integer, p_strange boolean, p_new_token bytea,
    p_new_device bytea)
returns json
language plpgsql volatile
as $$
declare
  v_attempt gym.attempts;
  v_card    integer;
  v_code    gym.codes;
  v_user    gym.users;
  v_fits    boolean;
  v_made    boolean;
begin
  if coalesce(p_length, 0) < 8 then
    return rules.refused('password_too_short');
  end if;
  perform rules.check_hashed(p_length, p_hid, p_proof);
  v_attempt := rules.take_attempt(p_attempt, 'code');
  v_card    := rules.card_of(v_attempt.card);
  select * into v_user from gym.users u where u.student_card = v_card for no key update;
  select * into v_code from gym.codes c
   where c.card = v_card and c.used_at is null and c.voided_at is null and c.valid_until > rules.clock()
     for update;
  -- The same work where there is no code.
  v_fits := rules.hmac('commitment', coalesce(v_code.hash, '\x')) is not distinct from v_attempt.commitments[1]
            and v_code.id is not null;
  v_made := v_user.id is null;
  if not v_fits or v_user.deleted
     or v_made and not (v_code.purpose = 'enrolment' and rules.on_roster(v_card)
                        and (select c.sign_up_by <> 'nobody' from gym.settings c)) then
    if v_attempt.id is not null then
      perform rules.settle_attempt(v_attempt, 'wrong code', false);
    end if;
    return rules.refused('code_refused');
  end if;

  update gym.codes c set used_at = rules.clock() where c.id = v_code.id;
  -- The person is who the roster says; a code in hand confirms an account that was made by names alone.
  if v_made then
    insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
    select r.card, r.given, r.family, r.patronymic, r."group", '', 'STUDENT' from gym.roster r where r.card = v_card
    returning * into v_user;
  elsif v_user.unconfirmed_since is not null then
    update gym.users u set unconfirmed_since = null where u.id = v_user.id;
  end if;
  perform rules.set_verifier(v_user.id, p_hid, p_proof);
  -- Whoever knew the old password may know the old devices too.
  delete from gym.devices d where d.user_id = v_user.id and d.hash is distinct from v_attempt.device_hash;
  update gym.log_ins l set user_id = v_user.id where l.id = v_attempt.log_in_id;
  perform rules.settle_attempt(v_attempt, 'code', true);
  return (rules.let_in(v_attempt, v_user.id, p_strange, p_new_token, p_new_device)::jsonb
          || jsonb_build_object('registered', v_made))::json;
end
$$;
comment on function rules.use_code(bigint, text, bytea, integer, boolean, bytea, bytea) is
  'A person claims the account of the own card, or sets a new password, by a code, and is logged in. p_hid, p_proof, '
  'p_length: the new password (rules.check_hashed); the rest as in rules.log_in. Errors: field_unreadable. Returns '
  'refusals: password_too_short, and code_refused whatever else the cause: no code, no roster, an account already, '
  'nobody may.';
