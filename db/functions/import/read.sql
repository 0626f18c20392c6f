-- Taking over the database of the old Python system (docs/import-legacy.md), part one: reading its tables as they may
-- stand, whatever the columns are called exactly.

create function rules.legacy_table(p_schema text, variadic p_names text[]) returns regclass
language plpgsql stable
as $$
declare
  v_table regclass;
  v_owner oid;
begin
  if not exists (select from pg_namespace n where n.nspname = p_schema) then
    perform rules.refuse('legacy_schema_missing', coalesce(p_schema, 'null'));
  end if;
  select c.oid, c.relowner into v_table, v_owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = p_schema and c.relname = any (p_names) and c.relkind in ('r', 'p', 'v', 'm', 'f')
   order by array_position(p_names, c.relname::text)
   limit 1;
  if v_table is null then
    perform rules.refuse('legacy_table_missing', p_schema, array_to_string(p_names, ', '));
  end if;
  -- a view, or the types of columns, may call functions, and those would run with the rights of api.import_legacy
  if not pg_has_role(session_user, current_user, 'member') and not pg_has_role(v_owner, current_user, 'member') then
    perform rules.refuse('legacy_table_foreign', v_table::text, v_owner::regrole::text);
  end if;
  return v_table;
end
$$;
comment on function rules.legacy_table(text, text[]) is
  'A table of the old system, or a view of its shape. p_names: what it may be called, likeliest first. An '
  'administrator has it read only where it belongs to the owner of the database or a superuser. Errors: '
  'legacy_schema_missing, legacy_table_missing, legacy_table_foreign.';

create function rules.legacy_column(p_table regclass, p_required boolean, variadic p_names text[]) returns text
language plpgsql stable
as $$
declare
  v_column name;
begin
  select a.attname into v_column
    from pg_attribute a
   where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
     and translate(lower(a.attname::text), '_', '') = any (p_names)
   order by array_position(p_names, translate(lower(a.attname::text), '_', ''))
   limit 1;
  if v_column is null and p_required then
    perform rules.refuse('legacy_column_missing', p_table::text, array_to_string(p_names, ', '));
  end if;
  return case when v_column is null then 'null::text' else format('t.%I::text', v_column) end;
end
$$;
comment on function rules.legacy_column(regclass, boolean, text[]) is
  'The expression that reads a column of an old table (as t) as text; null where it is missing and need not be '
  'there. p_names: what it may be called, without underscores and capitals, likeliest first. Errors: '
  'legacy_column_missing.';

-- Not sql: an expression of plpgsql is planned once, and these are called for every row.

create function rules.legacy_flag(p_text text) returns boolean
language plpgsql immutable
as $$
begin
  return coalesce(lower(btrim(p_text)) in ('t', 'true', '1', 'yes'), false);
end
$$;
comment on function rules.legacy_flag(text) is 'A yes or no of the old system; nothing is no.';

create function rules.legacy_number(p_text text) returns integer
language plpgsql immutable
as $$
begin
  return case when p_text ~ '^\s*[0-9]{1,10}\s*$' then case
    when p_text::bigint <= 2147483647 then p_text::integer end end;
end
$$;
comment on function rules.legacy_number(text) is
  'A whole number of the old system, not below zero; null where it is none.';

create function rules.legacy_date(p_text text) returns date
language plpgsql immutable
as $$
declare
  v_parts text[];
  v_first date;
begin
  if p_text ~ '^\s*[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([^0-9]|$)' then
    v_parts := regexp_match(p_text, '(\d{4})-(\d\d)-(\d\d)');
  elsif p_text ~ '^\s*(0[1-9]|[12]\d|3[01])\.(0[1-9]|1[0-2])\.[12]\d{3}([^0-9]|$)' then
    v_parts := regexp_match(p_text, '(\d\d)\.(\d\d)\.(\d{4})');
    v_parts := array[v_parts[3], v_parts[2], v_parts[1]];
  else
    return null;
  end if;
  v_first := make_date(v_parts[1]::integer, v_parts[2]::integer, 1);
  -- there is no 31st of November
  return case when v_parts[3]::integer <= extract(day from v_first + interval '1 month -1 day')
    then v_first + v_parts[3]::integer - 1 end;
end
$$;
comment on function rules.legacy_date(text) is
  'The date that a text of the old system begins with, as 2026-11-30 or 30.11.2026; null where there is none.';

