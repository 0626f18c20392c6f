-- The old system's database, a row for each oddity, on 10 December 2026. cmd/energy/import_legacy_test.go takes over
-- 2,000 people.
begin;
\ir ../helpers/start.psql
set local client_min_messages = warning;
select plan(76);

-- the test database may have people: ids of ours begin behind them
select setval('gym.users_id_seq', 5000) \g /dev/null
select who('mia'), card('mia') as mia_card, who('eve') as eve \gset
insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid) values (4015, 815, 'Новая', '',
  'Другая', '', '-');

-- ---- what is missing is named ----

select is(refusal($$ select rules.import_legacy('nowhere', true, null) $$), 'ENGON legacy_schema_missing',
  'legacy_schema_missing: no such schema');
select is(refusal($$ select rules.import_legacy(null, true, null) $$), 'ENGON legacy_schema_missing',
  'legacy_schema_missing: null');
create schema legacy;
select is(refusal($$ select rules.import_legacy('legacy', true, null) $$), 'ENGON legacy_table_missing',
  'legacy_table_missing: an empty schema');
create table legacy.users (id integer primary key, "studentCard" text, firstname text, surname text, second_name text,
  "group" text, hid text, image text, role text, deleted boolean);
create table legacy.available_time (id integer primary key, weekday integer, "time" text, number_of_persons integer,
  month text, deleted boolean default false);
create table legacy.entries (id integer primary key, "user" integer, selected_time integer, create_time timestamp,
  deleted boolean default false);
create table legacy.visits (id integer primary key, date date, mark integer);
create table legacy.ads (id integer primary key, body text, create_time text, deleted boolean);
create table legacy.news (id integer primary key, body text);
select is(refusal($$ select rules.import_legacy('legacy', true, null) $$), 'ENGON legacy_column_missing',
  'legacy_column_missing: neither entry nor student of a visit');
alter table legacy.visits add column entry_id integer;

-- ---- the old data ----

insert into legacy.users values
  (4001, '801', 'Админ', '', 'Первый', '', repeat('a', 64), null, 'ADMIN', false),
  (4002, '802', 'Админ', '', 'Второй', '', repeat('b', 64), null, 'ADMIN', false),
  (4003, '803', 'Тренер', '', 'Один', '', repeat('c', 64), 'i.png', 'COACH', false),
  (4004, '804', 'Анна', 'Ильинична', 'Белова', 'БИ-21', repeat('d', 64), null, 'STUDENT', false),
  (4005, '805', 'Олег', '', 'Блок', 'БИ-21', repeat('e', 64), null, 'BLOCKED', false),
  (4006, '806', 'Ушла', '', 'Ушла', 'БИ-21', repeat('f', 64), null, 'STUDENT', true),
  (4007, '804', 'Анна', '', 'Вторая', '', repeat('d', 64), null, 'STUDENT', false),
  (4008, 'нет', 'Анна', '', 'Третья', '', repeat('d', 64), null, 'STUDENT', false),
  (4009, '809', 'Анна', '', 'Король', '', repeat('d', 64), null, 'KING', false),
  (4010, '810', 'Анна', '', repeat('я', 201), '', repeat('d', 64), null, 'STUDENT', false),
  (4011, '811', null, null, 'Пустая', null, null, null, 'STUDENT', null),
  (4012, (:mia_card)::text, 'Миа', '', 'Старая', '', repeat('d', 64), null, 'STUDENT', false),
  (4013, '813', 'Три', '', 'Пропуска', '', repeat('d', 64), null, 'STUDENT', false),
  (4014, '814', 'Много', '', 'Хочет', '', repeat('d', 64), null, 'STUDENT', false),
  (4015, '8150', 'Занят', '', 'Номер', '', repeat('d', 64), null, 'STUDENT', false);
