create view api.roster as
select r.card, r.name as person, r."group",
       u.id as user_id, r.gone_at is not null as is_gone
  from rules.roster_roll r
  -- offset 0: all at once. Without statistics each card would be looked up by itself
  left join (select p.id, p.student_card from gym.users p offset 0) u on u.student_card = r.card
 order by r.place, r.card;
comment on view api.roster is
  'The university''s roster. user_id: who has registered with that card; is_gone: the last import did not name it. '
  'Example: select * from api.roster where not is_gone and user_id is null;';

create function api.roster_preview(rows jsonb)
  returns table (change text, card integer, person text, "group" text, was text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.roster_changes(rows) $$;
comment on function api.roster_preview(jsonb) is
  'What the import of a roster would change: added, changed, gone. rows: an array of objects with card, secondname '
  '(family name), firstname (given name), surname (patronymic), group, named as in openapi.yaml. Errors: roster_empty, '
  'roster_unreadable. Definer: reads gym.roster. '
  'Example: select * from api.roster_preview(''[{"card": 12069840, "secondname": "Петров"}]'');';

create function api.roster_needs_force(rows jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select rules.roster_needs_force(rows) $$;
comment on function api.roster_needs_force(jsonb) is
  'Whether api.import_roster would ask for force: more than a tenth of the roster would be gone. rows: see '
  'api.roster_preview. Errors: roster_empty, roster_unreadable. Definer: reads gym.roster. '
  'Example: select api.roster_needs_force(''[{"card": 12069840, "secondname": "Петров"}]'');';

create function api.import_roster(rows jsonb, force boolean default false)
returns table (change text, card integer, person text, "group" text, was text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.import_roster(rows, force) $$;
comment on function api.import_roster(jsonb, boolean) is
  'Makes the roster what rows say, the whole of it, and shows what changed. People who have registered stay as they '
  'are. rows: see api.roster_preview; force: also where more than a tenth of the roster would be gone; files: energy '
  'roster import. Errors: roster_empty, roster_unreadable, roster_drops_a_tenth. Definer: writes gym.roster. '
  'Example: select * from api.import_roster(''[{"card": 12069840, "secondname": "Петров"}]'', force => true);';
