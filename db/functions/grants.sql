-- Who may do what. Each role is granted by name what it needs; nothing is granted to PUBLIC. A role that could not be
-- made (001_roles_and_schemas.sql) is passed over, and gets its rights with the next install.
do $public$
declare
  v_function regprocedure;
begin
  -- those of the keeper are its own, and public has no right to them (rules/keeper.sql)
  for v_function in
    select p.oid from pg_proc p
     where p.pronamespace in ('rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace)
       and p.oid not in (select k.function::regprocedure from rules.keeper_functions k)
       and (p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
  loop
    execute format('revoke all on function %s from public', v_function);
  end loop;
end
$public$;
do $grants$
declare
  v_grant record;
begin
  -- tables outlive the package: what an older one granted and this one does not is taken back, of columns too
  for v_grant in
    select r.rolname as role from pg_roles r
     where r.rolname in ('{{.server_role}}', '{{.auth_role}}', '{{.admin_role}}', '{{.reader_role}}', '{{.web_role}}')
  loop
    execute format('revoke all on all tables in schema gym from %I', v_grant.role);
    execute format('revoke all on schema gym from %I', v_grant.role);
  end loop;
  for v_grant in
    select * from (values
      ('{{.server_role}}', 'usage on schema wire'),
      -- River in the server: its queue, its election, its function in an index. Its migrations are the owner's, and
      -- so is reindexing
      ('{{.server_role}}', 'usage on schema river'),
      ('{{.server_role}}', 'select, insert, update, delete on river.river_job, river.river_leader, river.river_queue'),
      ('{{.server_role}}', 'usage on sequence river.river_job_id_seq'),
      ('{{.server_role}}', 'execute on function river.river_job_state_in_bitmask(bit, river.river_job_state)'),
      -- our auth server: so a thief of its log-in can list nothing, and guesses in the database's own buckets
      ('{{.web_role}}', 'usage on schema auth'),
      -- an administrator: every function of api, every datum but hashes and the pepper, and writing it under all
      -- rules and triggers.
      -- What the triggers write he only reads; DELETE is refused by a rule where history stays, which says so
      ('{{.admin_role}}', 'usage on schema api, gym'),
      ('{{.admin_role}}', 'select on all tables in schema api'),
      ('{{.admin_role}}', 'select, insert, update, delete on gym.settings, gym.weekly_template, gym.slots, gym.enrolments, gym.cancelled_lessons, gym.closures, gym.pardons, gym.posts, gym.rights, gym.manual_turns, gym.roster, gym.waiting'),
      -- marks are made by the rules and marked by people; blocks are made, lifted and followed up by the functions only
      ('{{.admin_role}}', 'select, delete, update (mark, set_at, set_by) on gym.marks'),
      ('{{.admin_role}}', 'select, delete on gym.blocks'),
      ('{{.admin_role}}', 'select on gym.settings_changes, gym.months, gym.ledger, gym.refusals, gym.code_package, gym.audit_log, gym.legacy_ids, gym.name_swaps, '
                          'gym.consent_documents'),
      ('{{.admin_role}}', 'select (id, student_card, firstname, secondname, surname, "group", image, role, deleted, deleted_at, unconfirmed_since) on gym.users'),
      ('{{.admin_role}}', 'insert (student_card, firstname, secondname, surname, "group", hid, image, role, deleted) on gym.users'),
      ('{{.admin_role}}', 'update (student_card, firstname, secondname, surname, "group", image, role, deleted) on gym.users'),
      ('{{.admin_role}}', 'delete on gym.users'),
      -- a reader: numbers, no person. Of people the id, group and role; no name, no card, no picture; nothing that
      -- was typed about a person
      -- (reasons), no values of the audit trail, no database log-in. Names are masked in api.people_masked
      ('{{.reader_role}}', 'usage on schema api, gym'),
      ('{{.reader_role}}', 'select on api.slots, api.rules, api.settings, api.closures, api.people_masked, api.changes_masked'),
      ('{{.reader_role}}', 'execute on function api.help(text)')
    ) g (role, what)
     where exists (select from pg_roles r where r.rolname = g.role)
    union all
    -- what each column is about says whether a reader may see it
    select '{{.reader_role}}',
           format('select %s on gym.%I',
                  case when not bool_and(c.reader)
                       then '(' || string_agg(quote_ident(c.name), ', ') filter (where c.reader) || ')' end, c.on_table)
      from rules.columns c
     where exists (select from pg_roles r where r.rolname = '{{.reader_role}}')
     group by c.on_table
    having bool_or(c.reader)
    union all
    -- docs/operations.md, "An old auth server": one may do this and nothing else, until they are retired (legacy_hid)
    select * from (values
      ('{{.auth_role}}', 'usage on schema gym'),
      ('{{.auth_role}}', 'select (id, student_card, firstname, secondname, surname, "group", hid, image, role, deleted) '
                         'on gym.users'),
      ('{{.auth_role}}', 'insert (student_card, firstname, secondname, surname, "group", hid, image, role) on gym.users'),
      ('{{.auth_role}}', 'update (image) on gym.users')
    ) g (role, what)
     where exists (select from pg_roles r where r.rolname = g.role)
       and (select c.legacy_hid from gym.settings c)
  loop
    execute format('grant %s to %I', v_grant.what, v_grant.role);
  end loop;
end
$grants$;

-- Of wire, auth and api a role may execute the definers: what a server asks for, and what a person calls in psql. The
-- other functions are helpers of these, which call them with the owner's rights.
do $entries$
declare
  v_entry record;
begin
  for v_entry in
    select p.oid::regprocedure as function, r.rolname as role
      from (values ('{{.server_role}}', 'wire'), ('{{.web_role}}', 'auth'), ('{{.admin_role}}', 'api')) g (role, schema)
      join pg_roles r on r.rolname = g.role
      join pg_namespace n on n.nspname = g.schema
      join pg_proc p on p.pronamespace = n.oid and p.prosecdef
  loop
    execute format('grant execute on function %s to %I', v_entry.function, v_entry.role);
  end loop;
end
$entries$;

-- who may connect, and where names are looked for
select rules.settle_database();

-- Which people a role sees and writes, beside the columns above. Old auth servers sign up students with a hash, see
-- nobody
-- who is deleted, and make nobody a coach. Whoever else reads the table sees what is granted. The owner is not bound by
-- it (no FORCE): neither are the functions, nor pg_dump by the owner.
do $policies$
declare
  v_policy record;
begin
  for v_policy in
    select p.polname from pg_policy p where p.polrelid = 'gym.users'::regclass and p.polname ~ '^users_'
  loop
    execute format('drop policy %I on gym.users', v_policy.polname);
  end loop;
  for v_policy in
    select * from (values
      ('{{.auth_role}}', 'users_auth_sees', 'for select to %I using (not deleted)'),
      ('{{.auth_role}}', 'users_auth_signs_up',
       'for insert to %I with check (role = ''STUDENT'' and hid ~ ''^[0-9a-f]{64}$'' and not deleted)'),
      ('{{.auth_role}}', 'users_auth_changes', 'for update to %I using (not deleted) with check (not deleted)'),
      ('{{.admin_role}}', 'users_admin', 'for all to %I using (true) with check (true)'),
      ('{{.reader_role}}', 'users_reader', 'for select to %I using (true)')
    ) p (role, name, what)
     where exists (select from pg_roles r where r.rolname = p.role)
  loop
    execute format('create policy %I on gym.users ' || v_policy.what, v_policy.name, v_policy.role);
  end loop;
  alter table gym.users enable row level security;
end
$policies$;
