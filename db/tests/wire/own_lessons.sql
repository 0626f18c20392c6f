-- A person's lessons, lists and search.
begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(36);

set local gym.now = '2026-10-25 12:00';
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('ann', 'tue'), book('bob', 'mon') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-10 12:00';
select mark('ann', '2026-11-02', 'present', who('coach')),
  mark('ann', '2026-11-03', 'absent', who('coach')) \g /dev/null
select mark('bob', '2026-11-09', 'present', who('coach')) \g /dev/null

-- lessons as 'date mark', with u where nobody marked, + where it is ahead
create function help.own(p_body jsonb default '{}', p_person text default 'ann') returns text
language sql as $$
  select coalesce(string_agg(substr(l ->> 'date', 6) || ' ' || (l ->> 'mark')
           || case when (l ->> 'marked')::boolean then '' else 'u' end || case when (l ->> 'ahead')::boolean then '+'
           else '' end,
           ', ' order by n), 'none')
    from jsonb_array_elements(ask('visit/own', who(p_person), p_body) -> 'lessons') with ordinality e (l, n)
$$;
create function help.own_of(p_date date) returns jsonb
language sql as $$
  select l from jsonb_array_elements(ask('visit/own', who('ann'),
    '{"startDate": "2026-11-01", "endDate": "2026-12-31"}')
                                     -> 'lessons') l where l ->> 'date' = p_date::text
$$;
create function help.totals(p_body jsonb default '{}') returns text
language sql as $$
  select string_agg(t ->> f, ' ' order by n)
    from (select ask('visit/own', who('ann'), p_body) -> 'totals' as t) x,
         unnest('{held,present,absent,excused,cancelled,unmarked,ahead}'::text[]) with ordinality e (f, n)
$$;

-- ---- visit/own ----

select is(own(), '11-02 1, 11-03 0, 11-09 0, 11-10 0u+, 11-16 0u+, 11-17 0u+, 11-23 0u+, 11-24 0u+, 11-30 0u+',
  'visit/own: this month; left unmarked where others were marked is absent');
select is(totals(), '3 1 2 0 0 0 6', 'visit/own: what it adds up to');
select is(own_of('2026-11-02'),
  jsonb_build_object('id', mark_id('ann', '2026-11-02'), 'date', '2026-11-02', 'time', '16:00',
    'weekday', 0, 'slot', slot('mon'), 'mark', 1, 'marked', true, 'ahead', false, 'moved', false, 'reason', null),
  'visit/own: a lesson');
select is(keys(ask('visit/own', who('ann'))), 'closures from lessons months to totals', 'visit/own: what there is');
select is(own('{"month": "10-2026"}'), 'none', 'visit/own: a month without lessons');
select is(totals('{"month": "10-2026"}'), '0 0 0 0 0 0 0', 'visit/own: and nothing to add up');
select is(ask('visit/own', who('ann'), '{"month": "10-2026"}') -> 'months', '[]', 'visit/own: and no month');
select is(own('{"startDate": "2026-11-03", "endDate": "2026-11-09"}'), '11-03 0, 11-09 0', 'visit/own: of a period');

-- lessons that are off say why; moved days stand where they are
select ask('closure/create', who('boss'), '{"startDate": "2026-11-16", "reason": "Праздник"}'),
       ask('closure/create', who('boss'), '{"startDate": "2026-11-21", "runsAs": 1, "reason": "Перенос"}'),
       ask('visit/cancel-lesson', who('coach'),
       '{"date": "2026-11-23", "time": "16:00", "reason": "Тренер болен"}') \g /dev/null
select is(own(), '11-02 1, 11-03 0, 11-09 0, 11-10 0u+, 11-16 3+, 11-17 0u+, 11-21 0u+, 11-23 3+, 11-24 0u+, 11-30 0u+',
  'visit/own: with what is off and what is moved');
select is(own_of('2026-11-16') ->> 'reason', 'Праздник', 'visit/own: why a day is closed');
select is(own_of('2026-11-23') ->> 'reason', 'Тренер болен', 'visit/own: why a lesson is cancelled');
select is(jsonb_build_array(l -> 'moved', l -> 'weekday'), '[true, 1]', 'visit/own: a moved day')
  from (select own_of('2026-11-21') as l) x;
select is(jsonb_array_length(ask('visit/own', who('ann')) -> 'closures'), 2, 'visit/own: the closures of the month');
select is(ask('visit/own', who('ann'), '{"month": "12-2026"}') -> 'closures', '[]', 'visit/own: and of no other');
select is(totals(), '3 1 2 0 2 0 5', 'visit/own: cancelled ones are not held');

