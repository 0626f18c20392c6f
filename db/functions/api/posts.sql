create view api.posts as
select p.id, p.kind, (p.created_at at time zone c.time_zone)::timestamp(0) as created_at,
  coalesce(p.edited_by, p.created_by) as by,
       case when length(p.body) > 45 then left(p.body, 44) || '…' else p.body end as body
  from gym.posts p cross join api.clock() c
 where p.deleted_at is null
 order by p.kind, p.id;
comment on view api.posts is
  'Posts that people see, with the beginning of their text. kind: news (for everybody) or announcement (for who is '
  'logged in). Example: select * from api.posts;';

create function api.post(body text, kind text default 'news', shown_until date default null)
returns table (id integer, is_a text, created_at timestamp(0))
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select p.id, p.kind, rules.local_time(p.created_at)::timestamp(0)
    from rules.create_post(kind, body, rules.actor(), shown_until) p
$$;
comment on function api.post(text, text, date) is
  'Publishes a post. kind: news (for everybody) or announcement (for who is logged in); shown_until: its last day. '
  'Errors: posts_kind_known, posts_body_length. Definer: writes gym.posts. '
  'Example: select * from api.post(''Зал закрыт 31 декабря'', kind => ''announcement'');';

create function api.edit_post(post integer, body text, shown_until date default null)
returns table (id integer, is_a text, edited_at timestamp(0))
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select p.id, p.kind, rules.local_time(p.edited_at)::timestamp(0)
    from rules.edit_post((select o.kind from gym.posts o where o.id = post), post, body, rules.actor(), shown_until) p
$$;
comment on function api.edit_post(integer, text, date) is
  'Changes the text of a post (id from api.posts). shown_until: its last day; null: as before; infinity: none. '
  'Errors: post_not_found, posts_body_length. Definer: writes gym.posts. '
  'Example: select * from api.edit_post((select max(id) from api.posts), ''Зал закрыт с 31 декабря'');';

create function api.delete_post(post integer) returns table (id integer, left_over bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.delete_post((select o.kind from gym.posts o where o.id = post), post, rules.actor());
  return query select post, count(*) from gym.posts p where p.deleted_at is null;
end
$$;
comment on function api.delete_post(integer) is
  'Takes a post (id from api.posts) away; says how many are left. Errors: post_not_found. Definer: writes '
  'gym.posts. Example: select * from api.delete_post((select max(id) from api.posts));';
