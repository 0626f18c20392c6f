-- The auth server: its role, its settings, and what it keeps. Each table says at "Personal:" what of it is about a
-- person and what becomes of it when that person is erased (rules.erase_log_ins).

do $role$
declare
  v_role text := '{{.web_role}}';
begin
  if not exists (select from pg_roles where rolname = v_role) then
    begin
      execute format('create role %I nologin', v_role);
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise notice 'role % is missing and % may not create roles: have it made (create role % nologin), then run '
          'energy migrate --force', v_role, current_user, v_role;
    end;
  end if;
  -- an owner who is no superuser must be able to become the role: energy auth drops to it
  if exists (select from pg_roles where rolname = v_role)
     and not (select rolsuper from pg_roles where rolname = current_user)
     and not pg_has_role(current_user, v_role,
           case when current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) then
    begin
      execute format('grant %I to current_user', v_role);
    exception
      when insufficient_privilege then
        raise notice '% may not become %: ask for: grant % to %', current_user, v_role, v_role, current_user;
    end;
  end if;
end
$role$;

alter table gym.settings
  add column sign_up_by           text     not null default 'code',
  add column legacy_hid           boolean  not null default true,
  add column refuse_bare_user_id  boolean  not null default false,
  add column student_idle         interval not null default '30 days',
  add column student_age          interval not null default '90 days',
  add column coach_idle           interval not null default '14 days',
  add column coach_age            interval not null default '90 days',
  add column admin_idle           interval not null default '1 hour',
  add column admin_age            interval not null default '12 hours',
  add column strange_idle         interval not null default '30 minutes',
  add column strange_age          interval not null default '4 hours',
  add column enrolment_code_valid interval not null default '30 days',
  add column reset_code_valid     interval not null default '24 hours',
  add column password_tries       integer  not null default 20,
  add column device_tries         integer  not null default 60,
  add column code_tries           integer  not null default 60,
  add column failed_cards         integer  not null default 50,
  add column log_in_months        integer  not null default 12,
  add column on_consent_withdrawn text     not null default 'ask',
  add constraint settings_sign_up_by_known check (sign_up_by in ('code', 'names', 'nobody')),
  add constraint settings_on_consent_withdrawn_known check (on_consent_withdrawn in ('close', 'ask')),
  add constraint settings_session_limits_range check (
    least(student_idle, coach_idle, admin_idle, strange_idle) >= interval '5 minutes'
    and student_idle <= student_age and coach_idle <= coach_age and admin_idle <= admin_age
    and strange_idle <= strange_age
    and greatest(student_age, coach_age, admin_age, strange_age) <= interval '400 days'),
  add constraint settings_code_valid_range check (
    least(enrolment_code_valid, reset_code_valid) >= interval '10 minutes'
    and greatest(enrolment_code_valid, reset_code_valid) <= interval '400 days'),
  add constraint settings_tries_range check (
    password_tries between 3 and 1000 and device_tries between 3 and 1000 and code_tries between 3 and 1000),
  add constraint settings_failed_cards_range check (failed_cards between 1 and 100000),
  add constraint settings_log_in_months_range check (log_in_months between 1 and 120);
comment on column gym.settings.sign_up_by is
  'How a student gets an account: code (an enrolment code of the coach), names (card, names and group, as the old '
  'front asks), nobody. Of our auth server only: old ones sign people up until they are retired.';
comment on column gym.settings.legacy_hid is
  'True while old auth servers run: hid is kept, and argon2 adds nothing against a stolen dump. False, once '
  'energy auth retire-legacy has wrapped every hash: hid is blank, and the old auth server''s role may nothing.';
comment on column gym.settings.refuse_bare_user_id is
  'True: the main server acts for a session only, never for a bare user-id. Set it when the old auth servers are gone.';
comment on column gym.settings.student_idle is 'A student''s session ends when unused for that long; from 5 minutes.';
comment on column gym.settings.student_age is 'A student''s session ends at that age; to 400 days.';
comment on column gym.settings.coach_idle is 'A coach''s session ends when unused for that long; from 5 minutes.';
comment on column gym.settings.coach_age is 'A coach''s session ends at that age; to 400 days.';
comment on column gym.settings.admin_idle is
  'An administrator''s session ends when unused for that long; from 5 minutes.';
