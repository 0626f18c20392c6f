-- A calendar program asks without a log-in: each person has an address of their own, which is the secret.
create table gym.calendars (
  user_id integer primary key references gym.users,
  hash    bytea not null,
  made_at timestamptz not null,
  constraint calendars_hash_unique unique (hash),
  constraint calendars_hash_length check (length(hash) = 32)
);
comment on table gym.calendars is
  'Secret addresses of people''s calendars (rules.renew_calendar). Nobody may read it. No row: the person has none. '
  'Personal: all; erased with the person.';
comment on column gym.calendars.hash is 'SHA-256 of the secret in the address, which nobody keeps but the person.';

---- create above / drop below ----

drop table gym.calendars;
