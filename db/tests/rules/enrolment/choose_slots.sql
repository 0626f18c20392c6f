begin;
\ir ../../helpers/start.psql
select plan(81);

-- choose('ann', 'mon', 'tue'): Ann's choice; the answer in its order, as 'mon tue:full'
create function help.choose(p_person text, variadic p_slots text[] default '{}') returns text
language plpgsql as $$
declare
  v_ids    integer[] := array(select help.slot(s) from unnest(p_slots) with ordinality u (s, n) order by n);
  v_answer text;
begin
  select string_agg(s.name || case when c.is_full then ':full' else '' end, ' ' order by c.n) into v_answer
    from rules.choose_slots(help.who(p_person), v_ids) with ordinality c (slot_id, is_full, n)
    join help.slots s on s.id = c.slot_id;
  return coalesce(v_answer, '');
end
$$;
-- the whole of a person's history, so that nothing changed means nothing
create function help.history(p_person text) returns text
language sql as $$
  select string_agg(e.id || '/' || e.slot_id || '/' || e.created_at || '/' || coalesce(e.cancelled_at::text, ''), ' '
    order by e.id)
    from gym.enrolments e where e.user_id = help.who(p_person)
$$;
create table help.before (history text);
create function help.remember(p_person text) returns void
language sql as $$ delete from help.before; insert into help.before select help.history(p_person) $$;
create function help.unchanged(p_person text) returns boolean
language sql as $$ select b.history is not distinct from help.history(p_person) from help.before b $$;

select a_week(2) \g /dev/null
set local gym.now = '2026-12-25 12:00';

-- ---- a choice is booked, repeated, changed ----

select is(choose('ann', 'mon', 'wed', 'fri'), 'mon wed fri', 'choose_slots: three seats are booked');
select is(held('ann') || ': ' || seats('mon'), 'mon wed fri: 1 of 2', 'choose_slots: and held');
select is((select array_agg(distinct (created_by = user_id, created_at = rules.clock())::text)::text from gym.enrolments
  where user_id = who('ann')),
  '{"(t,t)"}', 'choose_slots: by herself, now');
select remember('ann') \g /dev/null
set local gym.now = '2026-12-26 12:00';
select is(choose('ann', 'mon', 'wed', 'fri'), 'mon wed fri', 'choose_slots: the same list answers the same');
select is(choose('ann', 'fri', 'mon', 'wed'), 'fri mon wed', 'choose_slots: in another order it answers in that order');
select ok(unchanged('ann'), 'choose_slots: sending it again changed nothing, not even a time stamp');
select is(choose('ann', 'mon', 'tue'), 'mon tue', 'choose_slots: one kept, one new, two given up');
select is(held('ann') || ': ' || seats('mon') || ', ' || seats('tue') || ', ' || seats('wed') || ', ' || seats('fri'),
  'mon tue: 1 of 2, 1 of 2, 0 of 2, 0 of 2', 'choose_slots: the new choice replaced the old');
select is((select array_agg(distinct (cancel_reason, cancelled_by = user_id, cancelled_at = rules.clock())::text)::text
             from gym.enrolments where user_id = who('ann') and cancelled_at is not null), '{"(\"own choice\",t,t)"}',
  'choose_slots: what was given up says when, who and why');
select is((select created_at from gym.enrolments where user_id = who('ann') and slot_id = slot('mon')),
  '2026-12-25 12:00+07'::timestamptz,
  'choose_slots: what was chosen again is the same enrolment');
select is(choose('ann', 'mon2', 'tue'), 'mon2 tue', 'choose_slots: another time of the same weekday');
select is(held('ann'), 'mon2 tue', 'choose_slots: in exchange for the one before');
select is(choose('ann', 'mon'), 'mon', 'choose_slots: fewer than before');
select is(held('ann'), 'mon', 'choose_slots: the rest is given up');
select is(choose('ann'), '', 'choose_slots: an empty list');
select is(held('ann') || ': ' || seats('mon'), 'nothing: 0 of 2', 'choose_slots: gives up all');
select remember('ann') \g /dev/null
select is(choose('ann'), '', 'choose_slots: an empty list again');
select ok(unchanged('ann'), 'choose_slots: of somebody who holds nothing changes nothing');

-- ---- full slots ----