-- a month ahead, by the seats held
select make_slot('dec mon', 0, '16:00', 12, '2026-12-01'), book('ann', 'dec mon') as seat \gset
select ask('closure/create', who('boss'),
  '{"startDate": "2026-12-28", "endDate": "2027-01-03", "reason": "Каникулы"}') \g /dev/null
select is(own('{"month": "next"}'), '12-07 0u+, 12-14 0u+, 12-21 0u+, 12-28 3+',
  'visit/own: next month, by the seats held');
select is(jsonb_build_array(l -> 'id', l -> 'reason'), '[null, "Каникулы"]', 'visit/own: a lesson without a mark yet')
  from (select own_of('2026-12-28') as l) x;
select rules.forgive(who('ann'), '2026-12-14', 'Соревнования', who('boss')) \g /dev/null
select is(own('{"month": "next"}'), '12-07 0u+, 12-14 2+, 12-21 0u+, 12-28 3+', 'visit/own: forgiven ahead of time');
select is((select string_agg(m ->> 'month', ' ' order by n)
             from jsonb_array_elements(ask('visit/own', who('ann'),
               '{"startDate": "2026-09-01", "endDate": "2026-12-31"}')
                                       -> 'months') with ordinality e (m, n)), '11-2026 12-2026',
                                       'visit/own: month by month');
select api.cancel(:seat) \g /dev/null
select is(own('{"month": "next"}'), 'none', 'visit/own: a seat given up has no lessons');
-- the same months once they have begun
set local gym.now = '2026-12-02 12:00';
select nightly() \g /dev/null
select is(totals('{"month": "11-2026"}'), '3 1 2 0 2 5 0', 'visit/own: what was never marked is told apart');
select is(asked('visit/own', null), 'ENACC actor_missing', 'actor_missing: visit/own');
select is(asked('visit/own', who('ann'), '{"month": "2026-11"}'), 'ENREQ field_unreadable',
  'field_unreadable: visit/own');

-- ---- visit/person ----

set local gym.now = '2026-11-10 12:00';
select is(ask('visit/person', who('coach'), jsonb_build_object('user', who('ann'))) - '{user,absences,blocks}'::text[],
  ask('visit/own', who('ann')), 'visit/person: what the person sees');
select is(ask('visit/person', who('coach'), jsonb_build_object('user', who('ann'))) -> 'absences',
  ask('user/absences', who('ann')),
  'visit/person: absences');
select is(ask('visit/person', who('coach'), jsonb_build_object('user', who('ann'))) #> '{user,id}',
  to_jsonb(who('ann')),
  'visit/person: who it is');
select is(asked('visit/person', who('coach'), '{"user": 2147483647}'), 'ENGON user_not_found',
  'user_not_found: visit/person');

-- ---- user/find ----

create function help.found(p_text text, p_limit integer default 20) returns text
language sql as $$
  select coalesce(string_agg(u ->> 'firstname', ' ' order by n), 'nobody')
    from jsonb_array_elements(ask('user/find', who('coach'), jsonb_build_object('text', p_text, 'limit', p_limit)))
         with ordinality e (u, n)
$$;
select who('zoe'), who('yan') \g /dev/null
update gym.users set "group" = 'ЯЯ_1%' where id in (who('zoe'), who('yan'));
select is(found('яя_1'), 'Yan Zoe', 'user/find: by the beginning of a group, by name');
select is(found('_1%'), 'nobody', 'user/find: signs of patterns mean themselves');
select is(found(card('zoe')::text), 'Zoe', 'user/find: by card');
select is(found('ЗОЕ'), 'nobody', 'user/find: nobody of that name');
select is(found('zOe'), 'Zoe', 'user/find: by a part of the name, in any case');
select is(found('яя', 1), 'Yan', 'user/find: so many at most');
update gym.users set deleted = true where id = who('zoe');
select is(found('zoe'), 'nobody', 'user/find: no deleted person');

-- ---- entry/lists ----

select is((select string_agg(concat_ws(' ', l #>> '{slot,weekday}', l #>> '{slot,time}',
  jsonb_array_length(l -> 'people')),
                             ', ' order by n)
             from jsonb_array_elements(ask('entry/lists', who('coach'), '{"weekday": 0}')) with ordinality e (l, n)),
  '0 16:00 2, 0 17:30 0', 'entry/lists: slots of a weekday with their people');
select is((select string_agg(p #>> '{user,firstname}', ' ' order by n)
             from jsonb_array_elements(ask('entry/lists', who('coach'),
               '{"weekday": 0, "time": "16:00", "month": "11-2026"}')
                                       #> '{0,people}') with ordinality e (p, n)), 'Ann Bob', 'entry/lists: by name');

select * from finish();
rollback;
