begin;
\ir ../../helpers/start.psql
select plan(130);

-- ---- one seat, by a raw INSERT ----

select a_week(2) \g /dev/null
select book('ann', 'tue') \g /dev/null

select is(seats('tue'), '1 of 2', 'enrolments__count: a raw INSERT takes one seat');
select results_eq(
  $$ select month, weekday, created_at, created_by, cancelled_at, cancelled_by, cancel_reason from gym.enrolments where user_id = who('ann') $$,
  $$ values (date '2027-01-01', smallint '1', rules.clock(), null::integer, null::timestamptz, null::integer, null::text) $$,
  'enrolments__place: fills in month, weekday and the moment, and nothing else');
select is(refusal($$ select book('ann', 'tue') $$), '23505 enrolments_one_a_weekday',
  'enrolments_one_a_weekday: the same slot twice');
select make_slot('tue2', 1, '17:30', 2) \g /dev/null
select is(refusal($$ select book('ann', 'tue2') $$), '23505 enrolments_one_a_weekday',
  'enrolments_one_a_weekday: another slot of that weekday');
select is(seats('tue') || ', ' || seats('tue2'), '1 of 2, 0 of 2', 'enrolments_one_a_weekday: the counters stay');

select lives_ok(
  $$ insert into gym.enrolments (slot_id, user_id, month, weekday) values (slot('wed'), who('ann'), '2020-02-01', 6) $$,
  'enrolments__place: a wrong month and weekday in an INSERT are put right');
select is((select (month, weekday)::text from gym.enrolments where slot_id = slot('wed')), '(2027-01-01,2)',
  'enrolments__place: they are the slot''s');
select is(refusal($$ update gym.enrolments set month = '2027-02-01' where user_id = who('ann') $$),
  '23503 enrolments_slot_id_fkey',
  'enrolments_slot_id_fkey: month can''t differ from the slot''s');
select is(refusal($$ update gym.enrolments set weekday = 5 where slot_id = slot('wed') $$),
  '23503 enrolments_slot_id_fkey',
  'enrolments_slot_id_fkey: weekday can''t differ from the slot''s');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) values (-1, who('ann')) $$), '23502',
  'a slot that does not exist');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) values (slot('mon'), -1) $$),
  '23503 enrolments_user_id_fkey',
  'a person who does not exist');
select is(seats('mon'), '0 of 2', 'a person who does not exist takes no seat');

-- ---- capacity ----

select book('bob', 'tue') \g /dev/null
select is(refusal($$ select book('eve', 'tue') $$), '23514 slots_taken_within_capacity',
  'slots_taken_within_capacity: a raw INSERT over it');
select is(seats('tue') || ', ' || held('eve'), '2 of 2, nothing', 'slots_taken_within_capacity: nothing was changed');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) select slot('thu'), who(n) from unnest('{p1,p2,p3}'::text[]) n $$),
  '23514 slots_taken_within_capacity', 'slots_taken_within_capacity: one INSERT of three rows into two seats');
select is(seats('thu'), '0 of 2', 'slots_taken_within_capacity: not one of the three got in');
select lives_ok(
  $$ insert into gym.enrolments (slot_id, user_id) select slot('thu'), who(n) from unnest('{p1,p2}'::text[]) n $$,
  'one INSERT of two rows into two seats');
select is(seats('thu'), '2 of 2', 'enrolments__count: both are counted');
select lives_ok(
  $$ insert into gym.enrolments (slot_id, user_id, cancelled_at) select slot('thu'), who(n), rules.clock() from unnest('{p3,p4}'::text[]) n $$,
  'rows that are cancelled from the beginning go into a full slot');
select is(seats('thu'), '2 of 2', 'enrolments__count: cancelled rows take no seat');
select is(refusal($$ update gym.slots set capacity = 1 where id = slot('thu') $$), '23514 slots_taken_within_capacity',
  'slots_taken_within_capacity: a raw UPDATE of the capacity below what is taken');
select is(refusal($$ update gym.slots set capacity = capacity - 1 $$), '23514 slots_taken_within_capacity',
  'slots_taken_within_capacity: of all slots at once');
select is(seats('thu') || ', ' || seats('mon'), '2 of 2, 0 of 2',
  'slots_taken_within_capacity: no capacity was changed');
select lives_ok($$ update gym.slots set capacity = 3 where id = slot('thu') $$, 'a capacity is raised');
select lives_ok($$ select book('p5', 'thu') $$, 'and the new seat taken');