select crowd('thu', 2) \g /dev/null
select is(choose('ann', 'mon', 'thu', 'tue'), 'mon thu:full tue', 'choose_slots: a full slot is reported in its place');
select is(held('ann') || ': ' || seats('thu'), 'mon tue: 2 of 2', 'choose_slots: the rest is booked');
select remember('ann') \g /dev/null
select is(choose('ann', 'mon', 'thu', 'tue'), 'mon thu:full tue', 'choose_slots: repeated, it answers the same');
select ok(unchanged('ann'), 'choose_slots: and changes nothing');
select is(choose('ann', 'thu'), 'thu:full', 'choose_slots: nothing but a full slot');
select ok(unchanged('ann'), 'choose_slots: where nothing could be had, the old choice stays');
select crowd('fri', 2) \g /dev/null
select is(choose('ann', 'thu', 'fri'), 'thu:full fri:full', 'choose_slots: nothing but full slots');
select ok(unchanged('ann'), 'choose_slots: the old choice stays, two of two full');
select is(choose('eve', 'thu', 'fri'), 'thu:full fri:full', 'choose_slots: full slots for somebody who holds nothing');
select is(held('eve'), 'nothing', 'choose_slots: who holds nothing still');

select crowd('mon', 1) \g /dev/null
select is(seats('mon'), '2 of 2', 'Ann''s Monday is full now, she holds one of its seats');
select is(choose('ann', 'mon', 'wed'), 'mon wed', 'choose_slots: a full slot chosen again is kept, whatever the crowd');
select is(held('ann') || ': ' || seats('mon'), 'mon wed: 2 of 2', 'choose_slots: kept it is');
select is(choose('ann', 'mon', 'thu'), 'mon thu:full', 'choose_slots: kept beside a full one');
select is(held('ann'), 'mon', 'choose_slots: what was not chosen again is given up, since something could be had');
select is(choose('ann', 'mon'), 'mon', 'choose_slots: a full slot alone, chosen again, is kept');
select is(held('ann') || ': ' || seats('mon'), 'mon: 2 of 2',
  'choose_slots: the seat was not lost and not taken twice');
update gym.slots set capacity = 3 where id = slot('thu');
select is(choose('ann', 'mon', 'thu'), 'mon thu', 'choose_slots: a seat more, and the full slot can be had');
select is(choose('ann', 'fri'), 'fri:full', 'choose_slots: a full slot in exchange for two held');
select is(held('ann'), 'mon thu', 'choose_slots: loses neither');
select is(choose('bob', 'mon', 'tue'), 'mon:full tue', 'choose_slots: another person next to it');
select is(choose('ann', 'tue'), 'tue', 'choose_slots: Ann leaves Monday');
select is(choose('bob', 'mon', 'tue'), 'mon tue', 'choose_slots: and Bob gets it');

-- ---- who was refused a seat is noted, once, for the report of occupancy ----

select is((select string_agg(p.name || ' ' || s.name, ', ' order by p.name, s.name) from gym.refusals r
  join help.people p on p.id = r.user_id join help.slots s on s.id = r.slot_id),
  'ann fri, ann thu, bob mon, eve fri, eve thu', 'note_refusals: each person and full slot, held ones not');
select is((select refused_at from gym.refusals where user_id = who('eve') and slot_id = slot('fri')), rules.clock(),
  'note_refusals: when');
select lives_ok($$ select rules.note_refusals(who('eve'), array[slot('fri')]), rules.note_refusals(who('eve'), '{}') $$,
  'note_refusals: harmless to repeat');

-- ---- refused as a whole ----

select choose('ann', 'mon2', 'tue', 'wed'), remember('ann') \g /dev/null
select is(refusal($$ select choose('ann', 'mon', 'tue', 'wed', 'sat') $$), 'ENRUL slots_per_student',
  'slots_per_student: four slots');
select is(refusal($$ select choose('ann', 'mon', 'mon2', 'wed', 'sat') $$), 'ENRUL slots_per_student',
  'slots_per_student: four slots, two on one weekday');