insert into legacy.available_time values
  (1, 0, '16:00', 1, '11-2026'), (2, 0, '17:30', 2, '11-2026'), (3, 1, '16:00', 5, '11-2026'),
    (4, 2, '16:00', 5, '11-2026'), (5, 3, '16:00', 5, '11-2026'),
  (6, 1, '16:00', 2, '12-2026'), (7, 1, '16:00:00', 7, '12-2026'), (8, 3, '9:00', 5, '12-2026'),
    (9, 0, '16:00', 1, '01-2027'), (10, 0, '17:30', 2, '1-2027'),
  (12, 7, '16:00', 5, '11-2026'), (13, 1, 'поздно', 5, '11-2026'), (14, 1, '18:00', 0, '11-2026'),
    (15, 1, '18:00', 5, 'ноябрь');
insert into legacy.available_time values (11, 4, '16:00', 5, '11-2026', true);
-- November is past: one seat on Monday at 16:00 for two, and Anna has two times on Monday and five in all
insert into legacy.entries (id, "user", selected_time) values
  (101, 4004, 1), (102, 4005, 1), (103, 4004, 2), (104, 4004, 3), (105, 4004, 4), (106, 4004, 5), (107, 4006, 3),
    (108, 4004, 3);
insert into legacy.entries (id, "user", selected_time, create_time, deleted) values
  (109, 4005, 4, null, true), (110, 4005, 11, null, false),
-- December: three absences of 4013 on three Tuesdays would block, but there were two Tuesdays so far and a Thursday
  (120, 4013, 6, null, false), (121, 4014, 7, null, false), (122, 4011, 6, null, false), (123, 4013, 8, null, false),
    (124, 4006, 8, null, false),
  (125, 4004, 8, '2026-12-08 10:00', false),
-- January: one seat
  (130, 4013, 9, '2026-11-26 10:00', false), (131, 4004, 9, null, false), (132, 4004, 10, null, false),
    (133, 4014, 10, null, false), (134, 4014, 9, null, false),
-- of nobody, of nothing
  (140, 9999, 1, null, false), (141, 4007, 1, null, false), (142, 4004, 999, null, false), (143, 4004, 14, null, false),
    (144, 4012, 2, null, false);
insert into legacy.visits (id, entry_id, date, mark) values
  (201, 101, '2026-11-02', 1), (202, 101, '2026-11-09', 0), (203, 102, '2026-11-02', 2), (204, 102, '2026-11-30', 3),
    (205, 103, '2026-11-02', 1),
  (206, 104, '2026-11-03', 1), (207, 108, '2026-11-03', 2), (208, 108, '2026-11-10', 2), (209, 101, '2026-11-03', 1),
    (210, 101, '2026-12-07', 1), (211, 101, '2026-11-16', 7),
  (212, 109, '2026-11-04', 1), (213, 109, '2026-11-11', 1), (214, 109, '2026-11-18', 0), (215, 999, '2026-11-02', 1),
    (216, 141, '2026-11-02', 1), (217, 101, null, 1),
  (218, 110, '2026-11-06', 1), (219, 107, '2026-11-03', 1), (220, 130, '2027-01-04', 1), (221, 101, '2026-11-23', null),
  -- 3 (Thursday), 1 and 8 (Tuesdays) December: somebody came
  (230, 120, '2026-12-01', 0), (231, 122, '2026-12-01', 1), (232, 120, '2026-12-08', 0), (233, 122, '2026-12-08', 1),
    (234, 123, '2026-12-03', 0), (235, 124, '2026-12-03', 1),
  (236, 125, '2026-12-03', 2);
insert into legacy.ads values (1, 'Зал закрыт', '25.11.2026', false), (2, 'Старое', '2026-11-01 10:30:00', true),
  (3, '', null, false);
insert into legacy.news values (1, 'Новость');

-- ---- the dry run ----

select is(refusal($$ select rules.import_legacy('legacy', true, 77) $$), 'ENGON legacy_admin_unknown',
  'legacy_admin_unknown: no administrator has that card');
