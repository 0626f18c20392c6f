-- «Абрамов Олег Ильич», typed into the form of the deployed front: Фамилия, Имя, Отчество.
begin;
\ir ../../helpers/start.psql
select plan(30);

insert into gym.secrets (name, value) values ('pepper', 'pepper') on conflict (name) do update set value =
  excluded.value;

-- a field of the old form, under its label, and the key under which the deployed front sends it
create table help.form (label text primary key, key text);
insert into help.form values ('Фамилия', 'secondname'), ('Имя', 'firstname'), ('Отчество', 'surname');
create function help.sign_up(p_card integer, p_form jsonb, p_group text default 'НМ-1') returns integer
language sql as $$
  select (help.ask('user/create', help.who('boss', 'ADMIN'),
            jsonb_build_object('studentCard', p_card, 'group', p_group, 'password', 'пароль12', 'role', 'STUDENT')
            || (select jsonb_object_agg(f.key, p_form -> f.label) from help.form f)) ->> 'id')::integer
$$;
create function help.shown(p_id integer) returns text
language sql as $$ select r.name from rules.roll r where r.user_id = p_id $$;

select a_week(), make_slot('dec', 0, '16:00', 12, '2026-12-01') \g /dev/null
select sign_up(812001, '{"Фамилия": "Абрамов", "Имя": "Олег", "Отчество": "Ильич"}') as oleg,
       sign_up(812002, '{"Фамилия": "Борисов", "Имя": "Антон", "Отчество": "Аркадьевич"}') as anton,
       sign_up(812003, '{"Фамилия": "Абрамова", "Имя": "Алла", "Отчество": ""}') as alla \gset

-- ---- read as it was typed, wherever names are shown ----

select is(shown(:oleg), 'Абрамов Олег Ильич', 'roll: family name, given name, patronymic');
select is(shown(:alla), 'Абрамова Алла', 'roll: an empty patronymic is left out');
select is((select n::text from gym.users u, rules.names(u) n where u.id = :oleg),
  '(Абрамов,Олег,Ильич,"Абрамов Олег Ильич")', 'names: of a row at hand');
select is_empty($$ select from gym.users u cross join rules.names(u) n join rules.roll r on r.user_id = u.id
                    where (n.family, n.given, n.patronymic, n.name) is distinct from (r.family, r.given, r.patronymic,
                      r.name) $$,
  'names: the same as rules.roll');
select is(admin($$ select family, given, patronymic from api.person(card => 812001) $$), '(Абрамов,Олег,Ильич)',
  'api.person: each by its name');
select is(ask('user/get', who('boss')) @> '[{"secondname": "Абрамов", "firstname": "Олег", "surname": "Ильич"}]',
  true, 'user/get: as it came');

insert into gym.enrolments (slot_id, user_id) select slot(s), u from unnest('{mon,dec}'::text[]) s,
  unnest(array[:anton, :alla, :oleg]) u;
create function help.listed(p_view text, p_where text) returns text
language plpgsql as $$
declare
  v_list text;
begin
  execute format('select string_agg(l.person, '', '' order by l.n) from (select v.person, row_number() over () as n from %s v where %s) l', p_view, p_where) into v_list;
  return v_list;
end
$$;
select is(listed('api.enrolled', $$ month = '01-2027' $$),
  'Абрамов Олег Ильич, Абрамова Алла, Борисов Антон Аркадьевич', 'api.enrolled: by family name');
insert into gym.marks (enrolment_id, slot_id, user_id, date, mark)
select e.id, e.slot_id, e.user_id, '2026-12-07', 'absent' from gym.enrolments e where e.slot_id = slot('dec')
on conflict (enrolment_id, date) do update set mark = 'absent';
select is(listed('api.attendance', $$ date = '2026-12-07' $$),
  'Абрамов Олег Ильич, Абрамова Алла, Борисов Антон Аркадьевич', 'api.attendance: by family name');
select is(listed('api.absences', 'true'), 'Абрамов Олег Ильич, Абрамова Алла, Борисов Антон Аркадьевич',
  'api.absences: of as many by family name');
