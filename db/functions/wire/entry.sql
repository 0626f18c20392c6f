create function wire.lists_json(p_month date, p_weekday integer, p_starts_at time) returns json
language plpgsql stable set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    with people as materialized (
      select e.slot_id, json_agg(json_build_object('entry', e.id, 'since', wire.moment(e.created_at), 'user',
        wire.user_json(u))
                                 order by r.place, u.id) as list
        from gym.enrolments e
        join gym.users u on u.id = e.user_id
        join rules.roll r on r.user_id = u.id
       where e.month = p_month and e.cancelled_at is null and (p_weekday is null or e.weekday = p_weekday)
       group by e.slot_id)
    select coalesce(json_agg(json_build_object('slot', wire.slot_seats_json(s), 'people', coalesce(p.list, '[]'),
                                               'waiting', coalesce(w.list, '[]')) order by s.weekday, s.starts_at),
                                                 '[]')
      from gym.slots s
      left join people p on p.slot_id = s.id
      left join lateral (
        select json_agg(json_build_object('id', l.id, 'place', l.rank, 'since', wire.moment(l.joined_at),
                                          'insteadOf', l.instead_of, 'user', wire.user_json(u)) order by l.rank) as list
          from rules.waiting_lists l join gym.users u on u.id = l.user_id
         where l.slot_id = s.id) w on true
     where s.month = p_month and s.deleted_at is null and (p_weekday is null or s.weekday = p_weekday)
       and (p_starts_at is null or s.starts_at = p_starts_at));
end
$$;
comment on function wire.lists_json(date, integer, time) is
  'Who holds a seat in each slot of a month, of one weekday and time where they are given: shape List of '
  'openapi.yaml, people '
  'by family name. waiting: who waits, in order.';

create function wire.waits_field(p_body jsonb, out slot_ids integer[], out instead_of integer[])
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, 'wait', true);
  v_one   jsonb;
begin
  slot_ids   := '{}';
  instead_of := '{}';
  if jsonb_typeof(v_field) <> 'array' or jsonb_array_length(v_field) > 1000 then
    perform rules.refuse('field_unreadable', 'wait', 'список занятий, не длиннее 1000');
  end if;
  for v_one in select e.value from jsonb_array_elements(v_field) e (value) loop
    if jsonb_typeof(v_one) = 'object' then
      slot_ids   := slot_ids || wire.int_field(v_one, 'id');
      instead_of := instead_of || wire.int_field(v_one, 'insteadOf', false);
    else
      if wire.int_of(v_one) is null then
        perform rules.refuse('field_unreadable', 'wait', 'список занятий, не длиннее 1000');
      end if;
      slot_ids   := slot_ids || wire.int_of(v_one);
      instead_of := instead_of || null::integer;
    end if;
  end loop;
end
$$;
comment on function wire.waits_field(jsonb) is
  'The field wait of entry/create: slots, each as an id or as {id, insteadOf}, and of each the enrolment to be '
  'replaced, '
  'or null. Errors: field_missing, field_unreadable.';

create function wire.choose_and_wait_json(p_actor integer, p_slot_ids integer[], p_seen integer[], p_body jsonb)
  returns json
language plpgsql volatile
as $$
declare
  v_waits record := wire.waits_field(p_body);
begin
  return (
    select coalesce(json_agg(json_build_object(
             'selectedTime', c.slot_id, 'error', c.is_full,
             'text', case when c.is_full then coalesce(
                       (select format(r.message, case c.refused_by
                           when 'slots_per_student' then g.slots_per_student::text
                           when 'waits_per_student' then g.waits_per_student::text
                           when 'enrolment_closed' then g.enrolment_opens_on_day::text end,
                             to_char(g.enrolment_opens_at, 'HH24:MI'))
                          from rules.catalogue r where r.rule = c.refused_by),
                       (select r.message from rules.catalogue r where r.rule = 'slots_taken_within_capacity')) end,
             'place', c.place, 'waiting', c.waiting, 'rule', c.refused_by) order by c.n), '[]')
      from rules.choose_and_wait(p_actor, p_slot_ids, p_seen, v_waits.slot_ids, v_waits.instead_of) with ordinality
             c (slot_id, is_full, place, waiting, refused_by, n)
     cross join gym.settings g);
end
$$;
comment on function wire.choose_and_wait_json(integer, integer[], integer[], jsonb) is
  'What entry/create answers where it has the field wait: also the lists that are not among the slots chosen, each '
  'with '
  'the actor''s rank (place), or the rule that refused. Errors: those of wire.waits_field and rules.choose_and_wait.';

