create view api.attendance as
select m.id as mark, m.date, to_char(s.starts_at, 'HH24:MI') as at, r.student_card as card, r.name as person, r."group",
       m.mark as is_marked, to_char(m.set_at at time zone c.time_zone, 'MM-DD HH24:MI') as set_at
  from gym.marks m
  cross join api.clock() c
  join gym.slots s on s.id = m.slot_id
  join rules.roll r on r.user_id = m.user_id
 where m.withdrawn_at is null
 order by m.date, s.starts_at, r.place, m.id;
comment on view api.attendance is
  'Marks in the order of lessons. set_at: month, day and hour; who set it, and when before: api.history(''mark'', '
  '…). Example: select * from api.attendance where date = ''2026-12-07'' and at = ''16:00'';';

create function api.unmarked() returns table (date date, day text, at text, students bigint, slot integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
select m.date, (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[extract(isodow from m.date)::integer] as day,
       to_char(s.starts_at, 'HH24:MI') as at, count(*) as students, m.slot_id as slot
  from gym.marks m
  join gym.slots s on s.id = m.slot_id
  cross join (select rules.clock() as now, t.time_zone from gym.settings t) c
 where m.withdrawn_at is null and m.mark = 'unmarked'
   and (m.date + s.starts_at) at time zone c.time_zone <= c.now
   and not exists (select from rules.marked_lessons l where l.slot_id = m.slot_id and l.date = m.date offset 0)
 group by m.date, s.starts_at, m.slot_id
 order by m.date, s.starts_at
$$;
comment on function api.unmarked() is
  'What the view api.unmarked shows. Definer: a view can''t keep its query from being compiled. '
  'Example: select * from api.unmarked();';

create view api.unmarked as
select u.* from api.unmarked() u;
comment on view api.unmarked is 'Lessons past in which nobody was marked. Example: select * from api.unmarked;';

create view api.closures as
select c.id, c.start_date, c.end_date,
       case when c.runs_as is null then 'closed'
         else 'runs as ' || (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[c.runs_as + 1] end as what, c.reason
  from gym.closures c where c.deleted_at is null order by c.start_date;
comment on view api.closures is 'Closed and moved days. Example: select * from api.closures;';

create function api.mark(mark integer, "as" gym.mark)
  returns table (id integer, date date, student integer, is_marked gym.mark)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select m.id, m.date, m.user_id, m.mark from rules.set_mark(mark.mark, mark."as", rules.actor()) m $$;
comment on function api.mark(integer, gym.mark) is
  'Sets the mark of that id (api.attendance) to present, absent, excused, cancelled or unmarked. Errors: '
  'mark_not_found. Definer: writes gym.marks. '
  'Example: select * from api.mark((select min(mark) from api.attendance), ''excused'');';

create function api.mark_person(card integer default null, date date default null, "as" gym.mark default 'present',
  at time default null, person integer default null)
returns table (id integer, student integer, is_marked gym.mark)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select m.id, m.user_id, m.mark from rules.set_mark(api.mark_id(card, person, mark_person.date, at), "as", rules.actor()) m $$;
comment on function api.mark_person(integer, date, gym.mark, time, integer) is
  'Sets one person''s mark of a date to present, absent, excused, cancelled or unmarked. card, or person: id; at: '
  'where there are two lessons that day. '
  'Errors: mark_not_found, user_not_found, field_missing. Definer: writes gym.marks. Example: select * from '
  'api.mark_person(12069840, ''2026-12-07'', ''excused'');';

create function api.mark_lesson(date date, at time, present integer[] default null, excused integer[] default '{}')
returns table (id integer, card integer, is_marked gym.mark)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select m.id, u.student_card, m.mark
    from rules.mark_lesson(mark_lesson.date, at,
           case when present is not null then array(select api.person_id(c, null) from unnest(present) c) end,
           array(select api.person_id(c, null) from unnest(excused) c), rules.actor()) m
    join gym.users u on u.id = m.user_id;
end
$$;
comment on function api.mark_lesson(date, time, integer[], integer[]) is
  'Marks a lesson: present and excused are cards, the rest is absent. present must be given, ''{}'' for nobody; an '
  'excuse given before stays. Errors: field_missing, lesson_not_found, lesson_cancelled, lesson_ahead, mark_twice, '
  'not_in_lesson, user_not_found. Definer: writes gym.marks. '
  'Example: select * from api.mark_lesson(''2026-12-07'', ''16:00'', present => ''{12069840,12069841}'');';

create function api.unmark_lesson(date date, at time) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select rules.unmark_lesson(unmark_lesson.date, at, rules.actor()) $$;
comment on function api.unmark_lesson(date, time) is
  'Takes back a lesson''s present and absent marks; says how many. Errors: lesson_not_found. Definer: writes '
  'gym.marks. Example: select api.unmark_lesson(''2026-12-07'', ''16:00'');';

create function api.cancel_lesson(date date, at time, reason text default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.cancel_lesson(cancel_lesson.date, at, reason, rules.actor());
  return (select count(*) from rules.lesson_marks(cancel_lesson.date, at));
end
$$;
comment on function api.cancel_lesson(date, time, text) is
  'Calls a lesson off, ahead of time too; says how many marks it has. Errors: lesson_not_found. Definer: writes '
  'gym.cancelled_lessons. Example: select api.cancel_lesson(''2026-12-07'', ''16:00'', ''тренер болен'');';

create function api.restore_lesson(date date, at time) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.restore_lesson(restore_lesson.date, at, rules.actor());
  return (select count(*) from rules.lesson_marks(restore_lesson.date, at));
end
$$;
comment on function api.restore_lesson(date, time) is
  'Takes the cancellation of a lesson back; says how many marks it has. Errors: lesson_not_found, day_closed. '
  'Definer: writes gym.cancelled_lessons. Example: select api.restore_lesson(''2026-12-07'', ''16:00'');';

create function api.close_days(from_date date, reason text, to_date date default null) returns setof api.closures
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.start_date, c.end_date, 'closed', c.reason
    from rules.create_closure(from_date, coalesce(to_date, from_date), null, reason, rules.actor()) c
$$;
comment on function api.close_days(date, text, date) is
  'Closes the days from from_date to to_date (null: one day); marks follow at once. Errors: closures_in_order, '
  'closures_do_not_overlap. Definer: writes gym.closures. Example: select * from api.close_days(''2027-01-01'', '
  '''Каникулы'', to_date => ''2027-01-08'');';

create function api.move_day(date date, runs_as text, reason text) returns setof api.closures
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.start_date, c.end_date,
    'runs as ' || (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[c.runs_as + 1], c.reason
    from rules.create_closure(move_day.date, move_day.date, api.weekday_of(coalesce(runs_as, '')), reason,
      rules.actor()) c
$$;
comment on function api.move_day(date, text, text) is
  'Lets a day run another weekday''s timetable instead of its own; marks follow at once. Errors: '
  'closures_move_elsewhere, closures_do_not_overlap, weekday_unknown. Definer: writes gym.closures. Example: select '
  '* from api.move_day(''2026-12-12'', runs_as => ''Mon'', reason => ''перенос'');';

create function api.delete_closure(closure integer default null, date date default null) returns setof api.closures
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.start_date, c.end_date, 'taken back', c.reason
    from rules.delete_closure(coalesce(closure, (select o.id from gym.closures o
                                                  where o.deleted_at is null
                                                    and delete_closure.date between o.start_date and o.end_date)),
                                                    rules.actor()) c
$$;
comment on function api.delete_closure(integer, date) is
  'Takes a closure or moved day back; marks follow at once. closure: id from api.closures, or date: a day of it. '
  'Errors: closure_not_found. Definer: writes gym.closures. Example: select * from api.delete_closure(date => '
  '''2026-12-31'');';
