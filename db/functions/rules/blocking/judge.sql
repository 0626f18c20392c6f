create view rules.absences as
select m.user_id, m.date, s.starts_at
  from gym.marks m
  join gym.slots s on s.id = m.slot_id
 where m.withdrawn_at is null
   and (m.mark = 'absent'
        or (m.mark = 'unmarked'
            and ((select c.unmarked_is_absent from gym.settings c)
                 or exists (select from rules.marked_lessons l
                             where l.slot_id = m.slot_id and l.date = m.date offset 0))));
comment on view rules.absences is
  'Marks "absent", and whoever was left unmarked in a lesson in which somebody was marked (setting unmarked_is_absent: in any).';

create function rules.counted_absences(p_month date, p_user_ids integer[] default null, p_before date default rules.today())
returns table (user_id integer, date date, starts_at time)
-- planned for one person, or before there were marks, it would take hours for thousands of them
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_to date := least((p_month + interval '1 month')::date, p_before);
begin
  -- two plans: a month from end to end, or the marks of some people one by one
  if p_user_ids is null then
    return query
    select a.user_id, a.date, a.starts_at from rules.absences a where a.date >= p_month and a.date < v_to;
  else
    return query
    select a.user_id, a.date, a.starts_at
      from (select distinct w from unnest(p_user_ids) w) who
      join rules.absences a on a.user_id = who.w and a.date >= p_month and a.date < v_to;
  end if;
end
$$;
comment on function rules.counted_absences(date, integer[], date) is
  'The absences of a month that count: rules.absences of dates before p_before. From the day after the lesson, so that a coach has the day to correct. p_user_ids null: of everybody.';

create function rules.judgements(p_month date, p_user_ids integer[] default null, p_before date default rules.today())
returns table (user_id integer, absences date[], block_id integer)
language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
  select u.id, coalesce(a.dates, '{}'), b.id
    from (select x.user_id, array_agg(x.date order by x.date) as dates
            from rules.counted_absences(p_month, p_user_ids, p_before) x group by x.user_id) a
    full join (select b.user_id, b.id from gym.blocks b
                where b.month = p_month and b.lifted_at is null and (p_user_ids is null or b.user_id = any (p_user_ids))) b on b.user_id = a.user_id
    join gym.users u on u.id = coalesce(a.user_id, b.user_id)
   where u.role in ('STUDENT', 'BLOCKED') and not u.deleted
     -- of some people not everybody is looked at
     and (p_user_ids is null or u.id = any (p_user_ids))
     and (b.id is not null) <> (
       coalesce(cardinality(a.dates), 0) >= (select c.absences_to_block from gym.settings c)
       and not exists (select from gym.pardons p where p.user_id = u.id and p.month = p_month));
end
$$;
comment on function rules.judgements(date, integer[], date) is
  'Whose block by the absences of a month is not what their marks say: block_id null, to be blocked; else, to be let in again. Only students are ever blocked by absences.';

create function rules.is_blocked(p_user_id integer, p_today date default rules.today()) returns boolean
language plpgsql stable
as $$
begin
  return (
    select exists (
      select from gym.blocks b
       where b.user_id = p_user_id and b.lifted_at is null
         and case when b.month is null then b.ends_on is null or b.ends_on >= p_today
                  else b.month = date_trunc('month', p_today::timestamp)::date end));
end
$$;
comment on function rules.is_blocked(integer, date) is
  'Whether a person is blocked on a date: the role is BLOCKED from the third absence to the end of that month, or while a block by hand stands.';

create function rules.blocked_until(p_user_id integer) returns date
language plpgsql stable
as $$
begin
  -- an open end is later than any other
  return (
    select nullif(max(case when b.month is not null then (b.month + interval '1 month -1 day')::date else coalesce(b.ends_on, 'infinity') end), 'infinity')
      from gym.blocks b
     where b.user_id = p_user_id and b.lifted_at is null
       and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today() else b.month = rules.this_month() end);
end
$$;
comment on function rules.blocked_until(integer) is 'Last day on which a person is blocked; null: not blocked, or until an administrator lifts it.';

create function rules.is_barred(p_user_id integer, p_month date) returns boolean
language plpgsql stable
as $$
begin
  return (
    select exists (
      select from gym.blocks b
       where b.user_id = p_user_id and b.lifted_at is null
         and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today()
                  else b.month = (p_month - interval '1 month')::date end));
end
$$;
comment on function rules.is_barred(integer, date) is
  'Whether a person may not enrol for p_month: absences of the month before bar from it and from no other; a block by hand bars while it stands.';

