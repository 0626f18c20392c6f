-- Reading the fields of a request's body. Every reader: p_body, the body; p_name, the field; p_required, whether it
-- must
-- be there (null counts as missing). Errors: field_missing, field_unreadable, which name the field and say what it
-- may be.

create function wire.field(p_body jsonb, p_name text, p_required boolean) returns jsonb
language plpgsql stable
as $$
declare
  v_field jsonb := p_body -> p_name;
begin
  if v_field is null or jsonb_typeof(v_field) = 'null' then
    if p_required then
      perform rules.refuse('field_missing', p_name);
    end if;
    return null;
  end if;
  return v_field;
end
$$;
comment on function wire.field(jsonb, text, boolean) is
  'A field as it came, null where it is missing and may be. Errors: field_missing.';

create function wire.text_of(p_value jsonb) returns text
language plpgsql immutable
as $$
begin
  return case when jsonb_typeof(p_value) = 'string' then p_value #>> '{}' end;
end
$$;
comment on function wire.text_of(jsonb) is
  'A JSON string as text; null where the value is none. Nothing else is ever written out: a body of 1 MiB of '
  'numbers like 1e131071 would be a gigabyte.';

create function wire.int_of(p_value jsonb, p_min integer default -2147483648, p_max integer default 2147483647)
  returns integer
language plpgsql immutable
as $$
declare
  v_number numeric;
begin
  if jsonb_typeof(p_value) = 'number' then
    v_number := p_value::numeric;
  -- a number sent as a string, as the old server took it
  elsif wire.text_of(p_value) ~ '^\s*[+-]?[0-9]{1,20}\s*$' then
    v_number := trim(wire.text_of(p_value), E' \t\r\n')::numeric;
  end if;
  if v_number not between p_min and p_max or v_number <> trunc(v_number) then
    return null;
  end if;
  return v_number::integer;
end
$$;
comment on function wire.int_of(jsonb, integer, integer) is
  'A JSON value as an integer of that range; null where it is none.';

create function wire.int_field(p_body jsonb, p_name text, p_required boolean default true, p_min integer default 1,
  p_max integer default 2147483647) returns integer
language plpgsql stable
as $$
declare
  v_field jsonb   := wire.field(p_body, p_name, p_required);
  v_int   integer := wire.int_of(v_field, p_min, p_max);
begin
  if v_int is null and v_field is not null then
    perform rules.refuse('field_unreadable', p_name, format('целое число от %s до %s', p_min, p_max));
  end if;
  return v_int;
end
$$;
comment on function wire.int_field(jsonb, text, boolean, integer, integer) is
  'An integer from p_min to p_max, also as a string ("12"). Errors: field_missing, field_unreadable.';

create function wire.ints_field(p_body jsonb, p_name text, p_required boolean default true) returns integer[]
language plpgsql stable
as $$
declare
  v_field jsonb     := p_body -> p_name;
  v_text  text      := case when pg_column_size(v_field) < 100 then v_field::text end;
  v_ints  integer[] := array[]::integer[];
begin
  -- a few short numbers, as nearly always, read like a list of PostgreSQL's own; whatever is long is not written out
  -- (wire.text_of)
  if v_text ~ '^\[[0-9, ]*\]$' and v_text !~ '[0-9]{10}' then
    return translate(v_text, '[]', '{}')::integer[];
  end if;
  if wire.field(p_body, p_name, p_required) is null then
    return null;
  end if;
  -- nobody means a thousand ids: refused before they are looked at
  if jsonb_typeof(v_field) <> 'array' or jsonb_array_length(v_field) > 1000 then
    perform rules.refuse('field_unreadable', p_name, 'список целых чисел, не длиннее 1000');
  end if;
  for v_n in 0 .. jsonb_array_length(v_field) - 1 loop
    v_ints := v_ints || wire.int_of(v_field -> v_n);
  end loop;
  if array_position(v_ints, null) is not null then
    perform rules.refuse('field_unreadable', p_name, 'список целых чисел, не длиннее 1000');
  end if;
  return v_ints;
end
$$;
comment on function wire.ints_field(jsonb, text, boolean) is
  'A list of integers. Errors: field_missing, field_unreadable.';

create function wire.text_field(p_body jsonb, p_name text, p_required boolean default true, p_min integer default 0,
  p_max integer default 200) returns text
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
  v_text  text  := wire.text_of(v_field);
begin
  if v_field is null then
    return null;
  end if;
  -- where text must be there, blanks are none
  if v_text is null or length(v_text) > p_max or length(btrim(v_text, E' \t\r\n')) < p_min then
    perform rules.refuse('field_unreadable', p_name, format('текст от %s до %s символов', p_min, p_max));
  end if;
  return v_text;
end
$$;
comment on function wire.text_field(jsonb, text, boolean, integer, integer) is
  'A text of p_min (blanks around it not counted) to p_max characters. Errors: field_missing, field_unreadable.';

create function wire.bool_field(p_body jsonb, p_name text, p_required boolean default true) returns boolean
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
begin
  if jsonb_typeof(v_field) <> 'boolean' then
    perform rules.refuse('field_unreadable', p_name, 'true или false');
  end if;
  return v_field::boolean;
end
$$;
comment on function wire.bool_field(jsonb, text, boolean) is 'true or false. Errors: field_missing, field_unreadable.';

