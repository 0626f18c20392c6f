-- The public page's texts, the rules in plain words, previews of reports and statistics.
begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(33);

-- ---- gym/get, gym/rules ----

select is(ask('gym/get', null) - 'times', '{"name": "", "about": "", "address": "", "coach": "", "contact": "",
  "timeZone": "Asia/Novosibirsk", "lessonMinutes": 90, "slotsPerStudent": 3,
  "absencesToBlock": 3}', 'gym/get: a new gym');
select is(jsonb_array_length(ask('gym/get', null) -> 'times'), 24, 'gym/get: the week of the template');
select api.set_setting('gym_name', 'Энергия'), api.set_setting('gym_contact', 'каб. 101') \g /dev/null
select is(ask('gym/get', null) ->> 'name' || ', ' || (ask('gym/get', null) ->> 'contact'), 'Энергия, каб. 101',
  'gym/get: its texts');
select make_slot('sun', 6, '09:00', 5, '2026-12-01') \g /dev/null
select is(ask('gym/get', null) -> 'times', '[{"weekday": 6, "time": "09:00"}]', 'gym/get: the week of this month');

create function help.rule(p_rule text) returns text
language sql as $$ select r ->> 'text' from jsonb_array_elements(ask('gym/rules',
  null) -> 'rules') r where r ->> 'rule' = p_rule $$;
select is(rule('slots_per_student'), 'Занятий в неделю на одного студента: не больше 3.', 'gym/rules: with its number');
select is(rule('not_on_roster'), null, 'gym/rules: no rule that is off');
select api.set_setting('slots_per_student', '2'), api.set_setting('roster_only', 'true') \g /dev/null
select is(rule('slots_per_student'), 'Занятий в неделю на одного студента: не больше 2.',
  'gym/rules: as the setting says now');
select isnt(rule('not_on_roster'), null, 'gym/rules: a rule that is on');
select is(ask('gym/rules', null) #> '{numbers,slotsPerStudent}', '2', 'gym/rules: the number');
select api.set_setting('roster_only', 'false') \g /dev/null
select is_empty($$ select n from rules.plain_words where text !~ '[а-яё].*[.]$' or text_en !~ '^[A-Z][ -~]*[.]$' $$,
  'plain_words: sentences in both languages');

-- ---- report/preview ----

set local gym.now = '2026-10-25 12:00';
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), a_month('2026-11-01', 'nov ') \g /dev/null
select book('ann', 'nov mon'), book('bob', 'nov mon'), book('ann', 'nov tue') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
set local gym.now = '2026-11-10 12:00';
select mark('ann', '2026-11-02', 'present'), mark('bob', '2026-11-02', 'excused'), mark('ann', '2026-11-03', 'absent'),
       mark('ann', '2026-11-09', 'present') \g /dev/null
update gym.users set "group" = 'Я-1' where id = who('bob');
create function help.preview(p_kind text, p_more jsonb default '{}') returns jsonb
language sql as $$
  select ask('report/preview', who('coach'),
    jsonb_build_object('kind', p_kind, 'startDate', '2026-11-01', 'endDate', '2026-11-30') || p_more)
$$;

select is(preview('term') - '{rows,days}'::text[],
  '{"kind": "term", "from": "2026-11-01", "to": "2026-11-30", "group": null,
  "count": 2, "totals": {"lessons": 3, "present": 2, "absent": 2, "excused": 1}}', 'report/preview: count and totals');
select is(preview('term') -> 'days', '[{"date": "2026-11-02", "present": 1, "absent": 0, "excused": 1},
  {"date": "2026-11-03", "present": 0, "absent": 1, "excused": 0},
  {"date": "2026-11-09", "present": 1, "absent": 1,
  "excused": 0}]', 'report/preview: by day; who is left unmarked is absent');
