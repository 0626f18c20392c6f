begin;
\ir ../../helpers/start.psql
-- TRUNCATE says which tables it would cascade to
set local client_min_messages = warning;
select plan(85);

-- ---- the hash, and the pepper in it ----

delete from gym.secrets where name = 'pepper';
select is(refusal($$ select rules.hash_password(12069840, 'correct horse') $$), 'ENRUL pepper_missing',
  'pepper_missing: hash_password');
select is(refusal($$ select rules.add_user(12069840, 'Петров', 'Иван', '', 'БИ-21', 'correct horse', 'STUDENT') $$),
  'ENRUL pepper_missing', 'pepper_missing: add_user');
select lives_ok($$ select rules.set_pepper('перец', false) $$, 'set_pepper: while nobody has a password');
-- printf 'перец12069840correct horseперец' | sha256sum
select is(rules.hash_password(12069840, 'correct horse'),
  'f6b7000c316a395f173e5ee5b993de6693c1baa958bc84dde53450ddd85ad99c',
  'hash_password: as openapi.yaml says, reckoned by another program');
-- printf 'перец7пароль и ещёперец' | sha256sum
select is(rules.hash_password(7, 'пароль и ещё'), '89a4755d5a7402131469b92b7878a8114bd0b3b6ce9f9d7c3041bdeedd4aaba8',
  'hash_password: of UTF-8');
select who('ann') \g /dev/null
select lives_ok($$ select rules.set_pepper('pepper', false) $$,
  'set_pepper: while there is nobody but disabled log-ins');

-- ---- rules.add_user ----

select is((select (student_card, firstname, surname, secondname, "group", image, role, deleted, deleted_at)::text
             from rules.add_user(12069840, 'Петров', 'Иван', '', 'БИ-21', '12345678', 'COACH')),
  '(12069840,Иван,"",Петров,БИ-21,,COACH,f,)', 'add_user: as given');
create function help.of_card(p_card integer) returns gym.users
language sql as $$ select u from gym.users u where u.student_card = p_card $$;
select is((of_card(12069840)).hid, rules.hash_password(12069840, '12345678'), 'add_user: the password is hashed');
select is(refusal($$ select rules.add_user(12069840, 'Иванов', 'Пётр', '', 'БИ-22', '12345678', 'STUDENT') $$),
  'ENRUL users_student_card_taken',
  'users_student_card_taken: add_user');
select is((of_card(12069840)).firstname, 'Иван', 'users_student_card_taken: nothing was changed');
select is(refusal($$ insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values
  (12069840, '', 'Я', '', '', '') $$),
  '23505 users_student_card_taken', 'users_student_card_taken: a raw INSERT, as of the auth server');
select is(refusal($$ select rules.add_user(1, 'Иванов', 'Пётр', '', 'БИ-22', '1234567', 'STUDENT') $$),
  'ENRUL password_too_short', 'password_too_short: 7 characters');
select lives_ok($$ select rules.add_user(1, 'Иванов', 'Пётр', '', 'БИ-22', 'восьмёрка', 'STUDENT') $$,
  'password_too_short: characters, not bytes');
select is(refusal($$ select rules.add_user(2, 'Иванов', 'Пётр', '', 'БИ-22', 'семьбук', 'STUDENT') $$),
  'ENRUL password_too_short', 'password_too_short: 7 characters of 14 bytes');
select is(refusal($$ select rules.add_user(0, 'Иванов', 'Пётр', '', 'БИ-22', '12345678', 'STUDENT') $$),
  'ENREQ users_student_card_positive', 'users_student_card_positive: 0');
select is(refusal($$ select rules.change_card(who('ann'), -7) $$), 'ENREQ users_student_card_positive',
  'users_student_card_positive: change_card');
select is(refusal($$ select rules.add_user(8, 'Иванов', 'Пётр', '', repeat('я', 201), '12345678', 'STUDENT') $$),
  'ENREQ users_names_short', 'users_names_short: add_user');
select is(refusal($$ select rules.edit_user(who('ann'), null, repeat('я', 201), null, null, null) $$),
  'ENREQ users_names_short', 'users_names_short: edit_user');
select is(refusal($$ update gym.users set student_card = -1, hid = 'x' where id = who('ann') $$),
  '23514 users_student_card_positive', 'users_student_card_positive: -1');
select is(refusal(format($$ update gym.users set %I = repeat('я', 201) where id = who('ann') $$, c)),
  '23514 users_names_short', 'users_names_short: ' || c)
  from unnest('{firstname,secondname,surname,group}'::text[]) c;
select is(refusal($$ update gym.users set secondname = repeat('я', 200) where id = who('ann') $$), 'none',
  'users_names_short: 200 characters are allowed');
select is(refusal($$ update gym.users set role = 'KING' where id = who('ann') $$), '22P02',
  'a role that does not exist');

