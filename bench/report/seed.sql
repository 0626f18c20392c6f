-- Invented attendance: $1 students over $2 months from September 2025, $3 hundredths of a slot a student and month.
-- Triggers are off while it is written, or making it would take longer than measuring.
set local session_replication_role = replica;

insert into gym.users (id, student_card, firstname, secondname, surname, "group", hid, role)
select n, n + 10000000,
       (array['Иван', 'Мария', 'Пётр', 'Анна', 'Сергей', 'Ольга', 'Дмитрий', 'Елена'])[1 + n % 8],
       (array['Иванович', 'Петровна', 'Сергеевич', 'Алексеевна', 'Дмитриевич', 'Андреевна', 'Юрьевич', 'Олеговна'])[1 + n % 8],
       (array['Смирнов', 'Ёлкин', 'Ершов', 'Жуков', 'Щукин', 'Абрамов', 'Яковлев', 'Кузнецов', 'Попов', 'Юдин', 'Цветков'])[1 + n % 11] || case n % 2 when 1 then 'а' else '' end,
       (array['БИ', 'ИС', 'ГД', 'КР', 'ПГ'])[1 + n % 5] || '-' || 11 + (n / 25) % 40, '-',
       case when n % 50 = 0 then 'BLOCKED' else 'STUDENT' end::gym.userrole
  from generate_series(1, current_setting('seed.students')::integer) n;

insert into gym.slots (id, month, weekday, starts_at, capacity)
select m * 24 + d * 4 + t, (date '2025-09-01' + make_interval(months => m))::date, d, (array['16:00', '17:30', '19:00', '20:30']::time[])[t], 1000
  from generate_series(0, current_setting('seed.months')::integer - 1) m, generate_series(0, 5) d, generate_series(1, 4) t;

insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at)
select row_number() over (), s.id, u.n, s.month, s.weekday, s.month - interval '3 days'
  from generate_series(1, current_setting('seed.students')::integer) u (n)
  cross join generate_series(0, current_setting('seed.months')::integer - 1) m
  cross join generate_series(0, 2) k
  join gym.slots s on s.id = m * 24 + (u.n + m + k) % 6 * 4 + 1 + u.n / 6 % 4
 -- the hundredths: 115 is one slot each, and a second one for 15 students of 100
 where k * 100 + u.n % 100 < current_setting('seed.slots')::integer;

update gym.slots s set taken = (select count(*) from gym.enrolments e where e.slot_id = s.id);

insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, set_at)
select e.id, e.slot_id, e.user_id, d::date,
       (array['present', 'present', 'present', 'present', 'present', 'present', 'present', 'absent', 'excused', 'unmarked', 'cancelled'])[1 + (e.user_id * 7 + extract(day from d)::integer * 3) % 11]::gym.mark,
       d
  from gym.enrolments e
  cross join lateral generate_series(e.month::timestamp, e.month + interval '1 month -1 day', interval '1 day') d
 where extract(isodow from d) = e.weekday + 1;

insert into gym.blocks (user_id, month, reason, created_at)
select u.id, m.month, 'Пропуски', m.month + interval '20 days'
  from gym.users u cross join (select distinct s.month from gym.slots s) m
 where u.role = 'BLOCKED';

select setval(pg_get_serial_sequence('gym.users', 'id'), (select max(id) from gym.users)),
       setval(pg_get_serial_sequence('gym.slots', 'id'), (select max(id) from gym.slots)),
       setval(pg_get_serial_sequence('gym.enrolments', 'id'), (select max(id) from gym.enrolments));
