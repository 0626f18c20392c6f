-- A date at infinity, or beyond the years of the gym, is refused at once by every function of api that takes one.
begin;
\ir ../helpers/start.psql
select a_week(), who('ann'), who('boss', 'ADMIN') \g /dev/null
select rules.create_post('news', 'Привет', null) \g /dev/null
set local statement_timeout = '5s';

create temp table calls as
select p.oid::regprocedure::text as function, d.date,
       format('select %s(%s)', p.oid::regproc, string_agg(format('%I => %s', a.name, case
         when a.type in ('date'::regtype, 'timestamp'::regtype) then format('%L', d.date)
         when a.name in ('person', 'card') then case a.name when 'person' then help.who('ann')::text else 'null' end
         when a.type = 'time'::regtype then '''16:00'''
         when a.type = 'gym.mark'::regtype then '''present'''
         when a.type = 'integer'::regtype then '1'
         when a.type = 'text'::regtype then '''x''' end), ', ')) as call
  from pg_proc p
 cross join (values ('infinity'), ('-infinity'), ('5874897-12-31'), ('4713-01-01 BC')) d (date)
 cross join lateral unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (name,
   type, n)
 where p.pronamespace = 'api'::regnamespace and p.prosecdef and a.n <= p.pronargs
   and (a.type in ('date'::regtype, 'timestamp'::regtype, 'gym.mark'::regtype) or a.n <= p.pronargs - p.pronargdefaults
     or a.name = 'person')
   and p.proargtypes::oid[] && array['date'::regtype, 'timestamp'::regtype]::oid[]
 group by p.oid, d.date;
select plan((select count(*)::integer from calls) + 2);

select cmp_ok((select count(distinct function)::integer from calls), '>=', 15,
  'dates: the functions that take one are found');
select is(refusal($$ select api.unmark_lesson('infinity', '16:00') $$), 'ENREQ date_out_of_range',
  'date_out_of_range: a lesson at infinity');
-- who_did looks back to a moment, edit_post takes infinity for: until it is deleted
select isnt(refusal(call), '57014', 'dates: does not run on: ' || call) from calls;

select * from finish();
rollback;
