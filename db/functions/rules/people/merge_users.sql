-- Two accounts of one person become one.

create function rules.merge_users(p_user_id integer, p_into_id integer, p_actor integer)
  returns table (what text, result text)
language plpgsql volatile
as $$
declare
  v_user gym.users := rules.person(p_user_id);
  v_into gym.users := rules.person(p_into_id);
  v_seat record;
  v_end  date;
begin
  if v_user.id = v_into.id then
    perform rules.refuse('merge_two_people');
  end if;
  -- all locks that what follows needs, in the order of every path: pardons as in rules.unblock, people with whoever
  -- shares a lesson
  -- that is forgiven, slots with those that a block had freed
  lock table gym.pardons in row exclusive mode;
  perform rules.lock_lessons(array(select m.id from gym.marks m
    join gym.pardons p on p.date = m.date and p.user_id = v_user.id
                                    where m.user_id = v_into.id and m.date >= rules.today()),
                             array[v_user.id, v_into.id]);
  perform rules.lock_people(array[v_user.id, v_into.id]);
  perform from gym.slots s
    where s.id in (select e.slot_id from gym.enrolments e
                    where e.user_id in (v_user.id, v_into.id) and e.month >= rules.this_month()
                      and (e.cancelled_at is null or e.cancel_reason = 'blocked'))
    order by s.id for no key update;

  -- what was forgiven for days to come
  insert into gym.pardons (user_id, date, month, reason, made_at, made_by)
  select v_into.id, p.date, p.month, p.reason, rules.clock(), p_actor
    from gym.pardons p
   where p.user_id = v_user.id and (p.date >= rules.today() or p.month >= rules.this_month())
     and not exists (select from gym.pardons o where o.user_id = v_into.id and (o.date = p.date or o.month = p.month))
   order by p.id;

  -- nobody gets out of a block by a second card
  if rules.is_blocked(v_user.id) and v_into.role in ('STUDENT', 'BLOCKED') then
    what := 'block';
    v_end := rules.blocked_until(v_user.id);
    if exists (select from gym.blocks b
      where b.user_id = v_into.id and b.month is null and b.lifted_at is null
      and (b.ends_on is null or b.ends_on >= rules.today())) then
      result := 'the account kept is blocked by hand already';
    else
      perform rules.block(v_into.id, format('Объединение с картой %s, которая заблокирована', v_user.student_card),
        v_end, p_actor);
      result := 'holds for the account kept' || coalesce(', until ' || v_end, '');
    end if;
    return next;
  end if;

  for v_seat in
    select e.id, e.slot_id, e.month, e.weekday, e.beyond_limit, s.starts_at
      from gym.enrolments e join gym.slots s on s.id = e.slot_id
     where e.user_id = v_user.id and e.cancelled_at is null and e.month >= rules.this_month()
     order by e.month, e.weekday, s.starts_at
  loop
    what := format('%s %s %s', to_char(v_seat.month, 'MM-YYYY'),
      (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[v_seat.weekday + 1], to_char(v_seat.starts_at, 'HH24:MI'));
    result := case
      when rules.is_barred(v_into.id, v_seat.month) then 'freed: the account kept is blocked'
      when exists (select from gym.enrolments e
        where e.user_id = v_into.id and e.month = v_seat.month and e.weekday = v_seat.weekday and e.cancelled_at
        is null)
        then 'freed: the account kept has a seat on that day'
      when v_seat.beyond_limit is distinct from 'forced' and rules.has_all(v_into.id, v_seat.month)
        then 'freed: the account kept has all it may hold'
      else 'moved' end;
    if result = 'moved' then
      perform rules.release(array[v_seat.id], 'moved', p_actor);
      insert into gym.enrolments (slot_id, user_id, created_by, beyond_limit, past_list)
      values (v_seat.slot_id, v_into.id, p_actor, nullif(v_seat.beyond_limit, 'lowered'), 'merged');
    end if;
    return next;
  end loop;

  return query select p.what, p.result from rules.merge_positions(v_user.id, v_into.id) p;

  perform rules.delete_user(v_user.id);
  what := 'card ' || v_user.student_card;
  result := 'deleted; its marks, blocks and past seats stay with it';
  return next;
end
$$;
comment on function rules.merge_users(integer, integer, integer) is
  'Two accounts of one person become one. Seats of this and later months go over to p_into_id where it may hold '
  'them, so do a block that stands and pardons of days to come; p_user_id is then deleted, which frees the rest. '
  'History is not rewritten: marks, absences, past seats and blocks stay where they were made, and absences of the '
  'two do not add up. Errors: user_not_found, merge_two_people.';
