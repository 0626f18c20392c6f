-- Codes: issued once, used once; claiming an account, setting a new password, signing up by names.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(93);

create function help.issued(p_card integer) returns text
language sql as $$ select i.code from rules.issue_code(p_card, sha256(convert_to(random()::text, 'UTF8')), null) i $$;
insert into gym.roster (card, family, given, patronymic, "group", added_at) values
  (1001, 'Петров', 'Иван', 'Ильич', 'БИ-21', now()), (1002, 'Орлова', 'Анна', 'Ильинична', 'БИ-21', now()), (1003,
    'Сёмин', 'Пётр', 'Ильич', 'ИС-21', now());
select registered('ann', 'ann horse'), registered('coach', 'coach horse', 'COACH'), registered('boss', 'boss horse',
  'ADMIN'), who('new') \g /dev/null
select let_in('coach', 'coach horse', 4), let_in('boss', 'boss horse', 5), let_in('ann', 'ann horse', 6) \g /dev/null

-- ---- how it looks ----

select matches(issued(1001), '^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$', 'a code: eight characters without 0, 1, I and O');
select is((select count(distinct rules.make_code(sha256('x'), n)) from generate_series(1, 10000) n), 10000::bigint,
  'one entropy serves for many cards');
select is((select count(distinct substr(rules.make_code(sha256('x'), n), i, 1)) from generate_series(1, 3000) n,
  generate_series(1, 1) i), 32::bigint, 'every character occurs');
select is(rules.code_typed(t), 'ABCD4567', 'code_typed: ' || t) from unnest(array['abcd-4567', ' ABCD 4567 ',
  'авcd-4567', E'АВCD\u00a0\u20114567']) t;
select isnt((select hash from gym.codes where card = 1001), sha256(convert_to('x', 'UTF8')), 'only a hash is kept');
select is((select count(*) from gym.codes), 1::bigint, 'of one code');

-- ---- who issues, for whom ----

select is(keys(auth.issue_code(token(4), 1002, sha256('e'))::jsonb), 'code person purpose studentCard valid_until',
  'issue_code: its shape');
select is(auth.issue_code(token(4), 1002, sha256('e')) ->> 'purpose', 'enrolment', 'issue_code: of the roster');
select is(auth.issue_code(token(4), 1001, sha256('e')) ->> 'person', 'Петров Иван Ильич',
  'issue_code: family name, first name, patronymic');
select is((auth.issue_code(token(4), 1002, sha256('e')) ->> 'valid_until')::timestamptz,
  rules.clock() + interval '30 days', 'issue_code: an enrolment code holds 30 days');
select is((auth.issue_code(token(4), card('ann'), sha256('e')) ->> 'valid_until')::timestamptz,
  rules.clock() + interval '24 hours', 'issue_code: a reset code holds 24 hours');
select is(auth.issue_code(token(4), card('new'), sha256('e')) ->> 'purpose', 'enrolment',
  'issue_code: an account without a password');
select is(refusal($$ select auth.issue_code(token(4), card('coach'), 'e') $$), 'ENACC code_students_only',
  'code_students_only: a coach for a coach');
select is(refusal($$ select auth.issue_code(token(4), card('boss'), 'e') $$), 'ENACC code_students_only',
  'code_students_only: a coach for an administrator');
select is(auth.issue_code(token(5), card('coach'), sha256('e')) ->> 'purpose', 'reset', 'an administrator for a coach');
select is(refusal($$ select auth.issue_code(token(6), 1002, 'e') $$), 'ENACC role_may_not',
  'role_may_not: a student issues none');
select is(refusal($$ select auth.issue_code(token(99), 1002, 'e') $$), 'ENACC session_over',
  'session_over: issue_code');
select is(refusal(format($$ select auth.issue_code(token(5), %L, 'e') $$, c)), 'ENGON card_unknown',
  'card_unknown: ' || coalesce(c::text, 'null')) from unnest('{9999,0,-1,null}'::text[]) c;
select is((select issued_by from gym.codes where card = 1002 order by id desc limit 1), who('coach'),
  'who issued it stays');
