begin;
\ir ../helpers/start.psql
select plan(81);

insert into gym.secrets (name, value) values ('pepper', 'pepper')
  on conflict (name) do update set value = excluded.value;
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED') \g /dev/null
create function help.found(p_card integer) returns gym.users
  language sql as $$ select u from gym.users u where u.student_card = p_card $$;

-- ---- user/create ----

create function help.newcomer(p_change jsonb default '{}') returns jsonb
language sql as $$ select '{"studentCard": 12069840, "firstname": "Иван", "secondname": "Петров", "surname": "Петрович", "group": "БИ-21", "password": "пароль12", "role": "STUDENT"}'::jsonb || p_change $$;
select is(ask('user/create', who('boss'), newcomer()) - 'id',
  '{"firstname": "Иван", "secondname": "Петров", "surname": "Петрович", "group": "БИ-21", "studentCard": 12069840, '
  '"role": "STUDENT", "image": null}', 'user/create: User');
select is((found(12069840)).hid, rules.hash_password(12069840, 'пароль12'),
  'user/create: the password is hashed as the auth server hashes it');
select is(keys(ask('user/create', who('boss'),
  newcomer('{"studentCard": "12069841", "surname": "", "group": "", "role": "COACH"}'))),
  'firstname group id image role secondname studentCard surname',
  'user/create: a card sent as a string, no patronymic, no group');
select is((found(12069841)).role, 'COACH', 'user/create: the role');
select is(asked('user/create', who('boss'), newcomer() - f), 'ENREQ field_missing',
  'field_missing: user/create without ' || f)
  from unnest('{studentCard,firstname,secondname,surname,group,password,role}'::text[]) f;
select is(asked('user/create', who('boss'), newcomer('{"studentCard": 5}') || change), 'ENREQ field_unreadable',
  'field_unreadable: user/create ' || left(change::text, 40))
  from unnest(array['{"studentCard": 0}', '{"studentCard": "x"}', '{"firstname": ""}', '{"firstname": "  "}',
    '{"secondname": ""}', '{"secondname": "  "}', '{"surname": 1}', '{"group": ["a"]}', '{"password": 12345678}',
    '{"role": "KING"}', '{"role": ""}',
    jsonb_build_object('firstname', repeat('я', 201)), jsonb_build_object('group', repeat('я', 201))]::jsonb[]) change;
select is(asked('user/create', who('boss'), newcomer()), 'ENRUL users_student_card_taken',
  'users_student_card_taken: user/create');
select is(asked('user/create', who('boss'), newcomer('{"studentCard": 5, "password": "пароль1"}')),
  'ENRUL password_too_short', 'password_too_short: user/create');
select is(asked('user/create', who('coach'), newcomer('{"studentCard": 5}')), 'ENACC role_may_not',
  'role_may_not: user/create');
select is((select count(*) from gym.users where student_card = 5), 0::bigint,
  'user/create: what is refused makes nobody');

-- ---- user/get ----

select who('gone', 'COACH') \g /dev/null
select rules.delete_user(who('gone')) \g /dev/null
create function help.names(p_people jsonb) returns text language sql as $$ select string_agg(p ->> 'firstname', ' ' order by n) from jsonb_array_elements(p_people) with ordinality e (p, n) $$;
select is(names(ask('user/get', who('coach'), body)), wanted, 'user/get: ' || body::text)
  from (values ('{}'::jsonb, 'Ann Coach Boss Bad Иван Иван'), ('{"role": "COACH"}', 'Coach Иван'),
    ('{"role": "COACH", "deleted": true}', 'Coach Иван Gone'),
    ('{"role": null, "deleted": false}', 'Ann Coach Boss Bad Иван Иван')) v (body, wanted);
select is(keys(ask('user/get', who('coach')) -> 0), 'firstname group id image role secondname studentCard surname',
  'user/get: User, without the hash');
select is(asked('user/get', who('coach'), body), 'ENREQ field_unreadable', 'field_unreadable: user/get ' || body::text)
  from unnest('{"{\"role\": \"KING\"}","{\"deleted\": \"yes\"}"}'::jsonb[]) body;
