-- Who may do what. Each role is granted by name what it needs; nothing is granted to PUBLIC. A role that could not be
-- made (001_roles_and_schemas.sql) is passed over, and gets its rights with the next install.
revoke all on all functions in schema rules, api, wire from public;
do $grants$
declare
  v_grant record;
begin
  for v_grant in
    select * from (values
      ('{{.server_role}}', 'usage on schema wire'),
      ('{{.server_role}}', 'execute on all functions in schema wire'),
      -- River in the server: its queue, its election, its function in an index. Its migrations are the owner's, and so is reindexing
      ('{{.server_role}}', 'usage on schema river'),
      ('{{.server_role}}', 'select, insert, update, delete on river.river_job, river.river_leader, river.river_queue'),
      ('{{.server_role}}', 'usage on sequence river.river_job_id_seq'),
      ('{{.server_role}}', 'execute on function river.river_job_state_in_bitmask(bit, river.river_job_state)'),
      -- README, "The auth server": this and nothing else
      ('{{.auth_role}}', 'usage on schema gym'),
      ('{{.auth_role}}', 'select (id, student_card, firstname, secondname, surname, "group", hid, image, role, deleted) on gym.users'),
      ('{{.auth_role}}', 'insert (student_card, firstname, secondname, surname, "group", hid, image, role) on gym.users'),
      ('{{.auth_role}}', 'update (image) on gym.users'),
      ('{{.admin_role}}', 'usage on schema api'),
      ('{{.admin_role}}', 'execute on all functions in schema api'),
      ('{{.admin_role}}', 'select on all tables in schema api')
    ) g (role, what)
    where exists (select from pg_roles r where r.rolname = g.role)
  loop
    execute format('grant %s to %I', v_grant.what, v_grant.role);
  end loop;
  for v_grant in
    select r.rolname as role from pg_roles r
     where r.rolname in ('{{.server_role}}', '{{.auth_role}}', '{{.admin_role}}', '{{.reader_role}}')
  loop
    execute format('grant connect on database %I to %I', current_database(), v_grant.role);
  end loop;
end
$grants$;
