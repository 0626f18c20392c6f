-- What one person's pages show beside the lessons.

create function rules.blocks_json(p_user_id integer) returns json
language plpgsql stable
as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'id', b.id, 'byHand', b.month is null, 'month', to_char(b.month, 'MM-YYYY'),
             'barsFrom', to_char(b.month + interval '1 month', 'MM-YYYY'), 'absences', to_json(b.absences), 'reason',
             b.reason,
             'since', n.first_day, 'until', case when b.lifted_at is null then nullif(n.last_day, 'infinity') end,
             'standing', b.lifted_at is null and n.last_day >= rules.today(),
             'liftedOn', (b.lifted_at at time zone c.time_zone)::date, 'liftReason',
             b.lift_reason) order by b.id desc), '[]')
      from rules.block_spans n join gym.blocks b on b.id = n.block_id cross join gym.settings c
     where n.user_id = p_user_id);
end
$$;
comment on function rules.blocks_json(integer) is
  'A person''s blocks, the latest first, in shape Block of openapi.yaml. barsFrom: the month that a block by '
  'absences bars '
  'from; until: its last day, null where it was lifted or only an administrator ends it.';
