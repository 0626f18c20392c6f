-- Invented attendance, a format of Go: %[1]d students over %[2]d months from September 2020, who each take %[3]d hundredths of a slot
-- a month. Triggers are off while it is written, or making it would take longer than measuring.
begin;
set local session_replication_role = replica;

truncate gym.users, gym.months, gym.slots, gym.enrolments, gym.marks, gym.blocks cascade;

insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
select n, n + 10000000,
       (array['Иван', 'Мария', 'Пётр', 'Анна', 'Сергей', 'Ольга', 'Дмитрий', 'Елена'])[1 + n %% 8],
       (array['Иванович', 'Петровна', 'Сергеевич', 'Алексеевна', 'Дмитриевич', 'Андреевна', 'Юрьевич', 'Олеговна'])[1 + n %% 8],
       (array['Смирнов', 'Ёлкин', 'Ершов', 'Жуков', 'Щукин', 'Абрамов', 'Яковлев', 'Кузнецов', 'Попов', 'Юдин', 'Цветков'])[1 + n %% 11] || case n %% 2 when 1 then 'а' else '' end,
       (array['БИ', 'ИС', 'ГД', 'КР', 'ПГ'])[1 + n %% 5] || '-' || 11 + (n / 25) %% 40, '-',
       case when n %% 50 = 0 then 'BLOCKED' else 'STUDENT' end::gym.userrole
  from generate_series(1, %[1]d) n;

insert into gym.slots (id, month, weekday, starts_at, capacity)
select m * 24 + d * 4 + t, (date '2020-09-01' + make_interval(months => m))::date, d, (array['16:00', '17:30', '19:00', '20:30']::time[])[t], 1000
  from generate_series(0, %[2]d - 1) m, generate_series(0, 5) d, generate_series(1, 4) t;

insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at)
select row_number() over (), s.id, u.n, s.month, s.weekday, s.month - interval '3 days'
  from generate_series(1, %[1]d) u (n)
  cross join generate_series(0, %[2]d - 1) m
  cross join generate_series(0, 2) k
  join gym.slots s on s.id = m * 24 + (u.n + m + k) %% 6 * 4 + 1 + u.n / 6 %% 4
 -- the hundredths: 115 is one slot each, and a second one for 15 students of 100
 where k * 100 + u.n %% 100 < %[3]d;

insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, set_at)
select e.id, e.slot_id, e.user_id, d::date,
       (array['present', 'present', 'present', 'present', 'present', 'present', 'present', 'absent', 'excused', 'unmarked', 'cancelled'])[1 + (e.user_id * 7 + extract(day from d)::integer * 3) %% 11]::gym.mark,
       d
  from gym.enrolments e
  cross join lateral generate_series(e.month::timestamp, e.month + interval '1 month -1 day', interval '1 day') d
 where extract(isodow from d) = e.weekday + 1;

-- or the server's jobs would make them again
insert into gym.months (month, slots_made_at, marks_made_at) select distinct s.month, now(), now() from gym.slots s;

insert into gym.blocks (user_id, month, reason, created_at)
select u.id, m.month, 'Пропуски', m.month + interval '20 days'
  from gym.users u cross join (select distinct s.month from gym.slots s) m
 where u.role = 'BLOCKED';

insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role) values (%[1]d + 1, 1, 'Тренер', '', 'Главный', '', '-', 'COACH');

select setval(pg_get_serial_sequence('gym.users', 'id'), (select max(id) from gym.users)),
       setval(pg_get_serial_sequence('gym.slots', 'id'), (select max(id) from gym.slots)),
       setval(pg_get_serial_sequence('gym.enrolments', 'id'), (select max(id) from gym.enrolments));

-- for those who enrol meanwhile
select rules.turn_enrolment(true, null);
update gym.slots set capacity = 1000 where month = rules.next_month();
commit;
vacuum analyze;
