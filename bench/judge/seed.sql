-- November's marks and December's seats made set-wise, past the triggers, in the state that they would have left: %[1]d
-- students with 9 or 13 marks each; every %[2]dth missed his third lesson on Thursday the 26th. A slot has %[3]d seats.
set session_replication_role = replica;

insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
select n, n, 'Имя' || n, '', 'Фамилия' || n, 'ТГ-' || n %% 400, '-', 'STUDENT' from generate_series(1, %[1]d) n;

insert into gym.months (month, slots_made_at, marks_made_at)
values ('2026-11-01', '2026-10-20 00:05+07', '2026-11-01 00:05+07'), ('2026-12-01', '2026-11-20 00:05+07', null);

-- slot t of a weekday is held by neighbours: Monday (0) and Thursday (3) by all students, Tuesday by half of them and in November only
insert into gym.slots (id, month, weekday, starts_at, capacity)
select (extract(month from m)::integer - 11) * 100000 + d * 10000 + t, m, d, time '08:00' + t * interval '1 minute', %[3]d
  from unnest('{2026-11-01,2026-12-01}'::date[]) m, generate_series(0, 5) d, generate_series(0, (%[1]d - 1) / %[3]d) t;

insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
select (extract(month from m)::integer - 11) * 100000 + d * 10000 + (n - 1) / %[3]d, n, m, d, m - interval '5 days'
  from unnest('{2026-11-01,2026-12-01}'::date[]) m, unnest('{0,1,3}'::integer[]) d, generate_series(1, %[1]d) n
 where d <> 1 or n %% 2 = 0 and extract(month from m) = 11;
update gym.slots s set taken = (select count(*) from gym.enrolments e where e.slot_id = s.id);

-- everybody missed the first Monday, every other student the second too
insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, set_at)
select e.id, e.slot_id, e.user_id, d::date,
       case when d = '2026-11-02' or d = '2026-11-09' and (e.user_id %% 2 = 1 or e.user_id %% %[2]d = 0)
              or d = '2026-11-26' and e.user_id %% %[2]d = 0 then 'absent'
            when d > '2026-11-26' then 'unmarked' else 'present' end::gym.mark,
       case when d <= '2026-11-26' then d + interval '14 hours' end
  from gym.enrolments e
  join generate_series(timestamp '2026-11-01', '2026-11-30', '1 day') d on extract(isodow from d) = e.weekday + 1
 where e.month = '2026-11-01';

reset session_replication_role;
select setval(pg_get_serial_sequence('gym.users', 'id'), %[1]d),
       setval(pg_get_serial_sequence('gym.slots', 'id'), (select max(id) from gym.slots));
analyze;
