-- What must always hold, as queries that find where it does not.

create view rules.invariants (invariant, query) as
values
  ('capacity_held',
    'select s.id, s.month, s.weekday, s.starts_at, s.capacity, s.taken from gym.slots s where s.taken > s.capacity'),
  ('counter_equals_rows',
   'select s.id, s.taken, count(e.id) as active from gym.slots s left join gym.enrolments e on e.slot_id = s.id '
   'and e.cancelled_at is null group by s.id having s.taken <> count(e.id)'),
  ('one_a_weekday',
   'select e.user_id, e.month, e.weekday, count(*) from gym.enrolments e where e.cancelled_at is null group by '
   'e.user_id, e.month, e.weekday having count(*) > 1'),
  ('slots_per_student',
   -- months past were judged by the limit of their time
   'select e.user_id, e.month, count(*) from gym.enrolments e where e.cancelled_at is null and e.beyond_limit is '
   'null and e.month >= rules.this_month() '
   'group by e.user_id, e.month having count(*) > (select c.slots_per_student from gym.settings c)'),
  ('slot_copied_right',
   'select e.id, e.slot_id from gym.enrolments e join gym.slots s on s.id = e.slot_id where (e.month, e.weekday) '
   'is distinct from (s.month, s.weekday)'),
  -- arrays: whatever the planner knows of the tables, the few that are deleted are looked up, and not each enrolment's
  ('deleted_slot_empty',
   'select e.id, e.slot_id from gym.enrolments e '
   'where e.slot_id = any (array(select s.id from gym.slots s where s.deleted_at is not null)) and e.cancelled_at '
   'is null'),
  ('deleted_user_has_no_seat',
   'select e.id, e.user_id from gym.enrolments e join gym.users u on u.id = e.user_id '
   'where e.user_id = any (array(select d.id from gym.users d where d.deleted)) and e.cancelled_at is null '
   'and e.month >= date_trunc(''month'', u.deleted_at at time zone (select c.time_zone from gym.settings c))'),
  ('waiting_holds_no_seat',
   'select w.id, w.user_id, w.slot_id from gym.waiting w join gym.enrolments e on e.user_id = w.user_id and '
   'e.slot_id = w.slot_id '
   'where w.ended_at is null and e.cancelled_at is null'),
  ('waiting_has_rank',
   'select w.id, w.slot_id, w.rank from (select w.*, rules.rank_of(w) as rank, row_number() over (partition by '
   'w.slot_id '
   'order by w.place, w.id) as n from gym.waiting w where w.ended_at is null) w where w.rank <> w.n'),
  ('waiting_can_be_promoted',
   -- a limit that was lowered ends a position when its turn comes; a list that is over is closed within the minute
   'select w.id, w.user_id, b.bar from gym.waiting w join gym.slots s on s.id = w.slot_id '
   'cross join lateral (select rules.promotion_bar(w.user_id, s, w.instead_of) as bar) b '
   'where w.ended_at is null and b.bar not in (''waiting_list_closed'', ''slots_per_student'')'),
  ('promoted_has_seat',
   'select w.id, e.id as enrolment_id from (select w.* from gym.waiting w where w.end_reason = ''promoted'') w '
   'full join (select e.* from gym.enrolments e where e.position_id is not null) e on e.position_id = w.id '
   'where w.id is null or e.id is null or (w.slot_id, w.user_id) <> (e.slot_id, e.user_id) '
   'and e.past_list is null'),
  ('list_is_served',
   -- no seat is free for more than a minute while a person waits for it, but for those that a block keeps back
   'select s.id, s.free_since, f.position_id from rules.candidates() f join gym.slots s on s.id = f.slot_id '
   'join gym.waiting w on w.id = f.position_id '
   'where greatest(s.free_since, w.joined_at, rules.hold_ended_at(s.id)) < rules.clock() - interval ''1 minute'''),
  ('marks_complete',
   'select coalesce(m.enrolment_id, x.enrolment_id) as enrolment_id, coalesce(m.date, x.date) as date, m.id as '
   'mark, x.enrolment_id is not null as expected '
   'from rules.expected_marks(rules.this_month(), rules.this_month(), (rules.this_month() + interval ''1 '
   'month'')::date) x '
   'full join (select k.* from gym.marks k where k.withdrawn_at is null and k.date >= rules.this_month()) m on '
   'm.enrolment_id = x.enrolment_id and m.date = x.date '
   'where x.enrolment_id is null or (m.id is null and exists (select from gym.months t where t.month = '
   'rules.this_month() and t.marks_made_at is not null))'),
  ('lesson_off_cancelled',
   'select m.id, m.date, m.mark from rules.timetable(rules.this_month() - 31, (rules.this_month() + interval ''1 '
   'month -1 day'')::date) d '
   'join gym.marks m on m.date = d.date join gym.slots s on s.id = m.slot_id left join gym.cancelled_lessons l on '
   'l.date = m.date and l.starts_at = s.starts_at '
   'where m.date >= rules.this_month() - 31 and m.withdrawn_at is null and case when d.is_closed or l.date is not '
   'null then m.set_at is null and m.mark <> ''cancelled'' else m.mark_before is not null end'),
  ('block_explained_by_absences',
   'select j.* from unnest(array[rules.this_month(), (rules.this_month() - interval ''1 month'')::date]) month '
   'cross join lateral rules.judgements(month) j where j.block_id is not null '
   'union all '
   'select j.* from gym.months t cross join lateral rules.judgements(t.month, null, coalesce(t.judged_on, '
   't.month)) j where j.block_id is null and t.month >= (rules.this_month() - interval ''1 month'')::date and '
   't.month <= rules.this_month()'),
  ('role_says_blocked',
   -- a block that ran out leaves the role to the jobs: it may show until they judge again
   'select u.id, u.role from (select r.id from gym.users r where r.role = ''BLOCKED'' '
   'union select b.user_id from gym.blocks b where b.lifted_at is null) k '
   'join gym.users u on u.id = k.id and u.role in (''STUDENT'', ''BLOCKED'') and not u.deleted '
   'cross join (select coalesce(max(t.judged_on), ''-infinity'') as day from gym.months t) judged '
   'where case when rules.is_blocked(u.id) then u.role <> ''BLOCKED'' else u.role = ''BLOCKED'' and not exists '
   '(select from gym.blocks b where b.user_id = u.id and b.lifted_at is null '
   'and coalesce((b.month + interval ''1 month -1 day'')::date, b.ends_on) >= judged.day) end'),
  ('barred_holds_no_seat',
   'select e.id, e.user_id, b.id as block_id from gym.blocks b join gym.enrolments e on e.user_id = b.user_id and '
   'e.month = (b.month + interval ''1 month'')::date '
   'where b.lifted_at is null and e.cancelled_at is null and e.created_at < b.created_at'),
  ('block_in_ledger',
   -- written past rules.block, rules.judge and rules.unblock, which free seats and give them back
   'select b.id, b.user_id from gym.blocks b '
   'where not exists (select from gym.ledger l where l.block_id = b.id and l.event = ''blocked'') '
   'or b.lifted_at is not null and not exists (select from gym.ledger l where l.block_id = b.id and l.event = '
   '''unblocked'')'),
  ('one_administrator',
   'select count(*) from gym.users u where u.role = ''ADMIN'' having bool_and(u.deleted)'),
  ('dates_bounded',
   -- from before the checks …_range, which are not valid for old rows
   'select s.id::bigint as id from gym.slots s where s.month not between ''2000-01-01'' and ''2099-12-31'' '
   'union all select b.id from gym.blocks b where coalesce(b.month, b.ends_on) not between ''2000-01-01'' and '
   '''2099-12-31'' '
   'union all select c.id from gym.closures c where c.start_date < ''2000-01-01'' or c.end_date > ''2099-12-31'''),
  ('database_settings', 'select f.fault, f.statement from rules.database_faults() f'),
  ('session_of_nobody',
   'select s.id, s.user_id from gym.sessions s join gym.users u on u.id = s.user_id where u.deleted and s.ended_at '
   'is null'),
  ('session_outlives_password',
   -- a session that changed the password itself was opened anew by it
   'select s.id, s.user_id from gym.sessions s join gym.verifiers v on v.user_id = s.user_id '
   'where s.ended_at is null and s.used_at < v.made_at and s.created_at < v.made_at and exists ('
   'select from gym.log_ins l where l.user_id = s.user_id and l.at = v.made_at and l.outcome in (''password'', '
   '''password given'', ''code''))'),
  ('code_of_nobody',
   'select c.id, c.card from gym.codes c left join gym.users u on u.student_card = c.card '
   'left join gym.roster r on r.card = c.card and r.gone_at is null '
   'where c.used_at is null and c.voided_at is null and (u.deleted or u.id is null and r.card is null)'),
  ('picture_is_shown',
   'select p.user_id, p.name from gym.pictures p join gym.users u on u.id = p.user_id where u.image is distinct '
   'from p.name'),
  ('old_hash_retired',
   'select u.id from gym.users u cross join gym.settings c where not c.legacy_hid and u.hid ~ ''^[0-9a-f]{64}$'' '
   'union all '
   'select p.oid::integer from gym.settings c join pg_class p on p.oid = ''gym.users''::regclass '
   'join pg_roles r on r.rolname = ''{{.auth_role}}'' '
   'where not c.legacy_hid and has_any_column_privilege(r.oid, p.oid, ''select, insert, update'')'),
  ('people_policed',
   'select c.relname::text from pg_class c where c.oid = ''gym.users''::regclass and not c.relrowsecurity'),
  ('package_whole', 'select f.fault from rules.package_faults() f (fault)'),
  ('owners_right', 'select f.fault from rules.owner_faults() f (fault)'),
  ('triggers_enabled',
   'select c.relname::text as on_table, t.tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid '
   'where c.relnamespace = ''gym''::regnamespace and t.tgenabled in (''D'', ''R'') '
   'union all '
   'select split_part(w.name, ''.'', 1), split_part(w.name, ''.'', 2) from gym.code_package p cross join '
   'unnest(p.triggers) w (name) where not exists ('
   'select from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = ''gym''::regnamespace and '
   'c.relname || ''.'' || t.tgname = w.name)');
comment on view rules.invariants is
  'What must always hold, each as a query that returns the violations. Run by api.audit and energy audit.';

create function rules.audit() returns table (invariant text, violations bigint, query text)
language plpgsql stable
as $$
begin
  -- Without the gym's time zone no other query works.
  invariant  := 'time_zone_known';
  query      := 'select f.fault from rules.time_zone_fault() f (fault) where f.fault is not null';
  violations := (rules.time_zone_fault() is not null)::integer;
  return next;
  if violations > 0 then
    raise warning '%', rules.time_zone_fault();
    return;
  end if;
  for invariant, query in select i.invariant, i.query from rules.invariants i loop
    execute format('select count(*) from (%s) q', query) into violations;
    return next;
  end loop;
end
$$;
comment on function rules.audit() is
  'Checks every invariant of rules.invariants on the live data: its name, the number of violations (0), and the '
  'query to see them.';
