begin;
\ir ../helpers/start.psql
select plan(62);

select who('ann'), who('bob'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED') \g /dev/null
select is(ask('avtime/get', who('ann')), '[]', 'avtime/get: no slots yet');

select make_slot('tue', 1, '17:30', 2), make_slot('mon', 0, '16:00', 2), make_slot('gone', 2, '16:00', 2), make_slot('dec', 0, '16:00', 5, '2026-12-01') \g /dev/null
select crowd('mon', 1), book('bob', 'mon') \g /dev/null
select rules.delete_slot(slot('gone'), false) \g /dev/null

-- ---- avtime/get ----

select is(ask('avtime/get', who('ann')),
  jsonb_build_array(jsonb_build_object('id', slot('tue'), 'weekday', 1, 'time', '17:30', 'month', '01-2027',
    'available', true, 'waiting', 0, 'place', null),
                    jsonb_build_object('id', slot('mon'), 'weekday', 0, 'time', '16:00', 'month', '01-2027',
                      'available', false, 'waiting', 0, 'place', null)),
  'avtime/get: next month''s slots by id; a full one is not available');
select is(ask('avtime/get', who('bob')) #> '{1,available}', 'true',
  'avtime/get: but it is to who holds one of its seats');
select is(ask('avtime/get', who('bad')) #> '{1,available}', 'false', 'avtime/get: a blocked student looks, too');
select is(asked('avtime/get', null), 'ENACC actor_missing', 'actor_missing: avtime/get');

-- ---- avtime/get-any ----

select is(ask('avtime/get-any', who('coach')),
  jsonb_build_array(jsonb_build_object('id', slot('tue'), 'weekday', 1, 'time', '17:30', 'month', '01-2027',
    'numberOfPersons', 2, 'freeSeats', 2),
                    jsonb_build_object('id', slot('mon'), 'weekday', 0, 'time', '16:00', 'month', '01-2027',
                      'numberOfPersons', 2, 'freeSeats', 0),
                    jsonb_build_object('id', slot('dec'), 'weekday', 0, 'time', '16:00', 'month', '12-2026',
                      'numberOfPersons', 5, 'freeSeats', 5)),
  'avtime/get-any: of all months by id, with their seats');
create function help.ids(p_answer jsonb) returns integer[] language sql as $$ select array_agg((a ->> 'id')::integer order by n) from jsonb_array_elements(p_answer) with ordinality e (a, n) $$;
select is(ids(ask('avtime/get-any', who('coach'), body)), wanted, 'avtime/get-any: ' || body::text)
  from (values ('{"month": "01-2027"}'::jsonb, array[slot('tue'), slot('mon')]),
    ('{"month": "current"}', array[slot('dec')]), ('{"month": "02-2027"}', null),
    ('{"month": null, "deleted": null}', array[slot('tue'), slot('mon'), slot('dec')]),
               ('{"month": "01-2027", "deleted": true}', array[slot('tue'), slot('mon'), slot('gone')]),
                 ('{"deleted": false, "unknown": 1}', array[slot('tue'), slot('mon'), slot('dec')])) v (body, wanted);
select is(asked('avtime/get-any', who('coach'), body), 'ENREQ field_unreadable',
  'field_unreadable: avtime/get-any ' || body::text)
  from unnest('{"{\"month\": \"2027-01\"}","{\"month\": 1}","{\"deleted\": \"true\"}"}'::jsonb[]) body;
select is(asked('avtime/get-any', who('ann')), 'ENACC role_may_not', 'role_may_not: avtime/get-any');

-- ---- avtime/create ----

create function help.creation(p_change jsonb default '{}') returns jsonb
language sql
  as $$ select '{"weekday": 6, "time": "09:05", "numberOfPersons": 7, "month": "01-2027"}'::jsonb || p_change $$;
select is(ask('avtime/create', who('boss'), creation()) - 'id',
  '{"weekday": 6, "time": "09:05", "month": "01-2027", "available": true}', 'avtime/create');
select is((select (month, weekday, starts_at, capacity, taken)::text from gym.slots where weekday = 6),
  '(2027-01-01,6,09:05:00,7,0)', 'avtime/create: it stands');
select is(ask('avtime/create', who('boss'),
  creation('{"weekday": "6", "numberOfPersons": "8", "month": "02-2027"}')) ->> 'month', '02-2027',
  'avtime/create: numbers sent as strings');
select is(asked('avtime/create', who('boss'), creation() - f), 'ENREQ field_missing',
  'field_missing: avtime/create without ' || f) from unnest('{weekday,time,numberOfPersons,month}'::text[]) f;
select is(asked('avtime/create', who('boss'), creation(change)), 'ENREQ field_unreadable',
  'field_unreadable: avtime/create ' || change::text)
  from unnest('{"{\"weekday\": 7}","{\"weekday\": -1}","{\"time\": \"9:05\"}","{\"time\": \"24:00\"}","{\"numberOfPersons\": 0}","{\"numberOfPersons\": 1001}","{\"numberOfPersons\": \"many\"}","{\"month\": \"13-2027\"}"}'::jsonb[]) change;
select is(asked('avtime/create', who('boss'), creation()), 'ENRUL slots_one_a_time', 'slots_one_a_time: avtime/create');
select is(asked('avtime/create', who('boss'), creation('{"month": "11-2026"}')), 'ENRUL slot_month_past',
  'slot_month_past: avtime/create');
select is(asked('avtime/create', who('coach'), '{}'), 'ENACC role_may_not',
  'role_may_not: avtime/create, before the fields are looked at');
select is((select count(*) from gym.slots where weekday = 6), 2::bigint,
  'avtime/create: what is refused makes nothing');

-- ---- avtime/edit ----

create function help.edit(p_slot text, p_change jsonb) returns jsonb
  language sql as $$ select jsonb_build_object('id', slot(p_slot)) || p_change $$;
select is(ask('avtime/edit', who('boss'), edit('mon', '{"weekday": 3, "time": "10:00", "numberOfPersons": 5}')),
  jsonb_build_object('id', slot('mon'), 'weekday', 3, 'time', '10:00', 'month', '01-2027', 'numberOfPersons', 5,
    'freeSeats', 3), 'avtime/edit: all of it');
select is(ask('avtime/edit', who('boss'), edit('mon', '{"numberOfPersons": "2"}')),
  jsonb_build_object('id', slot('mon'), 'weekday', 3, 'time', '10:00', 'month', '01-2027', 'numberOfPersons', 2,
    'freeSeats', 0), 'avtime/edit: the seats alone');
select is(asked('avtime/edit', who('boss'), edit('mon', '{"numberOfPersons": 1}')), 'ENRUL slots_capacity_below_taken',
  'slots_capacity_below_taken: avtime/edit');
select is(asked('avtime/edit', who('boss'), edit('mon', '{"weekday": 1, "time": "17:30"}')), 'ENRUL slots_one_a_time',
  'slots_one_a_time: avtime/edit');
select book('bob', 'tue') \g /dev/null
select is(asked('avtime/edit', who('boss'), edit('mon', '{"weekday": 1}')), 'ENRUL slot_move_collides',
  'slot_move_collides: avtime/edit');
select is(asked('avtime/edit', who('boss'), edit('dec', '{"weekday": 1}')), 'ENRUL slot_month_begun',
  'slot_month_begun: avtime/edit');
select is(asked('avtime/edit', who('boss'), edit('gone', '{"weekday": 1}')), 'ENGON slot_not_found',
  'slot_not_found: avtime/edit, deleted');
select is(asked('avtime/edit', who('boss'), '{"id": 2147483647, "weekday": 1}'), 'ENGON slot_not_found',
  'slot_not_found: avtime/edit');
select is(asked('avtime/edit', who('boss'), '{"weekday": 1}'), 'ENREQ field_missing',
  'field_missing: avtime/edit without id');
select is(asked('avtime/edit', who('boss'), edit('mon', change)), 'ENREQ field_unreadable',
  'field_unreadable: avtime/edit ' || change::text)
  from unnest('{"{\"id\": 0}","{\"weekday\": 7}","{\"time\": \"9:05\"}","{\"numberOfPersons\": 0}","{\"numberOfPersons\": 1001}"}'::jsonb[]) change;
select is(asked('avtime/edit', who('coach'), edit('mon', '{}')), 'ENACC role_may_not', 'role_may_not: avtime/edit');
select is((select (weekday, starts_at, capacity)::text from gym.slots where id = slot('mon')), '(3,10:00:00,2)',
  'avtime/edit: what is refused changes nothing');

-- ---- avtime/delete ----

select is(asked('avtime/delete', who('boss'), edit('mon', '{}')), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: avtime/delete');
select is(asked('avtime/delete', who('boss'), edit('mon', '{"force": false}')), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: avtime/delete, force is false');
select is(asked('avtime/delete', who('boss'), edit('mon', '{"force": null}')), 'ENRUL slot_has_enrolments',
  'slot_has_enrolments: avtime/delete, force is null');
select is(asked('avtime/delete', who('boss'), edit('mon', '{"force": 1}')), 'ENREQ field_unreadable',
  'field_unreadable: avtime/delete, force is 1');
select is(seats('mon'), '2 of 2', 'avtime/delete: what is refused changes nothing');
select is(ask('avtime/delete', who('boss'), edit('mon', '{"force": true}')), '{"result": true}',
  'avtime/delete: by force');
select is(seats('mon') || ', ' || held('bob'), '0 of 2, tue', 'avtime/delete: the seats are given up');
select is(asked('avtime/delete', who('boss'), edit('mon', '{"force": true}')), 'ENGON slot_not_found',
  'slot_not_found: avtime/delete, twice');
select is(ask('avtime/delete', who('boss'), edit('dec', '{}')), '{"result": true}', 'avtime/delete: nobody in it');
select is(asked('avtime/delete', who('boss'), '{}'), 'ENREQ field_missing', 'field_missing: avtime/delete without id');
select is(asked('avtime/delete', who('coach'), edit('tue', '{}')), 'ENACC role_may_not', 'role_may_not: avtime/delete');

select * from finish();
rollback;
