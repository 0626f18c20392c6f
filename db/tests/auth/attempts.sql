-- How often a password or a code may be tried, and from where.
begin;
\ir ../helpers/start.psql
\ir ../helpers/log_in.psql
select plan(31);

select registered('ann', 'correct horse'), registered('bob', 'bob horse') \g /dev/null
select let_in('ann', 'correct horse') \g /dev/null
select log_in(card('ann')::text, 'correct horse', p_token => 2, p_new_device => 1) \g /dev/null

-- ---- a bucket a card ----

-- 1,000 guesses from 200 networks: as many are judged as the bucket holds
create table help.guesses as
select n, result(log_in(card('ann')::text, 'guess ' || n, p_address => ('10.' || n % 200 || '.0.1')::inet)) as result
  from generate_series(1, 1000) n;
select results_eq($$ select result, count(*) from help.guesses group by 1 order by 1 $$, $$
  values ('ENRUL log_in_refused', 20::bigint), ('ENRUL log_in_too_often', 980) $$,
  'log_in_too_often: of 1,000 guesses 20 are judged');
select is((log_in(card('ann')::text, 'correct horse') ->> 'retry_after')::integer, 180,
  'log_in_too_often: when to come again');
select is(result(log_in(card('ann')::text, 'correct horse')), 'ENRUL log_in_too_often',
  'log_in_too_often: the right password too, from a new device');
select is(result(log_in(card('ann')::text, 'correct horse', p_device => 1, p_token => 3)), 'in',
  'a known device has a bucket of its own');
select is(result(log_in(card('bob')::text, 'bob horse', p_token => 4)), 'in', 'and so has every other card');
select is(result(log_in(card('bob')::text, 'bob horse', p_device => 1, p_token => 5)), 'in',
  'Ann''s device is none of Bob''s');
select is((select count(*) from gym.log_ins where user_id = who('ann') and outcome = 'too often'), 1::bigint,
  'the log says once that it was too often');
select is((select count(*) from gym.log_ins where user_id = who('ann') and outcome = 'wrong'), 20::bigint,
  'the log says each guess that was judged');
select code from rules.issue_code(card('ann'), sha256('x'), null) \gset
select is(result(use_code(card('ann')::text, :'code', 'another horse', p_token => 6)), 'in',
  'the way in by code stays open');
select rules.set_setting('password_tries', '3') \g /dev/null
select results_eq($$ select result(log_in('31337', 'guess ' || n)), count(*) from generate_series(1, 10) n group by 1
  order by 1 $$,
  $$ values ('ENRUL log_in_refused', 3::bigint), ('ENRUL log_in_too_often', 7) $$, 'the setting password_tries');
select rules.set_setting('password_tries', '20') \g /dev/null

-- ---- it refills ----

set local gym.now = '2026-12-10 09:02:59';
delete from gym.buckets;
select log_in(card('ann')::text, 'guess ' || n) from generate_series(1, 20) n \g /dev/null
select is(result(log_in(card('ann')::text, 'another horse')), 'ENRUL log_in_too_often', 'empty again');
set local gym.now = '2026-12-10 09:05:59';
select is(result(log_in(card('ann')::text, 'guess')), 'ENRUL log_in_refused', 'three minutes give one back');
select is(result(log_in(card('ann')::text, 'guess')), 'ENRUL log_in_too_often', 'and no more');
set local gym.now = '2026-12-10 12:00';
select is((select count(*) from (select result(log_in(card('ann')::text, 'guess ' || n)) as r from generate_series(1,
  30) n) g where r = 'ENRUL log_in_refused'), 20::bigint, 'a bucket never holds more than its size');

-- ---- who is let in pays nothing ----

delete from gym.buckets;
select is((select count(*) from (select result(log_in(card('bob')::text, 'bob horse', p_token => 100 + n)) as r
  from generate_series(1, 100) n) g where r = 'in'), 100::bigint, 'a hundred log-ins in a row');

-- ---- cards of nobody: the same ----

select results_eq($$ select result(log_in('99999', 'guess ' || n)), count(*) from generate_series(1, 50) n group by 1
  order by 1 $$,
  $$ values ('ENRUL log_in_refused', 20::bigint), ('ENRUL log_in_too_often', 30) $$,
    'a card of nobody has a bucket too');