create function wire.time_field(p_body jsonb, p_name text, p_required boolean default true) returns time
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
  v_text  text  := wire.text_of(v_field);
begin
  if jsonb_typeof(v_field) <> 'string' or v_text !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' then
    perform rules.refuse('field_unreadable', p_name, 'время ЧЧ:ММ, например 16:00');
  end if;
  return v_text::time;
end
$$;
comment on function wire.time_field(jsonb, text, boolean) is
  'A time of day, HH:MM. Errors: field_missing, field_unreadable.';

create function wire.month_of(p_text text) returns date
language sql immutable
as $$
  select case when p_text ~ '^(0[1-9]|1[0-2])-20[0-9][0-9]$'
    then make_date(substr(p_text, 4)::integer, substr(p_text, 1, 2)::integer, 1) end
$$;
comment on function wire.month_of(text) is
  'First day of a month written MM-YYYY, of 2000 to 2099; null where the text is none.';

create function wire.month_field(p_body jsonb, p_name text, p_required boolean default true) returns date
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
  v_text  text  := wire.text_of(v_field);
  v_month date;
begin
  if v_field is null then
    return null;
  end if;
  v_month := case v_text
    when 'current' then rules.this_month()
    when 'next' then rules.next_month()
    else wire.month_of(v_text)
  end;
  if v_month is null then
    perform rules.refuse('field_unreadable', p_name, 'месяц ММ-ГГГГ, например 12-2026');
  end if;
  return v_month;
end
$$;
comment on function wire.month_field(jsonb, text, boolean) is
  'A month, MM-YYYY, or "current" or "next", as its first day. Errors: field_missing, field_unreadable.';

create function wire.date_field(p_body jsonb, p_name text, p_required boolean default true) returns date
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
  v_text  text  := wire.text_of(v_field);
begin
  if v_field is null then
    return null;
  end if;
  if v_text ~ '^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]$' then
    begin
      return v_text::date;
    exception
      when datetime_field_overflow then null;
    end;
  end if;
  perform rules.refuse('field_unreadable', p_name, 'дата ГГГГ-ММ-ДД, например 2026-12-07');
  return null;
end
$$;
comment on function wire.date_field(jsonb, text, boolean) is
  'A date, YYYY-MM-DD. Errors: field_missing, field_unreadable.';

create function wire.last_day_field(p_body jsonb, p_name text) returns date
language plpgsql stable
as $$
begin
  -- an empty text takes a day away, where a field left out changes nothing
  if wire.text_of(p_body -> p_name) = '' then
    return date 'infinity';
  end if;
  return wire.date_field(p_body, p_name, false);
end
$$;
comment on function wire.last_day_field(jsonb, text) is
  'A last day, YYYY-MM-DD, as a date; infinity for an empty text: there is no last day; null where it is left out. '
  'Errors: field_unreadable.';

create function wire.role_field(p_body jsonb, p_name text, p_required boolean default true) returns gym.userrole
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, p_name, p_required);
  v_text  text  := wire.text_of(v_field);
begin
  if jsonb_typeof(v_field) <> 'string' or v_text not in ('STUDENT', 'COACH', 'ADMIN', 'BLOCKED') then
    perform rules.refuse('field_unreadable', p_name, 'STUDENT, COACH, ADMIN или BLOCKED');
  end if;
  return v_text::gym.userrole;
end
$$;
comment on function wire.role_field(jsonb, text, boolean) is 'A role. Errors: field_missing, field_unreadable.';

create function wire.period_of(p_body jsonb, p_from date, p_to date, out first_day date, out last_day date)
language plpgsql stable
as $$
declare
  v_date  date := wire.date_field(p_body, 'date', false);
  v_month date := wire.month_field(p_body, 'month', false);
  v_start date := wire.date_field(p_body, 'startDate', false);
  v_end   date := wire.date_field(p_body, 'endDate', false);
begin
  if v_date is not null then
    first_day := v_date;
    last_day  := v_date;
  elsif v_month is not null then
    first_day := v_month;
    last_day  := (v_month + interval '1 month -1 day')::date;
  elsif v_start is not null or v_end is not null then
    -- one without the other is a day forgotten
    first_day := wire.date_field(p_body, 'startDate');
    last_day  := wire.date_field(p_body, 'endDate');
    perform rules.check_period(first_day, last_day);
  else
    first_day := p_from;
    last_day  := p_to;
  end if;
end
$$;
comment on function wire.period_of(jsonb, date, date) is
  'The period that a request names: date, month, or startDate and endDate; p_from to p_to where it names none. '
  'Errors: field_missing, field_unreadable, period_in_order, period_length.';

create function wire.format_field(p_body jsonb) returns text
language plpgsql stable
as $$
declare
  v_field jsonb := wire.field(p_body, 'format', false);
  v_text  text  := wire.text_of(v_field);
begin
  if jsonb_typeof(v_field) <> 'string' or v_text not in ('xlsx', 'csv') then
    perform rules.refuse('field_unreadable', 'format', 'xlsx или csv');
  end if;
  return coalesce(v_text, 'xlsx');
end
$$;
comment on function wire.format_field(jsonb) is
  'Which file a report is to be: xlsx, where the field format does not say csv. Errors: field_unreadable.';
