-- Log-ins, sessions and codes, for people in psql.

create function api.issue_code(card integer default null, person integer default null, entropy bytea default null)
returns table (student_card integer, name text, code text, purpose text, valid_until timestamp)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select i.card, i.person, i.code, i.purpose, rules.local_time(i.valid_until)::timestamp(0)
    from rules.issue_code(
           case when issue_code.person is null then issue_code.card
                else (rules.person(issue_code.person)).student_card end, entropy, rules.actor()) i
$$;
comment on function api.issue_code(integer, integer, bytea) is
  'Makes the code by which a person claims the account, or sets a new password, and shows it once. card: of an '
  'account or a line of the roster, or person: id; entropy: 32 random bytes, where PostgreSQL has none of its own '
  '(12: energy user code). Errors: card_unknown, user_not_found, random_missing, auth_key_missing. Definer: writes '
  'gym.codes. Example: select * from api.issue_code(card => 12069840);';

create function api.hashing(card integer) returns table (salt bytea, memory_kib integer, passes integer, lanes integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.salt(card::text), (c ->> 'memory_kib')::integer, (c ->> 'passes')::integer, (c ->> 'lanes')::integer
    from rules.hash_cost() c
$$;
comment on function api.hashing(integer) is
  'What a program needs to hash a password: salt of the card, and the cost of argon2id. Used by energy user. '
  'Errors: auth_key_missing. Definer: reads the key behind salts. Example: select * from api.hashing(12069840);';

create function api.pepper_fits(digest bytea) returns table (fits boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.pepper_fits(digest) $$;
comment on function api.pepper_fits(bytea) is
  'Whether a program has the pepper of this database. digest: SHA-256 of "energiya pepper:" and the pepper. Null: the '
  'database knows none. Definer: reads the pepper. Example: select * from api.pepper_fits(sha256(''energiya '
  'pepper:…''));';

create function api.keep_password(card integer, hid text, proof bytea, length integer) returns table (id integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform rules.check_hashed(keep_password.length, keep_password.hid, keep_password.proof);
  select p.id into strict id from rules.person(api.person_id(keep_password.card, null)) p;
  perform rules.set_verifier(id, keep_password.hid, keep_password.proof);
  perform rules.note_password(id, 'password given');
  return next;
end
$$;
comment on function api.keep_password(integer, text, bytea, integer) is
  'Keeps a password that a program has hashed, and ends all sessions of the person. Passwords never come here: energy '
  'user asks for them. hid: the old hash; proof: argon2id of it; length: characters of the password. Errors: '
  'user_not_found, password_too_short, field_unreadable. Definer: writes gym.verifiers. Example: select * from '
  'api.keep_password(12069840, repeat(''0'', 64), sha256(''x''), 8);';

create function api.issue_codes("group" text, entropy bytea default null)
returns table (student_card integer, name text, code text, valid_until timestamp)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select i.card, i.person, i.code, rules.local_time(i.valid_until)::timestamp(0)
    from rules.issue_codes("group", entropy, rules.actor()) i
$$;
comment on function api.issue_codes(text, bytea) is
  'Makes the codes for the slips of a group: of those on the roster without an account. Those printed before are '
  'replaced. Errors: group_has_accounts, random_missing. Definer: writes gym.codes. Example: select * from '
  'api.issue_codes(''БИ-21'');';

create function api.codes()
returns table (card integer, person text, purpose text, issued_at timestamp, issued_by integer, valid_until timestamp,
  state text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select c.card, coalesce(u.name, r.name), c.purpose, rules.local_time(c.issued_at)::timestamp(0), c.issued_by,
         rules.local_time(c.valid_until)::timestamp(0),
         case when c.used_at is not null then 'used' when c.voided_at is not null then 'voided'
              when c.valid_until <= rules.clock() then 'expired' else 'waits' end
    from gym.codes c
    left join rules.roll u on u.student_card = c.card
    left join rules.roster_roll r on r.card = c.card
   order by c.id desc
$$;
comment on function api.codes() is
  'What stands behind the view api.codes. Definer: an administrator may read no table of codes. '
  'Example: select * from api.codes();';
create view api.codes as select * from api.codes();
comment on view api.codes is
  'Codes that were issued, for whom, by whom, and what became of them. Never what they are, which is not kept. '
  'Example: select * from api.codes where state = ''waits'';';

create function api.sessions(card integer default null, person integer default null)
returns table (id bigint, opened_at timestamp, used_at timestamp, ends_at timestamp, network cidr, strange boolean,
  agent text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, rules.local_time(s.created_at)::timestamp(0), rules.local_time(s.used_at)::timestamp(0),
         rules.local_time(rules.session_ends_at(s, u.role))::timestamp(0), s.network, s.is_strange, left(s.agent, 60)
    from gym.users u
    join gym.sessions s on s.user_id = u.id
   where u.id = api.person_id(sessions.card, sessions.person) and s.ended_at is null
     and rules.session_ends_at(s, u.role) > rules.clock()
   order by s.used_at desc
$$;
comment on function api.sessions(integer, integer) is
  'Where a person is logged in. card, or person: id. Errors: user_not_found. Definer: reads gym.sessions. '
  'Example: select * from api.sessions(card => 12069840);';

create function api.end_sessions(card integer default null, person integer default null, session bigint default null)
returns table (ended integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.end_sessions(api.person_id(card, person), 'administrator', session) $$;
comment on function api.end_sessions(integer, integer, bigint) is
  'Ends a person''s sessions, all or one (session: id from api.sessions). card, or person: id. Errors: user_not_found. '
  'Definer: writes gym.sessions. Example: select * from api.end_sessions(card => 12069840);';

create function api.log_ins(card integer default null, person integer default null, days integer default 30)
returns table (at timestamp, outcome text, network cidr, known_device boolean, agent text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select rules.local_time(l.at)::timestamp(0), l.outcome, l.network, l.known_device, left(l.agent, 60)
    from gym.log_ins l
   where l.user_id = api.person_id(log_ins.card, log_ins.person)
     and l.at > rules.clock() - make_interval(days => log_ins.days)
   order by l.id desc
$$;
comment on function api.log_ins(integer, integer, integer) is
  'When and from where a person logged in or tried to, the latest first. card, or person: id; days: how far back. '
  'Errors: user_not_found. Definer: reads gym.log_ins. Example: select * from api.log_ins(card => 12069840);';

create function api.unconfirmed()
returns table (id integer, student_card integer, person text, "group" text, since timestamp)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.student_card, r.name, u."group", rules.local_time(u.unconfirmed_since)::timestamp(0)
    from gym.users u
    join rules.roll r on r.user_id = u.id
   where u.unconfirmed_since is not null and not u.deleted
   order by u.unconfirmed_since
$$;
comment on function api.unconfirmed() is
  'What stands behind the view api.unconfirmed. Definer: tells the gym''s time, which is a function of rules. '
  'Example: select * from api.unconfirmed();';
create view api.unconfirmed as select * from api.unconfirmed();
comment on view api.unconfirmed is
  'Accounts made by names alone (setting sign_up_by) that nobody has confirmed. Example: select * from '
  'api.unconfirmed;';

create function api.confirm(card integer default null, person integer default null) returns table (confirmed boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.confirm_person(api.person_id(confirm.card, confirm.person)) $$;
comment on function api.confirm(integer, integer) is
  'Says that an account made by names is the person''s. card, or person: id. Errors: user_not_found. Definer: writes '
  'gym.users. Example: select * from api.confirm(card => 12069840);';

create function api.publish_consent(body text) returns table (version integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.publish_consent(body) $$;
comment on function api.publish_consent(text) is
  'Publishes the next version of the consent to the processing of personal data. Everyone is asked to agree to it. '
  'Errors: consent_documents_body_length. Definer: writes gym.consent_documents. '
  'Example: select * from api.publish_consent(''Я согласен(на) на обработку …'');';

create function api.consents_withdrawn()
returns table (user_id integer, student_card integer, person text, withdrawn_at timestamp, closes_on date)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select w.user_id, r.student_card, r.name, rules.local_time(w.withdrawn_at)::timestamp(0), w.closes_on
    from rules.consents_withdrawn w join rules.roll r on r.user_id = w.user_id
   order by w.withdrawn_at
$$;
comment on function api.consents_withdrawn() is
  'What stands behind the view api.consents_withdrawn. Definer: an administrator may read no consents. '
  'Example: select * from api.consents_withdrawn();';
create view api.consents_withdrawn as select * from api.consents_withdrawn();
comment on view api.consents_withdrawn is
  'People who took back their consent. closes_on: with the setting on_consent_withdrawn = close the account is closed '
  'after that day. Example: select * from api.consents_withdrawn;';

create function api.pictures_missing() returns table (person integer, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.image from gym.users u
   where u.image is not null and not exists (select from gym.pictures p where p.user_id = u.id and p.name = u.image)
   order by u.id
$$;
comment on function api.pictures_missing() is
  'What stands behind the view api.pictures_missing. Definer: an administrator may read no pictures. '
  'Example: select * from api.pictures_missing();';
create view api.pictures_missing as select * from api.pictures_missing();
comment on view api.pictures_missing is
  'People whose picture is not in the database, but in the folder of an old auth server. '
  'Example: select count(*) from api.pictures_missing;';

create function api.import_picture(person integer, name text, jpeg bytea) returns table (image text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.set_picture(u.id, import_picture.name, jpeg) ->> 'imgName' from gym.users u
  where u.id = import_picture.person $$;
comment on function api.import_picture(integer, text, bytea) is
  'Takes over a picture from the folder of an old auth server. person: id; name: 32 hexadecimal digits, .jpg; '
  'jpeg: made '
  'anew by energy auth import-pictures. Errors: picture_unfit. Definer: writes gym.pictures. '
  'Example: select * from api.import_picture(1, md5('''') || ''.jpg'', decode(''ffd8ff'', ''hex'') || sha512(''''));';
