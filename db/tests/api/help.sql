begin;
\ir ../helpers/start.psql
select plan(17);

-- ---- api.commands ----

select set_eq($$ select name, kind from api.commands $$,
  $$ select proname::text, 'function' from pg_proc where pronamespace = 'api'::regnamespace and prosecdef union all select relname::text, 'view' from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v' $$,
  'api.commands: every function and view of api that a person calls');
select is((select (arguments, purpose, who, example)::text from api.commands where name = 'create_slot'),
  (select ('day text, at time, seats integer = null, month text = ''next''', 'Adds a slot', 'energy_admin', 'select * from api.create_slot(day => ''Sun'', at => ''12:00'', seats => 8);')::text),
  'api.commands: arguments with defaults, purpose, who, example');
select is((select arguments from api.commands where name = 'slots'), 'id, month, day, at, capacity, taken, free', 'api.commands: the columns of a view');
select is((select arguments from api.commands where name = 'mark_lesson'), 'date date, at time, present integer[] = null, excused integer[] = ''{}''', 'api.commands: defaults of arrays');
select is((select arguments from api.commands where name = 'add_user'),
  'card integer, family text, given text, patronymic text = '''', "group" text = '''', role userrole = '
  '''STUDENT'', entropy bytea = null', 'api.commands: defaults of our types');
select is_empty($$ select name from api.commands where arguments ~ 'DEFAULT|::|without time zone|gym\.' $$, 'api.commands: nothing of PostgreSQL''s long names');
create role test_teller;
grant execute on function api.create_slot(text, time, integer, text) to test_teller;
select is((select who from api.commands where name = 'create_slot'), 'energy_admin, test_teller', 'api.commands: who, as granted');
revoke execute on function api.create_slot(text, time, integer, text) from test_teller, energy_admin;
select is((select who from api.commands where name = 'create_slot'), 'the owner', 'api.commands: granted to nobody');

-- ---- what help shows must be worth showing ----

select is_empty($$ select name, kind from api.commands where purpose is null or length(purpose) > 96 $$, 'comments of api: the first sentence says the purpose in a line');
select is_empty($$ select name, kind from api.commands where example is null and kind = 'view' or length(example) > 96 $$, 'comments of api: the example is one line, to paste');
select is_empty($$ select name from api.commands where strpos(example, name) = 0 $$, 'comments of api: the example is of what it stands at');

-- ---- api.help ----

select is(admin($$ select help from api.help('create_slot') $$), format('("api.create_slot(day text, at time, seats integer = null, month text = ''next'')") ("  Adds a slot. For the owner.") ("  %s") ("")', (select example from api.commands where name = 'create_slot')),
  'api.help: a page of a function');
select is((select count(*) from api.help() where help ~ '^api\.'), (select count(*) from api.commands), 'api.help: everything');
select ok((select bool_and(length(help) <= 98) from api.help()), 'api.help: fits 100 columns, the margins of psql included');
select is((select count(*) from api.help('ENROL%') where help ~ '^api\.'), (select count(*) from api.commands where name like 'enrol%'), 'api.help: by pattern, in any case of letters');
select is(admin($$ select * from api.help('no such') $$), '("Nothing is named ''no such''. All names: select * from api.help();")', 'api.help: nothing by that name');
select is((select string_agg(w, '|') from api.wrapped('one two three four', 9, '  ') w), 'one two|  three|  four', 'api.wrapped: lines begin with the indent, words stay whole');

select * from finish();
rollback;
