begin;
\ir ../helpers/start.psql
select plan(58);

-- announcements and news are the same five endpoints each; here is what both do, and below what sets them apart
select who('ann'), who('coach', 'COACH'), who('boss', 'ADMIN'), who('bad', 'BLOCKED') \g /dev/null
create table help.posts (family text, name text, id integer, primary key (family, name));
create function help.post(p_family text, p_name text) returns integer
language plpgsql as $$
declare
  v_id integer;
begin
  select id into strict v_id from help.posts where family = p_family and name = p_name;
  return v_id;
end
$$;
create table help.families (family text primary key);
insert into help.families values ('gym-news'), ('new');

select is(ask(family || '/get', who('ann')), '[]', family || '/get: none yet') from help.families;
insert into help.posts select family, name,
  (ask(family || '/create', who('boss'), jsonb_build_object('body', family || ' ' || name)) ->> 'id')::integer
  from help.families, unnest('{one,two,three}'::text[]) name;
select is(ask(family || '/create', who('boss'), '{"body": " Зал закрыт\n"}') - 'id',
  '{"body": " Зал закрыт\n", "createTime": "10.12.2026"}', family || '/create: Post, its text as it came')
  from help.families;
select is((select array_agg(distinct created_by)::text from gym.posts), format('{%s}', who('boss')), 'create: by whom');
select is(asked(family || '/create', who('boss'), '{}'), 'ENREQ field_missing',
  'field_missing: ' || family || '/create') from help.families;
select is(asked(family || '/create', who('boss'), body), 'ENREQ field_unreadable',
  'field_unreadable: ' || family || '/create ' || left(body::text, 30))
  from help.families, unnest(array['{"body": ""}', '{"body": " \n "}', '{"body": 5}', '{"body": ["a"]}',
    jsonb_build_object('body', repeat('я', 100001))]::jsonb[]) body;
select is(length(ask(family || '/create', who('boss'), jsonb_build_object('body', repeat('я', 100000))) ->> 'body'),
  100000, family || '/create: 100000 characters') from help.families;
update gym.posts set deleted_at = rules.clock() where length(body) = 100000 or body like '%Зал закрыт%';

select is(ask(family || '/edit', who('boss'), jsonb_build_object('id', post(family, 'two'), 'body', 'Иначе')),
  jsonb_build_object('id', post(family, 'two'), 'body', 'Иначе', 'createTime', '10.12.2026'),
  family || '/edit: Post') from help.families;
select is((select edited_by from gym.posts where id = post(family, 'two')), who('boss'), family || '/edit: by whom')
  from help.families;
select is(asked(family || '/edit', who('boss'), '{"id": 2147483647, "body": "x"}'), 'ENGON post_not_found',
  'post_not_found: ' || family || '/edit') from help.families;
select is(asked(family || '/edit', who('boss'),
  jsonb_build_object('id', post(case family when 'new' then 'gym-news' else 'new' end, 'two'), 'body', 'x')),
  'ENGON post_not_found',
  'post_not_found: ' || family || '/edit, of the other kind') from help.families;
select is(asked(family || '/edit', who('boss'), jsonb_build_object('id', post(family, 'two'), 'body', 'x') - f),
  'ENREQ field_missing', 'field_missing: ' || family || '/edit without ' || f) from help.families,
  unnest('{id,body}'::text[]) f;
select is(asked(family || '/edit', who('boss'), jsonb_build_object('id', post(family, 'two'), 'body', '')),
  'ENREQ field_unreadable', 'field_unreadable: ' || family || '/edit') from help.families;

select is(asked(family || '/delete', who('boss'),
  jsonb_build_object('id', post(case family when 'new' then 'gym-news' else 'new' end, 'one'))), 'ENGON post_not_found',
  'post_not_found: ' || family || '/delete, of the other kind') from help.families;
select is(ask(family || '/delete', who('boss'), jsonb_build_object('id', post(family, 'one'))), '{"result": true}',
  family || '/delete') from help.families;
select is(asked(family || '/delete', who('boss'), jsonb_build_object('id', post(family, 'one'))),
  'ENGON post_not_found', 'post_not_found: ' || family || '/delete, twice') from help.families;
select is(asked(family || '/edit', who('boss'), jsonb_build_object('id', post(family, 'one'), 'body', 'x')),
  'ENGON post_not_found', 'post_not_found: ' || family || '/edit, deleted') from help.families;
select is(asked(family || '/delete', who('boss'), '{}'), 'ENREQ field_missing',
  'field_missing: ' || family || '/delete') from help.families;

select is(ask(family || '/get', who('bad')), jsonb_build_array(
    jsonb_build_object('id', post(family, 'two'), 'body', 'Иначе', 'createTime', '10.12.2026'),
    jsonb_build_object('id', post(family, 'three'), 'body', family || ' three', 'createTime', '10.12.2026')),
  family || '/get: Posts by id, not deleted') from help.families;
select is(jsonb_array_length(ask(family || '/get-any', who('boss'))) || ' '
  || (ask(family || '/get-any', who('boss')) #>> '{0,body}'), '5 ' || family || ' one',
  family || '/get-any: deleted ones too')
  from help.families;

-- ---- who ----

select is(ask('new/get', null), ask('new/get', who('ann')), 'new/get: anybody');
select is(asked('gym-news/get', null), 'ENACC actor_missing', 'actor_missing: gym-news/get');
select is(asked('gym-news/create', who('coach'), '{"body": "Тренировки не будет"}'), 'none',
  'gym-news/create: a coach');
select is(asked('new/create', who('coach'), '{"body": "x"}'), 'ENACC role_may_not', 'role_may_not: new/create');
select is(asked('gym-news/create', who('ann'), '{"body": "x"}'), 'ENACC role_may_not', 'role_may_not: gym-news/create');
select is(asked(family || '/' || action, who('ann'), '{}'), 'ENACC role_may_not',
  'role_may_not: ' || family || '/' || action) from help.families, unnest('{edit,delete,get-any}'::text[]) action;

select * from finish();
rollback;
