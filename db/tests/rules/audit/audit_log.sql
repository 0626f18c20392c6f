-- The audit trail: what is written, that it stays, its months, and erasing a person by law.
begin;
\ir ../../helpers/start.psql
select plan(98);

-- logged('slots', slot('tue')): the trail of a row, oldest first
create function help.logged(p_table text, p_key text) returns text
language sql as $$
  select string_agg(concat_ws(' ', operation, old_values, '→ ' || new_values::text), '; ' order by id)
    from gym.audit_log where on_table = p_table and key = p_key
$$;
create function help.logged(p_table text, p_key integer) returns text
  language sql as $$ select help.logged(p_table, p_key::text) $$;

-- ---- every change of every table ----

select set_eq($$ select on_table from rules.audited $$, '{users,settings,weekly_template,slots,enrolments,marks,cancelled_lessons,closures,blocks,pardons,posts,rights,manual_turns,roster,waiting}'::text[], 'audited: what is kept in the trail');
select is_empty($$
  select a.on_table, w.what from rules.audited a
    cross join (values ('insert', 4), ('delete', 8), ('update', 16)) w (what, bit)
   where (a.on_table, w.what) <> ('enrolments', 'delete')
     and not exists (select from pg_trigger t
     where t.tgrelid = ('gym.' || a.on_table)::regclass and t.tgname = a.on_table || '__remember_' || w.what
     and t.tgtype & w.bit > 0 and t.tgfoid in ('rules.remember'::regproc, 'rules.enrolments__remember'::regproc)) $$,
  'remember: on every table for every change; enrolments are never deleted');

select a_week(3), who('ann') \g /dev/null
select is(logged('slots', slot('tue')),
  format('insert → {"id": %s, "month": "2027-01-01", "weekday": 1, "capacity": 3, "starts_at": "16:00:00"}',
  slot('tue')), 'remember: a row inserted, without what is counted');
select book('ann', 'tue') as seat \gset
select is(logged('slots', slot('tue')) !~ 'taken|update', true, 'remember: the counter is not written');
select is(logged('enrolments', :seat), format('insert → {"slot_id": %s, "user_id": %s}', slot('tue'), who('ann')),
  'enrolments__remember: an enrolment, slot and student');
insert into gym.enrolments (slot_id, user_id, beyond_limit) values (slot('tue'), who('bob'), 'forced') returning id as forced \gset
select is(logged('enrolments', :forced),
  format('insert → {"slot_id": %s, "user_id": %s, "beyond_limit": "forced"}', slot('tue'), who('bob')),
  'enrolments__remember: one beyond the limit');
update gym.enrolments set beyond_limit = null where id = :forced;
select matches(logged('enrolments', :forced), '; update \{"beyond_limit": "forced"\} → \{"beyond_limit": null\}$',
  'enrolments__remember: and no longer');
update gym.slots set capacity = 5 where id = slot('tue');
update gym.slots set capacity = 5 where id = slot('tue');
select matches(logged('slots', slot('tue')), '; update \{"capacity": 3\} → \{"capacity": 5\}$',
  'remember: of an update what changed, and no update that changes nothing');
update gym.slots set capacity = capacity + weekday + 1 where id in (slot('mon'), slot('wed'));
select is(logged('slots', slot('wed')), format('insert → {"id": %1$s, "month": "2027-01-01", "weekday": 2, "capacity": 3, "starts_at": "16:00:00"}; update {"capacity": 3} → {"capacity": 6}', slot('wed')),
  'remember: of several slots each its own');
update gym.settings set slots_per_student = 2, seats_per_slot = 15;
select is(logged('settings', 'true'),
  'update {"seats_per_slot": 12, "slots_per_student": 3} → {"seats_per_slot": 15, "slots_per_student": 2}',
  'remember: settings');
update gym.weekly_template set starts_at = '16:10', capacity = 7 where weekday = 0 and starts_at = '16:00';
select is(logged('weekly_template', '0 16:10:00'),
  'update {"capacity": null, "starts_at": "16:00:00"} → {"capacity": 7, "starts_at": "16:10:00"}',
  'remember: a key of two columns, changed itself');