create temp table help_dry as select * from rules.import_legacy('legacy', true, null);
create temp table help_problems as select * from rules.plan_problems('legacy', null);
select is((select count(*) from gym.legacy_ids), 0::bigint, 'dry run: nothing came in');
select is((select count(*) from gym.users where id between 4001 and 4014), 0::bigint, 'dry run: nobody came in');
create function help.problem(p_what text, p_old_id integer) returns text
language sql
  as $$ select p.outcome || ': ' || p.reason from help_problems p where p.what = p_what and p.old_id = p_old_id $$;
select is(problem(what, id), told, what || ' ' || id || ': ' || coalesce(told, 'comes in as it stands'))
  from (values
    ('users', 4001, 'changed: taken for the default administrator: log-in disabled'), ('users', 4002, null),
      ('users', 4005, 'changed: was BLOCKED: comes in as STUDENT, this month''s marks decide'),
    ('users', 4007, 'refused: card 804 is that of user 4004 too'),
      ('users', 4008, 'refused: card ''нет'' is no positive number'),
      ('users', 4009, 'refused: role ''KING'' is unknown'),
    ('users', 4010, 'refused: a name or the group is longer than 200 characters'),
      ('users', 4011, 'changed: no password hash: log-in disabled'),
    ('users', 4012, format('changed: card %s is user %s here already, who stays as is', :mia_card, who('mia'))),
      ('users', 4015, 'refused: the id is taken here, by card 815'),
    ('available_time', 7, 'changed: the same time as 6: taken together, with the seats of that one'),
      ('available_time', 12, 'refused: the weekday is not 0 to 6'),
    ('available_time', 13, 'refused: the time is no HH:MM'), ('available_time', 14, 'refused: seats: 0, not 1 to 1000'),
      ('available_time', 15, 'refused: month ''ноябрь'' is none'),
    ('entries', 102, 'changed: all 1 seats are taken: history, cancelled at the end of the month'),
      ('entries', 103, 'changed: another time on that weekday: history, cancelled at the end of the month'),
    ('entries', 106, 'changed: more than 3 times in the month: history, cancelled at the end of the month'),
      ('entries', 108, 'changed: the same as entry 104: taken together'),
    ('entries', 110, 'changed: its time is deleted: comes in cancelled'), ('entries', 107, null),
      ('entries', 122, 'refused: all 2 seats are taken'),
      ('entries', 124, 'changed: its student is deleted: comes in cancelled'),
    ('entries', 131, 'refused: all 1 seats are taken'), ('entries', 134, 'refused: another time on that weekday'),
      ('entries', 140, 'refused: there is no user 9999'),
    ('entries', 141, 'refused: user 4007 is refused: card 804 is that of user 4004 too'),
      ('entries', 142, 'refused: there is no time 999'), ('entries', 144, null),
    ('visits', 207, 'refused: visit 206 is of the same lesson'), ('visits', 208, null),
      ('visits', 209, 'refused: the date is another weekday than its entry'),
      ('visits', 210, 'refused: the date is not in 11-2026'),
    ('visits', 211, 'refused: mark ''7'' is none of 0 to 3'), ('visits', 215, 'refused: there is no entry 999'),
      ('visits', 217, 'refused: date NULL is none'), ('visits', 220, 'refused: its month has not begun'),
    ('ads', 3, 'refused: the text is empty, or longer than 100000 characters')) v (what, id, told);

-- ---- the import ----

create function help.locks() returns bigint
  language sql as $$ select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' $$;
select locks() as locks \gset
create temp table help_done as select * from rules.import_legacy('legacy', false, null);
select is(locks(), :locks::bigint, 'lock_user: an import, which holds the tables, locks nobody one by one');
select set_eq($$ select * from help_done $$, $$ select * from help_dry $$, 'import: as the dry run said');

