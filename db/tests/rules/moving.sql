-- A seat, two slots, a month, a group, an account: each moves as a whole, or not at all.
begin;
\ir ../helpers/start.psql
select plan(70);

insert into gym.secrets (name, value) values ('pepper', 'pepper') on conflict do nothing;
-- boss, 10 December: his slots of next month are mon mon2 tue … sun
select a_week(3), make_slot('dec', 0, '16:00', 3, '2026-12-01'), make_slot('dec2', 2, '17:30', 3, '2026-12-01'), who('boss', 'ADMIN') as boss \gset
-- what the ledger says of rules overridden for somebody: 'enrol_month feb2'
create function help.forced(p_person text) returns text
language sql as $$
  select coalesce(string_agg(substring(l.reason from '\w+$') || ' ' || s.name, ', ' order by l.id), 'nothing')
    from gym.ledger l join gym.enrolments e on e.id = l.enrolment_id join help.slots s on s.id = e.slot_id
      where l.user_id = help.who(p_person) and l.event = 'forced'
$$;
create function help.reasons(p_person text) returns text
language sql as $$ select string_agg(s.name || ' ' || coalesce(e.cancel_reason, 'held'), ', ' order by e.id) from gym.enrolments e join help.slots s on s.id = e.slot_id where e.user_id = help.who(p_person) $$;

-- ---- rules.move_enrolment ----

select book('ann', 'mon') as anns \gset
select crowd('tue', 3), crowd('wed', 2) \g /dev/null
select is((select (e.slot_id = slot('wed'), e.user_id = who('ann'), e.created_by)::text
  from rules.move_enrolment(:anns, slot('wed'), :boss) e), format('(t,t,%s)', :boss),
  'rules.move_enrolment: to another weekday');
select is(held('ann') || ': ' || seats('mon') || ', ' || seats('wed'), 'wed: 0 of 3, 3 of 3',
  'rules.move_enrolment: the old seat is free, the new one taken');
select is((select (cancel_reason, cancelled_by)::text from gym.enrolments where id = :anns),
  format('(moved,%s)', :boss), 'rules.move_enrolment: the old enrolment says why it ended');
select max(id) as anns from gym.enrolments where user_id = who('ann') \gset
select is(refusal(format('select rules.move_enrolment(%s, %s, null)', :anns, slot('tue'))),
  'ENRUL slots_taken_within_capacity', 'slots_taken_within_capacity: rules.move_enrolment, the other slot is full');
select is(held('ann') || ': ' || seats('wed'), 'wed: 3 of 3', 'rules.move_enrolment: refused, the old seat is kept');
select is(refusal(format('select rules.move_enrolment(%s, %s, null)', :anns, slot('wed'))), 'ENRUL already_enrolled',
  'already_enrolled: rules.move_enrolment, to where the person is');
select is(refusal(format('select rules.move_enrolment(%s, %s, null)', :anns, slot('dec'))), 'ENRUL within_one_month',
  'within_one_month: rules.move_enrolment');
select is(refusal(format('select rules.move_enrolment(%s, -1, null)', :anns)), 'ENGON slot_not_found',
  'slot_not_found: rules.move_enrolment');
select is(refusal(format('select rules.move_enrolment(-1, %s, null)', slot('mon'))), 'ENGON enrolment_not_found',
  'enrolment_not_found: rules.move_enrolment');
select book('ann', 'mon2') \g /dev/null
select is(refusal(format('select rules.move_enrolment(%s, %s, null)', :anns, slot('mon'))),
  'ENRUL enrolments_one_a_weekday', 'enrolments_one_a_weekday: rules.move_enrolment');
select is((rules.move_enrolment((select id from gym.enrolments where user_id = who('ann') and slot_id = slot('mon2')),
  slot('mon'), null)).slot_id, slot('mon'), 'rules.move_enrolment: to another time of the same weekday');
