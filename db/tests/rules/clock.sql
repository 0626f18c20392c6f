begin;
\ir ../helpers/start.psql
select plan(32);

-- ---- which month is next: every day of every year, in three zones ----

-- the days on which a month is wrong at 00:00 or 23:59:59, reckoned here from year and month alone, without any
-- interval
create function help.wrong_months(p_zone text, p_years int4range) returns bigint
language sql as $$
  with days as (
    select y, m, make_date(y, m, d) as day
      from generate_series(lower(p_years), upper(p_years) - 1) y, generate_series(1, 12) m,
           lateral generate_series(1, case when m in (4, 6, 9, 11) then 30 when m <> 2 then 31
                                           when y % 4 = 0 and y % 100 <> 0 or y % 400 = 0 then 29 else 28 end) d)
  select count(*)
    from days
    cross join lateral (values (day + time '00:00'), (day + time '23:59:59')) t (local)
    cross join lateral (select local at time zone p_zone as at) a
   where rules.this_month(at) <> make_date(y, m, 1)
      or rules.next_month(at) <> make_date(y + m / 12, m % 12 + 1, 1)
$$;
select is(wrong_months('Asia/Novosibirsk', '[2000,2100]'), 0::bigint,
  'next_month, this_month: every day of 2000 to 2100 in Novosibirsk');
update gym.settings set time_zone = 'Europe/Berlin';
select is(wrong_months('Europe/Berlin', '[2000,2100]'), 0::bigint,
  'next_month, this_month: every day of 2000 to 2100 in Berlin');
-- its clocks went forward at midnight until 2018: some of its days begin at 01:00
update gym.settings set time_zone = 'America/Sao_Paulo';
select is(wrong_months('America/Sao_Paulo', '[2000,2025]'), 0::bigint,
  'next_month, this_month: every day of 2000 to 2025 in São Paulo');
update gym.settings set time_zone = 'America/Asuncion';
select is(wrong_months('America/Asuncion', '[2000,2025]'), 0::bigint,
  'next_month, this_month: every day of 2000 to 2025 in Asunción, where months began without a midnight');

-- each hour around a change of clocks; both of the hours that are one on the wall
update gym.settings set time_zone = 'Europe/Berlin';
select is(
  (select count(*) from generate_series(timestamptz '2027-03-27 00:00+00', '2027-04-01 00:00+00', '30 minutes') t
    where rules.next_month(t) <> case when t < '2027-03-31 22:00+00' then date '2027-04-01' else '2027-05-01' end),
  0::bigint, 'next_month: every half hour from the change of clocks in March to the turn of the month');
select is(
  (select count(*) from generate_series(timestamptz '2027-10-30 00:00+00', '2027-11-01 12:00+00', '30 minutes') t
    where rules.next_month(t) <> case when t < '2027-10-31 23:00+00' then date '2027-11-01' else '2027-12-01' end),
  0::bigint, 'next_month: every half hour from the change of clocks on 31 October to the turn of the month');
update gym.settings set time_zone = 'Asia/Novosibirsk';
set local timezone = 'America/Los_Angeles';
select is(rules.next_month('2026-12-31 16:59:59+00') || ' ' || rules.next_month('2026-12-31 17:00:00+00'),
  '2027-01-01 2027-02-01',
  'next_month: the zone of the session has no say');
select is(rules.local_time('2026-12-31 17:00:00+00'), timestamp '2027-01-01 00:00',
  'local_time: what the gym''s wall clock shows');

-- ---- gym.now ----

set local gym.now = '';
select is(rules.clock(), true_time(), 'clock: the true time where gym.now is empty');
set local gym.now = '2026-12-25 12:00';
select is(rules.clock(), '2026-12-25 05:00+00'::timestamptz, 'clock: gym.now without an offset is the gym''s time');
select is(rules.next_month(), date '2027-01-01', 'next_month: by gym.now');
select is(rules.today(), date '2026-12-25', 'today: by gym.now');
update gym.settings set time_zone = 'Europe/Berlin';
select is(rules.clock(), '2026-12-25 11:00+00'::timestamptz, 'clock: in whatever zone the gym is');
update gym.settings set time_zone = 'Asia/Novosibirsk';
select results_eq(
  $$ select t, set_config('gym.now', t, true) is not null and rules.clock() = '2026-12-25 12:00+00' from unnest(array[
       '2026-12-25 12:00+00', '2026-12-25 19:00:00+07', '2026-12-25T12:00:00Z', '2026-12-25 12:00:00.000+0000',
         '2026-12-25 07:00-05:00',
       '2026-12-25 19:00', '2026-12-25T19:00:00']) t $$,
  $$ values ('2026-12-25 12:00+00', true), ('2026-12-25 19:00:00+07', true), ('2026-12-25T12:00:00Z', true),
    ('2026-12-25 12:00:00.000+0000', true), ('2026-12-25 07:00-05:00', true),
            ('2026-12-25 19:00', true), ('2026-12-25T19:00:00', true) $$,
  'clock: with an offset a moment, without one the gym''s time');
