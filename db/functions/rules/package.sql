create function rules.parts() returns table (part text, digest text)
-- the texts of constraints name what the search_path does not reach with its schema: so it is always the same
-- nor may a setting of the session change how names and literals are written
language sql stable set search_path = pg_catalog
  set quote_all_identifiers = off set standard_conforming_strings = on
as $$
  select format('function %s.%s(%s)', n.nspname, p.proname, (
           select string_agg(format('%s.%s', tn.nspname, t.typname), ',' order by a.place)
             from unnest(p.proargtypes::oid[]) with ordinality a (type, place)
             join pg_type t on t.oid = a.type join pg_namespace tn on tn.oid = t.typnamespace)),
         md5(concat_ws(' ', p.prosrc, p.prosecdef, p.provolatile, p.proconfig))
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ('rules', 'wire', 'api', 'auth')
  union all
  -- NOT NULLs are constraints from PostgreSQL 18 on: they are listed below for every version
  select format('constraint %s.%s', c.relname, k.conname), 
         -- a restore nests AND otherwise: without parentheses and blanks
         md5(translate(replace(pg_get_constraintdef(k.oid), ' NOT VALID', ''), '() ', ''))
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
   where c.relnamespace = 'gym'::regnamespace and not c.relispartition and k.contype <> 'n'
     and k.conparentid = 0
  union all
  select format('not null %s.%s', c.relname, a.attname), ''
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
   where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     and a.attnum > 0 and not a.attisdropped and a.attnotnull
  union all
  select format('index %s', i.relname), md5(translate(pg_get_indexdef(i.oid), '() ', '') || x.indisvalid)
    from pg_index x
    join pg_class i on i.oid = x.indexrelid
    join pg_class c on c.oid = x.indrelid
   where c.relnamespace = 'gym'::regnamespace and not c.relispartition
  union all
  select format('trigger %s.%s', c.relname, t.tgname), md5(translate(pg_get_triggerdef(t.oid), '() ', ''))
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
   where c.relnamespace = 'gym'::regnamespace and not c.relispartition and not t.tgisinternal
$$;
comment on function rules.parts() is
  'What the rules consist of in the database as it is: functions, and of the tables the constraints, NOT NULLs, '
  'indexes '
  'and triggers, each with a digest of its text.';

create function rules.record_parts() returns void
language sql volatile
as $$
  update gym.code_package
     set parts = (select jsonb_object_agg(p.part, p.digest) from rules.parts() p),
         major = current_setting('server_version_num')::integer / 10000
$$;
comment on function rules.record_parts() is
  'Notes rules.parts as what there must be. Called when the package is installed, when tables were migrated, and by '
  'energy migrate on another major version of PostgreSQL.';

create function rules.package_faults() returns setof text
language sql stable
as $$
  select r.part || case when p.part is null then ' is missing' else ' was changed' end
    from gym.code_package c
   cross join lateral jsonb_each_text(c.parts) r (part, digest)
    left join rules.parts() p on p.part = r.part
   where p.part is null
      or p.digest <> r.digest
         -- another major version writes these texts otherwise; those of functions stay
         and (c.major = current_setting('server_version_num')::integer / 10000 or r.part like 'function %')
   order by 1
$$;
comment on function rules.package_faults() is
  'What was dropped or replaced since the package was installed. It finds accidents, and nobody who means harm: '
  'the owner '
  'could record anew.';

create function rules.record_package(p_version integer, p_hash text) returns void
language sql volatile
as $$
  insert into gym.code_package (version, hash, installed_at, triggers)
  values (p_version, p_hash, now(), array(
    select c.relname || '.' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = 'gym'::regnamespace and not t.tgisinternal and not c.relispartition
     order by 1))
  on conflict (id) do update
    set version = excluded.version, hash = excluded.hash, installed_at = excluded.installed_at,
      triggers = excluded.triggers;
  select rules.record_parts()
$$;
comment on function rules.record_package(integer, text) is
  'Notes which package of functions was installed: its number (make stamp raises it) and its SHA-256. Called last '
  'by install.sql.';
