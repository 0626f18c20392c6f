create function api.commands()
  returns table (name text, kind text, arguments text, purpose text, who text, example text)
language sql stable security definer set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off -- names as a person types them
as $$
select p.proname::text as name, 'function' as kind,
       -- as a person types them: a default of null is nothing to type, types go without their long names
       regexp_replace(regexp_replace(regexp_replace(pg_get_function_arguments(p.oid),
         ' DEFAULT NULL(::[a-z ]+(\[\])?|::"?[a-z]+"?\.[a-z]+)?', ' = null', 'g'),
         ' DEFAULT (''[^'']*''|[a-z0-9]+)(::("?[a-z_]+"?\.)?[a-z ]+(\[\])?)?', ' = \1', 'g'),
           ' without time zone|gym\.', '', 'g') as arguments,
       o.purpose, coalesce(a.who, 'the owner') as who, o.example
  from pg_proc p
 cross join lateral (select obj_description(p.oid, 'pg_proc') as comment) c
 cross join lateral (select substring(c.comment from '^(.+?)\.(?= |$)') as purpose,
   substring(c.comment from 'Example: (.*)$') as example) o
  left join lateral (select string_agg(case x.grantee when 0 then 'everybody' else x.grantee::regrole::text end, ', '
    order by x.grantee::regrole::text) as who
                       from aclexplode(p.proacl) x
                         where x.privilege_type = 'EXECUTE' and x.grantee <> p.proowner) a on true
 -- what is no definer helps the others (naming.sql), and nobody may call it
 where p.pronamespace = 'api'::regnamespace and p.prosecdef
union all
select v.relname, 'view',
  (select string_agg(t.attname, ', ' order by t.attnum) from pg_attribute t
  where t.attrelid = v.oid and t.attnum > 0 and not t.attisdropped),
       o.purpose, coalesce(a.who, 'the owner'), o.example
  from pg_class v
 cross join lateral (select obj_description(v.oid, 'pg_class') as comment) c
 cross join lateral (select substring(c.comment from '^(.+?)\.(?= |$)') as purpose,
   substring(c.comment from 'Example: (.*)$') as example) o
  left join lateral (select string_agg(case x.grantee when 0 then 'everybody' else x.grantee::regrole::text end, ', '
    order by x.grantee::regrole::text) as who
                       from aclexplode(v.relacl) x
                         where x.privilege_type = 'SELECT' and x.grantee <> v.relowner) a on true
 where v.relnamespace = 'api'::regnamespace and v.relkind = 'v'
 order by 1, 2 desc
$$;
comment on function api.commands() is
  'What the view api.commands shows. Definer: a view can''t say how names are quoted. Example: select name from '
  'api.commands() limit 5;';

create view api.commands as
select c.* from api.commands() c;
comment on view api.commands is
  'Every function and view of api, read from the catalogue; api.help prints them. arguments: of a view, its '
  'columns. who: roles that may use it, beside the owner. '
  'Example: select name, purpose from api.commands where kind = ''view'';';

create function api.help_pages(p_pattern text) returns setof text
language plpgsql stable
as $$
declare
  v_command record;
  -- names are compared in one case of letters; _ in them is itself
  v_pattern text := replace(lower(p_pattern), '_', '\_');
begin
  for v_command in select * from api.commands() c where c.name like v_pattern order by c.name, c.kind desc loop
    -- chr(160): no line ends there
    return query select replace(w, chr(160), ' ') from api.wrapped(
      regexp_replace(
        case v_command.kind when 'view' then format('api.%s: %s', v_command.name, v_command.arguments)
             else format('api.%s(%s)', v_command.name, v_command.arguments) end,
        '([^,]) ', '\1' || chr(160), 'g'), 96, '    ') w;
    return query select replace(w, chr(160), ' ') from api.wrapped(
      format('  %s. For%s%s.', v_command.purpose, chr(160), replace(v_command.who, ' ', chr(160))), 96, '  ') w;
    if v_command.example is not null then
      return next '  ' || api.example_here(v_command.example);
    end if;
    return next '';
  end loop;
