-- Announcements and news.

create function rules.create_post(p_kind text, p_body text, p_actor integer, p_shown_until date default null)
returns gym.posts
language sql volatile
as $$
  insert into gym.posts (kind, body, created_at, created_by, shown_until)
  values (p_kind, p_body, rules.clock(), p_actor, p_shown_until)
  returning *
$$;
comment on function rules.create_post(text, text, integer, date) is
  'Publishes a post. p_kind: announcement or news; p_shown_until: the last day on which people see it, '
  'null: until it is deleted.';

create function rules.edit_post(
  p_kind text, p_post_id integer, p_body text, p_actor integer, p_shown_until date default null)
returns gym.posts
language plpgsql volatile
as $$
declare
  v_post gym.posts;
begin
  update gym.posts p
     set body = p_body, edited_at = rules.clock(), edited_by = p_actor,
         shown_until = nullif(coalesce(p_shown_until, p.shown_until), 'infinity')
   where p.id = p_post_id and p.kind = p_kind and p.deleted_at is null
  returning * into v_post;
  if not found then
    perform rules.refuse('post_not_found');
  end if;
  return v_post;
end
$$;
comment on function rules.edit_post(text, integer, text, integer, date) is
  'Changes a post''s text, and the last day on which people see it. p_shown_until null: that day stays; '
  'infinity: it has none. Errors: post_not_found.';

create function rules.delete_post(p_kind text, p_post_id integer, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  update gym.posts p set deleted_at = rules.clock(), deleted_by = p_actor
   where p.id = p_post_id and p.kind = p_kind and p.deleted_at is null;
  if not found then
    perform rules.refuse('post_not_found');
  end if;
end
$$;
comment on function rules.delete_post(text, integer, integer) is
  'Marks a post deleted. Errors: post_not_found, the second time too.';
