-- A database in which people signed up by the forms of the old front, and others were added in psql of an older
-- version.
begin;
\ir ../../helpers/start.psql
select plan(28);

select is(rules.names_stand(family, patronymic), wanted, format('names_stand: %L, %L', family, patronymic))
  from (values ('Абрамов', 'Ильич', 'right'), ('Ильич', 'Абрамов', 'wrong'), ('Белова', 'Никитична', 'right'),
    ('ОЛЕГОВНА', 'Белова', 'wrong'),
               ('Ли', '', 'right'), ('Абрамович', '', 'right'), ('', 'Ли', 'wrong'), (' ', 'Абрамович', 'wrong'),
               ('Абрамович', 'Ильич', 'unclear'), ('Ли', 'Вэй', 'unclear'), ('Алиев', 'Гасан оглы', 'right'), ('',
                 ' ', 'empty')) n (family, patronymic, wanted);

-- only what is made here
set local session_replication_role = replica;
update gym.users set hid = 'erased', firstname = '', secondname = '', surname = '';
create function help.person(p_card integer, p_secondname text, p_surname text) returns void
language sql as $$
  insert into gym.users (student_card, secondname, firstname, surname, "group", hid) values (p_card, p_secondname,
    'Олег', p_surname, 'ОБ-1', '-')
$$;
select person(813001, 'Абрамов', 'Ильич'), person(813003, '', 'Ли'), person(813004, 'Абрамович', 'Ильич'),
  person(813006, 'Кац', '') \g /dev/null
reset session_replication_role;
-- the trail knows of these
select person(813002, 'Ильич', 'Борисов'), person(813005, 'Петрович', 'Вэй'), person(813007, 'Ильич', 'Абрамович') \g /dev/null
create function help.people() returns text
language sql as $$ select string_agg(r.student_card % 10 || ' ' || r.name, ', ' order by r.student_card) from
  rules.roll r where r."group" = 'ОБ-1' $$;
select people() as before \gset

-- ---- the preview ----

select is(admin($$ select card, stands, person, becomes from api.swap_names_preview() where card between 813001 and
  813009 $$),
  '(813001,right,"Абрамов Олег Ильич",) (813002,wrong,"Ильич Олег Борисов","Борисов Олег Ильич") (813003,wrong,"Олег '
  'Ли","Ли Олег") '
  || '(813004,unclear,"Абрамович Олег Ильич",) (813005,wrong,"Петрович Олег Вэй","Вэй Олег Петрович") '
  || '(813006,right,"Кац Олег",) '
  || '(813007,unclear,"Ильич Олег Абрамович",)', 'swap_names_preview: who stands how, and becomes what');
select is(admin($$ select card from api.swap_names_preview(unclear => true, except_cards => '{813004,813005}') where
  becomes is not null $$),
  '(813002) (813003) (813007)', 'swap_names_preview: those who are unclear too, without the exceptions');
select is(people(), :'before', 'swap_names_preview: changes nobody');

-- ---- the swap ----

savepoint before;
select is(admin($$ select * from api.swap_names() where stands <> 'empty' $$),
  '(right,2,0) (unclear,2,0) (wrong,3,3)', 'swap_names: what looks wrong');
select is(people(), '1 Абрамов Олег Ильич, 2 Борисов Олег Ильич, 3 Ли Олег, '
  '4 Абрамович Олег Ильич, 5 Вэй Олег Петрович, 6 Кац Олег, 7 Ильич Олег Абрамович',
  'swap_names: and nobody else');
rollback to before;
select is(admin($$ select * from api.swap_names(unclear => true, except_cards => '{813004,813005}') where stands <>
  'empty' $$),
  '(right,2,0) (unclear,2,1) (wrong,3,2)', 'swap_names: how many');
select is(people(), '1 Абрамов Олег Ильич, 2 Борисов Олег Ильич, 3 Ли Олег, '
  '4 Абрамович Олег Ильич, 5 Петрович Олег Вэй, 6 Кац Олег, 7 Абрамович Олег Ильич',
  'swap_names: as the preview said');
select is((select (swapped_at = rules.clock(), login = session_user, people)::text from gym.name_swaps), '(t,t,3)',
  'swap_names: the database says that it was done');
select is(admin_refused($$ select api.swap_names() $$), 'ENRUL names_swapped_once', 'names_swapped_once: again');
select is(refusal($$ insert into gym.name_swaps (swapped_at, login, people) values (now(), 'x', 1) $$),
  '23505 name_swaps_pkey', 'name_swaps: one row at most');
select is(people(), '1 Абрамов Олег Ильич, 2 Борисов Олег Ильич, 3 Ли Олег, '
  '4 Абрамович Олег Ильич, 5 Петрович Олег Вэй, 6 Кац Олег, 7 Абрамович Олег Ильич',
  'names_swapped_once: nothing was changed');

-- ---- the trail of before is read as what it was ----

select u.id as oleg from gym.users u where u.student_card = 813002 \gset
select is((select string_agg(part || ' ' || name, ', ' order by part) from rules.names_ever(:oleg)),
  'family Борисов, given Олег, patronymic Ильич', 'names_ever: not the patronymic as a family name');
update gym.users set secondname = 'Волков' where id = :oleg;
select is((select string_agg(part || ' ' || name, ', ' order by part, name) from rules.names_ever(:oleg)),
  'family Борисов, family Волков, given Олег, patronymic Ильич', 'names_ever: and what came later');
select (rules.create_post('news', 'Борисов Олег, Волков О. И.; но Ильич Олег и Олег Ильич — другие', null)).id as post
  \gset
select rules.erase_person(:oleg, 'закон') \g /dev/null
select is((select body from gym.posts where id = :post), 'стёрто, стёрто; но Ильич Олег и Олег Ильич — другие',
  'erase_person: after the swap, nobody else');

-- ---- where nothing is wrong ----

rollback to before;
select is(admin($$ select stands, people, swapped from api.swap_names(except_cards => '{813002,813003,813005}') where
  stands <> 'empty' $$), '(right,2,0) (unclear,2,0) (wrong,3,0)', 'swap_names: of nobody');
select is((select count(*) from gym.name_swaps), 0::bigint,
  'swap_names: of nobody leaves no mark, and may be tried again');

select * from finish();
rollback;
