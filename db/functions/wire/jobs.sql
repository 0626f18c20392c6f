-- The jobs that River runs; no endpoints. The list is rules.jobs.

create function wire.ensure_slots() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_slots() $$;
comment on function wire.ensure_slots() is
  'Makes sure, as of now, that next month''s slots stand. Returns how many were made. Definer: the server may write '
  'no table.';

create function wire.ensure_marks() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_marks() $$;
comment on function wire.ensure_marks() is
  'Makes sure, as of now, that every month begun has its marks. Returns how many were made. Definer: the server may '
  'write no table.';

create function wire.ensure_blocks() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_blocks() $$;
comment on function wire.ensure_blocks() is
  'Makes sure, as of now, that everybody is blocked or not as the marks say. Returns how many changed, so many a '
  'call: to be called until it returns 0. Definer: the server may write no table.';

create function wire.ensure_promotions() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_promotions() $$;
comment on function wire.ensure_promotions() is
  'Makes sure, as of now, that lists which are over are closed and that who waits has the seats that are free. One '
  'person a call: to be called until it returns 0. Definer: the server may write no table.';

create function wire.period() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.period() $$;
comment on function wire.period() is
  'The gym''s hour now, "2026-11-24 22", which goes into the arguments of the jobs. Definer: the server may read no '
  'table.';

create function wire.ensure_turns() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_turns() $$;
comment on function wire.ensure_turns() is
  'Makes sure, as of now, that openings and closings by hand which a scheduled turn has ended are noted as expired. '
  'Returns how many changed. Definer: the server may write no table.';

create function wire.clean_up() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.clean_up() $$;
comment on function wire.clean_up() is
  'Makes sure, as of now, that nothing is kept for nothing. Returns how much was removed. Definer: the server may '
  'write no table.';
