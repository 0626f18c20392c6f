-- What every column of gym is about, said once. The erasure of a person, the masked view, what the audit trail
-- leaves out and
-- the rights of a reader follow from it; a test fails for a column that is not listed here.

create view rules.columns (on_table, name, class, erasure, reader, trail, note) as
select c.on_table, n.name, c.class, c.erasure, c.reader, c.trail, c.note
  from (values
  -- people
  ('users', '{id}', 'kept', null, true, null, 'the row stays, of no one, so that every count stays'),
  ('users', '{student_card}', 'personal', 'number', false, null, null),
  ('users', '{firstname,secondname,surname}', 'personal', 'empty', false, null, null),
  ('users', '{group}', 'personal', 'empty', true, null, 'a reader counts by it'),
  ('users', '{hid}', 'personal', 'erased', false, 'changed', null),
  ('users', '{image}', 'personal', 'null', false, 'changed', null),
  ('users', '{unconfirmed_since}', 'personal', 'null', false, null, null),
  ('users', '{role,deleted,deleted_at}', 'plain', null, true, null, null),
  ('roster', '{card,family,given,patronymic,group}', 'personal', 'row', false, null, null),
  ('roster', '{added_at,gone_at}', 'personal', 'row', false, null, null),
  ('legacy_ids', '{kind,old_id,new_id}', 'kept', null, false, null, 'numbers only: a second import must know them'),
  -- what people did in the gym: the person's number stays in it
  ('enrolments', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('enrolments', '{id,slot_id,month,weekday,created_at,created_by,cancelled_at,cancelled_by,cancel_reason,beyond_limit,position_id,past_list}',
   'plain', null, true, null, null),
  ('refusals', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('refusals', '{slot_id,refused_at}', 'plain', null, true, null, null),
  ('marks', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('marks', '{id,enrolment_id,slot_id,date,mark,mark_before,set_at,set_by,withdrawn_at}', 'plain', null, true, null,
    null),
  ('blocks', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('blocks', '{reason,lift_reason}', 'personal', 'text', false, null, null),
  ('blocks', '{id,month,absences,created_at,created_by,ends_on,lifted_at,lifted_by}', 'plain', null, true, null, null),
  ('pardons', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('pardons', '{reason}', 'personal', 'text', false, null, null),
  ('pardons', '{id,date,month,made_at,made_by}', 'plain', null, true, null, null),
  ('ledger', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('ledger', '{reason}', 'personal', 'text', false, null, null),
  ('ledger', '{id,at,event,block_id,enrolment_id,by_user}', 'plain', null, true, null, null),
  -- what the gym says to all
  ('posts', '{body}', 'personal', 'text', true, null, 'published'),
  ('posts', '{id,kind,created_at,created_by,edited_at,edited_by,deleted_at,deleted_by,shown_until}', 'plain', null,
    true, null, null),
  ('closures', '{reason}', 'personal', 'text', true, null, 'published'),
  ('closures', '{id,start_date,end_date,runs_as,created_at,created_by,deleted_at,deleted_by}', 'plain', null, true,
    null, null),
  ('cancelled_lessons', '{reason}', 'personal', 'text', false, null, null),
  ('cancelled_lessons', '{date,starts_at,cancelled_at,cancelled_by}', 'plain', null, true, null, null),
  -- the gym itself
  ('slots', '{id,month,weekday,starts_at,capacity,deleted_at}', 'plain', null, true, null, null),
  ('slots', '{taken}', 'plain', null, true, 'never', 'it is counted'),
  ('slots', '{free_since}', 'plain', null, true, 'never', 'it follows from what is counted'),
  ('waiting', '{user_id}', 'kept', null, true, null, 'counts stay'),
  ('waiting', '{moved_reason}', 'personal', 'text', false, null, null),
  ('waiting',
   '{id,slot_id,instead_of,place,joined_at,joined_by,moved_at,moved_by,ended_at,ended_by,end_reason,block_id}',
   'plain', null, true, null, null),
  ('weekly_template', '{weekday,starts_at,capacity}', 'plain', null, true, null, null),
  ('months', '{month,slots_made_at,marks_made_at,judged_on}', 'plain', null, true, null, null),
  ('manual_turns', '{id,is_open,made_at,made_by,expired_at}', 'plain', null, true, null, null),
  ('rights', '{endpoint,roles,anybody}', 'plain', null, true, null, null),
  ('settings_changes', '{id,name,old_value,new_value,changed_at}', 'plain', null, true, null, null),
  ('settings_changes', '{changed_by}', 'kept', null, false, null,
    'a role of the database: who changed a setting stays'),
  ('name_swaps', '{id,swapped_at,people}', 'plain', null, false, null, null),
  ('name_swaps', '{login}', 'kept', null, false, null, 'a role of the database'),
  ('secrets', '{name,value,set_at}', 'plain', null, false, null, 'secrets of the system'),
  ('consent_documents', '{version,body,published_at,published_by}', 'plain', null, false, null, null),
  -- the audit trail: its values are blanked entry by entry
  ('audit_log', '{key,old_values,new_values}', 'personal', 'trail', false, null,
    'the key of a line of the roster is a card'),
  ('audit_log', '{actor}', 'kept', null, true, null, 'the person''s number only'),
  ('audit_log', '{login,application}', 'kept', null, false, null, 'a role of the database and its program'),
  ('audit_log', '{id,written_at,gym_time,request_id,on_table,operation,erased_at}', 'plain', null, true, null, null),
  -- log-ins
  ('verifiers', '{user_id,digest,made_at}', 'personal', 'row', false, null, null),
  ('sessions', '{id,user_id,token_hash,media_hash,created_at,used_at,is_strange,network,agent,ended_at,end_reason}',
   'personal', 'row', false, null, null),
  ('devices', '{user_id,hash,first_in_at,last_in_at}', 'personal', 'row', false, null, null),
  ('log_ins', '{id,at,user_id,outcome,network,agent,known_device}', 'personal', 'row', false, null, null),
  ('attempts',
    '{id,made_at,made_in,purpose,card,user_id,commitments,device_hash,known_device,bucket_kind,bucket_key,address,'
               'agent,log_in_id}', 'personal', 'row', false, null, null),
  ('buckets', '{kind,key,spent_until}', 'personal', 'row', false, null, null),
  ('failed_cards', '{address,card,tried_at,failed}', 'personal', 'row', false, null, null),
  ('codes', '{id,card,purpose,hash,issued_at,issued_by,valid_until,used_at,voided_at}', 'personal', 'row', false, null,
    null),
  ('pictures', '{user_id,name,jpeg,made_at}', 'personal', 'row', false, null, null),
  ('calendars', '{user_id,hash,made_at}', 'personal', 'row', false, null, null),
  ('consents', '{id,user_id,version,given_at,withdrawn_at}', 'kept', null, false, null, 'the law asks for the proof'),
  ('consents', '{address,withdrawn_address}', 'personal', 'null', false, null, null)
  ) c (on_table, names, class, erasure, reader, trail, note)
 cross join lateral unnest(c.names::text[]) n (name)
union all
-- tables of settings and of the package: nothing in them is about a person
select c.relname, a.attname, 'plain', null, true, null, 'of the gym or of its functions'
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.oid in ('gym.settings'::regclass, 'gym.code_package'::regclass);
comment on view rules.columns is
  'Every column of every table of gym. class: personal; plain (about no person); kept (about a person, and not '
  'erased: note '
  'says why). erasure, of a personal one: empty, null, erased, number (rules.no_card) say what it becomes in the '
  'person''s '
  'row; row: the rows of rules.erased_rows are deleted; text: typed text, blanked where it names the person and '
  'wholly in '
  'the person''s own rows; trail: rules.blank_trail. reader: role {{.reader_role}} may read it. trail: changed: the audit '
  'trail says only that it changed; never: it leaves the column out.';

create view rules.erased_rows (on_table, found) as
values
  ('roster', 'card = any ($2)'),
  ('sessions', 'user_id = $1'),
  ('devices', 'user_id = $1'),
  ('verifiers', 'user_id = $1'),
  ('log_ins', 'user_id = $1'),
  ('pictures', 'user_id = $1'),
  ('calendars', 'user_id = $1'),
  ('codes', 'card = any ($2)'),
  ('attempts', 'card = any ($2::text[]) or user_id = $1'),
  ('buckets', 'kind <> ''device'' and key = any ($2::text[]) or kind = ''device'' and key like $1 || '' %'''),
  ('failed_cards', 'card = any ($2::text[])');
comment on view rules.erased_rows is
  'The tables whose rows an erasure deletes, in this order, and how the person''s are found: $1 is the id, $2 are '
  'all cards '
  'that the person had.';

create view rules.texts (on_table, is_own, names) as
select c.on_table, bool_or(o.attname is not null), array_agg(c.name order by c.name)
  from rules.columns c
  left join pg_catalog.pg_attribute o on o.attrelid = ('gym.' || c.on_table)::regclass and o.attname = 'user_id'
 where c.erasure = 'text'
 group by c.on_table;
comment on view rules.texts is
  'The tables with typed text, and the columns that hold it. is_own: a row is of one person (user_id).';

-- what the trail leaves out, as constants: a trigger of the opening minute has no time to look
do $trail$
begin
  execute format(
    'create function rules.trail_changed() returns text[] language sql immutable as %L',
    format('select %L::text[]',
      (select array_agg(c.name order by c.name) from rules.columns c where c.trail = 'changed')));
  execute format(
    'create function rules.trail_never() returns text[] language sql immutable as %L',
    format('select %L::text[]',
      (select array_agg(c.name order by c.name) from rules.columns c where c.trail = 'never')));
end
$trail$;
comment on function rules.trail_changed() is
  'The columns of which the audit trail says only that they changed (rules.columns).';
comment on function rules.trail_never() is 'The columns that the audit trail leaves out (rules.columns).';
