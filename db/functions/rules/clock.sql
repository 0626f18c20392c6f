create function rules.may_move_clock() returns boolean
language plpgsql stable
as $$
begin
  -- role: what SET ROLE chose; session_user would still be the owner in a server that dropped its rights
  return exists (
    select from pg_roles r
     where (r.rolname = '{{.admin_role}}' or r.oid = (select d.datdba from pg_database d where d.datname = current_database()))
       and pg_has_role(coalesce(nullif(current_setting('role'), 'none'), session_user), r.oid, 'member'));
end
$$;
comment on function rules.may_move_clock() is
  'Whether this session''s gym.now counts: it belongs to the database''s owner (or a superuser) or to an '
  'administrator, and has not become anybody else by SET ROLE, such as the server. The audit trail shows both '
  'clocks.';

create function rules.moved_clock() returns timestamptz
language plpgsql stable
as $$
declare
  v_moved text := current_setting('gym.now');
begin
  if not rules.may_move_clock() then
    return now();
  end if;
  -- what PostgreSQL would take but read otherwise than it was meant: "now" in the session's zone, the name of a zone,
  -- an offset of one digit
  if v_moved !~ '^\s*\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?\s*([+-]\d\d(:?\d\d)?|Z)?)?\s*$' then
    perform rules.refuse('clock_unreadable', v_moved);
  end if;
  -- with an offset it is a moment, without one it is what the gym's wall clock shows
  if v_moved ~ '\d:\d\d.*([+-]\d\d(:?\d\d)?|Z)\s*$' then
    return v_moved::timestamptz;
  end if;
  return v_moved::timestamp at time zone (select s.time_zone from gym.settings s);
exception
  when invalid_datetime_format or datetime_field_overflow or invalid_parameter_value
    or invalid_time_zone_displacement_value then
    perform rules.refuse('clock_unreadable', v_moved);
    return null;
end
$$;
comment on function rules.moved_clock() is
  'gym.now as a moment, or the true time where this session may not move the clock. Apart from rules.clock so that '
  'the usual case costs no subtransaction.';

create function rules.clock() returns timestamptz
language plpgsql stable
as $$
begin
  return case when coalesce(current_setting('gym.now', true), '') = '' then now() else rules.moved_clock() end;
end
$$;
comment on function rules.clock() is
  'The one clock: the moment that every rule takes for now. A session may set gym.now to another (tests, what-if), '
  'as the gym''s local time or with an offset; ignored in sessions of the server and of the auth server. Errors: '
  'clock_unreadable.';

create function rules.local_time(p_at timestamptz default rules.clock()) returns timestamp
language plpgsql stable
as $$
begin
  return (
    select p_at at time zone s.time_zone from gym.settings s);
end
$$;
comment on function rules.local_time(timestamptz) is 'What the gym''s wall clock shows at p_at.';

create function rules.today(p_at timestamptz default rules.clock()) returns date
language plpgsql stable
as $$
begin
  return rules.local_time(p_at)::date;
end
$$;
comment on function rules.today(timestamptz) is 'The gym''s date at p_at.';

create function rules.this_month(p_at timestamptz default rules.clock()) returns date
language plpgsql stable
as $$
begin
  return date_trunc('month', rules.local_time(p_at))::date;
end
$$;
comment on function rules.this_month(timestamptz) is 'First day of the gym''s month at p_at.';

create function rules.next_month(p_at timestamptz default rules.clock()) returns date
language plpgsql stable
as $$
begin
  return (date_trunc('month', rules.local_time(p_at)) + interval '1 month')::date;
end
$$;
comment on function rules.next_month(timestamptz) is
  'First day of the month after the gym''s month at p_at: the month that students choose for. Counted from the '
  'first, so the 31st can''t skip a month.';

create function rules.check_date(variadic p_dates date[]) returns void
language plpgsql stable
as $$
begin
  if exists (select from unnest(p_dates) d where d not between '2000-01-01' and '2099-12-31') then
    perform rules.refuse('date_out_of_range');
  end if;
end
$$;
comment on function rules.check_date(date[]) is
  'Dates lie between 2000 and 2099; null is none. What counts from day to day would not end at infinity. '
  'Errors: date_out_of_range.';

create function rules.time_zone_fault() returns text
language plpgsql stable
as $$
declare
  v_zone text := (select c.time_zone from gym.settings c);
begin
  perform timestamptz 'epoch' at time zone v_zone;
  return null;
exception
  when invalid_parameter_value then
    return format(
      'PostgreSQL no longer knows the gym''s time zone %s: install the package tzdata (or tzdata-legacy) that '
      'has it on the database''s machine and restart PostgreSQL, or choose another with '
      'set_setting(''time_zone'', …) of schema api', v_zone);
end
$$;
comment on function rules.time_zone_fault() is
  'One sentence that says what to do where PostgreSQL does not know the gym''s time zone any more, as after an upgrade '
  'of the system''s tzdata; null: it does. Nothing works without it, since rules.clock() is read in it.';
