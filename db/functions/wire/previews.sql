create function wire.report_preview(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind text;
begin
  perform rules.admit('report/preview', p_actor, p_request_id);
  v_kind := rules.text_field(p_body, 'kind');
  if v_kind not in ('visits', 'occupancy', 'term', 'blocked') then
    perform rules.refuse('field_unreadable', 'kind', 'visits, occupancy, term или blocked');
  end if;
  return rules.preview_json(v_kind, rules.date_field(p_body, 'startDate'), rules.date_field(p_body, 'endDate'),
    rules.text_field(p_body, 'group', false), coalesce(rules.int_field(p_body, 'rows', false, p_max => 200), 20));
end
$$;
comment on function wire.report_preview(integer, jsonb, text) is
  'POST /report/preview: the first rows of a report, and what it adds up to. Errors: field_unreadable, those of '
  'rules.preview_json. Definer: the server may read no table.';

create function wire.report_statistics(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.admit('report/statistics', p_actor, p_request_id);
  return rules.statistics_json(rules.date_field(p_body, 'startDate'), rules.date_field(p_body, 'endDate'));
end
$$;
comment on function wire.report_statistics(integer, jsonb, text) is
  'POST /report/statistics: how full each time is, who comes, and whom there was no seat for. '
  'Errors: those of rules.statistics_json. Definer: the server may read no table.';