-- ---- set_pepper with passwords stored ----

select is(refusal($$ select rules.set_pepper('other', false) $$), 'ENRUL pepper_in_use',
  'pepper_in_use: two people could not log in any more');
select is(refusal($$ select rules.set_pepper('other', null) $$), 'ENRUL pepper_in_use',
  'pepper_in_use: null is no force');
savepoint pepper;
select rules.set_pepper('other', true) \g /dev/null
select is((select (operation, key, new_values)::text from gym.audit_log where on_table = 'secrets' order by id desc
  limit 1), '(update,pepper,"{""passwords made invalid"": 2}")',
  'set_pepper: by force, which the trail says, and not to what');
rollback to pepper;
select is((select value from gym.secrets where name = 'pepper'), 'pepper', 'pepper_in_use: nothing was changed');
select lives_ok($$ select rules.set_pepper('other', true) $$, 'set_pepper: by force');
select is((select value from gym.secrets where name = 'pepper'), 'other', 'set_pepper: it is the new one');
select rules.set_pepper('pepper', true) \g /dev/null

-- ---- rules.person, rules.edit_user ----

select is((rules.person(who('ann'))).firstname, 'Ann', 'person: of that id');
select is(refusal($$ select rules.person(-1) $$), 'ENGON user_not_found', 'user_not_found: no such id');
select who('gone') \g /dev/null
update gym.users set deleted = true where id = who('gone');
select is(refusal($$ select rules.person(who('gone')) $$), 'ENGON user_not_found', 'user_not_found: deleted');

select is((select (firstname, surname, secondname, "group", hid)::text from rules.edit_user(who('ann'), 'Смирнова',
  'Анна', 'Ильинична', 'ГК-11', null)),
  '(Анна,Ильинична,Смирнова,ГК-11,-)', 'edit_user: names and group');
select is((select (firstname, surname, secondname, "group", hid)::text from rules.edit_user(who('ann'), '', '', '',
  '', null)),
  '(Анна,Ильинична,Смирнова,ГК-11,-)', 'edit_user: empty texts change nothing');
select is((select (firstname, surname, secondname, "group", hid)::text from rules.edit_user(who('ann'), 'Орлова',
  null, null, null, null)),
  '(Анна,Ильинична,Орлова,ГК-11,-)', 'edit_user: one field alone');
select is((rules.edit_user(who('ann'), null, null, null, null, '87654321')).hid,
  rules.hash_password(card('ann'), '87654321'), 'edit_user: the password');
select is(refusal($$ select rules.edit_user(who('ann'), null, 'Алла', null, null, '7654321') $$),
  'ENRUL password_too_short', 'password_too_short: edit_user');
select is((rules.person(who('ann'))).firstname, 'Анна', 'password_too_short: the name was not changed either');
select is(refusal($$ select rules.edit_user(who('gone'), null, 'Алла', null, null, null) $$), 'ENGON user_not_found',
  'user_not_found: edit somebody deleted');

-- ---- rules.change_password, rules.check_password ----

select is(refusal($$ select rules.change_password(who('ann'), '87654320', 'new password') $$), 'ENRUL password_wrong',
  'password_wrong: another one');
select is(refusal($$ select rules.change_password(who('ann'), '', 'new password') $$), 'ENRUL password_wrong',
  'password_wrong: none');
select is(refusal($$ select rules.change_password(who('eve'), '-', 'new password') $$), 'ENRUL password_wrong',
  'password_wrong: the stored text of a disabled log-in');
select is(refusal($$ select rules.change_password(who('ann'), '87654321', 'short') $$), 'ENRUL password_too_short',
  'password_too_short: change_password');
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), '87654321'),
  'change_password: what is refused changes nothing');
select lives_ok($$ select rules.change_password(who('ann'), '87654321', 'new password') $$,
  'change_password: with the old one');
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), 'new password'),
  'change_password: the new one holds');
select is(refusal($$ select rules.change_password(who('ann'), '87654321', 'newer password') $$), 'ENRUL password_wrong',
  'password_wrong: the one before');
select is(refusal($$ select rules.change_password(-1, '87654321', 'newer password') $$), 'ENGON user_not_found',
  'user_not_found: change the password of nobody');
select is(refusal($$ select rules.check_password('1234567') $$), 'ENRUL password_too_short',
  'password_too_short: check_password, 7');
select is(refusal($$ select rules.check_password('12345678') $$), 'none', 'check_password: 8');

-- ---- rules.change_card, users__guard ----

select is(refusal($$ update gym.users set student_card = 55 where id = who('ann') $$), 'ENRUL card_needs_password',
  'card_needs_password: a raw UPDATE of the card');
select is(refusal($$ update gym.users set student_card = student_card + 1000 $$), 'ENRUL card_needs_password',
  'card_needs_password: of everybody''s');
