-- The rows of the reports are compared with the workbooks in report/; here is what is refused, and the parts.
begin;
\ir ../../helpers/start.psql
select plan(34);

select is(refusal(format($$ select rules.check_report_period('2026-01-15', %L) $$, till)), refused,
  coalesce(nullif(split_part(refused, ' ', 2), ''), 'check_report_period') || ': to ' || till)
  from (values ('2026-01-14', 'ENRUL report_period_in_order'), ('2026-01-15', 'ENRUL report_period_in_order'),
    ('2026-01-16', 'none'), ('2028-01-15', 'none'), ('2028-01-16', 'ENRUL report_period_length')) v (till, refused);
select is(asked('report/' || report, who('coach', 'COACH'), '{"startDate": "2026-12-02", "endDate": "2026-12-01"}'),
  'ENRUL report_period_in_order', 'report_period_in_order: report/' || report)
  from unnest('{visits,occupancy,term,blocked}'::text[]) report;
select is(asked('report/' || report, who('coach'), '{"startDate": "2024-01-01", "endDate": "2026-12-01"}'),
  'ENRUL report_period_length', 'report_period_length: report/' || report)
  from unnest('{visits,occupancy,term,blocked}'::text[]) report;
select is(asked('report/' || report, who('coach'), '{"startDate": "2026-12-01", "endDate": "2026-12-31"}'::jsonb - f),
  'ENREQ field_missing', 'field_missing: report/' || report || ' without ' || f)
  from unnest('{visits,occupancy,term,blocked}'::text[]) report, unnest('{startDate,endDate}'::text[]) f;
select is(asked('report/' || report, who('coach'),
  '{"startDate": "2026-12-01", "endDate": "2026-12-31", "format": "pdf"}'), 'ENREQ field_unreadable',
  'field_unreadable: report/' || report || ' as pdf')
  from unnest('{visits,occupancy,term,blocked}'::text[]) report;
select is(asked('report/' || report, who('ann'), '{}'), 'ENACC role_may_not', 'role_may_not: report/' || report)
  from unnest('{visits,occupancy,term,blocked}'::text[]) report;

select is(rules.folded(E' \u00A0Би-21\t'), 'би-21', 'folded: no blanks around, small letters');
insert into gym.users (student_card, secondname, firstname, surname, "group", hid)
select 812000 + n, family, 'Имя', '', 'АЗБУКА', '-' from unnest('{Ёлкин,Жуков,Елкин,Яшин,абрамов,Ежов,Щукин}'::text[])
  with ordinality f (family, n);
select is((select string_agg(r.family, ' ' order by r.place) from rules.roll r where r."group" = 'АЗБУКА'),
  'абрамов Ежов Елкин Ёлкин Жуков Щукин Яшин', 'roll: in the order of the Russian alphabet');
select who('bob') \g /dev/null
update gym.users set "group" = E'би\u201121 ' where id = who('bob');
select is(array(select unnest(rules.group_members(' БИ-21')) order by 1),
  array(select id from gym.users where id in (who('ann'), who('bob'), who('coach')) order by id),
  'group_members: whatever the case and the blanks');
select is(rules.group_members(' '), null, 'group_members: no name is everybody');
select is(rules.group_members('БИ-99'), '{}', 'group_members: nobody');

select * from finish();
rollback;
