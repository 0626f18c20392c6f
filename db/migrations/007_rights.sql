create table gym.rights (
  endpoint text primary key,
  roles    gym.userrole[] not null,
  anybody  boolean not null default false
);
comment on table gym.rights is
  'Who may call what: the roles whose actors an endpoint admits. Checked by rules.admit on every request; a change counts at once.';
comment on column gym.rights.anybody is 'True: also without an actor.';
insert into gym.rights (endpoint, roles, anybody) values
  ('new/get',            '{STUDENT,BLOCKED,COACH,ADMIN}', true),
  ('gym-news/get',       '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('entry/get',          '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('user/edit',          '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('user/edit-password', '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('user/absences',      '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('closure/get',        '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('avtime/get',         '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('entry/check-open',   '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('entry/delete',       '{STUDENT,BLOCKED,ADMIN}',       false),
  ('entry/create',       '{STUDENT,BLOCKED,ADMIN}',       false),
  ('gym-news/create',    '{COACH,ADMIN}', false),
  ('gym-news/edit',      '{COACH,ADMIN}', false),
  ('gym-news/delete',    '{COACH,ADMIN}', false),
  ('avtime/get-any',     '{COACH,ADMIN}', false),
  ('entry/get-any',      '{COACH,ADMIN}', false),
  ('user/get',           '{COACH,ADMIN}', false),
  ('visit/get',          '{COACH,ADMIN}', false),
  ('visit/edit',         '{COACH,ADMIN}', false),
  ('visit/cancel-lesson','{COACH,ADMIN}', false),
  ('report/visits',      '{COACH,ADMIN}', false),
  ('avtime/create',      '{ADMIN}', false),
  ('avtime/edit',        '{ADMIN}', false),
  ('avtime/delete',      '{ADMIN}', false),
  ('entry/create-any',   '{ADMIN}', false),
  ('entry/change-open',  '{ADMIN}', false),
  ('entry/delete-any',   '{ADMIN}', false),
  ('user/create',        '{ADMIN}', false),
  ('user/edit-any',      '{ADMIN}', false),
  ('user/delete-any',    '{ADMIN}', false),
  ('gym-news/get-any',   '{ADMIN}', false),
  ('new/create',         '{ADMIN}', false),
  ('new/edit',           '{ADMIN}', false),
  ('new/delete',         '{ADMIN}', false),
  ('new/get-any',        '{ADMIN}', false),
  ('closure/create',     '{ADMIN}', false),
  ('closure/delete',     '{ADMIN}', false);

create table gym.code_package (
  id           boolean primary key default true,
  version      integer not null,
  hash         text not null,
  installed_at timestamptz not null,
  triggers     text[] not null default '{}',
  constraint code_package_one_row check (id)
);
comment on table gym.code_package is
  'The package of functions (db/functions) that stands in this database. energy migrate never replaces it with an older version.';
comment on column gym.code_package.triggers is 'The triggers that came with it, as table.trigger: the audit misses one that is gone.';

---- create above / drop below ----

drop table gym.code_package;
drop table gym.rights;
