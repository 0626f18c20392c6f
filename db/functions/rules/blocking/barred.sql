-- Who is blocked, until when, and from which month.

create function rules.is_blocked(p_user_id integer, p_today date default rules.today()) returns boolean
language plpgsql stable
as $$
begin
  return (
    select exists (
      select from gym.blocks b
       where b.user_id = p_user_id and b.lifted_at is null
         and case when b.month is null then b.ends_on is null or b.ends_on >= p_today
                  else b.month = date_trunc('month', p_today::timestamp)::date end));
end
$$;
comment on function rules.is_blocked(integer, date) is
  'Whether a person is blocked on a date: the role is BLOCKED from the third absence to the end of that month, or '
  'while a block by hand stands.';

create function rules.blocked_until(p_user_id integer) returns date
language plpgsql stable
as $$
begin
  -- an open end is later than any other
  return (
    select nullif(max(case when b.month is not null then (b.month + interval '1 month -1 day')::date
      else coalesce(b.ends_on, 'infinity') end), 'infinity')
      from gym.blocks b
     where b.user_id = p_user_id and b.lifted_at is null
       and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today()
         else b.month = rules.this_month() end);
end
$$;
comment on function rules.blocked_until(integer) is
  'Last day on which a person is blocked; null: not blocked, or until an administrator lifts it.';

create function rules.is_barred(p_user_id integer, p_month date) returns boolean
language plpgsql stable
as $$
begin
  return (
    select exists (
      select from gym.blocks b
       where b.user_id = p_user_id and b.lifted_at is null
         and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today()
                  else b.month = (p_month - interval '1 month')::date end));
end
$$;
comment on function rules.is_barred(integer, date) is
  'Whether a person may not enrol for p_month: absences of the month before bar from it and from no other; a block '
  'by hand bars while it stands.';
