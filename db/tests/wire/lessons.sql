-- The coach's screens: lessons of a day, one lesson, marking it person by person. visit/get and the rest: visit.sql.
begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(79);

set local gym.now = '2026-10-25 12:00';
select who('ann'), who('coach', 'COACH'), who('carl', 'COACH'), who('boss', 'ADMIN'), a_month('2026-11-01') \g /dev/null
select book('ann', 'mon'), book('bob', 'mon'), book('ann', 'tue'), book('cat', 'mon2'), book('dan', 'sun') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-09 15:00';

-- a lesson of visit/lessons, and what some of its fields say
create function help.lesson_of(p_date date, p_at text default '16:00', p_body jsonb default '{}') returns jsonb
language sql as $$
  select l from jsonb_array_elements(ask('visit/lessons', who('coach'),
           case when p_body = '{}' then jsonb_build_object('date', p_date) else p_body end) -> 'lessons') l
   where l ->> 'date' = p_date::text and l ->> 'time' = p_at
$$;
-- the lessons that an answer names: '11-09 16:00, 11-09 17:30'
create function help.named(p_body jsonb, p_actor text default 'coach') returns text
language sql as $$
  select coalesce(string_agg(substr(l ->> 'date', 6) || ' ' || (l ->> 'time'), ', ' order by n), 'none')
    from jsonb_array_elements(ask('visit/lessons', who(p_actor), p_body) -> 'lessons') with ordinality e (l, n)
$$;
create function help.current() returns text
language sql as $$
  select coalesce(string_agg(l ->> 'time', ', '), 'none')
    from jsonb_array_elements(ask('visit/lessons', who('coach')) -> 'lessons') l where (l ->> 'current')::boolean
$$;

-- ---- visit/lessons ----

select is(ask('visit/lessons', who('coach')) - 'lessons',
  '{"serverTime": "2026-11-09T15:00:00.000+07:00", "today": "2026-11-09"}', 'visit/lessons: the time and the day');
select is(lesson_of('2026-11-09'),
  jsonb_build_object('date', '2026-11-09', 'time', '16:00', 'slot', slot('mon'), 'weekday', 0,
    'numberOfPersons', 12, 'people', 2, 'present', 0, 'absent', 0, 'excused', 0, 'unmarked', 2, 'off', null, 'reason',
    null,
    'moved', false, 'begun', false, 'current', true, 'mayMark', true), 'visit/lessons: a lesson');
select is(named('{}'), '11-09 16:00, 11-09 17:30', 'visit/lessons: today''s, in order');
select is(named('{"date": "2026-11-10"}'), '11-10 16:00', 'visit/lessons: of a date');
select is(named('{"startDate": "2026-11-08", "endDate": "2026-11-10"}'),
  '11-08 16:00, 11-09 16:00, 11-09 17:30, 11-10 16:00', 'visit/lessons: of a period');
select is(named('{"startDate": "2026-11-10", "endDate": "2026-11-10"}'), '11-10 16:00',
  'visit/lessons: of a period of one day');
select is(jsonb_array_length(ask('visit/lessons', who('coach'), '{"month": "11-2026"}') -> 'lessons'), 35,
  'visit/lessons: of a month');
select is(named('{"month": "12-2026"}'), 'none', 'visit/lessons: of a month without slots');

-- which runs now: from its beginning until it is over, else the next that is on
select is(current(), '16:00', 'current: before the first');
set local gym.now = '2026-11-09 16:45';
select is(current(), '16:00', 'current: the one that runs');
select is(lesson_of('2026-11-09') -> 'begun', 'true', 'begun: it has');
set local gym.now = '2026-11-09 17:30';
select is(current(), '17:30', 'current: the next begins when the one before is over');
set local gym.now = '2026-11-09 19:00';
select is(current(), 'none', 'current: all are over');
update gym.settings set lesson_minutes = 120;
select is(current(), '17:30', 'current: a lesson lasts as long as the setting says');
update gym.settings set lesson_minutes = 90;

-- forgotten lessons: over, on, and not marked
set local gym.now = '2026-11-09 16:45';
select is(named('{"unmarked": true}'), '11-01 16:00, 11-02 16:00, 11-02 17:30, 11-03 16:00, 11-08 16:00',
  'visit/lessons: unmarked ones of past days');
select mark('ann', '2026-11-02', 'present', who('coach')) \g /dev/null
select is(lesson_of('2026-11-02') -> 'unmarked', '1', 'visit/lessons: people not marked where others were');
select mark('bob', '2026-11-02', 'excused', who('coach')) \g /dev/null
select ask('visit/cancel-lesson', who('coach'),
  '{"date": "2026-11-03", "time": "16:00", "reason": "Тренер болен"}') \g /dev/null