set local gym.now = '2026-12-25';
select is(rules.local_time(), timestamp '2026-12-25 00:00', 'clock: a date is its midnight, not an offset of -25');
set local gym.now = 'soon';
select is(refusal($$ select rules.clock() $$), 'ENREQ clock_unreadable', 'clock_unreadable: a word');
set local gym.now = '2026-13-45 12:00';
select is(refusal($$ select rules.clock() $$), 'ENREQ clock_unreadable', 'clock_unreadable: month 13');
set local gym.now = '2026-02-29 12:00+07';
select is(refusal($$ select rules.clock() $$), 'ENREQ clock_unreadable',
  'clock_unreadable: 29 February of a common year');
set local gym.now = '2026-12-25 25:61';
select is(refusal($$ select rules.clock() $$), 'ENREQ clock_unreadable', 'clock_unreadable: hour 25');
set local gym.now = '2026-12-25 12:00+20';
select is(refusal($$ select rules.clock() $$), 'ENREQ clock_unreadable', 'clock_unreadable: an offset of 20 hours');
select results_eq(
  $$ select t from unnest(array['now', 'yesterday', 'infinity', '2026-12-25 12:00 UTC',
    '2026-12-25 12:00 Europe/Moscow', '2026-12-25 12:00 PST', '2026-12-25 12:00+7', '2026-12-25 12:00 BC',
       '20261225', '25.12.2026 12:00', '  ']) t
         where set_config('gym.now', t, true) is not null
         and refusal('select rules.clock()') <> 'ENREQ clock_unreadable' $$,
  $$ select 'none'::text where false $$,
  'clock_unreadable: what would be read otherwise than it was meant');

-- ---- whose gym.now counts ----

set local gym.now = '2026-12-25 12:00';
-- definer, so that a role which may do nothing can be asked; who logged in and which role was set stay as they are
create function help.clock_moved() returns boolean language sql
  security definer as $$ select rules.clock() <> help.true_time() $$;
grant usage on schema help to public;
grant execute on function help.clock_moved() to public;
create role test_server_login in role energy_server;
create role test_auth_login in role energy_auth;
create role test_admin_login in role energy_admin;
create role test_reader_login in role energy_reader;

select ok(clock_moved(), 'clock: gym.now counts for the owner');
set local role energy_server;
select clock_moved() as moved \gset
reset role;
select ok(not :'moved', 'clock: gym.now is ignored for who became the server''s role');
set local role energy_auth;
select clock_moved() as moved \gset
reset role;
select ok(not :'moved', 'clock: gym.now is ignored for who became the auth server''s role');
set local session authorization energy_server;
select clock_moved() as moved \gset
reset session authorization;
select ok(not :'moved', 'clock: gym.now is ignored for who logged in as the server''s role');
set local session authorization test_server_login;
select clock_moved() as moved \gset
reset session authorization;
select ok(not :'moved', 'clock: gym.now is ignored for who logged in by a role granted the server''s');
set local session authorization test_auth_login;
select clock_moved() as moved \gset
reset session authorization;
select ok(not :'moved', 'clock: gym.now is ignored for who logged in by a role granted the auth server''s');
set local session authorization test_admin_login;
select clock_moved() as moved \gset
reset session authorization;
select ok(:'moved', 'clock: gym.now counts for who logged in by a role granted an administrator''s');
set local session authorization test_reader_login;
select clock_moved() as moved \gset
reset session authorization;
select ok(not :'moved', 'clock: gym.now is ignored for a reader');
set local role test_server_login;
select clock_moved() as moved \gset
reset role;
select ok(not :'moved', 'clock: gym.now is ignored for an owner who became the server''s log-in');
set local role test_admin_login;
select clock_moved() as moved \gset
reset role;
select ok(:'moved', 'clock: gym.now counts for an owner who became an administrator''s log-in');
set local gym.now = 'soon';
set local role energy_server;
select clock_moved() as moved \gset
reset role;
select ok(not :'moved', 'clock: gym.now that can''t be read is ignored too');

select * from finish();
rollback;
