-- Sessions: how long they last, what ends them, and that a token alone says who acts.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(82);

select registered('ann', 'ann horse'), registered('bob', 'bob horse'), registered('coach', 'coach horse', 'COACH'),
  registered('boss', 'boss horse', 'ADMIN') \g /dev/null
select let_in('ann', 'ann horse', 1), let_in('ann', 'ann horse', 2), let_in('bob', 'bob horse', 3), let_in('coach',
  'coach horse', 4), let_in('boss', 'boss horse', 5) \g /dev/null

-- ---- auth.session ----

select is(keys(auth.session(token(1), false)::jsonb),
  'consent_needed consent_version created_at ends_at idle_seconds live may message role session_id strange '
  'unconfirmed user user_id', 'session: its shape');
select is((auth.session(token(1), false) ->> 'user_id')::integer, who('ann'), 'session: whose it is');
select is(keys((auth.session(token(1), false) -> 'user')::jsonb),
  'firstname group image role secondname studentCard surname', 'session: OwnUser, without id and hash');
select is(auth.session(t, true)::jsonb, '{"live": false, "may": null}', 'session: a token of nobody')
  from unnest(array[token(99), '\x', null, repeat('x', 5000)::bytea]) t;
select is(auth.session(null, false, e) ->> 'may', w, 'session: nobody and ' || e) from (values ('new/get', 'true'),
  ('entry/create', 'false'), ('no/such', 'false')) v (e, w);
select is((auth.session(token(t), false, e) ->> 'may') || coalesce(' ' || left(auth.session(token(t), false,
  e) ->> 'message', 11), ''), w, format('session: %s may call %s', t, e))
  from (values (1, 'entry/create', 'true'), (1, 'user/get', 'false У вас нет п'), (4, 'user/get', 'true'), (4,
    'user/create', 'false У вас нет п'), (5, 'user/create', 'true'), (5, 'no/such', 'false У вас нет п')) v (t, e, w);
select is((select count(*) from gym.sessions s where s.token_hash = token(1) or s.media_hash = token(1)), 0::bigint,
  'a token is not kept');
select is((select token_hash from gym.sessions where user_id = who('bob')), sha256(token(3)), 'but its hash');

-- ---- idle time and age ----

create function help.lives(p_token integer, p_at text) returns boolean
language plpgsql as $$
declare
  v_live boolean;
begin
  perform set_config('gym.now', p_at, true);
  v_live := help.is_live(p_token);
  perform set_config('gym.now', '2026-12-10 09:00', true);
  return v_live;
end
$$;
select is(lives(t, at), w, format('session %s at %s', t, at))
  from (values (1, '2027-01-09 08:59:59', true), (1, '2027-01-09 09:00:00', false), (4, '2026-12-24 08:59:59', true),
    (4, '2026-12-24 09:00:00', false),
               (5, '2026-12-10 09:59:59', true), (5, '2026-12-10 10:00:00', false)) v (t, at, w);
-- used all along, it ends by its age
create function help.used(p_token integer, variadic p_at text[]) returns boolean
language plpgsql as $$
declare
  v_at   text;
  v_live boolean;
begin
  foreach v_at in array p_at loop
    perform set_config('gym.now', v_at, true);
    v_live := (auth.session(help.token(p_token), true) ->> 'live')::boolean;
  end loop;
  perform set_config('gym.now', '2026-12-10 09:00', true);
  return v_live;
end
$$;
savepoint ages;
select ok(used(1, '2027-01-08 09:00', '2027-02-05 09:00', '2027-03-05 09:00', '2027-03-10 08:59'),
  'a student''s session that is used lives on');