delete from gym.weekly_template where weekday = 0 and starts_at = '16:10';
select matches(logged('weekly_template', '0 16:10:00'),
  '; delete \{"weekday": 0, "capacity": 7, "starts_at": "16:10:00"\}$', 'remember: a row deleted');
update gym.rights set roles = '{ADMIN}' where endpoint = 'visit/get';
select is(logged('rights', 'visit/get'), 'update {"roles": ["COACH", "ADMIN"]} → {"roles": ["ADMIN"]}',
  'remember: rights');
insert into gym.posts (kind, body, created_at) values ('news', 'Ура', rules.clock()) returning id as post \gset
update gym.posts set body = 'Ура!', edited_at = rules.clock() where id = :post;
select matches(logged('posts', :post),
  'update \{"body": "Ура", "edited_at": null\} → \{"body": "Ура!", "edited_at": "2026-12-10', 'remember: a post');
update gym.enrolments set cancelled_at = rules.clock() where user_id = who('ann');
select matches(logged('enrolments', :seat), '; update \{"cancelled_at": null, "cancelled_by": null, "cancel_reason": null\} → \{"cancelled_at": ".*", "cancelled_by": null, "cancel_reason": "administrator"\}$', 'enrolments__remember: cancelled, with what the triggers filled in');
update gym.enrolments set cancelled_at = null, slot_id = slot('wed') where user_id = who('ann');
select is((select old_values - '{cancelled_at}'::text[] from gym.audit_log where on_table = 'enrolments'
  order by id desc limit 1), jsonb_build_object('slot_id', slot('tue'), 'weekday', 1, 'cancel_reason', 'administrator'),
  'enrolments__remember: brought back elsewhere, what was');
select is((select new_values from gym.audit_log where on_table = 'enrolments' order by id desc limit 1),
  jsonb_build_object('slot_id', slot('wed'), 'weekday', 2, 'cancel_reason', null, 'cancelled_at', null),
  'enrolments__remember: and what is');
update gym.enrolments set cancelled_at = null where user_id = who('ann');
select is((select count(*) from gym.audit_log where on_table = 'enrolments' and key = :'seat'), 3::bigint,
  'enrolments__remember: no update that changes nothing');
insert into gym.closures (start_date, end_date, reason, created_at) values ('2027-01-01', '2027-01-08', 'каникулы', rules.clock()) returning id as closure \gset
insert into gym.cancelled_lessons values ('2027-01-12', '16:00', rules.clock());
insert into gym.pardons (user_id, date, reason, made_at) values (who('ann'), '2026-12-01', 'справка', rules.clock());
insert into gym.blocks (user_id, reason, created_at) values (who('ann'), 'вручную', rules.clock());
insert into gym.manual_turns (is_open, made_at) values (true, rules.clock());
select set_eq($$ select distinct on_table from gym.audit_log where operation = 'insert' $$,
  '{users,slots,enrolments,posts,closures,cancelled_lessons,pardons,blocks,manual_turns}'::text[],
  'remember: the other tables');
select is(logged('cancelled_lessons', '2027-01-12 16:00:00') ~ '^insert', true,
  'remember: a lesson called off, by date and time');

-- marks: by the day on which they stand
set local gym.now = '2027-01-01 00:10';
select who('may'), book('may', 'thu'), rules.run('ensure_marks') \g /dev/null
update gym.marks set mark = 'excused' where user_id = who('may') and date = '2027-01-14' returning id as mark \gset
select matches(logged('marks', :mark), '^insert → \{.*"mark": "unmarked".*\}; update \{"mark": "unmarked", "set_at": null\} → \{"mark": "excused", "set_at": ".*"\}$', 'remember: a mark made and set');
set local gym.now = '2026-12-10 09:00';

-- a move of the slot reaches the enrolments through their foreign key
select book('eve', 'fri') as moved \gset
update gym.slots set weekday = 2, starts_at = '20:00' where id = slot('fri');
select matches(logged('enrolments', :moved), '; update \{"weekday": 4\} → \{"weekday": 2\}$',
  'enrolments__remember: what follows by a foreign key');

