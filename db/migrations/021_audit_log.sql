alter table gym.settings
  add column audit_months integer not null default 36,
  add constraint settings_audit_months_range check (audit_months between 1 and 1200);
comment on column gym.settings.audit_months is 'For how many months past the audit trail is kept; 1 to 1200.';

create table gym.audit_log (
  id          bigint generated always as identity,
  written_at  timestamptz not null default now(),
  gym_time    timestamptz,
  actor       integer,
  login       text not null,
  application text,
  request_id  text,
  on_table    text collate "C" not null,
  key         text collate "C" not null,
  operation   text not null,
  old_values  jsonb,
  new_values  jsonb,
  erased_at   timestamptz,
  -- one index: a row is looked for by what it is about
  primary key (on_table, key, id, written_at)
) partition by range (written_at);
comment on table gym.audit_log is
  'Who changed what: a row a changed row of each table of rules.audited, by the triggers …__remember in the same transaction. Append only. '
  'A partition a month (UTC), made ahead and dropped by rules.ensure_audit_months. Looked at in api.history and api.who_did. '
  'No checks and no foreign keys, which the opening minute would pay for: only triggers write here.';
comment on column gym.audit_log.written_at is 'The true time, of the transaction.';
comment on column gym.audit_log.gym_time is 'What the gym''s clock showed where the session had moved it (gym.now); null: the true time.';
comment on column gym.audit_log.actor is 'Id of the person on whose behalf it was done (rules.admit); null: from psql, or by a job.';
comment on column gym.audit_log.login is 'Database role that logged in.';
comment on column gym.audit_log.application is 'application_name of the session: energy, psql, …';
comment on column gym.audit_log.request_id is 'Id of the HTTP request, as in the server''s log; null: none.';
comment on column gym.audit_log.on_table is 'Table of gym.';
comment on column gym.audit_log.key is 'Primary key of the row; of several columns, with a space between.';
comment on column gym.audit_log.operation is 'insert, update, delete; erase: a person''s names were blanked here by law (rules.erase_person).';
comment on column gym.audit_log.old_values is 'What was: of an update only what changed. hid and image show as "…". Of a row deleted all but those and its nulls.';
comment on column gym.audit_log.new_values is 'What is: of an update only what changed. hid and image show as "…". Of a row inserted all but those and its nulls; of an enrolment slot and student.';
comment on column gym.audit_log.erased_at is 'When names in this row were blanked by law; null: it is as it was written.';

-- what is written while a month's partition is missing: nothing is ever refused for that
create table gym.audit_log_other partition of gym.audit_log default;
comment on table gym.audit_log_other is 'Rows of gym.audit_log whose month has no partition yet; rules.ensure_audit_months gives them one.';

---- create above / drop below ----

drop table gym.audit_log;
alter table gym.settings drop column audit_months;
