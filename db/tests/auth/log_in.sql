-- Logging in: what is charged, what is judged, and that nothing tells one refusal from another.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(55);

select registered('ann', 'correct horse'), registered('coach', 'coach horse', 'COACH'), registered('boss', 'boss horse',
  'ADMIN'), who('bad', 'BLOCKED') \g /dev/null
select registered('bad', 'blocked horse') \g /dev/null

-- ---- the two steps ----

select is(keys(begin_log_in('123', 'x')::jsonb), 'attempt lanes memory_kib passes result salt wait_ms',
  'begin: what is needed to hash');
select is(begin_log_in('123', 'x') ->> 'salt', begin_log_in('00123', 'y') ->> 'salt',
  'begin: the salt of a card of nobody is stable, however it is typed');
select isnt(begin_log_in('123', 'x') ->> 'salt', begin_log_in('124', 'x') ->> 'salt',
  'begin: another card, another salt');
select is(length(begin_log_in(c, 'x') ->> 'salt'), 32, format('begin: a salt for «%s»', left(c, 20)))
  from unnest(array['', 'abc', '99999999999999999999999', repeat('9', 500), '-1', '0', E'\t12', card('ann')::text]) c;
select is(result(log_in(card('ann')::text, 'correct horse')), 'in', 'log_in: the right password');
select is(result(log_in('000' || card('ann'), 'correct horse', p_token => 2)), 'in',
  'log_in: leading zeros are no other card');
select is(result(log_in(card('ann')::text, 'wrong horse')), 'ENRUL log_in_refused', 'log_in_refused: wrong password');
select is(log_in(card('ann')::text, 'wrong horse')::jsonb, log_in(c, 'correct horse')::jsonb,
  'log_in_refused: the same answer for ' || c)
  from unnest('{77777777,abc,"",0}'::text[]) c;
select is(result(log_in(card(p)::text, pw, kind, p_token => n)), wanted, format('log_in: %s as %s', p, kind))
  from (values ('ann', 'correct horse', 'student', 'in', 10), ('ann', 'correct horse', 'coach', 'ENRUL log_in_refused',
    11), ('ann', 'correct horse', 'admin', 'ENRUL log_in_refused', 12),
               ('coach', 'coach horse', 'student', 'ENRUL log_in_refused', 13), ('coach', 'coach horse', 'coach', 'in',
                 14), ('coach', 'coach horse', 'any', 'in', 15),
               ('boss', 'boss horse', 'admin', 'in', 16), ('boss', 'boss horse', 'coach', 'ENRUL log_in_refused', 17),
                 ('bad', 'blocked horse', 'student', 'in', 18),
               ('ann', 'correct horse', null, 'ENRUL log_in_refused', 19), ('ann', 'correct horse', 'king',
                 'ENRUL log_in_refused', 20)) v (p, pw, kind, wanted, n);
select is((select string_agg(outcome, ' ' order by id) from gym.log_ins where user_id = who('boss')), 'in wrong',
  'the log: how it ended');

-- ---- an attempt is judged once, for what it was charged for, by another transaction ----

select begin_log_in(card('ann')::text, 'wrong horse') ->> 'attempt' as attempt \gset
create function help.judge(p_attempt bigint, p_password text, p_token integer) returns text
language sql as $$
  select help.result(auth.log_in(p_attempt, array[help.go_hid(help.card('ann')::text, p_password)],
    array[help.proof(help.go_hid(help.card('ann')::text, p_password), encode(rules.salt(help.card('ann')::text),
      'hex'))], 'any', false, help.token(p_token), null))
$$;
select is(judge(:attempt, 'correct horse', 30), 'ENRUL log_in_refused',
  'an attempt is bound to the password that it was charged for');
select begin_log_in(card('ann')::text, 'correct horse') ->> 'attempt' as attempt \gset
select is(judge(:attempt, 'correct horse', 31), 'in', 'an attempt is judged');
select is(judge(:attempt, 'correct horse', 32), 'ENRUL log_in_refused', 'an attempt is judged once');
select auth.begin_log_in(card('ann')::text, commitments(array[go_hid(card('ann')::text, 'correct horse')]), null, null,
  null) ->> 'attempt' as attempt \gset
select is(judge(:attempt, 'correct horse', 33), 'ENRUL log_in_refused',
  'an attempt is not judged by the transaction that charged it: it could roll both back');