create function rules.judge(p_month date, p_user_ids integer[]) returns integer
language plpgsql volatile
as $$
declare
  v_due     integer[];  -- people
  v_blocked integer[];  -- blocks made
  v_lifted  integer[];  -- blocks lifted
begin
  -- what an older month bars from is over
  if p_month not in (rules.this_month(), (rules.this_month() - interval '1 month')::date) then
    return 0;
  end if;
  -- lock, then count: of two marks set at once for one person the second sees the first
  perform from gym.users u where u.id = any (p_user_ids) order by u.id for no key update;
  v_due := array(select j.user_id from rules.judgements(p_month, p_user_ids) j order by j.user_id);
  if v_due = '{}' then
    return 0;
  end if;
  -- whoever enrols at this moment is waited for; the marks are locked by the people already
  perform rules.lock_user(d) from unnest(v_due) d;
  with due as (
    select j.* from rules.judgements(p_month, v_due) j
  ), made as (
    insert into gym.blocks (user_id, month, absences, reason, created_at)
    select d.user_id, p_month, d.absences,
           'Пропуски: ' || (select string_agg(to_char(a, 'DD.MM'), ', ') from unnest(d.absences) a), rules.clock()
      from due d where d.block_id is null order by d.user_id
    returning id
  ), lifted as (
    update gym.blocks b
       set lifted_at = rules.clock(),
           lift_reason = case when exists (select from gym.pardons p where p.user_id = b.user_id and p.month = p_month)
                              then 'Прощено' else 'Пропусков стало меньше: ' || cardinality(d.absences) end
      from due d where b.id = d.block_id
    returning b.id
  )
  select array(select m.id from made m), array(select l.id from lifted l) into v_blocked, v_lifted;
  perform rules.settle_blocks(v_blocked, v_lifted);
  return cardinality(v_due);
end
$$;
comment on function rules.judge(date, integer[]) is
  'Blocks and unblocks the people p_user_ids by their absences of a month, this one or the one before, as rules.judgements says. Returns how many changed.';

create function rules.settle_blocks(p_blocked integer[], p_lifted integer[]) returns void
language plpgsql volatile
as $$
declare
  v_freed integer[];
  v_back  integer[];
  v_users integer[];
begin
  if cardinality(p_blocked || p_lifted) = 0 then
    return;
  end if;
  v_users := array(select distinct b.user_id from gym.blocks b where b.id = any (p_blocked || p_lifted) order by b.user_id);
  insert into gym.ledger (at, user_id, event, block_id, reason, by_user)
  select rules.clock(), b.user_id, 'blocked', b.id, b.reason, b.created_by from gym.blocks b where b.id = any (p_blocked) order by b.id;
  insert into gym.ledger (at, user_id, event, block_id, reason, by_user)
  select rules.clock(), b.user_id, 'unblocked', b.id, b.lift_reason, b.lifted_by from gym.blocks b where b.id = any (p_lifted) order by b.id;

  v_freed := array(
    select e.id from gym.blocks b
      join gym.enrolments e on e.user_id = b.user_id and e.cancelled_at is null
       and case when b.month is null then e.month >= rules.next_month() else e.month = (b.month + interval '1 month')::date end
     where b.id = any (p_blocked));
  insert into gym.ledger (at, user_id, event, block_id, enrolment_id, reason)
  select rules.clock(), e.user_id, 'seat freed', b.id, e.id, b.reason
    from gym.enrolments e join gym.blocks b on b.user_id = e.user_id and b.id = any (p_blocked)
   where e.id = any (v_freed) order by e.id;
  v_back := array(select l.enrolment_id from gym.ledger l where l.block_id = any (p_lifted) and l.event = 'seat freed');
  perform rules.sync_roles(v_users);

  -- every slot that is touched below, in the order of every path, and last: others wait for them
  perform from gym.slots s
    where s.id in (select e.slot_id from gym.enrolments e where e.id = any (v_freed || v_back))
    order by s.id for no key update;
  perform rules.release(v_freed, 'blocked', null);
  perform rules.give_back(p_lifted);
end
$$;
comment on function rules.settle_blocks(integer[], integer[]) is
  'What follows from blocks made and lifted: the ledger, seats of the barred month freed or given back, the role. p_blocked, p_lifted: ids of gym.blocks.';

create function rules.give_back(p_lifted integer[]) returns void
language plpgsql volatile
as $$
declare
  v_seat   record;
  v_reason text;
  v_new    integer;