-- ---- moves: to another slot, to another person ----

select is(refusal($$ update gym.enrolments set slot_id = slot('thu') where user_id = who('bob') $$),
  '23514 slots_taken_within_capacity',
  'slots_taken_within_capacity: an enrolment does not move into a full slot');
select is(seats('tue') || ', ' || seats('thu'), '2 of 2, 3 of 3', 'slots_taken_within_capacity: both counters stay');
select lives_ok($$ update gym.enrolments set slot_id = slot('fri') where user_id = who('bob') $$,
  'an enrolment moves to another slot');
select is(held('bob') || ': ' || seats('tue') || ', ' || seats('fri'), 'fri: 1 of 2, 1 of 2',
  'enrolments__count: the seat moved along');
select is((select weekday from gym.enrolments where user_id = who('bob')), 4::smallint,
  'enrolments__place: and its weekday');
select lives_ok(
  $$ update gym.enrolments set slot_id = case slot_id when slot('tue') then slot('mon') else slot('tue') end
      where user_id in (who('ann'), who('bob')) and slot_id in (slot('tue'), slot('fri')) $$,
  'two enrolments move in one statement');
select is(held('ann') || ', ' || held('bob') || ': ' || seats('mon') || ', ' || seats('tue') || ', ' || seats('fri'),
  'mon wed, tue: 1 of 2, 1 of 2, 0 of 2', 'enrolments__count: all three slots count right');
select is(refusal($$ update gym.enrolments set slot_id = slot('mon2') where user_id = who('ann') $$),
  '23505 enrolments_one_a_weekday',
  'enrolments_one_a_weekday: two enrolments do not move to one weekday');
select lives_ok($$ update gym.enrolments set user_id = who('eve') where user_id = who('bob') $$,
  'an enrolment is given to another person');
select is(held('bob') || ', ' || held('eve') || ': ' || seats('tue'), 'nothing, tue: 1 of 2',
  'the seat stays taken, by the other');
select is(
  refusal($$ update gym.enrolments set user_id = who('ann') where user_id = who('p5') or user_id = who('p1') $$),
  '23505 enrolments_one_a_weekday', 'enrolments_one_a_weekday: two are not given to one person');

-- ---- the number a month ----

select book('ann', 'tue') \g /dev/null
select is(refusal($$ select book('ann', 'fri') $$), 'ENRUL slots_per_student',
  'slots_per_student: a fourth by a raw INSERT');
select is(held('ann') || ': ' || seats('fri'), 'mon tue wed: 0 of 2', 'slots_per_student: nothing was changed');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) select slot(s), who('zoe') from unnest('{mon,wed,fri,sat}'::text[]) s $$),
  'ENRUL slots_per_student', 'slots_per_student: four in one statement');
select is(held('zoe') || ': ' || seats('mon'), 'nothing: 1 of 2', 'slots_per_student: not one of the four stays');
select book('bob', 'fri') \g /dev/null
select is(refusal($$ update gym.enrolments set user_id = who('ann') where user_id = who('bob') $$),
  'ENRUL slots_per_student',
  'slots_per_student: a fourth given by an UPDATE of the person');
select make_slot('feb', 5, '16:00', 2, '2027-02-01') \g /dev/null
select book('ann', 'feb') \g /dev/null
select is(held('ann'), 'mon tue wed feb', 'slots_per_student: each month has its own');
select is(refusal($$ update gym.enrolments set slot_id = slot('sat') where slot_id = slot('feb') $$),
  'ENRUL slots_per_student',
  'slots_per_student: a fourth moved here from another month');
select is(seats('feb') || ', ' || seats('sat'), '1 of 2, 0 of 2', 'slots_per_student: the move changed nothing');
update gym.settings set slots_per_student = 2;
select is(held('ann'), 'mon tue wed feb', 'slots_per_student: lowering it takes nothing away');
select lives_ok(
  $$ update gym.enrolments set slot_id = slot('sat') where user_id = who('ann') and slot_id = slot('wed') $$,
  'slots_per_student: lowered, a seat still moves within the month');
select lives_ok(
  $$ update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann') and slot_id = slot('sat') $$,
  'slots_per_student: lowered, a seat can be given up');
savepoint lowered;
create function help.beyond(p_person text) returns text
language sql as $$
  select coalesce(string_agg(s.name, ' ' order by e.id), 'nothing') from gym.enrolments e
    join help.slots s on s.id = e.slot_id
   where e.user_id = help.who(p_person) and e.cancelled_at is null and e.beyond_limit is not null
