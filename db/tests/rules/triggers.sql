-- In which order the triggers of a table fire. PostgreSQL takes them by kind, and those of one kind by name: a new
-- name, or
-- another one, changes the order. db/functions/rules/triggers/<table>.sql says it at its top.
begin;
select plan(2);

create temp view firing as
select t.on_table, t.event, t.at, string_agg(t.trigger, ', ' order by t.trigger collate "C") as triggers
  from (
    select c.relname::text as on_table, x.tgname::text as trigger, e.event, a.at
      from pg_trigger x
      join pg_class c on c.oid = x.tgrelid
      join (values ('insert', 4), ('update', 16), ('delete', 8), ('truncate', 32)) e (event,
        bit) on x.tgtype & e.bit > 0
      join (values ('before the statement', 2), ('before each row', 3), ('after each row', 1),
        ('after the statement', 0))
        a (at, bits) on x.tgtype & 3 = a.bits
     where c.relnamespace = 'gym'::regnamespace and not c.relispartition and not x.tgisinternal) t
 group by t.on_table, t.event, t.at;

select set_eq(
  $$ select on_table, event, at, triggers from firing $$,
  $$ values
    ('audit_log', 'update', 'before the statement', 'audit_log__keep'),
    ('audit_log', 'delete', 'before the statement', 'audit_log__keep'),
    ('audit_log', 'truncate', 'before the statement', 'audit_log__keep'),
    ('blocks', 'insert', 'after the statement', 'blocks__remember_insert, blocks__waiting_insert'),
    ('blocks', 'update', 'after the statement', 'blocks__remember_update, blocks__waiting_update'),
    ('blocks', 'delete', 'before the statement', 'blocks__keep'),
    ('blocks', 'delete', 'after the statement', 'blocks__remember_delete'),
    ('blocks', 'truncate', 'before the statement', 'blocks__keep'),
    ('cancelled_lessons', 'insert', 'after each row', 'cancelled_lessons__apply'),
    ('cancelled_lessons', 'insert', 'after the statement', 'cancelled_lessons__remember_insert'),
    ('cancelled_lessons', 'update', 'after each row', 'cancelled_lessons__apply'),
    ('cancelled_lessons', 'update', 'after the statement', 'cancelled_lessons__remember_update'),
    ('cancelled_lessons', 'delete', 'after each row', 'cancelled_lessons__apply'),
    ('cancelled_lessons', 'delete', 'after the statement', 'cancelled_lessons__remember_delete'),
    ('cancelled_lessons', 'truncate', 'before the statement', 'cancelled_lessons__keep'),
    ('closures', 'insert', 'after each row', 'closures__apply'),
    ('closures', 'insert', 'after the statement', 'closures__remember_insert'),
    ('closures', 'update', 'after each row', 'closures__apply'),
    ('closures', 'update', 'after the statement', 'closures__remember_update'),
    ('closures', 'delete', 'before the statement', 'closures__keep'),
    ('closures', 'delete', 'after the statement', 'closures__remember_delete'),
    ('closures', 'truncate', 'before the statement', 'closures__keep'),
    ('consent_documents', 'update', 'before the statement', 'consent_documents__keep'),
    ('consent_documents', 'delete', 'before the statement', 'consent_documents__keep'),
    ('consent_documents', 'truncate', 'before the statement', 'consent_documents__keep'),
    ('consents', 'update', 'before each row', 'consents__guard'),
    ('consents', 'delete', 'before the statement', 'consents__keep'),
    ('consents', 'truncate', 'before the statement', 'consents__keep'),
    ('enrolments', 'insert', 'before each row', 'enrolments__place, enrolments__since_insert'),
    ('enrolments', 'insert', 'after the statement',
     'enrolments__count_insert, enrolments__limit_insert, '
     'enrolments__marks_insert, enrolments__remember_insert, enrolments__waiting_insert'),
    ('enrolments', 'update', 'before each row', 'enrolments__place, enrolments__since_update'),
    ('enrolments', 'update', 'after the statement',
     'enrolments__count_update, enrolments__limit_update, '
     'enrolments__marks_update, enrolments__remember_update, enrolments__waiting_update'),
    ('enrolments', 'delete', 'before the statement', 'enrolments__keep'),
    ('enrolments', 'truncate', 'before the statement', 'enrolments__keep'),
    ('ledger', 'update', 'before the statement', 'ledger__keep'),
    ('ledger', 'delete', 'before the statement', 'ledger__keep'),
    ('ledger', 'truncate', 'before the statement', 'ledger__keep'),
    ('legacy_ids', 'update', 'before the statement', 'legacy_ids__keep'),
    ('legacy_ids', 'delete', 'before the statement', 'legacy_ids__keep'),
    ('legacy_ids', 'truncate', 'before the statement', 'legacy_ids__keep'),
    ('manual_turns', 'insert', 'after the statement', 'manual_turns__remember_insert'),
    ('manual_turns', 'update', 'after the statement', 'manual_turns__remember_update'),
    ('manual_turns', 'delete', 'after the statement', 'manual_turns__remember_delete'),
    ('manual_turns', 'truncate', 'before the statement', 'manual_turns__keep'),
    ('marks', 'insert', 'after the statement', 'marks__fixed_insert, marks__judge_insert, marks__remember_insert'),
    ('marks', 'update', 'before each row', 'marks__fixed, marks__stamp'),
    ('marks', 'update', 'after the statement', 'marks__judge_update, marks__remember_update'),
    ('marks', 'delete', 'before the statement', 'marks__keep'),
    ('marks', 'delete', 'after the statement', 'marks__remember_delete'),
    ('marks', 'truncate', 'before the statement', 'marks__keep'),
    ('months', 'delete', 'before the statement', 'months__keep'),
    ('months', 'truncate', 'before the statement', 'months__keep'),
    ('pardons', 'insert', 'before each row', 'pardons__lock'),
    ('pardons', 'insert', 'after each row', 'pardons__apply'),
    ('pardons', 'insert', 'after the statement', 'pardons__remember_insert'),
    ('pardons', 'update', 'before the statement', 'pardons__keep'),
    ('pardons', 'update', 'after the statement', 'pardons__remember_update'),
    ('pardons', 'delete', 'before the statement', 'pardons__keep'),
    ('pardons', 'delete', 'after the statement', 'pardons__remember_delete'),
    ('pardons', 'truncate', 'before the statement', 'pardons__keep'),
    ('posts', 'insert', 'after the statement', 'posts__remember_insert'),
    ('posts', 'update', 'after the statement', 'posts__remember_update'),
    ('posts', 'delete', 'after the statement', 'posts__remember_delete'),
    ('posts', 'truncate', 'before the statement', 'posts__keep'),
    ('rights', 'insert', 'after the statement', 'rights__remember_insert'),
    ('rights', 'update', 'after the statement', 'rights__remember_update'),
    ('rights', 'delete', 'after the statement', 'rights__remember_delete'),
    ('rights', 'truncate', 'before the statement', 'rights__keep'),
    ('roster', 'insert', 'after the statement', 'roster__remember_insert'),
    ('roster', 'update', 'after the statement', 'roster__codes_update, roster__drop_update, roster__remember_update'),
    ('roster', 'delete', 'after the statement', 'roster__codes_delete, roster__drop_delete, roster__remember_delete'),
    ('roster', 'truncate', 'before the statement', 'roster__keep'),
    ('sessions', 'update', 'before each row', 'sessions__guard'),
    ('settings', 'insert', 'before each row', 'settings__guard'),
    ('settings', 'insert', 'after the statement', 'settings__remember_insert'),
    ('settings', 'update', 'before each row', 'settings__guard'),
    ('settings', 'update', 'after each row', 'settings__judge, settings__legacy, settings__limit, settings__log'),
    ('settings', 'update', 'after the statement', 'settings__remember_update'),
    ('settings', 'delete', 'before the statement', 'settings__keep'),
    ('settings', 'delete', 'after the statement', 'settings__remember_delete'),
    ('settings', 'truncate', 'before the statement', 'settings__keep'),
    ('settings_changes', 'delete', 'before the statement', 'settings_changes__keep'),
    ('settings_changes', 'truncate', 'before the statement', 'settings_changes__keep'),
    ('slots', 'insert', 'before each row', 'slots__guard'),
    ('slots', 'insert', 'after the statement', 'slots__remember_insert'),
    ('slots', 'update', 'before each row', 'slots__guard'),
    ('slots', 'update', 'after each row', 'slots__remember_update, slots__waiting'),
    ('slots', 'delete', 'before the statement', 'slots__keep'),
    ('slots', 'delete', 'after the statement', 'slots__remember_delete'),
    ('slots', 'truncate', 'before the statement', 'slots__keep'),
    ('users', 'insert', 'before each row', 'users__family_insert, users__hid_insert, users__roster_insert'),
    ('users', 'insert', 'after each row', 'users__block_insert, users__codes'),
    ('users', 'insert', 'after the statement', 'users__remember_insert'),
    ('users', 'update', 'before each row', 'users__administrator, users__family_update, users__guard, '
     'users__hid_update, users__roster_update'),
    ('users', 'update', 'after each row', 'users__block_update, users__free, users__judge, users__sessions'),
    ('users', 'update', 'after the statement', 'users__remember_update'),
    ('users', 'delete', 'before the statement', 'users__keep'),
    ('users', 'delete', 'after the statement', 'users__remember_delete'),
    ('users', 'truncate', 'before the statement', 'users__keep'),
    ('verifiers', 'update', 'after each row', 'verifiers__sessions'),
    ('verifiers', 'delete', 'after each row', 'verifiers__sessions_delete'),
    ('waiting', 'insert', 'before each row', 'waiting__guard'),
    ('waiting', 'insert', 'after the statement', 'waiting__promote_insert, waiting__remember_insert'),
    ('waiting', 'update', 'before each row', 'waiting__guard'),
    ('waiting', 'update', 'after the statement', 'waiting__promote_update, waiting__remember_update'),
    ('waiting', 'delete', 'before the statement', 'waiting__keep'),
    ('waiting', 'delete', 'after the statement', 'waiting__remember_delete'),
    ('waiting', 'truncate', 'before the statement', 'waiting__keep'),
    ('weekly_template', 'insert', 'after the statement', 'weekly_template__remember_insert'),
    ('weekly_template', 'update', 'after the statement', 'weekly_template__remember_update'),
    ('weekly_template', 'delete', 'after the statement', 'weekly_template__remember_delete'),
    ('weekly_template', 'truncate', 'before the statement', 'weekly_template__keep')
  $$,
  'triggers: fire in the order that their files state');
select is_empty($$ select tgrelid::regclass, tgname from pg_trigger where not tgisinternal and tgdeferrable $$,
  'triggers: none waits for the end of a transaction');

select * from finish();
rollback;
