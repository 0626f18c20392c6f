-- Taking over the old system, part two: the plan. state: new comes in; merged comes in as the same as another;
-- matched is
-- here already, by card or by time; known was imported before; refused does not come in, and refusal says why. remark:
-- what comes in otherwise than it stood. jit = off: the planner takes these functions for endless, and compiling would
-- cost more than running.

create function rules.legacy_admin(p_schema text, p_admin_card integer) returns bigint
language plpgsql stable
as $$
declare
  v_id bigint;
begin
  if p_admin_card = 0 then
    return null;
  end if;
  select min(u.old_id) into v_id
    from rules.legacy_users(p_schema) u
   where upper(btrim(u.role)) = 'ADMIN' and (p_admin_card is null or rules.legacy_number(u.card) = p_admin_card);
  if v_id is null and p_admin_card is not null then
    perform rules.refuse('legacy_admin_unknown', p_admin_card::text);
  end if;
  return v_id;
end
$$;
comment on function rules.legacy_admin(text, integer) is
  'Old id of the default administrator, whose password is published. p_admin_card: its card; null: the ADMIN with '
  'the lowest id; 0: there is none. Errors: legacy_admin_unknown.';

create function rules.plan_users(p_schema text, p_admin_card integer)
returns table (
  old_id bigint, state text, refusal text, remark text, new_id integer, card integer, family text, given text,
    patronymic text,
  study_group text, hid text, image text, role gym.userrole, deleted boolean)
language sql stable rows 5000 set jit = off
as $$
  with old as materialized (
    select u.*, rules.legacy_number(u.card) as number, upper(btrim(u.role)) as label,
      u.hid ~ '^[0-9a-f]{64}$' as has_login,
           min(u.old_id) over (partition by rules.legacy_number(u.card)) as first_of_card
      from rules.legacy_users(p_schema) u),
  planned as (
    select o.*, k.new_id as known_id, here.id as here_id,
      o.old_id = (select rules.legacy_admin(p_schema, p_admin_card)) as is_default,
           case when k.new_id is not null then null
                when coalesce(o.number, 0) = 0 then format('card %L is no positive number', o.card)
                when o.first_of_card <> o.old_id
                  then format('card %s is that of user %s too', o.number, o.first_of_card)
                when here.id is not null then null
                when o.old_id not between 1 and 2000000000 then 'the id is out of range'
                when other.id is not null then format('the id is taken here, by card %s', other.student_card)
                when o.label is null or o.label not in ('STUDENT', 'COACH', 'ADMIN', 'BLOCKED')
                  then format('role %L is unknown', o.role)
                when coalesce(btrim(o.family, E' \t\r\n\u00A0'), '') = '' then 'the family name (secondname) is empty'
                when greatest(length(o.family), length(o.given), length(o.patronymic), length(o.study_group)) > 200
                  then 'a name or the group is longer than 200 characters'
                when o.label in ('STUDENT', 'BLOCKED') and not rules.may_register(o.number)
                  then 'the card is not on the roster, and roster_only is on'
           end as why
      from old o
      left join gym.legacy_ids k on k.kind = 'user' and k.old_id = o.old_id
      left join gym.users here on here.student_card = o.number
      left join gym.users other on other.id = o.old_id)
  select p.old_id,
         case when p.known_id is not null then 'known' when p.why is not null then 'refused'
           when p.here_id is not null then 'matched' else 'new' end,
         p.why,
         case when p.known_id is not null or p.why is not null then null
              when p.here_id is not null
                then format('card %s is user %s here already, who stays as is', p.number, p.here_id)
              else nullif(concat_ws('; ',
                case when p.is_default then 'taken for the default administrator: log-in disabled' end,
                case when not coalesce(p.has_login, false) and not p.is_default
                  then 'no password hash: log-in disabled' end,
                case when p.label = 'BLOCKED' then 'was BLOCKED: comes in as STUDENT, this month''s marks decide' end),
                  '') end,
         coalesce(p.known_id, case when p.why is null then coalesce(p.here_id, p.old_id::integer) end),
         p.number, coalesce(btrim(p.family), ''), coalesce(btrim(p.given), ''), coalesce(btrim(p.patronymic), ''),
         coalesce(btrim(p.study_group), ''),
         case when p.is_default or not coalesce(p.has_login, false) then '!' else p.hid end,
         p.image,
         case when p.why is null and p.known_id is null and p.here_id is null then case p.label
           when 'BLOCKED' then 'STUDENT' else p.label end end::gym.userrole,
         p.deleted
    from planned p
