begin;
\ir ../helpers/start.psql
select plan(17);

select who('coach', 'COACH'), who('boss', 'ADMIN') \g /dev/null
create table help.posts (name text primary key, id integer);
create function help.post(p_name text) returns integer
  language sql as $$ select id from help.posts where name = p_name $$;

insert into help.posts select 'a', id from rules.create_post('announcement', 'Зал закрыт', who('coach'));
insert into help.posts select 'n', id from rules.create_post('news', 'Новый зал', null);
create function help.content(p_name text) returns text
language sql as $$ select (kind, body, created_at = rules.clock(), created_by = who('coach'), edited_at = rules.clock(),
  edited_by = who('boss'), deleted_at = rules.clock(), deleted_by = who('boss'))::text
                     from gym.posts where id = post(p_name) $$;
select is(content('a'), '(announcement,"Зал закрыт",t,t,,,,)', 'create_post: an announcement');
select is(content('n'), '(news,"Новый зал",t,,,,,)', 'create_post: news, from psql');
select is(refusal($$ select rules.create_post('rumour', 'x', null) $$), '23514 posts_kind_known',
  'create_post: of another kind');
select is(refusal($$ select rules.create_post('news', '', null) $$), '23514 posts_body_length',
  'posts_body_length: nothing');
select is(refusal($$ select rules.create_post('news', repeat('я', 100001), null) $$), '23514 posts_body_length',
  'posts_body_length: 100001 characters');
select is(refusal($$ select rules.create_post('news', repeat('я', 100000), null) $$), 'none',
  'posts_body_length: 100000 characters are allowed');

select is((rules.edit_post('announcement', post('a'), 'Зал открыт', who('boss'))).body, 'Зал открыт',
  'edit_post: another text');
select is(content('a'), '(announcement,"Зал открыт",t,t,t,t,,)', 'edit_post: notes when and who');
select is(refusal($$ select rules.edit_post('news', post('a'), 'x', null) $$), 'ENGON post_not_found',
  'post_not_found: an announcement is no news');
select is(refusal($$ select rules.edit_post('announcement', -1, 'x', null) $$), 'ENGON post_not_found',
  'post_not_found: edit none');
select is(refusal($$ select rules.edit_post('announcement', post('a'), '', null) $$), '23514 posts_body_length',
  'posts_body_length: by an edit');

select is(refusal($$ select rules.delete_post('news', post('a'), null) $$), 'ENGON post_not_found',
  'post_not_found: an announcement is not deleted as news');
select lives_ok($$ select rules.delete_post('announcement', post('a'), who('boss')) $$, 'delete_post');
select is(content('a'), '(announcement,"Зал открыт",t,t,t,t,t,t)',
  'delete_post: it is marked, with when and who, and not gone');
select is(refusal($$ select rules.delete_post('announcement', post('a'), null) $$), 'ENGON post_not_found',
  'post_not_found: deleted twice');
select is(refusal($$ select rules.delete_post('announcement', -1, null) $$), 'ENGON post_not_found',
  'post_not_found: delete none');
select is(refusal($$ select rules.edit_post('announcement', post('a'), 'x', null) $$), 'ENGON post_not_found',
  'post_not_found: edit a deleted one');

select * from finish();
rollback;