-- ---- never hid, no picture ----

insert into gym.users (student_card, firstname, surname, secondname, "group", hid, image) values (777, 'Тайна', '',
  'Хранимая', 'БИ-21', 'hash-one', 'bytes-one') returning id as secret \gset
update gym.users set hid = 'hash-two', image = 'bytes-two' where id = :secret;
select is(logged('users', :secret),
  format('insert → {"id": %s, "role": "STUDENT", "group": "БИ-21", "deleted": false, "surname": "", "firstname": "Тайна", "secondname": "Хранимая", "student_card": 777}; '
  'update {"hid": "…", "image": "…"} → {"hid": "…", "image": "…"}', :secret),
    'remember: that a password or picture changed, never which');
select is_empty($$ select * from gym.audit_log a where a::text ~ 'hash-|bytes-' $$,
  'remember: no hash and no picture anywhere');

-- ---- who and when ----

select is((select (actor, login = session_user, application, request_id, gym_time, written_at = now())::text
  from gym.audit_log where on_table = 'slots' and key = slot('tue')::text order by id limit 1),
  format('(,t,%s,,"%s",t)', current_setting('application_name'), rules.clock()),
    'remember: from psql: the database role, the application, both clocks');
select rules.turn_enrolment(true, null) \g /dev/null
select ask('entry/create', who('bob'), jsonb_build_object('selectedTimes', array[slot('sat')])) \g /dev/null
select is((select (actor = who('bob'), request_id,
  application = split_part(current_setting('application_name'), '/', 1))::text from gym.audit_log
  where on_table = 'enrolments' and operation = 'insert' order by id desc limit 1), '(t,test,t)',
  'remember: through the server: the person and the request');
select set_config('gym.actor', '', true), set_config('gym.request_id', '', true) \g /dev/null
set local gym.now = '';
update gym.slots set capacity = 9 where id = slot('sun');
select is((select gym_time is null and actor is null and request_id is null from gym.audit_log
  where on_table = 'slots' and key = slot('sun')::text order by id desc limit 1), true,
  'remember: no gym''s time where it is the true one');
set local gym.now = '2026-12-10 09:00';
savepoint before;
update gym.slots set capacity = 10 where id = slot('sun');
rollback to before;
select matches(logged('slots', slot('sun')), '"capacity": 9\}$', 'remember: in the same transaction');

-- ---- append only ----

select to_char(now() at time zone 'UTC', '"audit_log_"YYYY_MM') as this_month \gset
select is(refusal($$ update gym.audit_log set actor = 1 $$), 'ENRUL audit_append_only', 'audit_append_only: UPDATE');
select is(refusal($$ delete from gym.audit_log where false $$), 'ENRUL audit_append_only',
  'audit_append_only: DELETE, of nothing too');
select is(refusal($$ truncate gym.audit_log $$), 'ENRUL audit_append_only', 'audit_append_only: TRUNCATE');
select is(refusal(format('%s gym.%I %s', what, partition, rest)), 'ENRUL audit_append_only',
  format('audit_append_only: %s of a partition', what))
  from (values ('update', 'set actor = 1'), ('delete from', ''), ('truncate', '')) w (what, rest),
    (values (:'this_month'), ('audit_log_other')) p (partition);
create function help.erase_person(integer, text) returns void
  language plpgsql as 'begin update gym.audit_log set actor = 1; end';
select is(refusal($$ select help.erase_person(1, 'rules.erase_person(integer,text)') $$), 'ENRUL audit_append_only',
  'audit_append_only: a function of that name elsewhere');
select is(refusal($$ do $x$ begin update gym.audit_log set actor = 1 /* PL/pgSQL function rules.erase_person(integer,text,text[]) line 1 at SQL statement */; end $x$ $$),
  'ENRUL audit_append_only', 'audit_append_only: the name in a comment');
create function help."rules.erase_person(integer,text,text[]) line "() returns void
  language plpgsql as 'begin update gym.audit_log set actor = 1; end';
select is(refusal($$ select help."rules.erase_person(integer,text,text[]) line "() $$), 'ENRUL audit_append_only',
  'audit_append_only: a function that is called like it');

