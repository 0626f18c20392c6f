-- What the package and the tables consist of, so that the audit finds what was dropped or replaced.
alter table gym.code_package
  add column parts jsonb not null default '{}',
  add column major integer;
comment on column gym.code_package.parts is
  'Functions, constraints, indexes, triggers and NOT NULLs as they were when it was installed: name and digest (rules.parts).';
comment on column gym.code_package.major is
  'Major version of the PostgreSQL that recorded parts: another one writes some of the texts otherwise.';

---- create above / drop below ----

alter table gym.code_package drop column major, drop column parts;
