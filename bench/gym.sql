-- An invented gym, a format of Go: %[1]d students; %[2]d slots a weekday of %[3]d seats each; %[4]d months of history, the last
-- of which is this one; next month with %[5]d seats taken in each slot. Every seat of history was held by somebody, after
-- somebody else had given it up, and another was refused. Triggers are off, or making it would take longer than measuring.
begin;
set local session_replication_role = replica;

truncate gym.users, gym.months, gym.slots, gym.enrolments, gym.marks, gym.blocks, gym.refusals, gym.audit_log, gym.manual_turns, gym.weekly_template cascade;

insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
select n, n, 'Имя' || n, 'Отчество', 'Фамилия' || n, 'ТГ-' || n / 25, '-', 'STUDENT'::gym.userrole from generate_series(1, %[1]d) n
union all
select %[1]d + 1, %[1]d + 1, 'Анна', 'Олеговна', 'Первая', '', '-', 'ADMIN'::gym.userrole;

insert into gym.weekly_template (weekday, starts_at, capacity)
select d, time '08:00' + t * interval '1 minute', %[3]d from generate_series(0, 5) d, generate_series(0, %[2]d - 1) t;

create temp table past on commit drop as
select n, (rules.this_month() + make_interval(months => n))::date as month from generate_series(1 - %[4]d, 1) n;

insert into gym.months (month, slots_made_at, marks_made_at, judged_on)
select month, month - interval '11 days', case when n <= 0 then month::timestamptz end, case when n < 0 then month + interval '1 month' end from past;

insert into gym.slots (id, month, weekday, starts_at, capacity)
select 1 + (p.n + %[4]d - 1) * 6 * %[2]d + d * %[2]d + t, p.month, d, time '08:00' + t * interval '1 minute', %[3]d
  from past p, generate_series(0, 5) d, generate_series(0, %[2]d - 1) t;

-- on a weekday neighbours sit in neighbouring slots, so that nobody has two
insert into gym.enrolments (slot_id, user_id, month, weekday, created_at, cancelled_at, cancel_reason)
select s.id, 1 + (s.id::bigint * least(%[3]d, %[1]d / %[2]d, 120) + c + left_early * 7919) %% %[1]d, s.month, s.weekday, s.month - interval '5 days',
       case when left_early = 1 then s.month - interval '4 days' end, case when left_early = 1 then 'own choice' end
  from gym.slots s, generate_series(0, least(%[3]d, %[1]d / %[2]d, 120) - 1) c, generate_series(0, 1) left_early
 where s.month <= rules.this_month() or left_early = 0 and c < %[5]d
 order by s.month, c, s.id;
update gym.slots s set taken = e.n
  from (select slot_id, count(*) as n from gym.enrolments where cancelled_at is null group by slot_id) e
 where e.slot_id = s.id;

insert into gym.refusals (slot_id, user_id, refused_at)
select distinct e.slot_id, 1 + (e.user_id + 17) %% %[1]d, e.created_at from gym.enrolments e where e.cancelled_at is null and e.month <= rules.this_month();

insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, set_at)
select e.id, e.slot_id, e.user_id, d::date,
       case when d >= rules.today() then 'unmarked' when (e.user_id + extract(day from d)::integer) %% 19 = 0 then 'absent' else 'present' end::gym.mark,
       case when d < rules.today() then d + interval '14 hours' end
  from gym.enrolments e
  join past p on p.month = e.month
  join generate_series((rules.this_month() + make_interval(months => 1 - %[4]d))::timestamp, rules.this_month() + interval '1 month -1 day', '1 day') d
    on d >= p.month and d < p.month + interval '1 month' and extract(isodow from d) = e.weekday + 1
 where e.cancelled_at is null and p.n <= 0
 order by d, e.slot_id;

-- the trail of it, as far as it is kept
select rules.make_audit_month(month) from past where n between -35 and 1 and to_regclass('gym.audit_log_' || to_char(month, 'YYYY_MM')) is null;
insert into gym.audit_log (written_at, actor, login, on_table, key, operation, new_values)
select greatest(e.created_at, p.month), e.user_id, 'energy', 'enrolments', e.id, 'insert', jsonb_build_object('slot_id', e.slot_id, 'user_id', e.user_id)
  from gym.enrolments e join past p on p.month = e.month and p.n between -35 and 0;
insert into gym.audit_log (written_at, actor, login, on_table, key, operation, old_values, new_values)
select m.date, %[1]d + 1, 'energy', 'marks', m.id, 'update', jsonb_build_object('mark', 'unmarked'), jsonb_build_object('mark', m.mark)
  from gym.marks m where m.mark <> 'unmarked' and m.date > rules.this_month() - interval '35 months';

insert into gym.posts (kind, body, created_at) select 'announcement', 'Объявление ' || n, now() from generate_series(1, 20) n where not exists (select from gym.posts);

select setval(pg_get_serial_sequence('gym.users', 'id'), (select max(id) from gym.users)),
       setval(pg_get_serial_sequence('gym.slots', 'id'), (select max(id) from gym.slots)),
       setval(pg_get_serial_sequence('gym.enrolments', 'id'), (select coalesce(max(id), 1) from gym.enrolments));
insert into gym.manual_turns (is_open, made_at) values (true, rules.clock());
commit;
vacuum analyze;
checkpoint;