$$;
comment on function rules.plan_users(text, integer) is
  'What becomes of the old system''s people. Ids stay. Whoever was BLOCKED is judged anew, since the old system '
  'took unmarked for absent. Errors: those of rules.legacy_users and rules.legacy_admin.';

create function rules.plan_slots(p_schema text)
returns table (old_id bigint, state text, refusal text, remark text, new_id integer, lead_id bigint, month date,
  weekday integer, starts_at time, capacity integer, deleted boolean, taken integer)
language sql stable rows 1000 set jit = off
as $$
  with old as materialized (
    select a.old_id, a.deleted, a.month as month_text, rules.legacy_month(a.month) as month,
           rules.legacy_number(a.weekday) as weekday,
           case when a.starts_at ~ '^\s*([01]?\d|2[0-3]):[0-5]\d(:00(\.0+)?)?\s*$' then a.starts_at::time end
             as starts_at,
           rules.legacy_number(a.capacity) as capacity
      from rules.legacy_available_time(p_schema) a),
  checked as (
    select o.*, k.new_id as known_id,
           case when k.new_id is not null then null
                when o.month is null or o.month < '2000-01-01' or o.month >= '2101-01-01'
                  then format('month %L is none', o.month_text)
                when coalesce(o.weekday, 7) > 6 then 'the weekday is not 0 to 6'
                when o.starts_at is null then 'the time is no HH:MM'
                when coalesce(o.capacity, 0) not between 1 and 1000
                  then format('seats: %s, not 1 to 1000', coalesce(o.capacity::text, 'none')) end as why
      from old o
      left join gym.legacy_ids k on k.kind = 'available_time' and k.old_id = o.old_id),
  led as (
    -- of several at one time, the first stands for all
    select c.*, case when c.why is null and not c.deleted
                     then min(c.old_id) filter (where c.why is null and not c.deleted) over (partition by c.month,
                       c.weekday, c.starts_at)
                     else c.old_id end as lead_id
      from checked c)
  select l.old_id,
         case when l.known_id is not null then 'known' when l.why is not null then 'refused'
              when l.lead_id <> l.old_id then 'merged' when here.id is not null then 'matched' else 'new' end,
         l.why,
         case when l.known_id is not null or l.why is not null then null
              when l.lead_id <> l.old_id
                then format('the same time as %s: taken together, with the seats of that one', l.lead_id)
              when here.id is not null then format('is slot %s here already, which keeps its %s seats', here.id,
                here.capacity) end,
         case when l.why is null then coalesce(l.known_id, first.known_id, here.id) end,
         l.lead_id, l.month, l.weekday, l.starts_at,
         -- what the lead has, here or there
         coalesce(now.capacity, first.capacity),
         l.deleted or now.deleted_at is not null,
         coalesce(now.taken, 0)
    from led l
    join led first on first.old_id = l.lead_id
    left join gym.slots here on not l.deleted and here.deleted_at is null and here.month = l.month
      and here.weekday = l.weekday and here.starts_at = l.starts_at
    left join gym.slots now on now.id = coalesce(l.known_id, first.known_id, here.id)
$$;
comment on function rules.plan_slots(text) is
  'What becomes of the old system''s training times. lead_id: the old id of the one that it is taken together '
  'with, its own mostly; capacity, taken, deleted: of the slot here, where there is one. Errors: those of '
  'rules.legacy_available_time.';

create function rules.plan_enrolments(p_schema text, p_admin_card integer)
returns table (old_id bigint, state text, refusal text, remark text, new_id integer, lead_id bigint, user_id integer,
  slot_id integer, month date, weekday integer, starts_at time, created_at timestamptz, cancelled_at timestamptz,
  cancel_reason text)
