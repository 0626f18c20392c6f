-- The shapes of openapi.yaml that several endpoints return. Shapes of one endpoint stand before it.

create function wire.moment(p_at timestamptz) returns text
language plpgsql stable
as $$
declare
  v_local  timestamp := rules.local_time(p_at);
  v_offset integer   := extract(epoch from v_local - (p_at at time zone 'UTC')) / 60;
begin
  return to_char(v_local, 'YYYY-MM-DD"T"HH24:MI:SS.MS') || case when v_offset < 0 then '-' else '+' end
         || to_char(abs(v_offset) / 60, 'FM00') || ':' || to_char(abs(v_offset) % 60, 'FM00');
end
$$;
comment on function wire.moment(timestamptz) is
  'A moment as the wire writes it: RFC 3339 with milliseconds and the offset of the gym''s zone. Null for null.';

create function wire.slot_json(p_slot gym.slots) returns json
language sql stable
as $$
  select json_build_object('id', p_slot.id, 'weekday', p_slot.weekday,
    'time', to_char(p_slot.starts_at, 'HH24:MI'), 'month', to_char(p_slot.month, 'MM-YYYY'))
$$;
comment on function wire.slot_json(gym.slots) is 'Shape Slot of openapi.yaml.';

create function wire.slot_seats_json(p_slot gym.slots) returns json
language sql stable
as $$
  select json_build_object('id', p_slot.id, 'weekday', p_slot.weekday,
    'time', to_char(p_slot.starts_at, 'HH24:MI'), 'month', to_char(p_slot.month, 'MM-YYYY'),
    'numberOfPersons', p_slot.capacity, 'freeSeats', p_slot.capacity - p_slot.taken)
$$;
comment on function wire.slot_seats_json(gym.slots) is 'Shape Slot+{numberOfPersons, freeSeats} of openapi.yaml.';

create function wire.user_json(p_user gym.users) returns json
language sql stable
as $$
  select json_build_object('id', p_user.id, 'firstname', p_user.firstname, 'secondname', p_user.secondname, 'surname',
    p_user.surname,
    'group', p_user."group", 'studentCard', p_user.student_card, 'role', p_user.role, 'image', p_user.image)
$$;
comment on function wire.user_json(gym.users) is 'Shape User of openapi.yaml.';

create function wire.own_user_json(p_user gym.users) returns json
language sql stable
as $$
  select json_build_object('firstname', p_user.firstname, 'secondname', p_user.secondname, 'surname', p_user.surname,
    'group', p_user."group", 'studentCard', p_user.student_card, 'role', p_user.role, 'image', p_user.image)
$$;
comment on function wire.own_user_json(gym.users) is 'Shape OwnUser of openapi.yaml: User without id.';

create function wire.post_json(p_post gym.posts) returns json
language sql stable
as $$
  -- the last day is left out where there is none
  select json_strip_nulls(json_build_object('id', p_post.id, 'body', p_post.body,
    'createTime', to_char(rules.local_time(p_post.created_at), 'DD.MM.YYYY'), 'shownUntil', p_post.shown_until))
$$;
comment on function wire.post_json(gym.posts) is 'Shape Post of openapi.yaml.';

create function wire.done_json() returns json
language sql immutable
as $$ select '{"result": true}'::json $$;
comment on function wire.done_json() is 'Shape Done of openapi.yaml.';

create function wire.posts_json(p_kind text, p_deleted boolean, p_past boolean default false) returns json
language plpgsql stable
as $$
begin
  if p_deleted then
    return (select coalesce(json_agg(wire.post_json(p) order by p.id), '[]') from gym.posts p where p.kind = p_kind);
  end if;
  -- apart, so that the public page goes by the index of what is not deleted
  return (
    select coalesce(json_agg(wire.post_json(p) order by p.id), '[]')
      from gym.posts p
     where p.kind = p_kind and p.deleted_at is null
       and (p_past or p.shown_until is null or p.shown_until >= rules.today()));
end
$$;
comment on function wire.posts_json(text, boolean, boolean) is
  'Posts of a kind by id, in the shape of openapi.yaml; with deleted ones where p_deleted, with those past their '
  'last day where p_past or p_deleted.';

create function wire.visit_json(p_mark gym.marks, p_starts_at time, p_user gym.users) returns json
language sql stable
as $$
  -- whoever is left unmarked where somebody was marked counts, and shows, as absent
  select json_build_object('id', p_mark.id, 'date', p_mark.date, 'time', to_char(p_starts_at, 'HH24:MI'), 'user',
    wire.user_json(p_user),
    'mark', case p_mark.mark when 'present' then 1 when 'excused' then 2 when 'cancelled' then 3 else 0 end,
    'marked', p_mark.mark <> 'unmarked'
              or (exists (select from rules.marked_lessons l
                           where l.slot_id = p_mark.slot_id and l.date = p_mark.date offset 0)
                  and p_mark.date <= rules.today()))
$$;
comment on function wire.visit_json(gym.marks, time, gym.users) is
  'Shape Visit of openapi.yaml, with the time of the lesson and marked: false where nobody has marked yet.';

create function wire.lesson_json(p_date date, p_starts_at time) returns json
language sql stable
as $$
  select coalesce(json_agg(wire.visit_json(m, p_starts_at, u) order by m.id), '[]')
    from rules.lesson_marks(p_date, p_starts_at) m join gym.users u on u.id = m.user_id
$$;
comment on function wire.lesson_json(date, time) is 'The marks of a lesson in shape Visit.';

create function wire.closure_json(p_closure gym.closures) returns json
language sql stable
as $$
  select json_build_object('id', p_closure.id, 'startDate', p_closure.start_date, 'endDate', p_closure.end_date,
    'runsAs', p_closure.runs_as, 'reason', p_closure.reason)
$$;
comment on function wire.closure_json(gym.closures) is
  'Shape Closure: closed from startDate to endDate, or, where runsAs is a weekday, a day that runs its timetable.';

create function wire.absences_json(p_user_id integer) returns json
language sql stable
as $$
  select json_build_object(
    'month', to_char(rules.this_month(), 'MM-YYYY'),
    'absences', coalesce((select json_agg(json_build_object('date', a.date, 'time', to_char(a.starts_at, 'HH24:MI'))
      order by a.date, a.starts_at)
                            from rules.counted_absences(rules.this_month(), array[p_user_id]) a), '[]'),
    'limit', (select c.absences_to_block from gym.settings c),
    'blocked', rules.is_blocked(p_user_id),
    'blockedUntil', case when rules.is_blocked(p_user_id) then rules.blocked_until(p_user_id) end)
$$;
comment on function wire.absences_json(integer) is
  'Shape Absences: this month''s absences that count, the limit, blocked or not, and the last day of the block '
  '(null: not blocked, or until an administrator lifts it).';
