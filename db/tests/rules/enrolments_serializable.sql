-- rules.enrolments__limit, part three: SERIALIZABLE sees by itself what REPEATABLE READ could not
begin isolation level serializable;
\ir ../helpers/start.psql
select plan(2);

select a_week(3) \g /dev/null
select is(refusal($$ select book('ann', s) from unnest('{mon,tue,wed}'::text[]) s $$), 'none', 'seats are taken in SERIALIZABLE');
select is(refusal($$ select book('ann', 'thu') $$), 'ENRUL slots_per_student', 'slots_per_student: in SERIALIZABLE too');

select * from finish();
rollback;
