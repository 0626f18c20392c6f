-- The ten rules of the waiting list. January 2027 begins on a Friday: the first Monday is the 4th.
begin;
\ir ../../helpers/start.psql
\ir ../../helpers/waiting.psql
select plan(123);

select a_week(2), who('boss', 'ADMIN') as boss \gset
select crowd('tue', 2), crowd('wed', 2), crowd('mon', 2), crowd('sat', 2) \g /dev/null
update gym.slots set capacity = 12 where id in (slot('thu'), slot('fri'), slot('mon2'), slot('sun'));
select wanted() \g /dev/null

-- ---- 2: the order of arrival, one position a slot, the limit ----

select joins('ann', 'tue'), joins('bob', 'tue'), joins('cid', 'tue') \g /dev/null
select is(list('tue'), 'ann bob cid', 'order: of arrival');
select is(joins('ann', 'tue'), (select min(id) from gym.waiting where user_id = who('ann')),
  'order: joining again is the same position');
select is(list('tue'), 'ann bob cid', 'order: and the same rank');
select is((select string_agg(w.rank || '/' || w.length, ' ' order by w.rank) from rules.waiting_lists w
  where w.slot_id = slot('tue')),
  '1/3 2/3 3/3', 'waiting_lists: rank and length');
select is(rules.list_length(slot('tue')) || ' ' || rules.ahead_of(who('cid'), slot('tue')) || ' '
  || rules.ahead_of(who('new'), slot('tue')),
  '3 2 3', 'ahead_of: who comes before a person of the list, and before a newcomer');
select is(refusal($$ insert into gym.waiting (slot_id, user_id) values (slot('tue'), who('ann')) $$),
  '23505 waiting_one_a_slot',
  'waiting_one_a_slot: a raw INSERT');
select is(refusal($$ insert into gym.waiting (slot_id, user_id, place) values (slot('tue'), who('dan'), 1) $$), 'none',
  'order: a raw INSERT with a place of its own');
select is(list('tue'), 'ann bob cid dan', 'order: still comes last');
select is(refusal($$ update gym.waiting set place = 0 where user_id = who('dan') $$), 'ENREQ move_ahead_reason_given',
  'move_ahead_reason_given: a raw UPDATE of the place');
select is(refusal($$ update gym.waiting set place = 1, moved_reason = 'x' where user_id = who('dan') $$),
  '23505 waiting_order',
  'waiting_order: no two share a place');
select is(refusal($$ update gym.waiting set slot_id = slot('wed') where user_id = who('dan') $$),
  'ENRUL position_stays', 'position_stays: the slot');
select is(refusal($$ update gym.waiting set joined_at = now() - interval '1 year' where user_id = who('dan') $$),
  'ENRUL position_stays', 'position_stays: the arrival');
select is(refusal($$ delete from gym.waiting $$), 'ENRUL never_deleted', 'never_deleted: positions');
select rules.leave_list(who('dan'), slot('tue'), who('dan')) \g /dev/null
select is(why('dan', 'tue'), 'left', 'leave_list: as its person left it');
select is(refusal($$ select rules.leave_list(who('dan'), slot('tue'), null) $$), 'ENGON position_not_found',
  'position_not_found: leaving twice');
select is(refusal($$ update gym.waiting set ended_at = null where user_id = who('dan') $$), 'ENRUL position_ended',
  'position_ended: what ended comes not back');
select is(refusal($$ update gym.waiting set ended_at = now(), end_reason = 'promoted' where user_id = who('ann') $$),
  'ENRUL promoted_has_seat',
  'promoted_has_seat: promoted by hand, without a seat');
select joins('ann', 'wed'), joins('ann', 'mon') \g /dev/null
select is(refusal($$ select joins('ann', 'sat') $$), 'ENRUL waits_per_student', 'waits_per_student: a fourth list');
select is(refusal($$ insert into gym.waiting (slot_id, user_id) values (slot('sat'), who('ann')) $$),
  'ENRUL waits_per_student', 'waits_per_student: by a raw INSERT');
update gym.settings set waits_per_student = 1;
select is((select count(*)::integer from gym.waiting where user_id = who('ann') and ended_at is null), 3,
  'waits_per_student: lowered, it ends no position');
