-- A month is made like another one.

create function rules.copy_month(p_from date, p_to date, p_force boolean)
  returns table (weekday smallint, starts_at time, capacity integer, result text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_slot record;
begin
  if p_to < rules.this_month() then
    perform rules.refuse('slot_month_past');
  end if;
  if not exists (select from gym.slots s where s.month = p_from and s.deleted_at is null) then
    perform rules.refuse('month_without_slots', to_char(p_from, 'MM-YYYY'));
  end if;
  -- the template has nothing to add
  insert into gym.months as m (month, slots_made_at) values (p_to, rules.clock())
  on conflict (month) do update set slots_made_at = coalesce(m.slots_made_at, excluded.slots_made_at);
  perform from gym.slots s where s.month = p_to and s.deleted_at is null order by s.id for no key update;

  for v_slot in
    select o.weekday, o.starts_at, o.capacity as wanted, o.id is not null as is_wanted, t.id, t.capacity, t.taken
      from (select * from gym.slots s where s.month = p_from and s.deleted_at is null) o
      full join (select * from gym.slots s where s.month = p_to and s.deleted_at is null) t on t.weekday = o.weekday
        and t.starts_at = o.starts_at
     order by coalesce(o.weekday, t.weekday), coalesce(o.starts_at, t.starts_at)
  loop
    if v_slot.id is null then
      insert into gym.slots (month, weekday, starts_at, capacity)
        values (p_to, v_slot.weekday, v_slot.starts_at, v_slot.wanted);
      return query select v_slot.weekday, v_slot.starts_at, v_slot.wanted, 'made';
    elsif p_force is true and not v_slot.is_wanted then
      perform rules.delete_slot(v_slot.id, true);
      return query select s.weekday, s.starts_at, s.capacity, format('deleted, %s cancelled', v_slot.taken)
        from gym.slots s where s.id = v_slot.id;
    else
      if p_force is true then
        -- nobody loses a seat for it
        update gym.slots s set capacity = greatest(v_slot.wanted, s.taken)
          where s.id = v_slot.id and s.capacity <> v_slot.wanted;
      end if;
      return query select s.weekday, s.starts_at, s.capacity, case when s.capacity <> v_slot.capacity then 'resized'
        else 'stood' end from gym.slots s where s.id = v_slot.id;
    end if;
  end loop;
end
$$;
comment on function rules.copy_month(date, date, boolean) is
  'Makes in month p_to the slots of month p_from that it lacks; the weekly template then adds none. p_force: also '
  'deletes slots that p_from has not, with their people, and takes over the seats, though never fewer than taken. '
  'Errors: slot_month_past, month_without_slots.';
