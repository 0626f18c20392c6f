-- The code package: rules, api, wire and auth are dropped and rebuilt in one transaction, with every trigger, right
-- and comment.
-- Installed by `energy migrate` and by `tern code install db/functions`.

-- Other people's objects that use ours would vanish silently with the drop: name them and stop.
do $others$
declare
  v_others text;
begin
  select string_agg(distinct pg_describe_object(d.classid, d.objid, d.objsubid), E'\n'
    order by pg_describe_object(d.classid, d.objid, d.objsubid))
    into v_others
    from pg_depend d
    join (
      select 'pg_proc'::regclass as classid, p.oid as objid, n.nspname from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
      union all
      select 'pg_class'::regclass, c.oid, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      union all
      select 'pg_type'::regclass, t.oid, n.nspname from pg_type t join pg_namespace n on n.oid = t.typnamespace
    ) ours on ours.classid = d.refclassid and ours.objid = d.refobjid
      and ours.nspname in ('rules', 'api', 'wire', 'auth')
   where d.deptype in ('n', 'a')
     -- ours: inside the three schemas, or a trigger on a table of ours
     and not exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                      where d.classid = 'pg_proc'::regclass and p.oid = d.objid
                        and n.nspname in ('rules', 'api', 'wire', 'auth'))
     and not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where d.classid = 'pg_class'::regclass and c.oid = d.objid
                        and n.nspname in ('rules', 'api', 'wire', 'auth'))
     and not exists (select from pg_type t join pg_namespace n on n.oid = t.typnamespace
                      where d.classid = 'pg_type'::regclass and t.oid = d.objid
                        and n.nspname in ('rules', 'api', 'wire', 'auth'))
     and not exists (select from pg_rewrite r join pg_class c on c.oid = r.ev_class
       join pg_namespace n on n.oid = c.relnamespace
                      where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
                        and n.nspname in ('rules', 'api', 'wire', 'auth'))
     and not exists (select from pg_trigger t join pg_class c on c.oid = t.tgrelid
       join pg_namespace n on n.oid = c.relnamespace
                      where d.classid = 'pg_trigger'::regclass and t.oid = d.objid and n.nspname = 'gym');
  if v_others is not null and current_setting('gym.force_install', true) is distinct from 'on' then
    raise exception 'other people''s objects use rules, api, wire or auth and would be dropped with them'
      using errcode = 'ENDEP', detail = v_others, hint = 'Drop them, or install by force: energy migrate --force';
  end if;
end
$others$;

-- The drop locks every table that has a trigger of ours, in an order of its own. So everybody is first stopped at the
-- gate
-- (wire.admit), where a request holds nothing yet, and those who are in go out: else each would wait for the other.
lock table gym.rights in access exclusive mode;

drop schema if exists auth, wire, api, rules cascade;

create schema rules;
comment on schema rules is
  'The rules: predicates, operations and trigger functions. Each says its purpose, errors and source: \df+ rules.*';
create schema api;
comment on schema api is
  'What a person calls in psql: named arguments with defaults, rows back. Holds no rule of its own.';
create schema wire;
comment on schema wire is
  'One function an endpoint of openapi.yaml, json in its shape; all that the server may execute. Holds no rule of '
  'its own.';

create schema auth;
comment on schema auth is
  'What the auth server calls, and all that its role may execute. A function that acts for a person takes the '
  'session''s '
  'token, never an id. Holds no rule of its own.';

{{ template "rules/catalogue.sql" . }}
{{ template "rules/clock.sql" . }}
{{ template "rules/actor.sql" . }}
{{ template "rules/keep.sql" . }}
{{ template "rules/settings.sql" . }}
{{ template "rules/plain_words.sql" . }}
{{ template "rules/posts.sql" . }}

{{ template "rules/people/columns.sql" . }}
{{ template "rules/people/names.sql" . }}
{{ template "rules/people/person.sql" . }}
{{ template "rules/people/password.sql" . }}
{{ template "rules/people/add_user.sql" . }}
{{ template "rules/people/edit_person.sql" . }}
{{ template "rules/people/delete_user.sql" . }}
{{ template "rules/people/merge_users.sql" . }}
{{ template "rules/people/erase_person.sql" . }}
{{ template "rules/people/roster.sql" . }}
{{ template "rules/people/swap_names.sql" . }}

{{ template "rules/sessions/secrets.sql" . }}
{{ template "rules/sessions/attempts.sql" . }}
{{ template "rules/sessions/sessions.sql" . }}
{{ template "rules/sessions/passwords.sql" . }}
{{ template "rules/sessions/log_in.sql" . }}
{{ template "rules/sessions/codes.sql" . }}
{{ template "rules/sessions/sign_up.sql" . }}
{{ template "rules/sessions/consent.sql" . }}
{{ template "rules/sessions/pictures.sql" . }}
{{ template "rules/sessions/calendars.sql" . }}
{{ template "rules/sessions/forgetting.sql" . }}

{{ template "rules/months/make_month.sql" . }}
{{ template "rules/months/slot.sql" . }}
{{ template "rules/months/template.sql" . }}
{{ template "rules/months/copy_month.sql" . }}
{{ template "rules/months/swap_slots.sql" . }}
{{ template "rules/months/timetable.sql" . }}
{{ template "rules/months/closure.sql" . }}

{{ template "rules/enrolment/window.sql" . }}
{{ template "rules/enrolment/times.sql" . }}
{{ template "rules/enrolment/choose_slots.sql" . }}
{{ template "rules/enrolment/enrol.sql" . }}
{{ template "rules/enrolment/cancel.sql" . }}
{{ template "rules/enrolment/move_enrolment.sql" . }}