select is(card('ann'), 900000000, 'card_needs_password: nothing was changed');
select is((select (student_card, hid)::text from rules.change_card(who('ann'), 55)), '(55,"")',
  'change_card: the password ends with the old card');
select is(refusal($$ select rules.change_card(who('ann'), 12069840) $$), 'ENRUL users_student_card_taken',
  'users_student_card_taken: change_card');
select is(refusal($$ select rules.change_card(who('ann'), card('gone')) $$), 'ENRUL users_student_card_taken',
  'users_student_card_taken: by somebody deleted');
select is(refusal($$ select rules.change_card(who('gone'), 56) $$), 'ENGON user_not_found',
  'user_not_found: change the card of somebody deleted');
select is(card('ann'), 55, 'change_card: what is refused changes nothing');
select lives_ok($$ select rules.change_card(who('ann'), 55) $$, 'change_card: the card she has');

-- ---- rules.delete_user, rules.restore_user, users__free ----

select make_slot('past', 0, '16:00', 2, '2026-11-01'), make_slot('now', 0, '16:00', 2, '2026-12-01'), make_slot('later', 2, '16:00', 2, '2027-02-01') \g /dev/null
select a_week(2) \g /dev/null
select book('ann', s), book('bob', s) from unnest('{past,now,mon,tue,later}'::text[]) s \g /dev/null
select is(held('ann'), 'past now mon tue later', 'Ann holds seats of five slots');
select lives_ok($$ select rules.delete_user(who('ann')) $$, 'delete_user: with seats');
select is(held('ann'), 'past', 'delete_user: gives up the seats from today on, and keeps the past');
select is(seats('past') || ', ' || seats('now') || ', ' || seats('mon') || ', ' || seats('later'),
  '2 of 2, 1 of 2, 1 of 2, 1 of 2', 'delete_user: the counters too');
select is((select count(*) || ' ' || min(cancel_reason) || ' ' || bool_and(cancelled_at = rules.clock())
  from gym.enrolments where user_id = who('ann') and cancelled_at is not null),
  '4 user deleted true', 'delete_user: the history says when and why');
select is((select (deleted, deleted_at = rules.clock())::text from gym.users where id = who('ann')), '(t,t)',
  'delete_user: she is marked, not gone');
select is(refusal($$ select rules.add_user(55, 'Иванов', 'Пётр', '', 'БИ-22', '12345678', 'STUDENT') $$),
  'ENRUL users_student_card_taken',
  'users_student_card_taken: the card stays taken');
select is(refusal($$ select rules.delete_user(who('ann')) $$), 'ENGON user_not_found', 'user_not_found: deleted twice');
select is(refusal($$ select rules.delete_user(-1) $$), 'ENGON user_not_found', 'user_not_found: delete nobody');
select is((select (id = who('ann'), deleted, deleted_at)::text from rules.restore_user(who('ann'))), '(t,f,)',
  'restore_user: she is back');
select is(held('ann'), 'past', 'restore_user: without the seats given up');
select lives_ok($$ select rules.restore_user(who('ann')) $$, 'restore_user: somebody who was not deleted');
select is(refusal($$ select rules.restore_user(-1) $$), 'ENGON user_not_found', 'user_not_found: restore nobody');
select book('ann', 'mon') \g /dev/null
select lives_ok($$ update gym.users set deleted = true where id in (who('ann'), who('bob')) $$,
  'two people deleted by one raw UPDATE');
select is(held('ann') || ', ' || held('bob') || ': ' || seats('mon') || ', ' || seats('now'),
  'past, past: 0 of 2, 0 of 2', 'users__free: their seats are free');
select is((select count(*) from gym.users where id in (who('ann'), who('bob')) and deleted_at = rules.clock()),
  2::bigint, 'users__guard: notes when');
update gym.users set role = 'BLOCKED', deleted = false where id = who('ann');
select is((rules.person(who('ann'))).deleted_at, null, 'users__guard: forgets it when she is back');

-- ---- users__keep ----

select is(refusal($$ delete from gym.users $$), 'ENRUL never_deleted', 'never_deleted: everybody');
select is(refusal($$ delete from gym.users where id = who('eve') $$), 'ENRUL never_deleted',
  'never_deleted: somebody without any history');
select is(refusal($$ truncate gym.users cascade $$), 'ENRUL never_deleted', 'never_deleted: users by TRUNCATE');
select is(refusal($$ delete from gym.enrolments $$), 'ENRUL never_deleted', 'never_deleted: enrolments');
select is(refusal($$ delete from gym.enrolments where cancelled_at is not null $$), 'ENRUL never_deleted',
  'never_deleted: cancelled enrolments');
select is(refusal($$ truncate gym.enrolments cascade $$), 'ENRUL never_deleted',
  'never_deleted: enrolments by TRUNCATE');
select is((select count(*) from gym.enrolments), 11::bigint, 'never_deleted: all are there');

select * from finish();
rollback;
