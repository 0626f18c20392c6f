-- Blocking by hand, and lifting a block.

create function rules.block(p_user_id integer, p_reason text, p_ends_on date, p_actor integer) returns gym.blocks
language plpgsql volatile
as $$
declare
  v_user  gym.users := rules.person(p_user_id);
  v_block gym.blocks;
begin
  if v_user.role not in ('STUDENT', 'BLOCKED') then
    perform rules.refuse('block_students_only');
  end if;
  perform rules.check_date(p_ends_on);
  if p_ends_on < rules.today() then
    perform rules.refuse('block_ends_past');
  end if;
  perform from gym.users u where u.id = v_user.id for no key update;
  perform rules.lock_user(v_user.id);
  if exists (select from gym.blocks b
              where b.user_id = v_user.id and b.month is null and b.lifted_at is null
                and (b.ends_on is null or b.ends_on >= rules.today())) then
    perform rules.refuse('blocks_one_by_hand');
  end if;
  insert into gym.blocks (user_id, reason, ends_on, created_at, created_by)
  values (v_user.id, p_reason, p_ends_on, rules.clock(), p_actor)
  returning * into v_block;
  perform rules.settle_blocks(array[v_block.id], '{}');
  return v_block;
end
$$;
comment on function rules.block(integer, text, date, integer) is
  'An administrator blocks a student by hand: bars while it stands, frees the seats of next month, and no machine '
  'lifts it before p_ends_on (null: never). Errors: user_not_found, block_students_only, block_ends_past, '
  'blocks_one_by_hand, date_out_of_range.';

create function rules.unblock(p_user_id integer, p_reason text, p_actor integer) returns integer
language plpgsql volatile
as $$
declare
  v_month  date := rules.this_month();
  v_lifted integer[];
begin
  -- before the person, as whoever forgives, and rules.ensure_marks
  lock table gym.pardons in row exclusive mode;
  perform from gym.users u where u.id = p_user_id for no key update;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  perform rules.lock_user(p_user_id);
  with lifted as (
    update gym.blocks b set lifted_at = rules.clock(), lifted_by = p_actor, lift_reason = p_reason
     where b.user_id = p_user_id and b.lifted_at is null
       and case when b.month is null then b.ends_on is null or b.ends_on >= rules.today()
         else b.month >= (v_month - interval '1 month')::date end
    returning b.id, b.month)
  select coalesce(array_agg(l.id), '{}') into v_lifted from lifted l;
  if v_lifted = '{}' then
    perform rules.refuse('not_blocked');
  end if;
  -- the whole month, so that the next mark does not block again
  insert into gym.pardons (user_id, month, reason, made_at, made_by)
  select p_user_id, m.month, p_reason, rules.clock(), p_actor
    from (select v_month as month union select b.month from gym.blocks b
      where b.id = any (v_lifted) and b.month is not null) m
   order by m.month
  on conflict (user_id, month) where month is not null do nothing;
  perform rules.settle_blocks('{}', v_lifted);
  return cardinality(v_lifted);
end
$$;
comment on function rules.unblock(integer, text, integer) is
  'An administrator lets a person in again: lifts every block that stands and pardons the whole month; seats that '
  'the blocks freed come back where they are still free. Returns how many blocks were lifted. Errors: '
  'user_not_found, not_blocked.';
