-- Calendar addresses: a secret of each person, of which only the hash is kept.

create function rules.renew_calendar(p_user_id integer, p_secret bytea) returns timestamptz
language sql volatile
as $$
  insert into gym.calendars as c (user_id, hash, made_at) values (p_user_id, sha256(p_secret), rules.clock())
  on conflict (user_id) do update set hash = excluded.hash, made_at = excluded.made_at
  returning c.made_at
$$;
comment on function rules.renew_calendar(integer, bytea) is
  'Gives a person a calendar address; the one before is over. p_secret: 32 random bytes. Gives when it was made.';

create function rules.calendar(p_secret bytea) returns json
language plpgsql stable
as $$
declare
  v_user  integer;
  v_first date := (rules.this_month() - interval '1 month')::date;
  v_last  date := (rules.next_month() + interval '1 month - 1 day')::date;
begin
  -- An account that is deleted shows nothing, and its address works again when it is restored.
  select c.user_id into v_user
    from gym.calendars c join gym.users u on u.id = c.user_id and not u.deleted
   where c.hash = sha256(p_secret);
  if not found then
    return null;
  end if;
  return (
    select json_build_object(
             'name', c.gym_name, 'address', c.gym_address, 'time_zone', c.time_zone,
             'lesson_minutes', c.lesson_minutes, 'now', rules.clock(), 'from', v_first, 'to', v_last,
             'lessons', (select coalesce(json_agg(json_build_object(
                 'slot', l.slot_id, 'date', l.date, 'time', to_char(l.starts_at, 'HH24:MI'),
                 'off', l.mark = 'cancelled', 'reason', l.reason,
                 'moved', l.weekday <> extract(isodow from l.date)::integer - 1)
                 order by l.date, l.starts_at, l.slot_id), '[]')
               from rules.person_lessons(v_user, v_first, v_last) l))
      from gym.settings c);
end
$$;
comment on function rules.calendar(bytea) is
  'The lessons of the person whose calendar has this secret, from last month to next month, with closures and moved '
  'days (rules.person_lessons); null where the secret is nobody''s. It says nothing of the person and of no mark.';