select is(joins('ann', 'wed') is not null, true, 'waits_per_student: nor refuses one that is held');
update gym.settings set waits_per_student = 0;
select is(refusal($$ select joins('eve', 'tue') $$), 'ENRUL waiting_lists_off', 'waiting_lists_off: 0');
select is(refusal('update gym.settings set waits_per_student = -1'), '23514 settings_waits_per_student_range',
  'settings: waits_per_student');
select is(refusal('update gym.settings set waiting_closes_days = 32'), '23514 settings_waiting_closes_days_range',
  'settings: waiting_closes_days');
select is(refusal($$ update gym.settings set waiting_closes_at = '24:00' $$), '23514 settings_waiting_closes_at_minute',
  'settings: waiting_closes_at');
select is(refusal($$ update gym.settings set blocked_seat_wait = '40 days' $$),
  '23514 settings_blocked_seat_wait_range', 'settings: blocked_seat_wait');
update gym.settings set waits_per_student = 3;
select is(refusal($$ select joins('tue stranger 1', 'tue') $$), 'ENRUL already_enrolled',
  'already_enrolled: who holds the seat does not wait for it');
select is(refusal($$ insert into gym.waiting (slot_id, user_id) values (slot('tue'), who('tue stranger 1')) $$),
  'ENRUL already_enrolled', 'already_enrolled: by a raw INSERT');
select is(refusal($$ select joins('ann', 'tue', 'thu') $$), 'none', 'joins: instead of nothing');
select book('own', 'thu'), book('own', 'fri'), book('own', 'sun') \g /dev/null
select is(refusal($$ select joins('own', 'tue') $$), 'ENRUL slots_per_student',
  'slots_per_student: the limit is reached, and nothing is given in exchange');
select is(refusal($$ select rules.join_list(who('own'), slot('tue'), seat_of('tue stranger 1', 'tue'), null) $$),
  'ENRUL instead_of_own_seat',
  'instead_of_own_seat: another person''s');
select is(refusal($$ select joins('own', 'tue', 'thu') $$), 'none', 'insteadOf: names what is given in exchange');
select book('own2', 'mon2'), book('own2', 'thu') \g /dev/null
select is(refusal($$ select joins('own2', 'mon', 'thu') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: the weekday is taken, and another seat is named');
select is(refusal($$ select joins('own2', 'mon') $$), 'none', 'insteadOf: that of the weekday is implied');
select who('bad', 'BLOCKED') \g /dev/null
select is(refusal($$ select joins('bad', 'tue') $$), 'ENRUL student_blocked', 'student_blocked: joining');
select who('gone') as gone \gset
update gym.users set deleted = true where id = :gone;
select is(refusal($$ insert into gym.waiting (slot_id, user_id) values (slot('tue'), who('gone')) $$),
  'ENRUL enrolment_user_deleted', 'enrolment_user_deleted: joining');
select rules.delete_slot(make_slot('no', 5, '20:00', 1), false) \g /dev/null
select is(refusal($$ insert into gym.waiting (slot_id, user_id) values (slot('no'), who('eve')) $$),
  'ENGON slot_not_found', 'slot_not_found: joining a deleted one');
select is(wanted(), 'nothing', 'jobs: none while no seat is free');

-- ---- 3: the waiting list comes first ----

select is(frees('tue stranger 1', 'tue') || ', ' || wanted(), 'administrator, tue',
  'jobs: a seat freed while people wait');
select is((select free_since from gym.slots where id = slot('tue')), rules.clock(), 'free_since: since a seat is free');
select is((select free_since from gym.slots where id = slot('wed')), null, 'free_since: none is');
select is(refusal($$ select book('new', 'tue') $$), 'ENRUL waiting_list_first',
  'waiting_list_first: a raw INSERT of a newcomer');
select is(refusal($$ select rules.enrol(who('new'), slot('tue'), null) $$), 'ENRUL waiting_list_first',
  'waiting_list_first: an administrator enrols a newcomer');
select is(asked('entry/create-any', :boss, jsonb_build_object('selectedTime', slot('tue'), 'user', who('new'))),
  'ENRUL waiting_list_first', 'waiting_list_first: entry/create-any');
select is(refusal($$ select rules.enrol(who('bob'), slot('tue'), null) $$), 'ENRUL waiting_list_first',
  'waiting_list_first: the second of the list');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id, position_id) select slot('tue'), who('new'), min(id) from gym.waiting where user_id = who('ann') $$),
  'ENRUL waiting_list_first', 'waiting_list_first: with another person''s position');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id, position_id) select slot('fri'), who('new'), min(id) from gym.waiting where user_id = who('dan') $$),
  'ENRUL waiting_list_first', 'waiting_list_first: with a position that is of another slot');
