create function wire.user_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user gym.users;
begin
  perform wire.admit('user/create', p_actor, p_request_id);
  v_user := rules.add_user(
    p_student_card => wire.int_field(p_body, 'studentCard'),
    p_family       => wire.text_field(p_body, 'secondname', p_min => 1),
    p_given        => wire.text_field(p_body, 'firstname', p_min => 1),
    p_patronymic   => wire.text_field(p_body, 'surname'),
    p_group        => wire.text_field(p_body, 'group'),
    p_password     => case when wire.has_proof(p_body) is not true then wire.text_field(p_body, 'password') end,
    p_role         => wire.role_field(p_body, 'role'));
  if wire.has_proof(p_body) then
    perform wire.set_proof(v_user.id, p_body);
  end if;
  return wire.user_json(v_user);
end
$$;
comment on function wire.user_create(integer, jsonb, text) is
  'POST /user/create: adds a person. Errors: those of rules.add_user and wire.set_proof. Definer: the server may '
  'write no table.';

create function wire.user_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_role    gym.userrole;
  v_deleted boolean;
begin
  perform wire.admit('user/get', p_actor, p_request_id);
  v_role    := wire.role_field(p_body, 'role', false);
  v_deleted := wire.bool_field(p_body, 'deleted', false);
  return (
    select coalesce(json_agg(wire.user_json(u) order by u.id), '[]')
      from gym.users u
     where (v_role is null or u.role = v_role) and (v_deleted or not u.deleted));
end
$$;
comment on function wire.user_get(integer, jsonb, text) is
  'GET /user/get: people, by role; deleted ones too where deleted is true. Definer: the server may read no table.';

create function wire.user_edit(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/edit', p_actor, p_request_id);
  perform rules.check_own_edits(p_actor);
  return wire.own_user_json(rules.edit_user(
    p_user_id    => p_actor,
    p_family     => wire.text_field(p_body, 'secondname', false),
    p_given      => wire.text_field(p_body, 'firstname', false),
    p_patronymic => wire.text_field(p_body, 'surname', false),
    p_group      => wire.text_field(p_body, 'group', false),
    p_password   => null));
end
$$;
comment on function wire.user_edit(integer, jsonb, text) is
  'PUT /user/edit: the actor changes the own names and group; an empty text changes nothing. Definer: the server may '
  'write no table.';

create function wire.user_edit_password(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_session bigint := nullif(current_setting('gym.session', true), '')::bigint;
begin
  perform wire.admit('user/edit-password', p_actor, p_request_id);
  if wire.has_proof(p_body) then
    perform wire.change_proven_password(p_actor, p_body);
  else
    perform rules.change_password(p_actor, wire.text_field(p_body, 'oldPassword'), wire.text_field(p_body,
      'newPassword'));
  end if;
  -- all sessions ended but the one that made the change (wire.actor noted it)
  if exists (select from gym.sessions s where s.id = v_session and s.user_id = p_actor) then
    perform rules.reopen_session(v_session, null);
  end if;
  perform rules.note_password(p_actor, 'password');
  return wire.done_json();
end
$$;
comment on function wire.user_edit_password(integer, jsonb, text) is
  'PUT /user/edit-password: the actor changes the own password; all other sessions end. Errors: those of '
  'rules.change_password and wire.change_proven_password. Definer: the server may write no table.';

create function wire.user_edit_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user     gym.users;
  v_password text;
begin
  perform wire.admit('user/edit-any', p_actor, p_request_id);
  v_password := nullif(wire.text_field(p_body, 'newPassword', false), '');
  v_user := rules.edit_user(
    p_user_id    => wire.int_field(p_body, 'id'),
    p_family     => wire.text_field(p_body, 'secondname', false),
    p_given      => wire.text_field(p_body, 'firstname', false),
    p_patronymic => wire.text_field(p_body, 'surname', false),
    p_group      => wire.text_field(p_body, 'group', false),
    p_password   => v_password);
  if wire.has_proof(p_body) then
    perform wire.set_proof(v_user.id, p_body);
  end if;
  if v_password is not null or wire.has_proof(p_body) then
    perform rules.note_password(v_user.id, 'password given');
  end if;
  return wire.user_json(v_user);
end
$$;
comment on function wire.user_edit_any(integer, jsonb, text) is
  'PUT /user/edit-any: changes a person''s names, group or password; an empty text changes nothing. Errors: those of '
  'rules.edit_user and wire.set_proof. Definer: the server may write no table.';

create function wire.user_delete_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/delete-any', p_actor, p_request_id);
  perform rules.delete_user(wire.int_field(p_body, 'id'));
  return wire.done_json();
end
$$;
comment on function wire.user_delete_any(integer, jsonb, text) is
  'DELETE /user/delete-any: marks a person deleted and frees the seats. Errors: those of rules.delete_user. Definer: '
  'the server may write no table.';

create function wire.user_absences(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/absences', p_actor, p_request_id);
  return wire.absences_json(p_actor);
end
$$;
comment on function wire.user_absences(integer, jsonb, text) is
  'GET /user/absences: the actor''s absences of this month, the limit, and the block. Definer: the server may read no '
  'table.';