{{ template "rules/waiting/close.sql" . }}
{{ template "rules/waiting/place.sql" . }}
{{ template "rules/waiting/bar.sql" . }}
{{ template "rules/waiting/join.sql" . }}
{{ template "rules/waiting/choose_and_wait.sql" . }}
{{ template "rules/waiting/promote.sql" . }}
{{ template "rules/waiting/move_ahead.sql" . }}

{{ template "rules/attendance/marks_of_month.sql" . }}
{{ template "rules/attendance/lessons.sql" . }}
{{ template "rules/attendance/person_lessons.sql" . }}
{{ template "rules/attendance/set_mark.sql" . }}
{{ template "rules/attendance/mark_lesson.sql" . }}
{{ template "rules/attendance/edit_lesson.sql" . }}
{{ template "rules/attendance/cancel_lesson.sql" . }}

{{ template "rules/blocking/absences.sql" . }}
{{ template "rules/blocking/barred.sql" . }}
{{ template "rules/blocking/judge.sql" . }}
{{ template "rules/blocking/forgive.sql" . }}
{{ template "rules/blocking/block.sql" . }}
{{ template "rules/blocking/ledger.sql" . }}

{{ template "rules/reports/shared.sql" . }}
{{ template "rules/reports/visits.sql" . }}
{{ template "rules/reports/occupancy.sql" . }}
{{ template "rules/reports/term.sql" . }}
{{ template "rules/reports/blocked.sql" . }}
{{ template "rules/reports/held_lessons.sql" . }}

{{ template "rules/audit/trail.sql" . }}
{{ template "rules/audit/invariants.sql" . }}
{{ template "rules/jobs.sql" . }}
{{ template "rules/database.sql" . }}
{{ template "rules/package.sql" . }}

{{ template "rules/keeper.sql" . }}

{{ template "rules/triggers/audit_log.sql" . }}
{{ template "rules/triggers/audited_tables.sql" . }}
{{ template "rules/triggers/blocks.sql" . }}
{{ template "rules/triggers/cancelled_lessons.sql" . }}
{{ template "rules/triggers/closures.sql" . }}
{{ template "rules/triggers/consent_documents.sql" . }}
{{ template "rules/triggers/consents.sql" . }}
{{ template "rules/triggers/enrolments.sql" . }}
{{ template "rules/triggers/ledger.sql" . }}
{{ template "rules/triggers/legacy_ids.sql" . }}
{{ template "rules/triggers/marks.sql" . }}
{{ template "rules/triggers/months.sql" . }}
{{ template "rules/triggers/pardons.sql" . }}
{{ template "rules/triggers/roster.sql" . }}
{{ template "rules/triggers/sessions.sql" . }}
{{ template "rules/triggers/settings.sql" . }}
{{ template "rules/triggers/settings_changes.sql" . }}
{{ template "rules/triggers/slots.sql" . }}
{{ template "rules/triggers/users.sql" . }}
{{ template "rules/triggers/verifiers.sql" . }}
{{ template "rules/triggers/waiting.sql" . }}
{{ template "rules/audit/months.sql" . }}

{{ template "import/read.sql" . }}
{{ template "import/plan.sql" . }}
{{ template "import/import.sql" . }}

{{ template "wire/admit.sql" . }}
{{ template "wire/session.sql" . }}
{{ template "wire/fields.sql" . }}
{{ template "wire/shapes.sql" . }}
{{ template "wire/passwords.sql" . }}
{{ template "wire/avtime.sql" . }}
{{ template "wire/entry.sql" . }}
{{ template "wire/wait.sql" . }}
{{ template "wire/visit.sql" . }}
{{ template "wire/closure.sql" . }}
{{ template "wire/user.sql" . }}
{{ template "wire/posts.sql" . }}
{{ template "wire/report.sql" . }}
{{ template "wire/window.sql" . }}
{{ template "wire/person.sql" . }}
{{ template "wire/lessons.sql" . }}
{{ template "wire/gym.sql" . }}
{{ template "wire/previews.sql" . }}
{{ template "wire/server.sql" . }}
{{ template "wire/jobs.sql" . }}
{{ template "wire/metrics.sql" . }}

{{ template "api/naming.sql" . }}
{{ template "api/topics.sql" . }}
{{ template "api/help.sql" . }}
{{ template "api/find.sql" . }}
{{ template "api/may_enrol.sql" . }}
{{ template "api/looking.sql" . }}
{{ template "api/settings.sql" . }}
{{ template "api/posts.sql" . }}
{{ template "api/people.sql" . }}
{{ template "api/template.sql" . }}
{{ template "api/slots.sql" . }}
{{ template "api/enrolments.sql" . }}
{{ template "api/waiting.sql" . }}
{{ template "api/attendance.sql" . }}
{{ template "api/calendar.sql" . }}
{{ template "api/blocks.sql" . }}
{{ template "api/reports.sql" . }}
{{ template "api/schedule.sql" . }}
{{ template "api/audit_log.sql" . }}
{{ template "api/roster.sql" . }}
{{ template "api/import_legacy.sql" . }}
{{ template "api/name_swap.sql" . }}
{{ template "api/log_ins.sql" . }}

{{ template "auth/server.sql" . }}
{{ template "auth/log_in.sql" . }}
{{ template "auth/sessions.sql" . }}
{{ template "auth/passwords.sql" . }}
{{ template "auth/codes.sql" . }}
{{ template "auth/pictures.sql" . }}
{{ template "auth/calendars.sql" . }}
{{ template "auth/consent.sql" . }}

{{ template "plans.sql" . }}
{{ template "grants.sql" . }}
{{ template "version.sql" . }}
