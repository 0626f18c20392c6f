create function rules.record_package(p_version integer, p_hash text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into gym.code_package (version, hash, installed_at) values (p_version, p_hash, now())
  on conflict (id) do update set version = excluded.version, hash = excluded.hash, installed_at = excluded.installed_at
$$;
comment on function rules.record_package(integer, text) is
  'Notes which package of functions was installed: its number (make stamp raises it) and its SHA-256. Called last by install.sql.';