comment on column gym.settings.admin_age is 'An administrator''s session ends at that age; to 400 days.';
comment on column gym.settings.strange_idle is
  'A session at a stranger''s computer ends when unused for that long, or sooner by its role; from 5 minutes.';
comment on column gym.settings.strange_age is
  'A session at a stranger''s computer ends at that age, or sooner by its role.';
comment on column gym.settings.enrolment_code_valid is 'How long an enrolment code holds; 10 minutes to 400 days.';
comment on column gym.settings.reset_code_valid is 'How long a code for a new password holds; 10 minutes to 400 days.';
comment on column gym.settings.password_tries is
  'Passwords that may be tried for a card from new devices; so many are given back each hour. 3 to 1000.';
comment on column gym.settings.device_tries is
  'Passwords that may be tried for a card from a device that was let in before; so many come back an hour. 3 to 1000.';
comment on column gym.settings.code_tries is
  'Codes that may be tried for a card; so many come back an hour. 3 to 1000.';
comment on column gym.settings.failed_cards is
  'Cards that may fail from one address within an hour before further attempts from there are slowed; 1 to 100000.';
comment on column gym.settings.log_in_months is 'For how many months log-ins are kept for the person to see; 1 to 120.';
comment on column gym.settings.on_consent_withdrawn is
  'What follows when a person withdraws the consent: close (the account is closed at the end of the month) or ask '
  '(an administrator decides: api.consents_withdrawn).';

alter table gym.users add column unconfirmed_since timestamptz;
comment on column gym.users.unconfirmed_since is
  'Set: the account was made by names alone (setting sign_up_by), and no coach has confirmed it since.';

create table gym.verifiers (
  user_id integer primary key references gym.users,
  digest  bytea not null,
  made_at timestamptz not null,
  constraint verifiers_digest_length check (length(digest) = 32)
);
comment on table gym.verifiers is
  'Passwords, as rules.digest of argon2id. Nobody may read it; rules.judge_password compares. No row: there is no '
  'password, or only its old hash (users.hid). Personal: all; erased with the person.';
comment on column gym.verifiers.digest is
  'SHA-256 of proof and hid. What is sent to log in cannot be reckoned from it.';

create table gym.devices (
  user_id     integer not null references gym.users,
  hash        bytea not null,
  first_in_at timestamptz not null,
  last_in_at  timestamptz not null,
  primary key (user_id, hash)
);
comment on table gym.devices is
  'Devices from which a person was let in: their attempts have a bucket of their own. Personal: all; erased.';
comment on column gym.devices.hash is 'SHA-256 of the device''s cookie.';

create table gym.buckets (
  kind        text not null,
  key         text not null,
  spent_until timestamptz not null,
  primary key (kind, key),
  constraint buckets_kind_known check (kind in ('card', 'device', 'code'))
) with (fillfactor = 50);
comment on table gym.buckets is
  'How many attempts are left, as one moment (rules.charge). A row whose moment is past says no more than none. '
  'Personal: the key names a card for an hour at most; erased.';
comment on column gym.buckets.key is 'The card; of a device user and hash.';
comment on column gym.buckets.spent_until is 'When the bucket is full again.';

create table gym.failed_cards (
  address  inet not null,
  card     text not null,
  tried_at timestamptz not null,
  failed   boolean not null,
  primary key (address, card)
);
create index failed_cards_tried_at on gym.failed_cards (tried_at);
comment on table gym.failed_cards is
  'Cards that failed from an address and were not let in since. Personal: address and card, for an hour; erased.';
comment on column gym.failed_cards.card is 'As gym.attempts.card.';
comment on column gym.failed_cards.address is 'Of IPv6 the first 64 bits.';
comment on column gym.failed_cards.failed is 'False: an attempt that is not judged yet.';

create table gym.log_ins (
  id           bigint generated always as identity primary key,
  at           timestamptz not null,
  user_id      integer references gym.users,
  outcome      text not null,
  network      cidr,
  agent        text not null,
  known_device boolean not null,
  constraint log_ins_outcome_known check (outcome in
    ('unfinished', 'in', 'wrong', 'too often', 'code', 'wrong code', 'sign up', 'password', 'password given')),
  constraint log_ins_agent_short check (length(agent) <= 300)
);
create index log_ins_user on gym.log_ins (user_id, id);
create index log_ins_at on gym.log_ins (at);
comment on table gym.log_ins is
  'Who logged in or tried to, when, from where, and how it ended. Shown to the person; kept for the setting '
  'log_in_months, attempts at cards of nobody for a week. Personal: all; erased.';
