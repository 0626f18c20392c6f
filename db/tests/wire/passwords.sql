-- Passwords by the main server: hashed by the server, or, while legacy_hid is on, by the database.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(42);

select registered('ann', 'ann horse'), registered('bob', 'bob horse'), registered('boss', 'boss horse', 'ADMIN'),
  who('coach', 'COACH') \g /dev/null
select let_in('ann', 'ann horse', 1), let_in('ann', 'ann horse', 2), let_in('bob', 'bob horse', 3) \g /dev/null

-- as the server replaces a password
create function help.proven(p_card integer, p_password text, p_length integer default 8) returns jsonb
language sql as $$
  select jsonb_build_object('length', p_length, 'hid', help.go_hid(p_card::text, p_password),
    'proof', encode(help.proof(help.go_hid(p_card::text, p_password), encode(rules.salt(p_card::text), 'hex')), 'hex'))
$$;
create function help.old_and_new(p_card integer, p_old text, p_new text, p_length integer default 8) returns jsonb
language sql as $$
  select jsonb_build_object('oldPasswordProof', help.proven(p_card, p_old) - 'length',
    'passwordProof', help.proven(p_card, p_new, p_length))
$$;

-- ---- wire.password_step ----

select is(wire.password_step('user/create', who('boss'), '{"studentCard": 5}')::jsonb, '{"hash": "sql"}',
  'password_step: the database may hash while legacy_hid is on');
select is(wire.password_step('user/create', who('boss'), '{"studentCard": "5"}', true)::jsonb - 'salt',
  '{"hash": "go", "card": 5, "memory_kib": 19456, "passes": 2, "lanes": 1}',
    'password_step: a server that can, hashes');
select is(wire.password_step('user/create', who('boss'), '{"studentCard": 5}', true) ->> 'salt',
  encode(rules.salt('5'), 'hex'), 'password_step: with the salt of the new card');
select is((wire.password_step('user/edit-password', who('ann'), '{}', true) ->> 'card')::integer, card('ann'),
  'password_step: the actor''s card');
select is((wire.password_step('user/edit-any', who('boss'), jsonb_build_object('id', who('ann')),
  true) ->> 'card')::integer,
  card('ann'), 'password_step: the card of the person named');
select is(wire.password_step(e, a, b, true)::jsonb, '{"hash": "sql"}',
  format('password_step: the endpoint itself refuses: %s %s', e, b))
  from (values ('user/create', who('boss'), '{}'::jsonb), ('user/create', who('boss'), '{"studentCard": "x"}'),
               ('user/create', who('coach'), '{"studentCard": 5}'), ('user/create', null, '{"studentCard": 5}'),
               ('user/edit-any', who('boss'), '{"id": 2000000000}'), ('user/edit-any', who('ann'), '{"id": 1}'),
               ('entry/create', who('ann'), '{}')) v (e, a, b);

-- ---- hashed by the server ----

create function help.newcomer(p_card integer, p_proof jsonb) returns jsonb
language sql as $$
  select jsonb_build_object('studentCard', p_card, 'firstname', 'Иван', 'secondname', 'Петров', 'surname', '', 'group',
    'БИ-21', 'role', 'STUDENT', 'passwordProof', p_proof)
$$;
select is(ask('user/create', who('boss'), newcomer(7001, proven(7001, 'new horse'))) ->> 'studentCard', '7001',
  'user/create');
select is(result(log_in('7001', 'new horse', p_token => 10)), 'in', 'user/create: the password holds');
select is((select hid from gym.users where student_card = 7001), go_hid('7001', 'new horse'),
  'user/create: for old servers too');
select is(asked('user/create', who('boss'), newcomer(7002, proven(7002, 'short', 5))), 'ENRUL password_too_short',
  'password_too_short: user/create');
select is(asked('user/create', who('boss'), newcomer(7002, proven(7002, 'new horse') || change)), refused,
  'user/create: ' || change::text)
  from (values ('{"proof": "00"}'::jsonb, 'ENREQ field_unreadable'), ('{"hid": "x"}', 'ENREQ field_unreadable'),
               ('{"length": null}', 'ENREQ field_missing'), ('{"proof": null}', 'ENREQ field_missing')) v (change,
                 refused);