end
$$;
comment on function api.help_pages(text) is
  'Pages of the functions and views whose name is like p_pattern: arguments, purpose, who may use it, an example.';

create function api.help_topic(p_topic text) returns setof text
language sql stable
as $$
  -- Of each a line that says what it does, and one to paste: a dozen then fits one screen.
  select w.line
    from api.topics() t
   cross join unnest(t.commands) with ordinality k (name, n)
   cross join lateral (select distinct on (c.name) c.* from api.commands() c where c.name = k.name
                        order by c.name, c.kind = 'function' and c.example is null, c.kind desc) c
   cross join lateral (values (1, c.name || ': ' || c.purpose), (2, '  ' || api.example_here(c.example))) l (n, line)
   cross join lateral api.wrapped(l.line, 96, '  ') with ordinality w (line, n)
   where t.topic = p_topic and l.line is not null
   order by k.n, l.n, w.n
$$;
comment on function api.help_topic(text) is 'One screen: the functions and views of a topic of api.topics.';

create function api.help_meaning(p_word text) returns setof text
language sql stable
as $$
  with word as (select api.meant(rules.folded(p_word)) as means, api.meant(lower(p_word)) as as_typed),
  found (place, name, line) as (
    select 1, c.name, format('%s: %s', c.name, c.purpose)
      from api.commands() c cross join word w
     where c.name || ' ' || c.purpose ~* w.means or c.name || ' ' || c.purpose ~* w.as_typed
    union
    select 2, r.rule, format('rule %s: %s', r.rule, r.message)
      from rules.catalogue r cross join word w
     where r.rule || ' ' || r.message || ' ' || r.meaning ~* w.means or r.rule || ' ' || r.message ~* w.as_typed
    union
    select 3, a.name, format('setting %s: %s', a.name, col_description('gym.settings'::regclass, t.attnum))
      from rules.settings_allowed a
      join pg_attribute t on t.attrelid = 'gym.settings'::regclass and t.attname = a.name
     cross join word w
     where a.name || ' ' || coalesce(col_description(t.attrelid, t.attnum), '') ~* w.means
        or a.name || ' ' || coalesce(col_description(t.attrelid, t.attnum), '') ~* w.as_typed)
  select case when length(f.line) > 96 then left(f.line, 95) || '…' else f.line end
    from found f
   order by f.place, f.name, f.line
   limit 40
$$;
comment on function api.help_meaning(text) is
  'Functions, views, rules and settings that a word is about, in Russian or English, 40 at most; … marks a line cut.';

create function api.help(topic text default null) returns table (help text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- the topics
  if coalesce(btrim(topic), '') = '' then
    return query select format('%s  %s', rpad(t.topic, 10), t.about) from api.topics() t order by t.n;
    return query values (''), ('One topic:       select * from api.help(''enrolment'');'),
                        ('By a name:       select * from api.help(''enrol%'');   all: api.help(''%'')'),
                        ('By any word:     select * from api.help(''лимит'');');
    return;
  end if;
  -- one of them
  return query select h from api.help_topic(lower(btrim(topic))) h;
  if found then
    return query values (''), ('Arguments and all else of one:  select * from api.help(''cancel'');');
    return;
  end if;
  -- what has the name
  return query select h from api.help_pages(topic) h;
  if found then
    return;
  end if;
  -- what the word is about
  return query select h from api.help_meaning(topic) h;
  if not found then
    return query values (
      format('Nothing is named %s, or is about it. The topics: select * from api.help();', quote_literal(topic)));
  end if;
end
$$;
comment on function api.help(text) is
  'What can be called and looked at here, by topic. topic: null shows the topics; one of them, its functions and '
  'views; a '
  'name, with % for anything, arguments, purpose and who may use it; any other word, in Russian or English, what '
  'is about '
  'it. Examples name people of this gym. More: \df+ api.*, \dv+ api.*. Definer: prints what api.wrapped wraps. '
  'Example: select * from api.help(''enrolment'');';
