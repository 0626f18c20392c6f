begin;
\ir ../helpers/start.psql
select who('ann') \g /dev/null
select plan(30);

-- ---- api.commands ----

select set_eq($$ select name, kind from api.commands $$,
  $$ select proname::text, 'function' from pg_proc where pronamespace = 'api'::regnamespace and prosecdef union all select relname::text, 'view' from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v' $$,
  'api.commands: every function and view of api that a person calls');
select is((select (arguments, purpose, who, example)::text from api.commands where name = 'create_slot'),
  (select ('day text, at time, seats integer = null, month text = ''next''', 'Adds a slot', 'energy_admin',
    'select * from api.create_slot(day => ''Sun'', at => ''12:00'', seats => 8);')::text),
  'api.commands: arguments with defaults, purpose, who, example');
select is((select arguments from api.commands where name = 'slots'), 'id, month, day, at, capacity, taken, free',
  'api.commands: the columns of a view');
select is((select arguments from api.commands where name = 'mark_lesson'),
  'date date, at time, present integer[] = null, excused integer[] = ''{}''', 'api.commands: defaults of arrays');
select is((select arguments from api.commands where name = 'add_user'),
  'card integer, family text, given text, patronymic text = '''', "group" text = '''', role userrole = '
  '''STUDENT'', entropy bytea = null', 'api.commands: defaults of our types');
select is_empty($$ select name from api.commands where arguments ~ 'DEFAULT|::|without time zone|gym\.' $$,
  'api.commands: nothing of PostgreSQL''s long names');
create role test_teller;
grant execute on function api.create_slot(text, time, integer, text) to test_teller;
select is((select who from api.commands where name = 'create_slot'), 'energy_admin, test_teller',
  'api.commands: who, as granted');
revoke execute on function api.create_slot(text, time, integer, text) from test_teller, energy_admin;
select is((select who from api.commands where name = 'create_slot'), 'the owner', 'api.commands: granted to nobody');

-- ---- what help shows must be worth showing ----

select is_empty($$ select name, kind from api.commands where purpose is null or length(purpose) > 96 $$,
  'comments of api: the first sentence says the purpose in a line');
select is_empty(
  $$ select name, kind from api.commands where example is null and kind = 'view' or length(example) > 96 $$,
  'comments of api: the example is one line, to paste');
select is_empty($$ select name from api.commands where strpos(example, name) = 0 $$,
  'comments of api: the example is of what it stands at');

-- ---- api.help ----

select is(admin($$ select help from api.help('create_slot') $$), format('("api.create_slot(day text, at time, seats integer = null, month text = ''next'')") ("  Adds a slot. For the owner.") ("  %s") ("")', (select example from api.commands where name = 'create_slot')),
  'api.help: a page of a function');
select is((select count(*) from api.help('%') where help ~ '^api\.'), (select count(*) from api.commands),
  'api.help: everything');
select is_empty(format($$ select help from api.help(%L) where length(help) > 98 $$, t),
  'api.help: fits 100 columns: ' || coalesce(t, 'topics'))
  from unnest(array[null, '%', 'limit', 'группа']) t;
select is_empty($$
  select t.topic, h.help from api.topics() t cross join api.help(t.topic) h where length(h.help) > 98 $$,
  'api.help: each topic fits 100 columns');
select is_empty(
  $$ select t.topic, count(*) from api.topics() t cross join api.help(t.topic) h group by 1 having count(*) > 45 $$,
  'api.help: each topic is one screen');
select is((select count(*) from api.help('ENROL\%') where help ~ '^api\.'), 0::bigint, 'api.help: no such name');
select is((select count(*) from api.help('ENROL%') where help ~ '^api\.'),
  (select count(*) from api.commands where name like 'enrol%'), 'api.help: by pattern, in any case of letters');
select is((select count(*) from api.help() where help ~ '^\w+  '), (select count(*) from api.topics()),
  'api.help: first the topics, a line each');
select is_empty($$
  select name from api.commands except select unnest(t.commands) from api.topics() t $$,
    'api.topics: each command has a topic');
select is_empty($$
  select unnest(t.commands) from api.topics() t except select name from api.commands $$,
    'api.topics: each command is there');
select set_has($$ select split_part(help, ':', 1) from api.help('лимит') $$,
  $$ values ('rule slots_per_student'), ('setting slots_per_student'), ('rule slots_taken_within_capacity') $$,
  'api.help: a word that no name contains finds by meaning');
select set_eq($$ select help from api.help('ЛИМИТ') $$, $$ select help from api.help('limit') $$,
  'api.help: in Russian and English, in any case of letters');
select is(admin($$ select * from api.help('zzz.*(') $$),
  '("Nothing is named ''zzz.*('', or is about it. The topics: select * from api.help();")',
    'api.help: nothing about that');
-- people of this gym stand in for those of the examples, for who may see them
select matches(admin($$ select help from api.help('person_history') $$), format('card => %s', card('ann')),
  'api.help: an example names people of this gym');
set local role energy_reader;
select string_agg(help, ' ') as page from api.help('person_history') \gset
reset role;
select matches(:'page'::text, 'card => 12069840',
  'api.help: not to a reader, who reads it');
select is((select string_agg(w, '|') from api.wrapped('one two three four', 9, '  ') w), 'one two|  three|  four',
  'api.wrapped: lines begin with the indent, words stay whole');

select * from finish();
rollback;