language sql stable rows 20000 set jit = off
as $$
  with c as materialized (
    select rules.clock() as now, rules.this_month() as this_month, s.time_zone, s.slots_per_student
      from gym.settings s),
  marked as materialized (
    -- the span of what was really marked
    select v.entry_id, min(rules.legacy_date(v.date)) as first_date, max(rules.legacy_date(v.date)) as last_date
      from rules.legacy_visits(p_schema) v where btrim(v.mark) in ('1', '2', '3') group by v.entry_id),
  old as materialized (
    select e.old_id, e.deleted, e.user_id as user_text, e.time_id as time_text,
      rules.legacy_moment(e.create_time) as create_time,
           u.new_id as user_id, u.refusal as user_refusal, u.old_id as old_user, u.deleted as user_deleted,
             here.deleted as deleted_here,
           s.new_id as slot_id, s.lead_id as slot_lead, s.refusal as slot_refusal, s.old_id as old_slot,
             s.deleted as slot_deleted, s.capacity, s.taken,
           s.month, s.weekday, s.starts_at, k.new_id as known_id, s.month < c.this_month as is_past
      from rules.legacy_entries(p_schema) e
      cross join c
      left join rules.plan_users(p_schema, p_admin_card) u on u.old_id = rules.legacy_number(e.user_id)
      left join rules.plan_slots(p_schema) s on s.old_id = rules.legacy_number(e.time_id)
      left join gym.users here on here.id = u.new_id
      left join gym.legacy_ids k on k.kind = 'entry' and k.old_id = e.old_id),
  checked as (
    select o.*,
           case when o.known_id is not null then null
                when o.old_user is null then format('there is no user %s', coalesce(o.user_text, 'null'))
                when o.user_id is null then format('user %s is refused: %s', o.old_user, o.user_refusal)
                when o.old_slot is null then format('there is no time %s', coalesce(o.time_text, 'null'))
                when o.slot_refusal is not null then format('time %s is refused: %s', o.old_slot, o.slot_refusal) end
                  as why,
           case when o.deleted then 'imported'
                when o.slot_deleted then 'slot deleted'
                when coalesce(o.deleted_here, false) or (o.user_deleted and not o.is_past) then 'user deleted' end
                  as dead
      from old o),
  led as (
    select k.*, case when k.why is null and k.dead is null
                     then min(k.old_id) filter (where k.why is null and k.dead is null) over (partition by k.user_id,
                       k.slot_lead, k.month)
                     else k.old_id end as lead_id
      from checked k),
  asking as (
    -- a seat is asked for by whatever is new, alive and no repetition; those enrolled here stand before it
    select l.*, l.known_id is null and l.why is null and l.dead is null and l.lead_id = l.old_id as asks from led l),
  by_weekday as (
    select a.*, case when a.asks then
                  row_number() over (partition by a.user_id, a.month, a.weekday, a.asks order by a.old_id)
                  + (select count(*) from gym.enrolments e
                    where e.user_id = a.user_id and e.month = a.month and e.weekday = a.weekday and e.cancelled_at
                    is null) > 1 end as second_on_day
      from asking a),
  by_month as (
    select w.*, case when w.asks and not w.second_on_day then
                  row_number() over (partition by w.user_id, w.month, w.asks and not w.second_on_day order by w.old_id)
                  + (select count(*) from gym.enrolments e
                    where e.user_id = w.user_id and e.month = w.month and e.cancelled_at
                    is null) > c.slots_per_student end as too_many
      from by_weekday w cross join c),
  by_seat as (
    select m.*, case when m.asks and not m.second_on_day and not m.too_many then
                  row_number() over (partition by m.slot_lead,
                    m.asks and not m.second_on_day and not coalesce(m.too_many, false)
                    order by m.old_id) + m.taken > m.capacity end as no_seat
      from by_month m),
  judged as (
    select b.*,
           case when not b.asks then null
                when b.second_on_day then 'another time on that weekday'
                when b.too_many then format('more than %s times in the month', c.slots_per_student)
                when b.no_seat then format('all %s seats are taken', b.capacity)
                when not b.is_past and rules.is_barred(b.user_id, b.month) then 'barred from that month' end as surplus
      from by_seat b cross join c),
  dated as (
    select j.*, c.now,
           -- before the first lesson that was marked, whatever the row says
           least(coalesce(j.create_time, j.month::timestamp at time zone c.time_zone),
                 (m.first_date::timestamp - interval '1 minute') at time zone c.time_zone, c.now) as begun_at,
           (m.last_date + j.starts_at) at time zone c.time_zone as last_marked_at,
           (j.month + interval '1 month') at time zone c.time_zone as month_ends_at
      from judged j cross join c
      left join marked m on m.entry_id = j.old_id)
  select d.old_id,
         case when d.known_id is not null then 'known' when r.why is not null then 'refused'
           when d.lead_id <> d.old_id then 'merged' else 'new' end,
         r.why,
         case when d.known_id is not null or r.why is not null then null
              when d.lead_id <> d.old_id then format('the same as entry %s: taken together', d.lead_id)
              when d.is_past and d.surplus is not null then d.surplus || ': history, cancelled at the end of the month'
              when d.dead = 'slot deleted' then 'its time is deleted: comes in cancelled'
              when d.dead = 'user deleted' then 'its student is deleted: comes in cancelled' end,
         coalesce(d.known_id, first.known_id), d.lead_id, d.user_id, d.slot_id, d.month, d.weekday, d.starts_at,
         d.begun_at,
         case when d.dead is not null then greatest(d.begun_at, least(d.last_marked_at, d.now))
              when d.surplus is not null then d.month_ends_at end,
         case when d.dead is not null then d.dead when d.surplus is not null then 'imported' end
    from dated d
    join dated first on first.old_id = d.lead_id
   cross join lateral (select coalesce(d.why, case when not d.is_past and d.known_id is null then first.surplus end)
     as why) r