create function rules.legacy_month(p_text text) returns date
language plpgsql immutable
as $$
begin
  return case when p_text ~ '^\s*(0?[1-9]|1[0-2])-20\d\d\s*$'
    then make_date(split_part(p_text, '-', 2)::integer, split_part(p_text, '-', 1)::integer, 1)
              else date_trunc('month', rules.legacy_date(p_text)::timestamp)::date end;
end
$$;
comment on function rules.legacy_month(text) is
  'First day of a month written as 11-2026, or of the month of a date; null where it is neither.';

create function rules.legacy_moment(p_text text) returns timestamptz
language plpgsql stable
as $$
declare
  v_local timestamp := rules.legacy_date(p_text) + coalesce(substring(p_text
    from '[ T]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)'), '00:00')::time;
  v_zone  text := substring(p_text from '[ T]\d\d:\d\d.*?([+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$');
begin
  return case when v_zone is null then v_local at time zone (select c.time_zone from gym.settings c)
    else (v_local || v_zone)::timestamptz end;
end
$$;
comment on function rules.legacy_moment(text) is
  'A moment of the old system: with an offset, or else by the gym''s wall clock; null where it can''t be read.';

create function rules.legacy_users(p_schema text)
returns table (
  old_id bigint, card text, family text, given text, patronymic text, study_group text, hid text, image text, role text,
  deleted boolean)
language plpgsql stable rows 5000 set datestyle = 'ISO, DMY'
as $$
declare
  v_table regclass := rules.legacy_table(p_schema, 'users', 'user');
begin
  return query execute format('select (%s)::bigint, %s, %s, %s, %s, %s, %s, %s, %s, rules.legacy_flag(%s) from %s t',
    rules.legacy_column(v_table, true, 'id'),
    rules.legacy_column(v_table, true, 'studentcard', 'card'),
    -- as the old system named them; its columns are copied as they stand
    rules.legacy_column(v_table, true, 'secondname', 'family', 'familyname', 'lastname'),
    rules.legacy_column(v_table, true, 'firstname', 'given', 'givenname', 'name'),
    rules.legacy_column(v_table, false, 'surname', 'patronymic', 'middlename'),
    rules.legacy_column(v_table, false, 'group', 'groupname', 'studygroup'),
    rules.legacy_column(v_table, true, 'hid', 'passwordhash', 'password'),
    rules.legacy_column(v_table, false, 'image'),
    rules.legacy_column(v_table, true, 'role'),
    rules.legacy_column(v_table, false, 'deleted', 'isdeleted'),
    v_table);
end
$$;
comment on function rules.legacy_users(text) is
  'People of the old system, as they stand there: secondname is the family name, surname the patronymic. '
  'Errors: those of rules.legacy_table and rules.legacy_column.';

create function rules.legacy_available_time(p_schema text)
returns table (old_id bigint, weekday text, starts_at text, capacity text, month text, deleted boolean)
language plpgsql stable rows 1000 set datestyle = 'ISO, DMY'
as $$
declare
  v_table regclass := rules.legacy_table(p_schema, 'available_time', 'available_times', 'availabletime');
begin
  return query execute format('select (%s)::bigint, %s, %s, %s, %s, rules.legacy_flag(%s) from %s t',
    rules.legacy_column(v_table, true, 'id'),
    rules.legacy_column(v_table, true, 'weekday', 'dayofweek', 'day'),
    rules.legacy_column(v_table, true, 'time', 'starttime', 'startsat'),
    rules.legacy_column(v_table, true, 'numberofpersons', 'numberofpeople', 'capacity'),
    rules.legacy_column(v_table, true, 'month'),
    rules.legacy_column(v_table, false, 'deleted', 'isdeleted'),
    v_table);
end
$$;
comment on function rules.legacy_available_time(text) is
  'Training times of the old system, as they stand there. Errors: those of rules.legacy_table and '
  'rules.legacy_column.';

create function rules.legacy_entries(p_schema text)
returns table (old_id bigint, user_id text, time_id text, create_time text, deleted boolean)
language plpgsql stable rows 20000 set datestyle = 'ISO, DMY'
as $$
declare
  v_table regclass := rules.legacy_table(p_schema, 'entries', 'entry');
