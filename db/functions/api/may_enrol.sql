-- When enrolment opens and closes next, and whether a person may enrol now.

create function api.next_turns(
  out next_opening timestamptz, out opens_for date, out next_closing timestamptz, out closes_for date)
language plpgsql stable
as $$
declare
  v_now    timestamptz := rules.clock();
  v_window record;
  v_later  record;
begin
  select * into v_window from rules.enrolment_window(v_now);
  -- noon of the next month's first day stands for that month, whatever the zone
  select * into v_later from rules.enrolment_window(
    (select (v_window.for_month + time '12:00') at time zone c.time_zone from gym.settings c));

  -- the opening of this month, or when it is past that of the next
  if v_now < v_window.opens_at then
    next_opening := v_window.opens_at;
    opens_for    := v_window.for_month;
  else
    next_opening := v_later.opens_at;
    opens_for    := v_later.for_month;
  end if;

  -- What is open closes with this month's window, or, opened by hand after it, with the month. What is closed closes
  -- next at the end of the window that opens next.
  if v_window.is_open then
    next_closing := case when v_now < v_window.closes_at then v_window.closes_at else v_window.next_turn end;
    closes_for   := v_window.for_month;
  else
    next_closing := case when v_now < v_window.opens_at then v_window.closes_at else v_later.closes_at end;
    closes_for   := opens_for;
  end if;
end
$$;
comment on function api.next_turns() is
  'The next opening by schedule and the next closing, each with the month that is chosen for.';

create function api.may_enrol(card integer default null, person integer default null)
returns table (may boolean, for_month text, why text, from_when timestamp(0))
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user   gym.users;
  v_now    timestamptz := rules.clock();
  v_window record;
  v_turns  record;
  v_held   integer;
  v_limit  integer;
  v_until  date;
  v_whys   text[] := array[]::text[];
  v_known  boolean := true;   -- whether it is known from when
begin
  select * into v_user from gym.users u where u.id = api.person_id(card, person);
  select * into v_window from rules.enrolment_window(v_now);
  select * into v_turns from api.next_turns();
  for_month := to_char(v_window.for_month, 'MM-YYYY');
  from_when := rules.local_time(v_now);

  -- What no calendar changes: the account.
  if v_user.deleted then
    v_whys := array_append(v_whys, 'Учётная запись удалена: её возвращает api.restore_user.');
    v_known := false;
  elsif not exists (select from gym.rights r where r.endpoint = 'entry/create' and v_user.role = any (r.roles)) then
    v_whys := array_append(v_whys,
      format('Роли %s права записываться не дают (gym.rights, entry/create).', v_user.role));
    v_known := false;
  end if;

  -- A block bars from the month that is chosen for now, or as long as it stands.
  if rules.is_barred(v_user.id, v_window.for_month) then
    v_whys := array_append(v_whys, (
      select coalesce(string_agg('Блокировка: ' || b.reason, ' ' order by b.id), 'Блокировка.')
        from gym.blocks b
       where b.user_id = v_user.id and b.lifted_at is null
         and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today()
                  else b.month = (v_window.for_month - interval '1 month')::date end));
    v_until := rules.blocked_until(v_user.id);
    if v_until is null then
      v_known := false;
      v_whys := array_append(v_whys, 'Блокировку снимает api.unblock.');
    elsif (v_until + 1)::timestamp > from_when then
      from_when := (v_until + 1)::timestamp;
    end if;
  end if;

  -- The calendar.
  if not v_window.is_open then
    v_whys := array_append(v_whys, format('Запись закрыта%s.', case when v_window.by_hand then ' вручную' else '' end));
    from_when := greatest(from_when, rules.local_time(v_turns.next_opening));
  end if;
  -- A block that ends while enrolment is closed ends at the next opening.
  if v_whys <> '{}' and from_when > rules.local_time(v_now) then
    select greatest(from_when, case when w.is_open then from_when
                                    when w.opens_at > f.moment then rules.local_time(w.opens_at)
                                    else rules.local_time((rules.enrolment_window(
                                           (w.for_month + time '12:00') at time zone c.time_zone)).opens_at) end)
      into from_when
      from gym.settings c
     cross join lateral (select from_when at time zone c.time_zone) f (moment)
     cross join lateral rules.enrolment_window(f.moment) w;
  end if;

  may := v_whys = '{}';
  if may then
    select count(*) into v_held from gym.enrolments e
     where e.user_id = v_user.id and e.month = v_window.for_month and e.cancelled_at is null;
    select c.slots_per_student into v_limit from gym.settings c;
    v_whys := array[format('Да, до %s. Занято мест: %s из %s%s.',
      to_char(rules.local_time(v_turns.next_closing), 'DD.MM.YYYY HH24:MI'), v_held, v_limit,
      case when v_held >= v_limit then '; можно поменять выбор' else '' end)];
  end if;
  if not v_known then
    from_when := null;
  end if;
  why := api.folded_lines(array_to_string(v_whys, E'\n'), 50);
  return next;
end
$$;
comment on function api.may_enrol(integer, integer) is
  'Says whether a person may enrol now, or why not and from when. from_when: in the gym''s time, if nothing else '
  'changes; '
  'null: not before an administrator acts. card, or person: id. Errors: user_not_found. Definer: reads gym.blocks and '
  'gym.users. Example: select * from api.may_enrol(card => 12069840);';