begin
  for v_seat in
    select l.block_id, e.id, e.user_id, e.slot_id, e.month, e.weekday, e.beyond_limit
      from gym.ledger l join gym.enrolments e on e.id = l.enrolment_id
     where l.block_id = any (p_lifted) and l.event = 'seat freed'
     order by e.id
  loop
    select case
        when v_seat.month < rules.this_month() then 'месяц прошёл'
        when u.deleted then 'человек удалён'
        when s.deleted_at is not null then 'занятие удалено'
        when s.taken >= s.capacity then 'мест больше нет'
        when rules.is_barred(v_seat.user_id, v_seat.month) then 'действует другая блокировка'
        when exists (select from gym.enrolments e
                      where e.user_id = v_seat.user_id and e.month = v_seat.month and e.weekday = s.weekday and e.cancelled_at is null)
          then 'в этот день уже есть занятие'
        when v_seat.beyond_limit is distinct from 'forced' and rules.has_all(v_seat.user_id, v_seat.month)
          then 'занятий уже столько, сколько можно'
      end into v_reason
      from gym.slots s join gym.users u on u.id = v_seat.user_id where s.id = v_seat.slot_id;
    v_new := v_seat.id;
    if v_reason is null then
      insert into gym.enrolments (slot_id, user_id, beyond_limit) values (v_seat.slot_id, v_seat.user_id, nullif(v_seat.beyond_limit, 'lowered')) returning id into v_new;
    end if;
    insert into gym.ledger (at, user_id, event, block_id, enrolment_id, reason)
    values (rules.clock(), v_seat.user_id, case when v_reason is null then 'seat given back' else 'seat not given back' end,
            v_seat.block_id, v_new, coalesce(v_reason, 'блокировка снята'));
  end loop;
end
$$;
comment on function rules.give_back(integer[]) is
  'Gives back the seats that the lifted blocks had freed, seat by seat, where slot, seat, weekday and limit allow, no other block stands and the month is not over; the enrolment window does not matter. The ledger names what could not be. Locks are held by rules.settle_blocks.';

create function rules.sync_roles(p_user_ids integer[] default null) returns integer
language plpgsql volatile
as $$
declare
  -- everybody: whoever is blocked, or should be
  v_ids     integer[] := coalesce(p_user_ids, array(
    select u.id from gym.users u where u.role = 'BLOCKED'
    union
    select b.user_id from gym.blocks b where b.lifted_at is null and (b.month is null or b.month = rules.this_month())));
  v_today   date := rules.today();
  v_changed integer;
begin
  update gym.users u
     set role = case when u.role = 'BLOCKED' then 'STUDENT' else 'BLOCKED' end::gym.userrole
   where u.id = any (array(
     select w.id from gym.users w
      where w.id = any (v_ids) and w.role in ('STUDENT', 'BLOCKED') and (w.role = 'BLOCKED') <> rules.is_blocked(w.id, v_today)
      order by w.id for no key update));
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;
comment on function rules.sync_roles(integer[]) is
  'Makes the role of students, which the auth server reads, what their blocks say today: BLOCKED or STUDENT. p_user_ids null: of everybody. Returns how many changed.';

create function rules.ensure_blocks(p_most integer default 250) returns integer
language plpgsql volatile
as $$
declare
  v_month   date;
  v_changed integer := 0;
begin
  foreach v_month in array array[(rules.this_month() - interval '1 month')::date, rules.this_month()] loop
    -- slots are locked last: after some of one month no people of another, and no roles
    if v_changed = 0 then
      v_changed := rules.judge(v_month,
        array(select j.user_id from rules.judgements(v_month) j order by j.user_id limit p_most));
    end if;
  end loop;
  if v_changed = 0 then
    v_changed := rules.sync_roles();
  end if;
  if v_changed = 0 then
    -- for the audit: absences before today were judged for everybody
    update gym.months m set judged_on = rules.today()
     where m.month in (rules.this_month(), (rules.this_month() - interval '1 month')::date)
       and m.judged_on is distinct from rules.today();
  end if;
  return v_changed;
end
$$;
comment on function rules.ensure_blocks(integer) is
  'Makes sure, as of now, that everybody is blocked or not as the absences of this month and the one before say, and that the roles are today''s: what only time has changed. At most p_most people by absences a call, so that locks stay short: call it until it returns 0.';

create function rules.marks__judge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date;
  v_users integer[];
