-- Judging absences: who must be blocked is, who need not be is not.

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
                where b.month = p_month and b.lifted_at is null
                  and (p_user_ids is null or b.user_id = any (p_user_ids))) b on b.user_id = a.user_id
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
  'Whose block by the absences of a month is not what their marks say: block_id null, to be blocked; else, to be '
  'let in again. Only students are ever blocked by absences.';

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
  'Blocks and unblocks the people p_user_ids by their absences of a month, this one or the one before, as '
  'rules.judgements says. Returns how many changed.';

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
  v_users := array(select distinct b.user_id from gym.blocks b where b.id = any (p_blocked || p_lifted)
    order by b.user_id);
  insert into gym.ledger (at, user_id, event, block_id, reason, by_user)
  select rules.clock(), b.user_id, 'blocked', b.id, b.reason, b.created_by from gym.blocks b
    where b.id = any (p_blocked) order by b.id;
  insert into gym.ledger (at, user_id, event, block_id, reason, by_user)
  select rules.clock(), b.user_id, 'unblocked', b.id, b.lift_reason, b.lifted_by from gym.blocks b
    where b.id = any (p_lifted) order by b.id;

  v_freed := array(
    select e.id from gym.blocks b
      join gym.enrolments e on e.user_id = b.user_id and e.cancelled_at is null
       and case when b.month is null then e.month >= rules.next_month()
         else e.month = (b.month + interval '1 month')::date end
     where b.id = any (p_blocked));
  insert into gym.ledger (at, user_id, event, block_id, enrolment_id, reason)
  select rules.clock(), e.user_id, 'seat freed', b.id, e.id, b.reason
    from gym.enrolments e join gym.blocks b on b.user_id = e.user_id and b.id = any (p_blocked)
   where e.id = any (v_freed) order by e.id;
  v_back := array(select l.enrolment_id from gym.ledger l where l.block_id = any (p_lifted) and l.event = 'seat freed');
  perform rules.sync_roles(v_users);

  -- every slot that is touched below, in the order of every path, and last: others wait for them
  perform from gym.slots s
    where s.id in (select e.slot_id from gym.enrolments e where e.id = any (v_freed || v_back)
                   union all
                   select w.slot_id from gym.waiting w where w.block_id = any (p_lifted))
    order by s.id for no key update;
  perform rules.release(v_freed, 'blocked', null);
  perform rules.want_promotions_later(v_freed);
  perform rules.give_back(p_lifted);
  perform rules.return_positions(p_lifted);
end
$$;
comment on function rules.settle_blocks(integer[], integer[]) is
  'What follows from blocks made and lifted: the ledger, seats of the barred month freed or given back, the role. '
  'p_blocked, p_lifted: ids of gym.blocks.';

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
                      where e.user_id = v_seat.user_id and e.month = v_seat.month and e.weekday = s.weekday
                        and e.cancelled_at is null)
          then 'в этот день уже есть занятие'
        when v_seat.beyond_limit is distinct from 'forced' and rules.has_all(v_seat.user_id, v_seat.month)
          then 'занятий уже столько, сколько можно'
      end into v_reason
      from gym.slots s join gym.users u on u.id = v_seat.user_id where s.id = v_seat.slot_id;
    v_new := v_seat.id;
    if v_reason is null then
      insert into gym.enrolments (slot_id, user_id, beyond_limit, past_list)
      values (v_seat.slot_id, v_seat.user_id, nullif(v_seat.beyond_limit, 'lowered'), 'given back')
        returning id into v_new;
    end if;
    insert into gym.ledger (at, user_id, event, block_id, enrolment_id, reason)
    values (rules.clock(), v_seat.user_id, case when v_reason is null then 'seat given back'
      else 'seat not given back' end,
            v_seat.block_id, v_new, coalesce(v_reason, 'блокировка снята'));
  end loop;
end
$$;
comment on function rules.give_back(integer[]) is
  'Gives back the seats that the lifted blocks had freed, seat by seat, where slot, seat, weekday and limit allow, '
  'no other block stands and the month is not over; the enrolment window does not matter. The ledger names what '
  'could not be. Locks are held by rules.settle_blocks.';

create function rules.sync_roles(p_user_ids integer[] default null) returns integer
language plpgsql volatile
as $$
declare
  -- everybody: whoever is blocked, or should be
  v_ids     integer[] := coalesce(p_user_ids, array(
    select u.id from gym.users u where u.role = 'BLOCKED'
    union
    select b.user_id from gym.blocks b
      where b.lifted_at is null and (b.month is null or b.month = rules.this_month())));
  v_today   date := rules.today();
  v_changed integer;
begin
  update gym.users u
     set role = case when u.role = 'BLOCKED' then 'STUDENT' else 'BLOCKED' end::gym.userrole
   where u.id = any (array(
     select w.id from gym.users w
      where w.id = any (v_ids) and w.role in ('STUDENT', 'BLOCKED')
        and (w.role = 'BLOCKED') <> rules.is_blocked(w.id, v_today)
      order by w.id for no key update));
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;
comment on function rules.sync_roles(integer[]) is
  'Makes the role of students, which the auth server reads, what their blocks say today: BLOCKED or STUDENT. '
  'p_user_ids null: of everybody. Returns how many changed.';

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
  'Makes sure, as of now, that everybody is blocked or not as the absences of this month and the one before say, '
  'and that the roles are today''s: what only time has changed. At most p_most people by absences a call, so that '
  'locks stay short: call it until it returns 0.';