select is((preview('term') #> '{rows,0}') - '{name,studentCard}'::text[],
  '{"group": "БИ-21", "held": 3, "attended": 2, "excused": 0, "absent": 1, "blocks": 0}',
  'report/preview: a row of term');
select is(jsonb_array_length(preview('term', '{"rows": 1}') -> 'rows') || ' of ' || (preview('term',
  '{"rows": 1}') ->> 'count'),
  '1 of 2', 'report/preview: the first rows');
select is(preview('term', '{"group": "я-1"}') -> 'totals', '{"lessons": 2, "present": 0, "absent": 1, "excused": 1}',
  'report/preview: of a group');
select is(preview('term', '{"group": "я-1"}') -> 'group', '"я-1"', 'report/preview: says of which');
select is((preview('visits') #> '{rows,0,marks}') -> 0,
  '{"date": "2026-11-02", "time": "16:00", "mark": 1, "marked": true}',
  'report/preview: a mark of visits');
select is((select string_agg(m ->> 'mark' || case when (m ->> 'marked')::boolean then '' else 'u' end, ' ' order by n)
             from jsonb_array_elements(preview('visits') #> '{rows,1,marks}') with ordinality e (m, n)), '2 0 0u 0u 0u',
  'report/preview: marks of visits as the file has them');
select is(preview('occupancy') -> 'count',
  (select to_jsonb(count(*)) from rules.lessons_between('2026-11-01', '2026-11-30')),
  'report/preview: occupancy, a row a lesson');
select is((select r - 'refused' from jsonb_array_elements(preview('occupancy', '{"rows": 200}') -> 'rows') r
            where r ->> 'date' = '2026-11-09' and r ->> 'time' = '16:00'),
  '{"date": "2026-11-09", "time": "16:00", "numberOfPersons": 12, "enrolled": 2, "came": 1, "excused": 0, "absent": 1,
    "state": "held"}', 'report/preview: a row of occupancy');
select is(preview('blocked') - '{from,to,group,kind}'::text[],
  '{"count": 0, "rows": [], "days": [], "totals": {"lessons": 0, "present": 0, "absent": 0, "excused": 0}}',
  'report/preview: nobody is blocked');
select rules.block(who('bob'), 'Правила зала', null, who('boss')) \g /dev/null
select is((preview('blocked') #> '{rows,0}') - '{name,studentCard}'::text[], '{"group": "Я-1", "reason": "Правила зала",
  "absences": "", "firstDay": "2026-11-10", "lastDay": null, "liftedOn": null, "liftedBy": null, "liftReason": null}',
  'report/preview: a row of blocked');
select is(preview('visits', '{"startDate": "2026-01-01", "endDate": "2026-02-01"}') -> 'rows', '[]',
  'report/preview: no rows');
-- one after the other in one session
select is((select string_agg(preview(k) ->> 'count', ' ' order by n) from unnest('{term,visits,blocked,term}'::text[])
             with ordinality e (k, n)), '2 2 1 2', 'report/preview: of one kind after the other');
select is(asked('report/preview', who('coach'), body), refused, 'report/preview: ' || body::text)
  from (values ('{"kind": "x", "startDate": "2026-11-01", "endDate": "2026-11-30"}'::jsonb, 'ENREQ field_unreadable'),
               ('{"kind": "term", "startDate": "2026-11-30", "endDate": "2026-11-01"}', 'ENRUL report_period_in_order'),
               ('{"kind": "term", "startDate": "2026-11-30"}', 'ENREQ field_missing')) v (body, refused);
select is(asked('report/' || action, who('ann'), '{}'), 'ENACC role_may_not', 'role_may_not: report/' || action)
  from unnest('{preview,statistics}'::text[]) action;

-- ---- report/statistics ----

create function help.statistics() returns jsonb
language sql as $$ select ask('report/statistics', who('coach'),
  '{"startDate": "2026-11-01", "endDate": "2026-11-30"}') $$;
select is(statistics() -> 'totals', '{"lessons": 3, "seats": 36, "enrolled": 5, "came": 2, "excused": 1, "absent": 2,
  "refused": 0}', 'report/statistics: in all');
select is(statistics() #> '{slots,0}',
  '{"weekday": 0, "time": "16:00", "lessons": 2, "seats": 24, "enrolled": 4, "came": 2,
  "excused": 1, "absent": 1, "refused": 0}', 'report/statistics: of a time');
insert into gym.refusals values (slot('nov mon2'), who('cat'), now()), (slot('nov mon2'), who('dan'), now());
select is((statistics() #> '{slots,1}') - 'weekday',
  '{"time": "17:30", "lessons": 0, "seats": 0, "enrolled": 0, "came": 0,
  "excused": 0, "absent": 0, "refused": 2}', 'report/statistics: whom there was no seat for');
select is(asked('report/statistics', who('coach'), '{"startDate": "2026-11-02", "endDate": "2026-11-01"}'),
  'ENRUL report_period_in_order', 'report_period_in_order: report/statistics');

select * from finish();
rollback;
