-- Role energy_keeper alone writes history anew. Nobody logs in as it: it owns the few definer functions below, and the
-- triggers …__keep of gym.audit_log, gym.pardons and gym.ledger do not fire for it. PostgreSQL itself thus checks
-- who may.
-- Only the owner of the tables may call them.

create function rules.blank_pardons(p_user_id integer, p_named text) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set random_page_cost = 1.1
as $$
declare
  v_texts integer;
begin
  update gym.pardons p
     set reason = case when p.user_id = p_user_id then 'стёрто' else rules.unnamed(p.reason, p_named) end
   where p.user_id = p_user_id or p.reason ~* p_named;
  get diagnostics v_texts = row_count;
  return v_texts;
end
$$;
comment on function rules.blank_pardons(integer, text) is
  'The part of rules.erase_person in gym.pardons: the reasons of the person''s own, and in others whom the regular '
  'expression p_named finds. Gives the number of rows. Definer: runs as {{.keeper_role}}.';

create function rules.blank_ledger(p_user_id integer, p_named text) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set random_page_cost = 1.1
as $$
declare
  v_texts integer;
begin
  update gym.ledger l
     set reason = case when l.user_id = p_user_id then 'стёрто' else rules.unnamed(l.reason, p_named) end
   where l.user_id = p_user_id and l.event in ('blocked', 'unblocked', 'forgiven', 'pardoned', 'seat freed')
      or l.reason ~* p_named;
  get diagnostics v_texts = row_count;
  return v_texts;
end
$$;
comment on function rules.blank_ledger(integer, text) is
  'The part of rules.erase_person in gym.ledger, as rules.blank_pardons does it there. '
  'Definer: runs as {{.keeper_role}}.';

