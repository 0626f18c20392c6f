-- The audit trail: who changed what, append only. The triggers that write it: ../triggers/audited_tables.sql.

create view rules.audited (what, on_table) as
values
  ('user', 'users'), ('setting', 'settings'), ('template', 'weekly_template'), ('slot', 'slots'),
    ('enrolment', 'enrolments'), ('mark', 'marks'),
  ('lesson', 'cancelled_lessons'), ('closure', 'closures'), ('block', 'blocks'), ('position', 'waiting'),
    ('pardon', 'pardons'), ('post', 'posts'), ('right', 'rights'), ('turn', 'manual_turns'), ('roster', 'roster');
comment on view rules.audited is
  'The tables of gym whose every change is in gym.audit_log, and what a person calls a row of each.';

create view rules.trail as
select a.id, a.written_at, a.on_table, a.key, a.actor, a.login, a.operation, a.old_values, a.new_values,
       rules.local_time(a.written_at)::timestamp(0) as at,
       left(coalesce('user ' || a.actor, a.login || coalesce(' (' || a.application || ')', '')), 20) as who,
       -- a line a column, cut so that a table of them fits 100 columns
       concat_ws(E'\n', '(by gym.now ' || rules.local_time(a.gym_time)::timestamp(0) || ')', c.lines) as changes
  from gym.audit_log a
  left join lateral (
    select string_agg(left(k.key || ': ' || case when a.operation = 'update' then v.old || ' → ' || v.new
      else coalesce(v.new, v.old) end, 38), E'\n' order by k.key) as lines
      from jsonb_object_keys(coalesce(a.new_values, a.old_values)) k (key)
     cross join lateral (
       -- moments to the second; a line break of a text is a space
       select regexp_replace(regexp_replace(coalesce(a.old_values ->> k.key, '-'),
         '^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[.\d]*', '\1 \2'), '\s', ' ', 'g') as old,
              regexp_replace(regexp_replace(coalesce(a.new_values ->> k.key, case a.operation
                when 'update' then '-' end), '^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[.\d]*', '\1 \2'), '\s', ' ', 'g')
                as new) v) c on true;
comment on view rules.trail is
  'gym.audit_log as people read it, in the gym''s time. Looked at in api.history and api.who_did.';