-- in the month that runs: marks past stay, those to come follow
insert into gym.enrolments (slot_id, user_id, created_at) values (slot('dec'), who('ann'), '2026-11-25 12:00+07') returning id as decs \gset
insert into gym.months (month, slots_made_at) values ('2026-12-01', rules.clock()) on conflict do nothing;
select rules.ensure_marks() \g /dev/null
select is((rules.move_enrolment(:decs, slot('dec2'), null)).slot_id, slot('dec2'),
  'rules.move_enrolment: in the month that runs');
select is((select string_agg(to_char(m.date, 'DD'), ' ' order by m.date) from gym.marks m
  where m.user_id = who('ann') and m.withdrawn_at is null), '07 16 23 30',
  'rules.move_enrolment: marks of lessons past stay, from the next lesson on they are of the new slot');

-- ---- rules.swap_slots ----

delete from help.slots where name like 'dec%';
-- by force
savepoint exchange;
select book('ann', 'sat') \g /dev/null
select is(refusal(format('select rules.move_enrolment(%s, %s, null)',
  (select id from gym.enrolments where user_id = who('ann') and slot_id = slot('sat') and cancelled_at is null),
  slot('mon2'))),
  'ENRUL enrolments_one_a_weekday', 'enrolments_one_a_weekday: rules.move_enrolment, to where another seat is');
select is((rules.move_enrolment((select id from gym.enrolments
  where user_id = who('ann') and slot_id = slot('sat') and cancelled_at is null), slot('mon2'), null, true)).slot_id,
  slot('mon2'), 'rules.move_enrolment: by force');
select is(held('ann') || ': ' || forced('ann'), 'mon2 wed: enrolments_one_a_weekday mon',
  'rules.move_enrolment: in exchange for that seat, as the ledger says');
select book('ann', 'thu'), rules.enrol(who('ann'), slot('fri'), null, true) \g /dev/null
select is((rules.move_enrolment((select id from gym.enrolments
  where user_id = who('ann') and slot_id = slot('fri') and cancelled_at is null), slot('sat'), null)).beyond_limit,
  'forced', 'rules.move_enrolment: a seat beyond the limit moves, and stays beyond it');
rollback to exchange;

select book('bob', 'thu'), book('cid', 'fri'), book('dot', 'thu'), book('dot', 'fri') \g /dev/null
update gym.slots set capacity = 2 where id = slot('thu');
select is((select string_agg(s.weekday || ' ' || s.capacity || ' ' || s.taken, ', ' order by s.weekday)
  from rules.swap_slots(slot('thu'), slot('fri')) s), '3 3 2, 4 2 2', 'rules.swap_slots: the seats go with the people');
select is(held('bob') || ', ' || held('cid') || ', ' || held('dot'), 'fri, thu, thu fri',
  'rules.swap_slots: people change places; whoever has both keeps both');
select is(seats('thu') || ', ' || seats('fri'), '2 of 3, 2 of 2',
  'rules.swap_slots: counted right, the smaller one to the last seat');
select book('cid', 'sat') \g /dev/null
select is(refusal(format('select rules.swap_slots(%s, %s)', slot('thu'), slot('sat'))), 'none',
  'rules.swap_slots: a person of both is in nobody''s way');
select is(refusal(format('select rules.swap_slots(%s, %s)', slot('mon'), slot('wed'))), 'none',
  'rules.swap_slots: so is Ann');
select make_slot('wed2', 2, '17:30', 3) \g /dev/null
select is(refusal(format('select rules.swap_slots(%s, %s)', slot('mon'), slot('wed2'))), 'ENRUL slot_move_collides',
  'slot_move_collides: rules.swap_slots, Ann has wed as well');
savepoint collide;
select is((select count(*) from rules.swap_slots(slot('mon'), slot('wed2'), true)), 2::bigint,
  'rules.swap_slots: by force');
select is(held('ann') || ': ' || forced('ann') || ', ' || seats('mon') || ', ' || seats('wed2'),
  'wed: slot_move_collides mon, 0 of 3, 2 of 3', 'rules.swap_slots: whoever would have two that day keeps the third');
