-- The triggers that write the audit trail, on each table of rules.audited: <table>__remember_delete, …_insert,
-- …_update.
-- gym.enrolments and gym.slots have some of their own, which stand with their other triggers.
-- Their price where it matters, measured with and without in turn (8 clients, each replacing 3 of 24 slots, 2 cores,
-- fsync on): 9 % of the rate.

create function rules.remember() returns trigger
-- a plan made anew for the arrays of each call would cost more than all the rest
language plpgsql volatile security definer set search_path = pg_catalog,
  pg_temp set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_gym_time    timestamptz := case when current_setting('gym.now', true) <> '' then nullif(rules.clock(), now()) end;
  v_actor       integer     := rules.actor();
  v_request_id  text        := nullif(current_setting('gym.request_id', true), '');
  v_application text        := rules.application();
  v_old         jsonb[];
  v_new         jsonb[];
begin
  if tg_op = 'INSERT' then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, new_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
           concat_ws(' ', r.new ->> tg_argv[0], r.new ->> tg_argv[1]), 'insert',
             jsonb_strip_nulls(r.new - (rules.trail_changed() || rules.trail_never()))
      from (select to_jsonb(n) as new from new_rows n) r;
    return null;
  end if;
  if tg_op = 'DELETE' then
    insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values)
    select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
           concat_ws(' ', r.old ->> tg_argv[0], r.old ->> tg_argv[1]), 'delete',
             jsonb_strip_nulls(r.old - (rules.trail_changed() || rules.trail_never()))
      from (select to_jsonb(o) as old from old_rows o) r;
    return null;
  end if;
  if tg_level = 'ROW' then
    v_old := array[to_jsonb(old)];
    v_new := array[to_jsonb(new)];
  else
    v_old := array(select to_jsonb(o) from old_rows o);
    v_new := array(select to_jsonb(n) from new_rows n);
  end if;
  -- old and new rows of a statement come in the same order
  insert into gym.audit_log (gym_time, actor, login, application, request_id, on_table, key, operation, old_values,
    new_values)
  select v_gym_time, v_actor, session_user, v_application, v_request_id, tg_table_name,
         concat_ws(' ', r.new ->> tg_argv[0], r.new ->> tg_argv[1]), 'update', d.old, d.new
    from unnest(v_old, v_new) r (old, new)
   cross join lateral (
     select jsonb_object_agg(k.key, case when k.key = any (rules.trail_changed()) then '"…"' else k.value end) as old,
            jsonb_object_agg(k.key, case when k.key = any (rules.trail_changed()) then '"…"' else r.new -> k.key end)
              as new
       from jsonb_each(r.old) k
      where k.value <> r.new -> k.key and k.key <> all (rules.trail_never())) d
   where d.old is not null;
  return null;
end
$$;
comment on function rules.remember() is
  'Trigger function: writes to gym.audit_log what a statement changed, a row a row, with who and when. Its '
  'arguments name the columns of the primary key. '
  'slots.taken is left out, being counted; of hid and image is said only that they changed. Both clocks: the '
  'gym''s, and the true time. Definer: whoever may write the table may call nothing else.';

do $triggers$
declare
  v_table text;
  v_key   text;
begin
  for v_table, v_key in
    select a.on_table, string_agg(quote_literal(t.attname), ', ' order by k.n)
      from rules.audited a
      join pg_index i on i.indrelid = ('gym.' || a.on_table)::regclass and i.indisprimary
     cross join lateral unnest(i.indkey::smallint[]) with ordinality k (attnum, n)
      join pg_attribute t on t.attrelid = i.indrelid and t.attnum = k.attnum
     where a.on_table <> 'enrolments'
     group by a.on_table
  loop
    execute format('create trigger %I after delete on gym.%I referencing old table as old_rows for each statement execute function rules.remember(%s)',
      v_table || '__remember_delete', v_table, v_key);
    execute format('create trigger %I after insert on gym.%I referencing new table as new_rows for each statement execute function rules.remember(%s)',
      v_table || '__remember_insert', v_table, v_key);
    if v_table <> 'slots' then
      execute format('create trigger %I after update on gym.%I referencing old table as old_rows new table as new_rows for each statement execute function rules.remember(%s)',
        v_table || '__remember_update', v_table, v_key);
    end if;
  end loop;
end
$triggers$;

-- Rows of these may be deleted, which the trail notes; TRUNCATE it would not see. Those with other triggers: their
-- own files.
create trigger weekly_template__keep before truncate on gym.weekly_template
  for each statement execute function rules.keep('whole');
create trigger rights__keep before truncate on gym.rights for each statement execute function rules.keep('whole');
create trigger manual_turns__keep before truncate on gym.manual_turns
  for each statement execute function rules.keep('whole');
create trigger posts__keep before truncate on gym.posts for each statement execute function rules.keep('whole');
