-- What the pages need beside the old wire: who may call the new endpoints, the gym's own texts, and posts with a
-- last day.
insert into gym.rights (endpoint, roles, anybody) values
  ('entry/window',      '{STUDENT,BLOCKED,COACH,ADMIN}', true),
  ('avtime/seats',      '{STUDENT,BLOCKED,COACH,ADMIN}', true),
  ('gym/get',           '{STUDENT,BLOCKED,COACH,ADMIN}', true),
  ('gym/rules',         '{STUDENT,BLOCKED,COACH,ADMIN}', true),
  ('user/own',          '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('user/blocks',       '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('visit/own',         '{STUDENT,BLOCKED,COACH,ADMIN}', false),
  ('visit/lessons',     '{COACH,ADMIN}', false),
  ('visit/lesson',      '{COACH,ADMIN}', false),
  ('visit/edit-lesson', '{COACH,ADMIN}', false),
  ('visit/person',      '{COACH,ADMIN}', false),
  ('user/find',         '{COACH,ADMIN}', false),
  ('entry/lists',       '{COACH,ADMIN}', false),
  ('report/preview',    '{COACH,ADMIN}', false),
  ('report/statistics', '{COACH,ADMIN}', false);

alter table gym.settings
  add column lesson_minutes integer not null default 90,
  add column gym_name    text not null default '',
  add column gym_about   text not null default '',
  add column gym_address text not null default '',
  add column gym_coach   text not null default '',
  add column gym_contact text not null default '',
  add constraint settings_lesson_minutes_range check (lesson_minutes between 10 and 300),
  add constraint settings_texts_short check (
    length(gym_name) <= 200 and length(gym_about) <= 2000 and length(gym_address) <= 200
    and length(gym_coach) <= 200 and length(gym_contact) <= 200);
comment on column gym.settings.lesson_minutes is
  'How long a lesson takes, in minutes; 10 to 300. For calendars, and to tell which lesson runs now.';
comment on column gym.settings.gym_name is 'What the public page calls the gym; up to 200 characters.';
comment on column gym.settings.gym_about is 'What the public page says the gym is; up to 2000 characters.';
comment on column gym.settings.gym_address is 'Where the gym is, for the public page; up to 200 characters.';
comment on column gym.settings.gym_coach is 'Who trains people, for the public page; up to 200 characters.';
comment on column gym.settings.gym_contact is 'Whom a blocked student may ask, and how; up to 200 characters.';

alter table gym.posts
  add column shown_until date,
  add constraint posts_shown_until_range check (shown_until between '2000-01-01' and '2099-12-31');
comment on column gym.posts.shown_until is 'The last day on which people see the post; null: until it is deleted.';

---- create above / drop below ----

alter table gym.posts drop column shown_until;
alter table gym.settings
  drop column lesson_minutes, drop column gym_name, drop column gym_about, drop column gym_address,
  drop column gym_coach, drop column gym_contact;
delete from gym.rights where endpoint in (
  'entry/window', 'avtime/seats', 'gym/get', 'gym/rules', 'user/own', 'user/blocks', 'visit/own', 'visit/lessons',
  'visit/lesson', 'visit/edit-lesson', 'visit/person', 'user/find', 'entry/lists', 'report/preview',
  'report/statistics');