-- ---- months ----

select is((select string_agg(to_char(m, 'YYYY_MM')
  || coalesce(to_regclass('gym.' || to_char(m, '"audit_log_"YYYY_MM'))::text, ' is missing'), ' ')
             from generate_series(date_trunc('month', now() at time zone 'UTC'),
               date_trunc('month', now() at time zone 'UTC') + interval '2 months', interval '1 month') m
               where to_regclass('gym.' || to_char(m, '"audit_log_"YYYY_MM')) is null),
  null, 'ensure_audit_months: this month and two more stand from the beginning');
select is(rules.ensure_audit_months(), 0, 'ensure_audit_months: harmless to repeat');
-- the trail of old times, written while nobody made the months
insert into gym.audit_log (written_at, login, on_table, key, operation) values
  ('2001-01-31 23:59:59+00', 'old', 'slots', '1', 'insert'), ('2001-02-01 00:00+00', 'old', 'slots', '1', 'insert'),
    (now() - interval '10 months', 'young', 'slots', '1', 'insert');
select is((select count(*) from gym.audit_log_other), 3::bigint, 'audit_log_other: a missing month refuses nothing');
update gym.settings set audit_months = 1200;
select is(rules.clean_up(), 3, 'clean_up: makes the months that are missing');
select is((select count(*) from gym.audit_log_other), 0::bigint, 'make_audit_month: and moves their rows');
select is((select string_agg(tableoid::regclass::text, ' ' order by written_at) from gym.audit_log where login = 'old'),
  'audit_log_2001_01 audit_log_2001_02', 'make_audit_month: months of UTC');
select is(refusal($$ delete from gym.audit_log_2001_01 $$), 'ENRUL audit_append_only',
  'audit_append_only: a month made later');
select is(rules.clean_up(), 0, 'clean_up: nothing is older than the setting');
update gym.settings set audit_months = 36;
select is(wire.clean_up(), 2, 'wire.clean_up: drops the months past the setting');
select is((select string_agg(distinct login, ' ') from gym.audit_log where login in ('old', 'young')), 'young',
  'ensure_audit_months: younger ones stay');
select set_eq($$ select key from gym.audit_log where on_table = 'audit_log' and operation = 'delete' $$,
  '{audit_log_2001_01,audit_log_2001_02}'::text[], 'ensure_audit_months: the trail notes what was dropped');
select is(rules.clean_up(), 0, 'clean_up: harmless to repeat');

-- ---- erasing a person by law ----

select book('zoe', 'thu'), card('zoe') as card \g /dev/null
update gym.users set secondname = 'Особая', firstname = 'Зоя', "group" = 'ЗО-1', image = 'z.png' where id = who('zoe');
select is(refusal($$ select rules.erase_person(who('zoe'), ' ') $$), 'ENREQ erase_reason_given',
  'erase_reason_given: no reason');
select is(refusal($$ select rules.erase_person(-1, 'закон') $$), 'ENGON user_not_found', 'user_not_found: erase');
select is((select (e.entries, e.texts)::text from rules.erase_person(who('zoe'), 'закон') e), '(3,0)',
  'erase_person: blanks the person''s rows of the trail');
select is((select (firstname, surname, secondname, "group", hid, image, student_card, deleted)::text from gym.users
  where id = who('zoe')),
  format('("","","","",erased,,%s,t)', 2147483647 - who('zoe')),
    'erase_person: names, card, hash and picture are gone, the row stays');
select is((select count(*) from gym.enrolments where user_id = who('zoe')), 1::bigint,
  'erase_person: the history stays');
select is_empty($$ select * from gym.audit_log a where a.on_table = 'users' and a.key = who('zoe')::text and (a::text ~ 'Зоя|Zoe|Особая|Тестова|Ивановна|ЗО-1|БИ-21|z.png' or a::text ~ '90000\d{4}') $$, 'erase_person: no name and no card is left in the trail');
select is((select string_agg(operation || case when erased_at is null then '' else ' erased' end, ', ' order by id)
  from gym.audit_log where on_table = 'users' and key = who('zoe')::text),
  'insert erased, update erased, update erased, erase', 'erase_person: which says so');
