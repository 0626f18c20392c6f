-- The slots of a month are made of the weekly template.

create function rules.make_month(p_month date) returns integer
language plpgsql volatile
as $$
declare
  v_made integer;
begin
  insert into gym.months (month, slots_made_at) values (p_month, rules.clock()) on conflict do nothing;
  if not found then
    return 0;
  end if;
  insert into gym.slots (month, weekday, starts_at, capacity)
  select p_month, t.weekday, t.starts_at, coalesce(t.capacity, c.seats_per_slot)
    from gym.weekly_template t cross join gym.settings c
   order by t.weekday, t.starts_at
  on conflict (month, weekday, starts_at) where deleted_at is null do nothing;
  get diagnostics v_made = row_count;
  -- Plans made while the tables held less would serve the opening badly. A table that ANALYZE found empty would be
  -- read from
  -- end to end by them until autovacuum comes; of one that it never saw, PostgreSQL expects some pages.
  analyze gym.slots;
  if exists (select from gym.enrolments) then
    analyze gym.enrolments;
  end if;
  return v_made;
end
$$;
comment on function rules.make_month(date) is
  'Makes sure that a month''s slots were made from the weekly template, once: what was made by hand is kept, what '
  'was deleted since stays deleted. p_month: its first day. Returns how many were made.';

create function rules.ensure_slots(p_at timestamptz default rules.clock()) returns integer
language plpgsql volatile
as $$
declare
  v_this date    := rules.this_month(p_at);
  v_made integer := 0;
begin
  -- Nothing ran from the setting's day to the end of last month: the month that has begun gets its slots late, and
  -- not never.
  -- A gym whose first month is still to come did not miss any.
  if exists (select from gym.months m where m.month < v_this and m.slots_made_at is not null) then
    v_made := rules.make_month(v_this);
  end if;
  if extract(day from rules.today(p_at)) < (select c.slots_made_on_day from gym.settings c) then
    return v_made;
  end if;
  return v_made + rules.make_month(rules.next_month(p_at));
end
$$;
comment on function rules.ensure_slots(timestamptz) is
  'Makes sure that next month''s slots stand from the setting''s day on, and this month''s where that was missed. '
  'Harmless to repeat. Returns how many were made.';