select is(refusal($$ update gym.enrolments set user_id = who('new') where id = seat_of('tue stranger 2', 'tue') $$),
  'ENRUL waiting_list_first',
  'waiting_list_first: a raw UPDATE gives a seat to a newcomer');
update gym.slots set capacity = 5 where id = slot('tue');
select is(wanted(), 'tue', 'jobs: more seats');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) select slot('tue'), who(n) from unnest('{n1,n2}'::text[]) n $$), 'ENRUL waiting_list_first',
  'waiting_list_first: four free, four wait');
update gym.slots set capacity = 6 where id = slot('tue');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) select slot('tue'), who(n) from unnest('{n1,n2}'::text[]) n $$), 'ENRUL waiting_list_first',
  'waiting_list_first: two newcomers of one statement at the one seat that is free beyond the list');
select is(refusal($$ select book('new', 'tue') $$), 'none', 'waiting_list_first: one has it');
select is(list('tue'), 'ann bob cid own', 'waiting_list_first: and the list its seats');
set local gym.now = '2026-12-25 13:00';
select is(ask('avtime/get',
  who('n3')) @> jsonb_build_array(jsonb_build_object('id', slot('tue'), 'available', false, 'waiting', 4, 'place',
  null)), true, 'avtime/get: not available, four wait');
select is((select jsonb_array_elements(wire.seats_json()::jsonb -> 'slots') @> jsonb_build_object('id', slot('tue'),
  'freeSeats', 0, 'waiting', 4) limit 1) is not null, true, 'avtime/seats: has the list');
select is(ask('entry/create', who('n3'), jsonb_build_object('selectedTimes', array[slot('tue')])) -> 0 ->> 'error',
  'true', 'entry/create: full for a newcomer');
select is(held('n3'), 'nothing', 'entry/create: takes no seat of the list');
select is(ask('entry/create', who('ann'), jsonb_build_object('selectedTimes', array[slot('tue')])) -> 0 ->> 'error',
  'false', 'entry/create: the first of the list has it at once');
select is(why('ann', 'tue') || ', '
  || (select position_id is not null from gym.enrolments where id = seat_of('ann', 'tue')), 'promoted, true',
  'entry/create: from the position');
select is(ask('entry/create-any', :boss,
  jsonb_build_object('selectedTime', slot('tue'), 'user', who('bob'))) #>> '{user,id}', who('bob')::text,
  'entry/create-any: the first of the list');
select is(refusal($$ select rules.enrol(who('n4'), slot('tue'), null, true) $$), 'ENREQ force_reason_given',
  'force_reason_given: force without a reason');
select is((rules.enrol(who('n4'), slot('tue'), :boss, true, p_reason => 'сборная')).past_list, 'forced',
  'exemption forced: with a reason');
select is((select reason from gym.ledger where user_id = who('n4')), 'waiting_list_first: сборная',
  'exemption forced: the ledger says so');
select is(seats('tue') || ', ' || list('tue'), '5 of 6, cid own', 'exemption forced: the list is one seat short');

-- ---- 4: promotion ----

select is(promoted(), 1, 'promote: one seat, one person');
select is(held('cid') || ', ' || why('cid', 'tue') || ', ' || list('tue'), 'tue, promoted, own',
  'promote: the first of the list');
update gym.slots set capacity = 7 where id = slot('tue');
select is(promoted() || ': ' || held('own'), '1: tue fri sun', 'promote: in exchange for the seat named');
select is((select cancel_reason from gym.enrolments where user_id = who('own') and slot_id = slot('thu')), 'moved',
  'promote: the old seat is given up');
select is(frees('mon stranger 1', 'mon') || ', ' || promoted() || ': ' || held('ann'), 'administrator, 1: mon tue',
  'promote: without an exchange');
select is(frees('mon stranger 2', 'mon') || ', ' || promoted() || ': ' || held('own2'), 'administrator, 1: mon thu',
  'promote: in exchange for the seat of the weekday');
-- two positions name one seat
select book('two', 'thu'), joins('two', 'wed', 'thu'), joins('two', 'sat', 'thu') \g /dev/null
select is(frees('sat stranger 1', 'sat') || ', ' || promoted() || ': ' || held('two') || ', ' || why('two', 'wed'),
  'administrator, 1: sat, exchanged', 'promote: the second position that names the seat ends');