select committed(json_build_object('attempt', :'attempt')) \g /dev/null
set local gym.now = '2026-12-10 09:02:01';
select is(judge(:attempt, 'correct horse', 34), 'ENRUL log_in_refused', 'an attempt is judged within two minutes');
set local gym.now = '2026-12-10 09:00';
select is(result(auth.log_in(null, null, null, null, null, null, null)), 'ENRUL log_in_refused',
  'log_in_refused: nothing given');
select is(result(auth.log_in((begin_log_in(card('ann')::text, 'x') ->> 'attempt')::bigint, '{}', '{}', 'any', false,
  token(1), null)), 'ENRUL log_in_refused', 'log_in_refused: no hash');
select is(refusal(format($$ select auth.log_in(%s, %L, %L, 'any', false, 'short', null) $$,
  begin_log_in(card('ann')::text, 'correct horse') ->> 'attempt',
    go_hids(card('ann')::text, 'correct horse'), proofs(go_hids(card('ann')::text, 'correct horse'),
      encode(rules.salt(card('ann')::text), 'hex')))),
  'ENREQ field_unreadable', 'field_unreadable: a token has 32 bytes');

-- ---- the old hash, and its quiet upgrade ----

insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values
  (1234567, 'Иван', 'Петров', '', 'БИ-21', go_hid('1234567', 'old horse')), (7654321, 'Анна', 'Орлова', '', 'БИ-21',
    go_hid('07654321', 'old horse'));
select is(result(log_in('1234567', 'older horse')), 'ENRUL log_in_refused', 'old hash: another password');
select is((select count(*) from gym.verifiers v join gym.users u on u.id = v.user_id where u.student_card = 1234567),
  0::bigint, 'old hash: what does not fit keeps nothing');
select is(result(log_in('1234567', 'old horse', p_token => 40)), 'in', 'old hash: lets in');
select is((select count(*) from gym.verifiers v join gym.users u on u.id = v.user_id where u.student_card = 1234567),
  1::bigint, 'old hash: and is upgraded');
select ok((select is_live(40)), 'the upgrade ends no session');
select is(result(log_in('1234567', 'old horse', p_token => 41)), 'in', 'the new verifier lets in');
select is((select hid from gym.users where student_card = 1234567), go_hid('1234567', 'old horse'),
  'the old hash stays for old servers while legacy_hid is on');
select is(result(log_in('7654321', 'old horse')), 'ENRUL log_in_refused',
  'old hash of a card typed with a zero: not without it, as on the old server');
select is(result(log_in('07654321', 'old horse', p_token => 42)), 'in', 'old hash of a card typed with a zero');
select is(result(log_in('7654321', 'old horse', p_token => 43)), 'in', 'after the upgrade the zero does not matter');
-- a hash that a stranger could write is no proof: with a verifier kept, hid alone lets nobody in
update gym.users set hid = go_hid('1234567', 'planted') where student_card = 1234567;
select is((select count(*) from gym.verifiers v join gym.users u on u.id = v.user_id where u.student_card = 1234567),
  0::bigint, 'another hid voids what was kept of the one before');

-- ---- deleted ----

select registered('gone', 'gone horse') \g /dev/null
select rules.delete_user(who('gone')) \g /dev/null
select is(log_in(card('gone')::text, 'gone horse')::jsonb, log_in('77777777', 'x')::jsonb,
  'log_in_refused: a deleted person, in the same words');
select is((select outcome from gym.log_ins where user_id = who('gone')), 'wrong',
  'the log of a deleted person says so too');

-- ---- devices ----

select is((log_in(card('ann')::text, 'correct horse', p_token => 50, p_new_device => 1) ->> 'new_device')::boolean,
  true, 'a new device is remembered');
select is((log_in(card('ann')::text, 'correct horse', p_token => 51, p_device => 1,
  p_new_device => 2) ->> 'new_device')::boolean, false, 'a known one is not new');
select is((log_in(card('ann')::text, 'correct horse', p_token => 52, p_new_device => 3,
  p_strange => true) ->> 'new_device')::boolean, false, 'a stranger''s computer is not remembered');
select is((select count(*) from gym.devices where user_id = who('ann')), 1::bigint, 'one device is known');

select * from finish();
rollback;
