-- The triggers of gym.users, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: users__family_insert, users__hid_insert, users__roster_insert
--     after each row: users__block_insert, users__codes
--     after the statement: users__remember_insert
--   update
--     before each row: users__administrator, users__family_update, users__guard, users__hid_update,
--       users__roster_update
--     after each row: users__block_update, users__free, users__judge, users__sessions
--     after the statement: users__remember_update
--   delete
--     before the statement: users__keep
--     after the statement: users__remember_delete
--   truncate
--     before the statement: users__keep

create trigger users__keep before delete or truncate on gym.users for each statement execute function rules.keep();

create function rules.users__family() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- rules.erase_person empties it
  if new.hid <> 'erased' then
    perform rules.check_family(new.secondname);
  end if;
  return new;
end
$$;
comment on function rules.users__family() is
  'Trigger function: no person is written without a family name (users_family_given), but for who is erased. '
  'Rows of old that have none stay as they are. Definer: who writes the table may execute nothing of rules.';
create trigger users__family_insert before insert on gym.users
  for each row execute function rules.users__family();
create trigger users__family_update before update of secondname on gym.users
  for each row when (new.secondname <> old.secondname) execute function rules.users__family();

create function rules.users__guard() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.role = 'BLOCKED' and old.role not in ('STUDENT', 'BLOCKED') then
    perform rules.refuse('block_students_only');
  end if;
  if new.student_card <> old.student_card and new.hid = old.hid
     and (old.hid ~ '^[0-9a-f]{64}$' or exists (select from gym.verifiers v where v.user_id = old.id)) then
    perform rules.refuse('card_needs_password');
  end if;
  if new.deleted <> old.deleted then
    new.deleted_at := case when new.deleted then rules.clock() end;
    -- waits for an enrolment of this person under way, so that users__free sees it
    perform rules.lock_user(new.id);
  end if;
  return new;
end
$$;
comment on function rules.users__guard() is
  'Trigger function: a new card does not keep the password, which holds the old one (card_needs_password); only a '
  'student becomes BLOCKED (block_students_only); stamps deleted_at. Definer: whoever may write the table may call '
  'nothing else.';
create trigger users__guard before update on gym.users for each row execute function rules.users__guard();

create function rules.users__hid() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not (select c.legacy_hid from gym.settings c) then
    perform rules.refuse('legacy_hid_off');
  end if;
  return new;
end
$$;
comment on function rules.users__hid() is
  'Trigger function: where legacy_hid is off, no old hash comes back on any path (legacy_hid_off). Definer: whoever '
  'may write the table may call nothing else.';
create trigger users__hid_insert before insert on gym.users
  for each row when (new.hid ~ '^[0-9a-f]{64}$') execute function rules.users__hid();
create trigger users__hid_update before update of hid on gym.users
  for each row when (new.hid ~ '^[0-9a-f]{64}$' and new.hid <> old.hid) execute function rules.users__hid();

create function rules.users__roster() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not rules.may_register(new.student_card) then
    perform rules.refuse('not_on_roster');
  end if;
  return new;
end
$$;
comment on function rules.users__roster() is
  'Trigger function: with the setting roster_only no student is added, and nobody becomes one, who is not on the '
  'roster, on every path (not_on_roster). Definer: whoever may write the table may call nothing else.';
create trigger users__roster_insert before insert on gym.users
  for each row when (new.role in ('STUDENT', 'BLOCKED')) execute function rules.users__roster();
create trigger users__roster_update before update of role on gym.users
  for each row when (new.role in ('STUDENT', 'BLOCKED') and old.role not in ('STUDENT', 'BLOCKED'))
  execute function rules.users__roster();

create function rules.users__administrator() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- two who give up the role at once wait here for each other, and the second sees what the first did
  perform pg_advisory_xact_lock(1161707355);
  if not exists (select from gym.users u where u.role = 'ADMIN' and not u.deleted and u.id <> new.id) then
    perform rules.refuse('last_administrator');
  end if;
  return new;
end
$$;
comment on function rules.users__administrator() is
  'Trigger function: the last administrator is not deleted and keeps the role, on every path (last_administrator). '
  'Definer: who writes the table may execute nothing of rules.';
create trigger users__administrator before update of role, deleted on gym.users
  for each row when (old.role = 'ADMIN' and not old.deleted and (new.role <> 'ADMIN' or new.deleted))
  execute function rules.users__administrator();

