create function api.commands() returns table (name text, kind text, arguments text, purpose text, who text, example text)
language sql stable security definer set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off -- names as a person types them
as $$
select p.proname::text as name, 'function' as kind,
       -- as a person types them: a default of null is nothing to type, types go without their long names
       regexp_replace(regexp_replace(regexp_replace(pg_get_function_arguments(p.oid), ' DEFAULT NULL(::[a-z ]+(\[\])?|::"?[a-z]+"?\.[a-z]+)?', ' = null', 'g'),
         ' DEFAULT (''[^'']*''|[a-z0-9]+)(::("?[a-z_]+"?\.)?[a-z ]+(\[\])?)?', ' = \1', 'g'), ' without time zone|gym\.', '', 'g') as arguments,
       o.purpose, coalesce(a.who, 'the owner') as who, o.example
  from pg_proc p
 cross join lateral (select obj_description(p.oid, 'pg_proc') as comment) c
 cross join lateral (select substring(c.comment from '^(.+?)\.(?= |$)') as purpose, substring(c.comment from 'Example: (.*)$') as example) o
  left join lateral (select string_agg(case x.grantee when 0 then 'everybody' else x.grantee::regrole::text end, ', ' order by x.grantee::regrole::text) as who
                       from aclexplode(p.proacl) x where x.privilege_type = 'EXECUTE' and x.grantee <> p.proowner) a on true
 -- what is no definer helps the others (naming.sql), and nobody may call it
 where p.pronamespace = 'api'::regnamespace and p.prosecdef
union all
select v.relname, 'view', (select string_agg(t.attname, ', ' order by t.attnum) from pg_attribute t where t.attrelid = v.oid and t.attnum > 0 and not t.attisdropped),
       o.purpose, coalesce(a.who, 'the owner'), o.example
  from pg_class v
 cross join lateral (select obj_description(v.oid, 'pg_class') as comment) c
 cross join lateral (select substring(c.comment from '^(.+?)\.(?= |$)') as purpose, substring(c.comment from 'Example: (.*)$') as example) o
  left join lateral (select string_agg(case x.grantee when 0 then 'everybody' else x.grantee::regrole::text end, ', ' order by x.grantee::regrole::text) as who
                       from aclexplode(v.relacl) x where x.privilege_type = 'SELECT' and x.grantee <> v.relowner) a on true
 where v.relnamespace = 'api'::regnamespace and v.relkind = 'v'
 order by 1, 2 desc
$$;
comment on function api.commands() is
  'What the view api.commands shows. Definer: a view can''t say how names are quoted. Example: select name from api.commands() limit 5;';

create view api.commands as
select c.* from api.commands() c;
comment on view api.commands is
  'Every function and view of api, read from the catalogue; api.help prints them. arguments: of a view, its columns. who: roles that may use it, beside the owner. '
  'Example: select name, purpose from api.commands where kind = ''view'';';

create function api.help(pattern text default '%') returns table (help text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_command record;
begin
  for v_command in select * from api.commands c where c.name ilike pattern order by c.name, c.kind desc loop
    -- chr(160): no line ends there
    return query select replace(w, chr(160), ' ') from api.wrapped(
      regexp_replace(case v_command.kind when 'view' then format('api.%s: %s', v_command.name, v_command.arguments) else format('api.%s(%s)', v_command.name, v_command.arguments) end,
        '([^,]) ', '\1' || chr(160), 'g'), 96, '    ') w;
    return query select replace(w, chr(160), ' ') from api.wrapped(
      format('  %s. For%s%s.', v_command.purpose, chr(160), replace(v_command.who, ' ', chr(160))), 96, '  ') w;
    help := '  ' || v_command.example;
    if help is not null then
      return next;
    end if;
    help := '';
    return next;
  end loop;
  if help is null then
    help := format('Nothing is named %s. All names: select * from api.help();', quote_literal(pattern));
    return next;
  end if;
end
$$;
comment on function api.help(text) is
  'What can be called and looked at here. pattern: of the name, with % for anything. Of each: arguments with their defaults, the purpose, who may use it, an example to paste. More: \df+ api.*, \dv+ api.*. '
  'Definer: prints what api.wrapped wraps. Example: select * from api.help(''enrol%'');';
