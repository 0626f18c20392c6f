-- The university's roster, and who may register by it.

create function rules.on_roster(p_card integer) returns boolean
language sql stable
as $$ select exists (select from gym.roster r where r.card = p_card and r.gone_at is null) $$;
comment on function rules.on_roster(integer) is
  'Whether a card is on the university''s roster. By the number alone: names are typed by hand, and a ё or a '
  'marriage must keep nobody out.';

create function rules.may_register(p_card integer) returns boolean
language sql stable
as $$ select not c.roster_only or rules.on_roster(p_card) from gym.settings c $$;
comment on function rules.may_register(integer) is
  'Whether a student with that card may register (mission.md 7): anybody, or with the setting roster_only whoever is '
  'on the roster.';

create function rules.roster_rows(p_rows jsonb)
returns table (line integer, card integer, family text, given text, patronymic text, study_group text)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_bad record;
begin
  if jsonb_typeof(p_rows) is distinct from 'array' or p_rows = '[]' then
    perform rules.refuse('roster_empty');
  end if;
  select r.line, r.problem into v_bad
    from (
      select coalesce(x.row ->> 'line', x.nth::text) as line, x.nth,
             case when jsonb_typeof(x.row) <> 'object' then 'не объект'
                  when coalesce(btrim(x.row ->> 'card'), '') !~ '^[0-9]{1,10}$'
                    then format('номер билета «%s» — не число', left(coalesce(x.row ->> 'card', ''), 40))
                  when btrim(x.row ->> 'card')::bigint not between 1 and 2147483647
                    then format('номер билета %s не подходит', btrim(x.row ->> 'card'))
                  when coalesce(btrim(x.row ->> 'secondname'), '') = '' then 'нет фамилии (в JSON: secondname)'
                  -- a row that numbers the columns, or columns that were shifted
                  when x.row ->> 'secondname' ~ '^[0-9 .]+$'
                    then format('фамилия «%s» — число', left(x.row ->> 'secondname', 40))
                  when greatest(length(x.row ->> 'surname'), length(x.row ->> 'firstname'),
                    length(x.row ->> 'secondname'), length(x.row ->> 'group')) > 200
                    then 'имя или группа длиннее 200 символов'
                  when x.seen > 1 then format('билет %s уже был выше', btrim(x.row ->> 'card'))
             end as problem
        from (select e.row, e.nth,
          row_number() over (partition by ltrim(btrim(e.row ->> 'card'), '0') order by e.nth) as seen
                from jsonb_array_elements(p_rows) with ordinality e (row, nth)) x) r
   where r.problem is not null
   order by r.nth
   limit 1;
  if found then
    perform rules.refuse('roster_unreadable', v_bad.line, v_bad.problem);
  end if;
  return query
  select coalesce((e.row ->> 'line')::integer, e.nth::integer), btrim(e.row ->> 'card')::integer,
         btrim(e.row ->> 'secondname'),
         coalesce(btrim(e.row ->> 'firstname'), ''), coalesce(btrim(e.row ->> 'surname'), ''),
         coalesce(btrim(e.row ->> 'group'), '')
    from jsonb_array_elements(p_rows) with ordinality e (row, nth);
end
$$;
comment on function rules.roster_rows(jsonb) is
  'The rows of a roster: an array of objects with the keys of openapi.yaml: card, secondname (family name) and, where '
  'there are any, firstname (given name), surname (patronymic), group; line: where the row stood in its file. One row '
  'that can''t be read refuses all. Errors: roster_empty, roster_unreadable.';

create function rules.roster_changes(p_rows jsonb)
  returns table (change text, card integer, person text, study_group text, was text)
