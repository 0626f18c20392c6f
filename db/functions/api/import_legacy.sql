create function api.import_legacy(schema text, dry_run boolean default false, admin_card integer default null)
returns table (what text, rows bigint, imported bigint, known bigint, refused bigint, note text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.import_legacy(schema, dry_run, admin_card) $$;
comment on function api.import_legacy(text, boolean, integer) is
  'Takes over the old Python system''s database from a schema of this one, all or nothing. Repeated, it adds what '
  'is new and changes nothing else. dry_run: only counts. '
  'admin_card: card of the default administrator, whose log-in is disabled (none named: the ADMIN with the lowest '
  'id; 0: there is none). Errors: legacy_schema_missing, legacy_table_missing, legacy_table_foreign, '
  'legacy_column_missing, legacy_admin_unknown. '
  'Definer: writes the tables. Example: select * from api.import_legacy(''legacy'', dry_run => true);';

create function api.import_legacy_problems(schema text, admin_card integer default null)
  returns table (what text, old_id bigint, outcome text, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.plan_problems(schema, admin_card) $$;
comment on function api.import_legacy_problems(text, integer) is
  'Every row that api.import_legacy would refuse, or change, and why. changed: it comes in otherwise than it '
  'stands. Errors: as of api.import_legacy. Definer: reads the tables. '
  'Example: select * from api.import_legacy_problems(''legacy'') where outcome = ''refused'';';
