create function wire.visit_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_date  date;
  v_time  time;
  v_month date;
begin
  perform wire.admit('visit/get', p_actor, p_request_id);
  v_date  := wire.date_field(p_body, 'date', false);
  v_time  := wire.time_field(p_body, 'time', false);
  -- Without date and month the answer would hold all years: it is the current month's.
  v_month := coalesce(wire.month_field(p_body, 'month', false), case when v_date is null then rules.this_month() end);
  return (
    select coalesce(json_agg(wire.visit_json(m, s.starts_at, u) order by m.date, s.starts_at, m.id), '[]')
      from gym.marks m
      join gym.slots s on s.id = m.slot_id
      join gym.users u on u.id = m.user_id
     where m.withdrawn_at is null
       and (v_date is null or m.date = v_date)
       and (v_time is null or s.starts_at = v_time)
       and (v_month is null or (m.date >= v_month and m.date < v_month + interval '1 month')));
end
$$;
comment on function wire.visit_get(integer, jsonb, text) is 
  'POST /visit/get: marks by date, time and month, in the order of lessons; without date and month those of the '
  'current month. Definer: the server may read no table.';

create function wire.visit_edit(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id     integer;
  v_undo   boolean;
  v_mark   gym.mark;
begin
  perform wire.admit('visit/edit', p_actor, p_request_id);
  v_id   := wire.int_field(p_body, 'id');
  -- marked: false takes the mark back
  v_undo := not coalesce(wire.bool_field(p_body, 'marked', false), true);
  v_mark := (array['absent', 'present', 'excused', 'cancelled']::gym.mark[])[wire.int_field(p_body, 'mark', not v_undo,
    p_min => 0, p_max => 3) + 1];
  v_id   := (rules.set_mark(v_id, case when v_undo then 'unmarked' else v_mark end, p_actor)).id;
  return (
    select wire.visit_json(m, s.starts_at, u)
      from gym.marks m join gym.slots s on s.id = m.slot_id join gym.users u on u.id = m.user_id
     where m.id = v_id);
end
$$;
comment on function wire.visit_edit(integer, jsonb, text) is
  'PUT /visit/edit: sets a mark, or takes it back where marked is false. Errors: those of rules.set_mark. Definer: '
  'the server may write no table.';

create function wire.visit_mark_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_date date;
  v_time time;
begin
  perform wire.admit('visit/mark-lesson', p_actor, p_request_id);
  v_date := wire.date_field(p_body, 'date');
  v_time := wire.time_field(p_body, 'time');
  perform rules.mark_lesson(v_date, v_time,
    -- must be there: misspelt, it would mark everybody as absent
    wire.ints_field(p_body, 'present'), coalesce(wire.ints_field(p_body, 'excused', false), '{}'), p_actor);
  return wire.lesson_json(v_date, v_time);
end
$$;
comment on function wire.visit_mark_lesson(integer, jsonb, text) is
  'POST /visit/mark-lesson: marks a lesson, those not named as absent; answers its marks. Errors: those of '
  'rules.mark_lesson. Definer: the server may write no table.';

create function wire.visit_cancel_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('visit/cancel-lesson', p_actor, p_request_id);
  perform rules.cancel_lesson(wire.date_field(p_body, 'date'), wire.time_field(p_body, 'time'),
    wire.text_field(p_body, 'reason', false), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.visit_cancel_lesson(integer, jsonb, text) is
  'POST /visit/cancel-lesson: calls a lesson off, marks made later too. Errors: those of rules.cancel_lesson. '
  'Definer: the server may write no table.';

create function wire.visit_restore_lesson(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('visit/restore-lesson', p_actor, p_request_id);
  perform rules.restore_lesson(wire.date_field(p_body, 'date'), wire.time_field(p_body, 'time'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.visit_restore_lesson(integer, jsonb, text) is
  'POST /visit/restore-lesson: takes the cancellation back. Errors: those of rules.restore_lesson. Definer: the '
  'server may write no table.';
