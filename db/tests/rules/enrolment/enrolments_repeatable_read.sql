-- rules.lock_user, part two: in REPEATABLE READ nobody can take a seat, since the rules could not see what was booked
-- a moment ago
begin isolation level repeatable read;
\ir ../../helpers/start.psql
select plan(8);

select a_week(3) \g /dev/null
select who('ann') \g /dev/null
select is(refusal($$ select book('ann', 'mon') $$), 'ENRUL read_committed', 'read_committed: an INSERT');
select is(refusal($$ select rules.enrol(who('ann'), slot('mon'), null) $$), 'ENRUL read_committed',
  'read_committed: enrol');
set local gym.now = '2026-12-25 12:00';
select is(refusal($$ select rules.choose_slots(who('ann'), array[slot('mon')]) $$), 'ENRUL read_committed',
  'read_committed: choose_slots');
select is(refusal($$ update gym.users set deleted = true where id = who('ann') $$), 'ENRUL read_committed',
  'read_committed: a deletion');
select is(refusal($$ select rules.block(who('ann'), 'шум', null, null) $$), 'ENRUL read_committed',
  'read_committed: a block');
select is(seats('mon') || ', ' || held('ann'), '0 of 3, nothing', 'read_committed: nothing was changed');
set local session_replication_role = replica;
insert into gym.enrolments (slot_id, user_id, month, weekday, created_at)
  values (slot('mon'), who('ann'), '2027-01-01', 0, rules.clock());
update gym.slots set taken = 1 where id = slot('mon');
set local session_replication_role = origin;
select lives_ok($$ select rules.cancel((select id from gym.enrolments where user_id = who('ann')), null) $$,
  'a seat can be given up');
select is(refusal($$ update gym.enrolments set cancelled_at = null where user_id = who('ann') $$),
  'ENRUL read_committed', 'read_committed: un-cancelled');

select * from finish();
rollback;
