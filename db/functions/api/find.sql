-- Finding a person, and what happened to one. The history is read from the rows themselves and from the audit trail, so
-- that a seat taken, lost and given back is told in full as long as the trail is kept.

create function api.doer(p_actor integer, p_login text default null, p_application text default null) returns text
language plpgsql stable
as $$
begin
  return coalesce(
    (select concat_ws(', ', coalesce(nullif(r.name, ''), 'id ' || r.user_id), r.student_card)
       from rules.roll r where r.user_id = p_actor),
    p_login || coalesce(' (' || p_application || ')', ''),
    'правила');
end
$$;
comment on function api.doer(integer, text, text) is
  'Who did something: name and card of the person with id p_actor, else the database role and its application_name, '
  'else '
  'the rules themselves. Never null.';

create function api.folded_lines(p_text text, p_width integer) returns text
language sql immutable
as $$
  select rtrim(regexp_replace(p_text,
           format('([^\n]{1,%s})(?: *\n| +|$)|(\S{%1$s})', p_width), E'\\1\\2\n', 'g'), E'\n')
$$;
comment on function api.folded_lines(text, integer) is
  'A text broken between words into lines of p_width characters at most, in one value; a longer word is cut.';

create function api.seat_named(p_month date, p_weekday integer, p_at time) returns text
language sql immutable
as $$
  select format('%s %s %s', to_char(p_month, 'MM-YYYY'),
                (array['Mon','Tue','Wed','Thu','Fri','Sat','Sun'])[p_weekday + 1], to_char(p_at, 'HH24:MI'))
$$;
comment on function api.seat_named(date, integer, time) is
  'A seat as people name it: 12-2026 Mon 16:00. p_weekday: 0 is Monday.';

create function api.cancel_reason_named(p_reason text) returns text
language sql immutable
as $$
  select case p_reason
           when 'own choice'    then 'человек сам отказался от места или выбрал другое'
           when 'administrator' then 'запись отменил администратор'
           when 'slot deleted'  then 'занятие удалили'
           when 'user deleted'  then 'учётную запись удалили'
           when 'blocked'       then 'человека заблокировали, места следующего месяца освободились'
           when 'moved'         then 'перенесли на другое занятие'
           when 'imported'      then 'отменена ещё в старой системе'
           else p_reason
         end
$$;
comment on function api.cancel_reason_named(text) is 'gym.enrolments.cancel_reason in words for people.';

