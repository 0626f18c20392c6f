-- Who acts: the person of a request, or the log-in of a session in psql.

create function rules.actor() returns integer
language plpgsql stable
as $$
declare
  v_actor integer := nullif(current_setting('gym.actor', true), '')::integer;
begin
  -- anybody may set it in psql; believed is whoever may call wire, which sets it anew with each call. role: what SET
  -- ROLE chose
  if v_actor is not null
     and not has_schema_privilege(coalesce(nullif(current_setting('role'), 'none'), session_user)::name, 'wire',
       'usage') then
    return null;
  end if;
  return v_actor;
end
$$;
comment on function rules.actor() is
  'Id of the person on whose behalf this transaction runs (wire.admit sets it); null from psql and from jobs. The '
  'setting counts only in sessions that may call wire: an administrator in psql can''t act under another''s name.';

create function rules.application() returns text
language plpgsql stable
as $$
begin
  -- wire.admit put the request's id behind it
  return nullif(case when current_setting('gym.request_id', true) <> ''
    then split_part(current_setting('application_name'), '/', 1)
                     else current_setting('application_name') end, '');
end
$$;
comment on function rules.application() is
  'application_name of the session without the id of the request; null: it has none.';
