begin;
\ir ../helpers/start.psql
select plan(89);

select who('ann'), who('bob'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED') \g /dev/null
select a_week(2), make_slot('dec', 0, '16:00', 2, '2026-12-01'), crowd('thu', 2) \g /dev/null

-- ---- entry/check-open, entry/change-open ----

select is(ask('entry/check-open', who('bad')), '{"status": false, "openingDay": 25}', 'entry/check-open: closed');
select is(ask('entry/change-open', who('boss'), '{"status": true, "openingDay": 3}'),
  '{"status": true, "openingDay": 25}', 'entry/change-open: opened; openingDay is ignored');
select is(ask('entry/check-open', who('ann')), '{"status": true, "openingDay": 25}', 'entry/check-open: open');
select is((select made_by from gym.manual_turns), who('boss'), 'entry/change-open: by whom');
select is(ask('entry/change-open', who('boss'), '{"status": false}'), '{"status": false, "openingDay": 25}',
  'entry/change-open: closed');
select is(asked('entry/change-open', who('boss'), '{}'), 'ENREQ field_missing', 'field_missing: entry/change-open');
select is(asked('entry/change-open', who('boss'), '{"status": 1}'), 'ENREQ field_unreadable',
  'field_unreadable: entry/change-open');
select is(asked('entry/change-open', who('coach'), '{"status": true}'), 'ENACC role_may_not',
  'role_may_not: entry/change-open');
select is(ask('entry/check-open', who('ann')) -> 'status', 'false',
  'entry/change-open: what is refused changes nothing');
update gym.settings set enrolment_opens_on_day = 26;
select is(ask('entry/check-open', who('ann')), '{"status": false, "openingDay": 26}',
  'entry/check-open: the day as it is set');
update gym.settings set enrolment_opens_on_day = 25;
select is(asked('entry/check-open', null), 'ENACC actor_missing', 'actor_missing: entry/check-open');

-- ---- entry/create ----

create function help.choice(variadic p_slots text[] default '{}') returns jsonb
language sql as $$ select jsonb_build_object('selectedTimes', coalesce(jsonb_agg(slot(s) order by n), '[]')) from unnest(p_slots) with ordinality u (s, n) $$;
select is(asked('entry/create', who('ann'), choice('mon')), 'ENRUL enrolment_closed', 'enrolment_closed: entry/create');
set local gym.now = '2026-12-25 12:00';
select is(ask('entry/create', who('ann'), choice('tue', 'thu', 'mon')),
  jsonb_build_array(jsonb_build_object('selectedTime', slot('tue'), 'error', false, 'text', null),
                    jsonb_build_object('selectedTime', slot('thu'), 'error', true, 'text',
                      'Закончились места для записи'),
                    jsonb_build_object('selectedTime', slot('mon'), 'error', false, 'text', null)),
  'entry/create: a row a slot in the order asked for; the full one says so');
select is(held('ann'), 'mon tue', 'entry/create: the rest is booked');
select is((select array_agg(distinct created_by)::text from gym.enrolments where user_id = who('ann')),
  format('{%s}', who('ann')), 'entry/create: by herself');
select is(ask('entry/create', who('ann'), format('{"selectedTimes": ["%s"]}', slot('wed'))::jsonb) #> '{0,error}',
  'false', 'entry/create: an id sent as a string');
select is(held('ann'), 'wed', 'entry/create: it replaced the choice before');
select is(ask('entry/create', who('ann'), choice()), '[]', 'entry/create: an empty list');
select is(held('ann'), 'nothing', 'entry/create: gives up all');
select is(asked('entry/create', who('bad'), choice('mon')), 'ENRUL student_blocked',
  'student_blocked: entry/create is let in and then refused');
select is(asked('entry/create', who('ann'), choice('mon', 'tue', 'wed', 'fri')), 'ENRUL slots_per_student',
  'slots_per_student: entry/create');
select is(asked('entry/create', who('ann'), choice('mon', 'mon')), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: entry/create, one slot twice');
select is(asked('entry/create', who('ann'), choice('mon', 'mon2')), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: entry/create, two on Monday');
select is(asked('entry/create', who('ann'), choice('mon', 'dec')), 'ENRUL slot_not_offered',
  'slot_not_offered: entry/create, this month''s');
select is(asked('entry/create', who('ann'), '{"selectedTimes": [0]}'), 'ENRUL slot_not_offered',
  'slot_not_offered: entry/create, none');
select is(asked('entry/create', who('ann'), '{}'), 'ENREQ field_missing', 'field_missing: entry/create');
select is(asked('entry/create', who('ann'), body), 'ENREQ field_unreadable',
  'field_unreadable: entry/create ' || body::text)
  from unnest('{"{\"selectedTimes\": 1}","{\"selectedTimes\": [\"x\"]}","{\"selectedTimes\": [null]}","{\"selectedTimes\": \"1,2\"}"}'::jsonb[]) body;
select is(asked('entry/create', who('coach'), choice('mon')), 'ENACC role_may_not', 'role_may_not: entry/create');
select is(held('ann'), 'nothing', 'entry/create: what is refused changes nothing');
select is(ask('entry/create', who('boss'), choice('mon')) #> '{0,error}', 'false',
  'entry/create: an administrator for himself');

-- ---- entry/create-any ----

set local gym.now = '2026-12-10 09:00';
create function help.seat(p_person text, p_slot text) returns jsonb
  language sql as $$ select jsonb_build_object('selectedTime', slot(p_slot), 'user', who(p_person)) $$;
select is(ask('entry/create-any', who('boss'), seat('bob', 'mon')) - 'id',
  jsonb_build_object('selectedTime',
    jsonb_build_object('id', slot('mon'), 'weekday', 0, 'time', '16:00', 'month', '01-2027'),
                     'user', jsonb_build_object('id', who('bob'), 'firstname', 'Bob', 'secondname', 'Тестова',
                       'surname', 'Ивановна', 'group', 'БИ-21', 'studentCard', card('bob'), 'role', 'STUDENT',
                       'image', null)),
  'entry/create-any: EntryAny, while enrolment is closed');
select is((select created_by from gym.enrolments where user_id = who('bob')), who('boss'), 'entry/create-any: by whom');
select is(keys(ask('entry/create-any', who('boss'), seat('bob', 'dec'))), 'id selectedTime user',
  'entry/create-any: in the current month');
select is(asked('entry/create-any', who('boss'), seat('bob', 'mon')), 'ENRUL already_enrolled',
  'already_enrolled: entry/create-any');
select is(asked('entry/create-any', who('boss'), seat('bob', 'mon2')), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: entry/create-any');
select is(asked('entry/create-any', who('boss'), seat('bob', 'thu')), 'ENRUL slots_taken_within_capacity',
  'slots_taken_within_capacity: entry/create-any');
select make_slot('feb', 0, '16:00', 2, '2027-02-01') \g /dev/null
select is(asked('entry/create-any', who('boss'), seat('bob', 'feb')), 'ENRUL enrol_month',
  'enrol_month: entry/create-any');
select book('bob', 'tue'), book('bob', 'wed') \g /dev/null
select is(asked('entry/create-any', who('boss'), seat('bob', 'fri')), 'ENRUL slots_per_student',
  'slots_per_student: entry/create-any');
select is(asked('entry/create-any', who('boss'), seat('ann', 'mon') || '{"user": 2147483647}'), 'ENGON user_not_found',
  'user_not_found: entry/create-any');
select is(asked('entry/create-any', who('boss'), seat('ann', 'mon') || '{"selectedTime": 2147483647}'),
  'ENGON slot_not_found', 'slot_not_found: entry/create-any');
select is(asked('entry/create-any', who('boss'), seat('ann', 'mon') - f), 'ENREQ field_missing',
  'field_missing: entry/create-any without ' || f) from unnest('{selectedTime,user}'::text[]) f;
select is(asked('entry/create-any', who('boss'), seat('ann', 'mon') || jsonb_build_object(f, 'x')),
  'ENREQ field_unreadable', 'field_unreadable: entry/create-any, ' || f) from unnest('{selectedTime,user}'::text[]) f;
select is(asked('entry/create-any', who('coach'), seat('ann', 'mon')), 'ENACC role_may_not',
  'role_may_not: entry/create-any');
select is(held('bob') || ', ' || held('ann'), 'dec mon tue wed, nothing',
  'entry/create-any: what is refused changes nothing');

-- ---- entry/get ----

create function help.slots_of(p_entries jsonb) returns text
language sql as $$ select string_agg(s.name, ' ' order by n) from jsonb_array_elements(p_entries) with ordinality e (e, n) join help.slots s on s.id = (e #>> '{selectedTime,id}')::integer $$;
select is(ask('entry/get', who('bob')),
  (select jsonb_build_array(jsonb_build_object('id', id, 'selectedTime',
    jsonb_build_object('id', slot('dec'), 'weekday', 0, 'time', '16:00', 'month', '12-2026')))
     from gym.enrolments where user_id = who('bob') and slot_id = slot('dec')),
  'entry/get: Entry, of the current month');
select is(slots_of(ask('entry/get', who('bob'), body)), wanted, 'entry/get: ' || body::text)
  from (values ('{"month": "current"}'::jsonb, 'dec'), ('{"month": null}', 'dec'), ('{"month": "next"}', 'mon tue wed'),
    ('{"month": "01-2027"}', 'mon tue wed'), ('{"month": "02-2027"}', null)) v (body, wanted);
select is(ask('entry/get', who('coach')), '[]', 'entry/get: none');
select is(asked('entry/get', who('bob'), '{"month": "last"}'), 'ENREQ field_unreadable', 'field_unreadable: entry/get');
select is(asked('entry/get', null), 'ENACC actor_missing', 'actor_missing: entry/get');

-- ---- entry/get-any ----

update gym.enrolments set cancelled_at = rules.clock() where user_id = who('bob') and slot_id = slot('wed');
select is(keys(ask('entry/get-any', who('coach')) -> 0) || ': '
  || keys(ask('entry/get-any', who('coach')) #> '{0,user}'),
  'id selectedTime user: firstname group id image role secondname studentCard surname', 'entry/get-any: EntryAny');
select is(slots_of(ask('entry/get-any', who('coach'), body)), wanted, 'entry/get-any: ' || body::text)
  from (values ('{"month": "01-2027", "weekday": 1}'::jsonb, 'tue'), ('{"month": "current"}', 'dec'),
               ('{"month": "next", "weekday": "0"}', 'mon mon'), ('{"month": "next", "weekday": 2}', null),
               ('{"month": "next", "weekday": 1, "deleted": null}', 'tue'),
               ('{"month": "next", "weekday": 2, "deleted": true}', 'wed wed'),
               ('{"month": "next", "weekday": 2, "deleted": false}', null),
               -- without a month: the current one's
               ('{}', 'dec'), ('{"month": null}', 'dec'), ('{"deleted": true}', 'dec'), ('{"weekday": "0"}', 'dec'),
               ('{"weekday": 1}', null)) v (body, wanted);
select is(asked('entry/get-any', who('coach'), body), 'ENREQ field_unreadable',
  'field_unreadable: entry/get-any ' || body::text)
  from unnest('{"{\"weekday\": 7}","{\"month\": \"1-2027\"}","{\"deleted\": 0}"}'::jsonb[]) body;
select is(asked('entry/get-any', who('ann')), 'ENACC role_may_not', 'role_may_not: entry/get-any');

-- ---- entry/delete, entry/delete-any ----

create function help.entry(p_person text, p_slot text) returns jsonb
language sql as $$ select jsonb_build_object('id', max(id)) from gym.enrolments where user_id = who(p_person) and slot_id = slot(p_slot) $$;
select is(asked('entry/delete', who('ann'), entry('bob', 'mon')), 'ENGON enrolment_not_found',
  'enrolment_not_found: entry/delete, another''s');
select is(asked('entry/delete', who('bob'), entry('bob', 'dec')), 'ENRUL cancel_next_month_only',
  'cancel_next_month_only: entry/delete');
select is(ask('entry/delete', who('bob'), entry('bob', 'mon')), '{"result": true}',
  'entry/delete: while enrolment is closed');
select is(held('bob') || ': ' || seats('mon'), 'dec tue: 1 of 2', 'entry/delete: the seat is free');
select is(asked('entry/delete', who('bob'), entry('bob', 'mon')), 'ENGON enrolment_not_found',
  'enrolment_not_found: entry/delete, twice');
select is(asked('entry/delete', who('bob'), '{}'), 'ENREQ field_missing', 'field_missing: entry/delete');
select is(asked('entry/delete', who('bob'), '{"id": "x"}'), 'ENREQ field_unreadable', 'field_unreadable: entry/delete');
select is(asked('entry/delete', who('coach'), entry('bob', 'tue')), 'ENACC role_may_not', 'role_may_not: entry/delete');

select is(asked('entry/delete-any', who('coach'), entry('bob', 'dec')), 'ENACC role_may_not',
  'role_may_not: entry/delete-any');
select is(ask('entry/delete-any', who('boss'), entry('bob', 'dec')), '{"result": true}',
  'entry/delete-any: of the current month');
select is((select (cancelled_by = who('boss'), cancel_reason)::text from gym.enrolments
  where user_id = who('bob') and slot_id = slot('dec')), '(t,administrator)', 'entry/delete-any: by whom and why');
select is(asked('entry/delete-any', who('boss'), entry('bob', 'dec')), 'ENGON enrolment_not_found',
  'enrolment_not_found: entry/delete-any, twice');
select is(asked('entry/delete-any', who('boss'), '{}'), 'ENREQ field_missing', 'field_missing: entry/delete-any');
select is(held('bob'), 'tue', 'entry/delete-any: what is refused changes nothing');

select * from finish();
rollback;
