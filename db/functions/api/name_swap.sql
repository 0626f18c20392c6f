create function api.swap_names_preview(unclear boolean default false, except_cards integer[] default '{}')
returns table (card integer, stands text, person text, becomes text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.card, p.stands, p.person, p.becomes from rules.name_plan(unclear, except_cards) p order by p.card
$$;
comment on function api.swap_names_preview(boolean, integer[]) is
  'What api.swap_names would do with each person. stands: right, wrong, unclear or empty, by the look of family name '
  'and patronymic; becomes: the name after it, null where the person stays. Definer: reads gym.users. '
  'Example: select * from api.swap_names_preview() where becomes is not null;';

create function api.swap_names(unclear boolean default false, except_cards integer[] default '{}')
returns table (stands text, people bigint, swapped bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select * from rules.swap_names(unclear, except_cards) $$;
comment on function api.swap_names(boolean, integer[]) is
  'Swaps family names and patronymics that stand the wrong way round. It is done once in a database, for people who '
  'were added with an older version in psql or by energy user add. unclear: also those whose names do not tell; '
  'except_cards: people who stay. Look at api.swap_names_preview before. Errors: names_swapped_once. Definer: writes '
  'gym.users. '
  'Example: select * from api.swap_names(except_cards => ''{12069840}'');';
