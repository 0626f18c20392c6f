create function wire.avtime_get(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- as wire.entry_create has it
as $$
declare
  v_month date;
  v_text  text;
  v_held  integer[];
begin
  perform wire.admit('avtime/get', p_actor, p_request_id);
  v_month := rules.next_month();
  v_text  := to_char(v_month, 'MM-YYYY');
  v_held  := rules.held_slots(p_actor, v_month);
  -- of rows, which the crowd gets in two thirds of the time of json_build_object
  return (
    select coalesce(json_agg(l), '[]')
      from (select s.id, s.weekday, left(s.starts_at::text, 5) as "time", v_text as "month",
                   case when s.id = any (v_held) then true
                        when s.taken >= s.capacity then false
                        when w.waiting is null then true
                        -- beyond the seats owed to those who wait
                        else rules.is_free_for(p_actor, s) end as available,
                   coalesce(w.waiting, 0) as waiting, w.place
              from gym.slots s
              left join (
                -- read once: without statistics the table would be looked through for each slot
                with open as materialized (select o.slot_id, o.user_id, o.place from gym.waiting o
                  where o.ended_at is null)
                select l.slot_id, count(*) as waiting, nullif(count(*) filter (where l.place <= o.place), 0) as place
                  from open l
                  left join open o on o.slot_id = l.slot_id and o.user_id = p_actor
                 group by l.slot_id) w on w.slot_id = s.id
             where s.month = v_month and s.deleted_at is null
             order by s.id) l);
end
$$;
comment on function wire.avtime_get(integer, jsonb, text) is
  'GET /avtime/get: next month''s slots; available where a seat is free beyond those owed to the waiting list, or '
  'the actor holds one; waiting: how many wait, place: the actor''s rank. Definer: the server may read no table.';

create function wire.avtime_get_any(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month   date;
  v_deleted boolean;
begin
  perform wire.admit('avtime/get-any', p_actor, p_request_id);
  v_month   := wire.month_field(p_body, 'month', false);
  v_deleted := wire.bool_field(p_body, 'deleted', false);
  return (
    select coalesce(json_agg(wire.slot_seats_json(s) order by s.id), '[]')
      from gym.slots s
     where (v_month is null or s.month = v_month) and (v_deleted or s.deleted_at is null));
end
$$;
comment on function wire.avtime_get_any(integer, jsonb, text) is
  'POST /avtime/get-any: slots of all months or of month, with seats; deleted ones too where deleted is true. '
  'Definer: the server may read no table.';

create function wire.avtime_create(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_slot gym.slots;
begin
  perform wire.admit('avtime/create', p_actor, p_request_id);
  v_slot := rules.create_slot(
    p_weekday   => wire.int_field(p_body, 'weekday', p_min => 0, p_max => 6),
    p_starts_at => wire.time_field(p_body, 'time'),
    p_capacity  => wire.int_field(p_body, 'numberOfPersons', p_max => 1000),
    p_month     => wire.month_field(p_body, 'month'));
  return json_build_object('id', v_slot.id, 'weekday', v_slot.weekday,
    'time', to_char(v_slot.starts_at, 'HH24:MI'), 'month', to_char(v_slot.month, 'MM-YYYY'), 'available', true);
end
$$;
comment on function wire.avtime_create(integer, jsonb, text) is
  'POST /avtime/create: adds a slot. Errors: those of rules.create_slot. Definer: the server may write no table.';

create function wire.avtime_edit(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('avtime/edit', p_actor, p_request_id);
  return wire.slot_seats_json(rules.edit_slot(
    p_slot_id   => wire.int_field(p_body, 'id'),
    p_weekday   => wire.int_field(p_body, 'weekday', false, p_min => 0, p_max => 6),
    p_starts_at => wire.time_field(p_body, 'time', false),
    p_capacity  => wire.int_field(p_body, 'numberOfPersons', false, p_max => 1000)));
end
$$;
comment on function wire.avtime_edit(integer, jsonb, text) is
  'PUT /avtime/edit: moves or resizes a slot. Errors: those of rules.edit_slot. Definer: the server may write no '
  'table.';

create function wire.avtime_delete(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('avtime/delete', p_actor, p_request_id);
  perform rules.delete_slot(wire.int_field(p_body, 'id'), coalesce(wire.bool_field(p_body, 'force', false), false));
  return wire.done_json();
end
$$;
comment on function wire.avtime_delete(integer, jsonb, text) is
  'DELETE /avtime/delete: deletes a slot, by force with its enrolments. Errors: those of rules.delete_slot. Definer: '
  'the server may write no table.';
