create function auth.calendar(p_secret bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.calendar(p_secret) $$;
comment on function auth.calendar(bytea) is
  'A person''s calendar by the secret of its address (rules.calendar); null: there is none. Definer: the auth server '
  'may read no table.';

create function auth.calendar_made(p_token bytea) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('made_at', (select c.made_at from gym.calendars c where c.user_id = s.user_id))
    from rules.session(p_token) s
$$;
comment on function auth.calendar_made(bytea) is
  'When the person''s calendar address was made; null: there is none. Errors: session_over. Definer: the auth server '
  'may read no table.';

create function auth.renew_calendar(p_token bytea, p_secret bytea) returns json
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('made_at', rules.renew_calendar(s.user_id, p_secret)) from rules.session(p_token) s
$$;
comment on function auth.renew_calendar(bytea, bytea) is
  'Gives the person a new calendar address; the old one is over. p_secret: 32 random bytes. Errors: session_over. '
  'Definer: the auth server may write no table.';

create function auth.end_calendar(p_token bytea) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended integer;
begin
  delete from gym.calendars c where c.user_id = (rules.session(p_token)).user_id;
  get diagnostics v_ended = row_count;
  return json_build_object('ended', v_ended);
end
$$;
comment on function auth.end_calendar(bytea) is
  'Ends the person''s calendar address. Errors: session_over. Definer: the auth server may write no table.';