$$;
comment on function rules.plan_enrolments(text, integer) is
  'What becomes of the old system''s entries. What is beyond the rules (seats, two on a weekday, '
  'slots_per_student) comes in cancelled where its month is past, so that its marks stay, and is refused '
  'otherwise; the older entry has the seat. Errors: those of the readers.';

create function rules.plan_marks(p_schema text, p_admin_card integer)
returns table (old_id bigint, state text, refusal text, enrolment_id integer, date date, mark gym.mark,
  set_at timestamptz)
language sql stable rows 50000 set jit = off
as $$
  with c as materialized (select rules.clock() as now, rules.this_month() as this_month, s.time_zone
    from gym.settings s),
  old as materialized (
    select v.old_id, v.entry_id, rules.legacy_date(v.date) as date, v.date as date_text, btrim(v.mark) as mark
      from rules.legacy_visits(p_schema) v
     -- 0 says nothing: the old system made it for the whole month ahead. Marks not set are made by the rules
     where btrim(v.mark) <> '0'),
  checked as (
    select o.*, k.new_id as known_id, e.new_id as enrolment_id, e.lead_id,
      (o.date + e.starts_at) at time zone c.time_zone as at, c.now,
           case when k.new_id is not null then null
                when e.old_id is null then case when o.entry_id is null then 'its student had no entry for that day'
                  else format('there is no entry %s', o.entry_id) end
                when e.state = 'refused' then format('entry %s is refused: %s', e.old_id, e.refusal)
                when o.date is null then format('date %L is none', o.date_text)
                when o.mark not in ('1', '2', '3') then format('mark %L is none of 0 to 3', o.mark)
                when e.month > c.this_month then 'its month has not begun'
                when date_trunc('month', o.date::timestamp)::date <> e.month
                  then format('the date is not in %s', to_char(e.month, 'MM-YYYY'))
                when coalesce(x.runs_as, extract(isodow from o.date) - 1) <> e.weekday
                  then 'the date is another weekday than its entry'
                when (o.date + e.starts_at) at time zone c.time_zone > e.cancelled_at
                  then 'the entry was cancelled before'
                when e.state = 'known' and m.id is null then 'its enrolment has no such lesson here'
                when m.set_at is not null then format('set to %s here', m.mark) end as why
      from old o
      cross join c
      left join rules.plan_enrolments(p_schema, p_admin_card) e on e.old_id = o.entry_id
      left join gym.legacy_ids k on k.kind = 'visit' and k.old_id = o.old_id
      left join gym.marks m on m.enrolment_id = e.new_id and m.date = o.date and m.withdrawn_at is null
      left join gym.closures x on x.deleted_at is null and x.runs_as is not null and x.start_date = o.date),
  told as (
    select h.*, min(h.old_id) filter (where h.why is null) over (partition by h.lead_id, h.date) as first_id
      from checked h)
  select t.old_id,
         case when t.known_id is not null then 'known' when t.why is not null or t.first_id <> t.old_id then 'refused'
           else 'new' end,
         case when t.known_id is null
           then coalesce(t.why, case
           when t.first_id <> t.old_id then format('visit %s is of the same lesson', t.first_id) end) end,
         t.enrolment_id, t.date,
         case t.mark when '1' then 'present' when '2' then 'excused' when '3' then 'cancelled' end::gym.mark,
         least(t.at, t.now)
    from told t
$$;
comment on function rules.plan_marks(text, integer) is
  'What becomes of the old system''s visits that say something: 1 present, 2 excused, 3 cancelled. set_at: the '
  'lesson, since nobody noted when. Errors: those of the readers.';

create function rules.plan_posts(p_schema text)
returns table (kind text, old_id bigint, state text, refusal text, body text, created_at timestamptz, deleted boolean)
language sql stable rows 500 set jit = off
as $$
  select p.kind, p.old_id,
         case when k.new_id is not null then 'known'
           when coalesce(length(p.body), 0) not between 1 and 100000 then 'refused' else 'new' end,
         case when k.new_id is null and coalesce(length(p.body), 0) not between 1 and 100000
           then 'the text is empty, or longer than 100000 characters' end,
         p.body, coalesce(rules.legacy_moment(p.create_time), rules.clock()), p.deleted
    from rules.legacy_posts(p_schema) p
    left join gym.legacy_ids k on k.kind = p.kind and k.old_id = p.old_id
