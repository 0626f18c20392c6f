begin;
\ir ../helpers/start.psql
select plan(18);

select a_week(3), who('boss', 'ADMIN'), who('ann') \g /dev/null
select book('ann', 'tue') as seat \gset
select ask('entry/delete-any', who('boss'), jsonb_build_object('id', :seat)) \g /dev/null
select set_config('gym.actor', '', true), set_config('gym.request_id', '', true) \g /dev/null
update gym.settings set slots_per_student = 2;
update gym.settings set seats_per_slot = 9;
update gym.rights set anybody = true where endpoint = 'visit/get';

-- ---- api.history ----

select is(admin(format($$ select did, regexp_replace(changes, '\s+', ' ', 'g') from api.history('enrolment', %s) $$,
  :seat)) ~
  format('^\(insert,"\(by gym.now 2026-12-10 09:00:00\) slot_id: %s user_id: %s"\) \(update,"\(by gym.now 2026-12-10 09:00:00\) cancel_reason: - → administrator cancelled_at: - → 2026-12-10 .*cancelled_by: - → %s"\)$', slot('tue'), who('ann'), who('boss')),
  true, 'history: of an enrolment, oldest first, with what the gym''s clock was moved to');
select is(admin(format($$ select who from api.history('enrolments', %s) $$, :seat)),
  format('("%s") ("user %s")',
  left(session_user || ' (' || split_part(current_setting('application_name'), '/', 1) || ')', 20), who('boss')),
  'history: by psql, and by a person through the server; the table''s name is understood too');
select is(
  admin($$ select did, split_part(changes, e'\n', 2) from api.history('setting', key => 'slots_per_student') $$),
  '(update,"slots_per_student: 3 → 2")', 'history: of one setting');
select is((select count(*) from api.history('setting')), 2::bigint, 'history: of all settings');
select is((select split_part(changes, e'\n', 2) from api.history('right', key => 'visit/get')), 'anybody: false → true',
  'history: by a key');
select is((select at from api.history('slot', slot('tue'))), rules.local_time(now())::timestamp(0)::timestamp,
  'history: by the true time, as the gym''s wall clock shows it');
select is((select count(*) from api.history('slot', -1)), 0::bigint, 'history: of nothing');
select is(admin_refused($$ select * from api.history('coffee') $$), 'ENREQ history_unknown',
  'history_unknown: what has none');

-- ---- api.who_did ----

select is(admin(format($$ select what, did from api.who_did(card => %s) $$, card('boss'))),
  format('("enrolment %s",update)', :seat), 'who_did: a person, by the card');
select is(admin(format($$ select count(*) from api.who_did(person => %s, since => '2200-01-01') $$, who('boss'))),
  '(0)', 'who_did: since when');
select ok((select count(*) from api.who_did(login => session_user)) >= 12, 'who_did: a database role');
select is_empty(
  format($$ select what from api.who_did(login => session_user) where what = 'enrolment %s' and did = 'update' $$,
  :seat), 'who_did: a database role, but not what people did through it');
select is(admin_refused($$ select * from api.who_did(card => 1) $$), 'ENGON user_not_found', 'user_not_found: who_did');

-- ---- tables fit 100 columns: psql draws three signs between two columns, and one at either side ----

insert into gym.posts (kind, body, created_at) values ('news', repeat('длинно ', 1000), rules.clock());
insert into gym.cancelled_lessons values ('2027-01-12', '16:00', rules.clock());
select cmp_ok((select 19 + 3 + max(length(who)) + 3 + max(length(did)) + 3 + max(length(line)) + 2 from rules.audited a
  cross join lateral api.history(a.what) h cross join lateral regexp_split_to_table(h.changes, e'\n') line), '<=', 100,
  'history: fits 100 columns');
select cmp_ok((select 19 + 3 + max(length(what)) + 3 + max(length(did)) + 3 + max(length(line)) + 2
  from api.who_did(login => session_user) h cross join lateral regexp_split_to_table(h.changes, e'\n') line), '<=', 100,
  'who_did: fits 100 columns');

-- ---- api.mentions, api.erase_person ----

insert into gym.posts (kind, body, created_at) values ('news', 'Ищем хозяина билета ' || card('ann') || repeat('!', 100), rules.clock()) returning id as lost \gset
select is(admin(format($$ select * from api.mentions(card => %s) $$, card('ann'))),
  format('(post,%s,"Ищем хозяина билета %s!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!…")', :lost, card('ann')),
  'mentions: the beginning of each text');
select is(admin_refused($$ select * from api.mentions(card => 1) $$), 'ENGON user_not_found',
  'user_not_found: mentions');

select is(admin(format($$ select * from api.erase_person('закон', card => %s) $$, card('ann'))),
  format('(%s,%s,4,1)', who('ann'), 2147483647 - who('ann')),
  'erase_person: an administrator does it; says the card put in place');

select * from finish();
rollback;
