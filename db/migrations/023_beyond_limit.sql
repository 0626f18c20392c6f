alter table gym.enrolments
  add column beyond_limit text,
  add constraint enrolments_beyond_limit_known check (beyond_limit in ('forced', 'lowered'));
comment on column gym.enrolments.beyond_limit is
  'Why it may be held beyond slots_per_student. forced: by an administrator, and it does not count; lowered: the setting was lowered since, and it leaves room for no other.';
-- where the setting was lowered before: the latest are the surplus, as settings__limit has it
update gym.enrolments e set beyond_limit = 'lowered'
  from (select h.id, row_number() over (partition by h.user_id, h.month order by h.id) as n
          from gym.enrolments h cross join gym.settings c
         where h.cancelled_at is null and h.month >= date_trunc('month', now() at time zone c.time_zone)) r
 where r.id = e.id and r.n > (select c.slots_per_student from gym.settings c);
comment on column gym.settings.slots_per_student is
  'Slots that a student may hold in a month, one a weekday; 1 to 7. Lowered, it holds for new choices only, and what is held beyond it is marked (enrolments.beyond_limit).';

alter table gym.ledger
  drop constraint ledger_event_known,
  add constraint ledger_event_known check (event in
    ('blocked', 'unblocked', 'forgiven', 'pardoned', 'seat freed', 'seat given back', 'seat not given back', 'forced'));
comment on table gym.ledger is
  'Every block and pardon and what followed from it, and every rule that an administrator overrode by force: who, when, why, which seat. Written by the rules, never changed.';
comment on column gym.ledger.enrolment_id is
  'Seat freed: the enrolment cancelled; given back: the new one; not given back: the one that was freed; forced: the seat taken, or cancelled, against a rule.';

---- create above / drop below ----

delete from gym.ledger where event = 'forced';
alter table gym.ledger
  drop constraint ledger_event_known,
  add constraint ledger_event_known check (event in
    ('blocked', 'unblocked', 'forgiven', 'pardoned', 'seat freed', 'seat given back', 'seat not given back'));
alter table gym.enrolments drop column beyond_limit;
