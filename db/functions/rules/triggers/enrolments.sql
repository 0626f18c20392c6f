-- The triggers of gym.enrolments, as they fire; those of one line fire in the order of their names.
--   insert
--     before each row: enrolments__place, enrolments__since_insert
--     after the statement: enrolments__count_insert, enrolments__limit_insert, enrolments__marks_insert,
--       enrolments__remember_insert, enrolments__waiting_insert
--   update
--     before each row: enrolments__place, enrolments__since_update
--     after the statement: enrolments__count_update, enrolments__limit_update, enrolments__marks_update,
--       enrolments__remember_update, enrolments__waiting_update
--   delete
--     before the statement: enrolments__keep
--   truncate
--     before the statement: enrolments__keep

create trigger enrolments__keep before delete or truncate on gym.enrolments for each statement
  execute function rules.keep();

create function rules.enrolments__place() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_free integer;
begin
  if tg_op = 'INSERT' then
    new.created_at := coalesce(new.created_at, rules.clock());
  elsif new.id <> old.id then
    perform rules.refuse('id_fixed', 'gym.enrolments');
  end if;
  if new.cancelled_at is not null then
    new.cancel_reason := coalesce(new.cancel_reason, 'administrator');
  else
    new.cancel_reason := null;
    new.cancelled_by  := null;
  end if;

  -- a seat is taken: new, brought back, moved to another slot, given to another person
  if tg_op = 'INSERT'
     or new.slot_id <> old.slot_id
     or new.user_id <> old.user_id
     or (new.cancelled_at is null and old.cancelled_at is not null) then
    perform rules.lock_user(new.user_id);
    if tg_op = 'UPDATE' and (new.slot_id, new.user_id) <> (old.slot_id, old.user_id)
       and exists (select from gym.marks m where m.enrolment_id = new.id) then
      perform rules.refuse('enrolment_has_marks');
    end if;
    if tg_op = 'UPDATE' and new.cancelled_at is null and old.cancelled_at is not null
       and (rules.is_barred(new.user_id, new.month)
            or exists (select from gym.enrolments e
              where e.user_id = new.user_id and e.slot_id = new.slot_id and e.id > new.id)) then
      perform rules.refuse('cancelled_for_good');
    end if;
    if tg_op = 'UPDATE' and new.slot_id <> old.slot_id then
      perform from gym.slots s where s.id in (old.slot_id, new.slot_id) order by s.id for no key update;
    end if;
    -- before the row is written: the foreign key would lock the slot weaker first, and the queue would crawl
    select s.month, s.weekday, s.capacity - s.taken into new.month, new.weekday, v_free
      from gym.slots s where s.id = new.slot_id for no key update;
    if new.cancelled_at is null and (select u.deleted from gym.users u where u.id = new.user_id) then
      perform rules.refuse('enrolment_user_deleted');
    end if;
    -- what was forced once counts, given to another, for another month, or brought back
    if tg_op = 'UPDATE' and new.beyond_limit = old.beyond_limit
       and ((new.user_id, new.month) <> (old.user_id, old.month) or old.cancelled_at is not null) then
      new.beyond_limit := null;
    end if;
    -- the waiting list comes first; of an active seat that is given to another person one more is free
    if new.cancelled_at is null
       and (new.position_id is not null
            or exists (select from gym.waiting w where w.slot_id = new.slot_id and w.ended_at is null)) then
      if tg_op = 'UPDATE' and old.cancelled_at is null and new.slot_id = old.slot_id then
        v_free := v_free + 1;
      end if;
      new.position_id := rules.turn_of(new, v_free, case when tg_op = 'UPDATE' then old.past_list end);
    end if;
  end if;
  return new;
end
$$;
comment on function rules.enrolments__place() is
  'Trigger function, the one door to a seat: locks the person, then the slot, fills in what follows from them. '
  'Errors: enrolment_user_deleted, enrolment_has_marks, cancelled_for_good, waiting_list_first, read_committed, '
  'id_fixed. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__place before insert or update on gym.enrolments for each row
  execute function rules.enrolments__place();

create function rules.enrolments__since() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- a block frees the seats that were there before it: what is written after it is not older than it
  new.created_at := greatest(new.created_at, (
    select max(b.created_at) from gym.blocks b
     where b.user_id = new.user_id and b.lifted_at is null
       and (b.month is null or b.month = new.month - interval '1 month')));
  return new;
end
$$;
comment on function rules.enrolments__since() is
  'Trigger function: an enrolment that is dated back, or whose transaction began earlier, is not dated before a '
  'block that bars from its month, which would have '
  'freed the seat. Definer: who writes the table may execute nothing of rules.';