select is((select new_values from gym.audit_log where operation = 'erase'),
  '{"reason": "закон", "entries": 3, "texts": 0}'::jsonb, 'erase_person: with the reason');

-- what people typed
select who('ivan'), who('ivor'), card('ivan') as ivans \gset
update gym.users set secondname = 'Орлов-Ежов', firstname = 'Семён', surname = 'Ильич' where id = who('ivan');
update gym.users set secondname = 'Орлов' where id = who('ivor');
select jsonb_agg(r) as rows from (values (:ivans, 'Орлов-Ежов', 'Семён'), (4, 'Кто', 'Нибудь')) r (card, secondname,
  firstname) \gset
select * from rules.import_roster(:'rows') \g /dev/null
select matches(logged('roster', :ivans), '^insert → \{.*"family": "Орлов-Ежов".*\}$', 'remember: the roster');
update gym.roster set "group" = 'ИС-1' where card = 4;
select matches(logged('roster', 4), '; update \{"group": ""\} → \{"group": "ИС-1"\}$', 'remember: of it what changed');
select rules.block(who('ivan'), 'подрался с Кузьминым', null, null), rules.unblock(who('ivan'), 'извинился', null), rules.forgive(who('ivan'), '2026-12-02', 'сломал ногу', null) \g /dev/null
select rules.forgive(who('ivor'), '2026-12-02', 'помогал: Орлов-Ежов С. И., билет ' || :ivans, null), rules.create_closure('2026-12-28', '2026-12-28', null, 'Похороны (Семен  Ильич Орлов-Ежов)', null) \g /dev/null
insert into gym.cancelled_lessons values ('2027-01-19', '16:00', rules.clock(), null, 'заболел С.И.Орлов-Ежов');
select (rules.create_post('news', 'Поздравляем: орлов-ежов семён. А Орлов Семён подождёт; Орлову-Ежову — кубок!', null)).id as praise \gset
update gym.posts set body = body || ' Ура.' where id = :praise;
select is((select string_agg(what, ' ' order by what) from rules.mentions(who('ivan'))), 'closure lesson pardon post',
  'mentions: wherever the card or the family name stands');
select is((select texts from rules.erase_person(who('ivan'), 'закон', '{Орлову-Ежову}')), 12,
  'erase_person: texts too');
select is((select string_agg(distinct concat_ws(' ', reason, lift_reason), '; ') from gym.blocks
  where user_id = who('ivan')), 'стёрто стёрто', 'erase_person: reasons of blocks');
select is((select string_agg(distinct reason, '; ') from gym.pardons where user_id = who('ivan')), 'стёрто',
  'erase_person: reasons of pardons');
select is((select string_agg(distinct reason, '; ') from gym.ledger where user_id = who('ivan')), 'стёрто',
  'erase_person: reasons in the ledger');
select is((select string_agg(reason, '; ') from gym.pardons where user_id = who('ivor')),
  'помогал: стёрто, билет стёрто', 'erase_person: who is named in another''s');
select is((select string_agg(reason, '; ') from gym.ledger where user_id = who('ivor')),
  '02.12.2026: помогал: стёрто, билет стёрто', 'erase_person: and in the ledger');
select is((select reason from gym.closures where start_date = '2026-12-28'), 'Похороны (стёрто)',
  'erase_person: in a closure, with е for ё');
select is((select reason from gym.cancelled_lessons where date = '2027-01-19'), 'заболел стёрто',
  'erase_person: in a lesson called off, by initials');
select is((select body from gym.posts where id = :praise),
  'Поздравляем: стёрто. А Орлов Семён подождёт; стёрто — кубок! Ура.',
  'erase_person: in a post, and nobody else of a similar name; what else he is called');
select is((select count(*) from gym.roster where card = :ivans), 0::bigint, 'erase_person: the line of the roster');
select is_empty(
  $$ select * from gym.audit_log a where a::text ~* 'орлову?-ежов|Сем[её]н(?! подождёт)|ногу|Кузьмин|извинился' $$,
  'erase_person: nothing of it is left in the trail');
