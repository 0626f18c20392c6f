begin;
\ir ../helpers/start.psql
select plan(48);

select is(api.weekday_of(name), day, 'weekday_of: ' || name)
  from (values ('Mon', 0), ('monday', 0), ('TUE', 1), ('Wednesday', 2), ('thu', 3), ('fri', 4), ('Sat', 5),
    ('sunday', 6),
               ('пн', 0), ('Вторник', 1), ('вт', 1), ('СР', 2), ('чт', 3), ('пт', 4), ('Сб', 5), ('вс', 6), ('0', 0),
                 ('6', 6)) v (name, day);
select is(api.weekday_of(null), null, 'weekday_of: null of null');
select is(refusal(format($$ select api.weekday_of(%L) $$, name)), 'ENREQ weekday_unknown', 'weekday_unknown: ' || name)
  from unnest('{7,-1,"",funday,12,"м о"}'::text[]) name;

select is(api.month_named('12-2026'), date '2026-12-01', 'month_named: MM-YYYY');
select is(api.month_named('current') || ' ' || api.month_named('next'), '2026-12-01 2027-01-01',
  'month_named: current and next');
select is(api.month_named(null), null, 'month_named: null of null');
select is(refusal($$ select api.month_named('2026-12') $$), 'ENREQ field_unreadable',
  'field_unreadable: a month the wrong way round');

select who('ann'), who('bob') \g /dev/null
update gym.users set deleted = true where id = who('bob');
select is(api.person_id(card('ann'), null), who('ann'), 'person_id: by card');
select is(api.person_id(null, who('ann')), who('ann'), 'person_id: by id');
select is(api.person_id(card('bob'), null), who('bob'), 'person_id: a deleted person');
select is(api.person_id(card('ann'), who('ann')), who('ann'), 'person_id: by both, of one person');
select is(refusal(format($$ select api.person_id(%s, %s) $$, card('ann'), who('bob'))), 'ENGON user_not_found',
  'user_not_found: card of one, id of another');
select is(refusal(format($$ select api.person_id(%s) $$, args)), 'ENGON user_not_found',
  'user_not_found: person_id(' || args || ')')
  from unnest('{"-1, null","null, -1","null, null"}'::text[]) args;

select a_week() \g /dev/null
select make_slot('dec', 0, '16:00', 5, '2026-12-01') \g /dev/null
select is(api.slot_id(slot('tue'), null, null, null), slot('tue'), 'slot_id: by id');
select is(api.slot_id(null, 'Mon', '17:30', null), slot('mon2'), 'slot_id: by day and time of next month');
select is(api.slot_id(null, 'пн', '16:00', '12-2026'), slot('dec'), 'slot_id: of another month');
select is(api.slot_id(null, '0', '16:00', 'current'), slot('dec'), 'slot_id: of the current month');
select is(refusal($$ select api.slot_id(null, 'Tue', '17:30', null) $$), 'ENGON slot_not_found',
  'slot_not_found: no slot at that time');
select is(refusal($$ select api.slot_id(null, 'Mon', null, null) $$), 'ENGON slot_not_found',
  'slot_not_found: a day without a time');
select is(refusal($$ select api.slot_id(null, null, null, null) $$), 'ENGON slot_not_found',
  'slot_not_found: nothing said');
select is(refusal($$ select api.slot_id(-1, 'Mon', '16:00', null) $$), 'ENGON slot_not_found',
  'slot_not_found: a wrong id, whatever the day');
select is(refusal($$ select api.slot_id(null, 'Funday', '16:00', null) $$), 'ENREQ weekday_unknown',
  'weekday_unknown: slot_id');
select rules.delete_slot(slot('tue'), false) \g /dev/null
select is(refusal($$ select api.slot_id(slot('tue'), null, null, null) $$), 'ENGON slot_not_found',
  'slot_not_found: deleted, by id');
select is(refusal($$ select api.slot_id(null, 'Tue', '16:00', null) $$), 'ENGON slot_not_found',
  'slot_not_found: deleted, by day and time');

select * from finish();
rollback;