rollback to collide;
select make_slot('feb', 0, '16:00', 3, '2027-02-01'), make_slot('dec3', 4, '16:00', 3, '2026-12-01'), make_slot('dec4', 5, '16:00', 3, '2026-12-01') \g /dev/null
select is(refusal(format('select rules.swap_slots(%s, %s)', slot('mon'), slot('feb'))), 'ENRUL within_one_month',
  'within_one_month: rules.swap_slots');
select is(refusal(format('select rules.swap_slots(%s, %s)', slot('dec3'), slot('dec4'))), 'ENRUL slot_month_begun',
  'slot_month_begun: rules.swap_slots');
select is(refusal(format('select rules.swap_slots(%s, -1)', slot('mon'))), 'ENGON slot_not_found',
  'slot_not_found: rules.swap_slots');

-- ---- rules.copy_month ----

select make_slot('mar', 5, '10:00', 5, '2027-03-01') \g /dev/null
update gym.slots set deleted_at = rules.clock() where id = slot('feb');
select make_slot('feb1', 0, '16:00', 5, '2027-02-01'), make_slot('feb2', 1, '10:00', 7, '2027-02-01'), make_slot('mar2', 0, '16:00', 4, '2027-03-01') \g /dev/null
select is((select string_agg(format('%s %s %s %s', weekday, to_char(starts_at, 'HH24:MI'), capacity, result), ', ')
  from rules.copy_month('2027-02-01', '2027-03-01', false)),
  '0 16:00 4 stood, 1 10:00 7 made, 5 10:00 5 stood', 'rules.copy_month: what is missing is made, what stands stays');
select is(rules.make_month('2027-03-01'), 0, 'rules.copy_month: the template has nothing to add');
select book('ann', 'mar'), book('bob', 'mar2') \g /dev/null
select is((select string_agg(format('%s %s %s', weekday, capacity, result), ', ')
  from rules.copy_month('2027-02-01', '2027-03-01', true)),
  '0 5 resized, 1 7 stood, 5 5 deleted, 1 cancelled', 'rules.copy_month: by force the months are alike');
select is(held('bob'), 'fri mar2', 'rules.copy_month: who is in a slot that stays, stays');
select is(forced('ann'), 'slot_has_enrolments mar', 'rules.copy_month: the ledger says whose seat went by force');
select crowd('mar2', 3) \g /dev/null
update gym.slots set capacity = 2 where id = slot('feb1');
select is((select capacity from rules.copy_month('2027-02-01', '2027-03-01', true) where weekday = 0), 4,
  'rules.copy_month: never fewer seats than taken');
select is(refusal($$ select rules.copy_month('2027-02-01', '2026-11-01', false) $$), 'ENRUL slot_month_past',
  'slot_month_past: rules.copy_month');
select is(refusal($$ select rules.copy_month('2030-02-01', '2027-03-01', false) $$), 'ENGON month_without_slots',
  'month_without_slots: rules.copy_month');

-- ---- rules.enrol_group ----

select who('eve'), who('fay'), who('gil'), who('coach', 'COACH') \g /dev/null
update gym.users set "group" = 'ИС-99' where id in (who('bob'), who('cid'), who('eve'), who('fay'), who('gil'));
update gym.users set deleted = true where id = who('gil');
update gym.users set "group" = 'ИС-99' where id = who('coach');
select is((select string_agg(u.firstname || ' ' || coalesce(g.refused_by, 'enrolled'), ', ')
  from rules.enrol_group('ИС-99', slot('sun'), :boss) g join gym.users u on u.id = g.user_id),
  'Bob enrolled, Cid enrolled, Eve enrolled, Fay slots_taken_within_capacity',
    'rules.enrol_group: every student, to the last seat; neither coaches nor who is deleted');
select is(seats('sun'), '3 of 3', 'rules.enrol_group: their seats are taken');
select is((select string_agg(coalesce(g.refused_by, 'enrolled'), ', ')
  from rules.enrol_group('ИС-99', slot('sun'), :boss) g),
  'already_enrolled, already_enrolled, already_enrolled, slots_taken_within_capacity',
    'rules.enrol_group: harmless to repeat');
