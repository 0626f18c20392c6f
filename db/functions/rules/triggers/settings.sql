-- The triggers of gym.settings, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: settings__guard
--     after the statement: settings__remember_insert
--   update
--     before each row: settings__guard
--     after each row: settings__judge, settings__legacy, settings__limit, settings__log
--     after the statement: settings__remember_update
--   delete
--     before the statement: settings__keep
--     after the statement: settings__remember_delete
--   truncate
--     before the statement: settings__keep

create trigger settings__keep before delete or truncate on gym.settings for each statement
  execute function rules.keep();

create function rules.settings__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from pg_timezone_names z where z.name = new.time_zone) then
    perform rules.refuse('settings_time_zone_known', new.time_zone);
  end if;
  return new;
end
$$;
comment on function rules.settings__guard() is
  'Trigger function: the zone is one of pg_timezone_names, which a CHECK can''t ask. Errors: '
  'settings_time_zone_known. Definer: whoever may write the table may call nothing else.';
create trigger settings__guard before insert or update of time_zone on gym.settings for each row
  execute function rules.settings__guard();

create function rules.settings__judge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- people before slots, as everywhere, though the judgement goes in portions
  perform from gym.users u
    where u.id in (select j.user_id from rules.judgements(rules.this_month()) j
                   union select j.user_id from rules.judgements((rules.this_month() - interval '1 month')::date) j)
    order by u.id for no key update;
  while rules.ensure_blocks() > 0 loop
    null;
  end loop;
  return null;
end
$$;
comment on function rules.settings__judge() is
  'Trigger function: another number of absences, or another meaning of unmarked, judges everybody at once. '
  'Definer: whoever may write the table may call nothing else.';
create trigger settings__judge after update of absences_to_block, unmarked_is_absent on gym.settings
  for each row when ((old.absences_to_block, old.unmarked_is_absent) is distinct
    from (new.absences_to_block, new.unmarked_is_absent))
  execute function rules.settings__judge();

create function rules.settings__legacy() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_left bigint;
begin
  if new.legacy_hid then
    -- Old servers could let nobody in who has a password by then.
    if exists (select from gym.verifiers) then
      perform rules.refuse('legacy_hid_retired');
    end if;
    return null;
  end if;
  lock table gym.users in share row exclusive mode;
  v_left := rules.legacy_left();
  if v_left > 0 then
    perform rules.refuse('legacy_hashes_left', v_left::text);
  end if;
  update gym.users u set hid = '' where u.hid <> '';
  -- Nothing in the database needs the pepper any more; the servers are still told whether theirs is right.
  insert into gym.secrets (name, value)
  select 'pepper_digest', encode(sha256(convert_to('energiya pepper:' || s.value, 'UTF8')), 'hex')
    from gym.secrets s where s.name = 'pepper'
  on conflict (name) do update set value = excluded.value, set_at = excluded.set_at;
  delete from gym.secrets s where s.name = 'pepper';
  if exists (select from pg_roles r where r.rolname = '{{.auth_role}}') then
    execute format('revoke all on gym.users from %I', '{{.auth_role}}');
    execute format('revoke all (id, student_card, firstname, secondname, surname, "group", hid, image, role, deleted) '
      'on gym.users from %I', '{{.auth_role}}');
    execute format('revoke usage on schema gym from %I', '{{.auth_role}}');
    execute format('revoke connect on database %I from %I', current_database(), '{{.auth_role}}');
  end if;
  return null;
end
$$;
comment on function rules.settings__legacy() is
  'Trigger function: legacy_hid switched off blanks every old hash, takes all rights from the old auth server''s role '
  'and forgets the pepper; first every hash must be wrapped (legacy_hashes_left). It is not switched on again where '
  'passwords are kept that an old server can''t compare (legacy_hid_retired). Definer: whoever may write the table '
  'may call nothing else.';
create trigger settings__legacy after update of legacy_hid on gym.settings
  for each row when (new.legacy_hid <> old.legacy_hid) execute function rules.settings__legacy();

create function rules.settings__limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- whoever takes a seat by the old limit at this moment is waited for, and counted
  lock table gym.enrolments in share row exclusive mode;
  update gym.enrolments e set beyond_limit = r.beyond
    from (select o.id, case when o.n > new.slots_per_student then coalesce(o.beyond_limit, 'lowered') end as beyond
            from (select h.id, h.beyond_limit,
                         row_number() over (partition by h.user_id, h.month order by h.beyond_limit is not distinct
                           from 'forced', h.id) as n
                    from gym.enrolments h where h.cancelled_at is null and h.month >= rules.this_month()) o) r
   where r.id = e.id and r.beyond is distinct from e.beyond_limit;
  return null;
end
$$;
comment on function rules.settings__limit() is
  'Trigger function: another slots_per_student takes nobody''s seat; of this and later months the latest beyond it '
  'are marked so, and those within it no longer. Definer: whoever may write the table may call nothing else.';
create trigger settings__limit after update of slots_per_student on gym.settings
  for each row when (old.slots_per_student <> new.slots_per_student) execute function rules.settings__limit();

create function rules.settings__log() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into gym.settings_changes (name, old_value, new_value, changed_at, changed_by)
  select n.key, o.value, n.value, rules.clock(), coalesce('user ' || rules.actor(), session_user)
    from jsonb_each_text(to_jsonb(new)) n
    join jsonb_each_text(to_jsonb(old)) o on o.key = n.key
   where n.value is distinct from o.value;
  return null;
end
$$;
comment on function rules.settings__log() is
  'Trigger function: one row in gym.settings_changes for each setting changed. Definer: whoever may write the table '
  'may call nothing else.';
create trigger settings__log after update on gym.settings for each row execute function rules.settings__log();