select matches(admin($$ select * from api.issue_code(card => 1002, entropy => sha256('x')) $$),
  '^\(1002,"Орлова Анна Ильинична",....-....,enrolment,"2027-01-09 09:00:00"\)$', 'api.issue_code');
select is(admin_refused($$ select * from api.issue_code(card => 9999, entropy => sha256('x')) $$), 'ENGON card_unknown',
  'card_unknown: api.issue_code');
select is((select count(*) from gym.codes where card = 1002 and used_at is null and voided_at is null), 1::bigint,
  'one code a card waits: each replaces the one before');
delete from gym.secrets where name = 'auth_key';
select is(refusal($$ select * from rules.issue_code(1002, 'e', null) $$), 'ENRUL auth_key_missing',
  'auth_key_missing: issue_code');
insert into gym.secrets (name, value) values ('auth_key', repeat('ab', 32));

-- ---- slips ----

select is(auth.code_groups(token(4))::jsonb,
  '[{"group": "БИ-21", "without_account": 2}, {"group": "ИС-21", "without_account": 1}]', 'code_groups');
select is((select string_agg(s ->> 'person', ', ') from json_array_elements(auth.issue_codes(token(4), E'би\u201121 ',
  sha256('e'))) s), 'Орлова Анна Ильинична, Петров Иван Ильич', 'issue_codes: the slips of a group, by family name');
select is(refusal($$ select auth.issue_codes(token(4), 'НЕТ-1', 'e') $$), 'ENGON group_has_accounts',
  'group_has_accounts: issue_codes');
select is(refusal($$ select auth.issue_codes(token(6), 'БИ-21', 'e') $$), 'ENACC role_may_not',
  'role_may_not: issue_codes');
select is((select count(*)
  from regexp_matches(admin($$ select * from api.issue_codes('БИ-21', sha256('x')) $$), '....-....,', 'g')),
  2::bigint, 'api.issue_codes');

-- ---- claim ----

select issued(1001) as old_code \gset
select issued(1001) as code, issued(1002) as other \gset
select is(result(use_code(c, k, 'long horse')), 'ENRUL code_refused', format('code_refused: %s', why))
  from (values ('1001', 'AAAA-AAAA', 'a wrong code'), ('1001', :'old_code', 'a code that was replaced'), ('1001',
    :'other', 'the code of another card'), ('9999', :'code', 'a card of nobody'),
               ('abc', :'code', 'no card'), ('1001', '', 'no code'), ('1001', null, 'null')) v (c, k, why);
select is(use_code('9999', 'AAAA-AAAA', 'long horse')::jsonb, use_code(card('ann')::text, 'AAAA-AAAA',
  'long horse')::jsonb, 'code_refused: the same for a card that is registered');
select is(result(use_code('1001', :'code', 'short')), 'ENRUL password_too_short', 'password_too_short: use_code');
select is((select count(*) from gym.users where student_card = 1001), 0::bigint, 'nobody was made');
select use_code('01001', lower(replace(:'code', '-', ' ')), 'long horse', 10) as claimed \gset
select is(result(:'claimed'), 'in', 'claim: a person is in, whatever the code looks like');
select is(:'claimed'::json ->> 'registered', 'true', 'claim: registered');
select is((select (secondname, firstname, surname, "group", role, unconfirmed_since)::text from gym.users
  where student_card = 1001), '(Петров,Иван,Ильич,БИ-21,STUDENT,)', 'claim: as the roster says, and confirmed');
select ok(is_live(10), 'claim: logged in');
select is(result(log_in('1001', 'long horse', p_token => 11)), 'in', 'claim: the password holds');
select is((select hid from gym.users where student_card = 1001), go_hid('1001', 'long horse'),
  'claim: for old auth servers too');
