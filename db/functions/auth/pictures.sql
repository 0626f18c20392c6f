create function auth.picture(p_media bytea, p_token bytea, p_name text) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.picture(sha256(p_media), sha256(p_token), p_name) $$;
comment on function auth.picture(bytea, bytea, text) is
  'A picture, for a person who is logged in: by the picture cookie (p_media: SHA-256 of "media:" and the token) or by '
  'the token. Null: there is none, or nobody is logged in. Definer: the auth server may read no table.';

create function auth.set_picture(p_token bytea, p_name text, p_jpeg bytea) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.set_picture(s.user_id, p_name, p_jpeg) from rules.session(p_token) s $$;
comment on function auth.set_picture(bytea, text, bytea) is
  'The person''s own picture from now on; name and picture null: none (rules.set_picture). Errors: session_over, '
  'picture_unfit. Definer: the auth server may write no table.';
