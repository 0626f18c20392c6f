-- Posts with a last day.
begin;
\ir ../helpers/start.psql
select plan(25);

select who('ann'), who('boss', 'ADMIN') \g /dev/null
create table help.families (family text primary key);
insert into help.families values ('gym-news'), ('new');
create table help.made (family text primary key, id integer);
-- the bodies that a student sees
create function help.seen(p_family text, p_body jsonb default '{}') returns text
language sql as $$ select coalesce(string_agg(p ->> 'body', ', ' order by n),
  'nothing') from jsonb_array_elements(ask(p_family || '/get', who('ann'), p_body)) with ordinality e (p, n) $$;

insert into help.made
select family, (ask(family || '/create', who('boss'),
  '{"body": "Каток", "shownUntil": "2026-12-11"}') ->> 'id')::integer from help.families;
select is(ask(family || '/get', who('ann')) -> 0,
  jsonb_build_object('id', id, 'body', 'Каток', 'createTime', '10.12.2026', 'shownUntil', '2026-12-11'),
  family || '/get: Post with its last day') from help.made;
select ask(family || '/create', who('boss'), '{"body": "Всегда"}') from help.families \g /dev/null
select is(ask(family || '/get', who('ann')) -> 1 ? 'shownUntil', false,
  family || '/get: left out where there is none') from help.families;

set local gym.now = '2026-12-11 23:59:59';
select is(seen(family), 'Каток, Всегда', family || '/get: on its last day') from help.families;
set local gym.now = '2026-12-12 00:00';
select is(seen(family), 'Всегда', family || '/get: the day after') from help.families;
select is(seen(family, '{"past": true}'), 'Каток, Всегда',
  family || '/get: also what is past, when asked for') from help.families;
select is(jsonb_array_length(ask(family || '/get-any', who('boss'))), 2,
  family || '/get-any: also what is past') from help.families;

-- who knows nothing of the field changes nothing of it
select ask(family || '/edit', who('boss'), jsonb_build_object('id', id, 'body', 'Каток!')) from help.made \g /dev/null
select is(seen(family), 'Всегда', family || '/edit: without the field the day stays') from help.made;
select is(ask(family || '/edit', who('boss'),
  jsonb_build_object('id', id, 'body', 'Каток!', 'shownUntil', '2026-12-20')) ->> 'shownUntil', '2026-12-20',
  family || '/edit: another day') from help.made;
select is(ask(family || '/edit', who('boss'),
  jsonb_build_object('id', id, 'body', 'Каток!', 'shownUntil', '')) ? 'shownUntil', false,
  family || '/edit: an empty text takes the day away') from help.made;
select is(seen(family), 'Каток!, Всегда', family || '/get: again without a last day') from help.made;
select is(asked(family || '/create', who('boss'), '{"body": "x", "shownUntil": "31.12.2026"}'),
  'ENREQ field_unreadable', 'field_unreadable: ' || family || '/create') from help.families;

select is(refusal($$ update gym.posts set shown_until = 'infinity' $$), '23514 posts_shown_until_range',
  'posts_shown_until_range: infinity');
select api.post('Скоро', kind => 'news', shown_until => '2026-12-13') \g /dev/null
select is(seen('new'), 'Каток!, Всегда, Скоро', 'api.post: with a last day');
select api.edit_post((select max(id) from gym.posts), 'Скоро', shown_until => 'infinity') \g /dev/null
select is((select shown_until from gym.posts order by id desc limit 1), null,
  'api.edit_post: infinity takes the day away');

select * from finish();
rollback;