$$;
select is(held('ann') || ': ' || beyond('ann'), 'mon tue feb: tue', 'settings__limit: lowered, the latest is marked');
select is(refusal($$ select book('ann', 'wed') $$), 'ENRUL slots_per_student',
  'slots_per_student: lowered, it holds for new choices');
update gym.settings set slots_per_student = 3;
select is(beyond('ann'), 'nothing', 'settings__limit: raised again, nothing is');
select make_slot('thu3', 3, '20:30'), book('ann', 'thu3') \g /dev/null
update gym.settings set slots_per_student = 1;
select is(beyond('ann'), 'tue thu3', 'settings__limit: lowered, each month has its own');
update gym.settings set slots_per_student = 2;
select is(beyond('ann'), 'thu3', 'settings__limit: raised, what is within it is marked no longer');
update gym.enrolments set beyond_limit = 'forced' where user_id = who('ann') and slot_id = slot('mon');
update gym.settings set slots_per_student = 1;
select is(beyond('ann'), 'mon thu3', 'settings__limit: what was forced stays so, beside the latest');
update gym.settings set seats_per_slot = 11;
select is(beyond('ann'), 'mon thu3', 'settings__limit: another setting changes nothing');
select is(
  refusal($$ update gym.enrolments set slot_id = slot('sun') where user_id = who('ann') and slot_id = slot('mon') $$),
  'none', 'beyond_limit: moves within the month');
select is(beyond('ann'), 'sun thu3', 'beyond_limit: and stays marked');
select is((select (beyond_limit, created_by)::text from rules.enrol(who('ann'), slot('fri'), null, true)), '(forced,)',
  'enrol: by force, also of somebody who holds more than the limit since it was lowered');
select is(refusal($$ update gym.enrolments set user_id = who('fay') where user_id = who('ann') and slot_id in (slot('sun'), slot('thu3')) $$), 'ENRUL slots_per_student', 'beyond_limit: two given to another person count');
update gym.enrolments set user_id = who('fay') where user_id = who('ann') and slot_id = slot('sun');
select is(held('fay') || ', ' || beyond('fay'), 'sun, nothing', 'beyond_limit: one does as well');
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann') and slot_id = slot('thu3');
select is(
  refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('ann') and slot_id = slot('thu3') $$),
  'ENRUL slots_per_student', 'beyond_limit: brought back it counts');
rollback to lowered;
update gym.settings set slots_per_student = 3;

-- ---- cancelling ----

select is((select cancel_reason from gym.enrolments where slot_id = slot('sat')), 'administrator',
  'enrolments__place: cancelled in psql without a reason, the reason is the administrator');
select is(seats('sat'), '0 of 2', 'enrolments__count: a cancelled seat is free');
select lives_ok(
  $$ update gym.enrolments set cancelled_at = cancelled_at + interval '1 minute' where slot_id = slot('sat') $$,
  'cancelled twice');
select is(seats('sat'), '0 of 2', 'enrolments__count: the seat is free once');
select crowd('sat', 2) \g /dev/null
select is(
  refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('ann') and slot_id = slot('sat') $$),
  '23514 slots_taken_within_capacity', 'slots_taken_within_capacity: un-cancelled into a full slot');
select is(seats('sat'), '2 of 2', 'slots_taken_within_capacity: un-cancelling changed nothing');
update gym.slots set capacity = 3 where id = slot('sat');
select lives_ok($$ update gym.enrolments set cancelled_at = null, cancelled_by = who('bob') where user_id = who('ann') and slot_id = slot('sat') $$,
  'un-cancelled where there is a seat');
select is((select (cancelled_at, cancelled_by, cancel_reason)::text from gym.enrolments
  where user_id = who('ann') and slot_id = slot('sat')),
  '(,,)', 'enrolments__place: who and why are forgotten with it');
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann') and slot_id = slot('sat');
select book('ann', 'wed') \g /dev/null
select is(refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('ann') $$),
  'ENRUL slots_per_student',
  'slots_per_student: un-cancelled over it');
select is(refusal($$ update gym.enrolments set id = id + 1000000, cancelled_at = null where user_id = who('ann') and slot_id = slot('sat') $$), 'ENRUL id_fixed',
  'id_fixed: un-cancelled under another id, past the limit');