select ok(not lives(1, '2027-03-10 09:00'), 'and ends at its age of 90 days');
select ok(used(5, '2026-12-10 09:50', '2026-12-10 10:40', '2026-12-10 11:30'), 'an administrator''s');
select ok(not used(5, '2026-12-10 12:20', '2026-12-10 13:10', '2026-12-10 14:00', '2026-12-10 14:50',
  '2026-12-10 15:40', '2026-12-10 16:30', '2026-12-10 17:20', '2026-12-10 18:10', '2026-12-10 19:00',
  '2026-12-10 19:50', '2026-12-10 20:40', '2026-12-10 21:00'), 'ends at its age of 12 hours');
rollback to ages;
-- polling
set local gym.now = '2027-01-09 08:00';
select is((auth.session(token(1), false) ->> 'live')::boolean, true, 'polling is answered');
set local gym.now = '2026-12-10 09:00';
select is((select used_at from gym.sessions where token_hash = sha256(token(1))), rules.clock(),
  'and is no use of the session');
select ok(not lives(1, '2027-01-09 09:00'), 'so that it ends all the same');
set local gym.now = '2026-12-10 09:00:30';
select auth.session(token(5), true) \g /dev/null
select is((select used_at from gym.sessions where token_hash = sha256(token(5))), '2026-12-10 09:00+07',
  'use is noted to a sixtieth of the idle time');
set local gym.now = '2026-12-10 09:00';
-- a stranger's computer
select log_in(card('ann')::text, 'ann horse', p_token => 6, p_strange => true), log_in(card('boss')::text, 'boss horse',
  p_token => 7, p_strange => true) \g /dev/null
select is(lives(t, at), w, format('at a stranger''s computer: %s at %s', t, at)) from (values (6, '2026-12-10 09:29:59',
  true), (6, '2026-12-10 09:30', false), (7, '2026-12-10 09:30', false)) v (t, at, w);
select is((select age from rules.session_limits(r, true)), '4 hours'::interval, 'and 4 hours of age for ' || r)
  from unnest('{STUDENT,COACH,ADMIN}'::gym.userrole[]) r;
select rules.set_setting('admin_age', '2 hours') \g /dev/null
select is((select age from rules.session_limits('ADMIN', true)), '2 hours'::interval,
  'the shorter limit of role and stranger counts');