select is(asked('user/get', who('ann')), 'ENACC role_may_not', 'role_may_not: user/get');

-- ---- user/edit ----

select is(ask('user/edit', who('ann'),
  '{"firstname": "Анна", "secondname": "Орлова", "surname": "Ильинична", "group": "ГК-11", "role": "ADMIN", '
'"studentCard": 1}'),
  format('{"firstname": "Анна", "secondname": "Орлова", "surname": "Ильинична", "group": "ГК-11", "studentCard": %s, "role": "STUDENT", "image": null}', card('ann'))::jsonb,
  'user/edit: OwnUser; role and card are none of its fields');
select is(ask('user/edit', who('ann'), '{"firstname": "", "secondname": "Смирнова"}') ->> 'firstname', 'Анна',
  'user/edit: an empty string changes nothing');
select is((rules.person(who('ann'))).secondname, 'Смирнова', 'user/edit: the rest is changed');
select is(ask('user/edit', who('ann')) ->> 'secondname', 'Смирнова', 'user/edit: nothing given');
select is(asked('user/edit', who('ann'), '{"firstname": 5}'), 'ENREQ field_unreadable', 'field_unreadable: user/edit');
select is(asked('user/edit', who('ann'), '{"secondname": " "}'), 'ENREQ users_family_given',
  'users_family_given: user/edit, blanks');
select is(asked('user/edit', null, '{"firstname": "Я"}'), 'ENACC actor_missing', 'actor_missing: user/edit');
select is(ask('user/edit', who('bad'), '{"group": "БИ-22"}') ->> 'group', 'БИ-22', 'user/edit: a blocked student, too');

-- ---- user/edit-password ----

select rules.edit_user(who('ann'), null, null, null, null, 'пароль34') \g /dev/null
create function help.passwords(p_old text, p_new text) returns jsonb
  language sql as $$ select jsonb_build_object('oldPassword', p_old, 'newPassword', p_new) $$;
select is(asked('user/edit-password', who('ann'), passwords('пароль33', 'пароль56')), 'ENRUL password_wrong',
  'password_wrong: user/edit-password');
select is(asked('user/edit-password', who('ann'), passwords('пароль34', 'пароль5')), 'ENRUL password_too_short',
  'password_too_short: user/edit-password');
select is(asked('user/edit-password', who('ann'), passwords('пароль34', '')), 'ENRUL password_too_short',
  'password_too_short: user/edit-password, empty');
select is(asked('user/edit-password', who('ann'), passwords('пароль34', 'пароль56') - f), 'ENREQ field_missing',
  'field_missing: user/edit-password without ' || f) from unnest('{oldPassword,newPassword}'::text[]) f;
select is(asked('user/edit-password', who('ann'), passwords('пароль34', 'пароль56') || jsonb_build_object(f, 12345678)),
  'ENREQ field_unreadable', 'field_unreadable: user/edit-password, ' || f)
  from unnest('{oldPassword,newPassword}'::text[]) f;
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), 'пароль34'),
  'user/edit-password: what is refused changes nothing');
select is(ask('user/edit-password', who('ann'), passwords('пароль34', 'пароль56')), '{"result": true}',
  'user/edit-password');
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), 'пароль56'),
  'user/edit-password: the new one holds');

-- ---- user/edit-any ----

create function help.edit(p_person text, p_change jsonb) returns jsonb
  language sql as $$ select jsonb_build_object('id', who(p_person)) || p_change $$;
select is(ask('user/edit-any', who('boss'), edit('ann',
  '{"firstname": "Алла", "secondname": "", "surname": "", "newPassword": "пароль78"}')),
  format('{"id": %s, "firstname": "Алла", "secondname": "Смирнова", "surname": "Ильинична", "group": "ГК-11", "studentCard": %s, "role": "STUDENT", "image": null}', who('ann'), card('ann'))::jsonb, 'user/edit-any: User');
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), 'пароль78'), 'user/edit-any: the password');
select is(ask('user/edit-any', who('boss'), edit('ann', '{"newPassword": "", "group": "БИ-23"}')) ->> 'group', 'БИ-23',
  'user/edit-any: an empty password changes nothing');
