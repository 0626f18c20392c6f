alter table gym.settings
  add column sign_present   text not null default '+',
  add column sign_absent    text not null default '-',
  add column sign_excused   text not null default '*',
  add column sign_cancelled text not null default '#',
  add column sign_unmarked  text not null default '?',
  -- one sign of the basic plane that a cell shows: the totals of the sheet count signs, and Excel counts in 16 bits
  add constraint settings_signs_visible check (
    sign_present ~ '^[^\s[:cntrl:]]$' and sign_absent ~ '^[^\s[:cntrl:]]$' and sign_excused ~ '^[^\s[:cntrl:]]$'
    and sign_cancelled ~ '^[^\s[:cntrl:]]$' and sign_unmarked ~ '^[^\s[:cntrl:]]$'
    and greatest(ascii(sign_present), ascii(sign_absent), ascii(sign_excused), ascii(sign_cancelled), ascii(sign_unmarked)) < 55296),
  add constraint settings_signs_differ check (
    sign_present not in (sign_absent, sign_excused, sign_cancelled, sign_unmarked)
    and sign_absent not in (sign_excused, sign_cancelled, sign_unmarked)
    and sign_excused not in (sign_cancelled, sign_unmarked)
    and sign_cancelled <> sign_unmarked);
comment on column gym.settings.sign_present is 'Sign in the report of visits for: was there.';
comment on column gym.settings.sign_absent is 'Sign in the report of visits for: was not there.';
comment on column gym.settings.sign_excused is 'Sign in the report of visits for: was not there, for a good reason.';
comment on column gym.settings.sign_cancelled is 'Sign in the report of visits for: the lesson did not take place.';
comment on column gym.settings.sign_unmarked is 'Sign in the report of visits for: not marked yet.';

create table gym.refusals (
  slot_id    integer not null,
  user_id    integer not null,
  refused_at timestamptz not null,
  primary key (slot_id, user_id)
);
comment on table gym.refusals is
  'Who was refused a slot in the enrolment window because it was full: the first time, for the report of occupancy. '
  'No foreign keys, whose checks would lock the hottest rows of the opening: slots and people are never deleted.';

insert into gym.rights (endpoint, roles) values
  ('report/occupancy', '{COACH,ADMIN}'),
  ('report/term',      '{COACH,ADMIN}'),
  ('report/blocked',   '{COACH,ADMIN}');

---- create above / drop below ----

delete from gym.rights where endpoint in ('report/occupancy', 'report/term', 'report/blocked');
drop table gym.refusals;
alter table gym.settings
  drop column sign_present, drop column sign_absent, drop column sign_excused, drop column sign_cancelled, drop column sign_unmarked;