-- without a condition: only rules.clock() says what is dated back, and who writes the table may not call it
create trigger enrolments__since_insert before insert on gym.enrolments
  for each row execute function rules.enrolments__since();
create trigger enrolments__since_update before update of created_at on gym.enrolments
  for each row when (new.created_at < old.created_at) execute function rules.enrolments__since();

create function rules.enrolments__count() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    update gym.slots s set taken = s.taken + d.n
      from (select n.slot_id, count(*) as n from new_rows n where n.cancelled_at is null group by n.slot_id) d
     where s.id = d.slot_id;
  else
    update gym.slots s set taken = s.taken + d.n
      from (select c.slot_id, sum(c.n) as n
              from (select n.slot_id, 1 as n from new_rows n where n.cancelled_at is null
                    union all
                    select o.slot_id, -1 from old_rows o where o.cancelled_at is null) c
             group by c.slot_id having sum(c.n) <> 0) d
     where s.id = d.slot_id;
  end if;
  return null;
end
$$;
comment on function rules.enrolments__count() is
  'Trigger function: keeps gym.slots.taken equal to the active enrolments, a statement at a time. The check '
  'slots_taken_within_capacity then refuses what does not fit, whoever wrote it. Definer: whoever may write the '
  'table may call nothing else.';
create trigger enrolments__count_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__count();
create trigger enrolments__count_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__count();

create function rules.enrolments__limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit integer := (select c.slots_per_student from gym.settings c);
begin
  if tg_op = 'UPDATE' then
    -- giving up a seat, or a slot's move to another weekday, takes none
    if not exists (
      select from new_rows n join old_rows o on o.id = n.id
       where n.cancelled_at is null
         and (o.cancelled_at is not null or n.user_id <> o.user_id or n.month <> o.month)) then
      return null;
    end if;
  end if;
  if exists (
    select from (select distinct n.user_id, n.month from new_rows n
      where n.cancelled_at is null and n.beyond_limit is distinct from 'forced') who
     where (select count(*) from gym.enrolments e
             where e.user_id = who.user_id and e.month = who.month and e.cancelled_at is null and e.beyond_limit
               is distinct from 'forced') > v_limit) then
    perform rules.refuse('slots_per_student', v_limit::text);
  end if;
  return null;
end
$$;
comment on function rules.enrolments__limit() is
  'Trigger function: at most the setting''s number of active enrolments a student and month, judged when a seat is '
  'taken; those that were forced do not count. The lock of enrolments__place makes the count true. Errors: '
  'slots_per_student. Definer: whoever may write the table may call nothing else.';
create trigger enrolments__limit_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__limit();
create trigger enrolments__limit_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__limit();

create function rules.enrolments__marks() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date;
  v_ids   integer[];
begin
  -- the opening's enrolments are of next month and end here
  for v_month, v_ids in
    select n.month, array_agg(n.id) from new_rows n group by n.month having rules.has_begun(n.month)
  loop
    -- what changes no lesson locks no mark: whoever holds those may be waiting for us (settings__limit)
    if tg_op = 'UPDATE' then
      v_ids := array(select n.id from new_rows n join old_rows o on o.id = n.id
                      where n.month = v_month and (n.slot_id, n.month, n.weekday, n.user_id, n.created_at,
                        n.cancelled_at)
                                                  is distinct from (o.slot_id, o.month, o.weekday, o.user_id,
                                                    o.created_at, o.cancelled_at));
    end if;
    if v_ids <> '{}' then
      perform rules.sync_marks(v_month, v_month, (v_month + interval '1 month -1 day')::date, v_ids);
    end if;
  end loop;
  return null;
end
$$;
comment on function rules.enrolments__marks() is
  'Trigger function: an enrolment made in mid-month gets its marks, a cancelled one loses those still to come. '
  'Definer: whoever may write the table may call nothing else.';
create trigger enrolments__marks_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__marks();
create trigger enrolments__marks_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement execute function rules.enrolments__marks();

create function rules.enrolments__remember() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_gym_time    timestamptz := case when current_setting('gym.now', true) <> '' then nullif(rules.clock(), now()) end;
  v_actor       integer     := rules.actor();
  v_request_id  text        := nullif(current_setting('gym.request_id', true), '');
  v_application text        := rules.application();