select make_slot('wed2', 2, '17:30', 2) \g /dev/null
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann') and slot_id = slot('tue');
insert into gym.enrolments (slot_id, user_id, cancelled_at) values (slot('wed2'), who('ann'), rules.clock());
select is(
  refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('ann') and slot_id = slot('wed2') $$),
  '23505 enrolments_one_a_weekday', 'enrolments_one_a_weekday: un-cancelled beside another of that weekday');
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann') and slot_id = slot('wed');
insert into gym.enrolments (slot_id, user_id, cancelled_at) values (slot('wed'), who('ann'), rules.clock());
select is(refusal($$ update gym.enrolments set cancelled_at = null where id = (select min(id) from gym.enrolments where user_id = who('ann') and slot_id = slot('wed')) $$),
  'ENRUL cancelled_for_good', 'cancelled_for_good: enrolled in the slot again since');
select rules.block(who('ann'), 'шум', null, null) \g /dev/null
select is(refusal($$ update gym.enrolments set cancelled_at = null where id = (select max(id) from gym.enrolments where user_id = who('ann') and slot_id = slot('wed')) $$),
  'ENRUL cancelled_for_good', 'cancelled_for_good: under a block');
select rules.unblock(who('ann'), 'тихо', null) \g /dev/null
select is(refusal($$ update gym.enrolments set cancelled_at = rules.clock(), cancel_reason = 'bad mood' where user_id = who('bob') $$),
  '23514 enrolments_cancel_reason_known', 'enrolments_cancel_reason_known: a reason of one''s own');
select lives_ok($$ update gym.enrolments set cancelled_at = rules.clock() $$,
  'everything is cancelled in one statement');
select is((select count(*) from gym.slots where taken <> 0), 0::bigint, 'enrolments__count: every seat is free');

-- ---- statements that do several things at once ----

create function help.active(p_person text, p_slot text) returns integer
language sql as $$ select id from gym.enrolments where user_id = who(p_person) and slot_id = slot(p_slot) and cancelled_at is null $$;
select book('tim', 'sun') \g /dev/null
select lives_ok($$ insert into gym.enrolments (id, slot_id, user_id) values (active('tim', 'sun'), slot('sat'), who('kim')) on conflict (id) do update set cancelled_at = rules.clock() $$,
  'INSERT … ON CONFLICT DO UPDATE');
select is(held('tim') || ', ' || held('kim') || ': ' || seats('sun') || ', ' || seats('sat'),
  'nothing, nothing: 0 of 2, 0 of 3', 'enrolments__count: the row was updated, none inserted');
select lives_ok($$
  with given_up as (update gym.enrolments set slot_id = slot('sun'), cancelled_at = null where user_id = who('tim')
    returning id)
  insert into gym.enrolments (slot_id, user_id) select slot('sun'), who('kim') from given_up $$,
    'an INSERT with an UPDATE inside');
select is(seats('sun'), '2 of 2', 'enrolments__count: both are counted');
select is(refusal($$
  with a as (insert into gym.enrolments (slot_id, user_id) select slot(s), who('kim') from unnest('{mon,tue}'::text[]) s
    returning id),
       b as (insert into gym.enrolments (slot_id, user_id) values (slot('wed'), who('kim')) returning id)
  select * from a, b $$), 'ENRUL slots_per_student', 'slots_per_student: two and one, in one statement, to one held');
select is(held('kim') || ': ' || seats('wed'), 'sun: 0 of 2', 'slots_per_student: not one of the three stays');
select is(refusal($$ insert into gym.enrolments (slot_id, user_id) select slot('sun'), who(n) from unnest('{u1,u2}'::text[]) n on conflict do nothing $$), '23514 slots_taken_within_capacity',
  'slots_taken_within_capacity: ON CONFLICT DO NOTHING does not forgive a full slot');

-- ---- a slot or a person that is gone ----

update gym.slots set deleted_at = rules.clock() where id = slot('tue2');
select is(refusal($$ select book('ann', 'tue2') $$), '23514 slots_deleted_is_empty',
  'slots_deleted_is_empty: an INSERT into a deleted slot');
insert into gym.enrolments (slot_id, user_id, cancelled_at) values (slot('tue2'), who('ann'), rules.clock());
select is(refusal($$ update gym.enrolments set cancelled_at = null where slot_id = slot('tue2') $$),
  '23514 slots_deleted_is_empty',
  'slots_deleted_is_empty: un-cancelled in a deleted slot');