create function wire.entry_check_open(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/check-open', p_actor, p_request_id);
  return (select json_build_object('status', w.is_open, 'openingDay', c.enrolment_opens_on_day)
            from rules.enrolment_window() w cross join gym.settings c);
end
$$;
comment on function wire.entry_check_open(integer, jsonb, text) is
  'GET /entry/check-open: is enrolment open, and the day of the month on which it opens. Definer: the server may '
  'read no table.';

create function wire.entry_change_open(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/change-open', p_actor, p_request_id);
  perform rules.turn_enrolment(wire.bool_field(p_body, 'status'), p_actor);
  return (select json_build_object('status', w.is_open, 'openingDay', c.enrolment_opens_on_day)
            from rules.enrolment_window() w cross join gym.settings c);
end
$$;
comment on function wire.entry_change_open(integer, jsonb, text) is
  'POST /entry/change-open: opens or closes enrolment by hand until the next scheduled turn. Definer: the server may '
  'write no table.';

create function wire.entry_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- of a short list of ids PostgreSQL would believe that a plan of its own pays, and plan anew at every call: a third
-- of its time
set plan_cache_mode = force_generic_plan
as $$
declare
  v_slot_ids integer[];
  v_seen     integer[];
begin
  perform wire.admit('entry/create', p_actor, p_request_id);
  v_slot_ids := wire.ints_field(p_body, 'selectedTimes');
  if p_body ? 'was' then
    v_seen := wire.ints_field(p_body, 'was', false);
  end if;
  -- without it the lists stay as they are
  if p_body ? 'wait' then
    return wire.choose_and_wait_json(p_actor, v_slot_ids, v_seen, p_body);
  end if;
  return (
    select coalesce(json_agg(l), '[]')
      from (select c.slot_id as "selectedTime", c.is_full as error,
                   case when c.is_full then (select r.message from rules.catalogue r
                     where r.rule = 'slots_taken_within_capacity') end as text
              from rules.choose_slots(p_actor, v_slot_ids, v_seen) c) l);
end
$$;
comment on function wire.entry_create(integer, jsonb, text) is
  'POST /entry/create: the actor''s whole choice for next month. Errors: those of rules.choose_slots and '
  'wire.choose_and_wait_json. Definer: the server may write no table.';

create function wire.entry_create_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_enrolment gym.enrolments;
begin
  perform wire.admit('entry/create-any', p_actor, p_request_id);
  v_enrolment := rules.enrol(
    p_slot_id => wire.int_field(p_body, 'selectedTime'),
    p_user_id => wire.int_field(p_body, 'user'),
    p_actor   => p_actor);
  return (
    select json_build_object('id', v_enrolment.id, 'selectedTime', wire.slot_json(s), 'user', wire.user_json(u))
      from gym.slots s cross join gym.users u
     where s.id = v_enrolment.slot_id and u.id = v_enrolment.user_id);
end
$$;
comment on function wire.entry_create_any(integer, jsonb, text) is
  'POST /entry/create-any: enrols somebody. Errors: those of rules.enrol. Definer: the server may write no table.';

create function wire.entry_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date;
begin
  perform wire.admit('entry/get', p_actor, p_request_id);
  v_month := coalesce(wire.month_field(p_body, 'month', false), rules.this_month());
  return (
    select coalesce(json_agg(json_build_object('id', e.id, 'selectedTime', wire.slot_json(s)) order by e.id), '[]')
      from gym.enrolments e
      join gym.slots s on s.id = e.slot_id
     where e.user_id = p_actor and e.month = v_month and e.cancelled_at is null);
end
$$;
comment on function wire.entry_get(integer, jsonb, text) is
  'POST /entry/get: the actor''s active enrolments of a month, this one by default. Definer: the server may read no '
  'table.';

create function wire.entry_get_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_weekday integer;
  v_month   date;
  v_deleted boolean;
begin
  perform wire.admit('entry/get-any', p_actor, p_request_id);
  v_weekday := wire.int_field(p_body, 'weekday', false, p_min => 0, p_max => 6);
  -- Without a month the answer would hold all years: it is the current month's.
  v_month   := coalesce(wire.month_field(p_body, 'month', false), rules.this_month());
  v_deleted := wire.bool_field(p_body, 'deleted', false);
  return (
    select coalesce(json_agg(json_build_object('id', e.id, 'selectedTime', wire.slot_json(s), 'user', wire.user_json(u))
      order by e.id), '[]')
      from gym.enrolments e
      join gym.slots s on s.id = e.slot_id
      join gym.users u on u.id = e.user_id
     where (v_weekday is null or e.weekday = v_weekday)
       and e.month = v_month
       and (v_deleted or e.cancelled_at is null));
end
$$;
comment on function wire.entry_get_any(integer, jsonb, text) is 
  'POST /entry/get-any: everybody''s enrolments, by weekday and month, the current month by default; cancelled ones '
  'too where deleted is true. Definer: the server may read no table.';

create function wire.entry_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/delete', p_actor, p_request_id);
  perform rules.cancel_own(wire.int_field(p_body, 'id'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.entry_delete(integer, jsonb, text) is
  'DELETE /entry/delete: the actor gives up an enrolment of next month. Errors: those of rules.cancel_own. Definer: '
  'the server may write no table.';

create function wire.entry_delete_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/delete-any', p_actor, p_request_id);
  perform rules.cancel(wire.int_field(p_body, 'id'), p_actor);
  return wire.done_json();
end
$$;
comment on function wire.entry_delete_any(integer, jsonb, text) is
  'DELETE /entry/delete-any: cancels anybody''s enrolment. Errors: those of rules.cancel. Definer: the server may '
  'write no table.';

create function wire.entry_lists(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('entry/lists', p_actor, p_request_id);
  return wire.lists_json(coalesce(wire.month_field(p_body, 'month', false), rules.this_month()),
    wire.int_field(p_body, 'weekday', false, p_min => 0, p_max => 6), wire.time_field(p_body, 'time', false));
end
$$;
comment on function wire.entry_lists(integer, jsonb, text) is
  'POST /entry/lists: who holds a seat in each slot of a month. Definer: the server may read no table.';