select is(named('{"unmarked": true}'), '11-01 16:00, 11-02 17:30, 11-08 16:00',
  'visit/lessons: no lesson that is marked or cancelled');
select is(named('{"unmarked": true, "month": "11-2026"}'), '11-01 16:00, 11-02 17:30, 11-08 16:00',
  'visit/lessons: unmarked ones of a month');
select is(jsonb_build_array(l -> 'off', l -> 'reason', l -> 'mayMark'), '["cancelled", "Тренер болен", false]',
  'visit/lessons: a cancelled lesson') from (select lesson_of('2026-11-03') as l) x;
select is((select string_agg(l ->> f, ' ' order by n) from unnest('{people,present,absent,excused,unmarked}'::text[])
             with ordinality e (f, n), (select lesson_of('2026-11-02') as l) x), '2 1 0 1 0', 'visit/lessons: counts');
set local gym.now = '2027-01-05 12:00';
select is(named('{"unmarked": true}'), 'none', 'visit/lessons: not those that a coach may no longer mark');
select is(lesson_of('2026-11-02') -> 'mayMark', 'false', 'mayMark: a coach, too late');
select is(ask('visit/lessons', who('boss'), '{"date": "2026-11-02"}') #> '{lessons,0,mayMark}', 'true',
  'mayMark: an administrator always');
set local gym.now = '2026-11-09 15:00';
select is(lesson_of('2026-11-10') -> 'mayMark', 'false', 'mayMark: not before the day');

-- closed and moved days, and a month that has no marks yet
select ask('closure/create', who('boss'), '{"startDate": "2026-11-16", "reason": "Праздник"}'),
       ask('closure/create', who('boss'), '{"startDate": "2026-11-21", "runsAs": 0, "reason": "Перенос"}') \g /dev/null
select is(jsonb_build_array(l -> 'off', l -> 'reason'), '["closed", "Праздник"]', 'visit/lessons: a closed day')
  from (select lesson_of('2026-11-16') as l) x;
select is(named('{"date": "2026-11-21"}'), '11-21 16:00, 11-21 17:30',
  'visit/lessons: a moved day runs another timetable');
select is(jsonb_build_array(l -> 'moved', l -> 'weekday', l -> 'people'), '[true, 0, 2]',
  'visit/lessons: says that it is moved')
  from (select lesson_of('2026-11-21') as l) x;
select make_slot('dec', 1, '16:00', 5, '2026-12-01'), book('ann', 'dec') \g /dev/null
select is(lesson_of('2026-12-08') -> 'people', '1', 'visit/lessons: people of a month ahead, by their seats');

select is(asked('visit/lessons', who('coach'), body), refused, 'visit/lessons: ' || body::text)
  from (values ('{"startDate": "2026-11-10", "endDate": "2026-11-09"}'::jsonb, 'ENREQ period_in_order'),
               ('{"startDate": "2026-11-10", "endDate": "2028-11-11"}', 'ENREQ period_length'),
               ('{"startDate": "2026-11-10"}', 'ENREQ field_missing'),
               ('{"endDate": "2026-11-10"}', 'ENREQ field_missing'),
               ('{"unmarked": 1}', 'ENREQ field_unreadable')) v (body, refused);
select is(asked('visit/' || action, who('ann'), '{}'), 'ENACC role_may_not', 'role_may_not: visit/' || action)
  from unnest('{lessons,lesson,edit-lesson,person}'::text[]) action;

-- ---- visit/lesson ----

create function help.whole(p_date text, p_at text default '16:00', p_actor text default 'coach') returns jsonb
language sql as $$ select ask('visit/lesson', who(p_actor), jsonb_build_object('date', p_date, 'time', p_at)) $$;
-- one of its people
create function help.row_of(p_person text, p_date text, p_actor text default 'coach') returns jsonb
language sql as $$
  select p from jsonb_array_elements(whole(p_date, p_actor => p_actor) -> 'people') p
   where (p -> 'user' ->> 'id')::integer = who(p_person)
$$;

select is(whole('2026-11-09') - 'people', jsonb_build_object('date', '2026-11-09', 'time', '16:00', 'slot', slot('mon'),
    'weekday', 0, 'numberOfPersons', 12, 'off', null, 'reason', null, 'moved', false, 'begun', false, 'mayMark', true,
    'rule', null, 'absencesToBlock', 3, 'unmarked', 2), 'visit/lesson: the lesson');