comment on column gym.log_ins.user_id is 'Whose card it was; null: nobody''s.';
comment on column gym.log_ins.outcome is
  'in, wrong: by password; code, wrong code: by a code; too often: the bucket was empty; sign up: by names; '
  'password: the person changed it; password given: an administrator did; unfinished: never judged.';
comment on column gym.log_ins.network is 'Of IPv4 the first 24 bits of the address, of IPv6 48; null: not known.';
comment on column gym.log_ins.agent is 'User-Agent, cut to 300 characters.';
comment on column gym.log_ins.known_device is 'Whether a person was let in there before.';

create table gym.attempts (
  id           bigint generated always as identity primary key,
  made_at      timestamptz not null,
  made_in      bigint not null,
  purpose      text not null,
  card         text not null,
  user_id      integer,
  commitments  bytea[] not null,
  device_hash  bytea,
  known_device boolean not null,
  bucket_kind  text not null,
  bucket_key   text not null,
  address      inet,
  agent        text not null,
  log_in_id    bigint not null,
  constraint attempts_purpose_known check (purpose in ('log in', 'code', 'sign up', 'password'))
);
create index attempts_made_at on gym.attempts (made_at);
comment on table gym.attempts is
  'Attempts that are charged and not judged yet. Each is judged once, by another transaction, and removed. Personal: '
  'all, for an hour at most; erased.';
comment on column gym.attempts.made_in is
  'Transaction that charged it, which may not judge it: it could still be rolled back.';
comment on column gym.attempts.purpose is 'log in, code, sign up; password: the person''s own change.';
comment on column gym.attempts.card is 'The card as a number without leading zeros, or what was typed instead.';
comment on column gym.attempts.user_id is 'Who changes the own password; else null.';
comment on column gym.attempts.commitments is
  'What will be judged, under the database''s key (rules.hmac): so one charge pays for one password.';
comment on column gym.attempts.device_hash is 'SHA-256 of the device''s cookie; null: it sent none.';
comment on column gym.attempts.known_device is 'Whether the person was let in there before.';
comment on column gym.attempts.bucket_kind is 'Bucket that was charged: given back when the person is let in.';
comment on column gym.attempts.bucket_key is 'Its key.';
comment on column gym.attempts.address is 'Client''s address; null: not known.';
comment on column gym.attempts.agent is 'User-Agent, cut to 300 characters.';

create table gym.sessions (
  id          bigint generated always as identity primary key,
  user_id     integer not null references gym.users,
  token_hash  bytea not null,
  media_hash  bytea not null,
  created_at  timestamptz not null,
  used_at     timestamptz not null,
  is_strange  boolean not null,
  network     cidr,
  agent       text not null,
  ended_at    timestamptz,
  end_reason  text,
  constraint sessions_token_hash_unique unique (token_hash),
  constraint sessions_media_hash_unique unique (media_hash),
  constraint sessions_token_hash_length check (length(token_hash) = 32 and length(media_hash) = 32),
  constraint sessions_end_reason_known check (end_reason in
    ('logged out', 'ended', 'administrator', 'password', 'role', 'deleted')),
  constraint sessions_ended_with_reason check ((ended_at is null) = (end_reason is null)),
  constraint sessions_in_order check (used_at >= created_at)
) with (fillfactor = 70);
create index sessions_user on gym.sessions (user_id);
comment on table gym.sessions is
  'Who is logged in where. A session whose time is over is not marked: rules.session looks at the settings. Personal: '
  'all; erased.';
comment on column gym.sessions.token_hash is 'SHA-256 of the token, which nobody keeps but the browser.';
comment on column gym.sessions.media_hash is
  'SHA-256 of the picture cookie, which is SHA-256 of "media:" and the token.';
comment on column gym.sessions.used_at is 'Last use, to about a sixtieth of the idle time. Polling is no use.';
comment on column gym.sessions.is_strange is 'Logged in at a stranger''s computer: shorter limits.';
comment on column gym.sessions.network is 'Where it was opened: of IPv4 the first 24 bits of the address, of IPv6 48.';
comment on column gym.sessions.agent is 'User-Agent that opened it.';
comment on column gym.sessions.end_reason is
  'logged out, ended: by the person, there or from another session; administrator; password, role: it changed; '
  'deleted: the person was. Null: live, or its time is over.';

