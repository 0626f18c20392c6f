create function api.calendar()
  returns table (date date, day text, runs text, lessons integer, off integer, marked integer, unmarked integer,
  reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select d.date, n.names[extract(isodow from d.date)::integer], case when d.is_closed then 'closed'
    else n.names[d.weekday + 1] end,
         l.on_, l.off, l.marked, l.unmarked, coalesce(c.reason, l.reason)
    from rules.timetable(rules.this_month(), (rules.next_month() + interval '1 month -1 day')::date) d
   cross join (select array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'] as names) n
    left join gym.closures c on c.deleted_at is null and d.date between c.start_date and c.end_date
   cross join lateral (
      select count(*) filter (where not x.is_off)::integer as on_, count(*) filter (where x.is_off)::integer as off,
             count(*) filter (where x.is_marked)::integer as marked,
             count(*) filter (where x.has_people and not x.is_off and not x.is_marked
               and (d.date + x.starts_at) <= rules.local_time())::integer as unmarked,
             string_agg(x.reason, '; ' order by x.starts_at) as reason
        from (select s.starts_at, d.is_closed or k.date is not null as is_off, k.reason,
                     exists (select from rules.marked_lessons m where m.slot_id = s.id and m.date = d.date offset 0)
                       as is_marked,
                     exists (select from gym.marks m
                              where m.slot_id = s.id and m.date = d.date and m.withdrawn_at is null offset 0)
                                as has_people
                from gym.slots s
                left join gym.cancelled_lessons k on k.date = d.date and k.starts_at = s.starts_at
               where s.month = date_trunc('month', d.date::timestamp)::date and s.weekday = d.weekday and s.deleted_at
                 is null) x) l
   order by d.date
$$;
comment on function api.calendar() is
  'What the view api.calendar shows. Definer: reads gym.closures and gym.marks. Example: select * from '
  'api.calendar();';

create view api.calendar as
select c.* from api.calendar() c;
comment on view api.calendar is
  'The days of this and next month. runs: the weekday whose timetable that day runs, or closed; lessons that take '
  'place, off: that do not; marked: somebody was; unmarked: begun, with people, and nobody was. '
  'Example: select * from api.calendar where date >= ''2026-12-07'' limit 7;';
