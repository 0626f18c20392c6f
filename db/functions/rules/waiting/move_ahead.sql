-- Moving a person ahead on a waiting list.

create function rules.move_ahead(p_user_id integer, p_slot_id integer, p_rank integer, p_reason text)
  returns gym.waiting
language plpgsql volatile
as $$
declare
  v_position gym.waiting;
  v_before   numeric;
  v_after    numeric;
begin
  if coalesce(btrim(p_reason), '') = '' then
    perform rules.refuse('move_ahead_reason_given');
  end if;
  perform rules.lock_user(p_user_id);
  perform rules.slot(p_slot_id);
  select * into v_position from gym.waiting w
    where w.user_id = p_user_id and w.slot_id = p_slot_id and w.ended_at is null;
  if not found then
    perform rules.refuse('position_not_found');
  end if;
  if p_rank < 1 or p_rank >= rules.rank_of(v_position) then
    perform rules.refuse('move_ahead_only');
  end if;
  -- between the one who has that rank and the one before
  select o.place, lag(o.place) over (order by o.place) into v_after, v_before
    from (select w.place from gym.waiting w where w.slot_id = p_slot_id and w.ended_at is null order by w.place
      limit p_rank) o
   order by o.place desc limit 1;
  update gym.waiting w
     set place = case when v_before is null then v_after - 1 else (v_before + v_after) / 2 end, moved_reason = p_reason,
         moved_at = rules.clock(), moved_by = rules.actor()
   where w.id = v_position.id
  returning * into v_position;
  return v_position;
end
$$;
comment on function rules.move_ahead(integer, integer, integer, text) is
  'Moves a person on a slot''s list ahead to p_rank, 1 the first. p_reason goes into the audit trail. '
  'Errors: move_ahead_reason_given, slot_not_found, position_not_found, move_ahead_only.';
