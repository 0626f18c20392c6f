-- What the server calls for itself; no endpoints.

create function wire.version() returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('schema', (select v.version from public.schema_version v), 'package', p.version, 'hash',
    p.hash,
           'faults', array(select f.fault from rules.database_faults() f where f.is_harmful),
           'timeZone', rules.time_zone_fault())
    from gym.code_package p
$$;
comment on function wire.version() is
  'Number of the last migration, and number and hash of the package of functions, for the server to compare with '
  'what it '
  'was built for; faults: what is wrong with the settings of the database itself (rules.database_faults); '
  'timeZone: rules.time_zone_fault. Definer: the server may read no table.';

create function wire.refusal(p_constraint text) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select json_build_object(
    'error_type', case c.sqlstate when 'ENREQ' then 'InvalidRequestException' when 'ENGON' then 'DataBaseException'
      else 'LogicError' end,
    'error_message', coalesce(replace(c.message, '%s', '…'),
      'Это действие нарушает правило базы данных. Проверьте данные.'),
    -- a constraint that is no rule of the catalogue is named to nobody
    'rule', c.rule)
    from (values (p_constraint)) q (name) left join rules.catalogue c on c.rule = q.name
$$;
comment on function wire.refusal(text) is
  'Error type and Russian sentence for a constraint that a request ran into before a rule''s own check. Definer: the '
  'server may read no view.';

create function wire.warm_up() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan -- as wire.entry_create has it
set lock_timeout = '50ms' -- a connection that waits for a locked table is worse than a cold one
as $$
begin
  -- nobody chooses nothing: all that is read before a seat is taken is read, and nothing is locked or written
  if (select w.is_open from rules.enrolment_window() w) then
    perform rules.choose_slots(0, '{}');
  end if;
  perform rules.refuse_blocked(0, rules.next_month()),
          rules.held_slots(0, rules.next_month()),
          wire.ints_field('{"selectedTimes":[1]}', 'selectedTimes');
  perform from gym.rights r, gym.users u where r.endpoint = 'entry/create' and u.id = 0;
  perform from rules.catalogue c where c.rule = 'slots_taken_within_capacity';
end
$$;
comment on function wire.warm_up() is
  'Makes a new connection ready for the second of opening: what the first requests would have to load and plan is '
  'loaded and planned. Changes nothing. Definer: the server may execute no function of rules.';