begin
  return query execute format('select (%s)::bigint, %s, %s, %s, rules.legacy_flag(%s) from %s t',
    rules.legacy_column(v_table, true, 'id'),
    rules.legacy_column(v_table, true, 'userid', 'user', 'usersid', 'users'),
    rules.legacy_column(v_table, true, 'selectedtimeid', 'selectedtime', 'availabletimeid', 'availabletime', 'timeid',
      'time'),
    rules.legacy_column(v_table, false, 'createtime', 'createdat', 'created'),
    rules.legacy_column(v_table, false, 'deleted', 'isdeleted'),
    v_table);
end
$$;
comment on function rules.legacy_entries(text) is
  'Enrolments of the old system, as they stand there. Errors: those of rules.legacy_table and rules.legacy_column.';

create function rules.legacy_visits(p_schema text) returns table (old_id bigint, entry_id bigint, date text, mark text)
language plpgsql stable rows 100000 set datestyle = 'ISO, DMY'
as $$
#variable_conflict use_column
declare
  v_table regclass := rules.legacy_table(p_schema, 'visits', 'visit');
  v_id    text := rules.legacy_column(v_table, true, 'id');
  v_date  text := rules.legacy_column(v_table, true, 'date', 'visitdate');
  v_mark  text := rules.legacy_column(v_table, true, 'mark');
  v_entry text := rules.legacy_column(v_table, false, 'entryid', 'entry', 'entriesid', 'entries');
  v_user  text := rules.legacy_column(v_table, v_entry = 'null::text', 'entryid', 'userid', 'user', 'usersid', 'users');
begin
  if v_entry <> 'null::text' then
    return query execute format('select (%s)::bigint, rules.legacy_number(%s)::bigint, %s, %s from %s t', v_id, v_entry,
      v_date, v_mark, v_table);
    return;
  end if;
  -- a visit that names its student only: the entry is that of the date's month and weekday, one that is not deleted
  -- before one that is
  return query execute format('select distinct on (t.old_id) t.old_id, e.old_id, t.date, t.mark
      from (select (%s)::bigint as old_id, rules.legacy_number(%s) as user_id, %s as date, %s as mark, %s as time_id,
        left(%s, 5) as starts_at from %s t) t
      left join (select e.old_id, e.deleted, rules.legacy_number(e.user_id) as user_id, e.time_id, a.weekday,
        rules.legacy_month(a.month) as month, left(a.starts_at, 5) as starts_at
                   from rules.legacy_entries($1) e
                     join rules.legacy_available_time($1) a on a.old_id = rules.legacy_number(e.time_id)) e
        on e.user_id = t.user_id
       and e.month = date_trunc(''month'', rules.legacy_date(t.date)::timestamp)::date
       and e.weekday = (extract(isodow from rules.legacy_date(t.date)) - 1)::text
       and (t.time_id is null or t.time_id = e.time_id)
       and (t.starts_at is null or t.starts_at = e.starts_at)
     order by t.old_id, e.deleted, e.old_id',
    v_id, v_user, v_date, v_mark,
    rules.legacy_column(v_table, false, 'selectedtimeid', 'selectedtime', 'availabletimeid', 'availabletime', 'timeid'),
    rules.legacy_column(v_table, false, 'time', 'starttime', 'startsat'), v_table) using p_schema;
end
$$;
comment on function rules.legacy_visits(text) is
  'Marks of the old system, as they stand there, each with the entry that it belongs to. Errors: those of '
  'rules.legacy_table and rules.legacy_column.';

create function rules.legacy_posts(p_schema text)
  returns table (kind text, old_id bigint, body text, create_time text, deleted boolean)
language plpgsql stable rows 500 set datestyle = 'ISO, DMY'
as $$
declare
  v_kind  text;
  v_table regclass;
begin
  foreach v_kind in array array['ad', 'news'] loop
    v_table := case v_kind when 'ad' then rules.legacy_table(p_schema, 'ads', 'ad')
      else rules.legacy_table(p_schema, 'news', 'new') end;
    return query execute format('select $1, (%s)::bigint, %s, %s, rules.legacy_flag(%s) from %s t',
      rules.legacy_column(v_table, true, 'id'),
      rules.legacy_column(v_table, true, 'body', 'text'),
      rules.legacy_column(v_table, false, 'createtime', 'createdat', 'created', 'date'),
      rules.legacy_column(v_table, false, 'deleted', 'isdeleted'),
      v_table) using v_kind;
  end loop;
end
$$;
comment on function rules.legacy_posts(text) is
  'Announcements (ads) and news of the old system, as they stand there. Errors: those of rules.legacy_table and '
  'rules.legacy_column.';