create table gym.codes (
  id          bigint generated always as identity primary key,
  card        integer not null,
  purpose     text not null,
  hash        bytea not null,
  issued_at   timestamptz not null,
  issued_by   integer references gym.users,
  valid_until timestamptz not null,
  used_at     timestamptz,
  voided_at   timestamptz,
  constraint codes_card_positive check (card > 0),
  constraint codes_purpose_known check (purpose in ('enrolment', 'reset')),
  constraint codes_used_or_voided check (used_at is null or voided_at is null),
  constraint codes_valid_range check (valid_until > issued_at and valid_until <= issued_at + interval '401 days')
);
create unique index codes_one_a_card on gym.codes (card) where used_at is null and voided_at is null;
comment on table gym.codes is
  'Codes by which a person claims an account or sets a new password. Only the hash is kept. Personal: the '
  'card; erased.';
comment on column gym.codes.card is 'Number of the student card, of an account or a line of the roster.';
comment on column gym.codes.purpose is 'enrolment: of a card without a password yet; reset: a new password.';
comment on column gym.codes.hash is 'rules.hmac of card and code.';
comment on column gym.codes.issued_by is 'Coach or administrator; null: from psql.';
comment on column gym.codes.valid_until is 'When it ends by itself.';
comment on column gym.codes.voided_at is
  'When it was replaced by another, its card left the roster or got an account, or its person was deleted.';

create table gym.pictures (
  user_id integer primary key references gym.users,
  name    text not null,
  jpeg    bytea not null,
  made_at timestamptz not null,
  constraint pictures_name_unique unique (name),
  constraint pictures_name_form check (name ~ '^[0-9a-f]{32}\.jpg$'),
  constraint pictures_jpeg_fit check (length(jpeg) between 64 and 409600 and substring(jpeg from 1 for 3) = '\xffd8ff')
);
comment on table gym.pictures is
  'Pictures, as the auth server has made them anew: 400 px, JPEG, nothing of the original. Personal: all; erased.';
comment on column gym.pictures.name is
  'What users.image and /media call it: random, so that a changed picture has another.';
comment on column gym.pictures.jpeg is 'JPEG, at most 400 KiB.';

create table gym.consent_documents (
  version      integer primary key,
  body         text not null,
  published_at timestamptz not null,
  published_by text not null,
  constraint consent_documents_body_length check (length(body) between 1 and 100000)
);
comment on table gym.consent_documents is
  'The consent to the processing of personal data, a document of its own, in all its versions. The latest counts.';
comment on column gym.consent_documents.body is
  'The text as it is shown. Never changed: another text is another version.';
comment on column gym.consent_documents.published_by is 'Database role, or user N.';

create table gym.consents (
  id                  bigint generated always as identity primary key,
  user_id             integer not null references gym.users,
  version             integer not null references gym.consent_documents,
  given_at            timestamptz not null,
  address             inet,
  withdrawn_at        timestamptz,
  withdrawn_address   inet,
  constraint consents_in_order check (withdrawn_at >= given_at)
);
create index consents_user on gym.consents (user_id);
create unique index consents_given_once on gym.consents (user_id, version) where withdrawn_at is null;
create index consents_version on gym.consents (version);
comment on table gym.consents is
  'Who agreed to which version, when and from where, and who took it back. Personal: addresses, blanked; the rest '
  'stays as the proof that the law asks for.';
comment on column gym.consents.address is 'Client''s address; null: not known, or erased.';
comment on column gym.consents.withdrawn_address is 'Client''s address when it was taken back.';

---- create above / drop below ----

drop table gym.consents, gym.consent_documents, gym.pictures, gym.codes, gym.sessions, gym.attempts, gym.log_ins,
  gym.failed_cards, gym.buckets, gym.devices, gym.verifiers;
alter table gym.users drop column unconfirmed_since;
alter table gym.settings
  drop column sign_up_by, drop column legacy_hid, drop column refuse_bare_user_id,
  drop column student_idle, drop column student_age, drop column coach_idle, drop column coach_age,
  drop column admin_idle, drop column admin_age, drop column strange_idle, drop column strange_age,
  drop column enrolment_code_valid, drop column reset_code_valid, drop column password_tries,
  drop column device_tries, drop column code_tries, drop column failed_cards, drop column log_in_months,
  drop column on_consent_withdrawn;
