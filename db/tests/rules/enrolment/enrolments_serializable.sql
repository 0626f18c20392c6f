-- rules.lock_user, part three: SERIALIZABLE sees only what other SERIALIZABLE transactions do, and the server's are
-- none
begin isolation level serializable;
\ir ../../helpers/start.psql
select plan(3);

select a_week(3) \g /dev/null
select who('ann') \g /dev/null
select is(refusal($$ select book('ann', 'mon') $$), 'ENRUL read_committed', 'read_committed: in SERIALIZABLE too');
select is(refusal($$ update gym.users set deleted = true where id = who('ann') $$), 'ENRUL read_committed',
  'read_committed: a deletion, which could not see the seats of a moment ago');
select is(seats('mon') || ', ' || (select deleted from gym.users where id = who('ann')), '0 of 3, false',
  'read_committed: nothing was changed');

select * from finish();
rollback;