create function rules.users__block() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_block integer;
begin
  if new.role = 'BLOCKED' and not rules.is_blocked(new.id) then
    insert into gym.blocks (user_id, reason, created_at, created_by)
    values (new.id, 'Роль BLOCKED поставлена вручную', rules.clock(), rules.actor())
    returning id into v_block;
    perform rules.lock_user(new.id);
    perform rules.settle_blocks(array[v_block], '{}');
  elsif tg_op = 'UPDATE' then
    if old.role = 'BLOCKED' and new.role <> 'BLOCKED' and rules.is_blocked(new.id) then
      perform rules.unblock(new.id, 'Роль BLOCKED снята вручную', rules.actor());
    end if;
  end if;
  return null;
end
$$;
comment on function rules.users__block() is
  'Trigger function: the role BLOCKED set by hand is a block by hand, taken away by hand it is an unblock; the '
  'ledger says so. Definer: whoever may write the table may call nothing else.';
create trigger users__block_insert after insert on gym.users for each row when (new.role = 'BLOCKED')
  execute function rules.users__block();
create trigger users__block_update after update of role on gym.users for each row when (new.role <> old.role)
  execute function rules.users__block();

create function rules.users__codes() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.void_codes(array[new.student_card]);
  return null;
end
$$;
comment on function rules.users__codes() is
  'Trigger function: a card that has an account now has no enrolment code any more, whoever made the account. Definer: '
  'whoever may write the table may call nothing else.';
create trigger users__codes after insert on gym.users for each row execute function rules.users__codes();

create function rules.users__free() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.release(
    array(select e.id from gym.enrolments e
           where e.user_id = new.id and e.cancelled_at is null and e.month >= rules.this_month()),
    'user deleted');
  perform rules.end_positions(
    array(select w.id from gym.waiting w where w.user_id = new.id and w.ended_at is null), 'user deleted');
  return null;
end
$$;
comment on function rules.users__free() is
  'Trigger function: whoever is deleted, on whatever path, gives up the seats from today on, and waits for none; '
  'past months stay as they were. Definer: whoever may write the table may call nothing else.';
create trigger users__free after update of deleted on gym.users for each row when (new.deleted and not old.deleted)
  execute function rules.users__free();

create function rules.users__judge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.judge((rules.this_month() - interval '1 month')::date, array[new.id]),
          rules.judge(rules.this_month(), array[new.id]);
  return null;
end
$$;
comment on function rules.users__judge() is
  'Trigger function: whoever becomes a student, or is restored, is judged by the absences that there are. Definer: '
  'whoever may write the table may call nothing else.';
create trigger users__judge after update of role, deleted on gym.users for each row
  when (new.role in ('STUDENT', 'BLOCKED') and not new.deleted
    and (old.role not in ('STUDENT', 'BLOCKED') or old.deleted))
  execute function rules.users__judge();

create function rules.users__sessions() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_blanked boolean := new.hid = '' and not (select c.legacy_hid from gym.settings c);
begin
  -- Another password, or another card, which is part of it: what was kept of the old one is void.
  if new.student_card <> old.student_card or new.hid <> old.hid and not v_blanked then
    delete from gym.verifiers v where v.user_id = new.id;
    delete from gym.devices d where d.user_id = new.id;
    perform rules.end_sessions(new.id, 'password');
  end if;
  if new.student_card <> old.student_card then
    perform rules.void_codes(array[old.student_card, new.student_card]);
  end if;
  -- A student who is blocked stays logged in, to read why.
  if (new.role = 'COACH') <> (old.role = 'COACH') or (new.role = 'ADMIN') <> (old.role = 'ADMIN') then
    perform rules.end_sessions(new.id, 'role');
  end if;
  if new.deleted and not old.deleted then
    perform rules.end_sessions(new.id, 'deleted');
    perform rules.void_codes(array[new.student_card]);
  end if;
  if new.image is distinct from old.image then
    delete from gym.pictures p where p.user_id = new.id and p.name is distinct from new.image;
  end if;
  return null;
end
$$;
comment on function rules.users__sessions() is
  'Trigger function: on every path a new password, card or role and a deletion end all sessions of the person; '
  'STUDENT and BLOCKED are one role here. A picture that is no longer shown is removed. Definer: whoever may write '
  'the table may call nothing else.';
create trigger users__sessions after update of hid, student_card, role, deleted, image on gym.users
  for each row execute function rules.users__sessions();