create function api.find(part text)
returns table (card integer, person text, "group" text, role gym.userrole, account text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  -- What is typed means itself: % and _ are no patterns. е finds ё, as people write either.
  v_part text := translate(rules.folded(part), 'ё', 'е');
begin
  if coalesce(v_part, '') = '' then
    perform rules.refuse('field_missing', 'part');
  end if;
  return query
  select f.card, api.folded_lines(f.person, 40), api.folded_lines(f.study_group, 16), f.role, f.account
    from (select r.student_card as card, r.name as person, r."group" as study_group, u.role,
                 case when u.deleted then 'deleted' else 'yes' end as account, r.place, u.id
            from rules.roll r join gym.users u on u.id = r.user_id
           where strpos(translate(rules.folded(r.name), 'ё', 'е'), v_part) > 0
              or strpos(translate(rules.folded(r."group"), 'ё', 'е'), v_part) > 0
              or strpos(r.student_card::text, v_part) > 0
          union all
          -- students of the roster who have no account yet
          select r.card, r.name, r."group", null, 'roster only', r.place, null
            from rules.roster_roll r
           where r.gone_at is null
             and not exists (select from gym.users u where u.student_card = r.card)
             and (strpos(translate(rules.folded(r.name), 'ё', 'е'), v_part) > 0
                  or strpos(translate(rules.folded(r."group"), 'ё', 'е'), v_part) > 0
                  or strpos(r.card::text, v_part) > 0)) f
   order by f.account = 'roster only', f.place, f.id, f.card;
end
$$;
comment on function api.find(text) is
  'Finds people by a part of the name, card or group, in any letter case. Latin letters that look like Cyrillic ones, '
  'and '
  'е for ё, are found too. account: yes, deleted, or roster only (a student without an account). Errors: '
  'field_missing. '
  'Definer: reads gym.users and gym.roster. Example: select * from api.find(''ива'');';

create function api.person_history(card integer default null, person integer default null)
returns table (at timestamp(0), what text, who text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id integer := api.person_id(card, person);
begin
  return query
  with seats as (
    select e.*, api.seat_named(e.month, e.weekday, s.starts_at) as seat
      from gym.enrolments e join gym.slots s on s.id = e.slot_id
     where e.user_id = v_id),
  -- each change of a seat, account, mark, block and pardon that the trail still holds
  trail as (
    select a.*, coalesce(a.gym_time, a.written_at) as moment
      from (values
        ('enrolments', array(select s.id::text from seats s)),
        ('users', array[v_id::text]),
        ('marks', array(select m.id::text from gym.marks m where m.user_id = v_id)),
        ('blocks', array(select b.id::text from gym.blocks b where b.user_id = v_id)),
        ('pardons', array(select p.id::text from gym.pardons p where p.user_id = v_id))) o (on_table, keys)
     -- each table's keys by the trail's index. Joined by "or" the whole trail would be read
     cross join lateral (
       select l.* from gym.audit_log l where l.on_table = o.on_table and l.key = any (o.keys) offset 0) a),
  told (moment, n, what, who) as (
    -- the account
    select t.moment, t.id,
           case when t.operation = 'insert' then 'Учётная запись создана'
                when t.new_values ->> 'deleted' = 'true' then 'Учётная запись удалена'
                when t.new_values ->> 'deleted' = 'false' then 'Учётная запись восстановлена'
                else 'Данные изменены: '
                     || (select string_agg(k, ', ' order by k) from jsonb_object_keys(t.new_values) k) end,
           api.doer(t.actor, t.login, t.application)
      from trail t where t.on_table = 'users' and t.operation in ('insert', 'update')
       and t.new_values - '{hid,image}'::text[] <> '{}'
    union all
    -- seats taken
    select s.created_at, coalesce(t.id, 0),
           'Записан: ' || s.seat
           || case when s.beyond_limit is not null then ' (сверх предела)' else '' end,
           case when t.id is null then api.doer(s.created_by) else api.doer(t.actor, t.login, t.application) end
      from seats s
      left join trail t on t.on_table = 'enrolments' and t.key = s.id::text and t.operation = 'insert'
    union all
    -- seats lost and given back, as the trail has them
    select t.moment, t.id,
           case when t.new_values ->> 'cancelled_at' is null then 'Место возвращено: ' || s.seat
                else format('Место потеряно: %s, %s', s.seat,
                  api.cancel_reason_named(t.new_values ->> 'cancel_reason')) end,
           api.doer(t.actor, t.login, t.application)
      from trail t join seats s on t.key = s.id::text
     where t.on_table = 'enrolments' and t.operation = 'update' and t.new_values ? 'cancelled_at'
    union all
    -- seats lost of which the trail says nothing any more
    select s.cancelled_at, 0,
           format('Место потеряно: %s, %s', s.seat, api.cancel_reason_named(s.cancel_reason)), api.doer(s.cancelled_by)
      from seats s
     where s.cancelled_at is not null
       and not exists (select from trail t
                        where t.on_table = 'enrolments' and t.key = s.id::text and t.operation = 'update'
                          and t.new_values ->> 'cancelled_at' is not null)
    union all
    -- marks as they stand
    select coalesce(m.set_at, (m.date + sl.starts_at) at time zone c.time_zone), 0,
           format('Отметка %s: %s', to_char(m.date, 'DD.MM.YYYY') || to_char(sl.starts_at, ' HH24:MI'),
             case m.mark when 'present' then 'был' when 'absent' then 'не был'
                         when 'excused' then 'уважительная причина'
                         when 'cancelled' then 'занятие отменено' end),
           case when m.set_at is null then 'правила'
                else coalesce((select api.doer(t.actor, t.login, t.application) from trail t
                                where t.on_table = 'marks' and t.key = m.id::text and t.new_values ? 'mark'
                                order by t.id desc limit 1),
                              api.doer(m.set_by)) end
      from gym.marks m join gym.slots sl on sl.id = m.slot_id cross join gym.settings c
     where m.user_id = v_id and m.withdrawn_at is null and m.mark <> 'unmarked'
    union all
    -- blocks, what ended them, pardons; seats freed and given back stand above
    select l.at, l.id,
           case l.event
             when 'blocked' then 'Заблокирован' when 'unblocked' then 'Разблокирован'
             when 'forgiven' then 'Пропуск прощён' when 'pardoned' then 'Уважительная причина'
             when 'seat not given back' then 'Место не вернулось'
             when 'forced' then 'Правило обошли принудительно' else l.event end
           || ': ' || l.reason
           || coalesce((select ' (' || s.seat || ')' from seats s where s.id = l.enrolment_id), ''),
           coalesce(case when l.by_user is not null then api.doer(l.by_user) end,
                    (select api.doer(t.actor, t.login, t.application) from trail t
                      where t.on_table in ('blocks', 'pardons') and t.moment = l.at order by t.id limit 1),
                    api.doer(null))
      from gym.ledger l
     where l.user_id = v_id and l.event not in ('seat freed', 'seat given back'))
  select rules.local_time(d.moment)::timestamp(0), api.folded_lines(d.what, 44), api.folded_lines(d.who, 28)
    from told d
   order by d.moment, d.n;
end
$$;
comment on function api.person_history(integer, integer) is
  'What happened to a person, oldest first, in the gym''s time. Seats taken, lost (cancelled ones too) and given back, '
  'marks as they stand, blocks, pardons, changes of the account; who did it, by name. card, or person: id. '
  'Errors: user_not_found. Definer: reads gym.audit_log and others. '
  'Example: select * from api.person_history(card => 12069840);';

create function api.lost_seats(card integer default null, person integer default null, month text default null)
returns table (seat text, lost_at timestamp(0), who text, from_where text, why text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id    integer := api.person_id(card, person);
  v_month date := api.month_named(month);
begin
  return query
  select api.seat_named(e.month, e.weekday, s.starts_at),
         rules.local_time(e.cancelled_at)::timestamp(0),
         api.folded_lines(
           case when t.id is null then api.doer(e.cancelled_by) else api.doer(t.actor, t.login) end, 20),
         -- the request, as the server's log has it, and what the connection called itself
         api.folded_lines(concat_ws(' ', t.application, 'request ' || t.request_id,
           case when t.id is null then 'журнал этого уже не хранит' end), 20),
         -- a block says itself for what
         api.folded_lines(concat_ws(': ', api.cancel_reason_named(e.cancel_reason),
           case e.cancel_reason when 'blocked' then
             (select l.reason from gym.ledger l
               where l.enrolment_id = e.id and l.event = 'seat freed' order by l.id desc limit 1) end), 18)
    from gym.enrolments e
    join gym.slots s on s.id = e.slot_id
    -- the last change that took the seat
    left join lateral (
      select a.* from gym.audit_log a
       where a.on_table = 'enrolments' and a.key = e.id::text and a.operation = 'update'
         and a.new_values ->> 'cancelled_at' is not null
       order by a.id desc limit 1) t on true
   where e.user_id = v_id and e.cancelled_at is not null and (v_month is null or e.month = v_month)
   order by e.cancelled_at desc, e.id desc;
end
$$;
comment on function api.lost_seats(integer, integer, text) is
  'Answers "My seat vanished". Each seat that a person lost, the latest first: when, who did it, from where (what the '
  'connection called itself, id of the request as the server''s log has it), and why. card, or person: id; month: '
  'MM-YYYY, '
  'current, next; null: all. Errors: user_not_found, field_unreadable. Definer: reads gym.audit_log. '
  'Example: select * from api.lost_seats(card => 12069840);';
