create table gym.settings (
  id                     boolean primary key default true,
  time_zone              text    not null default 'Asia/Novosibirsk',
  seats_per_slot         integer not null default 12,
  slots_per_student      integer not null default 3,
  absences_to_block      integer not null default 3,
  slots_made_on_day      integer not null default 20,
  enrolment_opens_on_day integer not null default 25,
  enrolment_opens_at     time    not null default '12:00',
  enrolment_closes_at    time    not null default '00:00',
  constraint settings_one_row check (id),
  constraint settings_seats_per_slot_range check (seats_per_slot between 1 and 1000),
  constraint settings_slots_per_student_range check (slots_per_student between 1 and 7),
  constraint settings_absences_to_block_range check (absences_to_block between 1 and 100),
  constraint settings_slots_made_on_day_range check (slots_made_on_day between 1 and 27),
  constraint settings_enrolment_opens_on_day_range check (enrolment_opens_on_day between 1 and 27),
  constraint settings_whole_minutes check (
    enrolment_opens_at = date_trunc('minute', enrolment_opens_at::interval)::time and enrolment_opens_at < '24:00'
    and enrolment_closes_at = date_trunc('minute', enrolment_closes_at::interval)::time and enrolment_closes_at < '24:00'),
  constraint settings_slots_before_opening check (slots_made_on_day <= enrolment_opens_on_day)
);
comment on table gym.settings is
  'One row: every number that the rules use. Looked at in api.settings, changed by api.set_setting, which says what is allowed.';
comment on column gym.settings.time_zone is 'Zone of the gym''s clock, a name of pg_timezone_names.';
comment on column gym.settings.seats_per_slot is 'Seats of a slot whose template row names none; 1 to 1000.';
comment on column gym.settings.slots_per_student is 'Slots that a student may hold in a month, one a weekday; 1 to 7. Lowered, it holds for new choices only.';
comment on column gym.settings.absences_to_block is 'Absences of one month that block a student; 1 to 100.';
comment on column gym.settings.slots_made_on_day is 'Day of the month from which next month''s slots stand; 1 to 27, not after enrolment_opens_on_day.';
comment on column gym.settings.enrolment_opens_on_day is 'Day of the month on which enrolment for the next month opens; 1 to 27, since every month has those.';
comment on column gym.settings.enrolment_opens_at is 'Time of that day at which it opens.';
comment on column gym.settings.enrolment_closes_at is 'Time of the month''s last day at which it closes.';
insert into gym.settings default values;

create table gym.settings_changes (
  id         integer generated always as identity primary key,
  name       text not null,
  old_value  text,
  new_value  text,
  changed_at timestamptz not null,
  changed_by text not null
);
comment on table gym.settings_changes is 'Every change of a setting, written by the trigger settings__log. changed_by: database role, or user N.';

create table gym.manual_turns (
  id      integer generated always as identity primary key,
  is_open boolean not null,
  made_at timestamptz not null,
  made_by integer references gym.users
);
comment on table gym.manual_turns is
  'Enrolment opened or closed by hand. The latest counts until the next scheduled turn (rules.enrolment_open). made_by null: from psql.';

---- create above / drop below ----

drop table gym.manual_turns;
drop table gym.settings_changes;
drop table gym.settings;
