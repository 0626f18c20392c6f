-- Changing the own password, and the end of the old hashes.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(41);

select registered('ann', 'ann horse'), registered('bob', 'bob horse'), registered('boss', 'boss horse',
  'ADMIN') \g /dev/null
select let_in('ann', 'ann horse', 1), let_in('ann', 'ann horse', 2), let_in('bob', 'bob horse', 3) \g /dev/null

-- ---- auth.change_password ----

create function help.change(p_token integer, p_card text, p_old text, p_new text, p_new_token integer default null,
  p_length integer default 8) returns json
language plpgsql as $$
declare
  v_begun json   := help.committed(auth.begin_change_password(help.token(p_token), help.commitments(help.go_hids(p_card,
    p_old)), '10.0.0.1', 'Firefox'));
  v_old   text[] := help.go_hids(p_card, p_old);
  v_hid   text   := help.go_hid(p_card, p_new);
begin
  if v_begun ->> 'result' <> 'go' then
    return v_begun;
  end if;
  return auth.change_password(help.token(p_token), (v_begun ->> 'attempt')::bigint, v_old, help.proofs(v_old,
    v_begun ->> 'salt'),
    v_hid, help.proof(v_hid, v_begun ->> 'salt'), p_length, help.token(p_new_token));
end
$$;
select is(result(change(1, card('ann')::text, 'wrong horse', 'new horse')), 'ENRUL password_wrong',
  'password_wrong: change_password');
select is(result(change(1, card('ann')::text, 'ann horse', 'short', p_length => 5)), 'ENRUL password_too_short',
  'password_too_short: change_password');
select is(refusal($$ select change(99, '1', 'x', 'y') $$), 'ENACC session_over', 'session_over: change_password');
select is(result(change(3, card('ann')::text, 'ann horse', 'new horse')), 'ENRUL password_wrong',
  'password_wrong: another person''s password is not the own');
select ok(is_live(1) and is_live(2), 'what is refused ends nothing');
select is(result(change(1, card('ann')::text, 'ann horse', 'new horse')), 'changed', 'change_password');
select ok(is_live(1) and not is_live(2), 'the session that changed it lives, all others are over');
select is(result(log_in(card('ann')::text, 'ann horse')), 'ENRUL log_in_refused', 'the old password is void');
select is(result(log_in(card('ann')::text, 'new horse', p_token => 4)), 'in', 'the new one holds');
select is(change(1, card('ann')::text, 'new horse', 'newer horse', 5) #>> '{session,live}', 'true',
  'change_password: with a new token');
select ok(not is_live(1) and is_live(5), 'which replaces the old one');
select is((select string_agg(outcome, ' ' order by id) from gym.log_ins where user_id = who('ann')
  and outcome like 'password%'), 'password password', 'the log says so');
select results_eq($$ select result(change(5, card('ann')::text, 'guess ' || n, 'new horse')), count(*)
  from generate_series(1, 70) n group by 1 order by 1 $$,
  $$ values ('ENRUL log_in_too_often', 12::bigint), ('ENRUL password_wrong', 58) $$,
    'log_in_too_often: guesses of the old password are charged');
select is(result(log_in(card('ann')::text, 'newer horse', p_token => 6)), 'in', 'which does not close the way in');

-- ---- psql and the main server set passwords ----

select is((select hid from gym.users where id = who('ann')), go_hid(card('ann')::text, 'newer horse'),
  'old auth servers know the new password too');

-- ---- legacy_hid off ----

insert into gym.users (student_card, firstname, secondname, surname, "group", hid) select 3000 + n, 'И', 'Ф', '', 'Г',
  go_hid((3000 + n)::text, 'old horse') from generate_series(1, 5) n;
select rules.delete_user((select id from gym.users where student_card = 3005)) \g /dev/null
select is(rules.legacy_left(), 5::bigint, 'legacy_left: deleted people too, who may be restored');
select is(refusal($$ select rules.set_setting('legacy_hid', 'false') $$), 'ENRUL legacy_hashes_left',
  'legacy_hashes_left: not before every hash is wrapped');
create function help.wrap(p_limit integer) returns integer
language sql as $$
  select rules.wrap_legacy(array_agg(l.user_id order by l.user_id), array_agg(l.hid order by l.user_id),
    array_agg(help.proof(l.hid, encode(l.salt, 'hex')) order by l.user_id))
    from rules.legacy_hashes(0, p_limit) l
$$;
select is(wrap(3), 3, 'retire: a batch');
select is((select count(*) from rules.legacy_hashes()), 2::bigint, 'retire: the rest');
create table help.late as select l.* from rules.legacy_hashes() l;
update gym.users set hid = go_hid('3004', 'changed') where student_card = 3004;
select is((select rules.wrap_legacy(array_agg(user_id), array_agg(hid), array_agg(proof(hid, encode(salt, 'hex'))))
  from help.late), 1, 'retire: a hash that changed meanwhile is left');
select is(wrap(10), 1, 'retire: until the next round');
select is(rules.legacy_left(), 0::bigint, 'retire: none is left');
select is(result(log_in('3001', 'old horse', p_token => 30)), 'in', 'a wrapped hash lets in');
select is(rules.pepper_fits(sha256('energiya pepper:pepper')), true, 'pepper_fits');
select is(rules.pepper_fits(sha256('energiya pepper:salt')), false, 'pepper_fits: another');
select rules.set_setting('legacy_hid', 'false') \g /dev/null
select is((select string_agg(distinct hid, '|') from gym.users), '', 'legacy_hid off: no old hash is left');
select ok(is_live(30) and is_live(5), 'and nobody is logged out');
select is(result(log_in('3002', 'old horse', p_token => 31)), 'in', 'everyone''s password works');
select is(result(log_in('3004', 'changed', p_token => 32)), 'in', 'also one that was changed in the middle');
select is((select count(*) from gym.secrets where name = 'pepper'), 0::bigint, 'the pepper is forgotten');
select is(rules.pepper_fits(sha256('energiya pepper:pepper')), true, 'but known by its digest');
select is(refusal($$ update gym.users set hid = repeat('0', 64) where student_card = 3001 $$), 'ENRUL legacy_hid_off',
  'legacy_hid_off: an UPDATE');
select is(refusal($$ insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values (3010,
  '', 'Ф', '', '', repeat('0', 64)) $$), 'ENRUL legacy_hid_off', 'legacy_hid_off: an INSERT');
select is(refusal($$ select rules.set_setting('legacy_hid', 'true') $$), 'ENRUL legacy_hid_retired',
  'legacy_hid_retired: there is no way back');
select is(has_schema_privilege('energy_auth', 'gym', 'usage'), false, 'energy_auth: no schema');
select is(has_any_column_privilege('energy_auth', 'gym.users', 'select, insert, update'), false,
  'energy_auth: no column');
select is(result(change(5, card('ann')::text, 'newer horse', 'last horse')), 'ENRUL log_in_too_often',
  'the buckets count as before');
delete from gym.buckets;
select is(result(change(5, card('ann')::text, 'newer horse', 'last horse')), 'changed',
  'a password is changed without any old hash');
select is((select hid from gym.users where id = who('ann')), '', 'which leaves none');
select ok(is_live(5) and not is_live(6), 'and ends the other sessions');
select is(result(log_in(card('ann')::text, 'newer horse', p_token => 7)), 'ENRUL log_in_refused',
  'and is the only one that holds');

select * from finish();
rollback;