select is((auth.settings() #>> '{session_limits,ADMIN,age}')::integer, 7200, 'settings: limits in seconds');

-- ---- the person ends them ----

select is((select string_agg((s ->> 'current') || ' ' || (s ->> 'strange'), ', ' order by (s ->> 'session_id')::integer)
  from json_array_elements(auth.sessions(token(2))) s), 'false false, true false, false true',
    'sessions: of the person, and which is this one');
select is(refusal($$ select auth.sessions(token(99)) $$), 'ENACC session_over', 'session_over: sessions');
select session_id from json_to_recordset(auth.sessions(token(3))) s (session_id bigint) \gset bob_
select is(auth.end_session(token(1), :bob_session_id) ->> 'ended', '0', 'end_session: never another person''s');
select ok(is_live(3), 'who is logged in still');
select is(auth.end_session(token(1), (auth.session(token(6), false) ->> 'session_id')::bigint) ->> 'ended', '1',
  'end_session: one');
select ok(not is_live(6) and is_live(2), 'and only that one');
select is(auth.end_sessions(token(1), true) ->> 'ended', '1', 'end_sessions: all but this one');
select ok(is_live(1) and not is_live(2), 'which lives');
select is(auth.log_out(token(1)) ->> 'ended', '1', 'log_out');
select is(auth.log_out(token(1)) ->> 'ended', '0', 'log_out: twice is no error');
select ok(not is_live(1), 'and over');

-- ---- others end them, on every path ----

create function help.again(p_person text, p_token integer) returns void
language sql as $$ select help.let_in(p_person, p_person || ' horse', p_token) $$;
select again('ann', 20) \g /dev/null
select is(refusal(format($$ select auth.end_person_sessions(token(%s), who('ann')) $$, t)), 'ENACC role_may_not',
  'role_may_not: end_person_sessions') from unnest('{3,4}'::integer[]) t;
select is(auth.end_person_sessions(token(5), who('ann')) ->> 'ended', '1', 'an administrator ends them');
select is(refusal($$ select auth.end_person_sessions(token(5), -1) $$), 'ENGON user_not_found',
  'user_not_found: end_person_sessions');
select again('ann', 21), again('ann', 22) \g /dev/null
select is(admin(format($$ select * from api.end_sessions(card => %s) $$, card('ann'))), '(2)', 'api.end_sessions');
select is((select string_agg(distinct end_reason, ' ') from gym.sessions where token_hash in (sha256(token(20)),
  sha256(token(21)))), 'administrator', 'and why');
select again('ann', 23) \g /dev/null
update gym.users set role = 'BLOCKED' where id = who('ann');
select ok(is_live(23), 'a student who is blocked stays logged in');
update gym.users set role = 'STUDENT' where id = who('ann');
select ok(is_live(23), 'and who is unblocked');
update gym.users set role = 'COACH' where id = who('ann');
select ok(not is_live(23), 'another role ends the session');
select again('ann', 24) \g /dev/null
update gym.users set hid = go_hid(card('ann')::text, 'raw horse') where id = who('ann');
select ok(not is_live(24), 'a raw UPDATE of the hash does');
select is(result(log_in(card('ann')::text, 'ann horse')), 'ENRUL log_in_refused', 'and the old password is void');
select is(result(log_in(card('ann')::text, 'raw horse', p_token => 25)), 'in', 'while the new one lets in');
update gym.users set firstname = 'Анна', "group" = 'БИ-22' where id = who('ann');
select ok(is_live(25), 'names and group do not matter');
select rules.set_verifier(who('ann'), go_hid(card('ann')::text, 'raw horse'), sha256('x')) \g /dev/null
select ok(not is_live(25), 'the same password set anew does');
select again('bob', 26), rules.delete_user(who('bob')) \g /dev/null
select ok(not is_live(26), 'a deletion does');
select rules.restore_user(who('bob')) \g /dev/null
select ok(not is_live(26), 'and a restored person logs in anew');
select is(refusal($$ update gym.sessions set user_id = who('boss') where user_id = who('bob') $$),
  'ENRUL session_is_persons', 'session_is_persons: whose');
select is(refusal($$ update gym.sessions set created_at = created_at + interval '1 second'
  where user_id = who('bob') $$), 'ENRUL session_is_persons', 'session_is_persons: its age');

-- ---- psql and the main server ----

select is(admin(format($$ select network, strange, agent from api.sessions(card => %s) $$, card('coach'))),
  '(10.0.0.0/24,f,Firefox)', 'api.sessions');
select is(admin_refused($$ select * from api.sessions(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.sessions');
select is(admin(format($$ select distinct outcome, network from api.log_ins(card => %s) $$, card('coach'))),
  '(in,10.0.0.0/24)', 'api.log_ins');
select is(auth.log_ins(token(4)) #>> '{0,outcome}', 'in', 'log_ins: the person''s own');
select is(refusal($$ select auth.log_ins(token(99)) $$), 'ENACC session_over', 'session_over: log_ins');
select is(wire.actor(7, null), 7, 'actor: a bare user-id');
select is(wire.actor(7, sha256(token(4))), who('coach'), 'actor: with a session the user-id does not count');
select is(wire.actor(null, null), null, 'actor: nobody');
select is(refusal($$ select wire.actor(7, sha256(token(99))) $$), 'ENACC session_over', 'session_over: actor');
select is(refusal($$ select wire.actor(who('coach'), token(4)) $$), 'ENACC session_over',
  'session_over: a token is not its hash');
select rules.set_setting('refuse_bare_user_id', 'true') \g /dev/null
select is(refusal($$ select wire.actor(7, null) $$), 'ENACC session_required', 'session_required: actor');
select is(wire.actor(null, null), null, 'session_required: nobody is nobody still');
select is(wire.actor(null, sha256(token(4))), who('coach'), 'session_required: a session acts');

select * from finish();
rollback;