select book('ann', 'mon') \g /dev/null
select is(
  refusal($$ update gym.enrolments set slot_id = slot('tue2') where user_id = who('ann') and slot_id = slot('mon') $$),
  '23514 slots_deleted_is_empty', 'slots_deleted_is_empty: moved to a deleted slot');
select is(seats('tue2') || ', ' || seats('mon'), '0 of 2, 1 of 2', 'slots_deleted_is_empty: nothing was changed');
update gym.users set deleted = true where id = who('bob');
select is(refusal($$ select book('bob', 'mon') $$), 'ENRUL enrolment_user_deleted',
  'enrolment_user_deleted: an INSERT');
select is(
  refusal($$ update gym.enrolments set user_id = who('bob') where user_id = who('ann') and slot_id = slot('mon') $$),
  'ENRUL enrolment_user_deleted', 'enrolment_user_deleted: given to somebody deleted');
select is(refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('bob') $$),
  'ENRUL enrolment_user_deleted',
  'enrolment_user_deleted: un-cancelled');
select is(seats('mon') || ', ' || held('bob'), '1 of 2, nothing', 'enrolment_user_deleted: nothing was changed');

-- ---- rules.release ----

select is(rules.release('{}', 'moved'), 0, 'release: nobody of nobody');
select is(rules.release(array[-1], 'moved'), 0, 'release: an enrolment that does not exist');
select is(rules.release(array(select id from gym.enrolments where user_id = who('ann')), 'moved', who('eve')), 1,
  'release: counts those that were active');
select is((select (cancelled_at = rules.clock(), cancelled_by = who('eve'), cancel_reason)::text from gym.enrolments
            where user_id = who('ann') and slot_id = slot('mon') order by id desc limit 1), '(t,t,moved)',
              'release: notes when, who and why');

-- ---- rules.enrol, by an administrator ----

select is((select (user_id = who('ann'), slot_id = slot('fri'), created_by = who('boss', 'ADMIN'))::text
             from rules.enrol(who('ann'), slot('fri'), who('boss'))), '(t,t,t)',
               'enrol: next month, while enrolment is closed');
select is(refusal($$ select rules.enrol(who('ann'), slot('fri'), null) $$), 'ENRUL already_enrolled',
  'already_enrolled: the same slot again');
