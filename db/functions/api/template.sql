create view api.template as
select (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[t.weekday + 1] as day, to_char(t.starts_at, 'HH24:MI') as at,
       coalesce(t.capacity, c.seats_per_slot) as seats, t.capacity is null as by_setting
  from gym.weekly_template t cross join gym.settings c
 order by t.weekday, t.starts_at;
comment on view api.template is
  'The week that months are made from. by_setting: the seats are the setting seats_per_slot. Example: select * from '
  'api.template;';

create function api.set_template(day text, at time, seats integer default null) returns setof api.template
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_line gym.weekly_template := rules.set_template(api.weekday_of(day), at, seats);
begin
  return query
  select w.* from api.template w
   where w.day = (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[v_line.weekday + 1]
     and w.at = to_char(v_line.starts_at, 'HH24:MI');
end
$$;
comment on function api.set_template(text, time, integer) is
  'Adds a time to the week that months are made from, or sets its seats. seats null: the setting. Months made '
  'before stay as they are. Errors: weekday_unknown, weekly_template_capacity_range, '
  'weekly_template_whole_minutes. '
  'Definer: writes gym.weekly_template. Example: select * from api.set_template(day => ''Sun'', at => ''12:00'', '
  'seats => 8);';

create function api.remove_template(day text, at time)
  returns table (removed_day text, removed_at text, lines_left bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_line gym.weekly_template := rules.remove_template(api.weekday_of(day), at);
begin
  return query
  select (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[v_line.weekday + 1], to_char(v_line.starts_at, 'HH24:MI'),
    count(*) from gym.weekly_template;
end
$$;
comment on function api.remove_template(text, time) is
  'Takes a time out of the week that months are made from. Months made before stay as they are. Errors: '
  'template_unknown, weekday_unknown. Definer: writes gym.weekly_template. '
  'Example: select * from api.remove_template(day => ''Sat'', at => ''20:30'');';