begin
  if tg_op = 'INSERT' then
    -- the row itself stays, and what changes of it later is written then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, 'enrolments', n.id, 'insert',
           case when n.beyond_limit is null then jsonb_build_object('slot_id', n.slot_id, 'user_id', n.user_id)
                else jsonb_build_object('slot_id', n.slot_id, 'user_id', n.user_id, 'beyond_limit', n.beyond_limit) end
      from new_rows n;
    return null;
  end if;
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values,
    new_values)
  select v_gym_time, v_actor, session_user, v_application, v_request_id, 'enrolments', n.id, 'update',
         -- a seat given up or brought back, or anything else
         case when c.only_cancelled
           then jsonb_build_object('cancelled_at', o.cancelled_at, 'cancelled_by', o.cancelled_by, 'cancel_reason',
           o.cancel_reason)
              else (select jsonb_object_agg(k.key, k.value) from jsonb_each(to_jsonb(o)) k
                where k.value <> to_jsonb(n) -> k.key) end,
         case when c.only_cancelled
           then jsonb_build_object('cancelled_at', n.cancelled_at, 'cancelled_by', n.cancelled_by, 'cancel_reason',
           n.cancel_reason)
              else (select jsonb_object_agg(k.key, k.value) from jsonb_each(to_jsonb(n)) k
                where k.value <> to_jsonb(o) -> k.key) end
    from old_rows o
    join new_rows n on n.id = o.id
   cross join lateral (
     select o.cancelled_at is distinct from n.cancelled_at
            and (o.slot_id, o.user_id, o.month, o.weekday, o.created_at) = (n.slot_id, n.user_id, n.month, n.weekday,
              n.created_at)
            and (o.created_by, o.beyond_limit) is not distinct from (n.created_by, n.beyond_limit) as only_cancelled) c
   where o is distinct from n;
  return null;
end
$$;
comment on function rules.enrolments__remember() is
  'Trigger function: what rules.remember does, at half its price, since the opening minute pays for each '
  'microsecond. Of an enrolment inserted it writes slot and student, and whether it is beyond the limit; of one '
  'cancelled what belongs to that; none is ever deleted. Both clocks, as the gym''s and the true time. Definer: '
  'whoever may write the table may call nothing else.';
create trigger enrolments__remember_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__remember();
create trigger enrolments__remember_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement
    execute function rules.enrolments__remember();

create function rules.enrolments__waiting() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_seat   record;
  v_people integer[] := array[]::integer[];
begin
  -- the opening's crowd ends here, while nobody waits
  if not exists (select from gym.waiting w join new_rows n on w.slot_id = n.slot_id or w.user_id = n.user_id
    where w.ended_at is null) then
    if tg_op = 'INSERT' then
      return null;
    end if;
    perform rules.want_promotions(array(select distinct o.slot_id from old_rows o where o.cancelled_at is null));
    return null;
  end if;

  for v_seat in
    select n.id, n.user_id, n.slot_id, n.position_id, n.past_list from new_rows n where n.cancelled_at is null
      order by n.slot_id, n.id
  loop
    -- another weekday of a slot takes no seat, but a weekday
    v_people := v_people || v_seat.user_id;
    if tg_op = 'UPDATE' then
      continue when exists (
        select from old_rows o
         where o.id = v_seat.id and o.cancelled_at is null
           and (o.slot_id, o.user_id) = (v_seat.slot_id, v_seat.user_id));
    end if;
    -- the position is fulfilled: by its turn, or as somebody gave the person the seat past the list
    perform rules.end_positions(
      array(select w.id from gym.waiting w
             where w.user_id = v_seat.user_id and w.slot_id = v_seat.slot_id and w.ended_at is null),
      case when v_seat.past_list is null then 'promoted' else 'enrolled' end);
    -- several newcomers of one statement, each of whom saw the same seat free
    if v_seat.past_list is null and v_seat.position_id is null and rules.list_length(v_seat.slot_id) >
       (select s.capacity - s.taken from gym.slots s where s.id = v_seat.slot_id) then
      perform rules.refuse('waiting_list_first');
    end if;
  end loop;
  perform rules.end_dead_positions(v_people);
  if tg_op = 'UPDATE' then
    perform rules.want_promotions(array(select distinct o.slot_id from old_rows o where o.cancelled_at is null));
  end if;
  return null;
end
$$;
comment on function rules.enrolments__waiting() is
  'Trigger function: a seat taken ends the position that it fulfils and those that its person could not be '
  'promoted from '
  'any more; a seat freed gives River a job where people wait. Errors: waiting_list_first. Definer: who writes the '
  'table '
  'may execute nothing of rules.';
create trigger enrolments__waiting_insert after insert on gym.enrolments
  referencing new table as new_rows for each statement execute function rules.enrolments__waiting();
create trigger enrolments__waiting_update after update on gym.enrolments
  referencing old table as old_rows new table as new_rows for each statement
    execute function rules.enrolments__waiting();
