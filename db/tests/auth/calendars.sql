-- Calendar addresses: secret, renewable, and nothing but the lessons.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(20);

set local gym.now = '2026-12-10 09:00';
select registered('ann', 'ann horse'), registered('bob', 'bob horse') \g /dev/null
select let_in('ann', 'ann horse', 1), let_in('bob', 'bob horse', 2) \g /dev/null

select is(auth.calendar_made(token(1)) ->> 'made_at', null, 'nobody has an address before asking for one');
select is(auth.calendar(token(50))::text, null, 'an unknown secret shows nothing');
select is(auth.calendar(null)::text, null, 'no secret shows nothing');
select isnt(auth.renew_calendar(token(1), token(50)) ->> 'made_at', null, 'renew_calendar');
select isnt(auth.calendar_made(token(1)) ->> 'made_at', null, 'calendar_made');
select is(auth.calendar_made(token(2)) ->> 'made_at', null, 'calendar_made: of the session''s person only');
select is((select encode(hash, 'hex') from gym.calendars), encode(sha256(token(50)), 'hex'),
  'only the hash of the secret is stored');
select is(auth.calendar(token(50)) ->> 'time_zone', (select time_zone from gym.settings), 'the gym''s zone');
select is(auth.calendar(token(50)) ->> 'from', '2026-11-01', 'from last month');
select is(auth.calendar(token(50)) ->> 'to', '2027-01-31', 'to next month');
select is(json_array_length(auth.calendar(token(50)) -> 'lessons'), 0, 'no lessons without seats');

select isnt(auth.renew_calendar(token(1), token(51)) ->> 'made_at', null, 'renewed');
select is(auth.calendar(token(50))::text, null, 'the old address is over');
select isnt(auth.calendar(token(51))::text, null, 'the new one is there');
select is(refusal($$ select auth.renew_calendar(token(9), token(52)) $$), 'ENACC session_over',
  'session_over: renew_calendar');
select is(refusal($$ select auth.end_calendar(token(9)) $$), 'ENACC session_over', 'session_over: end_calendar');

update gym.users set deleted = true where id = who('ann');
select is(auth.calendar(token(51))::text, null, 'a deleted account shows nothing');
update gym.users set deleted = false where id = who('ann');
select let_in('ann', 'ann horse', 3) \g /dev/null
select is(auth.end_calendar(token(3)) ->> 'ended', '1', 'end_calendar');
select is(auth.calendar(token(51))::text, null, 'and the address is over');

select auth.renew_calendar(token(2), token(53)) \g /dev/null
select rules.erase_person(who('bob'), 'заявление') \g /dev/null
select is((select count(*) from gym.calendars), 0::bigint, 'erase_person: the address too');

select * from finish();
rollback;
