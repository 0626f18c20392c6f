-- A student's choice together with the lists to wait on.

create function rules.choose_and_wait(
  p_user_id integer, p_slot_ids integer[], p_seen integer[], p_wait integer[], p_instead_of integer[])
returns table (slot_id integer, is_full boolean, place integer, waiting integer, refused_by text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_limit integer := (select c.waits_per_student from gym.settings c);
  v_held  integer[];
  v_left  integer[];
  v_month date := rules.next_month();
  v_n     integer;
begin
  if cardinality(p_wait) <> (select count(distinct w) from unnest(p_wait) w) then
    perform rules.refuse('waiting_one_a_slot');
  end if;
  -- What is on a list already stays, however the setting was lowered.
  if cardinality(p_wait) > v_limit and exists (
    select from unnest(p_wait) w
     where not exists (select from gym.waiting o where o.user_id = p_user_id and o.slot_id = w and o.ended_at is null))
       then
    if v_limit = 0 then
      perform rules.refuse('waiting_lists_off');
    end if;
    perform rules.refuse('waits_per_student', v_limit::text);
  end if;

  -- Without any lock, where the lists stay as they are: so it is for whoever presses again and again.
  if not exists (
    select from (select o.slot_id, o.instead_of from gym.waiting o where o.user_id = p_user_id and o.ended_at is null) o
      full join unnest(p_wait, p_instead_of) w (slot_id, instead_of) on w.slot_id = o.slot_id
     where o.slot_id is null or w.slot_id is null or o.instead_of is distinct from w.instead_of) then
    return query
    select c.slot_id, c.is_full, rules.rank_of(o), case when o.id is not null then rules.list_length(o.slot_id) end,
      null::text
      from rules.choose_slots(p_user_id, p_slot_ids, p_seen) c
      left join gym.waiting o on o.user_id = p_user_id and o.slot_id = c.slot_id and o.ended_at is null;
    return query
    select o.slot_id, true, rules.rank_of(o), rules.list_length(o.slot_id), null::text from gym.waiting o
     where o.user_id = p_user_id and o.ended_at is null and not o.slot_id = any (p_slot_ids)
     order by array_position(p_wait, o.slot_id);
    return;
  end if;

  -- The person, then all slots that what follows may touch, by id.
  perform rules.lock_user(p_user_id);
  v_held := rules.held_slots(p_user_id, v_month);
  perform from gym.slots s where s.id = any (v_held || p_slot_ids || p_wait) order by s.id for no key update;

  -- First what a position is instead of: the choice may end a position that has nothing to give in exchange.
  update gym.waiting o set instead_of = w.instead_of
    from unnest(p_wait, p_instead_of) w (slot_id, instead_of)
   where o.user_id = p_user_id and o.slot_id = w.slot_id and o.ended_at is null and o.instead_of is distinct
     from w.instead_of
     and (w.instead_of is null
       or w.instead_of in (select e.id from gym.enrolments e where e.user_id = p_user_id and e.month = v_month));
  v_left := array(select o.id from gym.waiting o
    where o.user_id = p_user_id and o.ended_at is null and not o.slot_id = any (p_wait));
  perform rules.end_positions(v_left, 'left', p_user_id);

  for slot_id, is_full in select c.slot_id, c.is_full from rules.choose_slots(p_user_id, p_slot_ids, p_seen) c loop
    refused_by := null;
    place := null;
    waiting := null;
    v_n := array_position(p_wait, slot_id);
    if is_full and v_n is not null then
      refused_by := rules.try_to_join(p_user_id, slot_id, p_instead_of[v_n]);
      select rules.rank_of(o), rules.list_length(slot_id) into place, waiting
        from gym.waiting o where o.user_id = p_user_id and o.slot_id = choose_and_wait.slot_id and o.ended_at is null;
    end if;
    return next;
  end loop;
  -- Lists of slots that are not among those chosen.
  v_held := rules.held_slots(p_user_id, v_month);
  for v_n in 1 .. cardinality(p_wait) loop
    slot_id := p_wait[v_n];
    if not slot_id = any (p_slot_ids || v_held) then
      is_full := true;
      refused_by := rules.try_to_join(p_user_id, slot_id, p_instead_of[v_n]);
      select rules.rank_of(o), rules.list_length(slot_id) into place, waiting
        from gym.waiting o where o.user_id = p_user_id and o.slot_id = choose_and_wait.slot_id and o.ended_at is null;
      return next;
    end if;
  end loop;
end
$$;
comment on function rules.choose_and_wait(integer, integer[], integer[], integer[], integer[]) is
  'A student''s whole choice, as rules.choose_slots, and all lists to wait on (openapi.yaml entry/create, wait): lists '
  'not named are left, those named again keep their rank. p_wait: slots, p_instead_of: of each the enrolment that its '
  'seat would replace, or null. A list that can''t be joined undoes no choice: refused_by names the rule. place, '
  'waiting: rank and length. '
  'Errors: waiting_one_a_slot, waits_per_student, waiting_lists_off, and those of rules.choose_slots; then nothing '
  'is changed.';

create function rules.try_to_join(p_user_id integer, p_slot_id integer, p_instead_of integer) returns text
language plpgsql volatile
as $$
declare
  v_rule text;
begin
  perform rules.join_list(p_user_id, p_slot_id, p_instead_of, p_user_id);
  return null;
exception
  when sqlstate 'ENRUL' or sqlstate 'ENGON' then
    get stacked diagnostics v_rule = constraint_name;
    return v_rule;
end
$$;
comment on function rules.try_to_join(integer, integer, integer) is
  'Joins a list for oneself; gives the rule that refuses, null: none.';
