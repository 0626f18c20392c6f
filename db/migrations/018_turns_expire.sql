alter table gym.manual_turns add column expired_at timestamptz;
comment on column gym.manual_turns.expired_at is
  'The scheduled turn that ended it, noted by rules.ensure_turns for whoever looks; null: it counts, or it ended a moment ago. rules.enrolment_window does not read it.';

---- create above / drop below ----

alter table gym.manual_turns drop column expired_at;