$$;
comment on function rules.plan_posts(text) is
  'What becomes of the old system''s announcements and news. Errors: those of rules.legacy_posts.';

create function rules.plan_problems(p_schema text, p_admin_card integer)
  returns table (what text, old_id bigint, outcome text, reason text)
language sql stable set jit = off
as $$
  select q.what, q.old_id, case when q.refusal is null then 'changed' else 'refused' end, coalesce(q.refusal, q.remark)
    from (select 1 as place, 'users' as what, p.old_id, p.refusal, p.remark
      from rules.plan_users(p_schema, p_admin_card) p
          union all
          select 2, 'available_time', p.old_id, p.refusal, p.remark from rules.plan_slots(p_schema) p
          union all
          select 3, 'entries', p.old_id, p.refusal, p.remark from rules.plan_enrolments(p_schema, p_admin_card) p
          union all
          select 4, 'visits', p.old_id, p.refusal, null from rules.plan_marks(p_schema, p_admin_card) p
          union all
          select 5, case p.kind when 'ad' then 'ads' else p.kind end, p.old_id, p.refusal, null
            from rules.plan_posts(p_schema) p) q
   where coalesce(q.refusal, q.remark) is not null
   order by q.place, q.what, q.old_id
$$;
comment on function rules.plan_problems(text, integer) is
  'Every row of the old system that does not come in, or comes in otherwise than it stands, and why. Errors: those '
  'of the plans.';

create function rules.plan_summary(p_schema text, p_admin_card integer)
returns table (what text, rows bigint, imported bigint, known bigint, refused bigint, note text)
language sql stable set jit = off
as $$
  select s.what, s.rows, s.imported, s.known, s.refused, nullif(s.note, '')
    from (
      select 1 as place, 'users' as what, count(*) as rows,
        count(*) filter (where p.state in ('new', 'merged')) as imported,
             count(*) filter (where p.state in ('known', 'matched')) as known,
               count(*) filter (where p.state = 'refused') as refused,
             concat_ws(', ', case when count(*) filter (where p.remark ~ 'disabled') > 0
               then count(*) filter (where p.remark ~ 'disabled') || ' log-ins disabled' end,
                             case when count(*) filter (where p.remark ~ 'BLOCKED') > 0
                               then count(*) filter (where p.remark ~ 'BLOCKED') || ' judged anew' end) as note
        from rules.plan_users(p_schema, p_admin_card) p
      union all
      select 2, 'available_time', count(*), count(*) filter (where p.state in ('new', 'merged')),
        count(*) filter (where p.state in ('known', 'matched')),
             count(*) filter (where p.state = 'refused'),
             case when count(*) filter (where p.state = 'merged') > 0 then count(*) filter (where p.state = 'merged')
               || ' taken together with another' end
        from rules.plan_slots(p_schema) p
      union all
      select 3, 'entries', count(*), count(*) filter (where p.state in ('new', 'merged')),
        count(*) filter (where p.state in ('known', 'matched')),
             count(*) filter (where p.state = 'refused'),
             case when count(*) filter (where p.state = 'new' and p.remark is not null) > 0
               then count(*) filter (where p.state = 'new' and p.remark is not null) || ' cancelled as history' end
        from rules.plan_enrolments(p_schema, p_admin_card) p
      union all
      select 4, 'visits', count(*) + v.silent, count(*) filter (where p.state in ('new', 'merged')),
        count(*) filter (where p.state in ('known', 'matched')),
             count(*) filter (where p.state = 'refused'),
             case when v.silent > 0 then v.silent || ' not marked (0)' end
        from (select count(*) as silent from rules.legacy_visits(p_schema) v where coalesce(btrim(v.mark), '0') = '0') v
        left join rules.plan_marks(p_schema, p_admin_card) p on true
       group by v.silent
      union all
      select 5, k.what, count(p.old_id), count(*) filter (where p.state in ('new', 'merged')),
        count(*) filter (where p.state in ('known', 'matched')),
             count(*) filter (where p.state = 'refused'), null
        from (values ('ad', 'ads'), ('news', 'news')) k (kind, what)
        left join rules.plan_posts(p_schema) p on p.kind = k.kind
       group by k.what) s
   order by s.place, s.what
$$;
comment on function rules.plan_summary(text, integer) is
  'The plan in numbers: of each old table its rows, how many come in, were known before, are refused. Errors: '
  'those of the plans.';