select is(result(use_code('1001', :'code', 'long horse')), 'ENRUL code_refused', 'code_refused: a code is used once');
set local gym.now = '2027-01-09 09:00';
select is(result(use_code('1002', :'other', 'long horse')), 'ENRUL code_refused', 'code_refused: a code has an end');
set local gym.now = '2026-12-10 09:00';
delete from gym.buckets;
select rules.set_setting('sign_up_by', 'nobody') \g /dev/null
select is(result(use_code('1002', :'other', 'long horse')), 'ENRUL code_refused', 'code_refused: nobody signs up');
select rules.set_setting('sign_up_by', 'code') \g /dev/null

-- the roster
select rules.import_roster((select jsonb_agg(jsonb_build_object('card', r.card, 'secondname', r.family, 'firstname',
  r.given, 'surname', r.patronymic, 'group', r."group")) from gym.roster r)) \g /dev/null
select is(result(use_code('1002', :'other', 'long horse', 12)), 'in', 'an import of the roster changes no code');
select issued(1003) as code \gset
update gym.roster set gone_at = now() where card = 1003;
select is(result(use_code('1003', :'code', 'long horse')), 'ENRUL code_refused',
  'a card that leaves the roster voids its own code');
update gym.roster set gone_at = null where card = 1003;
select is(result(use_code('1003', :'code', 'long horse')), 'ENRUL code_refused', 'also when it comes back');
select issued(1003) as code \gset
insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values (1003, 'Пётр', 'Сёмин', '',
  'ИС-21', go_hid('1003', 'old horse'));
select is(result(use_code('1003', :'code', 'long horse')), 'ENRUL code_refused',
  'an account made elsewhere voids the code of its card');

-- ---- a new password ----

select issued(card('ann')) as code \gset
select log_in(card('ann')::text, 'ann horse', p_token => 20, p_new_device => 9) \g /dev/null
select is(result(use_code(card('ann')::text, :'code', 'new horse', 21)), 'in', 'reset: in');
select ok(not is_live(20) and not is_live(6) and is_live(21), 'reset: every other session is over');
select is(result(log_in(card('ann')::text, 'ann horse')), 'ENRUL log_in_refused', 'reset: the old password is void');
select is(result(log_in(card('ann')::text, 'new horse', p_token => 22)), 'in', 'reset: the new one holds');
select is((select count(*) from gym.devices where user_id = who('ann')), 0::bigint,
  'reset: no device is known any more');
select issued(card('ann')) as code \gset
select rules.delete_user(who('ann')) \g /dev/null
select is(result(use_code(card('ann')::text, :'code', 'new horse')), 'ENRUL code_refused',
  'code_refused: a deleted person');
select is(refusal($$ select issued(card('ann')) $$), 'ENGON card_unknown', 'card_unknown: a deleted person');
select rules.restore_user(who('ann')) \g /dev/null
select is(result(use_code(card('ann')::text, :'code', 'new horse')), 'ENRUL code_refused',
  'a deletion voids the code for good');
select issued(card('new')) as code \gset
select is(result(use_code(card('new')::text, :'code', 'new horse', 23)), 'in',
  'the first password of an account that was made in psql');
select is(refusal(format($$ select auth.use_code((committed(auth.begin_code('1', '1', null, null,
  null)) ->> 'attempt')::bigint, %L, %L, 8, false, token(1), null) $$, hid, proof)), 'ENREQ field_unreadable',
    'field_unreadable: ' || coalesce(hid, 'null'))
  from (values ('x', sha256('x')), (null, sha256('x')), (repeat('0', 64), 'short'::bytea), (repeat('0', 64),
    null)) v (hid, proof);

-- ---- signing up by names ----

create function help.sign_up(p_card text, p_firstname text, p_secondname text, p_group text, p_token integer default 1,
  p_length integer default 8) returns json
language plpgsql as $$
declare
  v_begun json := help.committed(auth.begin_sign_up(p_card, '10.0.0.1', 'Old front'));
begin
  if v_begun ->> 'result' <> 'go' then
    return v_begun;
  end if;
  return auth.sign_up((v_begun ->> 'attempt')::bigint, p_firstname, p_secondname, '', p_group, help.go_hid(p_card,
    'long horse'),
    help.proof(help.go_hid(p_card, 'long horse'), v_begun ->> 'salt'), p_length, help.token(p_token));
