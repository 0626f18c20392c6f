-- The shapes of contract.md, as the functions of wire return them.

create function rules.slot_json(p_slot gym.slots) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', p_slot.id, 'weekday', p_slot.weekday,
    'time', to_char(p_slot.starts_at, 'HH24:MI'), 'month', to_char(p_slot.month, 'MM-YYYY'))
$$;
comment on function rules.slot_json(gym.slots) is 'Shape Slot of contract.md.';

create function rules.slot_seats_json(p_slot gym.slots) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', p_slot.id, 'weekday', p_slot.weekday,
    'time', to_char(p_slot.starts_at, 'HH24:MI'), 'month', to_char(p_slot.month, 'MM-YYYY'),
    'numberOfPersons', p_slot.capacity, 'freeSeats', p_slot.capacity - p_slot.taken)
$$;
comment on function rules.slot_seats_json(gym.slots) is 'Shape Slot+{numberOfPersons, freeSeats} of contract.md.';

create function rules.user_json(p_user gym.users) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', p_user.id, 'firstname', p_user.firstname, 'secondname', p_user.secondname, 'surname', p_user.surname,
    'group', p_user."group", 'studentCard', p_user.student_card, 'role', p_user.role, 'image', p_user.image)
$$;
comment on function rules.user_json(gym.users) is 'Shape User of contract.md.';

create function rules.own_user_json(p_user gym.users) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('firstname', p_user.firstname, 'secondname', p_user.secondname, 'surname', p_user.surname,
    'group', p_user."group", 'studentCard', p_user.student_card, 'role', p_user.role, 'image', p_user.image)
$$;
comment on function rules.own_user_json(gym.users) is 'Shape OwnUser of contract.md: User without id.';

create function rules.post_json(p_post gym.posts) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', p_post.id, 'body', p_post.body, 'createTime', to_char(rules.local_time(p_post.created_at), 'DD.MM.YYYY'))
$$;
comment on function rules.post_json(gym.posts) is 'Shape Post of contract.md.';

create function rules.done_json() returns json
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select '{"result": true}'::json $$;
comment on function rules.done_json() is 'Shape Done of contract.md.';

create function rules.posts_json(p_kind text, p_deleted boolean) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(json_agg(rules.post_json(p) order by p.id), '[]')
    from gym.posts p
   where p.kind = p_kind and (p_deleted or p.deleted_at is null)
$$;
comment on function rules.posts_json(text, boolean) is 'Posts of a kind by id, in the shape of contract.md; with deleted ones where p_deleted.';
