begin;
\ir ../../helpers/start.psql
select plan(35);

create function help.student(p_card text, p_family text, p_given text default 'Анна', p_group text default 'БИ-21')
  returns jsonb
language sql as $$ select jsonb_build_object('card', p_card, 'secondname', p_family, 'firstname', p_given, 'group',
  p_group) $$;
create function help.list(variadic p_rows jsonb[]) returns jsonb
language sql as $$ select to_jsonb(p_rows) $$;
create function help.roster() returns text
language sql as $$ select string_agg(r.card || ' ' || r.family || case when r.gone_at is null then '' else ' gone'
  end, ', ' order by r.card) from gym.roster r $$;

-- ---- rules.roster_rows ----

select is(refusal($$ select rules.import_roster('[]') $$), 'ENREQ roster_empty', 'roster_empty: nobody, which would make everybody gone');
select is(refusal($$ select rules.import_roster('{"card": 1}') $$), 'ENREQ roster_empty', 'roster_empty: no array');
select is(refusal($$ select rules.import_roster(null) $$), 'ENREQ roster_empty', 'roster_empty: null');
select is(refusal(format($$ select rules.import_roster(list(student('7', 'Белова'), %L)) $$, r)), 'ENREQ roster_unreadable', 'roster_unreadable: ' || r::text)
  from unnest(array[student('abc', 'Орлова'), student('', 'Орлова'), student(null, 'Орлова'), student('0', 'Орлова'), student('-8', 'Орлова'), student('2147483648', 'Орлова'), student('8', ' '), student('8', null),
    student('8', repeat('я', 201)), student('7', 'Орлова'), student(' 07 ', 'Орлова'), '"Орлова"']) r;
select is(roster(), null, 'roster_unreadable: nothing was changed');

-- ---- rules.roster_changes, rules.import_roster ----

select set_eq($$ select change, card, person, study_group, was from rules.roster_changes(list(student('7', ' Белова '), student('8', 'Орлова'))) $$,
  $$ values ('added', 7, 'Белова Анна', 'БИ-21', null), ('added', 8, 'Орлова Анна', 'БИ-21', null) $$, 'roster_changes: of an empty roster');
select is(roster(), null, 'roster_changes: changes nothing');
select is((select count(*) from rules.import_roster(list(student('7', ' Белова '), student('8', 'Орлова')))), 2::bigint, 'import_roster: what changed');
select is(roster(), '7 Белова, 8 Орлова', 'import_roster: done');
select is_empty($$ select rules.import_roster(list(student('7', 'Белова'), student('08', 'Орлова'))) $$, 'import_roster: twice changes nothing');
select set_eq($$ select change, card, person, was from rules.import_roster(list(student('7', 'Чернова'), student('9', 'Павлова'))) $$,
  $$ values ('changed', 7, 'Чернова Анна', 'Белова Анна (БИ-21)'), ('gone', 8, 'Орлова Анна', null), ('added', 9, 'Павлова Анна', null) $$, 'import_roster: added, changed, gone');
select is(roster(), '7 Чернова, 8 Орлова gone, 9 Павлова', 'import_roster: who is gone is remembered');
select set_eq($$ select change, card from rules.import_roster(list(student('7', 'Чернова'), student('8', 'Орлова'), student('9', 'Павлова'))) $$, $$ values ('added', 8) $$, 'import_roster: back again');

-- ---- the switch ----

create function help.sign_up(p_card integer, p_role text default 'STUDENT') returns text
language sql as $$
  select help.refusal(format($f$ insert into gym.users (student_card, firstname, surname, secondname, "group", hid,
    role) values (%s, 'Инна', '', 'Иная', '', '-', %L) $f$, p_card, p_role))
$$;
select is(sign_up(70), 'none', 'roster_only: off, anybody registers');
select rules.set_setting('roster_only', 'true') \g /dev/null
select is(sign_up(71), 'ENRUL not_on_roster', 'not_on_roster: a raw INSERT');
select is(sign_up(71, 'BLOCKED'), 'ENRUL not_on_roster', 'not_on_roster: under the role BLOCKED');
select is(sign_up(71, 'COACH'), 'none', 'not_on_roster: a coach is no student');
select is(sign_up(7), 'none', 'not_on_roster: a card on the roster, whatever the name');
select is(refusal($$ select rules.add_user(72, 'Белова', 'Анна', '', '', '12345678', 'STUDENT') $$),
  'ENRUL not_on_roster', 'not_on_roster: an administrator');
select rules.import_roster(list(student('8', 'Орлова'), student('9', 'Павлова'))) \g /dev/null
select is(refusal($$ set local role energy_auth; insert into gym.users (student_card, firstname, surname, secondname,
  "group", hid, role) values (73, '', '', 'Я', '', '', 'STUDENT') $$), 'ENRUL not_on_roster',
  'not_on_roster: the auth server');
reset role;
select is((select u.deleted from gym.users u where u.student_card = 7), false, 'import_roster: whoever is gone stays registered');
select is((select user_id is not null and is_gone from api.roster where card = 7), true, 'api.roster: shows both');
select is(sign_up(8), 'none', 'not_on_roster: still on the roster');

select rules.erase_person((select u.id from gym.users u where u.student_card = 8), 'по закону') \g /dev/null
select is((select count(*) from gym.roster where card = 8), 0::bigint, 'erase_person: the name leaves the roster too');

select * from finish();
rollback;
