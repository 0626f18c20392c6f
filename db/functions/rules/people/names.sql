-- What the names of a person mean. In gym.users, and in JSON, the column secondname holds the family name and surname
-- the patronymic, as the old system named them. Everything that shows, sorts or looks for names reads them from here.

create function rules.full_name(p_family text, p_given text, p_patronymic text) returns text
language sql stable
as $$
  select concat_ws(' ', nullif(btrim(p_family), ''), nullif(btrim(p_given), ''), nullif(btrim(p_patronymic), ''))
$$;
comment on function rules.full_name(text, text, text) is
  'A full name: family name, given name, patronymic. Parts that are empty or null are left out.';

create function rules.names(p_person gym.users) returns table (family text, given text, patronymic text, name text)
language sql stable
as $$
  select p_person.secondname, p_person.firstname, p_person.surname,
         rules.full_name(p_person.secondname, p_person.firstname, p_person.surname)
$$;
comment on function rules.names(gym.users) is
  'The names of a row of gym.users that is at hand, and the full name. In a query over people join rules.roll instead.';

-- The two views call no function of ours: views of api join them, and functions in a view need the rights of its
-- reader. In Unicode ё stands apart from the other letters. To sort as the Russian alphabet does, in a database of any
-- locale, the letters from ж on move up by one, and ё takes the place. The frequent ones come first: translate() looks
-- through the list.

create view rules.roll as
select p.user_id, p.student_card, p.family, p.given, p.patronymic,
       concat_ws(' ', nullif(btrim(p.family), ''), nullif(btrim(p.given), ''), nullif(btrim(p.patronymic), '')) as name,
       p."group",
       -- \x01: a family name comes before a longer one that begins with it, whatever follows
       translate(lower(concat_ws(E'\x01', btrim(p.family), btrim(p.given), btrim(p.patronymic))),
         'оаеинтсрвлкмдпуяыьгзбчйхжшюцщэфъёОАЕИНТСРВЛКМДПУЯЫЬГЗБЧЙХЖШЮЦЩЭФЪЁ',
         'паейоутсвмлндрфѐьэгибшкцзщячъюхыжпаейоутсвмлндрфѐьэгибшкцзщячъюхыж') collate "C" as place
  from (
    select u.id as user_id, u.student_card, u.secondname as family, u.firstname as given, u.surname as patronymic,
           u."group"
      from gym.users u) p;
comment on view rules.roll is
  'People, deleted ones too, with the names of rules.names. place: sorts by family name, given name and patronymic, in '
  'the order of the Russian alphabet, without regard to capitals.';

create view rules.roster_roll as
select r.card, r.family, r.given, r.patronymic,
       concat_ws(' ', nullif(btrim(r.family), ''), nullif(btrim(r.given), ''), nullif(btrim(r.patronymic), '')) as name,
       r."group", r.gone_at,
       translate(lower(concat_ws(E'\x01', btrim(r.family), btrim(r.given), btrim(r.patronymic))),
         'оаеинтсрвлкмдпуяыьгзбчйхжшюцщэфъёОАЕИНТСРВЛКМДПУЯЫЬГЗБЧЙХЖШЮЦЩЭФЪЁ',
         'паейоутсвмлндрфѐьэгибшкцзщячъюхыжпаейоутсвмлндрфѐьэгибшкцзщячъюхыж') collate "C" as place
  from gym.roster r;
comment on view rules.roster_roll is 'Lines of the roster, named and sorted as people are in rules.roll.';

create function rules.check_family(p_family text) returns void
language plpgsql stable
as $$
begin
  if btrim(p_family, E' \t\r\n\u00A0') = '' then
    perform rules.refuse('users_family_given');
  end if;
end
$$;
comment on function rules.check_family(text) is
  'A family name is never empty; null is fine. Errors: users_family_given.';

create function rules.folded(p_text text) returns text
language plpgsql immutable
as $$
begin
  -- nearly every name and group is of plain Russian words: a tenth of the time
  if p_text ~ '^([А-Яа-яЁё0-9.]+[ -])*[А-Яа-яЁё0-9.]+$' and lower('Я') = 'я' then
    return lower(p_text);
  end if;
  return regexp_replace(btrim(
           -- й and ё of two signs (normal form D, as Macs write it) become one; PostgreSQL 12 has no normalize()
           replace(replace(
             -- not lower() alone: in a database of locale C it leaves Cyrillic as it is
             translate(lower(p_text),
               E'АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯӘҒҚҢӨҰҮҺІЇЄҐЎ'
               -- Latin letters whose capitals look like Cyrillic ones
               'abcehkmoptxyiëË'
               -- hyphens and dashes
               '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uFE58\uFE63\uFF0D'
               -- blanks
               '\t\r\n\x0B\f\u0085\u00A0\u1680'
               '\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'
               -- signs that can't be seen: translate leaves out what has no counterpart
               '\u00AD\u200B\u200C\u200D\u200E\u200F\u2060\uFEFF',
               'абвгдеёжзийклмнопрстуфхцчшщъыьэюяәғқңөұүһіїєґў'
               'авсенкмортхуіёё'
               '----------'
               '        '
               '                '),
             E'и\u0306', 'й'), E'е\u0308', 'ё')),
         -- one blank for many, and none around a hyphen
         ' *([ -]) *', '\1', 'g');
end
$$;
comment on function rules.folded(text) is
  'A text as people see it, by which groups and names are compared: without regard to capitals, kinds of blanks and '
  'hyphens, signs that can''t be seen, composed letters, and Latin letters that look like Cyrillic ones.';