select is_empty(format($$ select * from gym.audit_log a where a::text ~ '\m%s\M' $$, :ivans),
  'erase_person: nor the card, which was a key of the roster''s');
select is((select count(*) from gym.audit_log
  where on_table = 'roster' and key = (2147483647 - who('ivan'))::text and erased_at is not null), 2::bigint,
  'erase_person: whose rows stay, of nobody');
select is(refusal($$ update gym.ledger set reason = '' $$), 'ENRUL never_deleted',
  'never_deleted: the ledger is not written again');
select is((select new_values ->> 'reason' from gym.audit_log where operation = 'erase' and key = who('ivan')::text),
  'закон', 'erase_person: the reason');
select is(refusal($$ select rules.erase_person(who('ivan'), 'ещё раз') $$), 'none', 'erase_person: harmless to repeat');
select is('x' || t.text || 'x' ~* ('^x' || rules.spelt('Орлов-Ёжиков  Андрей') || 'x$'), true, 'spelt: ' || t.what)
  from (values ('as it is', 'Орлов-Ёжиков Андрей'), ('no-break space', E'Орлов-Ёжиков\u00a0Андрей'),
    ('comma', 'Орлов-Ёжиков, Андрей'),
               ('case', 'ОРЛОВ-ЁЖИКОВ андрей'), ('another hyphen', E'Орлов\u2011Ежиков Андрей'),
                 ('no hyphen', 'Орлов Ежиков Андрей'),
               ('NFD', E'Орлов-Е\u0308жиков Андреи\u0306'), ('soft hyphen', E'Ор\u00adлов-Ежи\u00adков Анд\u00adрей'),
                 ('line break', E'Орлов-Ежиков\nАндрей')) t (what, text);
select is('Орлов Ежикова Андрей' ~* ('^' || rules.spelt('Орлов-Ёжиков Андрей') || '$'), false, 'spelt: another name');
select is('a.b (c) Ёж' ~* ('^' || rules.spelt(' a.b (c)  Ёж ') || '$'), true, 'spelt: signs of regular expressions');
select is('aXb (c) Ёж' ~* ('^' || rules.spelt(' a.b (c)  Ёж ') || '$'), false, 'spelt: which stand for themselves');
select is(('x' || 'ЁЖИКОВ' || 'x') collate "C" ~ ('^x' || rules.spelt('Ёжиков') || 'x$') collate "C", true,
  'spelt: in any case, under C too');
select who(n) from unnest('{kit,kim,ken,dora,dana,dina}'::text[]) n \g /dev/null
update gym.users set firstname = n.name, secondname = 'Двойникова' from (values (who('dora'), 'Дора'), (who('dana'),
  'дора'), (who('dina'), 'Дина')) n (id, name) where users.id = n.id;
insert into gym.roster (card, family, given, patronymic, "group", added_at) values (777001, 'Двойникова', 'Дора', '',
  '', rules.clock());
select is((select string_agg(what || ' ' || key, ', ' order by what) from rules.mentions(who('dora'))),
  format('account %s, roster 777001', who('dana')),
  'mentions: a second account of the name, and the roster of another card');
select rules.erase_person(who('dina'), 'по заявлению: Двойникова, Дина') \g /dev/null
select is((select new_values ->> 'reason' from gym.audit_log where operation = 'erase' and key = who('dina')::text),
  'по заявлению: стёрто', 'erase_person: its own reason names nobody');
-- a name that is no name
update gym.users set firstname = n.name, secondname = n.name
  from (values (who('kit'), '\'), (who('kim'), '^'), (who('ken'), ']')) n (id, name) where users.id = n.id;
select is(refusal(format($$ select rules.erase_person(who(%L), 'закон') $$, n)), 'none',
  'erase_person: of a name with a sign of regular expressions, ' || n) from unnest('{kit,kim,ken}'::text[]) n;
select is(refusal($$ update gym.audit_log set erased_at = null $$), 'ENRUL audit_append_only',
  'audit_append_only: also where somebody was erased');

select * from finish();
rollback;
