-- When enrolment opens and closes, as people are told, and whether one person may enrol.

create function rules.enrolment_times(
  out is_open boolean, out by_hand boolean, out opens_at timestamptz, out closes_at timestamptz, out opens_for date,
  out next_turn timestamptz, out for_month date)
language plpgsql stable
as $$
declare
  v_now    timestamptz := rules.clock();
  v_window record := rules.enrolment_window(v_now);
begin
  is_open   := v_window.is_open;
  by_hand   := v_window.by_hand;
  next_turn := v_window.next_turn;
  for_month := v_window.for_month;
  if is_open then
    -- Opened by hand, it is open since then.
    opens_at := v_window.opens_at;
    if by_hand then
      opens_at := (select max(m.made_at) from gym.manual_turns m where m.made_at between v_window.last_turn and v_now);
    end if;
    -- Opened by hand after the closing of this month, it stays open until the month turns.
    closes_at := case when v_now < v_window.closes_at then v_window.closes_at else v_window.next_turn end;
    opens_for := for_month;
    return;
  end if;
  -- Closed: the next scheduled opening is this month's, or else that of the next month.
  if v_now >= v_window.opens_at then
    v_window := rules.enrolment_window((select for_month::timestamp at time zone c.time_zone from gym.settings c));
  end if;
  opens_at  := v_window.opens_at;
  closes_at := v_window.closes_at;
  opens_for := v_window.for_month;
end
$$;
comment on function rules.enrolment_times() is
  'Enrolment as people are told of it. While it is open: since when and until when. While it is closed: the next '
  'scheduled '
  'opening, the closing after it, and the month that it is for. for_month: the month that a choice made now would '
  'be for.';

create function rules.enrolment_bar(p_user_id integer) returns text
language plpgsql stable
as $$
declare
  v_role gym.userrole;
begin
  if p_user_id is null then
    return 'actor_missing';
  end if;
  select u.role into v_role from gym.users u where u.id = p_user_id and not u.deleted;
  if not found then
    return 'actor_unknown';
  end if;
  if not exists (select from gym.rights r where r.endpoint = 'entry/create' and v_role = any (r.roles)) then
    return 'role_may_not';
  end if;
  -- Said before "closed": who is blocked need not wait for the opening.
  if rules.is_barred(p_user_id, rules.next_month()) then
    return 'student_blocked';
  end if;
  if not (select w.is_open from rules.enrolment_window() w) then
    return 'enrolment_closed';
  end if;
  return null;
end
$$;
comment on function rules.enrolment_bar(integer) is
  'The name of the rule that keeps a person from enrolling at this moment; null: none does. Asks only; entry/create '
  'refuses '
  'by the same rules.';

create function rules.seats_ask_again(p_is_open boolean, p_opens_at timestamptz) returns integer
language plpgsql stable
as $$
declare
  v_ahead interval := p_opens_at - rules.clock();
begin
  -- In steps, since each other number is another document for everybody. No step is longer than what is left before
  -- the next.
  return case when p_is_open or v_ahead <= interval '1 minute' then 500
              when v_ahead <= interval '10 minutes' then 5000
              else 30000 end;
end
$$;
comment on function rules.seats_ask_again(boolean, timestamptz) is
  'In how many milliseconds the free seats are worth asking for again. p_is_open: whether enrolment is open; '
  'p_opens_at: when '
  'it opens.';
