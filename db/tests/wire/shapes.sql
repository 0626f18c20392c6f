begin;
\ir ../helpers/start.psql
select plan(10);

select make_slot('mon', 0, '09:05', 12, '2026-12-01') \g /dev/null
select book('ann', 'mon') \g /dev/null
create function help.a_slot() returns gym.slots
  language sql as $$ select s from gym.slots s where s.id = slot('mon') $$;
create function help.a_user() returns gym.users language sql as $$ select u from gym.users u where u.id = who('ann') $$;

select is(wire.slot_json(a_slot())::jsonb,
  format('{"id": %s, "weekday": 0, "time": "09:05", "month": "12-2026"}', slot('mon'))::jsonb, 'slot_json: Slot');
select is(wire.slot_seats_json(a_slot())::jsonb,
  format('{"id": %s, "weekday": 0, "time": "09:05", "month": "12-2026", "numberOfPersons": 12, "freeSeats": 11}',
    slot('mon'))::jsonb, 'slot_seats_json: Slot with its seats');
select is(wire.user_json(a_user())::jsonb,
  format('{"id": %s, "firstname": "Ann", "secondname": "Тестова", "surname": "Ивановна", "group": "БИ-21", "studentCard": %s, "role": "STUDENT", "image": null}', who('ann'), card('ann'))::jsonb,
  'user_json: User, without the hash');
select is(wire.own_user_json(a_user())::jsonb, wire.user_json(a_user())::jsonb - 'id',
  'own_user_json: User without id');
select is(wire.done_json()::jsonb, '{"result": true}', 'done_json: Done');

set local gym.now = '2026-12-31 23:59:59';
select rules.create_post('news', 'один', null), rules.create_post('announcement', 'два', null) \g /dev/null
set local gym.now = '2027-01-01 00:00:00';
select rules.create_post('news', 'три', null), rules.create_post('announcement', 'четыре', null) \g /dev/null
select is(wire.post_json((select p from gym.posts p where body = 'один'))::jsonb,
  (select jsonb_build_object('id', id, 'body', 'один', 'createTime', '31.12.2026') from gym.posts where body = 'один'),
    'post_json: Post, with the gym''s date');
set local timezone = 'America/Los_Angeles';
select is((select string_agg(p ->> 'body' || ' ' || (p ->> 'createTime'), ', ')
  from jsonb_array_elements(wire.posts_json('news', false)::jsonb) p),
  'один 31.12.2026, три 01.01.2027', 'posts_json: of one kind by id, in the gym''s zone');
update gym.posts set deleted_at = rules.clock() where body = 'один';
select is((select string_agg(p ->> 'body', ', ') from jsonb_array_elements(wire.posts_json('news', false)::jsonb) p),
  'три', 'posts_json: without deleted ones');
select is((select string_agg(p ->> 'body', ', ') from jsonb_array_elements(wire.posts_json('news', true)::jsonb) p),
  'один, три', 'posts_json: with deleted ones');
update gym.posts set deleted_at = rules.clock();
select is(wire.posts_json('news', false)::jsonb, '[]', 'posts_json: none is an empty list');

select * from finish();
rollback;
