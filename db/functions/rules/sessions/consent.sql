-- The consent to the processing of personal data: a document of its own, with versions.

create function rules.consent_version() returns integer
language plpgsql stable
as $$
begin
  return (select max(d.version) from gym.consent_documents d);
end
$$;
comment on function rules.consent_version() is
  'The version that counts; null: none is published, and no consent needed.';

create function rules.has_consented(p_user_id integer, p_version integer) returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select from gym.consents c where c.user_id = p_user_id and c.version = p_version and c.withdrawn_at is null);
end
$$;
comment on function rules.has_consented(integer, integer) is 'Whether a person agrees to that version.';

create function rules.publish_consent(p_body text) returns integer
language plpgsql volatile
as $$
declare
  v_version integer;
begin
  lock table gym.consent_documents in share row exclusive mode;
  insert into gym.consent_documents (version, body, published_at, published_by)
  values (coalesce(rules.consent_version(), 0) + 1, p_body, rules.clock(), coalesce('user ' || rules.actor(),
    session_user))
  returning version into v_version;
  return v_version;
end
$$;
comment on function rules.publish_consent(text) is
  'Publishes a new version of the consent, to which everyone is asked to agree. Gives its number.';

create function rules.give_consent(p_user_id integer, p_version integer, p_address inet) returns integer
language plpgsql volatile
as $$
begin
  if p_version is distinct from rules.consent_version() then
    perform rules.refuse('consent_outdated');
  end if;
  -- twice at once is once
  perform from gym.users u where u.id = p_user_id for no key update;
  if not rules.has_consented(p_user_id, p_version) then
    insert into gym.consents (user_id, version, given_at, address)
    values (p_user_id, p_version, rules.clock(), p_address);
  end if;
  return p_version;
end
$$;
comment on function rules.give_consent(integer, integer, inet) is
  'A person agrees to the version shown. p_address: the client''s. Errors: consent_outdated.';

create function rules.closes_on(p_withdrawn_at timestamptz) returns date
language sql stable
as $$
  select (date_trunc('month', rules.local_time(p_withdrawn_at)) + interval '1 month' - interval '1 day')::date
$$;
comment on function rules.closes_on(timestamptz) is 'The last day of an account whose consent was withdrawn then.';

create function rules.withdraw_consent(p_user_id integer, p_address inet) returns integer
language plpgsql volatile
as $$
declare
  v_withdrawn integer;
begin
  update gym.consents c set withdrawn_at = rules.clock(), withdrawn_address = p_address
   where c.user_id = p_user_id and c.withdrawn_at is null;
  get diagnostics v_withdrawn = row_count;
  return v_withdrawn;
end
$$;
comment on function rules.withdraw_consent(integer, inet) is
  'A person takes back every consent. What follows says the setting on_consent_withdrawn. Gives how many were taken '
  'back.';

create view rules.consents_withdrawn as
select u.id as user_id, w.withdrawn_at, rules.closes_on(w.withdrawn_at) as closes_on
  from gym.users u
  join lateral (select max(c.withdrawn_at) as withdrawn_at from gym.consents c where c.user_id = u.id) w
    on w.withdrawn_at is not null
 where not u.deleted and not exists (select from gym.consents c where c.user_id = u.id and c.withdrawn_at is null);
comment on view rules.consents_withdrawn is
  'People with an account who took back their consent and gave none since; closes_on: the last day by the setting '
  'close.';

create function rules.close_withdrawn() returns integer
language plpgsql volatile
as $$
declare
  v_user_id integer;
  v_closed  integer := 0;
begin
  if (select c.on_consent_withdrawn <> 'close' from gym.settings c) then
    return 0;
  end if;
  for v_user_id in select w.user_id from rules.consents_withdrawn w where w.closes_on < rules.today()
    order by w.user_id loop
    perform rules.delete_user(v_user_id);
    v_closed := v_closed + 1;
  end loop;
  return v_closed;
end
$$;
comment on function rules.close_withdrawn() is
  'With the setting on_consent_withdrawn = close: deletes the people whose consent was withdrawn in a month that is '
  'over. Gives how many. Errors: user_not_found (never).';
