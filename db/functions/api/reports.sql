create function api.report_visits(from_date date, to_date date, "group" text default null)
returns table (card integer, person text, in_group text, present integer, absent integer, excused integer,
  cancelled integer, unmarked integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows  refcursor := 'report_rows';
  v_row   record;
begin
  perform rules.open_visits(from_date, to_date, "group");
  loop
    fetch v_rows into v_row;
    exit when not found;
    card     := v_row.student_card;
    person   := v_row.name;
    in_group := v_row."group";
    select count(*) filter (where m = 'p'), count(*) filter (where m = 'a'), count(*) filter (where m = 'e'),
           count(*) filter (where m = 'c'), count(*) filter (where m = 'u')
      into present, absent, excused, cancelled, unmarked
      from regexp_split_to_table(v_row.marks, '') m;
    return next;
  end loop;
  close v_rows;
end
$$;
comment on function api.report_visits(date, date, text) is
  'The report of visits, counted: a row for each person with marks in the period. Errors: those of '
  'rules.open_visits. Definer: reads gym.marks. Example: select * from api.report_visits(''2026-12-01'', '
  '''2026-12-31'', ''ИС-21'');';

create function api.report_occupancy(from_date date, to_date date)
returns table (date date, at text, capacity integer, enrolled integer, came integer, excused integer, absent integer,
  refused integer, state text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows refcursor := 'report_rows';
begin
  perform rules.open_occupancy(from_date, to_date);
  loop
    fetch v_rows into date, at, capacity, enrolled, came, excused, absent, refused, state;
    exit when not found;
    return next;
  end loop;
  close v_rows;
end
$$;
comment on function api.report_occupancy(date, date) is
  'How full each lesson was, who came, and how many students its slot had no seat for. Errors: those of '
  'rules.open_occupancy. Definer: reads gym.marks. Example: select * from api.report_occupancy(''2026-12-01'', '
  '''2026-12-31'');';

create function api.report_term(from_date date, to_date date, "group" text default null)
returns table (card integer, person text, in_group text, held integer, attended integer, excused integer,
  absent integer, blocks integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows refcursor := 'report_rows';
begin
  perform rules.open_term(from_date, to_date, "group");
  loop
    fetch v_rows into card, person, in_group, held, attended, excused, absent, blocks;
    exit when not found;
    return next;
  end loop;
  close v_rows;
end
$$;
comment on function api.report_term(date, date, text) is
  'For credit: lessons held, attended, excused and absent over a period, and blocks. Errors: those of '
  'rules.open_term. Definer: reads gym.marks. Example: select * from api.report_term(''2026-09-01'', '
  '''2026-12-31'', ''ИС-21'');';

create function api.report_blocked(from_date date, to_date date, "group" text default null)
returns table (card integer, person text, in_group text, reason text, absences text, first_day date, last_day date,
  lifted_on date, lifted_by text, lift_reason text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows refcursor := 'report_rows';
begin
  perform rules.open_blocked(from_date, to_date, "group");
  loop
    fetch v_rows into card, person, in_group, reason, absences, first_day, last_day, lifted_on, lifted_by, lift_reason;
    exit when not found;
    return next;
  end loop;
  close v_rows;
end
$$;
comment on function api.report_blocked(date, date, text) is
  'Blocks that stood on some day of a period, lifted ones too. Errors: those of rules.open_blocked. Definer: reads '
  'gym.blocks. Example: select * from api.report_blocked(''2026-12-01'', ''2026-12-31'');';
