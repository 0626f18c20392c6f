create function api.audit() returns table (invariant text, violations bigint, query text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.audit() $$;
comment on function api.audit() is
  'Every invariant with the number of its violations, 0 when all is well. query shows them. Definer: looks at all '
  'data. Example: select invariant, violations from api.audit();';

create view api.rules as
-- broken between words, so that a few columns, or one rule from top to bottom, fit a window
select c.rule, c.sqlstate, rtrim(regexp_replace(c.message, '(.{1,60})(?: |$)', E'\\1\n', 'g'), E'\n') as message,
       rtrim(regexp_replace(case c.rule
         when 'slots_per_student' then s.slots_per_student::text
         when 'enrolment_closed' then format('day %s %s to last day %s', s.enrolment_opens_on_day,
           to_char(s.enrolment_opens_at, 'HH24:MI'), to_char(s.enrolment_closes_at, 'HH24:MI'))
         when 'slots_taken_within_capacity' then format('gym.slots.capacity (new slots: %s)', s.seats_per_slot)
         when 'student_blocked' then format('%s absences', s.absences_to_block)
         when 'absences_to_block' then s.absences_to_block::text
         when 'coach_marks_days' then format('%s days', s.coach_marks_days)
         when 'not_on_roster' then case when s.roster_only then 'on' else 'off' end
       end, '(.{1,20})(?: |$)', E'\\1\n', 'g'), E'\n') as current_limit,
       rtrim(regexp_replace(c.meaning, '(.{1,44})(?: |$)', E'\\1\n', 'g'), E'\n') as meaning,
       rtrim(regexp_replace(c.enforced_by, '(.{1,30})(?: |$)', E'\\1\n', 'g'), E'\n') as enforced_by,
       rtrim(regexp_replace(c.hint, '(.{1,60})(?: |$)', E'\\1\n', 'g'), E'\n') as hint
  from rules.catalogue c cross join gym.settings s;
comment on view api.rules is
  'Every rule. Its name (the constraint of its errors), SQLSTATE, message, current limit, meaning, where it is '
  'enforced, next step. Example: select rule, meaning, current_limit from api.rules where rule like ''slot%'';';

create view api.slots as
select s.id, to_char(s.month, 'MM-YYYY') as month,
  (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[s.weekday + 1] as day,
       to_char(s.starts_at, 'HH24:MI') as at, s.capacity, s.taken, s.capacity - s.taken as free
  from gym.slots s
 where s.deleted_at is null
 order by s.month, s.weekday, s.starts_at;
comment on view api.slots is
  'Slots with their free seats, in the order of the week. Example: select * from api.slots where month = '
  '''12-2026'';';

create view api.enrolled as
select e.id, to_char(e.month, 'MM-YYYY') as month,
  (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[e.weekday + 1] as day,
       to_char(s.starts_at, 'HH24:MI') as at, r.student_card as card, r.name as person, r."group", e.slot_id, e.user_id
  from gym.enrolments e
  join gym.slots s on s.id = e.slot_id
  join rules.roll r on r.user_id = e.user_id
 where e.cancelled_at is null
 order by e.month, e.weekday, s.starts_at, r.place, e.id;
comment on view api.enrolled is 'Who holds which seat. Example: select * from api.enrolled where card = 12069840;';

create function api.clock()
  returns table (now timestamptz, local_time timestamp, today date, this_month date, next_month date, time_zone text)
language sql stable rows 1 security definer set search_path = pg_catalog, pg_temp
as $$ select rules.clock(), rules.local_time(), rules.today(), rules.this_month(), rules.next_month(), s.time_zone from gym.settings s $$;
comment on function api.clock() is
  'What the gym''s clock shows, moved by gym.now or not. Definer: reads gym.settings; a view calls functions with '
  'the rights of whoever looks at it. Example: select * from api.clock();';

create function api.enrolment()
returns table (is_open boolean, by_hand boolean, for_month text, next_opening timestamp, opens_for text,
  next_closing timestamp, closes_for text)
language sql stable rows 1 security definer set search_path = pg_catalog, pg_temp
as $$
  select w.is_open, w.by_hand, to_char(w.for_month, 'MM-YYYY'),
         rules.local_time(t.next_opening), to_char(t.opens_for, 'MM-YYYY'),
         rules.local_time(t.next_closing), to_char(t.closes_for, 'MM-YYYY')
    from rules.enrolment_window() w cross join api.next_turns() t
$$;
comment on function api.enrolment() is
  'What the view api.enrolment shows. Definer: reads gym.settings and gym.manual_turns. '
  'Example: select * from api.enrolment();';

create view api.enrolment as
select e.* from api.enrolment() e;
comment on view api.enrolment is
  'Is enrolment open, and when does it open and close next, in the gym''s time. by_hand: not by schedule; '
  'for_month: chosen '
  'for now; opens_for, closes_for: the month that is chosen for then. Example: select * from api.enrolment;';
