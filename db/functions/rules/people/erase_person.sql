-- Erasing a person by law: names, cards and what mentions them, in the tables and in the audit trail.

create function rules.blanked(p_values jsonb, p_keys text[]) returns jsonb
language sql immutable
as $$
  select jsonb_object_agg(v.key, case when v.key = any (p_keys) and v.value <> 'null' then '"erased"' else v.value end)
    from jsonb_each(p_values) v
$$;
comment on function rules.blanked(jsonb, text[]) is 'Values of a row of the audit trail, those of p_keys blanked.';

create function rules.unnamed(p_text text, p_named text) returns text
language sql immutable
as $$ select regexp_replace(p_text, p_named, 'стёрто', 'gi') $$;
comment on function rules.unnamed(text, text) is
  'A text without those whom the regular expression p_named (rules.named) finds in it.';

create function rules.unnamed(p_values jsonb, p_named text) returns jsonb
language sql immutable
as $$
  select jsonb_object_agg(v.key, case
    when jsonb_typeof(v.value) = 'string' then to_jsonb(rules.unnamed(v.value #>> '{}', p_named)) else v.value end)
    from jsonb_each(p_values) v
$$;
comment on function rules.unnamed(jsonb, text) is
  'Values of a row of the audit trail, each text as rules.unnamed has it.';

create function rules.spelt(p_name text) returns text
language sql immutable
as $$
  -- letter by letter, since ~* knows Cyrillic capitals in some locales only
  select string_agg(
    case when s.sign ~ '\s' then case when s.before ~ '\s' then '' else '[\s\u00a0\u2000-\u200b\u202f,]+' end
         when s.sign in ('-', '‐', '‑', '–') then '\s*[-\u2010\u2011\u2012\u2013\u2014\s]\s*'
         -- with the dots or the breve apart too, as some systems write them (NFD)
         when s.sign in ('е', 'Е', 'ё', 'Ё') then '[еЕёЁ]\u0308?'
         when s.sign in ('й', 'Й') then '(?:[йЙ]|[иИ]\u0306)'
         when strpos(a.small, s.sign) > 0 then format('[%s%s]', s.sign, substr(a.large, strpos(a.small, s.sign), 1))
         when strpos(a.large, s.sign) > 0 then format('[%s%s]', substr(a.small, strpos(a.large, s.sign), 1), s.sign)
         when s.sign ~ '[\[\]\\.*+?^${}()|]' then '\' || s.sign
         else s.sign end
    -- a soft hyphen may stand anywhere
    || case when s.sign ~ '\s' then '' else '\u00ad?' end, '' order by s.place)
    from (values ('абвгджзиклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz',
                  'АБВГДЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯABCDEFGHIJKLMNOPQRSTUVWXYZ')) a (small, large)
   cross join lateral (
     select t.sign, t.place, lag(t.sign, 1, '') over (order by t.place) as before
       from regexp_split_to_table(btrim(translate(
              replace(replace(replace(replace(p_name, 'ё', 'ё'), 'Ё', 'Ё'), 'й', 'й'), 'Й', 'Й'),
              E'\u00a0\u202f\u2009,\u00ad', '    ')), '') with ordinality t (sign, place)) s
$$;
comment on function rules.spelt(text) is
  'A name as a regular expression that finds it in a text in any case, with е or ё, composed or not, over line breaks, '
  'no-break spaces and commas, with any hyphen, and with soft hyphens in it.';

create function rules.cards_of(p_user_id integer) returns integer[]
language sql stable
as $$
  select array(
    select u.student_card from gym.users u where u.id = p_user_id
    union
    select c.card::integer
      from gym.audit_log a cross join lateral (values (a.old_values ->> 'student_card'),
        (a.new_values ->> 'student_card')) c (card)
     where a.on_table = 'users' and a.key = p_user_id::text and c.card ~ '^\d+$')
$$;
comment on function rules.cards_of(integer) is
  'The cards that a person has, and had as far as the audit trail goes back.';

create function rules.no_card(p_user_id integer) returns integer
language sql immutable
as $$ select 2147483647 - p_user_id $$;
comment on function rules.no_card(integer) is
  'The number that stands for the cards of a person who was erased: cards differ from each other and stay taken. It '
  'counts from the far end, where no card of the university is.';

create function rules.is_name_swap(p_old jsonb, p_new jsonb) returns boolean
language sql immutable
as $$
  select coalesce(p_old ->> 'secondname' = p_new ->> 'surname' and p_old ->> 'surname' = p_new ->> 'secondname', false)
$$;
comment on function rules.is_name_swap(jsonb, jsonb) is
  'Reports whether an entry of the audit trail exchanged family name and patronymic: what stood before was the wrong '
  'way round.';

create function rules.names_ever(p_user_id integer) returns table (part text, name text)
language sql stable
as $$
  with known as (
    select r.row, r.is_swapped
      from (select a.old_values, a.new_values, rules.is_name_swap(a.old_values, a.new_values) as is_swap,
                   count(*) filter (where rules.is_name_swap(a.old_values, a.new_values))
                     over (order by a.id rows between 1 following and unbounded following) as swaps_to_come
              from gym.audit_log a
             where a.on_table = 'users' and a.key = p_user_id::text) e
     cross join lateral (values (e.old_values, (e.swaps_to_come + e.is_swap::integer) % 2 = 1),
                                (e.new_values, e.swaps_to_come % 2 = 1)) r (row, is_swapped)
    union all
    select to_jsonb(u), false from gym.users u where u.id = p_user_id)
  select distinct v.part, btrim(v.name)
    from known k
   cross join lateral (values ('family', k.row ->> case when k.is_swapped then 'surname' else 'secondname' end),
                              ('given', k.row ->> 'firstname'),
                              ('patronymic', k.row ->> case when k.is_swapped then 'secondname' else 'surname' end)
                   ) v (part, name)
   -- what was erased before
   where btrim(v.name) <> '' and v.name <> 'erased'
$$;
comment on function rules.names_ever(integer) is
  'The names that a person has, and had as far as the audit trail goes back. part: family, given, patronymic. What '
  'stood the wrong way round until the names were swapped (rules.swap_names) is read as what it is.';

create function rules.named(p_user_id integer, p_also text[]) returns text
language plpgsql stable
as $$
declare
  v_family     text;
  v_given      text;
  v_patronymic text;
  v_initial    text;
  v_ways       text[] := array(select c::text from unnest(rules.cards_of(p_user_id)) c)
                         || array(select rules.spelt(a) from unnest(p_also) a where btrim(a) <> '');
begin
  select string_agg(rules.spelt(n.name), '|') filter (where n.part = 'family'),
         string_agg(rules.spelt(n.name), '|') filter (where n.part = 'given'),
         string_agg(rules.spelt(n.name), '|') filter (where n.part = 'patronymic'),
         string_agg(rules.spelt(left(n.name, 1)), '|') filter (where n.part = 'given')
    into v_family, v_given, v_patronymic, v_initial
    from rules.names_ever(p_user_id) n;
  -- never the family name alone: it may be a word, or another person's
  if v_family is not null and v_given is not null then
    v_patronymic := coalesce('(?:[\s\u00a0\u2000-\u200b\u202f,]+(?:' || v_patronymic || '))?', '');
    v_ways := v_ways || array[
      format('(?:%s)[\s\u00a0\u2000-\u200b\u202f,]+(?:%s)%s', v_family, v_given, v_patronymic),
      format('(?:%s)%s[\s\u00a0\u2000-\u200b\u202f,]+(?:%s)', v_given, v_patronymic, v_family),
      format('(?:%s)[\s\u00a0\u2000-\u200b\u202f,]+(?:%s)\.(?:[\s\u00a0]*[A-ZА-ЯЁ]\.)?', v_family, v_initial),
      format('(?:%s)\.[\s\u00a0]*(?:[A-ZА-ЯЁ]\.[\s\u00a0]*)?(?:%s)', v_initial, v_family)];
  end if;
  -- whole words; \m knows Cyrillic in some locales only. What follows initials is none of theirs
  return format('(?<![0-9A-Za-zА-Яа-яЁё])(?:%s)(?:(?<=\.)|(?![0-9A-Za-zА-Яа-яЁё]))', array_to_string(v_ways, '|'));
end
$$;
comment on function rules.named(integer, text[]) is
  'A regular expression that finds a person in texts: by a card; by family name and given name in either order, with '
  'the patronymic or without; by family name and initials; and by p_also, what else the person is called in them '
  '(another case, a nickname).';

create function rules.blank_texts(p_table text, p_user_id integer, p_named text) returns integer
language plpgsql volatile
as $$
-- the statements are of rules.columns and rules.erased_rows
-- @plpgsql_check_options: security_warnings = off
declare
  v_text  record;
  v_texts integer;
begin
  select t.is_own,
         string_agg(format(case
           when t.is_own then '%1$I = case when %1$I is null then null when user_id = $1 then %2$L '
                                                   'else rules.unnamed(%1$I, $2) end'
                                else '%1$I = rules.unnamed(%1$I, $2)' end, n.name, 'стёрто'), ', ') as changes,
         string_agg(format('%I', n.name), ', ') as names
    into v_text
    from rules.texts t cross join lateral unnest(t.names) n (name)
   where t.on_table = p_table
   group by t.is_own;
  execute format('update gym.%I set %s where %s concat_ws(%L, %s) ~* $2', p_table, v_text.changes,
                 case when v_text.is_own then 'user_id = $1 or ' end, ' ', v_text.names)
    using p_user_id, p_named;
  get diagnostics v_texts = row_count;
  return v_texts;
end
$$;
comment on function rules.blank_texts(text, integer, text) is
  'The part of rules.erase_person in the typed texts (rules.texts) of one table: of the person''s own rows all, of '
  'others '
  'whom the regular expression p_named finds. Gives the number of rows.';

create function rules.erase_person(p_user_id integer, p_reason text, p_also text[] default '{}')
returns table (entries integer, texts integer)
language plpgsql volatile
as $$
-- the statements are of rules.columns and rules.erased_rows
-- @plpgsql_check_options: security_warnings = off
declare
  v_cards integer[];
  v_named text;
  v_table text;
  v_what  text;
begin
  if coalesce(btrim(p_reason), '') = '' then
    perform rules.refuse('erase_reason_given');
  end if;
  if not exists (select from gym.users u where u.id = p_user_id) then
    perform rules.refuse('user_not_found');
  end if;
  v_cards := rules.cards_of(p_user_id);
  v_named := rules.named(p_user_id, p_also);

  -- what was typed. Pardons before the person, as in rules.unblock
  texts := rules.blank_pardons(p_user_id, v_named) + rules.blank_texts('closures', p_user_id, v_named)
           + rules.blank_texts('cancelled_lessons', p_user_id, v_named);
  perform from gym.users u where u.id = p_user_id for no key update;
  for v_table in
    select t.on_table from rules.texts t where t.on_table not in ('pardons', 'closures', 'cancelled_lessons') order by 1
  loop
    texts := texts + case when v_table = 'ledger' then rules.blank_ledger(p_user_id, v_named)
                          else rules.blank_texts(v_table, p_user_id, v_named) end;
  end loop;

  -- rows that go
  for v_table, v_what in select r.on_table, r.found from rules.erased_rows r loop
    execute format('delete from gym.%I where %s', v_table, v_what) using p_user_id, v_cards;
  end loop;
  -- columns that are emptied; a consent that still counts is taken back
  update gym.consents c set withdrawn_at = coalesce(c.withdrawn_at, rules.clock()) where c.user_id = p_user_id;
  for v_table, v_what in
    select c.on_table,
           string_agg(format('%I = ', c.name)
                      || case c.erasure when 'null' then 'null' when 'empty' then quote_literal('')
                                        when 'erased' then quote_literal('erased') else 'rules.no_card($1)' end, ', ')
      from rules.columns c
     where c.erasure in ('null', 'empty', 'erased', 'number')
     group by c.on_table
     order by c.on_table
  loop
    execute format(case when v_table = 'users' then 'update gym.%I set %s, deleted = true where id = $1'
                        else 'update gym.%I set %s where user_id = $1' end, v_table, v_what)
      using p_user_id;
  end loop;

  -- the trail, with what was just written to it
  entries := rules.blank_trail(p_user_id, v_cards, v_named, p_reason, texts, nullif(rules.clock(), now()),
    rules.actor());
  return next;
end
$$;
comment on function rules.erase_person(integer, text, text[]) is
  'Erases a person by law: names, group, card, picture and hash go from gym.users and from the audit trail, which '
  'says so by the true time; so do the reasons of the person''s blocks and pardons, and the line of the roster, '
  'until the university names the card again. '
  'In other texts (posts, closures, lessons called off, reasons of others) whom rules.named finds is blanked. The '
  'row, enrolments, marks and so every count stay. The person is deleted and can''t be told or log in again. '
  'p_also: what else the person is called in texts. '
  'Gives the number of rows of the trail and of texts that were blanked. Errors: user_not_found, erase_reason_given.';

create function rules.mentions(p_user_id integer) returns table (what text, key text, body text)
language plpgsql stable
as $$
declare
  -- a family name in any case: all but its last two letters, which are of the case
  v_stem  text := (select rules.spelt(left(r.family, greatest(length(r.family) - 2, 3)))
                     from rules.roll r where r.user_id = p_user_id);
  v_found text := rules.named(p_user_id, '{}');
  v_cards integer[] := rules.cards_of(p_user_id);
begin
  return query
  select t.what, t.key, t.body
    from (select 'post' as what, p.id::text as key, p.body from gym.posts p
          union all
          select 'closure', c.id::text, c.reason from gym.closures c
          union all
          select 'lesson', l.date || ' ' || l.starts_at, l.reason from gym.cancelled_lessons l
          union all
          select 'block', b.id::text, concat_ws(' / ', b.reason, b.lift_reason) from gym.blocks b
            where b.user_id <> p_user_id
          union all
          select 'pardon', p.id::text, p.reason from gym.pardons p where p.user_id <> p_user_id) t
   where t.body ~* v_found or v_stem <> '' and t.body ~* ('(?<![0-9A-Za-zА-Яа-яЁё])(?:' || v_stem || ')')
  union all
  -- a second account, as rules.merge_users leaves one, is erased by itself
  select o.what, o.key, format('%s, %s', o.card, concat_ws(' ', o.name, nullif(o."group", '')))
    from rules.roll r
    join (select 'account' as what, a.user_id::text as key, a.student_card as card, a.family, a.given, a.name, a."group"
            from rules.roll a where a.user_id <> p_user_id
          union all
          select 'roster', l.card::text, l.card, l.family, l.given, l.name, l."group"
            from rules.roster_roll l where not l.card = any (v_cards)) o
      on lower(o.family) = lower(r.family) and lower(o.given) = lower(r.given)
   where r.user_id = p_user_id and r.family <> '';
end
$$;
comment on function rules.mentions(integer) is
  'Texts, beside the reasons of the person''s own blocks and pardons, in which somebody may be named: what rules.named '
  'finds, and the beginning of the family name; and other accounts and lines of the roster of the same names. To be '
  'looked at before rules.erase_person.';