select is((rules.person(who('ann'))).hid, rules.hash_password(card('ann'), 'пароль78'),
  'user/edit-any: it is the one before');
select is(asked('user/edit-any', who('boss'), edit('ann', '{"firstname": "Я", "newPassword": "пароль7"}')),
  'ENRUL password_too_short', 'password_too_short: user/edit-any');
select is(asked('user/edit-any', who('boss'), edit('gone', '{}')), 'ENGON user_not_found',
  'user_not_found: user/edit-any, deleted');
select is(asked('user/edit-any', who('boss'), '{"id": 2147483647}'), 'ENGON user_not_found',
  'user_not_found: user/edit-any');
select is(asked('user/edit-any', who('boss'), '{}'), 'ENREQ field_missing', 'field_missing: user/edit-any without id');
select is(asked('user/edit-any', who('boss'), edit('ann', '{"surname": 1}')), 'ENREQ field_unreadable',
  'field_unreadable: user/edit-any');
select is(asked('user/edit-any', who('boss'), edit('ann', '{"secondname": "\u00a0"}')), 'ENREQ users_family_given',
  'users_family_given: user/edit-any, blanks');
select is(asked('user/edit-any', who('coach'), edit('ann', '{"surname": "Я"}')), 'ENACC role_may_not',
  'role_may_not: user/edit-any');
select is((rules.person(who('ann'))).firstname || ' ' || (rules.person(who('ann'))).secondname, 'Алла Смирнова',
  'user/edit-any: what is refused changes nothing');

-- ---- user/delete-any ----

select a_week(2), book('ann', 'mon') \g /dev/null
select is(asked('user/delete-any', who('coach'), edit('ann', '{}')), 'ENACC role_may_not',
  'role_may_not: user/delete-any');
select is(asked('user/delete-any', who('boss'), '{}'), 'ENREQ field_missing', 'field_missing: user/delete-any');
select is(asked('user/delete-any', who('boss'), '{"id": -1}'), 'ENREQ field_unreadable',
  'field_unreadable: user/delete-any');
select is(held('ann'), 'mon', 'user/delete-any: what is refused changes nothing');
select is(ask('user/delete-any', who('boss'), edit('ann', '{}')), '{"result": true}', 'user/delete-any');
select is(held('ann') || ': ' || seats('mon'), 'nothing: 0 of 2', 'user/delete-any: her seat is free');
select is((select cancelled_by from gym.enrolments where user_id = who('ann')), who('boss'),
  'user/delete-any: by whom');
select is(asked('user/delete-any', who('boss'), edit('ann', '{}')), 'ENGON user_not_found',
  'user_not_found: user/delete-any, twice');
select is(asked('entry/get', who('ann')), 'ENACC actor_unknown', 'actor_unknown: whoever is deleted acts no more');
select is(asked('user/create', who('boss'), newcomer(jsonb_build_object('studentCard', card('ann')))),
  'ENRUL users_student_card_taken', 'users_student_card_taken: the card of somebody deleted');

-- ---- user/absences ----

select is(ask('user/absences', who('coach')),
  '{"month": "12-2026", "absences": [], "limit": 3, "blocked": false, "blockedUntil": null}', 'user/absences: none');
select is(ask('user/absences', who('bad')) -> 'blocked', 'true', 'user/absences: of a blocked student');
select is(asked('user/absences', null), 'ENACC actor_missing', 'actor_missing: user/absences');

-- a loop of edits does not fill the trail
select who('loop') \g /dev/null
select count(ask('user/edit', who('loop'), jsonb_build_object('group', 'БИ-' || n))) from generate_series(1, 20) n \g /dev/null
select is(asked('user/edit', who('loop'), '{"group": "БИ-99"}'), 'ENRUL edits_too_often',
  'edits_too_often: the 21st in an hour');
select is(refusal($$ select rules.edit_user(who('loop'), 'Другая', null, null, null, null) $$), 'none',
  'edits_too_often: an administrator still may');

select * from finish();
rollback;
