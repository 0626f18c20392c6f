-- One person: the actor's own pages, and the coach's page of a person.

create function wire.person_lessons_json(p_user_id integer, p_from date, p_to date) returns json
language plpgsql stable
as $$
begin
  return (
    with lessons as materialized (
      select l.*, date_trunc('month', l.date::timestamp)::date as month,
             case when l.mark <> 'unmarked' then l.mark::text when l.ahead then 'ahead' when l.marked then 'absent'
                  else 'unmarked' end as counts_as
        from rules.person_lessons(p_user_id, p_from, p_to) l),
    counted as (
      select l.month, grouping(l.month) = 1 as is_total,
             json_build_object(
               'month', to_char(l.month, 'MM-YYYY'),
               'held', count(*) filter (where l.counts_as in ('present', 'absent', 'excused')),
               'present', count(*) filter (where l.counts_as = 'present'),
               'absent', count(*) filter (where l.counts_as = 'absent'),
               'excused', count(*) filter (where l.counts_as = 'excused'),
               'cancelled', count(*) filter (where l.counts_as = 'cancelled'),
               'unmarked', count(*) filter (where l.counts_as = 'unmarked'),
               'ahead', count(*) filter (where l.counts_as = 'ahead')) as numbers
        from lessons l group by grouping sets ((l.month), ()))
    select json_build_object(
             'from', p_from, 'to', p_to,
             'lessons', (select coalesce(json_agg(json_build_object(
                 'id', l.mark_id, 'date', l.date, 'time', to_char(l.starts_at, 'HH24:MI'), 'weekday', l.weekday,
                 'slot', l.slot_id,
                 'mark', case l.mark when 'present' then 1 when 'excused' then 2 when 'cancelled' then 3 else 0 end,
                 'marked', l.marked, 'ahead', l.ahead,
                 'moved', l.weekday <> extract(isodow from l.date)::integer - 1, 'reason', l.reason)
                 order by l.date, l.starts_at, l.mark_id), '[]') from lessons l),
             'closures', (select coalesce(json_agg(wire.closure_json(c) order by c.start_date), '[]')
                            from gym.closures c
                           where c.deleted_at is null and c.start_date <= p_to and c.end_date >= p_from),
             'totals', (select c.numbers::jsonb - 'month' from counted c where c.is_total),
             'months', (select coalesce(json_agg(c.numbers order by c.month),
             '[]') from counted c where not c.is_total)));
end
$$;
comment on function wire.person_lessons_json(integer, date, date) is
  'Shape PersonLessons of openapi.yaml: a person''s lessons of a period with marks, the closures that touch it, and '
  'what they '
  'add up to, by month too. Who was left unmarked in a lesson in which anybody was marked counts as absent.';

create function wire.blocks_json(p_user_id integer) returns json
language plpgsql stable
as $$
begin
  return (
    select coalesce(json_agg(json_build_object(
             'id', b.id, 'byHand', b.month is null, 'month', to_char(b.month, 'MM-YYYY'),
             'barsFrom', to_char(b.month + interval '1 month', 'MM-YYYY'), 'absences', to_json(b.absences), 'reason',
             b.reason,
             'since', n.first_day, 'until', case when b.lifted_at is null then nullif(n.last_day, 'infinity') end,
             'standing', b.lifted_at is null and n.last_day >= rules.today(),
             'liftedOn', (b.lifted_at at time zone c.time_zone)::date, 'liftReason',
             b.lift_reason) order by b.id desc), '[]')
      from rules.block_spans n join gym.blocks b on b.id = n.block_id cross join gym.settings c
     where n.user_id = p_user_id);
end
$$;
comment on function wire.blocks_json(integer) is
  'A person''s blocks, the latest first, in shape Block of openapi.yaml. barsFrom: the month that a block by '
  'absences bars '
  'from; until: its last day, null where it was lifted or only an administrator ends it.';

create function wire.find_people_json(p_text text, p_limit integer) returns json
language plpgsql stable
as $$
declare
  -- what is typed means itself
  v_like text := replace(replace(replace(rules.folded(p_text), '\', '\\'), '%', '\%'), '_', '\_');
begin
  return (
    select coalesce(json_agg(wire.user_json(f.u) order by f.place, (f.u).id), '[]')
      from (select u, r.place
              from gym.users u join rules.roll r on r.user_id = u.id
             where not u.deleted
               and (rules.folded(r.name) like '%' || v_like || '%' or rules.folded(u."group") like v_like || '%'
                    or u.student_card::text like v_like || '%')
             order by r.place, u.id
             limit p_limit) f);
end
$$;
comment on function wire.find_people_json(text, integer) is
  'People, not deleted, by family name: those whose name has p_text in it, or whose group or card begins with it, '
  'in any case. '
  'p_limit: at most so many.';

create function wire.visit_own(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('visit/own', p_actor, p_request_id);
  return (
    select wire.person_lessons_json(p_actor, p.first_day, p.last_day)
      from wire.period_of(p_body, rules.this_month(), (rules.next_month() - 1)) p);
end
$$;
comment on function wire.visit_own(integer, jsonb, text) is
  'POST /visit/own: the actor''s lessons of a month or period with marks. Errors: those of wire.period_of. '
  'Definer: the server may read no table.';

create function wire.visit_person(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_person gym.users;
begin
  perform wire.admit('visit/person', p_actor, p_request_id);
  v_person := rules.person(wire.int_field(p_body, 'user'));
  return (
    select wire.person_lessons_json(v_person.id, p.first_day, p.last_day)::jsonb
           || jsonb_build_object('user', wire.user_json(v_person), 'absences', wire.absences_json(v_person.id),
                                 'blocks', wire.blocks_json(v_person.id))
      from wire.period_of(p_body, rules.this_month(), (rules.next_month() - 1)) p);
end
$$;
comment on function wire.visit_person(integer, jsonb, text) is
  'POST /visit/person: what visit/own, user/absences and user/blocks say, of any person. '
  'Errors: user_not_found, those of wire.period_of. Definer: the server may read no table.';

create function wire.user_own(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/own', p_actor, p_request_id);
  return (select wire.user_json(u) from gym.users u where u.id = p_actor);
end
$$;
comment on function wire.user_own(integer, jsonb, text) is
  'GET /user/own: the actor. Definer: the server may read no table.';

create function wire.user_blocks(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/blocks', p_actor, p_request_id);
  return wire.blocks_json(p_actor);
end
$$;
comment on function wire.user_blocks(integer, jsonb, text) is
  'GET /user/blocks: why, since when and until when the actor is or was blocked, the latest first. '
  'Definer: the server may read no table.';

create function wire.user_find(p_actor integer, p_body jsonb, p_request_id text) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform wire.admit('user/find', p_actor, p_request_id);
  return wire.find_people_json(wire.text_field(p_body, 'text', p_min => 1, p_max => 100),
    coalesce(wire.int_field(p_body, 'limit', false, p_max => 100), 20));
end
$$;
comment on function wire.user_find(integer, jsonb, text) is
  'POST /user/find: people by a part of the name, or the beginning of group or card. Definer: the server may read '
  'no table.';
