-- The jobs that River runs, beside ensure_slots, ensure_marks and ensure_blocks (server.sql); no endpoints. The list is rules.jobs.

create function wire.period() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.period() $$;
comment on function wire.period() is 'The gym''s hour now, "2026-11-24 22", which goes into the arguments of the jobs. Definer: the server may read no table.';

create function wire.ensure_turns() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.ensure_turns() $$;
comment on function wire.ensure_turns() is 'Makes sure, as of now, that openings and closings by hand which a scheduled turn has ended are noted as expired. Returns how many changed. Definer: the server may write no table.';

create function wire.clean_up() returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.clean_up() $$;
comment on function wire.clean_up() is 'Makes sure, as of now, that nothing is kept for nothing. Returns how much was removed. Definer: the server may write no table.';
