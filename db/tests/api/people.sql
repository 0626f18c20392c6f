begin;
\ir ../helpers/start.psql
select plan(38);

insert into gym.secrets (name, value) values ('pepper', 'pepper')
  on conflict (name) do update set value = excluded.value;

-- ---- api.add_user ----

insert into gym.secrets (name, value) values ('auth_key', repeat('ab', 32)) on conflict (name) do nothing;
select matches(admin($$ select * from api.add_user(card => 12069840, family => 'Петров', given => 'Иван', "group" => 'БИ-21', entropy => sha256('x')) $$),
  '^\(\d+,12069840,"Петров Иван",STUDENT,....-....,"2027-01-09 09:00:00"\)$',
    'api.add_user: a student, and the code for the first password');
select is((select (firstname, surname, secondname, "group", role, hid)::text from gym.users
  where student_card = 12069840),
  '(Иван,"",Петров,БИ-21,STUDENT,"")', 'api.add_user: as given, without a password');
select matches(
  admin($$ select * from api.add_user(12069841, 'Орлова', 'Анна', 'Ильинична', '', 'COACH', sha256('x')) $$),
  '^\(\d+,12069841,"Орлова Анна Ильинична",COACH,', 'api.add_user: a coach');
select is(admin_refused($$ select api.add_user(12069840, 'Иванов', 'Пётр') $$), 'ENRUL users_student_card_taken',
  'users_student_card_taken: api.add_user');
select is(admin_refused($$ select api.add_user(12069842, '', 'Пётр') $$), 'ENREQ users_family_given',
  'users_family_given: api.add_user');
select is(admin_refused($$ select api.add_user(12069842, null, 'Пётр') $$), 'ENREQ users_family_given',
  'users_family_given: api.add_user, null');
update gym.users set hid = rules.hash_password(student_card, 'пароль12') where student_card = 12069840;
delete from gym.secrets where name = 'pepper';

-- ---- api.set_pepper ----

select is(admin_refused($$ select api.set_pepper('new') $$), 'ENRUL pepper_in_use', 'pepper_in_use: api.set_pepper');
select is((select count(*) from gym.secrets where name = 'pepper'), 0::bigint, 'pepper_in_use: nothing was changed');
select is(admin_refused($$ select api.set_pepper('pepper', force => true) $$), 'none', 'api.set_pepper: by force');
select is((select value from gym.secrets where name = 'pepper'), 'pepper', 'api.set_pepper: it is the one');

-- ---- api.person ----

select who('ann'), who('gone') \g /dev/null
update gym.users set deleted = true where id = who('gone');
select is(admin(format($$ select * from api.person(card => %s) $$, card('ann'))),
  format('(%s,%s,Тестова,Ann,Ивановна,БИ-21,STUDENT,f)', who('ann'), card('ann')), 'api.person: by card');
select is(admin(format($$ select * from api.person(person => %s) $$, who('gone'))),
  format('(%s,%s,Тестова,Gone,Ивановна,БИ-21,STUDENT,t)', who('gone'), card('gone')), 'api.person: by id, deleted');
