begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(88);

set local gym.now = '2026-10-25 12:00';
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED'), a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('bob', 'mon'), book('ann', 'tue'), book('cat', 'mon2'), book('cat', 'sun') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-10 12:00';

-- what an answer says of a lesson: 'Ann 1, Bob 0 not marked'
create function help.seen(p_visits jsonb) returns text
language sql as $$
  select coalesce(string_agg(concat_ws(' ', v -> 'user' ->> 'firstname', v ->> 'mark', case
    when not (v ->> 'marked')::boolean then 'not marked' end), ', ' order by n), 'nobody')
    from jsonb_array_elements(p_visits) with ordinality e (v, n)
$$;
create function help.got(p_body jsonb) returns text
  language sql as $$ select seen(ask('visit/get', who('coach'), p_body)) $$;

-- ---- visit/get ----

select is(ask('visit/get', who('coach'), '{"date": "2026-11-09", "time": "16:00"}') -> 0,
  jsonb_build_object('id', mark_id('ann', '2026-11-09'), 'date', '2026-11-09', 'time', '16:00', 'mark', 0, 'marked',
    false, 'user', wire.user_json(rules.person(who('ann')))), 'visit/get: Visit');
select is(jsonb_typeof(ask('visit/get', who('coach'), '{"date": "2026-11-09"}') #> '{0,mark}') || ' '
  || jsonb_typeof(ask('visit/get', who('coach'), '{"date": "2026-11-09"}') #> '{0,marked}'), 'number boolean',
  'visit/get: types');
select is(got('{"date": "2026-11-09"}'), 'Ann 0 not marked, Bob 0 not marked, Cat 0 not marked',
  'visit/get: by date, in the order of times');
select is(got('{"date": "2026-11-09", "time": "17:30"}'), 'Cat 0 not marked', 'visit/get: by date and time');
select is(jsonb_array_length(ask('visit/get', who('coach'), body)), wanted, 'visit/get: ' || body::text)
  from (values ('{"time": "17:30"}'::jsonb, 5), ('{"month": "11-2026"}', 5 + 5 + 4 + 5 + 5),
    ('{"month": "current", "time": "16:00"}', 19), ('{}', 24), ('{"month": "12-2026"}', 0), ('{"month": "next"}', 0),
               ('{"date": "2026-11-09", "month": "12-2026"}', 0), ('{"date": "2026-11-08", "time": null}', 1),
                 ('{"date": "2026-11-11"}', 0)) v (body, wanted);
select is((select string_agg(v ->> 'date' || ' ' || (v ->> 'time'), ', ' order by n)
  from jsonb_array_elements(ask('visit/get', who('boss'), '{"month": "11-2026"}')) with ordinality e (v, n)
  where n <= 5),
  '2026-11-01 16:00, 2026-11-02 16:00, 2026-11-02 16:00, 2026-11-02 17:30, 2026-11-03 16:00',
    'visit/get: in the order of lessons');
select is(asked('visit/get', who('coach'), body), 'ENREQ field_unreadable',
  'field_unreadable: visit/get ' || body::text)
  from unnest(array['{"date": "09.11.2026"}', '{"date": "2026-02-30"}', '{"date": 5}', '{"time": "16"}',
    '{"time": "25:00"}', '{"month": "2026-11"}', '{"month": "13-2026"}']::jsonb[]) body;

set local gym.now = '2026-12-01 09:00';
select is(got(body), 'nobody', 'visit/get: without date and month, the current month: ' || body::text)
  from unnest(array['{}', '{"time": "16:00"}', '{"month": null, "date": null}']::jsonb[]) body;
select is(jsonb_array_length(ask('visit/get', who('coach'), '{"month": "11-2026"}')), 24,
  'visit/get: another month by name');
select is(got('{"date": "2026-11-09", "time": "17:30"}'), 'Cat 0 not marked', 'visit/get: another month by date');
set local gym.now = '2026-11-10 12:00';

-- ---- visit/edit ----

create function help.edit(p_person text, p_date date, p_change jsonb, p_actor text default 'coach') returns text
language sql as $$ select seen(jsonb_build_array(ask('visit/edit', who(p_actor), jsonb_build_object('id', mark_id(p_person, p_date)) || p_change))) $$;
select is(ask('visit/edit', who('coach'), jsonb_build_object('id', mark_id('ann', '2026-11-09'), 'mark', 1)),
  jsonb_build_object('id', mark_id('ann', '2026-11-09'), 'date', '2026-11-09', 'time', '16:00', 'mark', 1, 'marked',
    true, 'user', wire.user_json(rules.person(who('ann')))), 'visit/edit: Visit');
select is(got('{"date": "2026-11-09"}'), 'Ann 1, Bob 0, Cat 0 not marked',
  'visit/get: one marked, the rest of that lesson shows as absent');
select is((select (set_by, rules.local_time(set_at))::text from gym.marks where id = mark_id('ann', '2026-11-09')),
  format('(%s,"2026-11-10 12:00:00")', who('coach')), 'visit/edit: by whom and when');
select is(edit('ann', '2026-11-09', body), wanted, 'visit/edit: ' || body::text)
  from (values (1, '{"mark": 0}'::jsonb, 'Ann 0'), (2, '{"mark": 2}', 'Ann 2'), (3, '{"mark": "3"}', 'Ann 3'),
    (4, '{"mark": 1, "marked": true}', 'Ann 1'), (5, '{"marked": false}', 'Ann 0 not marked'),
               (6, '{"mark": 2, "marked": false}', 'Ann 0 not marked'),
                 (7, '{"mark": 2, "marked": null}', 'Ann 2')) v (n, body, wanted);
select is(got('{"date": "2026-11-09"}'), 'Ann 2, Bob 0 not marked, Cat 0 not marked',
  'visit/get: an excuse does not make the lesson a marked one');
select is(edit('bob', '2026-11-09', '{"mark": 3}') || ': ' || got('{"date": "2026-11-09", "time": "16:00"}'),
  'Bob 3: Ann 2, Bob 3', 'visit/edit: cancelled for one');
select is(edit('bob', '2026-11-09', '{"mark": 0}', 'boss'), 'Bob 0', 'visit/edit: by an administrator');
select is(asked('visit/edit', who('coach'), body), 'ENREQ field_missing', 'field_missing: visit/edit ' || body::text)
  from unnest('{"{}","{\"mark\": 1}","{\"id\": 1}","{\"id\": 1, \"marked\": true}"}'::jsonb[]) body;
select is(asked('visit/edit', who('coach'), '{"id": 1, "mark": 1}'::jsonb || body), 'ENREQ field_unreadable',
  'field_unreadable: visit/edit ' || body::text)
  from unnest(array['{"mark": 4}', '{"mark": -1}', '{"mark": true}', '{"mark": 1.5}', '{"marked": "no"}', '{"id": 0}',
    '{"id": "x"}']::jsonb[]) body;
select is(asked('visit/edit', who('coach'), '{"id": 2147483647, "mark": 1}'), 'ENGON mark_not_found',
  'mark_not_found: visit/edit');
select is(mark_of('bob', '2026-11-09'), 'absent', 'what is refused changes nothing');

-- ---- visit/mark-lesson ----

create function help.marking(p_present text[], p_excused text[] default '{}') returns jsonb
language sql as $$ select jsonb_build_object('date', '2026-11-02', 'time', '16:00', 'present', array(select who(p) from unnest(p_present) p), 'excused', array(select who(p) from unnest(p_excused) p)) $$;
select is(seen(ask('visit/mark-lesson', who('coach'), marking('{ann}', '{bob}'))), 'Ann 1, Bob 2',
  'visit/mark-lesson: answers the lesson''s marks');
select is(seen(ask('visit/mark-lesson', who('coach'), marking('{}') - 'excused')), 'Ann 0, Bob 2',
  'visit/mark-lesson: nobody came, and an excuse stays');
select is(seen(ask('visit/mark-lesson', who('boss'), '{"date": "2026-11-02", "time": "16:00", "present": []}')),
  'Ann 0, Bob 2',
  'visit/mark-lesson: excused is optional');
select is((select count(*) from gym.marks where date = '2026-11-02' and set_by = who('boss')), 1::bigint,
  'visit/mark-lesson: notes who');
select is(asked('visit/mark-lesson', who('coach'), marking('{ann}', '{ann}')), 'ENRUL mark_twice',
  'mark_twice: visit/mark-lesson');
select is(asked('visit/mark-lesson', who('coach'), marking('{ann,cat}')), 'ENGON not_in_lesson',
  'not_in_lesson: visit/mark-lesson');
select is(asked('visit/mark-lesson', who('coach'), marking('{ann}') || '{"time": "20:30"}'), 'ENGON lesson_not_found',
  'lesson_not_found: visit/mark-lesson');
select is(asked('visit/mark-lesson', who('coach'), marking('{ann}') - f), 'ENREQ field_missing',
  'field_missing: visit/mark-lesson without ' || f) from unnest('{date,time,present}'::text[]) f;
select is(asked('visit/mark-lesson', who('coach'), marking('{ann}') || change), 'ENREQ field_unreadable',
  'field_unreadable: visit/mark-lesson ' || change::text)
  from unnest(array['{"present": 5}', '{"present": ["x"]}', '{"excused": [null]}', '{"date": "2026-13-01"}',
    '{"time": "4 pm"}']::jsonb[]) change;
select is(got('{"date": "2026-11-02", "time": "16:00"}'), 'Ann 0, Bob 2', 'what is refused changes nothing');

-- ---- visit/cancel-lesson, visit/restore-lesson ----

select is(ask('visit/cancel-lesson', who('coach'), '{"date": "2026-11-02", "time": "16:00"}'), '{"result": true}',
  'visit/cancel-lesson: Done');
select is(got('{"date": "2026-11-02"}'), 'Ann 3, Bob 3, Cat 0 not marked',
  'visit/cancel-lesson: every mark of it is 3');
select is(ask('visit/cancel-lesson', who('coach'), '{"date": "2026-11-02", "time": "16:00", "reason": "авария"}'),
  '{"result": true}', 'visit/cancel-lesson: twice');
select is(asked('visit/mark-lesson', who('coach'), marking('{ann}')), 'ENRUL lesson_cancelled',
  'lesson_cancelled: visit/mark-lesson');
select is(ask('visit/restore-lesson', who('coach'), '{"date": "2026-11-02", "time": "16:00"}'), '{"result": true}',
  'visit/restore-lesson: Done');
select is(got('{"date": "2026-11-02"}'), 'Ann 0, Bob 2, Cat 0 not marked',
  'visit/restore-lesson: they are what they were');
select rules.create_closure('2026-11-09', '2026-11-09', null, 'праздник', null) \g /dev/null
select is(asked('visit/restore-lesson', who('coach'), '{"date": "2026-11-09", "time": "16:00"}'), 'ENRUL day_closed',
  'day_closed: visit/restore-lesson');
select is(asked('visit/' || e, who('coach'), '{"date": "2026-11-10", "time": "17:30"}'), 'ENGON lesson_not_found',
  'lesson_not_found: visit/' || e) from unnest('{cancel-lesson,restore-lesson}'::text[]) e;
select is(asked('visit/' || e, who('coach'), '{"date": "2026-11-10", "time": "17:30"}'::jsonb - f),
  'ENREQ field_missing', 'field_missing: visit/' || e || ' without ' || f)
  from unnest('{cancel-lesson,restore-lesson}'::text[]) e, unnest('{date,time}'::text[]) f;
select is(asked('visit/cancel-lesson', who('coach'),
  jsonb_build_object('date', '2026-11-10', 'time', '16:00', 'reason', repeat('я', 201))), 'ENREQ field_unreadable',
  'field_unreadable: visit/cancel-lesson, a long reason');

-- ---- how long a coach may; who may ----

create function help.refusals(p_actor integer) returns text
language sql as $$
  select string_agg(distinct asked(e, p_actor,
    jsonb_build_object('id', mark_id('bob', '2026-11-02'), 'mark', 1, 'date', '2026-11-02', 'time', '16:00', 'present',
    '[]'::jsonb)), ', ')
    from unnest('{visit/edit,visit/mark-lesson,visit/cancel-lesson,visit/restore-lesson}'::text[]) e
$$;
set local gym.now = '2026-12-03 23:59';
select is(refusals(who('coach')), 'none', 'coach_marks_days: on the 31st day after the lesson');
set local gym.now = '2026-12-04 00:00';
select is(refusals(who('coach')), 'ENRUL coach_marks_days', 'coach_marks_days: on the 32nd');
select is(refusals(who('boss')), 'none', 'coach_marks_days: an administrator always may');
select is(refusals(who('ann')) || ', ' || refusals(who('bad')) || ', ' || refusals(null),
  'ENACC role_may_not, ENACC role_may_not, ENACC actor_missing', 'students mark nobody');
select is(asked('visit/get', who('ann')) || ', ' || asked('visit/get', null), 'ENACC role_may_not, ENACC actor_missing',
  'nor do they look');
select is(audit(), 'clean', 'audit: after all of this');

select * from finish();
rollback;
