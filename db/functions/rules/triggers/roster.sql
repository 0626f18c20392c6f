-- The triggers of gym.roster, as they fire; those of one line fire in the order of their names.
--   insert
--     after the statement: roster__remember_insert
--   update
--     after the statement: roster__codes_update, roster__drop_update, roster__remember_update
--   delete
--     after the statement: roster__codes_delete, roster__drop_delete, roster__remember_delete
--   truncate
--     before the statement: roster__keep

create trigger roster__keep before truncate on gym.roster for each statement execute function rules.keep('whole');

create function rules.roster__codes() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_gone integer[];
begin
  -- The cards first: PostgreSQL expects one old row, and an import that lets a whole roster go would compare each code
  -- with each of them.
  v_gone := array(
    select o.card from old_rows o
     where not exists (select from gym.roster r where r.card = o.card and r.gone_at is null));
  if v_gone = '{}' then
    return null;
  end if;
  -- the code of a person who has an account is not the roster's
  update gym.codes c set voided_at = rules.clock()
   where c.card = any (v_gone) and c.used_at is null and c.voided_at is null
     and not exists (select from gym.users u where u.student_card = c.card);
  return null;
end
$$;
comment on function rules.roster__codes() is
  'Trigger function: a card that leaves the roster voids its own code; an import changes no other. Definer: whoever '
  'may write the table may call nothing else.';
create trigger roster__codes_delete after delete on gym.roster
  referencing old table as old_rows for each statement execute function rules.roster__codes();
create trigger roster__codes_update after update on gym.roster
  referencing old table as old_rows for each statement execute function rules.roster__codes();

create function rules.roster__drop() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_dropped bigint;
  v_present bigint;
begin
  -- a few by hand are meant
  select count(*) into v_dropped
    from old_rows o
   where o.gone_at is null and not rules.on_roster(o.card);
  if v_dropped < 10 or current_setting('gym.roster_force', true) = 'true' then
    return null;
  end if;
  select count(*) + v_dropped into v_present from gym.roster r where r.gone_at is null;
  if rules.drops_too_many(v_dropped, v_present) then
    perform rules.refuse('roster_drops_a_tenth', v_dropped::text, v_present::text);
  end if;
  return null;
end
$$;
comment on function rules.roster__drop() is
  'Trigger function: no statement takes ten students or more, and more than a tenth, off the roster, unless the '
  'setting gym.roster_force of the session is true (roster_drops_a_tenth). Definer: whoever may write the table may '
  'call nothing else.';
create trigger roster__drop_delete after delete on gym.roster
  referencing old table as old_rows for each statement execute function rules.roster__drop();
create trigger roster__drop_update after update on gym.roster
  referencing old table as old_rows for each statement execute function rules.roster__drop();