select is(admin_refused($$ select * from api.person(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.person');
select is(admin_refused($$ select * from api.person() $$), 'ENGON user_not_found',
  'user_not_found: api.person, nobody named');

-- ---- api.delete_user, api.restore_user ----

select a_week(), book('ann', 'mon'), book('ann', 'tue'), make_slot('nov', 0, '16:00', 12, '2026-11-01'), book('ann', 'nov') \g /dev/null
select is(admin(format($$ select * from api.delete_user(card => %s) $$, card('ann'))), format('(%s,2)', who('ann')),
  'api.delete_user: and how many seats were freed');
select is(held('ann') || ': ' || seats('mon'), 'nov: 0 of 12', 'api.delete_user: those from today on');
select is(admin_refused(format($$ select api.delete_user(card => %s) $$, card('ann'))), 'ENGON user_not_found',
  'user_not_found: api.delete_user, twice');
select is(admin_refused($$ select api.delete_user(person => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.delete_user');
select is(admin(format($$ select * from api.restore_user(card => %s) $$, card('ann'))),
  format('(%s,%s,STUDENT)', who('ann'), card('ann')), 'api.restore_user');
select is((rules.person(who('ann'))).id, who('ann'), 'api.restore_user: she is back');
select is(admin_refused($$ select api.restore_user(person => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.restore_user');

-- ---- api.change_card ----

select is(admin(format($$ select id, student_card, code ~ '^....-....$', valid_until from api.change_card(card => %s, new_card => 77, entropy => sha256('x')) $$, card('ann'))),
  format('(%s,77,t,"2027-01-09 09:00:00")', who('ann')), 'api.change_card: with the code for a new password');
select is((select hid from gym.users where id = who('ann')), '',
  'api.change_card: the password ended with the old card');
select is(admin_refused($$ select api.change_card(12069840, card => 77) $$), 'ENRUL users_student_card_taken',
  'users_student_card_taken: api.change_card');
select is(admin_refused(format($$ select api.change_card(79, person => %s) $$, who('gone'))), 'ENGON user_not_found',
  'user_not_found: api.change_card, deleted');
select is(card('ann'), 77, 'api.change_card: what is refused changes nothing');
select is_empty($$ select p.oid::regprocedure from pg_proc p where p.pronamespace = 'api'::regnamespace and pg_get_function_arguments(p.oid) ~ 'password' $$,
  'api: no function takes a password, since a failing statement is logged with its text');

-- ---- api.edit_person, api.merge_users ----

select who('eve'), who('bob'), who('dot') \g /dev/null
select is(admin(format($$ select * from api.edit_person(card => %s, family => 'Иванова', patronymic => '') $$,
  card('eve'))), format('(%s,%s,"Иванова Eve",БИ-21,STUDENT)', who('eve'), card('eve')),
  'api.edit_person: null leaves a field, empty empties it');
select is(
  admin(format($$ select in_group, is_a from api.edit_person(person => %s, "group" => 'ИС-21', role => 'COACH') $$,
  who('eve'))), '(ИС-21,COACH)', 'api.edit_person: group and role');
select is(admin(format($$ select is_a from api.edit_person(person => %s, role => 'BLOCKED') $$, who('bob'))),
  '(BLOCKED)', 'api.edit_person: the role BLOCKED');
select is((select count(*) from gym.blocks where user_id = who('bob') and month is null and lifted_at is null),
  1::bigint, 'api.edit_person: which is a block by hand');
select is(admin_refused(format($$ select api.edit_person(card => %s, family => repeat('я', 201)) $$, card('eve'))),
  'ENREQ users_names_short', 'users_names_short: api.edit_person');
select is(admin_refused(format($$ select api.edit_person(person => %s, family => 'x') $$, who('gone'))),
  'ENGON user_not_found', 'user_not_found: api.edit_person, deleted');
select is(admin_refused(format($$ select api.edit_person(card => %s, family => '') $$, card('eve'))),
  'ENREQ users_family_given', 'users_family_given: api.edit_person');
select book('cid', 'wed') \g /dev/null
select is(admin(format($$ select * from api.merge_users(card => %s, into_card => %s) $$, card('cid'), card('dot'))),
  format('("01-2027 Wed 16:00",moved) ("card %s","deleted; its marks, blocks and past seats stay with it")',
    card('cid')), 'api.merge_users: by card');
select is(held('dot') || ', ' || held('cid'), 'wed, nothing', 'api.merge_users: the seat went over');
select is(admin_refused(format($$ select api.merge_users(person => %s, into_person => %1$s) $$, who('dot'))),
  'ENREQ merge_two_people', 'merge_two_people: api.merge_users');
select is(admin_refused(format($$ select api.merge_users(card => -1, into_card => %s) $$, card('dot'))),
  'ENGON user_not_found', 'user_not_found: api.merge_users');

select * from finish();
rollback;