select set_eq(
  $$ select id, student_card, hid = '!', role::text, deleted from gym.users where id between 4001 and 4014 $$,
  $$ values (4001, 801, true, 'ADMIN', false), (4002, 802, false, 'ADMIN', false), (4003, 803, false, 'COACH', false),
    (4004, 804, false, 'STUDENT', false), (4005, 805, false, 'STUDENT', false),
            (4006, 806, false, 'STUDENT', true), (4011, 811, true, 'STUDENT', false),
              (4013, 813, false, 'STUDENT', false), (4014, 814, false, 'STUDENT', false) $$,
  'people: by their ids');

create function help.seat(p_old integer) returns gym.enrolments
language sql as $$ select e from gym.enrolments e join gym.legacy_ids k on k.kind = 'entry' and k.new_id = e.id where k.old_id = p_old $$;
create function help.marks_of(p_old integer) returns text
language sql as $$
  select string_agg(to_char(m.date, 'DD.MM') || ' ' || m.mark, ', ' order by m.date) from gym.marks m
    where m.enrolment_id = (help.seat(p_old)).id and m.withdrawn_at is null
$$;
select is(marks_of(101), '02.11 present, 09.11 unmarked, 16.11 unmarked, 23.11 unmarked, 30.11 unmarked',
  'marks: 0 is not marked');
select is((seat(102)).cancel_reason || ' ' || marks_of(102),
  'imported 02.11 excused, 09.11 unmarked, 16.11 unmarked, 23.11 unmarked, 30.11 cancelled',
  'marks: of a seat over capacity stay');
select is(marks_of(104), '03.11 present, 10.11 excused, 17.11 unmarked, 24.11 unmarked',
  'marks: of two entries for one seat, together');
select is((seat(109)).cancel_reason || ' ' || marks_of(109), 'imported 04.11 present, 11.11 present',
  'marks: of a cancelled entry, as far as somebody marked');
select is((seat(107)).cancelled_at, null, 'entries: of somebody deleted, in a month past, stay as they were');
select is(marks_of(125), '03.12 excused, 10.12 unmarked, 17.12 unmarked, 24.12 unmarked, 31.12 unmarked',
  'entries: made before the first lesson that was marked');

-- Tuesdays at 16:00: 122 came in for no seat, so nobody was marked there
select is((select count(*) from gym.blocks), 0::bigint, 'blocks: an old zero alone blocks nobody');
select is((select count(*) from gym.months
  where month in ('2026-11-01', '2026-12-01', '2027-01-01') and slots_made_at is not null
  and (marks_made_at is null) = (month > '2026-12-31')), 3::bigint,
  'months: not made again by the jobs');
select is(rules.run('ensure_slots') + rules.run('ensure_marks') + rules.run('ensure_blocks'), 0,
  'months: the jobs find nothing to do');
select is((select string_agg(p.kind || ' ' || p.body || ' ' || to_char(rules.local_time(p.created_at), 'DD.MM HH24:MI')
  || coalesce(' ' || left('deleted', 7 * (p.deleted_at is not null)::integer), ''), ', ' order by p.id)
             from gym.posts p join gym.legacy_ids k on k.kind in ('ad', 'news') and k.new_id = p.id),
  'announcement Старое 01.11 10:30 deleted, announcement Зал закрыт 25.11 00:00 , news Новость 10.12 09:00 ',
    'posts: by their days');
select is_empty($$ select invariant, violations from rules.audit() where violations > 0 $$, 'audit: clean');

-- ---- once more ----

create temp table help_before as
select (select count(*) from gym.users) as users, (select count(*) from gym.slots) as slots,
  (select count(*) from gym.enrolments) as enrolments,
       (select md5(string_agg(m::text, ',' order by m.id)) from gym.marks m) as marks,
         (select count(*) from gym.posts) as posts, (select count(*) from gym.legacy_ids) as ids,
         (select count(*) from gym.ledger) as ledger;
select is_empty($$ select what from rules.import_legacy('legacy', false, null) where imported <> 0 $$,
  'again: nothing is new');