select is((select string_agg(coalesce(g.refused_by, 'enrolled'), ', ')
             from rules.enrol_group(E' иc\u201199\u00A0', slot('sun'), :boss) g),
  'already_enrolled, already_enrolled, already_enrolled, slots_taken_within_capacity',
  'rules.enrol_group: a group that is written otherwise, with a Latin c');
select is(refusal(format($$ select rules.enrol_group(' ', %s, null) $$, slot('sun'))), 'ENGON group_unknown',
  'group_unknown: no name is no group');
select is(refusal(format($$ select rules.enrol_group('нет такой', %s, null) $$, slot('sun'))), 'ENGON group_unknown',
  'group_unknown: rules.enrol_group');
select is(refusal($$ select rules.enrol_group('ИС-99', -1, null) $$), 'ENGON slot_not_found',
  'slot_not_found: rules.enrol_group');

savepoint grouped;
select book('fay', 'sat') \g /dev/null
update gym.slots set capacity = 6 where id = slot('mon');
select make_slot('sat2', 5, '17:30', 6) \g /dev/null
select is((select string_agg(coalesce(g.refused_by, 'enrolled'), ', ')
  from rules.enrol_group('ИС-99', slot('sat2'), :boss, true) g), 'enrolled, enrolled, enrolled, enrolled',
  'rules.enrol_group: by force');
select is(forced('cid') || ', ' || forced('fay'), 'enrolments_one_a_weekday sat, enrolments_one_a_weekday sat',
  'rules.enrol_group: for each as in rules.enrol');
rollback to grouped;

-- ---- rules.enrol, by force ----

select is(refusal(format('select rules.enrol(%s, %s, null)', who('eve'), slot('feb2'))), 'ENRUL enrol_month',
  'enrol_month: rules.enrol, a later month');
select is(refusal(format('select rules.enrol(%s, %s, null, true)', who('eve'), slot('feb2'))), 'none',
  'rules.enrol: by force');
select is(refusal(format('select rules.enrol(%s, %s, null, true)', who('fay'), slot('sun'))),
  'ENRUL slots_taken_within_capacity', 'slots_taken_within_capacity: rules.enrol, by force neither');
select make_slot('nov', 0, '16:00', 3, '2026-11-01') \g /dev/null
select is(refusal(format('select rules.enrol(%s, %s, null, true)', who('fay'), slot('nov'))), 'ENRUL enrol_month',
  'enrol_month: rules.enrol, a month past, by force neither');
select book('fay', 'mon2') \g /dev/null
update gym.slots set capacity = 6 where id = slot('mon');
select is(refusal(format('select rules.enrol(%s, %s, null, null)', who('fay'), slot('mon'))),
  'ENRUL enrolments_one_a_weekday', 'enrolments_one_a_weekday: rules.enrol, null is no force');
select is(refusal(format('select rules.enrol(%s, %s, null, true)', who('fay'), slot('mon'))), 'none',
  'rules.enrol: by force in exchange for the seat of that day');
select is(reasons('fay'), 'mon2 moved, mon held', 'rules.enrol: which says so');

-- ---- rules.edit_slot, by force ----

select book('hal', 'mon'), book('ida', 'mon'), book('ida', 'thu') \g /dev/null
select is(refusal(format('select rules.edit_slot(%s, null, null, 1)', slot('mon'))), 'ENRUL slots_capacity_below_taken',
  'slots_capacity_below_taken: rules.edit_slot');
select is((rules.edit_slot(slot('mon'), 3, '18:00', null, true)).taken, 5,
  'rules.edit_slot: by force, who has another that day is out');
select is(held('ida') || ', ' || reasons('ida') || ', ' || forced('ida'),
  'thu, mon administrator, thu held, slot_move_collides mon',
  'rules.edit_slot: and keeps the other, as the ledger says');