-- the seat named is gone
select book('lost', 'thu'), joins('lost', 'wed', 'thu'), frees('lost', 'thu') \g /dev/null
select is(frees('wed stranger 1', 'wed') || ', ' || promoted() || ': ' || held('ann'), 'administrator, 1: mon tue wed',
  'promote: the rank decides');
select is(frees('wed stranger 2', 'wed') || ', ' || promoted() || ': ' || held('lost'), 'administrator, 1: wed',
  'promote: the seat named is gone, without an exchange');
-- forced beyond the limit stays so
select crowd('sun', 1) \g /dev/null
update gym.slots set capacity = taken where id = slot('sun');
select book('big', 'mon2'), book('big', 'thu'), book('big', 'fri'), rules.enrol(who('big'), make_slot('sat2', 5, '18:00', 1), null, true) \g /dev/null
select joins('big', 'sun', 'sat2'), frees('sun stranger 1', 'sun'), promoted() \g /dev/null
select is((select beyond_limit from gym.enrolments where id = seat_of('big', 'sun')) || ': ' || held('big'),
  'forced: mon2 thu fri sun', 'promote: a seat forced beyond the limit stays so');
select is(audit.*::text, '(0)', 'audit: clean so far')
  from (select sum(violations) from rules.audit() where invariant <> 'list_is_served') audit;

update gym.slots set capacity = 12 where id = slot('sun');

-- ---- the exemptions: moved, swapped, merged, given back ----

select make_slot('a', 0, '08:00', 1), make_slot('b', 1, '08:00', 1), book('a1', 'a'), book('b1', 'b'), joins('w1', 'a'), joins('w2', 'b') \g /dev/null
select book('m1', 'mon2'), frees('a1', 'a') \g /dev/null
select is((rules.move_enrolment(seat_of('m1', 'mon2'), slot('a'), :boss)).past_list || ', ' || list('a'), 'moved, w1',
  'exemption moved: an administrator moves a seat past the list');
select rules.swap_slots(slot('a'), slot('b')) \g /dev/null
select is(held('m1') || ', ' || held('b1') || ', ' || list('a') || ', ' || list('b'), 'b, a, w1, w2',
  'exemption swapped: people change places; positions stay with the slot''s id');
select is((select past_list from gym.enrolments where id = seat_of('b1', 'a')), 'swapped',
  'exemption swapped: the seat says so');
select is((select result from rules.merge_users(who('b1'), who('b2'), :boss) where what ~ '^01'), 'moved',
  'exemption merged: the seat goes over');
select is((select past_list from gym.enrolments where id = seat_of('b2', 'a')) || ', ' || list('a'), 'merged, w1',
  'exemption merged: the seat says so');

-- ---- 5: no dead positions ----

select joins('d1', 'a'), joins('d1', 'b') \g /dev/null
select book('d1', 'mon2'), joins('d1', 'a') \g /dev/null
select is(why('d1', 'a'), 'open', 'no dead positions: a seat of that weekday is one to exchange');
select book('d1', 'thu'), book('d1', 'fri') \g /dev/null
select is(why('d1', 'a') || ', ' || why('d1', 'b'), 'open, limit', 'no dead positions: the limit is reached elsewhere');
select make_slot('mon3', 0, '12:00', 2), book('d2', 'fri'), joins('d2', 'a', 'fri'), book('d2', 'mon3') \g /dev/null
select is(why('d2', 'a'), 'weekday taken', 'no dead positions: the weekday is taken, and another seat was named');
select joins('d3', 'a'), rules.enrol(who('d3'), slot('sun'), null) \g /dev/null
select is(why('d3', 'a'), 'open', 'no dead positions: another day does no harm');
select rules.block(who('d3'), 'порча', null, :boss) \g /dev/null
select is(why('d3', 'a') || ', '
  || (select block_id is not null from gym.waiting where user_id = who('d3') and slot_id = slot('a')), 'blocked, true',
  'no dead positions: a block');