select is(row_of('ann', '2026-11-09') - 'version', jsonb_build_object('id', mark_id('ann', '2026-11-09'),
    'user', wire.user_json(rules.person(who('ann'))), 'mark', 0, 'marked', false, 'pardoned', false, 'absences', 0,
    'blocked', false, 'setAt', null, 'setBy', null), 'visit/lesson: a person, not marked');
select is(jsonb_build_array(r -> 'mark', r -> 'marked', r -> 'setBy' -> 'id', r -> 'setAt'),
  jsonb_build_array(1, true, who('coach'), '2026-11-09T16:45:00.000+07:00'), 'visit/lesson: marked, by whom and when')
  from (select row_of('ann', '2026-11-02') as r) x;
select mark('ann', '2026-11-02', 'absent', who('coach')),
  mark('bob', '2026-11-02', 'unmarked', who('coach')) \g /dev/null
select is(row_of('ann', '2026-11-09') -> 'absences', '1', 'visit/lesson: absences of the month');
select is(jsonb_build_array(r -> 'absences', r -> 'marked'), '[1, false]',
  'visit/lesson: who is left unmarked where others were counts as absent, and shows as not marked')
  from (select row_of('bob', '2026-11-02') as r) x;
select is(whole('2026-11-10') ->> 'rule', 'lesson_ahead', 'visit/lesson: not before its day');
select is(whole('2026-11-03') ->> 'rule', 'lesson_cancelled', 'visit/lesson: cancelled');
select is((select string_agg(p -> 'user' ->> 'firstname', ' ' order by n)
             from jsonb_array_elements(whole('2026-12-08') -> 'people') with ordinality e (p,
               n) where p ->> 'id' is null),
  'Ann', 'visit/lesson: of a month ahead, who holds a seat');