select make_slot('fri2', 4, '17:30', 2) \g /dev/null
select is(refusal($$ select rules.enrol(who('ann'), slot('fri2'), null) $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: by an administrator');
select crowd('fri2', 2) \g /dev/null
select is(refusal($$ select rules.enrol(who('eve'), slot('fri2'), null) $$), 'ENRUL slots_taken_within_capacity',
  'slots_taken_within_capacity: by an administrator');
select rules.enrol(who('ann'), slot('mon'), null), rules.enrol(who('ann'), slot('tue'), null) \g /dev/null
select is(refusal($$ select rules.enrol(who('ann'), slot('wed'), null) $$), 'ENRUL slots_per_student',
  'slots_per_student: by an administrator');
select is(held('ann'), 'mon tue fri', 'enrol: what is refused changes nothing');
savepoint forced;
create function help.forced(p_person text) returns text
language sql as $$
  select coalesce(string_agg(format('%s of %s by %s', substring(l.reason from '\w+$'), s.name,
    l.by_user = help.who('boss')), ', ' order by l.id), 'nothing')
    from gym.ledger l join gym.enrolments e on e.id = l.enrolment_id join help.slots s on s.id = e.slot_id
   where l.user_id = help.who(p_person) and l.event = 'forced'
$$;
select is((rules.enrol(who('ann'), slot('wed'), who('boss'), true)).beyond_limit, 'forced',
  'enrol: by force beyond the limit, and marked so');
select is(held('ann') || ': ' || forced('ann'), 'mon tue wed fri: slots_per_student of wed by t',
  'enrol: the ledger says which rule was overridden, and by whom');
select is(refusal($$ select book('ann', 'thu') $$), 'ENRUL slots_per_student',
  'slots_per_student: no fifth without force');
select is(refusal($$ select rules.enrol(who('ann'), slot('wed'), null, true) $$), 'ENRUL already_enrolled',
  'already_enrolled: by force');
select is(refusal($$ select rules.enrol(who('eve'), slot('fri2'), null, true) $$), 'ENRUL slots_taken_within_capacity',
  'slots_taken_within_capacity: never by force');
select make_slot('wed3', 2, '19:00', 2) \g /dev/null
select is((rules.enrol(who('ann'), slot('wed3'), who('boss'), true)).beyond_limit, 'forced',
  'enrol: by force in exchange for a seat beyond the limit');
select is(held('ann') || ': ' || forced('ann'), 'mon tue wed3 fri: slots_per_student of wed by t, enrolments_one_a_weekday of wed by t, slots_per_student of wed3 by t', 'enrol: the ledger names what was given up');
select is((rules.enrol(who('eve'), slot('feb'), who('boss'), true)).beyond_limit, null,
  'enrol: by force in a later month');
select is(forced('eve'), 'enrol_month of feb by t', 'enrol: which the ledger notes');
select is(((rules.enrol(who('gil'), slot('mon'), who('boss'), true)).beyond_limit, forced('gil'))::text, '(,nothing)',
  'enrol: force where no rule is broken is none');
select is((select string_agg(a.invariant, ' ') from rules.audit() a
  where a.violations > 0 and a.invariant in ('slots_per_student', 'one_a_weekday', 'capacity_held')), null,
  'enrol: the audit finds nothing wrong with force');
rollback to forced;
select is(refusal($$ select rules.enrol(who('bob'), slot('wed'), null) $$), 'ENGON user_not_found',
  'user_not_found: enrol somebody deleted');
select is(refusal($$ select rules.enrol(-1, slot('wed'), null) $$), 'ENGON user_not_found',
  'user_not_found: enrol nobody');
select is(refusal($$ select rules.enrol(who('eve'), slot('tue2'), null) $$), 'ENGON slot_not_found',
  'slot_not_found: enrol in a deleted slot');
select is(refusal($$ select rules.enrol(who('eve'), -1, null) $$), 'ENGON slot_not_found',
  'slot_not_found: enrol in none');
select is(refusal($$ select rules.enrol(who('eve'), slot('feb'), null) $$), 'ENRUL enrol_month',
  'enrol_month: the month after next');
select make_slot('nov', 0, '16:00', 2, '2026-11-01'), make_slot('dec', 0, '16:00', 2, '2026-12-01') \g /dev/null
select is(refusal($$ select rules.enrol(who('eve'), slot('nov'), null) $$), 'ENRUL enrol_month',
  'enrol_month: last month');
select lives_ok($$ select rules.enrol(who('eve'), slot('dec'), null) $$, 'enrol: the current month');
select lives_ok($$ select rules.enrol(who('bad', 'BLOCKED'), slot('wed'), null) $$,
  'enrol: a blocked student, by an administrator');

-- ---- rules.cancel, by an administrator; rules.cancel_own ----

select is(
  (select (cancelled_by = who('boss'), cancel_reason)::text
     from rules.cancel((select id from gym.enrolments where user_id = who('eve') and cancelled_at is null),
       who('boss'))),
  '(t,administrator)', 'cancel: of the current month');
select is(seats('dec'), '0 of 2', 'cancel: the seat is free');
select is(refusal($$ select rules.cancel((select id from gym.enrolments where slot_id = slot('dec')), null) $$),
  'ENGON enrolment_not_found',
  'enrolment_not_found: cancelled twice');
select is(refusal($$ select rules.cancel(-1, null) $$), 'ENGON enrolment_not_found',
  'enrolment_not_found: one that does not exist');

select is(refusal($$ select rules.cancel_own(active('ann', 'fri'), who('eve')) $$), 'ENGON enrolment_not_found',
  'enrolment_not_found: another''s');
select book('ann', 'dec') \g /dev/null
select is(refusal($$ select rules.cancel_own(active('ann', 'dec'), who('ann')) $$), 'ENRUL cancel_next_month_only',
  'cancel_next_month_only: the current month''s');
select is(held('ann'), 'dec mon tue fri', 'cancel_own: what is refused changes nothing');
select lives_ok($$ select rules.cancel_own(active('ann', 'fri'), who('ann')) $$,
  'cancel_own: next month''s, while enrolment is closed');
select is((select (cancelled_by = who('ann'), cancel_reason)::text from gym.enrolments
  where user_id = who('ann') and slot_id = slot('fri')
            order by id desc limit 1), '(t,"own choice")', 'cancel_own: notes who and why');
select is(refusal($$ select rules.cancel_own((select max(id) from gym.enrolments where user_id = who('ann') and slot_id = slot('fri')), who('ann')) $$),
  'ENGON enrolment_not_found', 'enrolment_not_found: the own one, given up already');

select * from finish();
rollback;