select is((rules.edit_slot(slot('mon'), null, null, 1, true)).capacity, 1,
  'rules.edit_slot: by force fewer seats than taken');
select is(seats('mon') || ', ' || reasons('hal') || ', ' || forced('hal'),
  '1 of 1, mon administrator, slots_capacity_below_taken mon',
  'rules.edit_slot: the latest goes first, as the ledger says');

-- ---- rules.merge_users ----

select make_slot('jan5', 5, '20:30', 3), make_slot('jan6', 6, '20:30', 3), make_slot('jan0', 0, '20:30', 3), make_slot('jan1', 1, '20:30', 3), make_slot('jan2', 2, '20:30', 3) \g /dev/null
select book('old', 'jan0'), book('old', 'jan1'), book('old', 'jan5'), book('new', 'jan6'), book('new', 'jan5') \g /dev/null
insert into gym.pardons (user_id, date, reason, made_at) values (who('old'), '2026-12-20', 'ahead', rules.clock()),
  (who('old'), '2026-12-03', 'past', rules.clock());
select is((select string_agg(what || ': ' || result, '; ') from rules.merge_users(who('old'), who('new'), :boss)),
  format('01-2027 Mon 20:30: moved; 01-2027 Tue 20:30: freed: the account kept has all it may hold; 01-2027 Sat 20:30: freed: the account kept has a seat on that day; card %s: deleted; its marks, blocks and past seats stay with it', card('old')),
  'rules.merge_users: what may go over does, the rest is freed');
select is(held('new') || ' / ' || held('old'), 'jan0 jan5 jan6 / nothing', 'rules.merge_users: it did');
select is((select deleted from gym.users where id = who('old')), true, 'rules.merge_users: the account is deleted');
select is(reasons('old'), 'jan0 moved, jan1 user deleted, jan5 user deleted',
  'rules.merge_users: each seat says why it ended');
select is((select string_agg(date::text, ' ') from gym.pardons where user_id = who('new')), '2026-12-20',
  'rules.merge_users: pardons of days to come go over');
select is(refusal(format('select rules.merge_users(%s, %s, null)', who('new'), who('new'))), 'ENREQ merge_two_people',
  'merge_two_people: rules.merge_users');
select is(refusal(format('select rules.merge_users(%s, %s, null)', who('old'), who('new'))), 'ENGON user_not_found',
  'user_not_found: rules.merge_users, twice');
savepoint beyond;
select book('two', 'jan0'), book('two', 'jan1'), book('two', 'jan2') \g /dev/null
select rules.enrol(who('two'), slot('jan3'), null, true) from make_slot('jan3', 3, '20:30', 3) \g /dev/null
select is((select string_agg(what || ': ' || result, '; ') from rules.merge_users(who('two'), who('new'), :boss)
  where what ~ 'Thu'), '01-2027 Thu 20:30: moved', 'rules.merge_users: a seat beyond the limit goes over');
select is((select count(*) from gym.enrolments
  where user_id = who('new') and cancelled_at is null and beyond_limit = 'forced'), 1::bigint,
  'rules.merge_users: and stays beyond it');
rollback to beyond;
select rules.block(who('bad'), 'порча', '2026-12-24', null) \g /dev/null
select is((select string_agg(what || ': ' || result, '; ') from rules.merge_users(who('bad'), who('new'), :boss)
  where what = 'block'), 'block: holds for the account kept, until 2026-12-24',
  'rules.merge_users: nobody gets out of a block by a second card');
select is((select role::text from gym.users where id = who('new')) || ', ' || held('new'), 'BLOCKED, nothing',
  'rules.merge_users: he is blocked');
select is((select reason from gym.blocks where user_id = who('new')),
  format('Объединение с картой %s, которая заблокирована', card('bad')), 'rules.merge_users: and it says why');
select is((select string_agg(invariant || ' ' || violations, ', ') from rules.audit() where violations > 0), null,
  'after all this nothing is broken');

select * from finish();
rollback;