create function rules.blank_trail(p_user_id integer, p_cards integer[], p_named text, p_reason text, p_texts integer,
                                  p_gym_time timestamptz, p_actor integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set random_page_cost = 1.1
as $$
declare
  v_entries integer;
  v_more    integer;
  v_table   text;
  v_names   text[];
  v_users  constant text[] := array(select c.name from rules.columns c
                                     where c.on_table = 'users' and c.class = 'personal' and c.trail is null);
  -- columns of the roster, also as they were called before
  v_roster constant text[] := array(select c.name from rules.columns c
    where c.on_table = 'roster' and c.class = 'personal')
                              || '{firstname,secondname,surname}'::text[];
  v_texts  constant text[] := array(select distinct n.name from rules.texts t
    cross join lateral unnest(t.names) n (name));
begin
  -- the person
  update gym.audit_log a
     set old_values = rules.blanked(a.old_values, v_users),
         new_values = rules.blanked(a.new_values, v_users), erased_at = now()
   where a.on_table = 'users' and a.key = p_user_id::text and a.operation <> 'erase';
  get diagnostics v_entries = row_count;
  -- the line of the roster, whose key is the card
  update gym.audit_log a
     set key = rules.no_card(p_user_id), old_values = rules.blanked(a.old_values, v_roster),
         new_values = rules.blanked(a.new_values, v_roster), erased_at = now()
   where a.on_table = 'roster' and a.key = any (p_cards::text[]);
  get diagnostics v_more = row_count;
  v_entries := v_entries + v_more;
  -- what was typed in rows of the person's own
  for v_table, v_names in
    select t.on_table, t.names from rules.texts t join rules.audited d on d.on_table = t.on_table where t.is_own
  loop
    execute format(
      'update gym.audit_log a set old_values = rules.blanked(a.old_values, $2), new_values = '
      'rules.blanked(a.new_values, $2), '
      'erased_at = now() where a.on_table = %L and a.key in (select o.id::text from gym.%I o where o.user_id = $1)',
      v_table, v_table)
      using p_user_id, v_names;
    get diagnostics v_more = row_count;
    v_entries := v_entries + v_more;
  end loop;
  -- other texts that name the person
  update gym.audit_log a
     set old_values = rules.unnamed(a.old_values, p_named), new_values = rules.unnamed(a.new_values, p_named),
         erased_at = now()
   where (a.on_table in (select t.on_table from rules.texts t) or a.operation = 'erase')
     and exists (select from unnest(v_texts) n where concat_ws(' ', a.old_values ->> n, a.new_values ->> n) ~* p_named);
  get diagnostics v_more = row_count;
  v_entries := v_entries + v_more;
  -- the trail says that it was blanked: nobody calls this without leaving that
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
  values (p_gym_time, p_actor, session_user, current_setting('application_name'),
          nullif(current_setting('gym.request_id', true), ''), 'users', p_user_id, 'erase',
          jsonb_build_object('reason', rules.unnamed(p_reason, p_named), 'entries', v_entries, 'texts', p_texts));
  return v_entries;
end
$$;
comment on function rules.blank_trail(integer, integer[], text, text, integer, timestamptz, integer) is
  'The part of rules.erase_person in gym.audit_log, with the entry that says so. p_cards: all cards that the '
  'person had; '
  'p_named: the regular expression that finds the person in texts; p_texts: the number of texts that were blanked '
  'elsewhere; p_gym_time, p_actor: as the trail has them. erased_at is the true time. '
  'Gives the number of entries. Definer: runs as {{.keeper_role}}.';

create function rules.move_late_rows(p_table text, p_from timestamptz, p_to timestamptz) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set jit = off set random_page_cost = 1.1
as $$
begin
  execute format(
    'with late as (delete from gym.audit_log_other where written_at >= $1 and written_at < $2 returning *) '
                 'insert into gym.%I select * from late', p_table)
    using p_from, p_to;
end
$$;
comment on function rules.move_late_rows(text, timestamptz, timestamptz) is
  'The part of rules.make_audit_month that moves the rows of gym.audit_log_other from p_from until before p_to '
  'into the '
  'table that becomes the month''s partition. The owner lets it write there for as long. '
  'Definer: runs as {{.keeper_role}}.';

create view rules.keeper_functions (function) as
values ('rules.blank_pardons(integer,text)'), ('rules.blank_ledger(integer,text)'),
       ('rules.blank_trail(integer,integer[],text,text,integer,timestamp with time zone,integer)'),
       ('rules.move_late_rows(text,timestamp with time zone,timestamp with time zone)');
comment on view rules.keeper_functions is 'The functions that role {{.keeper_role}} owns, as text of a regprocedure.';

create function rules.owner_faults() returns setof text
language sql stable
as $$
  select format('%s does not belong to {{.keeper_role}}', k.function)
    from rules.keeper_functions k
    join pg_catalog.pg_proc p on p.oid = k.function::regprocedure
   where pg_catalog.pg_get_userbyid(p.proowner) <> '{{.keeper_role}}'
  union all
  select format('%s does not belong to the owner of the tables', p.oid::regprocedure)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_class u on u.oid = 'gym.users'::regclass
   where n.nspname in ('rules', 'wire', 'api', 'auth') and p.proowner <> u.relowner
     and not exists (select from rules.keeper_functions k where k.function::regprocedure = p.oid)
$$;
comment on function rules.owner_faults() is
  'Functions that belong to another role than they must, as after pg_restore --no-owner: they would have the rights of '
  'that role. energy migrate then installs the functions anew.';

-- hand the functions over
do $keeper$
declare
  v_function regprocedure;
  v_owner    name := current_user;
  v_table    text;
begin
  if not exists (select from pg_roles r where r.rolname = '{{.keeper_role}}'
                    and pg_has_role(current_user, r.oid,
                          case when current_setting('server_version_num')::integer < 160000 then 'member'
                            else 'set' end)) then
    raise notice 'erasing people will be refused: % may not become {{.keeper_role}}. Have this done: grant {{.keeper_role}} to %, '
      'then run energy migrate --force', current_user, current_user;
    return;
  end if;
  grant usage on schema gym to {{.keeper_role}};
  -- create: for as long as the functions change hands
  grant usage, create on schema rules to {{.keeper_role}};
  grant execute on function rules.blanked(jsonb, text[]), rules.unnamed(text, text), rules.unnamed(jsonb, text),
    rules.no_card(integer) to {{.keeper_role}};
  grant select (id, user_id, reason), update (reason) on gym.pardons to {{.keeper_role}};
  grant select (id, user_id, event, reason), update (reason) on gym.ledger to {{.keeper_role}};
  grant select on rules.columns, rules.texts, rules.audited to {{.keeper_role}};
  for v_table in
    select t.on_table from rules.texts t join rules.audited d on d.on_table = t.on_table where t.is_own
  loop
    execute format('grant select (id, user_id) on gym.%I to {{.keeper_role}}', v_table);
  end loop;
  grant select, insert, update on gym.audit_log to {{.keeper_role}};
  grant select, delete on gym.audit_log_other to {{.keeper_role}};
  for v_function in select k.function::regprocedure from rules.keeper_functions k loop
    execute format('revoke all on function %s from public', v_function);
    execute format('alter function %s owner to {{.keeper_role}}', v_function);
    -- the owner of the tables calls them: by name, since not every version's members inherit
    set local role {{.keeper_role}};
    execute format('grant execute on function %s to %I', v_function, v_owner);
    reset role;
  end loop;
  revoke create on schema rules from {{.keeper_role}};
end
$keeper$;
