-- The ledger: what happened to a person's seats and blocks.

create view rules.ledger_lines as
select l.id, l.user_id, to_char(l.at at time zone c.time_zone, 'YYYY-MM-DD HH24:MI') as at, u.student_card as card,
  l.event,
       -- a line then fits 100 columns
       case when length(l.reason) > 30 then left(l.reason, 29) || '…' else l.reason end as reason,
         l.enrolment_id as seat, l.by_user as by
  from gym.ledger l join gym.users u on u.id = l.user_id cross join gym.settings c;
comment on view rules.ledger_lines is 'gym.ledger as people read it, in the gym''s time: what api.ledger shows.';