language sql stable
as $$
  select case when n.card is null then 'gone' when r.card is null or r.gone_at is not null then 'added'
    else 'changed' end,
         coalesce(n.card, r.card),
         case when n.card is null then rules.full_name(r.family, r.given, r.patronymic)
              else rules.full_name(n.family, n.given, n.patronymic) end,
         coalesce(n.study_group, r."group"),
         case when n.card is not null and r.card is not null and r.gone_at is null
              then concat_ws(' ', rules.full_name(r.family, r.given, r.patronymic), '(' || r."group" || ')') end
    from rules.roster_rows(p_rows) n
    full join gym.roster r on r.card = n.card
   where case when n.card is null then r.gone_at is null
              else r.card is null or r.gone_at is not null
                   or array[rules.folded(r.family), rules.folded(r.given), rules.folded(r.patronymic),
                            rules.folded(r."group")]
                      <> array[rules.folded(n.family), rules.folded(n.given), rules.folded(n.patronymic),
                               rules.folded(n.study_group)] end
   order by 1, 2
$$;
comment on function rules.roster_changes(jsonb) is
  'What the import of a roster would change: added, changed (was: how it stood), gone (not named any more). Texts that '
  'rules.folded takes for the same are no change. p_rows: see rules.roster_rows. Errors: roster_empty, '
  'roster_unreadable.';

create function rules.drops_too_many(p_dropped bigint, p_present bigint) returns boolean
language sql immutable
as $$ select p_dropped * 10 > p_present $$;
comment on function rules.drops_too_many(bigint, bigint) is
  'Whether a roster of p_present students may lose p_dropped of them by force only: more than a tenth. In a term a '
  'university loses fewer; a file that was cut lacks more.';

create function rules.roster_needs_force(p_rows jsonb) returns boolean
language sql stable
as $$
  select rules.drops_too_many(
    (select count(*) from rules.roster_changes(p_rows) c where c.change = 'gone'),
    (select count(*) from gym.roster r where r.gone_at is null))
$$;
comment on function rules.roster_needs_force(jsonb) is
  'Whether the import of a roster would be refused without p_force (roster_drops_a_tenth). Errors: roster_empty, '
  'roster_unreadable.';

create function rules.import_roster(p_rows jsonb, p_force boolean default false)
returns table (change text, card integer, person text, study_group text, was text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_present bigint;
  v_dropped bigint;
begin
  -- of two imports at once the second sees what the first wrote
  lock table gym.roster in share row exclusive mode;
  return query select * from rules.roster_changes(p_rows);
  -- drop the cards that are not named, before others are added: the tenth is of those present now
  select count(*) into v_present from gym.roster r where r.gone_at is null;
  perform set_config('gym.roster_force', p_force::text, true);
  update gym.roster r set gone_at = rules.clock()
   where r.gone_at is null and not exists (select from rules.roster_rows(p_rows) n where n.card = r.card);
  get diagnostics v_dropped = row_count;
  perform set_config('gym.roster_force', '', true);
  if not coalesce(p_force, false) and rules.drops_too_many(v_dropped, v_present) then
    perform rules.refuse('roster_drops_a_tenth', v_dropped::text, v_present::text);
  end if;
  -- write what the file says, also where it only looks the same
  insert into gym.roster as r (card, family, given, patronymic, "group", added_at)
  select n.card, n.family, n.given, n.patronymic, n.study_group, rules.clock() from rules.roster_rows(p_rows) n
  on conflict (card) do update
     set family = excluded.family, given = excluded.given, patronymic = excluded.patronymic, "group" = excluded."group",
         gone_at = null
   where r.gone_at is not null
      or (r.family, r.given, r.patronymic, r."group")
         is distinct from (excluded.family, excluded.given, excluded.patronymic, excluded."group");
end
$$;
comment on function rules.import_roster(jsonb, boolean) is
  'Makes gym.roster the roster p_rows, and returns what changed (rules.roster_changes). Harmless to repeat. People who '
  'have registered stay as they are, also those who are gone. p_force: also where more than a tenth of the roster '
  'would '
  'be gone. Errors: roster_empty, roster_unreadable, roster_drops_a_tenth.';
