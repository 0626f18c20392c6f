begin;
\ir ../helpers/start.psql
select plan(16);

create function help.may(p_person text) returns text
language sql as $$
  select concat_ws(' | ', m.may, m.for_month, replace(m.why, e'\n', ' '), coalesce(m.from_when::text,
    'never by itself'))
    from api.may_enrol(person => who(p_person)) m
$$;

select who(p) from unnest('{ann,bob,cid,dot,gone}'::text[]) p \g /dev/null
select who('coach', 'COACH') \g /dev/null

-- ---- the calendar ----

select is(may('ann'), 'f | 01-2027 | Запись закрыта. | 2026-12-25 12:00:00', 'api.may_enrol: closed, and from when');
set local gym.now = '2026-12-25 12:00';
select a_week(), book('ann', 'mon') \g /dev/null
select is(may('ann'), 't | 01-2027 | Да, до 31.12.2026 00:00. Занято мест: 1 из 3. | 2026-12-25 12:00:00',
  'api.may_enrol: open');
select is(admin(format($$ select may from api.may_enrol(card => %s) $$, card('ann'))), '(t)',
  'api.may_enrol: an administrator asks');
set local gym.now = '2026-12-31 00:00';
select is(may('ann'), 'f | 01-2027 | Запись закрыта. | 2027-01-25 12:00:00',
  'api.may_enrol: past the closing, next month''s opening');
-- ---- the person ----

set local gym.now = '2026-12-25 13:00';
select rules.block(who('bob'), 'драка', '2026-12-28', null) \g /dev/null
select is(may('bob'), 'f | 01-2027 | Блокировка: драка | 2026-12-29 00:00:00',
  'api.may_enrol: blocked until a day of the window');
select rules.block(who('cid'), 'драка', '2027-01-02', null) \g /dev/null
select is(may('cid'), 'f | 01-2027 | Блокировка: драка | 2027-01-25 12:00:00',
  'api.may_enrol: the block ends while enrolment is closed');
select rules.block(who('dot'), 'драка', null, null) \g /dev/null
select is(may('dot'), 'f | 01-2027 | Блокировка: драка Блокировку снимает api.unblock. | never by itself',
  'api.may_enrol: blocked until an administrator lifts it');
update gym.users set deleted = true where id = who('gone');
select is(may('gone'), 'f | 01-2027 | Учётная запись удалена: её возвращает api.restore_user. | never by itself',
  'api.may_enrol: deleted');
select matches((select m.why from api.may_enrol(person => who('coach', 'COACH')) m), 'Роли COACH',
  'api.may_enrol: a coach');
select is(admin_refused($$ select * from api.may_enrol(card => -1) $$), 'ENGON user_not_found',
  'user_not_found: api.may_enrol');

-- what it says is what api.choose would do: the same two rules refuse
select is((select may from api.may_enrol(person => who('bob'))), false, 'api.may_enrol: says no …');
select is(refusal(format('select rules.choose_slots(%s, array[%s])', who('bob'), slot('tue'))), 'ENRUL student_blocked',
  'api.may_enrol: … where the choice is refused');

set local gym.now = '2026-12-26 09:00';
select rules.turn_enrolment(false, null) \g /dev/null
select is(may('ann'), 'f | 01-2027 | Запись закрыта вручную. | 2027-01-25 12:00:00', 'api.may_enrol: closed by hand');

-- ---- api.enrolment ----

create function help.turns() returns text language sql as $$
  select concat_ws(' | ', is_open, next_opening, opens_for, next_closing, closes_for) from api.enrolment
$$;
set local gym.now = '2026-12-31 09:00';
select is(turns(), 'f | 2027-01-25 12:00:00 | 02-2027 | 2027-01-31 00:00:00 | 02-2027',
  'api.enrolment: past the closing');
select rules.turn_enrolment(true, null) \g /dev/null
select is(turns(), 't | 2027-01-25 12:00:00 | 02-2027 | 2027-01-01 00:00:00 | 01-2027',
  'api.enrolment: opened by hand past the closing, until the month ends');
set local gym.now = '2027-01-10 09:00';
select rules.turn_enrolment(true, null) \g /dev/null
select is(turns(), 't | 2027-01-25 12:00:00 | 02-2027 | 2027-01-31 00:00:00 | 02-2027',
  'api.enrolment: opened by hand before the opening, until the closing');

select * from finish();
rollback;
