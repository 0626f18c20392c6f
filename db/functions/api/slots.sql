create function api.make_month(month text default 'next') returns table (for_month text, made integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select to_char(m, 'MM-YYYY'), rules.make_month(m) from (values (coalesce(rules.month_named(month), rules.next_month()))) v (m)
$$;
comment on function api.make_month(text) is
  'Makes sure that a month''s slots were made from the weekly template; once a month. month: MM-YYYY, current, next. Definer: writes gym.slots. Example: select * from api.make_month(''next'');';

create function api.create_slot(day text, at time, seats integer default null, month text default 'next')
returns table (id integer, in_month text, weekday smallint, starts_at time, capacity integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity
    from rules.create_slot(rules.month_named(month), rules.weekday_of(day), at, seats) s
$$;
comment on function api.create_slot(text, time, integer, text) is
  'Adds a slot. day: Mon…Sun, пн…вс or 0…6; at: HH:MM; seats null: the setting. Errors: slot_month_past, slots_one_a_time, weekday_unknown. Definer: writes gym.slots. Example: select * from api.create_slot(day => ''Sun'', at => ''12:00'', seats => 8);';

create function api.edit_slot(slot integer default null, day text default null, at time default null, month text default null,
  new_day text default null, new_at time default null, new_seats integer default null)
returns table (id integer, in_month text, weekday smallint, starts_at time, capacity integer, taken integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity, s.taken
    from rules.edit_slot(rules.slot_id(slot, day, at, month), rules.weekday_of(new_day), new_at, new_seats) s
$$;
comment on function api.edit_slot(integer, text, time, text, text, time, integer) is
  'Moves or resizes a slot, named by id or by day, at and month. Errors: slot_not_found, slots_capacity_below_taken, slots_one_a_time, slot_move_collides, slot_month_begun. Definer: writes gym.slots. '
  'Example: select * from api.edit_slot(day => ''Mon'', at => ''16:00'', new_seats => 15);';

create function api.delete_slot(slot integer default null, day text default null, at time default null, month text default null, force boolean default false)
returns table (id integer, cancelled integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  id := rules.slot_id(slot, day, at, month);
  select s.taken into cancelled from gym.slots s where s.id = delete_slot.id;
  perform rules.delete_slot(id, force);
  return next;
end
$$;
comment on function api.delete_slot(integer, text, time, text, boolean) is
  'Deletes a slot, named by id or by day, at and month; with people enrolled only by force, which cancels them. Errors: slot_not_found, slot_has_enrolments. Definer: writes gym.slots. '
  'Example: select * from api.delete_slot(day => ''Sat'', at => ''20:30'', force => true);';
