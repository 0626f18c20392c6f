-- The audit trail has a partition for each month; old ones are dropped. After the triggers: a new partition gets its
-- own.

create function rules.make_audit_month(p_month date) returns void
language plpgsql volatile
as $$
declare
  v_table text        := to_char(p_month, '"audit_log_"YYYY_MM');
  v_from  timestamptz := p_month::timestamp at time zone 'UTC';
  v_to    timestamptz := (p_month + interval '1 month') at time zone 'UTC';
begin
  -- made apart and then attached: CREATE … PARTITION OF would keep out everybody who writes
  execute format('create table gym.%I (like gym.audit_log including defaults including constraints including comments)',
    v_table);
  execute format('comment on table gym.%I is %L', v_table, 'Rows of gym.audit_log of one month.');
  if exists (select from gym.audit_log_other o where o.written_at >= v_from and o.written_at < v_to) then
    -- the keeper writes to the new table only now
    execute format('grant insert on gym.%I to {{.keeper_role}}', v_table);
    perform rules.move_late_rows(v_table, v_from, v_to);
    execute format('revoke insert on gym.%I from {{.keeper_role}}', v_table);
  end if;
  execute format('alter table gym.audit_log attach partition gym.%I for values from (%L) to (%L)', v_table, v_from,
    v_to);
  perform rules.keep_log_of(v_table);
end
$$;
comment on function rules.make_audit_month(date) is
  'Gives a month (its first day) its partition of gym.audit_log, with the rows that were written while it was '
  'missing.';

create function rules.ensure_audit_months() returns integer
language plpgsql volatile set lock_timeout = '2s'
as $$
declare
  v_now    date := date_trunc('month', now() at time zone 'UTC');
  v_oldest date := v_now - make_interval(months => (select c.audit_months from gym.settings c));
  v_make   date[];
  v_drop   text[];
  v_month  date;
  v_table  text;
begin
  v_make := array(
    select m.month
      from (select (v_now + make_interval(months => n))::date as month from generate_series(0, 2) n
            union
            select distinct date_trunc('month', o.written_at at time zone 'UTC')::date from gym.audit_log_other o) m
     where to_regclass('gym.' || to_char(m.month, '"audit_log_"YYYY_MM')) is null
     order by m.month);
  v_drop := array(
    select c.relname
      from pg_inherits h join pg_class c on c.oid = h.inhrelid
     where h.inhparent = 'gym.audit_log'::regclass and c.relname ~ '^audit_log_\d{4}_\d\d$'
       and to_date(right(c.relname, 7), 'YYYY_MM') < v_oldest
     order by c.relname);
  if cardinality(v_make) + cardinality(v_drop) = 0 or not pg_try_advisory_xact_lock(1161707354) then
    return 0;
  end if;
  foreach v_month in array v_make loop
    perform rules.make_audit_month(v_month);
  end loop;
  foreach v_table in array v_drop loop
    execute format('drop table gym.%I', v_table);
    insert into gym.audit_log (gym_time, actor, login, application, on_table, key, operation)
    values (nullif(rules.clock(), now()), rules.actor(), session_user, current_setting('application_name'), 'audit_log',
      v_table, 'delete');
  end loop;
  return cardinality(v_make) + cardinality(v_drop);
exception
  -- a long report reads it: another hour will do, and nobody waits behind us
  when lock_not_available then
    return 0;
end
$$;
comment on function rules.ensure_audit_months() is
  'Makes sure, by the true time, that this month and two more have their partitions of gym.audit_log, and that '
  'those older than the setting audit_months are dropped, which the trail notes. Harmless to repeat. Gives the '
  'number of partitions made and dropped.';

select rules.ensure_audit_months();