select is((select count(*) from gym.users where student_card = 7002), 0::bigint, 'what is refused makes nobody');
select is(ask('user/edit-any', who('boss'), jsonb_build_object('id', who('bob'), 'passwordProof', proven(card('bob'),
  'given horse'))) ->> 'firstname', 'Bob', 'user/edit-any');
select ok(not is_live(3), 'user/edit-any: the person''s sessions are over');
select is(result(log_in(card('bob')::text, 'given horse', p_token => 11)), 'in', 'user/edit-any: the password holds');
select is((select outcome from gym.log_ins where user_id = who('bob') and outcome like 'password%'), 'password given',
  'user/edit-any: the person''s log says so');

-- the own password, by a session
select is(asked('user/edit-password', who('ann'), old_and_new(card('ann'), 'wrong horse', 'new horse')),
  'ENRUL password_wrong', 'password_wrong: user/edit-password');
select is(asked('user/edit-password', who('ann'), old_and_new(card('ann'), 'ann horse', 'short', 5)),
  'ENRUL password_too_short', 'password_too_short: user/edit-password');
select is(asked('user/edit-password', who('ann'), old_and_new(card('ann'), 'ann horse',
  'new horse') - 'oldPasswordProof'),
  'ENREQ field_missing', 'field_missing: user/edit-password');
select ok(is_live(1) and is_live(2), 'what is refused ends nothing');
select is(wire.user_edit_password(wire.actor(null, sha256(token(1))), old_and_new(card('ann'), 'ann horse',
  'new horse'),
  'test')::jsonb, '{"result": true}', 'user/edit-password: by a session');
select ok(is_live(1) and not is_live(2), 'user/edit-password: which lives, while all others are over');
select is(result(log_in(card('ann')::text, 'new horse', p_token => 12)), 'in',
  'user/edit-password: the password holds');
select is(wire.user_edit_password(wire.actor(null, sha256(token(1))),
  '{"oldPassword": "new horse", "newPassword": "newer horse"}',
  'test')::jsonb, '{"result": true}', 'user/edit-password: hashed by the database');
select ok(is_live(1) and not is_live(12), 'user/edit-password: the same');
select is(result(log_in(card('ann')::text, 'newer horse', p_token => 13)), 'in', 'user/edit-password: it holds');
-- a session of another person does not profit from what this transaction noted
select set_config('gym.session', (select max(id) from gym.sessions where user_id = who('bob'))::text, true) \g /dev/null
select rules.end_sessions(who('bob'), 'ended') \g /dev/null
select ask('user/edit-password', who('ann'), '{"oldPassword": "newer horse", "newPassword": "newest horse"}')
  \g /dev/null
select ok(not is_live(11) and not is_live(1), 'user/edit-password: with a bare user-id every session is over');

-- ---- legacy_hid off ----

select is(result(log_in(card('ann')::text, 'newest horse', p_token => 21)), 'in',
  'a log-in upgrades what the database hashed');
select rules.set_setting('legacy_hid', 'false') \g /dev/null
select is(wire.password_step('user/create', who('boss'), '{"studentCard": 5}') ->> 'hash', 'go',
  'password_step: with legacy_hid off the server hashes');
select is(asked('user/create', who('boss'), newcomer(7003, null) || '{"password": "new horse"}'),
  'ENREQ password_in_clear',
  'password_in_clear: user/create');
select is(asked('user/edit-password', who('ann'), '{"oldPassword": "newest horse", "newPassword": "last horse"}'),
  'ENREQ password_in_clear', 'password_in_clear: user/edit-password');
select is(asked('user/edit-any', who('boss'), jsonb_build_object('id', who('ann'), 'newPassword', 'last horse')),
  'ENREQ password_in_clear', 'password_in_clear: user/edit-any');
select ask('user/create', who('boss'), newcomer(7003, proven(7003, 'new horse'))) \g /dev/null
select is(result(log_in('7003', 'new horse', p_token => 20)), 'in', 'user/create: hashed by the server');

select * from finish();
rollback;
