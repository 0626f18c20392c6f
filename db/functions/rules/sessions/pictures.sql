create function rules.set_picture(p_user_id integer, p_name text, p_jpeg bytea) returns json
language plpgsql volatile
as $$
declare
  v_before text;
begin
  -- no name and no picture: the person wants none; the trigger removes what was there
  if p_name is null and p_jpeg is null then
    select u.image into v_before from gym.users u where u.id = p_user_id for no key update;
    update gym.users u set image = null where u.id = p_user_id and u.image is not null;
    return json_build_object('imgName', null, 'replaced', v_before);
  end if;
  if (p_name ~ '^[0-9a-f]{32}\.jpg$' and length(p_jpeg) between 64 and 409600
      and substring(p_jpeg from 1 for 3) = '\xffd8ff') is not true then
    perform rules.refuse('picture_unfit');
  end if;
  select u.image into v_before from gym.users u where u.id = p_user_id for no key update;
  -- the trigger removes the picture that is no longer shown
  update gym.users u set image = p_name where u.id = p_user_id;
  insert into gym.pictures as p (user_id, name, jpeg, made_at) values (p_user_id, p_name, p_jpeg, rules.clock())
  on conflict (user_id) do update set name = excluded.name, jpeg = excluded.jpeg, made_at = excluded.made_at;
  return json_build_object('imgName', p_name, 'replaced', v_before);
end
$$;
comment on function rules.set_picture(integer, text, bytea) is
  'Gives a person a picture; the one before is removed. p_name: 32 hexadecimal digits, .jpg; p_jpeg: as the auth '
  'server made it anew, at most 400 KiB. Both null: the person has no picture from now on. Errors: picture_unfit.';

create function rules.picture(p_media_hash bytea, p_token_hash bytea, p_name text) returns bytea
language plpgsql stable
as $$
declare
  v_session gym.sessions;
begin
  -- the picture cookie is no token: it opens pictures and nothing else
  if p_token_hash is not null then
    v_session := rules.live_session(p_token_hash);
  elsif p_media_hash is not null then
    select (rules.live_session(s.token_hash)).* into v_session from gym.sessions s where s.media_hash = p_media_hash;
  end if;
  if v_session.id is null then
    return null;
  end if;
  return (select p.jpeg from gym.pictures p where p.name = p_name);
end
$$;
comment on function rules.picture(bytea, bytea, text) is
  'A picture, for a person who is logged in; null where there is none, or the session is over. Hashes of the picture '
  'cookie or of the token.';