end
$$;
insert into gym.roster (card, family, given, patronymic, "group", added_at) values (2001, 'Сёмин', 'Пётр', 'Ильич',
  'ИС-21', now());
select is(result(sign_up('2001', 'Пётр', 'Семин', 'ИС-21')), 'ENRUL sign_up_by_code',
  'sign_up_by_code: by default nobody signs up by names');
select is(refusal($$ select rules.refuse('sign_up_by_code') $$), 'ENRUL sign_up_by_code',
  'sign_up_by_code: has its sentence');
select rules.set_setting('sign_up_by', 'nobody') \g /dev/null
select is(result(sign_up('2001', 'Пётр', 'Семин', 'ИС-21')), 'ENRUL sign_up_closed', 'sign_up_closed: nobody');
select rules.set_setting('sign_up_by', 'names') \g /dev/null
select is(result(sign_up('2001', f, s, g)), 'ENRUL code_refused', format('sign_up: %s %s %s are not the roster''s', s,
  f, g))
  from (values ('Пётр', 'Иванов', 'ИС-21'), ('Иван', 'Сёмин', 'ИС-21'), ('Пётр', 'Сёмин', 'ИС-22')) v (f, s, g);
select is(sign_up('2001', 'Иван', 'Сёмин', 'ИС-21')::jsonb, sign_up(card('ann')::text, 'Иван', 'Сёмин', 'ИС-21')::jsonb,
  'sign_up: the same answer for a card that is registered');
select is(result(sign_up('2001', 'Пётр', 'Семин', 'ИС-21', p_length => 7)), 'ENRUL password_too_short',
  'password_too_short: sign_up');
select is(result(sign_up('2001', 'пётр', ' СЕМИН', E'ис\u201121', 30)), 'in', 'sign_up: by the names of the roster');
select ok(rules.alike(E'Пе\u0308тр Анна\u00ADМария', 'ПЕТР\u00A0анна-мария') is false
          and rules.alike(E'Пе\u0308тр\u00A0Анна\u2011Мария', 'ПЕТР анна мария'), 'alike: however it is written');
select ok((auth.session(token(30), false) ->> 'unconfirmed')::boolean, 'sign_up: the account is unconfirmed');
select is(result(sign_up('2002', 'Любой', 'Человек', 'ИС-21', 31)), 'in', 'sign_up: a card that no roster knows');
select rules.set_setting('roster_only', 'true') \g /dev/null
select is(result(sign_up('2003', 'Любой', 'Человек', 'ИС-21')), 'ENRUL code_refused',
  'sign_up: but not with roster_only');
select is((select string_agg(u ->> 'person', ', ') from json_array_elements(auth.unconfirmed(token(4))) u),
  'СЕМИН пётр, Человек Любой', 'unconfirmed: for the coach');
select is(refusal($$ select auth.unconfirmed(token(30)) $$), 'ENACC role_may_not', 'role_may_not: unconfirmed');
select is(refusal($$ select auth.confirm_person(token(30), 1) $$), 'ENACC role_may_not',
  'role_may_not: confirm_person');
select is(refusal($$ select auth.confirm_person(token(4), who('boss')) $$), 'ENACC code_students_only',
  'code_students_only: confirm_person');
select is(auth.confirm_person(token(4), (select id from gym.users where student_card = 2001)) ->> 'confirmed', 'true',
  'confirm_person');
select ok(is_live(30) and not (auth.session(token(30), false) ->> 'unconfirmed')::boolean,
  'confirm_person: and the session lives');
select is(admin($$ select student_card, person from api.unconfirmed $$), '(2002,"Человек Любой")', 'api.unconfirmed');
select is(admin($$ select * from api.confirm(card => 2002) $$), '(t)', 'api.confirm');
select is(admin_refused($$ select * from api.confirm(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.confirm');
select is(admin($$ select distinct state from api.codes where card = 1001 and state = 'used' $$), '(used)',
  'api.codes');

select * from finish();
rollback;
