begin;
\ir ../helpers/start.psql
\ir ../helpers/month.psql
select plan(15);

set local gym.now = '2026-10-25 12:00';
select who('coach', 'COACH'), alone('ann'), a_month('2026-11-01'), book('bob', 'mon'), book('bob', 'tue'), book('cat', 'mon'), book('dan', 'mon2') \g /dev/null
set local gym.now = '2026-11-01 00:05';
select nightly() \g /dev/null
create function help.own(p_person text) returns text
language sql as $$
  select concat_ws(', ', a ->> 'month',
    (select string_agg((d ->> 'date') || ' ' || (d ->> 'time'), ' ' order by n)
    from jsonb_array_elements(a -> 'absences') with ordinality e (d, n)),
           'of ' || (a ->> 'limit'), case
             when (a ->> 'blocked')::boolean then 'blocked until ' || coalesce(a ->> 'blockedUntil', 'lifted')
             when a ->> 'blockedUntil' is not null then 'odd' end)
    from ask('user/absences', who(p_person)) a
$$;

select is(ask('user/absences', who('bob')),
  '{"month": "11-2026", "absences": [], "limit": 3, "blocked": false, "blockedUntil": null}', 'user/absences: none');
set local gym.now = '2026-11-10 20:00';
select mark('bob', '2026-11-10', 'absent'), mark('bob', '2026-11-03', 'absent'), mark('cat', '2026-11-09', 'present'), mark('dan', '2026-11-09', 'excused') \g /dev/null
select is(ask('user/absences', who('bob')) -> 'absences',
  '[{"date": "2026-11-03", "time": "16:00"}, {"date": "2026-11-09", "time": "16:00"}]',
  'user/absences: marked absent, and left unmarked where somebody is marked; by date; not yet today''s');
select is(own('cat') || '; ' || own('dan'), '11-2026, of 3; 11-2026, of 3', 'user/absences: of others none');
select is(own('bob'), '11-2026, 2026-11-03 16:00 2026-11-09 16:00, of 3', 'user/absences: two of three');
set local gym.now = '2026-11-11 00:00';
select is(own('bob'), '11-2026, 2026-11-03 16:00 2026-11-09 16:00 2026-11-10 16:00, of 3',
  'user/absences: the day after it is three, the job has not run yet');
select nightly() \g /dev/null
select is(own('bob'), '11-2026, 2026-11-03 16:00 2026-11-09 16:00 2026-11-10 16:00, of 3, blocked until 2026-11-30',
  'user/absences: blocked, until when');
select rules.block(who('bob'), 'шум', '2026-12-20', null) \g /dev/null
select is(ask('user/absences', who('bob')) ->> 'blockedUntil', '2026-12-20',
  'user/absences: a block by hand that ends later');
select rules.block(who('cat'), 'шум', null, null) \g /dev/null
select is(own('cat'), '11-2026, of 3, blocked until lifted', 'user/absences: a block by hand without an end');
select rules.block(who('dan'), 'шум', '2026-11-11', null) \g /dev/null
select is(own('dan'), '11-2026, of 3, blocked until 2026-11-11', 'user/absences: a block by hand to the end of today');
set local gym.now = '2026-11-12 00:00';
select is(own('dan'), '11-2026, of 3', 'user/absences: not blocked when it is over');
select rules.unblock(who('bob'), 'ладно', null) \g /dev/null
select is(own('bob'), '11-2026, 2026-11-03 16:00 2026-11-09 16:00 2026-11-10 16:00, of 3',
  'user/absences: pardoned, not blocked; the absences stay');
select rules.forgive(who('bob'), '2026-11-03', 'справка', null) \g /dev/null
select is(own('bob'), '11-2026, 2026-11-09 16:00 2026-11-10 16:00, of 3', 'user/absences: a date forgiven is none');
update gym.settings set absences_to_block = 5, unmarked_is_absent = true;
select is(own('ann') || '; ' || own('dan'),
  (select '11-2026, ' || string_agg(d || ' ' || to_char(starts_at, 'HH24:MI'), ' ' order by d, starts_at)
    || ', of 5, blocked until 2026-11-30'
     from unnest('{2026-11-02,2026-11-03,2026-11-04,2026-11-09,2026-11-10,2026-11-11}'::date[]) d
       join gym.slots s on s.weekday = extract(isodow from d) - 1
       and s.id in (slot('ann mon'), slot('ann tue'), slot('ann wed')))
  || '; 11-2026, 2026-11-02 17:30, of 5', 'user/absences: unmarked_is_absent, and the limit');
update gym.settings set absences_to_block = 3, unmarked_is_absent = false;
set local gym.now = '2026-12-01 00:00';
select is(own('bob') || '; ' || own('cat'), '12-2026, of 3; 12-2026, of 3, blocked until lifted',
  'user/absences: the new month begins with none');
select nightly() \g /dev/null
select is(audit(), 'clean', 'audit: after all of this');

select * from finish();
rollback;