select is(refusal($$ select choose('ann', 'mon', 'mon2', 'wed') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: two slots on Monday');
select is(refusal($$ select choose('ann', 'sat', 'sat') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: one slot twice');
select is(refusal($$ select choose('ann', 'tue', 'tue') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: the slot held, twice');
select is(refusal($$ select choose('ann', 'thu', 'thu') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: a full slot twice');
select is(refusal($$ select rules.choose_slots(who('ann'), array[slot('sat'), -1]) $$), 'ENRUL slot_not_offered',
  'slot_not_offered: one that does not exist');
select rules.delete_slot(slot('sun'), false) \g /dev/null
select is(refusal($$ select choose('ann', 'sat', 'sun') $$), 'ENRUL slot_not_offered', 'slot_not_offered: deleted');
select make_slot('dec', 4, '16:00', 2, '2026-12-01'), make_slot('feb', 4, '16:00', 2, '2027-02-01') \g /dev/null
select is(refusal($$ select choose('ann', 'sat', 'dec') $$), 'ENRUL slot_not_offered',
  'slot_not_offered: the current month''s');
select is(refusal($$ select choose('ann', 'sat', 'feb') $$), 'ENRUL slot_not_offered',
  'slot_not_offered: of the month after next');
select who('bad', 'BLOCKED') \g /dev/null
select is(refusal($$ select choose('bad', 'sat') $$), 'ENRUL student_blocked', 'student_blocked: a choice');
select is(refusal($$ select choose('bad') $$), 'ENRUL student_blocked', 'student_blocked: an empty one too');
set local gym.now = '2026-12-25 11:59:59';
select is(refusal($$ select choose('ann', 'sat') $$), 'ENRUL enrolment_closed',
  'enrolment_closed: the second before the opening');
select is(refusal($$ select choose('ann') $$), 'ENRUL enrolment_closed', 'enrolment_closed: an empty choice too');
select is(refusal($$ select choose('ann', 'mon2', 'tue', 'wed') $$), 'ENRUL enrolment_closed',
  'enrolment_closed: the same choice too');
set local gym.now = '2026-12-31 00:00';
select is(refusal($$ select choose('ann', 'sat') $$), 'ENRUL enrolment_closed',
  'enrolment_closed: the second of closing');
select ok(unchanged('ann'), 'choose_slots: what is refused changed nothing');
select is(seats('sat'), '0 of 2', 'choose_slots: and took nothing');
set local gym.now = '2026-12-30 23:59:59';
select is(choose('ann', 'sat'), 'sat', 'choose_slots: the last second before closing');

-- ---- the limit, lowered and raised ----

select choose('ann', 'mon2', 'tue', 'wed') \g /dev/null
update gym.settings set slots_per_student = 2;
select is(held('ann'), 'mon2 tue wed', 'slots_per_student: lowered, it takes nothing away');
select is(refusal($$ select choose('ann', 'mon2', 'tue', 'wed') $$), 'ENRUL slots_per_student',
  'slots_per_student: lowered, the old choice can''t be made anew');
select is(choose('ann', 'mon2', 'sat'), 'mon2 sat', 'slots_per_student: a smaller choice can');
update gym.settings set slots_per_student = 4;
select is(choose('ann', 'mon2', 'tue', 'wed', 'sat'), 'mon2 tue wed sat',
  'slots_per_student: raised, it holds at once');
update gym.settings set slots_per_student = 3;

-- ---- beyond the limit, by force ----

savepoint roomy;
update gym.slots set capacity = capacity + 2;
select choose('fay', 'mon2', 'tue', 'wed') \g /dev/null
select rules.enrol(who('fay'), slot('fri'), null, true) \g /dev/null
select is(held('fay'), 'mon2 tue wed fri', 'choose_slots: somebody holds four, one of them by force');
select is(choose('fay', 'mon2', 'tue', 'wed', 'fri'), 'mon2 tue wed fri',
  'choose_slots: the same again changes nothing');
select is(refusal($$ select choose('fay', 'mon2', 'tue', 'wed', 'sat') $$), 'ENRUL slots_per_student',
  'slots_per_student: another fourth');
select is(refusal($$ select choose('fay', 'mon2', 'tue', 'wed', 'fri', 'sat') $$), 'ENRUL slots_per_student',
  'slots_per_student: a fifth');
select is(refusal($$ select choose('fay', 'mon2', 'tue', 'fri', 'fri') $$), 'ENRUL enrolments_one_a_weekday',
  'enrolments_one_a_weekday: the forced one twice');
select is(choose('fay', 'mon2', 'tue', 'sat', 'fri'), 'mon2 tue sat fri',
  'choose_slots: one of the three is changed, the forced one kept');
select is(choose('fay', 'mon2', 'tue', 'sat'), 'mon2 tue sat', 'choose_slots: not chosen again, it is given up');
select is(refusal($$ select choose('fay', 'mon2', 'tue', 'sat', 'fri') $$), 'ENRUL slots_per_student',
  'slots_per_student: and does not come back by itself');
rollback to roomy;

-- ---- who else ----

update gym.users set deleted = true where id = who('bob');
select is(refusal($$ select choose('bob', 'wed') $$), 'ENRUL enrolment_user_deleted',
  'enrolment_user_deleted: somebody deleted chooses');
select who('boss', 'ADMIN') \g /dev/null
select is(choose('boss', 'wed'), 'wed', 'choose_slots: an administrator for himself');

-- ---- its parts ----

select is(rules.held_slots(who('ann'), '2027-01-01'),
  (select array_agg(i order by i) from unnest(array[slot('mon2'), slot('tue'), slot('wed'), slot('sat')]) i),
  'held_slots: of the month, ascending');
select is(rules.held_slots(who('ann'), '2026-12-01'), '{}', 'held_slots: none of another month');
select is(refusal($$ select rules.refuse_blocked(who('ann'), '2027-01-01') $$), 'none',
  'refuse_blocked: a student may');
select is(refusal($$ select rules.refuse_blocked(who('bad'), '2027-01-01') $$), 'ENRUL student_blocked',
  'student_blocked: who is blocked may not');

select * from finish();
rollback;
