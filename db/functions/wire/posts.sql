create function wire.gym_news_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym-news/create', p_actor, p_request_id);
  return wire.post_json(rules.create_post('announcement',
    wire.text_field(p_body, 'body', p_min => 1, p_max => 100000), p_actor,
    nullif(wire.last_day_field(p_body, 'shownUntil'), 'infinity')));
end
$$;
comment on function wire.gym_news_create(integer, jsonb, text) is
  'POST /gym-news/create: publishes a post of announcements. Definer: the server may write no table.';

create function wire.gym_news_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym-news/get', p_actor, p_request_id);
  return wire.posts_json('announcement', false, coalesce(wire.bool_field(p_body, 'past', false), false));
end
$$;
comment on function wire.gym_news_get(integer, jsonb, text) is
  'GET /gym-news/get: the announcements, not deleted, by id; those past their last day only where past is true. '
  'Definer: the server may read no table.';

create function wire.gym_news_get_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym-news/get-any', p_actor, p_request_id);
  return wire.posts_json('announcement', true);
end
$$;
comment on function wire.gym_news_get_any(integer, jsonb, text) is
  'POST /gym-news/get-any: the announcements, deleted ones too, by id. Definer: the server may read no table.';

create function wire.gym_news_edit(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym-news/edit', p_actor, p_request_id);
  return wire.post_json(rules.edit_post('announcement', wire.int_field(p_body, 'id'),
    wire.text_field(p_body, 'body', p_min => 1, p_max => 100000), p_actor,
    wire.last_day_field(p_body, 'shownUntil')));
end
$$;
comment on function wire.gym_news_edit(integer, jsonb, text) is
  'PUT /gym-news/edit: changes a post. Errors: those of rules.edit_post. Definer: the server may write no table.';

create function wire.gym_news_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('gym-news/delete', p_actor, p_request_id);
  perform rules.delete_post('announcement', wire.int_field(p_body, 'id'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.gym_news_delete(integer, jsonb, text) is
  'DELETE /gym-news/delete: marks a post deleted. Errors: those of rules.delete_post. Definer: the server may write '
  'no table.';

create function wire.new_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('new/create', p_actor, p_request_id);
  return wire.post_json(rules.create_post('news',
    wire.text_field(p_body, 'body', p_min => 1, p_max => 100000), p_actor,
    nullif(wire.last_day_field(p_body, 'shownUntil'), 'infinity')));
end
$$;
comment on function wire.new_create(integer, jsonb, text) is
  'POST /new/create: publishes a post of news. Definer: the server may write no table.';

create function wire.new_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('new/get', p_actor, p_request_id);
  return wire.posts_json('news', false, coalesce(wire.bool_field(p_body, 'past', false), false));
end
$$;
comment on function wire.new_get(integer, jsonb, text) is
  'GET /new/get: the news, not deleted, by id; those past their last day only where past is true. '
  'Definer: the server may read no table.';

create function wire.new_get_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('new/get-any', p_actor, p_request_id);
  return wire.posts_json('news', true);
end
$$;
comment on function wire.new_get_any(integer, jsonb, text) is
  'POST /new/get-any: the news, deleted ones too, by id. Definer: the server may read no table.';

create function wire.new_edit(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('new/edit', p_actor, p_request_id);
  return wire.post_json(rules.edit_post('news', wire.int_field(p_body, 'id'),
    wire.text_field(p_body, 'body', p_min => 1, p_max => 100000), p_actor,
    wire.last_day_field(p_body, 'shownUntil')));
end
$$;
comment on function wire.new_edit(integer, jsonb, text) is
  'PUT /new/edit: changes a post. Errors: those of rules.edit_post. Definer: the server may write no table.';

create function wire.new_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('new/delete', p_actor, p_request_id);
  perform rules.delete_post('news', wire.int_field(p_body, 'id'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.new_delete(integer, jsonb, text) is
  'DELETE /new/delete: marks a post deleted. Errors: those of rules.delete_post. Definer: the server may write no '
  'table.';
