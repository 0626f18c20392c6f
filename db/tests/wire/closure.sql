begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(41);

set local gym.now = '2026-11-01 12:00';
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED'), a_month('2026-11-01'), book('ann', 'mon') \g /dev/null
select nightly() \g /dev/null

-- ---- closure/create ----

select is(ask('closure/create', who('boss'),
  '{"startDate": "2026-11-09", "endDate": "2026-11-16", "reason": "Праздник"}') - 'id',
  '{"startDate": "2026-11-09", "endDate": "2026-11-16", "runsAs": null, "reason": "Праздник"}',
    'closure/create: Closure');
select is((select (created_by = who('boss'), created_at = rules.clock())::text from gym.closures), '(t,t)',
  'closure/create: by whom and when');
select is(mark_of('ann', '2026-11-09') || ', ' || mark_of('ann', '2026-11-16') || ', ' || mark_of('ann', '2026-11-23'),
  'cancelled (unmarked), cancelled (unmarked), unmarked', 'closure/create: marks follow at once');
select is(ask('closure/create', who('boss'), '{"startDate": "2026-11-21", "runsAs": 0, "reason": "Перенос"}') - 'id',
  '{"startDate": "2026-11-21", "endDate": "2026-11-21", "runsAs": 0, "reason": "Перенос"}',
    'closure/create: a moved day');
select is(dates('ann'), '02 09 16 21 23 30', 'closure/create: a moved day''s marks');
select is(ask('closure/create', who('boss'),
  '{"startDate": "2026-11-05", "endDate": null, "runsAs": null, "reason": "Ремонт"}') ->> 'endDate', '2026-11-05',
  'closure/create: one day');
select is(asked('closure/create', who('boss'), '{"startDate": "2026-12-01", "reason": "Р"}'::jsonb - f),
  'ENREQ field_missing', 'field_missing: closure/create without ' || f) from unnest('{startDate,reason}'::text[]) f;
select is(asked('closure/create', who('boss'), '{"startDate": "2026-12-01", "reason": "Р"}'::jsonb || change),
  'ENREQ field_unreadable', 'field_unreadable: closure/create ' || left(change::text, 40))
  from unnest(array['{"startDate": "2026-11-31"}', '{"endDate": "x"}', '{"runsAs": 7}', '{"runsAs": -1}',
    '{"reason": ""}', '{"reason": "  "}', '{"reason": 5}',
    jsonb_build_object('reason', repeat('я', 201))]::jsonb[]) change;
select is(asked('closure/create', who('boss'), '{"reason": "Р"}'::jsonb || change), refused,
  refused || ': closure/create ' || change::text)
  from (values ('{"startDate": "2026-12-02", "endDate": "2026-12-01"}'::jsonb, 'ENREQ closures_in_order'),
    ('{"startDate": "2026-12-01", "endDate": "2027-12-03"}', 'ENREQ closures_in_order'),
               ('{"startDate": "2026-12-01", "endDate": "2026-12-02", "runsAs": 4}', 'ENREQ closures_move_one_day'),
                 ('{"startDate": "2026-12-01", "runsAs": 1}', 'ENREQ closures_move_elsewhere'),
               ('{"startDate": "2026-11-01", "endDate": "2026-11-09"}', 'ENRUL closures_do_not_overlap'),
                 ('{"startDate": "2026-11-21"}', 'ENRUL closures_do_not_overlap'),
               ('{"startDate": "2026-11-05", "runsAs": 0}', 'ENRUL closures_do_not_overlap')) v (change, refused);
select is((select count(*) from gym.closures), 3::bigint, 'what is refused closes nothing');

-- ---- closure/get ----

select is((select string_agg(c ->> 'startDate', ', ' order by n)
  from jsonb_array_elements(ask('closure/get', who('ann'))) with ordinality e (c, n)),
  '2026-11-05, 2026-11-09, 2026-11-21', 'closure/get: by date');
select is(keys(ask('closure/get', who('ann')) -> 0), 'endDate id reason runsAs startDate', 'closure/get: Closure');
select is(jsonb_array_length(ask('closure/get', who(n))), 3, 'closure/get: for ' || n)
  from unnest('{bad,coach,boss}'::text[]) n;
select is(asked('closure/get', null), 'ENACC actor_missing', 'actor_missing: closure/get');

-- ---- closure/delete ----

create function help.closure(p_date date) returns jsonb
  language sql as $$ select jsonb_build_object('id', id) from gym.closures where start_date = p_date $$;
select is(ask('closure/delete', who('boss'), closure('2026-11-09')), '{"result": true}', 'closure/delete: Done');
select is(mark_of('ann', '2026-11-09') || ', ' || mark_of('ann', '2026-11-16'), 'unmarked, unmarked',
  'closure/delete: marks follow at once');
select is((select deleted_by from gym.closures where start_date = '2026-11-09'), who('boss'),
  'closure/delete: by whom');
select is(asked('closure/delete', who('boss'), closure('2026-11-09')), 'ENGON closure_not_found',
  'closure_not_found: closure/delete twice');
select is(asked('closure/delete', who('boss'), '{"id": 2147483647}'), 'ENGON closure_not_found',
  'closure_not_found: closure/delete');
select is(asked('closure/delete', who('boss')), 'ENREQ field_missing', 'field_missing: closure/delete');
select is(asked('closure/delete', who('boss'), '{"id": "x"}'), 'ENREQ field_unreadable',
  'field_unreadable: closure/delete');
select is(ask('closure/delete', who('boss'), closure('2026-11-21')) || jsonb_build_object('dates', dates('ann')),
  '{"result": true, "dates": "02 09 16 23 30"}', 'closure/delete: a moved day');
select is(jsonb_array_length(ask('closure/get', who('ann'))), 1, 'closure/get: without those taken back');
select is((select string_agg(distinct asked(e, who(n), '{"id": 1, "startDate": "2026-12-01", "reason": "Р"}'), ', ')
  from unnest('{ann,bad,coach}'::text[]) n, unnest('{closure/create,closure/delete}'::text[]) e),
  'ENACC role_may_not', 'role_may_not: only administrators close days');
select is(audit(), 'clean', 'audit: after all of this');

select * from finish();
rollback;
