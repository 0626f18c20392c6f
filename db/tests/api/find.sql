begin;
\ir ../helpers/start.psql
select plan(16);

-- ---- api.find ----

select who('ann'), who('bob'), who('eve'), who('gone') \g /dev/null
update gym.users set secondname = 'Котова', "group" = 'БИ-21', student_card = 70707071 where id = who('ann');
update gym.users set secondname = 'Перекотов', "group" = 'АЗ-7' where id = who('bob');
update gym.users set secondname = 'Семёнов' where id = who('eve');
update gym.users set secondname = 'Котов', deleted = true where id = who('gone');
insert into gym.roster (card, family, given, patronymic, "group", added_at)
values (80808081, 'Котовская', 'Яна', '', 'БИ-21', now());
create function help.found(p_part text) returns text
language sql as $$
  select admin(format($q$ select split_part(person, ' ', 1) || ' ' || account as found from api.find(%L) $q$, p_part))
$$;
select is(found('КОТОВ'), '("Котов deleted") ("Котова yes") ("Перекотов yes") ("Котовская roster only")',
  'api.find: a part of the name, in any case of letters; deleted ones and those without an account too');
select is(found('kotow'), null, 'api.find: Latin letters that look like no Cyrillic ones are others');
select is(found('Koтoв'), found('котов'), 'api.find: Latin letters that look like Cyrillic ones are these');
select is(found('семенов'), '("Семёнов yes")', 'api.find: е finds ё');
select is(found('аз-7'), '("Перекотов yes")', 'api.find: a part of the group');
select is(found('0707'), '("Котова yes")', 'api.find: a part of the card');
select is(found('%'), null, 'api.find: what is typed means itself');
select is(admin_refused($$ select * from api.find(' ') $$), 'ENREQ field_missing', 'field_missing: api.find');

-- ---- api.person_history, api.lost_seats ----

select a_week(), who('boss', 'ADMIN'), book('eve', 'tue') \g /dev/null
select book('ann', 'mon'), book('ann', 'tue'), book('ann', 'wed') \g /dev/null
set local gym.now = '2026-12-11 10:00';
select rules.cancel((select e.id from gym.enrolments e where e.user_id = who('ann') and e.slot_id = slot('mon')),
  who('boss')) \g /dev/null
set local gym.now = '2026-12-12 10:00';
select rules.block(who('ann'), 'порча инвентаря', null, who('boss')) \g /dev/null
set local gym.now = '2026-12-13 10:00';
select rules.unblock(who('ann'), 'разобрались', who('boss')) \g /dev/null
update gym.enrolments set cancelled_at = null where user_id = who('ann') and slot_id = slot('mon');
create temp table told as
select h.at, replace(h.what, e'\n', ' ') as what, replace(h.who, e'\n',
  ' ') as who from api.person_history(person => who('ann')) h;
select set_has($$ select at::text, what from told $$, $$ values
  ('2026-12-10 09:00:00', 'Записан: 01-2027 Mon 16:00'),
  ('2026-12-11 10:00:00', 'Место потеряно: 01-2027 Mon 16:00, запись отменил администратор'),
  ('2026-12-12 10:00:00', 'Заблокирован: порча инвентаря'),
  ('2026-12-12 10:00:00',
   'Место потеряно: 01-2027 Tue 16:00, человека заблокировали, места следующего месяца освободились'),
  ('2026-12-13 10:00:00', 'Разблокирован: разобрались'),
  ('2026-12-13 10:00:00', 'Место возвращено: 01-2027 Mon 16:00') $$,
  'api.person_history: seats taken, lost and given back, and blocks, in plain words and the gym''s time');
select is_empty($$ select * from told where coalesce(who, '') = '' $$, 'api.person_history: who did it is never empty');
select is((select who from told where what like 'Заблокирован%'),
  (select format('Тестова Boss Ивановна, %s', card('boss'))),
  'api.person_history: by name and card');
select is((select string_agg(seat || ' | ' || lost_at || ' | ' || replace(why, e'\n', ' '), '; ')
             from api.lost_seats(person => who('ann'))),
  '01-2027 Wed 16:00 | 2026-12-12 10:00:00 | человека заблокировали, места следующего месяца освободились: '
  'порча инвентаря; 01-2027 Tue 16:00 | 2026-12-12 10:00:00 | человека заблокировали, места следующего месяца '
  'освободились: порча инвентаря',
  'api.lost_seats: those that are lost now, when and why');
select is_empty($$ select * from api.lost_seats(person => who('ann')) where who = '' or from_where = '' $$,
  'api.lost_seats: who and from where');
select is(admin(format($$ select count(*) from api.lost_seats(card => %s, month => '02-2027') $$, card('ann'))), '(0)',
  'api.lost_seats: of a month');
select is(admin_refused($$ select * from api.person_history(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.person_history');
select is(admin_refused($$ select * from api.lost_seats(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.lost_seats');

select * from finish();
rollback;
