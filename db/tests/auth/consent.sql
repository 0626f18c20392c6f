-- Consent, pictures, and what is forgotten.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(59);

select registered('ann', 'ann horse'), registered('bob', 'bob horse') \g /dev/null
select let_in('ann', 'ann horse', 1), let_in('bob', 'bob horse', 2) \g /dev/null

-- ---- consent ----

select is(auth.consent_document()::text, null, 'no consent is published');
select is((auth.session(token(1), false) ->> 'consent_needed')::boolean, false, 'and none is needed');
select is(admin($$ select * from api.publish_consent('Первый текст') $$), '(1)', 'api.publish_consent');
select is(auth.consent_document() ->> 'text', 'Первый текст', 'consent_document');
select is((auth.session(token(1), false) ->> 'consent_needed')::boolean, true, 'now it is needed');
select is(refusal(format($$ select auth.give_consent(token(1), %L, null) $$, v)), 'ENRUL consent_outdated',
  'consent_outdated: version ' || coalesce(v::text, 'null')) from unnest('{0,2,null}'::integer[]) v;
select is(auth.give_consent(token(1), 1, '10.0.0.7') ->> 'version', '1', 'give_consent');
select is(auth.give_consent(token(1), 1, '10.0.0.7') ->> 'version', '1', 'give_consent: twice is once');
select is((select count(*) || ' ' || min(host(address)) from gym.consents where user_id = who('ann')), '1 10.0.0.7',
  'it is kept with date and address');
select is((auth.session(token(1), false) ->> 'consent_needed')::boolean, false, 'and no longer needed');
select is((auth.session(token(2), false) ->> 'consent_needed')::boolean, true, 'of Ann');
select is(admin_refused($$ select api.publish_consent('') $$), '23514 consent_documents_body_length',
  'consent_documents_body_length: empty');
select api.publish_consent('Второй текст') \g /dev/null
select is((auth.consents(token(1)) ->> 'needed')::boolean, true, 'another version is asked for anew');
select is(refusal($$ select auth.give_consent(token(1), 1, null) $$), 'ENRUL consent_outdated',
  'consent_outdated: the version before');
select auth.give_consent(token(1), 2, null), auth.give_consent(token(2), 2, null) \g /dev/null
select is(json_array_length(auth.consents(token(1)) -> 'given'), 2, 'consents: what the person agreed to');
select is(refusal($$ update gym.consent_documents set body = 'x' $$), 'ENRUL never_deleted',
  'never_deleted: a text is never changed');
select is(refusal($$ delete from gym.consents $$), 'ENRUL never_deleted', 'never_deleted: consents');
select is(refusal($$ update gym.consents set given_at = given_at - interval '1 day' $$), 'ENRUL consent_stays',
  'consent_stays: when it was given');
select is(refusal($$ select auth.consents(token(99)) $$), 'ENACC session_over', 'session_over: consents');

-- withdrawing
select is(auth.withdraw_consent(token(1), '10.0.0.8')::jsonb, '{"withdrawn": 2, "then": "ask", "closes_on": null}',
  'withdraw_consent: an administrator is asked');
select is(refusal($$ update gym.consents set withdrawn_at = null $$), 'ENRUL consent_stays',
  'consent_stays: taken back');
select is(admin($$ select student_card, closes_on from api.consents_withdrawn $$), format('(%s,2026-12-31)',
  card('ann')), 'api.consents_withdrawn');
select is(rules.close_withdrawn(), 0, 'close_withdrawn: nobody while an administrator is asked');
select rules.set_setting('on_consent_withdrawn', 'close') \g /dev/null
set local gym.now = '2026-12-31 23:59';
select is(rules.close_withdrawn(), 0, 'close_withdrawn: not before the month is over');
set local gym.now = '2027-01-01 00:00';
select is(rules.close_withdrawn(), 1, 'close_withdrawn: then the account is closed');
select is((select string_agg(deleted::text, ' ' order by id) from gym.users where id in (who('ann'), who('bob'))),
  'true false', 'of who took it back only');
set local gym.now = '2026-12-10 09:00';
select rules.restore_user(who('ann')), auth.withdraw_consent(token(2), null) \g /dev/null
select auth.give_consent(token(2), 2, null) \g /dev/null
select is((select count(*) from rules.consents_withdrawn where user_id = who('bob')), 0::bigint,
  'given again after it was taken back, it stands');

-- ---- pictures ----

delete from gym.buckets;
select let_in('ann', 'ann horse', 3) \g /dev/null
create function help.jpeg(p_n integer) returns bytea language sql
  as $$ select '\xffd8ff'::bytea || convert_to(repeat(p_n::text, 200), 'UTF8') $$;
create function help.name_of(p_n integer) returns text language sql as $$ select md5(p_n::text) || '.jpg' $$;
create function help.media(p_token integer) returns bytea language sql as $$ select sha256(convert_to('media:',
  'UTF8') || help.token(p_token)) $$;
