-- Every column of gym is classified, and what follows from it does.
begin;
\ir ../../helpers/start.psql
select plan(16);

create function help.unclassified() returns setof text
language sql stable as $$
  select c.relname || '.' || a.attname
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
     and not exists (select from rules.columns k where (k.on_table, k.name) = (c.relname, a.attname))
$$;
select is_empty($$ select unclassified() $$, 'columns: each of gym is classified');
savepoint before;
alter table gym.users add column telegram text;
select set_eq($$ select unclassified() $$, '{users.telegram}'::text[], 'columns: and one that is not is found');
rollback to before;
select is_empty($$ select k.on_table, k.name from rules.columns k left join pg_attribute a
  on a.attrelid = to_regclass('gym.' || k.on_table) and a.attname = k.name where a.attname is null $$,
    'columns: each is there');
select is_empty($$ select on_table, name from rules.columns group by 1, 2 having count(*) > 1 $$, 'columns: each once');
select is_empty($$ select on_table, name from rules.columns
  where class not in ('personal', 'plain', 'kept')
     or (class = 'personal') <> (erasure is not null)
     or erasure not in ('row', 'text', 'empty', 'null', 'erased', 'number', 'trail')
     or class = 'kept' and note is null or trail not in ('changed', 'never') $$,
  'columns: what is personal says how it is erased, what is kept says why');
select is_empty($$ select on_table, name from rules.columns where class = 'personal' and reader and note is null $$,
  'columns: what a reader sees of people says why');
-- of a table some rows of which go, all is a row's
select set_eq($$ select on_table from rules.columns group by 1 having bool_or(erasure = 'row') $$,
  $$ select on_table from rules.erased_rows $$, 'columns: erased rows are those of erased_rows');
select is_empty($$ select on_table from rules.columns group by 1 having bool_or(erasure = 'row') and not bool_and(erasure is not distinct from 'row') $$,
  'columns: a row that goes goes whole');
select is_empty($$ select on_table, erasure from rules.columns c
  where c.erasure in ('empty', 'null', 'erased', 'number') and c.on_table <> 'users'
  and not exists (select from pg_attribute a
    where a.attrelid = ('gym.' || c.on_table)::regclass and a.attname = 'user_id') $$,
  'columns: what is emptied is found by its person');
-- a name that the trail leaves out is left out of every table
select is_empty($$ select c.name from rules.columns c join rules.audited using (on_table) group by 1 having count(distinct coalesce(trail, '')) > 1 $$,
  'columns: what the trail leaves out is so called nowhere else');

-- ---- what follows ----

select is(rules.trail_changed() || rules.trail_never(), '{hid,image,free_since,taken}'::text[],
  'trail_changed, trail_never: from the columns');
select set_eq($$ select c.relname || '.' || a.attname from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'gym'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and has_column_privilege('energy_reader', c.oid, a.attnum, 'select') $$,
  $$ select on_table || '.' || name from rules.columns where reader $$, 'energy_reader: reads the columns that say so');
select set_eq(
  $$ select attname::text from pg_attribute where attrelid = 'api.people_masked'::regclass and attnum > 0 $$,
  $$ select name from rules.columns where on_table = 'users' and reader union all values ('card'), ('person') $$,
  'api.people_masked: what a reader may see, and the two masks');

-- a key of the roster is a card
insert into gym.roster (card, family, given, patronymic, "group", added_at)
  values (987654, 'Ежов', 'Яков', '', '', rules.clock());
create function help.as_reader(p_statement text) returns text
language plpgsql as $$
declare
  v_found text;
begin
  perform set_config('role', 'energy_reader', true);
  execute p_statement into v_found;
  perform set_config('role', 'none', true);
  return v_found;
end
$$;
select is(refusal($$ select as_reader('select key from gym.audit_log') $$), '42501', 'a reader: no keys of the trail');
select is(as_reader($$ select count(*) filter (where key is not null) || ' of ' || count(*) from api.changes_masked where on_table = 'roster' $$),
  '0 of 1', 'changes_masked: no card');
select is(as_reader(format('select count(*) from api.changes_masked where on_table = %L and key = %L', 'users',
  who('ann'))), '1',
  'changes_masked: the number of a person');

select * from finish();
rollback;
