create function api.add_user(
  card integer, family text, given text, patronymic text default '', "group" text default '',
  role gym.userrole default 'STUDENT', entropy bytea default null)
returns table (id integer, student_card integer, person text, is_a gym.userrole, code text, valid_until timestamp)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  select u.id, u.student_card, n.name, u.role, i.code, rules.local_time(i.valid_until)::timestamp(0)
    from rules.add_user(add_user.card, add_user.family, add_user.given, add_user.patronymic, add_user."group", null,
      add_user.role) u
   cross join rules.names(u) n
    left join lateral rules.first_code(u, add_user.entropy) i on true;
end
$$;
comment on function api.add_user(integer, text, text, text, text, gym.userrole, bytea) is
  'Adds a person, and shows once the code by which that person sets the password. card: number of the student '
  'card; family: '
  'family name, never empty; given: given name; patronymic may be empty; entropy: 32 random bytes (PostgreSQL 12 '
  'makes none: '
  'energy user code gives the code). Errors: users_family_given, users_student_card_taken. Definer: writes gym.users. '
  'Example: select * from api.add_user(12069850, ''Петров'', ''Иван'', ''Ильич'', ''БИ-21'');';

create function api.person(card integer default null, person integer default null)
returns table (id integer, student_card integer, family text, given text, patronymic text, "group" text,
  role gym.userrole, deleted boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.student_card, r.family, r.given, r.patronymic, u."group", u.role, u.deleted
    from gym.users u
    join rules.roll r on r.user_id = u.id
   where u.id = api.person_id(person.card, person.person)
$$;
comment on function api.person(integer, integer) is
  'Shows a person, deleted ones too. card: number of the student card, or person: id. '
  'Errors: user_not_found. Definer: reads gym.users. Example: select * from api.person(card => 12069840);';

create function api.edit_person(
  card integer default null, person integer default null, family text default null, given text default null,
  patronymic text default null, "group" text default null, role gym.userrole default null)
returns table (id integer, student_card integer, full_name text, in_group text, is_a gym.userrole)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.student_card, n.name, u."group", u.role
    from rules.edit_person(api.person_id(card, person), family, given, patronymic, "group", role) u
   cross join rules.names(u) n
$$;
comment on function api.edit_person(integer, integer, text, text, text, text, gym.userrole) is
  'Changes a person''s names, group or role. null leaves a field, '''' empties it, but never the family name; the role '
  'BLOCKED is a block by hand (api.block says why). card, or person: id. '
  'Errors: user_not_found, users_family_given, users_names_short. Definer: writes gym.users. '
  'Example: select * from api.edit_person(card => 12069840, family => ''Иванова'', "group" => ''БИ-22'');';

create function api.merge_users(card integer default null, into_card integer default null, person integer default null,
  into_person integer default null)
returns table (what text, result text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select m.* from rules.merge_users(api.person_id(card, person), api.person_id(into_card, into_person), rules.actor()) m $$;
comment on function api.merge_users(integer, integer, integer, integer) is
  'Makes two accounts of one person one, and says what became of what. Seats of this and later months go over to '
  'into_card where it may hold them, so do a block that stands and pardons of days to come; the account of card is '
  'then deleted. '
  'Marks, absences, past seats and blocks stay where they were made: history is not rewritten. Cards, or person '
  'and into_person: ids. Errors: user_not_found, merge_two_people. Definer: writes gym.users and gym.enrolments. '
  'Example: select * from api.merge_users(card => 12069841, into_card => 12069840);';

create function api.delete_user(card integer default null, person integer default null)
  returns table (id integer, freed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  id := api.person_id(card, person);
  select count(*) into freed from gym.enrolments e
   where e.user_id = delete_user.id and e.cancelled_at is null and e.month >= rules.this_month();
  perform rules.delete_user(id);
  return next;
end
$$;
comment on function api.delete_user(integer, integer) is
  'Marks a person deleted: seats from today on are freed, history and card stay. card, or person: id. Errors: '
  'user_not_found. Definer: writes gym.users. Example: select * from api.delete_user(card => 12069840);';

create function api.restore_user(card integer default null, person integer default null)
  returns table (id integer, student_card integer, is_a gym.userrole)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select u.id, u.student_card, u.role from rules.restore_user(api.person_id(card, person)) u $$;
comment on function api.restore_user(integer, integer) is
  'Brings a deleted person back. card, or person: id. Errors: user_not_found. Definer: writes gym.users. Example: '
  'select * from api.restore_user(card => 12069840);';

create function api.change_card(
  new_card integer, card integer default null, person integer default null, entropy bytea default null)
returns table (id integer, student_card integer, code text, valid_until timestamp)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  select u.id, u.student_card, i.code, rules.local_time(i.valid_until)::timestamp(0)
    from rules.change_card(api.person_id(change_card.card, change_card.person), change_card.new_card) u
    left join lateral rules.first_code(u, change_card.entropy) i on true;
end
$$;
comment on function api.change_card(integer, integer, integer, bytea) is
  'Gives a person another card. The password ends with the old one: the code, which is shown once, lets the person set '
  'another. card, or person: id; entropy: 32 random bytes (PostgreSQL 12 makes none: energy user code). '
  'Errors: user_not_found, users_student_card_taken. Definer: writes gym.users. '
  'Example: select * from api.change_card(12069850, card => 12069840);';

create function api.set_pepper(pepper text, force boolean default false) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.set_pepper(pepper, force) $$;
comment on function api.set_pepper(text, boolean) is
  'Sets the pepper to the one that the auth server holds. Errors: pepper_in_use while passwords are stored under '
  'the present one, unless force. Definer: writes gym.secrets. Example: select api.set_pepper(''the one of the '
  'auth server'');';

do $masked$
begin
  -- beside the masks what rules.columns lets a reader see
  execute format(
    $view$
    create view api.people_masked as
    select u.id, '…' || right(u.student_card::text, 2) as card,
           -- an empty name has no initial, and no point
           concat_ws(' ', nullif(left(btrim(r.family), 1), '') || '.', nullif(left(btrim(r.given), 1), '') || '.')
             as person,
           %s
      from gym.users u
      join rules.roll r on r.user_id = u.id
     order by u.id
    $view$,
    (select string_agg(format('u.%I', a.attname), ', ' order by a.attnum)
       from rules.columns c
       join pg_attribute a on a.attrelid = 'gym.users'::regclass and a.attname = c.name
      where c.on_table = 'users' and c.reader and c.name <> 'id'));
end
$masked$;
comment on view api.people_masked is
  'People for those who may see no names: initials, family name first, and the end of the card. The only view of '
  'people that a reader''s role may look at. Example: select "group", count(*) from api.people_masked where not '
  'deleted group by "group";';