update gym.users set image = 'ann.jpg' where id = who('ann');
select is(row_of('ann', '2026-11-09') #>> '{user,image}', 'ann.jpg', 'visit/lesson: the picture');
select is(asked('visit/lesson', who('coach'), '{"date": "2026-11-09", "time": "20:00"}'), 'ENGON lesson_not_found',
  'lesson_not_found: visit/lesson');

-- ---- visit/edit-lesson ----

-- change('ann', 1): what a coach sends who saw what there is; change('ann', 1, 'u'): who saw another version
create function help.change(p_person text, p_mark integer, p_version text default null,
  p_date text default '2026-11-09')
returns jsonb language sql as $$
  select jsonb_build_object('id', r -> 'id', 'version', coalesce(p_version, r ->> 'version'))
         || case when p_mark is null then '{"marked": false}' else jsonb_build_object('mark', p_mark) end
    from (select row_of(p_person, p_date) as r) x
$$;
-- what became of each: 'saved, ENRUL mark_changed'
create function help.sent(p_actor text, p_marks jsonb, p_date text default '2026-11-09') returns text
language sql as $$
  select string_agg(case when (r ->> 'saved')::boolean then 'saved' else c.sqlstate || ' ' || c.rule end,
    ', ' order by n)
    from jsonb_array_elements(ask('visit/edit-lesson', who(p_actor),
           jsonb_build_object('date', p_date, 'time', '16:00', 'marks', p_marks)) -> 'results') with ordinality e (r, n)
    left join rules.catalogue c on c.rule = e.r ->> 'rule'
$$;

set local gym.now = '2026-11-09 16:10';
select row_of('ann', '2026-11-09') ->> 'version' as ann_unmarked,
  row_of('bob', '2026-11-09') ->> 'version' as bob_unmarked \gset
select is(sent('coach', jsonb_build_array(change('ann', 1), change('bob', 2))), 'saved, saved',
  'visit/edit-lesson: saved');
select is(lesson('2026-11-09'), 'ann present, bob excused', 'visit/edit-lesson: the marks');
select is(sent('coach', jsonb_build_array(change('ann', 1, :'ann_unmarked'), change('bob', 2, :'bob_unmarked'))),
  'saved, saved', 'visit/edit-lesson: sent again, nothing is refused');
select is(sent('carl', jsonb_build_array(change('ann', 0, :'ann_unmarked'), change('bob', 0, :'bob_unmarked'))),
  'ENRUL mark_changed, ENRUL mark_changed', 'mark_changed: another coach, who saw them unmarked');
select is(lesson('2026-11-09'), 'ann present, bob excused', 'mark_changed: an excuse that was not seen stays');
select is(ask('visit/edit-lesson', who('carl'), jsonb_build_object('date', '2026-11-09', 'time', '16:00',
    'marks', jsonb_build_array(change('bob', 0, :'bob_unmarked')))) #>> '{results,0,text}',
  'Эту отметку тем временем изменил другой человек. Посмотрите на неё и отметьте снова, если нужно.',
  'visit/edit-lesson: the sentence for a mark that is refused');
select is(sent('carl', jsonb_build_array(change('bob', 0))), 'saved', 'visit/edit-lesson: over what was seen');
select is(sent('carl', jsonb_build_array(change('bob', 2, :'bob_unmarked'))), 'saved',
  'visit/edit-lesson: over one''s own, whatever was seen');
select is(sent('coach', jsonb_build_array(change('ann', null))), 'saved', 'visit/edit-lesson: taken back');
select is(lesson('2026-11-09'), 'ann unmarked, bob excused', 'visit/edit-lesson: taken back, the mark is none');
select is(sent('carl', jsonb_build_array(change('ann', 1, 'x'))), 'saved',
  'visit/edit-lesson: there is nothing to overwrite');
select is(sent('coach', jsonb_build_array(change('ann', null, 'x'))), 'ENRUL mark_changed',
  'mark_changed: another''s mark is not taken back unseen');
select is(sent('coach', '[{"id": 2147483647, "mark": 1, "version": ""}]'), 'ENGON mark_not_found',
  'visit/edit-lesson: no such mark');
select is(sent('coach', jsonb_build_array(change('ann', 1, null, '2026-11-02'))), 'ENGON mark_not_found',
  'visit/edit-lesson: a mark of another lesson');
select is(sent('coach', jsonb_build_array(change('ann', 1, null, '2026-11-23'), change('bob', 2, null, '2026-11-23')),
  '2026-11-23'),
  'ENRUL lesson_ahead, saved', 'lesson_ahead: before its day with excuses only');
select is(sent('coach', jsonb_build_array(change('ann', 0, null, '2026-11-23')), '2026-11-23'), 'ENRUL lesson_ahead',
  'lesson_ahead: nobody is absent yet');
select is(sent('coach', '[]'), null, 'visit/edit-lesson: nothing to do');

-- cancelled while the coach marks
select ask('visit/cancel-lesson', who('boss'), '{"date": "2026-11-09", "time": "16:00"}') \g /dev/null
select is(sent('coach', jsonb_build_array(change('ann', 0), change('bob', 1))),
  'ENRUL lesson_cancelled, ENRUL lesson_cancelled',
  'lesson_cancelled: visit/edit-lesson');
select ask('visit/restore-lesson', who('boss'), '{"date": "2026-11-09", "time": "16:00"}') \g /dev/null
select is(lesson('2026-11-09'), 'ann present, bob excused', 'visit/edit-lesson: a cancelled lesson keeps its marks');

-- a date that was forgiven is excused, whatever is marked
select rules.forgive(who('ann'), '2026-11-10', 'Справка', who('boss')) \g /dev/null
set local gym.now = '2026-11-10 17:00';
select is(sent('coach', jsonb_build_array(change('ann', 0, null, '2026-11-10')), '2026-11-10'), 'saved',
  'visit/edit-lesson: forgiven');
select is(mark_of('ann', '2026-11-10'), 'excused', 'visit/edit-lesson: a forgiven date stays excused');
select is(row_of('ann', '2026-11-10') -> 'pardoned', 'true', 'visit/lesson: forgiven');

select is(asked('visit/edit-lesson', who('coach'), jsonb_build_object('date', '2026-11-09', 'time', '16:00') || body),
  refused,
  'visit/edit-lesson: ' || body::text)
  from (values ('{}'::jsonb, 'ENREQ field_missing'), ('{"marks": {}}', 'ENREQ field_unreadable'),
               ('{"marks": [1]}', 'ENREQ field_unreadable'),
               ('{"marks": [{"id": 1, "mark": 1}]}', 'ENREQ field_missing'),
               ('{"marks": [{"id": 1, "mark": 3, "version": ""}]}', 'ENREQ field_unreadable'),
               ('{"marks": [{"id": 1, "version": ""}]}', 'ENREQ field_missing'),
               ('{"marks": [{"id": 1, "mark": 1, "version": ""}, {"id": 1, "mark": 0, "version": ""}]}',
               'ENRUL mark_twice'),
               ('{"marks": [], "time": "20:00"}', 'ENGON lesson_not_found')) v (body, refused);
set local gym.now = '2026-12-20 12:00';
select is(asked('visit/edit-lesson', who('coach'), '{"date": "2026-11-09", "time": "16:00", "marks": []}'),
  'ENRUL coach_marks_days',
  'coach_marks_days: visit/edit-lesson');
select is(audit(), 'clean', 'audit');

select * from finish();
rollback;