select rules.unblock(who('d3'), 'прощён', :boss) \g /dev/null
select is(why('d3', 'a') || ', ' || list('a'), 'open, w1 d1 d3', 'no dead positions: lifted, it comes back at the end');
select joins('d4', 'a'), rules.delete_user(who('d4')) \g /dev/null
select is(why('d4', 'a'), 'user deleted', 'no dead positions: a deletion');
-- a limit lowered ends a position only when its turn comes
select make_slot('c', 2, '08:00', 1), book('c1', 'c'), book('d5', 'mon3'), joins('d5', 'c') \g /dev/null
update gym.settings set slots_per_student = 1;
select is(why('d5', 'c'), 'open', 'a lowered limit ends no position');
select is(frees('c1', 'c') || ', ' || promoted() || ', ' || why('d5', 'c'), 'administrator, 1, limit',
  'no dead positions: when its turn comes it starves no seat');
update gym.settings set slots_per_student = 3;

-- ---- 9: slots and accounts ----

select make_slot('wed9', 2, '21:00', 9) \g /dev/null
select rules.leave_list(who('w2'), slot('b'), null), joins('s1', 'b'), joins('s2', 'b'), book('s2', 'wed9') \g /dev/null
select book('s3', 'thu'), joins('s3', 'b', 'thu'), book('s3', 'wed9') \g /dev/null
select rules.edit_slot(slot('b'), 2, '07:00', null) \g /dev/null
select is(list('b') || ', ' || why('s3', 'b'), 's1 s2, slot moved',
  'slots: moved to another weekday, positions stay but for those that clash');
select rules.delete_slot(slot('b'), true) \g /dev/null
select is(why('s1', 'b'), 'slot deleted', 'slots: deleted');
select make_slot('e', 3, '08:00', 1), joins('e1', 'e') \g /dev/null
select is(refusal(format('select rules.delete_slot(%s, false)', slot('e'))), 'none',
  'slots: with people who wait only, without force');
select make_slot('f', 3, '09:00', 1), crowd('f', 1), joins('f1', 'f'), joins('f2', 'f'), joins('f3', 'f') \g /dev/null
select rules.merge_users(who('f2'), who('f4'), :boss) \g /dev/null
select is(list('f'), 'f1 f4 f3', 'accounts: merged, a position goes over with its rank');
select rules.merge_users(who('f1'), who('f3'), :boss) \g /dev/null
select is(list('f'), 'f3 f4', 'accounts: merged, the better rank stays');
select rules.block(who('f5'), 'порча', null, :boss) \g /dev/null
select rules.merge_users(who('f4'), who('f5'), :boss) \g /dev/null
select is(list('f') || ', ' || why('f4', 'f'), 'f3, merged', 'accounts: merged into one that may not wait');
select rules.erase_person(who('f3'), 'закон') \g /dev/null
select is(list('f'), 'nobody', 'accounts: erased');

-- ---- 10: leaving is free, the list is visible, moving ahead ----

select make_slot('g', 3, '10:00', 1), crowd('g', 1), joins('g1', 'g'), joins('g2', 'g'), joins('g3', 'g'), joins('g4', 'g') \g /dev/null
select is(refusal($$ select rules.move_ahead(who('g3'), slot('g'), 1, ' ') $$), 'ENREQ move_ahead_reason_given',
  'move_ahead_reason_given: without a reason');
select is(refusal($$ select rules.move_ahead(who('g1'), slot('g'), 1, 'x') $$), 'ENREQ move_ahead_only',
  'move_ahead_only: the first is the first');
select is(refusal($$ select rules.move_ahead(who('g2'), slot('g'), 3, 'x') $$), 'ENREQ move_ahead_only',
  'move_ahead_only: nobody is moved back');
select is(refusal($$ select rules.move_ahead(who('g9'), slot('g'), 1, 'x') $$), 'ENGON position_not_found',
  'position_not_found: move_ahead');
select rules.move_ahead(who('g4'), slot('g'), 2, 'справка врача') \g /dev/null
select is(list('g'), 'g1 g4 g2 g3', 'move_ahead: to a rank');
select rules.move_ahead(who('g3'), slot('g'), 1, 'ошибка тренера') \g /dev/null
select is(list('g'), 'g3 g1 g4 g2', 'move_ahead: to the first');
select is((select new_values ->> 'moved_reason' from gym.audit_log where on_table = 'waiting' order by id desc limit 1),
  'ошибка тренера', 'move_ahead: the audit trail has the reason');
