create function rules.enrolment_window(p_at timestamptz default rules.clock(),
  out opens_at timestamptz, out closes_at timestamptz, out last_turn timestamptz, out next_turn timestamptz, out is_open boolean, out by_hand boolean, out for_month date)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings gym.settings;
  v_month    timestamp;
  v_begins   timestamptz;
  v_ends     timestamptz;
  v_manual   boolean;
begin
  select * into v_settings from gym.settings;
  v_month   := date_trunc('month', p_at at time zone v_settings.time_zone);
  v_begins  := v_month at time zone v_settings.time_zone;
  v_ends    := (v_month + interval '1 month') at time zone v_settings.time_zone;
  opens_at  := (v_month + make_interval(days => v_settings.enrolment_opens_on_day - 1) + v_settings.enrolment_opens_at) at time zone v_settings.time_zone;
  closes_at := (v_month + interval '1 month -1 day' + v_settings.enrolment_closes_at) at time zone v_settings.time_zone;

  is_open   := p_at >= opens_at and p_at < closes_at;
  last_turn := case when p_at >= closes_at then closes_at when p_at >= opens_at then opens_at else v_begins end;
  next_turn := case when p_at < opens_at then opens_at when p_at < closes_at then closes_at else v_ends end;

  -- as rules.next_month, of which the opening minute would have to ask once more
  for_month := (v_month + interval '1 month')::date;

  -- by hand holds until the next scheduled turn: what was set before the last one no longer counts
  select m.is_open into v_manual
    from gym.manual_turns m
   where m.made_at >= last_turn and m.made_at <= p_at
   order by m.made_at desc, m.id desc
   limit 1;
  by_hand := v_manual is not null;
  is_open := coalesce(v_manual, is_open);
end
$$;
comment on function rules.enrolment_window(timestamptz) is
  'Enrolment as of p_at, a pure function of the clock and the tables: this month''s scheduled opening and closing, the last and the next scheduled turn (opening, closing, turn of the month), whether it is open, whether an administrator''s hand made it so, and the month that is chosen for. What entry/check-open answers and entry/change-open changes.';

create function rules.turn_enrolment(p_open boolean, p_actor integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
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
  'Opens or closes enrolment by hand until the next scheduled turn. Opening makes sure that next month''s slots stand. p_actor: who did it, null from psql.';