begin
  if tg_op = 'INSERT' then
    -- most fresh marks are of days to come; one of a day past may be an absence, or make others of its lesson so
    for v_month, v_users in
      select date_trunc('month', t.date::timestamp)::date, array_agg(distinct m.user_id order by m.user_id)
        from (select distinct n.slot_id, n.date from new_rows n
               where n.date < rules.today() and n.mark in ('absent', 'present', 'unmarked')) t
        join gym.marks m on m.slot_id = t.slot_id and m.date = t.date and m.withdrawn_at is null
       group by 1 order by 1
    loop
      perform rules.judge(v_month, v_users);
    end loop;
    return null;
  end if;
  -- one mark can change what the unmarked of its lesson count as: all of the lesson are judged
  for v_month, v_users in
    select date_trunc('month', t.date::timestamp)::date, array_agg(distinct m.user_id order by m.user_id)
      from (select distinct n.slot_id, n.date from new_rows n join old_rows o on o.id = n.id
             where n.date < rules.today() and (n.mark, n.withdrawn_at) is distinct from (o.mark, o.withdrawn_at)) t
      join gym.marks m on m.slot_id = t.slot_id and m.date = t.date
     group by 1 order by 1
  loop
    perform rules.judge(v_month, v_users);
  end loop;
  return null;
end
$$;
comment on function rules.marks__judge() is
  'Trigger function: raising, correcting, cancelling, closing and excusing re-judge at once, a whole lesson in one go. Definer: whoever may write the table may call nothing else.';
create trigger marks__judge_insert after insert on gym.marks
  referencing new table as new_rows for each statement execute function rules.marks__judge();
create trigger marks__judge_update after update on gym.marks
  referencing old table as old_rows new table as new_rows for each statement execute function rules.marks__judge();

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
  'Trigger function: another number of absences, or another meaning of unmarked, judges everybody at once. Definer: whoever may write the table may call nothing else.';
create trigger settings__judge after update of absences_to_block, unmarked_is_absent on gym.settings
  for each row when ((old.absences_to_block, old.unmarked_is_absent) is distinct from (new.absences_to_block, new.unmarked_is_absent))
  execute function rules.settings__judge();

create function rules.pardons__lock() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- people before what is written of them: whoever makes two accounts one holds both, and then forgives what the other was forgiven
  perform rules.lock_lessons(array(select m.id from gym.marks m where m.user_id = new.user_id and m.date = new.date), array[new.user_id]);
  return new;
end
$$;
comment on function rules.pardons__lock() is
  'Trigger function: locks the person, those who share a lesson that is forgiven, and its marks, before the pardon is written. Definer: whoever may write the table may call nothing else.';
create trigger pardons__lock before insert on gym.pardons for each row execute function rules.pardons__lock();

create function rules.pardons__apply() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into gym.ledger (at, user_id, event, reason, by_user)
  values (rules.clock(), new.user_id, case when new.month is null then 'forgiven' else 'pardoned' end,
          coalesce(to_char(new.date, 'DD.MM.YYYY'), to_char(new.month, 'MM-YYYY')) || ': ' || new.reason, new.made_by);
  if new.month is not null then
    perform rules.judge(new.month, array[new.user_id]);
  else
    update gym.marks m set mark = 'excused', set_at = rules.clock(), set_by = new.made_by
     where m.user_id = new.user_id and m.date = new.date and m.withdrawn_at is null and m.mark in ('absent', 'unmarked');
    -- a lesson called off comes back excused
    update gym.marks m set mark_before = 'excused'
     where m.user_id = new.user_id and m.date = new.date and m.mark_before in ('absent', 'unmarked');
  end if;
  return null;
end
$$;
comment on function rules.pardons__apply() is
  'Trigger function: a forgiven date becomes excused, a pardoned month no longer blocks; both enter the ledger. Definer: whoever may write the table may call nothing else.';
create trigger pardons__apply after insert on gym.pardons for each row execute function rules.pardons__apply();
create trigger pardons__keep before update or delete or truncate on gym.pardons for each statement execute function rules.keep();
create trigger blocks__keep before delete or truncate on gym.blocks for each statement execute function rules.keep();
create trigger ledger__keep before update or delete or truncate on gym.ledger for each statement execute function rules.keep();

