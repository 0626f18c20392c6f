-- The reports. Each function answers with the report's head and leaves the cursor report_rows open, from which the
-- server
-- fetches in the same transaction; whatever is refused is refused before the first row.

create function wire.report_visits(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from   date;
  v_to     date;
  v_group  text;
  v_format text;
begin
  perform wire.admit('report/visits', p_actor, p_request_id);
  v_from   := wire.date_field(p_body, 'startDate');
  v_to     := wire.date_field(p_body, 'endDate');
  v_group  := wire.text_field(p_body, 'group', false);
  v_format := wire.format_field(p_body);
  return rules.open_visits(v_from, v_to, v_group) || jsonb_build_object('format', v_format);
end
$$;
comment on function wire.report_visits(integer, jsonb, text) is
  'POST /report/visits: attendance, a row a person. Opens the cursor report_rows and returns the head. Errors: those '
  'of rules.open_visits. Definer: the server may read no table.';

create function wire.report_occupancy(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from   date;
  v_to     date;
  v_format text;
begin
  perform wire.admit('report/occupancy', p_actor, p_request_id);
  v_from   := wire.date_field(p_body, 'startDate');
  v_to     := wire.date_field(p_body, 'endDate');
  v_format := wire.format_field(p_body);
  return rules.open_occupancy(v_from, v_to) || jsonb_build_object('format', v_format);
end
$$;
comment on function wire.report_occupancy(integer, jsonb, text) is
  'POST /report/occupancy: how full each lesson was. Opens the cursor report_rows and returns the head. Errors: '
  'those of rules.open_occupancy. Definer: the server may read no table.';

create function wire.report_term(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from   date;
  v_to     date;
  v_group  text;
  v_format text;
begin
  perform wire.admit('report/term', p_actor, p_request_id);
  v_from   := wire.date_field(p_body, 'startDate');
  v_to     := wire.date_field(p_body, 'endDate');
  v_group  := wire.text_field(p_body, 'group', false);
  v_format := wire.format_field(p_body);
  return rules.open_term(v_from, v_to, v_group) || jsonb_build_object('format', v_format);
end
$$;
comment on function wire.report_term(integer, jsonb, text) is
  'POST /report/term: lessons attended over a period, a row a person. Opens the cursor report_rows and returns the '
  'head. Errors: those of rules.open_term. Definer: the server may read no table.';

create function wire.report_blocked(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_from   date;
  v_to     date;
  v_group  text;
  v_format text;
begin
  perform wire.admit('report/blocked', p_actor, p_request_id);
  v_from   := wire.date_field(p_body, 'startDate');
  v_to     := wire.date_field(p_body, 'endDate');
  v_group  := wire.text_field(p_body, 'group', false);
  v_format := wire.format_field(p_body);
  return rules.open_blocked(v_from, v_to, v_group) || jsonb_build_object('format', v_format);
end
$$;
comment on function wire.report_blocked(integer, jsonb, text) is
  'POST /report/blocked: who was blocked, and why. Opens the cursor report_rows and returns the head. Errors: those '
  'of rules.open_blocked. Definer: the server may read no table.';