select is(ask('wait/get', who('g4')) -> 0 ->> 'place', '3', 'wait/get: the own rank');
select is(keys(ask('wait/get', who('g4')) -> 0), 'closesAt id insteadOf place selectedTime since waiting',
  'wait/get: and nobody''s name');
select is((select string_agg(w ->> 'place' || ' ' || (w -> 'user' ->> 'id' = who('g3')::text)::text, ', ')
  from jsonb_array_elements(ask('entry/lists', who('coach', 'COACH'),
  '{"month":"next","weekday":3,"time":"10:00"}') -> 0 -> 'waiting') w),
  '1 true, 2 false, 3 false, 4 false', 'entry/lists: the coach sees the list');
select is(ask('wait/delete', who('g4'), jsonb_build_object('selectedTime', slot('g'))), '{"result": true}',
  'wait/delete: leaving costs nothing');
select is(asked('wait/delete', who('g4'), jsonb_build_object('selectedTime', slot('g'))), 'ENGON position_not_found',
  'position_not_found: wait/delete');
select rules.erase_person(who('g3'), 'закон') \g /dev/null
select is((select moved_reason from gym.waiting where user_id = who('g3')), 'стёрто',
  'erase_person: the reason of a move');
select is((select count(*)::integer from gym.audit_log where new_values ->> 'moved_reason' = 'ошибка тренера'), 0,
  'erase_person: in the trail too');

-- ---- 7: the close ----

select is(rules.local_time(rules.list_closes_at(s)), '2026-12-31 18:00', 'close: Fridays begin on the 1st')
  from gym.slots s where s.id = slot('fri');
select is(rules.local_time(rules.list_closes_at(s)), '2027-01-06 18:00', 'close: Thursdays on the 7th') from gym.slots s
  where s.id = slot('g');
insert into gym.closures (start_date, end_date, reason, created_at)
  values ('2027-01-01', '2027-01-08', 'праздники', now());
select is(rules.local_time(rules.list_closes_at(s)), '2027-01-13 18:00', 'close: after the closed days')
  from gym.slots s where s.id = slot('g');
insert into gym.closures (start_date, end_date, runs_as, reason, created_at)
  values ('2027-01-09', '2027-01-09', 3, 'перенос', now());
select is(rules.local_time(rules.list_closes_at(s)), '2027-01-08 18:00', 'close: a moved day counts') from gym.slots s
  where s.id = slot('g');
insert into gym.cancelled_lessons values ('2027-01-09', '10:00', now());
update gym.settings set waiting_closes_days = 2, waiting_closes_at = '12:00';
select is(rules.local_time(rules.list_closes_at(s)), '2027-01-12 12:00',
  'close: a lesson called off does not, and the settings do') from gym.slots s where s.id = slot('g');
set local gym.now = '2027-01-12 11:59';
select is(ask('wait/create', who('late1'), jsonb_build_object('selectedTime', slot('g'))) ->> 'place', '3',
  'wait/create: in the month that runs, until the close');
set local gym.now = '2027-01-12 12:00';
select frees('g stranger 1', 'g') \g /dev/null
select is(asked('wait/create', who('late2'), jsonb_build_object('selectedTime', slot('g'))),
  'ENRUL waiting_list_closed', 'waiting_list_closed: joining');
select is(refusal($$ select book('late3', 'g') $$), 'none', 'close: it holds nobody back, before the job came too');
select is(promoted() > 0, true, 'close: the job ends it');
select is(list('g') || ', ' || why('g1', 'g') || ', ' || held('g1'), 'nobody, closed, nothing',
  'close: nobody is enrolled unasked');
-- a promoted seat may be given up until its first lesson
set local gym.now = '2027-01-11 09:00';
select make_slot('h', 5, '11:00', 1, '2027-01-01'), book('h2', 'h') \g /dev/null
select joins('h1', 'h'), frees('h2', 'h'), promoted() \g /dev/null
select is(held('h1'), 'h', 'promote: in the month that runs');
set local gym.now = '2027-01-16 11:00';
select is(asked('entry/delete', who('h1'), jsonb_build_object('id', seat_of('h1', 'h'))),
  'ENRUL cancel_next_month_only', 'cancel_own: not once the first lesson has begun');
set local gym.now = '2027-01-16 10:59';
select is(asked('entry/delete', who('h1'), jsonb_build_object('id', seat_of('h1', 'h'))), 'none',
  'cancel_own: a promoted seat, until its first lesson');

select * from finish();
rollback;
