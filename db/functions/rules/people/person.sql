-- One person: finding and locking.

create function rules.lock_user(p_user_id integer) returns void
language plpgsql volatile
as $$
begin
  -- whoever waits here must see what the one before did; SERIALIZABLE would find the conflict only where both were
  -- serializable
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    perform rules.refuse('read_committed');
  end if;
  -- an import holds the tables: locks of thousands of people would not fit into what PostgreSQL keeps for locks.
  -- Nobody else reads or writes enrolments while this session holds that table; the setting, which anybody may set,
  -- only
  -- spares the others the look
  if current_setting('gym.importing', true) = 'on' and exists (
       select from pg_catalog.pg_locks l
        where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation = 'gym.enrolments'::regclass
          and l.mode = 'AccessExclusiveLock' and l.granted) then
    return;
  end if;
  perform pg_advisory_xact_lock(1161707353, p_user_id);
end
$$;
comment on function rules.lock_user(integer) is
  'Makes changes of one person''s enrolments wait for each other until the transaction ends, so that a double '
  'click is one click. Not in rules.import_legacy, for which the whole tables wait. Order of locks everywhere: row '
  'of the person, this one, slots by id. Errors: read_committed.';

create function rules.lock_people(p_user_ids integer[]) returns void
language plpgsql volatile
as $$
begin
  perform from gym.users u where u.id = any (p_user_ids) order by u.id for no key update;
  perform rules.lock_user(w) from (select distinct w from unnest(p_user_ids) w order by w) d;
end
$$;
comment on function rules.lock_people(integer[]) is
  'Locks several people in the order of every path, each as rules.lock_user does. Errors: read_committed.';

create function rules.person(p_user_id integer) returns gym.users
language plpgsql stable
as $$
declare
  v_user gym.users;
begin
  select * into v_user from gym.users u where u.id = p_user_id and not u.deleted;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_user;
end
$$;
comment on function rules.person(integer) is 'The person of that id, not deleted. Errors: user_not_found.';