select is(auth.set_picture(token(3), name_of(1), jpeg(1))::jsonb, jsonb_build_object('imgName', name_of(1), 'replaced',
  null), 'set_picture');
select is((select image from gym.users where id = who('ann')), name_of(1), 'it is her image');
select is(auth.picture(null, token(2), name_of(1)), jpeg(1), 'picture: for a person who is logged in');
select is(auth.picture(media(2), null, name_of(1)), jpeg(1), 'picture: by the picture cookie');
select is(auth.picture(m, t, name_of(1)), null, 'picture: for nobody else') from (values (null::bytea, null::bytea),
  (token(2), null), (null, media(2)), (media(99), null), (null, token(99))) v (m, t);
select is((auth.session(media(2), false) ->> 'live')::boolean, false, 'the picture cookie is no session');
select is(auth.set_picture(token(3), name_of(2), jpeg(2)) ->> 'replaced', name_of(1), 'set_picture: another');
select is(auth.picture(null, token(2), name_of(1)), null, 'the one before is removed');
select is(refusal(format($$ select auth.set_picture(token(3), %L, %L) $$, n, j)), 'ENREQ picture_unfit',
  'picture_unfit: ' || left(coalesce(n, 'null'), 20))
  from (values ('x.jpg', jpeg(1)), ('../' || md5('1') || '.jpg', jpeg(1)), (name_of(3),
    '\x89504e470d0a1a0a'::bytea || jpeg(1)), (name_of(3), jpeg(1) || convert_to(repeat('x', 409600), 'UTF8')),
      (name_of(3), null), (null, jpeg(1))) v (n, j);
select is(auth.set_picture(token(3), null, null)::jsonb, jsonb_build_object('imgName', null, 'replaced', name_of(2)),
  'set_picture: none');
select is(auth.set_picture(token(3), null, null)::jsonb, '{"imgName": null, "replaced": null}', 'and none again');
select is((select image from gym.users where id = who('ann')), null, 'she has none');
select auth.set_picture(token(3), name_of(2), jpeg(2)) \g /dev/null
update gym.users set image = null where id = who('ann');
select is((select count(*) from gym.pictures), 0::bigint, 'an image that is taken away leaves no picture');
update gym.users set image = 'old.png' where id = who('bob');
select is(admin($$ select * from api.pictures_missing $$), format('(%s,old.png)', who('bob')),
  'api.pictures_missing: of an old server''s folder');
select is(admin(format($$ select * from api.import_picture(%s, %L, %L) $$, who('bob'), name_of(4), jpeg(4))),
  format('(%s)', name_of(4)), 'api.import_picture');
select let_in('bob', 'bob horse', 4) \g /dev/null

-- ---- forgetting, erasing ----

select rules.issue_code(card('bob'), sha256('x'), null), log_in(card('bob')::text, 'wrong horse'), begin_log_in('4444',
  'x') \g /dev/null
savepoint forget;
set local gym.now = '2026-12-10 10:01';
select rules.forget_log_ins() \g /dev/null
select is((select count(*) from gym.attempts) + (select count(*) from gym.buckets) + (select count(*)
  from gym.failed_cards), 0::bigint, 'after an hour no attempt is kept');
set local gym.now = '2026-12-17 10:01';
select rules.forget_log_ins() \g /dev/null
select is((select count(*) from gym.log_ins where user_id is null), 0::bigint,
  'after a week nothing of cards of nobody');
set local gym.now = '2027-12-11 10:00';
select rules.clean_up() \g /dev/null
select is((select count(*) from gym.log_ins) + (select count(*) from gym.sessions) + (select count(*) from gym.codes),
  0::bigint, 'after a year nothing (the job clean_up)');
rollback to forget;
select rules.erase_person(who('bob'), 'заявление') \g /dev/null
select is((select count(*) from gym.sessions where user_id = who('bob')) + (select count(*) from gym.log_ins
  where user_id = who('bob')) + (select count(*) from gym.verifiers where user_id = who('bob'))
        + (select count(*) from gym.pictures where user_id = who('bob')) + (select count(*) from gym.codes
          where card = 900000001) + (select count(*) from gym.buckets where key = '900000001')
        + (select count(*) from gym.failed_cards where card = '900000001') + (select count(*) from gym.attempts
          where card = '900000001') + (select count(*) from gym.devices where user_id = who('bob')), 0::bigint,
            'erase_person: nothing of how the person logged in is left');
select is((select count(*) from gym.consents where user_id = who('bob') and (address is not null
  or withdrawn_address is not null or withdrawn_at is null)), 0::bigint,
    'erase_person: of consents only that and when');
select is((select count(*) from rules.audit() where violations <> 0), 0::bigint, 'the audit has nothing to say');

select * from finish();
rollback;