create function rules.forgive(p_user_id integer, p_date date, p_reason text, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  perform rules.person(p_user_id);
  insert into gym.pardons (user_id, date, reason, made_at, made_by)
  values (p_user_id, p_date, p_reason, rules.clock(), p_actor)
  on conflict (user_id, date) where date is not null do nothing;
end
$$;
comment on function rules.forgive(integer, date, text, integer) is
  'Excuses a person''s absences of a date, ahead of time too. Harmless to repeat. Errors: user_not_found.';

create function rules.block(p_user_id integer, p_reason text, p_ends_on date, p_actor integer) returns gym.blocks
language plpgsql volatile
as $$
declare
  v_user  gym.users := rules.person(p_user_id);
  v_block gym.blocks;
begin
  if v_user.role not in ('STUDENT', 'BLOCKED') then
    perform rules.refuse('block_students_only');
  end if;
  if p_ends_on < rules.today() then
    perform rules.refuse('block_ends_past');
  end if;
  perform from gym.users u where u.id = v_user.id for no key update;
  perform rules.lock_user(v_user.id);
  if exists (select from gym.blocks b
              where b.user_id = v_user.id and b.month is null and b.lifted_at is null and (b.ends_on is null or b.ends_on >= rules.today())) then
    perform rules.refuse('blocks_one_by_hand');
  end if;
  insert into gym.blocks (user_id, reason, ends_on, created_at, created_by)
  values (v_user.id, p_reason, p_ends_on, rules.clock(), p_actor)
  returning * into v_block;
  perform rules.settle_blocks(array[v_block.id], '{}');
  return v_block;
end
$$;
comment on function rules.block(integer, text, date, integer) is
  'An administrator blocks a student by hand: bars while it stands, frees the seats of next month, and no machine lifts it before p_ends_on (null: never). Errors: user_not_found, block_students_only, block_ends_past, blocks_one_by_hand.';

create function rules.unblock(p_user_id integer, p_reason text, p_actor integer) returns integer
language plpgsql volatile
as $$
declare
  v_month  date := rules.this_month();
  v_lifted integer[];
begin
  -- before the person, as whoever forgives, and rules.ensure_marks
  lock table gym.pardons in row exclusive mode;
  perform from gym.users u where u.id = p_user_id for no key update;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  perform rules.lock_user(p_user_id);
  with lifted as (
    update gym.blocks b set lifted_at = rules.clock(), lifted_by = p_actor, lift_reason = p_reason
     where b.user_id = p_user_id and b.lifted_at is null
       and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today() else b.month >= (v_month - interval '1 month')::date end
    returning b.id, b.month)
  select coalesce(array_agg(l.id), '{}') into v_lifted from lifted l;
  if v_lifted = '{}' then
    perform rules.refuse('not_blocked');
  end if;
  -- the whole month, so that the next mark does not block again
  insert into gym.pardons (user_id, month, reason, made_at, made_by)
  select p_user_id, m.month, p_reason, rules.clock(), p_actor
    from (select v_month as month union select b.month from gym.blocks b where b.id = any (v_lifted) and b.month is not null) m
   order by m.month
  on conflict (user_id, month) where month is not null do nothing;
  perform rules.settle_blocks('{}', v_lifted);
  return cardinality(v_lifted);
end
$$;
comment on function rules.unblock(integer, text, integer) is
  'An administrator lets a person in again: lifts every block that stands and pardons the whole month; seats that the blocks freed come back where they are still free. Returns how many blocks were lifted. Errors: user_not_found, not_blocked.';

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
  'Trigger function: the role BLOCKED set by hand is a block by hand, taken away by hand it is an unblock; the ledger says so. Definer: whoever may write the table may call nothing else.';
create trigger users__block_insert after insert on gym.users for each row when (new.role = 'BLOCKED') execute function rules.users__block();
create trigger users__block_update after update of role on gym.users for each row when (new.role <> old.role) execute function rules.users__block();

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
  'Trigger function: whoever becomes a student, or is restored, is judged by the absences that there are. Definer: whoever may write the table may call nothing else.';
create trigger users__judge after update of role, deleted on gym.users for each row
  when (new.role in ('STUDENT', 'BLOCKED') and not new.deleted and (old.role not in ('STUDENT', 'BLOCKED') or old.deleted))
  execute function rules.users__judge();

create view rules.ledger_lines as
select l.id, l.user_id, to_char(l.at at time zone c.time_zone, 'YYYY-MM-DD HH24:MI') as at, u.student_card as card, l.event,
       -- a line then fits 100 columns
       case when length(l.reason) > 30 then left(l.reason, 29) || '…' else l.reason end as reason, l.enrolment_id as seat, l.by_user as by
  from gym.ledger l join gym.users u on u.id = l.user_id cross join gym.settings c;
comment on view rules.ledger_lines is 'gym.ledger as people read it, in the gym''s time: what api.ledger shows.';