select results_eq($$ select result(log_in('nonsense', 'guess ' || n)), count(*) from generate_series(1, 50) n group by 1
  order by 1 $$,
  $$ values ('ENRUL log_in_refused', 20::bigint), ('ENRUL log_in_too_often', 30) $$, 'and so has nonsense');

-- ---- codes ----

delete from gym.buckets;
select results_eq($$ select result(use_code(card('bob')::text, 'AAAA-AAAA', 'some horse')), count(*)
  from generate_series(1, 100) n group by 1 order by 1 $$,
  $$ values ('ENRUL code_refused', 60::bigint), ('ENRUL code_too_often', 40) $$, 'code_too_often: a bucket of its own');
select is(result(log_in(card('bob')::text, 'bob horse', p_token => 300)), 'in',
  'which does not close the way in by password');

-- ---- a campus behind one address ----

-- 2,000 people make one mistake each, then type the right password; each new one is delayed by at most three seconds
delete from gym.failed_cards;
create table help.campus as select n, 2000000 + n as card from generate_series(1, 2000) n;
insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
select card, 'Имя', 'Фамилия', '', 'ТГ-1', go_hid(card::text, 'their horse'), 'STUDENT' from help.campus;
create table help.typed as
select card, begin_log_in(card::text, 'x', p_address => '10.9.9.9') ->> 'wait_ms' as wait_ms,
       result(log_in(card::text, 'typing error', p_address => '10.9.9.9')) as first
  from help.campus;
create table help.typed_again as
select card, result(log_in(card::text, 'their horse', p_address => '10.9.9.9', p_token => 10000 + n)) as second
  from help.campus;
select is((select count(*) from help.typed where first = 'ENRUL log_in_refused'), 2000::bigint,
  'a campus of 2,000 behind one address: each one''s first password is judged');
select is((select count(*) from help.typed_again where second = 'in'), 2000::bigint, 'and each one''s second lets in');
select is((select max(wait_ms::integer) from help.typed), 3000, 'they are delayed, by three seconds at most');
select is((select count(*) from gym.failed_cards where address = '10.9.9.9' and failed), 0::bigint,
  'who is in no longer counts against the address');

-- ---- an address is slowed, never refused ----

delete from gym.failed_cards;
-- of a campus everyone makes a mistake first
select log_in((5000 + n)::text, 'typo', p_address => '10.1.1.1') from generate_series(1, 50) n \g /dev/null
select is((begin_log_in('6000', 'x', p_address => '10.1.1.1') ->> 'wait_ms')::integer, 0,
  'fifty cards may fail from an address');
select log_in((5100 + n)::text, 'typo', p_address => '10.1.1.1') from generate_series(1, 3) n \g /dev/null
select is((begin_log_in('6001', 'x', p_address => '10.1.1.1') ->> 'wait_ms')::integer, 300,
  'each one more costs a tenth of a second');
select is((begin_log_in('6002', 'x', p_address => '10.1.1.2') ->> 'wait_ms')::integer, 0, 'of that address only');
select log_in((5200 + n)::text, 'typo', p_address => '10.1.1.1') from generate_series(1, 100) n \g /dev/null
select is((begin_log_in('6003', 'x', p_address => '10.1.1.1') ->> 'wait_ms')::integer, 3000, 'three seconds at most');
select is(result(log_in(card('bob')::text, 'bob horse', p_address => '10.1.1.1', p_token => 301)), 'in',
  'and nobody is refused for it');
delete from gym.failed_cards;
select log_in(card('bob')::text, 'typo', p_address => '10.1.1.1'), log_in(card('bob')::text, 'bob horse',
  p_address => '10.1.1.1', p_token => 302) \g /dev/null
select is((select count(*) from gym.failed_cards), 0::bigint, 'who is let in after a mistake does not count');
select log_in('7000', 'x', p_address => '2001:db8:1:2::1'), log_in('7001', 'x',
  p_address => '2001:db8:1:2:ffff::2') \g /dev/null
select is((select count(distinct address) from gym.failed_cards), 1::bigint,
  'of IPv6 a network of 64 bits is one address');
set local gym.now = '2026-12-10 13:00:01';
select is(rules.slow_down('10.1.1.1'), 0, 'after an hour it is forgotten');

select * from finish();
rollback;
