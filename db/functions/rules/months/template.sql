-- The weekly template, of which each month is made.

create function rules.set_template(p_weekday integer, p_starts_at time, p_capacity integer) returns gym.weekly_template
language sql volatile
as $$
  insert into gym.weekly_template (weekday, starts_at, capacity) values (p_weekday, p_starts_at, p_capacity)
  on conflict (weekday, starts_at) do update set capacity = excluded.capacity
  returning *
$$;
comment on function rules.set_template(integer, time, integer) is
  'Adds a line to the weekly template, or sets its seats. p_capacity null: the setting''s. Months made before stay '
  'as they are.';

create function rules.remove_template(p_weekday integer, p_starts_at time) returns gym.weekly_template
language plpgsql volatile
as $$
declare
  v_line gym.weekly_template;
begin
  delete from gym.weekly_template t where t.weekday = p_weekday and t.starts_at = p_starts_at returning * into v_line;
  if not found then
    perform rules.refuse('template_unknown');
  end if;
  return v_line;
end
$$;
comment on function rules.remove_template(integer, time) is
  'Takes a line out of the weekly template; months made before stay as they are. Errors: template_unknown.';
