begin;
\ir ../../helpers/start.psql
select plan(61);

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

select is(refusal($$ select rules.import_roster('[]') $$), 'ENREQ roster_empty',
  'roster_empty: nobody, which would make everybody gone');
select is(refusal($$ select rules.import_roster('{"card": 1}') $$), 'ENREQ roster_empty', 'roster_empty: no array');
select is(refusal($$ select rules.import_roster(null) $$), 'ENREQ roster_empty', 'roster_empty: null');
select is(refusal(format($$ select rules.import_roster(list(student('7', 'Белова'), %L)) $$, r)),
  'ENREQ roster_unreadable', 'roster_unreadable: ' || r::text)
  from unnest(array[student('abc', 'Орлова'), student('', 'Орлова'), student(null, 'Орлова'), student('0', 'Орлова'),
    student('-8', 'Орлова'), student('2147483648', 'Орлова'), student('8', ' '), student('8', null),
    student('8', repeat('я', 201)), student('7', 'Орлова'), student(' 07 ', 'Орлова'), '"Орлова"',
      student('8', '2')]) r;
select is(roster(), null, 'roster_unreadable: nothing was changed');

-- ---- rules.roster_changes, rules.import_roster ----

select set_eq($$ select change, card, person, study_group, was from rules.roster_changes(list(student('7', ' Белова '), student('8', 'Орлова'))) $$,
  $$ values ('added', 7, 'Белова Анна', 'БИ-21', null), ('added', 8, 'Орлова Анна', 'БИ-21', null) $$,
    'roster_changes: of an empty roster');
select is(roster(), null, 'roster_changes: changes nothing');
select is((select count(*) from rules.import_roster(list(student('7', ' Белова '), student('8', 'Орлова')))), 2::bigint,
  'import_roster: what changed');
select is(roster(), '7 Белова, 8 Орлова', 'import_roster: done');
select is_empty($$ select rules.import_roster(list(student('7', 'Белова'), student('08', 'Орлова'))) $$,
  'import_roster: twice changes nothing');
select set_eq($$ select change, card, person, was from rules.import_roster(list(student('7', 'Чернова'), student('9', 'Павлова')), true) $$,
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
select rules.import_roster(list(student('8', 'Орлова'), student('9', 'Павлова')), true) \g /dev/null
select is(refusal($$ set local role energy_auth; insert into gym.users (student_card, firstname, surname, secondname,
  "group", hid, role) values (73, '', '', 'Я', '', '', 'STUDENT') $$), 'ENRUL not_on_roster',
  'not_on_roster: the auth server');
reset role;
select is((select u.deleted from gym.users u where u.student_card = 7), false,
  'import_roster: whoever is gone stays registered');
select is((select user_id is not null and is_gone from api.roster where card = 7), true, 'api.roster: shows both');
select is(sign_up(8), 'none', 'not_on_roster: still on the roster');

select rules.erase_person((select u.id from gym.users u where u.student_card = 8), 'по закону') \g /dev/null
select is((select count(*) from gym.roster where card = 8), 0::bigint, 'erase_person: the name leaves the roster too');

-- ---- what only looks different ----

select is(rules.folded(f), 'би-21', 'folded: ' || what)
  from (values (E'\u00A0Би-21\t', 'blanks around it, and capitals'), (E'БИ\u201121', 'a hyphen that does not break'),
               (E'БИ\u2013 21', 'a dash'), (E'Б\u00ADИ\u200B-\uFEFF21', 'what can''t be seen')) w (f, what);
select is(rules.folded('BMC-2x'), rules.folded('ВМС-2Х'), 'folded: Latin letters that look like Cyrillic ones');
select is(rules.folded('KMË'), rules.folded('кмё'), 'folded: a Latin ë');
select is(rules.folded(E'И\u0306Е\u0308-1 \u2003 х'), 'йё-1 х', 'folded: NFD, and one blank for many');
select is(rules.folded('а' || b || 'б'), 'а б', 'folded: a blank is ' || what)
  from (values (E'\x0B\f\t\r\n \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006', 'one of these'),
               (E'\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000', 'or of these')) w (b, what);
select isnt(rules.folded('ИС-1'), rules.folded('ЙС-1'), 'folded: й is not и');
select is(rules.folded(null), null, 'folded: null');

delete from gym.roster;
select rules.import_roster(list(student('7', 'Воробьёв'), student('9', 'Йод-Серый'))) \g /dev/null
select is_empty(
  $$ select * from rules.roster_changes(list(student('7', E'Воробье\u0308в', p_group => E'БИ\u201121'),
       student('9', E'И\u0306од\u2011Серый', E'\u00A0Анна', 'БИ-21'))) $$,
  'roster_changes: what only looks different is no change');
select rules.import_roster(list(student('7', 'Воробьёв', p_group => E'БИ\u201121'), student('9', 'Йод-Серый')))
  \g /dev/null
select is((select r."group" from gym.roster r where r.card = 7), E'БИ\u201121',
  'import_roster: but it is written as the file has it');

-- ---- more than a tenth ----

create function help.crowd_of(p_from integer, p_to integer) returns jsonb
language sql as $$ select jsonb_agg(help.student(n::text, 'Иванов')) from generate_series(p_from, p_to) n $$;
select rules.import_roster(crowd_of(1, 120), true) \g /dev/null
select is(rules.roster_needs_force(crowd_of(13, 120)), false, 'roster_needs_force: a tenth');
select is(rules.roster_needs_force(crowd_of(14, 400)), true, 'roster_needs_force: more, however many are added');
select is(refusal($$ select rules.import_roster(crowd_of(14, 400)) $$), 'ENRUL roster_drops_a_tenth',
  'roster_drops_a_tenth: an import');
select is(refusal($$ select rules.import_roster(crowd_of(14, 400), null) $$), 'ENRUL roster_drops_a_tenth',
  'roster_drops_a_tenth: null is no force');
select is(admin_refused(format('select * from api.import_roster(%L)', crowd_of(14, 400))),
  'ENRUL roster_drops_a_tenth', 'roster_drops_a_tenth: an administrator in psql');
select is(admin(format('select api.roster_needs_force(%L)', crowd_of(14, 400))), '(t)',
  'api.roster_needs_force: an administrator in psql');
select is(as_statement, 'ENRUL roster_drops_a_tenth', 'roster_drops_a_tenth: ' || what)
  from (values (refusal('update gym.roster set gone_at = now() where card <= 13'), 'a raw UPDATE'),
               (refusal('delete from gym.roster where card <= 13'), 'a raw DELETE')) w (as_statement, what);
select is((select count(*) from gym.roster where gone_at is null), 120::bigint, 'roster_drops_a_tenth: nobody is gone');
select is(refusal('delete from gym.roster where card <= 9'), 'none', 'roster_drops_a_tenth: a few by hand');
select is((select count(*) from rules.import_roster(crowd_of(14, 400), true)), 284::bigint,
  'roster_drops_a_tenth: by force');
select is(refusal('update gym.roster set gone_at = now()'), 'ENRUL roster_drops_a_tenth',
  'roster_drops_a_tenth: force is over with the import');

select * from finish();
rollback;
