-- Until version 28 of the tables, psql and the command line here took the family name for surname and the patronymic
-- for secondname. People who were added so stand the wrong way round beside those who signed up, whose names are right.

create function rules.is_patronymic(p_name text) returns boolean
language sql immutable
as $$ select rules.folded(p_name) ~ '(ич|вна|чна|шна|оглы|оглу|кызы|гызы|улы|уулу|қызы|ұлы)$' $$;
comment on function rules.is_patronymic(text) is
  'Reports whether a name looks like a patronymic. A few family names do too (Абрамович).';

create function rules.names_stand(p_family text, p_patronymic text) returns text
language sql immutable
as $$
  select case
      when btrim(p_family) = '' and btrim(p_patronymic) = '' then 'empty'
      -- a patronymic may be empty, a family name may not
      when btrim(p_patronymic) = '' then 'right'
      when btrim(p_family) = '' then 'wrong'
      when rules.is_patronymic(p_family) and not rules.is_patronymic(p_patronymic) then 'wrong'
      when rules.is_patronymic(p_patronymic) and not rules.is_patronymic(p_family) then 'right'
      else 'unclear'
    end
$$;
comment on function rules.names_stand(text, text) is
  'Whether family name and patronymic stand the right way round, by their look: right, wrong, unclear, empty (there is '
  'neither).';

create function rules.name_plan(p_unclear boolean, p_except integer[])
returns table (user_id integer, card integer, stands text, is_swapped boolean, person text, becomes text)
language sql stable
as $$
  select r.user_id, r.student_card, o.stands, s.is_swapped, r.name,
         case when s.is_swapped then rules.full_name(r.patronymic, r.given, r.family) end
    from rules.roll r
   -- offset 0: looked at once a person, not once for each column that asks
   cross join lateral (select rules.names_stand(r.family, r.patronymic) as stands offset 0) o
   cross join lateral (
     select (o.stands = 'wrong' or o.stands = 'unclear' and p_unclear)
            and r.student_card <> all (coalesce(p_except, '{}')) as is_swapped) s
$$;
comment on function rules.name_plan(boolean, integer[]) is
  'What rules.swap_names would do with each person, deleted ones too. stands: see rules.names_stand; becomes: the '
  'name after it, null where the person stays. p_unclear: those who stand unclear are swapped too; p_except: cards of '
  'people who stay.';

create function rules.swap_names(p_unclear boolean, p_except integer[])
returns table (stands text, people bigint, swapped bigint)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_before gym.name_swaps;
  v_ids    integer[];
begin
  -- of two at once the second sees that it was done
  lock table gym.name_swaps in share row exclusive mode;
  select * into v_before from gym.name_swaps;
  if found then
    perform rules.refuse('names_swapped_once', to_char(rules.local_time(v_before.swapped_at), 'DD.MM.YYYY HH24:MI'));
  end if;

  -- nobody is added or renamed between the plan and what it becomes
  lock table gym.users in share row exclusive mode;
  v_ids := array(select p.user_id from rules.name_plan(p_unclear, p_except) p where p.is_swapped);
  return query
  select p.stands, count(*), count(*) filter (where p.is_swapped)
    from rules.name_plan(p_unclear, p_except) p
   group by p.stands
   order by p.stands;
  -- where nothing is wrong nothing was done, and it may be tried again
  if v_ids = '{}' then
    return;
  end if;
  update gym.users u set secondname = u.surname, surname = u.secondname where u.id = any (v_ids);
  insert into gym.name_swaps (swapped_at, login, people) values (rules.clock(), session_user, cardinality(v_ids));
end
$$;
comment on function rules.swap_names(boolean, integer[]) is
  'Exchanges family name and patronymic of the people whom rules.name_plan says, once in the life of a database, and '
  'says of each way of standing how many people there were and were swapped. Arguments: see rules.name_plan. Errors: '
  'names_swapped_once.';
