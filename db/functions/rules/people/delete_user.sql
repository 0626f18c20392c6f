-- Deleting a person, and bringing a deleted one back.

create function rules.delete_user(p_user_id integer) returns void
language plpgsql volatile
as $$
begin
  update gym.users u set deleted = true where u.id = p_user_id and not u.deleted;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
end
$$;
comment on function rules.delete_user(integer) is
  'Marks a person deleted; users__free gives up the seats from today on, history and card stay. Errors: '
  'user_not_found.';

create function rules.restore_user(p_user_id integer) returns gym.users
language plpgsql volatile
as $$
declare
  v_user gym.users;
begin
  update gym.users u set deleted = false where u.id = p_user_id returning * into v_user;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_user;
end
$$;
comment on function rules.restore_user(integer) is
  'Brings a deleted person back; seats given up then are not taken again. Errors: user_not_found.';
