create table gym.legacy_ids (
  kind   text not null,
  old_id bigint not null,
  new_id integer not null,
  primary key (kind, old_id),
  constraint legacy_ids_kind_known check (kind in ('user', 'available_time', 'entry', 'visit', 'ad', 'news'))
);
comment on table gym.legacy_ids is
  'What was taken over from the old Python system, and as what: a row that stands here is not imported again (api.import_legacy). Several old rows may have become one.';
comment on column gym.legacy_ids.new_id is 'Id in gym.users, slots, enrolments, marks or posts.';

alter table gym.enrolments
  drop constraint enrolments_cancel_reason_known,
  add constraint enrolments_cancel_reason_known check (cancel_reason in
    ('own choice', 'administrator', 'slot deleted', 'user deleted', 'blocked', 'moved', 'imported'));
comment on column gym.enrolments.cancel_reason is
  'own choice, administrator, slot deleted, user deleted, blocked, moved; imported: history of the old system, where it was cancelled or beyond what the rules allow.';

create table gym.roster (
  card       integer primary key,
  surname    text not null,
  firstname  text not null,
  secondname text not null,
  "group"    text not null,
  added_at   timestamptz not null,
  gone_at    timestamptz,
  constraint roster_card_positive check (card > 0)
);
comment on table gym.roster is
  'The university''s roster, as of its last import (api.import_roster): who may register while the setting roster_only is on. People in gym.users do not follow it.';
comment on column gym.roster.card is 'Number of the student card.';
comment on column gym.roster.surname is 'Фамилия.';
comment on column gym.roster.firstname is 'Имя.';
comment on column gym.roster.secondname is 'Отчество; empty where there is none.';
comment on column gym.roster.gone_at is 'Set: the last import did not name this card any more, so that it is not on the roster.';

alter table gym.settings add column roster_only boolean not null default false;
comment on column gym.settings.roster_only is 'True: only students whose card is on the roster (gym.roster) may register, on whatever path.';

---- create above / drop below ----

alter table gym.settings drop column roster_only;
drop table gym.roster;
update gym.enrolments set cancel_reason = 'administrator' where cancel_reason = 'imported';
alter table gym.enrolments
  drop constraint enrolments_cancel_reason_known,
  add constraint enrolments_cancel_reason_known check (cancel_reason in
    ('own choice', 'administrator', 'slot deleted', 'user deleted', 'blocked', 'moved'));
drop table gym.legacy_ids;
