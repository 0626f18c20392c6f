create function rules.record_package(p_version integer, p_hash text) returns void
language sql volatile
as $$
  insert into gym.code_package (version, hash, installed_at, triggers)
  values (p_version, p_hash, now(), array(
    select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = 'gym'::regnamespace and not t.tgisinternal and not c.relispartition
     order by 1))
  on conflict (id) do update
    set version = excluded.version, hash = excluded.hash, installed_at = excluded.installed_at, triggers = excluded.triggers
$$;
comment on function rules.record_package(integer, text) is
  'Notes which package of functions was installed: its number (make stamp raises it) and its SHA-256. Called last by install.sql.';