select rules.block(u, 'порча', null, null) from unnest(array[:anton, :oleg]) u \g /dev/null
select is(listed('api.blocked', 'true'), 'Абрамов Олег Ильич, Борисов Антон Аркадьевич', 'api.blocked: by family name');
select is((select string_agg(r.person, ', ' order by r.n)
             from (select v.person, row_number() over () as n from api.report_visits('2026-12-01', '2026-12-31',
               'НМ-1') v) r),
  'Абрамов Олег Ильич, Абрамова Алла, Борисов Антон Аркадьевич', 'report: by family name');
select is((select string_agg(person, ', ' order by id) from api.people_masked where id in (:oleg, :alla)),
  'А. О., А. А.', 'api.people_masked: initials of family and given name');
select is(admin($$ select person from api.enrol_group('НМ-1', day => 'Tue', at => '16:00') $$),
  '("Абрамов Олег Ильич") ("Абрамова Алла") ("Борисов Антон Аркадьевич")', 'api.enrol_group: by family name');
select rules.unblock(u, 'возмещено', null) from unnest(array[:anton, :oleg]) u \g /dev/null

-- ---- a family name on every path, a patronymic on none ----

select is(admin($$ select person from api.add_user(812010, 'Ли', 'Вэй', entropy => sha256('x')) $$), '("Ли Вэй")',
  'api.add_user: without a patronymic');
select is(admin($$ select full_name from api.edit_person(card => 812001, patronymic => '') $$), '("Абрамов Олег")',
  'api.edit_person: empties a patronymic');
select is(admin($$ select full_name from api.edit_person(card => 812001, patronymic => 'Ильич') $$),
  '("Абрамов Олег Ильич")', 'api.edit_person: gives one');
select is(refusal(format($$ insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values
  (812011, 'Ян', %L, 'Ильич', '', '-') $$, f)),
  'ENREQ users_family_given', format('users_family_given: a raw INSERT of %L', f)) from unnest(array['', '  ',
    e'\u00a0\t']) f;
select is(refusal($$ insert into gym.users (student_card, firstname, secondname, surname, "group", hid) values
  (812012, '', 'Ян', '', '', '-') $$), 'none', 'users_family_given: a family name alone will do');
select is(refusal(format($$ update gym.users set secondname = ' ' where id = %s $$, :oleg)),
  'ENREQ users_family_given', 'users_family_given: a raw UPDATE');
select is(refusal($$ select rules.add_user(812013, ' ', 'Ян', '', '', 'пароль12', 'STUDENT') $$),
  'ENREQ users_family_given', 'users_family_given: rules.add_user');
select is(refusal(format($$ select rules.edit_person(%s, ' ', null, null, null, null) $$, :oleg)),
  'ENREQ users_family_given', 'users_family_given: rules.edit_person');
-- a row of old, written before the rule was
set local session_replication_role = replica;
insert into gym.users (id, student_card, firstname, secondname, surname, "group", hid) values (2000000001, 812014,
  'Старый', '', 'Ильич', '', '-');
reset session_replication_role;
select is(refusal($$ update gym.users set image = 'i.png', secondname = '' where id = 2000000001 $$), 'none',
  'users_family_given: a row of old that has none is written all the same');
select is(refusal($$ select rules.edit_user(2000000001, null, 'Новый', null, null, null) $$), 'none',
  'users_family_given: and edited');
select is(refusal($$ insert into gym.roster (card, family, given, patronymic, "group", added_at) values (1, ' ', 'Ян',
  '', '', now()) $$),
  '23514 roster_family_given', 'roster_family_given: a raw INSERT');

-- ---- erased from what people typed ----

select (rules.create_post('news',
  'Абрамов Олег Ильич, Олег Ильич Абрамов, Абрамов О. И., О.И.Абрамов и Олег Абрамов; а Олег Ильич Борисов остаётся',
  null)).id as post \gset
select is((select count(*) from rules.mentions(:oleg) where what = 'post'), 1::bigint, 'mentions: by the family name');
select rules.erase_person(:oleg, 'закон') \g /dev/null
select is((select body from gym.posts where id = :post),
  'стёрто, стёрто, стёрто, стёрто и стёрто; а Олег Ильич Борисов остаётся',
  'erase_person: no family name stays in posts');
select is_empty($$ select * from gym.audit_log a where a::text ~ 'Абрамов\M' $$, 'erase_person: nor in the trail');
select is((select (secondname, firstname, surname)::text from gym.users where id = :oleg), '("","","")',
  'erase_person: all three are empty');

select * from finish();
rollback;
