begin;
\ir ../helpers/start.psql
select plan(15);

-- ---- rules.catalogue ----

select is_empty($$ select rule from rules.catalogue group by rule having count(*) > 1 $$, 'catalogue: a name, a rule');
select is_empty($$ select rule from rules.catalogue where sqlstate not in ('ENRUL', 'ENGON', 'ENREQ', 'ENACC') $$,
  'catalogue: the four states that the server knows');
select is_empty($$ select rule from rules.catalogue where rule !~ '^[a-z0-9_]+$' $$,
  'catalogue: names as of constraints');
select is_empty($$ select rule from rules.catalogue where message !~ '[а-яё]' or message ~ '[.]\s*$' = (rule = 'slots_taken_within_capacity') $$,
  'catalogue: Russian sentences, but for the text that openapi.yaml gives word for word');
select is_empty(
  $$ select rule from rules.catalogue where coalesce(meaning, '') = '' or coalesce(enforced_by, '') = '' $$,
  'catalogue: each says what it means and where it is enforced');
select is((select message from rules.catalogue where rule = 'slots_taken_within_capacity'),
  'Закончились места для записи', 'catalogue: the words of openapi.yaml for a full slot');

-- a constraint that a request can reach has a sentence
select is_empty($$
  select c.conname from pg_constraint c
   where c.conrelid in ('gym.settings'::regclass, 'gym.slots'::regclass, 'gym.users'::regclass) and c.contype = 'c'
     and not exists (select from rules.catalogue r where r.rule = c.conname) $$,
  'catalogue: every check of settings, slots and users');

-- every name that a function refuses by stands in the catalogue, else the refusal would be a fault of ours
select is_empty($$
  select p.proname, r[1] from pg_proc p
    cross join lateral regexp_matches(p.prosrc, 'rules\.refuse\(''([^'']+)''', 'g') r
   where p.pronamespace in ('rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace)
     and not exists (select from rules.catalogue c where c.rule = r[1]) $$,
  'catalogue: every rule that a function refuses by');

-- and nothing raises past it
select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace in ('rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace)
     and p.prosrc ~* '\mraise\s+(exception|using)'
     -- these catch their own, to let go of their locks
     and p.proname not in ('refuse', 'lock_slots_with_people', 'promote_next') $$,
  'refuse: the only place that raises');

-- ---- rules.refuse ----

create function help.told(p_statement text) returns text
language plpgsql as $$
declare
  v_detail text;
  v_hint   text;
begin
  execute p_statement;
  return 'nothing';
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    return concat_ws(' | ', sqlerrm, v_detail, nullif(v_hint, ''));
end
$$;
select is(refusal($$ select rules.refuse('slot_not_found') $$), 'ENGON slot_not_found',
  'refuse: SQLSTATE and name of the rule');
select is(told($$ select rules.refuse('slots_capacity_below_taken', '7') $$),
  'На это занятие уже записано человек: 7. Вместимость не может быть меньше: сначала отмените лишние записи. | A '
  'capacity is never set below the seats taken. | api.cancel отменяет запись.',
  'refuse: message with its facts, meaning and hint');
select is(told($$ select rules.refuse('slot_not_found') $$),
  'Такого занятия нет, или оно удалено. Обновите страницу. | The slot named does not exist or is deleted.',
  'refuse: no hint where there is none');
select is(told($$ select rules.refuse('setting_not_allowed', 'a', 'b', 'c') $$),
  'Настройка a: значение b не подходит. Можно: c. | A setting stays in its range.', 'refuse: several facts');
select is(told($$ select rules.refuse('clock_unreadable', '100% %s') $$),
  'gym.now = «100% %s» — не дата и время. | The what-if clock is a date and time. | set gym.now = ''2026-12-25 12:00''',
    'refuse: signs of percent in a fact');
select is(refusal($$ select rules.refuse('no_such_rule') $$), 'P0002', 'refuse: a rule that does not exist');

select * from finish();
rollback;