select results_eq($$ select (select count(*) from gym.users), (select count(*) from gym.slots),
  (select count(*) from gym.enrolments),
  (select md5(string_agg(m::text, ',' order by m.id)) from gym.marks m), (select count(*) from gym.posts),
    (select count(*) from gym.legacy_ids), (select count(*) from gym.ledger) $$,
  $$ select * from help_before $$, 'again: nothing changed');
-- later: a mark made since, there and here
insert into legacy.visits (id, entry_id, date, mark) values (250, 101, '2026-11-16', 1), (251, 101, '2026-11-23', 1);
update gym.marks set mark = 'absent' where enrolment_id = (seat(101)).id and date = '2026-11-23';
select is((select imported || ' ' || refused from rules.import_legacy('legacy', false, null) where what = 'visits') ,
  (select '1 ' || refused + 1 from help_done where what = 'visits'),
  'again: a mark that is new comes in, one that was set here meanwhile stays');
select is(marks_of(101), '02.11 present, 09.11 unmarked, 16.11 present, 23.11 absent, 30.11 unmarked',
  'again: the marks');
select is(refusal($$ delete from gym.legacy_ids $$), 'ENRUL never_deleted', 'never_deleted: what came from where');
select isnt((select nextval('gym.users_id_seq')), 4014::bigint, 'people: the next id is another');

-- ---- other shapes ----

-- visits that name the student; a view for a table; dates as text
create schema legacy2;
create view legacy2.users as select * from legacy.users where id <> 4009;
create view legacy2.available_time as select * from legacy.available_time;
create view legacy2.entries as select * from legacy.entries;
create table legacy2.visits (id integer, user_id integer, date text, "time" time, mark text);
create view legacy2.ads as select * from legacy.ads;
create view legacy2.news as select * from legacy.news;
insert into legacy2.visits values (301, 4004, '09.11.2026', '16:00', '2'), (302, 4004, '2026-11-09', '17:30', '1'),
  (303, 4004, '2026-11-15', '16:00', '1'), (304, 4004, '31.11.2026', '16:00', '1');
select set_eq(
  $$ select p.old_id, p.state, p.enrolment_id, p.mark::text, p.refusal from rules.plan_marks('legacy2', null) p $$,
  $$ values (301::bigint, 'new', (seat(101)).id, 'excused', null), (302, 'new', (seat(103)).id, 'present', null),
            (303, 'refused', null, 'present', 'its student had no entry for that day'),
              (304, 'refused', null, 'present', 'its student had no entry for that day') $$,
              'visits of students: by date and time');
select is(rules.legacy_moment(text)::text, (moment::timestamptz)::text, 'legacy_moment: ' || text)
  from (values ('2026-11-30', '2026-11-29 17:00+00'), ('30.11.2026 09:05', '2026-11-30 02:05+00'),
    ('2026-11-30T09:05:07.5', '2026-11-30 02:05:07+00'), ('2026-11-30 09:05:07+00', '2026-11-30 09:05:07+00'),
               ('2026-11-30 09:05:07.123456+05:30', '2026-11-30 03:35:07+00'), ('2026-02-30', null), ('вчера', null),
                 (null, null)) v (text, moment);

-- ---- whose tables they are ----

-- what a table calls runs with the rights of api.import_legacy
create role test_legacy_stranger;
alter table legacy.users owner to test_legacy_stranger;
select is(refusal($$ select count(*) from rules.import_legacy('legacy', true, null) $$), 'none',
  'legacy_table_foreign: the owner of the database reads whatever he likes');
grant usage on schema help to energy_admin;
grant execute on function help.refusal(text) to energy_admin;
set local session authorization energy_admin;
select help.refusal($$ select count(*) from api.import_legacy('legacy', true) $$) as refused \gset
reset session authorization;
select is(:'refused'::text, 'ENRUL legacy_table_foreign', 'legacy_table_foreign: an administrator does not');

select * from finish();
rollback;
