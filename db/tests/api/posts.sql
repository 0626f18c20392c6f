begin;
\ir ../helpers/start.psql
select plan(14);

update gym.posts set deleted_at = now() where deleted_at is null;
select matches(admin($$ select * from api.post('Зал открыт') $$), '^\(\d+,news,"2026-12-10 09:00:00"\)$',
  'api.post: news');
select matches(admin($$ select * from api.post('Зал закрыт', kind => 'announcement') $$), '^\(\d+,announcement,',
  'api.post: an announcement');
select max(id) as post from gym.posts \gset
select is((select string_agg(kind || ' ' || body, ', ') from api.posts), 'announcement Зал закрыт, news Зал открыт',
  'api.posts: both');
select is(admin_refused($$ select api.post('x', kind => 'poem') $$), '23514 posts_kind_known',
  'posts_kind_known: api.post');
select is(admin_refused($$ select api.post('') $$), '23514 posts_body_length', 'posts_body_length: api.post');
select is(wire.refusal(p_constraint => 'posts_kind_known') ->> 'error_type',
  (select wire.refusal(p_constraint => 'posts_body_length') ->> 'error_type'), 'posts_kind_known: has its sentence');
select matches(admin(format($$ select * from api.edit_post(%s, repeat('я', 60)) $$, :post)),
  '^\(\d+,announcement,"2026-12-10 09:00:00"\)$', 'api.edit_post');
select is((select body from api.posts where id = :post), repeat('я', 44) || '…',
  'api.posts: the beginning of a long one');
select is(admin_refused(format($$ select api.edit_post(%s, '') $$, :post)), '23514 posts_body_length',
  'posts_body_length: api.edit_post');
select is(admin_refused($$ select api.edit_post(-1, 'x') $$), 'ENGON post_not_found', 'post_not_found: api.edit_post');
select is(admin(format($$ select * from api.delete_post(%s) $$, :post)), format('(%s,1)', :post),
  'api.delete_post: and how many are left');
select is((select string_agg(kind, ', ') from api.posts), 'news', 'api.posts: without it');
select is(admin_refused(format($$ select api.delete_post(%s) $$, :post)), 'ENGON post_not_found',
  'post_not_found: api.delete_post, twice');
select is((select count(*) from gym.posts where id = :post), 1::bigint, 'api.delete_post: the row stays');

select * from finish();
rollback;
