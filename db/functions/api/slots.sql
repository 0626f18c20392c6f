create function api.make_month(month text default 'next') returns table (for_month text, made integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select to_char(m, 'MM-YYYY'), rules.make_month(m)
    from (values (coalesce(api.month_named(month), rules.next_month()))) v (m)
$$;
comment on function api.make_month(text) is
  'Makes sure that a month''s slots were made from the weekly template; once a month. month: MM-YYYY, current, '
  'next. Definer: writes gym.slots. Example: select * from api.make_month(''next'');';

create function api.create_slot(day text, at time, seats integer default null, month text default 'next')
returns table (id integer, in_month text, weekday smallint, starts_at time, capacity integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity
    from rules.create_slot(api.month_named(month), api.weekday_of(day), at, seats) s
$$;
comment on function api.create_slot(text, time, integer, text) is
  'Adds a slot. day: Mon…Sun, пн…вс or 0…6; at: HH:MM; seats null: the setting. Errors: slot_month_past, '
  'slots_one_a_time, weekday_unknown. Definer: writes gym.slots. Example: select * from api.create_slot(day => '
  '''Sun'', at => ''12:00'', seats => 8);';

create function api.edit_slot(slot integer default null, day text default null, at time default null,
  month text default null,
  new_day text default null, new_at time default null, new_seats integer default null, force boolean default false)
returns table (id integer, in_month text, weekday smallint, starts_at time, capacity integer, taken integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity, s.taken
    from rules.edit_slot(api.slot_id(slot, day, at, month), api.weekday_of(new_day), new_at, new_seats, force) s
$$;
comment on function api.edit_slot(integer, text, time, text, text, time, integer, boolean) is
  'Moves or resizes a slot. slot: id, or day and at of a month (null: next). force: whoever does not fit any more '
  'loses the seat, the latest first, and whoever holds another on the new weekday. Errors: slot_not_found, '
  'slots_capacity_below_taken, slots_one_a_time, slot_move_collides, slot_month_begun. Definer: writes gym.slots. '
  'Example: select * from api.edit_slot(day => ''Mon'', at => ''16:00'', new_seats => 15);';

create function api.delete_slot(slot integer default null, day text default null, at time default null,
  month text default null, force boolean default false)
returns table (id integer, cancelled integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  id := api.slot_id(slot, day, at, month);
  select s.taken into cancelled from gym.slots s where s.id = delete_slot.id;
  perform rules.delete_slot(id, force);
  return next;
end
$$;
comment on function api.delete_slot(integer, text, time, text, boolean) is
  'Deletes a slot; with people in it only by force, which cancels their seats. slot: id, or day and at of a month '
  '(null: next). Errors: slot_not_found, slot_has_enrolments. Definer: writes gym.slots. '
  'Example: select * from api.delete_slot(day => ''Sat'', at => ''20:30'', force => true);';

create function api.swap_slots(day text default null, at time default null, with_day text default null,
  with_at time default null, month text default null,
  slot integer default null, with_slot integer default null, force boolean default false)
returns table (id integer, in_month text, weekday smallint, starts_at time, capacity integer, taken integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, to_char(s.month, 'MM-YYYY'), s.weekday, s.starts_at, s.capacity, s.taken
    from rules.swap_slots(api.slot_id(slot, day, at, month), api.slot_id(with_slot, with_day, with_at, month), force) s
$$;
comment on function api.swap_slots(text, time, text, time, text, integer, integer, boolean) is
  'Two slots of a month not begun exchange their people and seats, as if their times were exchanged. Each by id '
  '(slot, with_slot), or by day and at of a month (null: next). force: whoever would have two on one weekday loses '
  'the seat in the slot that comes there. '
  'Errors: slot_not_found, within_one_month, slot_month_begun, slot_move_collides. Definer: writes gym.slots and '
  'gym.enrolments. '
  'Example: select * from api.swap_slots(''Mon'', ''16:00'', ''Wed'', ''17:30'');';

create function api.copy_month(from_month text, to_month text, force boolean default false)
  returns table (day text, at text, seats integer, result text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[c.weekday + 1], to_char(c.starts_at, 'HH24:MI'), c.capacity,
    c.result
    from rules.copy_month(api.month_named(from_month), api.month_named(to_month), force) c
$$;
comment on function api.copy_month(text, text, boolean) is
  'Makes in one month the slots of another that it lacks, instead of those of the weekly template. Months: '
  'MM-YYYY, current, next. force: also deletes slots that from_month has not, with their people, and takes over '
  'the seats, never fewer than taken. '
  'Errors: slot_month_past, month_without_slots, field_unreadable. Definer: writes gym.slots. Example: select * '
  'from api.copy_month(''current'', ''02-2027'');';
