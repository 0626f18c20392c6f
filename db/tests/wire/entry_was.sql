-- entry/create with was: the seats that the page showed as the student's own.
begin;
\ir ../helpers/start.psql
select plan(13);

set local gym.now = '2026-12-26 10:00';
select who('ann'), a_week(2) \g /dev/null
create function help.chosen(p_slots text[], p_was text[]) returns text
language sql as $$
  select asked('entry/create', who('ann'),
    jsonb_build_object('selectedTimes', array(select slot(s) from unnest(p_slots) s))
    || case when p_was is null then '{}' else jsonb_build_object('was', array(select slot(s) from unnest(p_was) s)) end)
$$;

select is(chosen('{mon}', '{}'), 'none', 'was: nothing, and nothing is held');
select is(held('ann'), 'mon', 'was: the seat');
select is(chosen('{tue}', '{}'), 'ENRUL seat_not_seen', 'seat_not_seen: another tab, which does not know of Monday');
select is(held('ann'), 'mon', 'seat_not_seen: nothing is given up, nothing is taken');
select is(chosen('{mon}', '{}'), 'none', 'was: pressed twice, it is as it was');
select is(chosen('{mon,tue}', '{}'), 'none', 'was: Monday is chosen again, so nothing is lost');
select is(held('ann'), 'mon tue', 'was: both');
select is(chosen('{wed}', '{mon}'), 'ENRUL seat_not_seen', 'seat_not_seen: Tuesday was not seen');
select is(chosen('{}', '{mon}'), 'ENRUL seat_not_seen', 'seat_not_seen: giving up all');
select is(chosen('{wed}', '{mon,tue,fri}'), 'none', 'was: all that is held was seen');
select is(held('ann'), 'wed', 'was: changed');
select is(chosen('{thu}', null), 'none', 'without was the choice replaces whatever is held');
select is(asked('entry/create', who('ann'), jsonb_build_object('selectedTimes', '[]'::jsonb, 'was', 'x')),
  'ENREQ field_unreadable',
  'field_unreadable: was');

select * from finish();
rollback;
