-- When enrolment is open: by the calendar, and by hand.

create function rules.enrolment_window(p_at timestamptz default rules.clock(),
  out opens_at timestamptz, out closes_at timestamptz, out last_turn timestamptz, out next_turn timestamptz,
    out is_open boolean, out by_hand boolean, out for_month date)
language plpgsql stable
as $$
declare
  v_zone  text;
  v_month timestamp;
begin
  select c.time_zone, m.month,
         (m.month + make_interval(
           days => c.enrolment_opens_on_day - 1) + c.enrolment_opens_at) at time zone c.time_zone,
         (m.month + interval '1 month -1 day' + c.enrolment_closes_at) at time zone c.time_zone
    into v_zone, v_month, opens_at, closes_at
    from gym.settings c cross join lateral (select date_trunc('month', p_at at time zone c.time_zone)) m (month);

  is_open := p_at >= opens_at and p_at < closes_at;
  if p_at >= closes_at then
    last_turn := closes_at;
    next_turn := (v_month + interval '1 month') at time zone v_zone;
  elsif p_at >= opens_at then
    last_turn := opens_at;
    next_turn := closes_at;
  else
    last_turn := v_month at time zone v_zone;
    next_turn := opens_at;
  end if;

  -- as rules.next_month, of which the opening minute would have to ask once more
  for_month := (v_month + interval '1 month')::date;

  -- by hand holds until the next scheduled turn: what was set before the last one no longer counts
  select m.is_open into by_hand
    from gym.manual_turns m
   where m.made_at >= last_turn and m.made_at <= p_at
   order by m.made_at desc, m.id desc
   limit 1;
  is_open := coalesce(by_hand, is_open);
  by_hand := by_hand is not null;
end
$$;
comment on function rules.enrolment_window(timestamptz) is
  'Enrolment as of p_at, a pure function of the clock and the tables: this month''s scheduled opening and closing, '
  'the last and the next scheduled turn (opening, closing, turn of the month), whether it is open, whether an '
  'administrator''s hand made it so, and the month that is chosen for. What entry/check-open answers and '
  'entry/change-open changes.';

create function rules.turn_enrolment(p_open boolean, p_actor integer) returns void
language plpgsql volatile
as $$
begin
  insert into gym.manual_turns (is_open, made_at, made_by) values (p_open, rules.clock(), p_actor);
  -- opened before the day on which slots are made, there would be nothing to choose from
  if p_open then
    perform rules.make_month(rules.next_month());
  end if;
end
$$;
comment on function rules.turn_enrolment(boolean, integer) is
  'Opens or closes enrolment by hand until the next scheduled turn. Opening makes sure that next month''s slots '
  'stand. p_actor: who did it, null from psql.';

create function rules.ensure_turns() returns integer
language plpgsql volatile
as $$
declare
  v_now  timestamptz := rules.clock();
  v_done integer;
begin
  update gym.manual_turns t
     set expired_at = w.ended_at
    from (select m.id, case when t.next_turn <= v_now then t.next_turn end as ended_at
            from gym.manual_turns m cross join lateral rules.enrolment_window(m.made_at) t
              -- of earlier months no turn can count any more, whatever becomes of the settings
           where m.expired_at is null
             or m.made_at >= rules.this_month(v_now)::timestamp at time zone (select c.time_zone from gym.settings c)) w
   where t.id = w.id and t.expired_at is distinct from w.ended_at;
  get diagnostics v_done = row_count;
  return v_done;
end
$$;
comment on function rules.ensure_turns() is
  'Makes sure that manual_turns.expired_at says which openings and closings by hand a scheduled turn has ended; '
  'also takes back what a change of the settings made untrue. Harmless to repeat. Gives the number of rows '
  'changed.';
