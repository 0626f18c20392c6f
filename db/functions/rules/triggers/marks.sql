-- The triggers of gym.marks, as they fire; those of one line fire in the order of their names.
--   insert
--     after the statement: marks__fixed_insert, marks__judge_insert, marks__remember_insert
--   update
--     before each row: marks__fixed, marks__stamp
--     after the statement: marks__judge_update, marks__remember_update
--   delete
--     before the statement: marks__keep
--     after the statement: marks__remember_delete
--   truncate
--     before the statement: marks__keep

create trigger marks__keep before delete or truncate on gym.marks for each statement execute function rules.keep();

create function rules.marks__fixed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if not exists (select from new_rows n join gym.enrolments e on e.id = n.enrolment_id
                    where (n.slot_id, n.user_id) <> (e.slot_id, e.user_id)) then
      -- the weekday of the enrolment, or a day that runs as it
      perform rules.refuse('mark_on_its_day', to_char(n.date, 'DD.MM.YYYY'))
         from new_rows n
         join gym.enrolments e on e.id = n.enrolment_id
        where n.date < e.month or n.date >= e.month + interval '1 month'
           or extract(isodow from n.date) - 1 <> e.weekday
              and not exists (select from gym.closures c
                               where c.deleted_at is null and c.start_date = n.date and c.runs_as = e.weekday);
      return null;
    end if;
  elsif (new.id, new.enrolment_id, new.slot_id, new.user_id, new.date) = (old.id, old.enrolment_id, old.slot_id,
    old.user_id, old.date) then
    return new;
  end if;
  perform rules.refuse('mark_of_enrolment');
  return null;
end
$$;
comment on function rules.marks__fixed() is
  'Trigger function: a mark is of its enrolment''s slot and student, and stays so, and of its date '
  '(mark_of_enrolment), on which its lesson is (mark_on_its_day): else one student''s absence could become '
  'another''s. Definer: whoever may write the table may call nothing else.';
create trigger marks__fixed before update of id, enrolment_id, slot_id, user_id, date on gym.marks
  for each row execute function rules.marks__fixed();

create function rules.marks__stamp() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- set by a person; calling a lesson off or on moves mark_before too
  if new.mark <> old.mark and new.mark_before is not distinct from old.mark_before then
    -- nobody has come or stayed away before the day, whether or not the lesson takes place
    if new.mark in ('absent', 'present') and new.date > rules.today() then
      perform rules.refuse('lesson_ahead');
    end if;
    new.mark_before := null;
    if new.mark = 'unmarked' then
      new.set_at := null;
      new.set_by := null;
      -- taken back in a lesson that is off, it is off again
      if rules.is_off(new.date, (select s.starts_at from gym.slots s where s.id = new.slot_id)) then
        new.mark_before := 'unmarked';
        new.mark := 'cancelled';
      end if;
    elsif new.set_at is not distinct from old.set_at then
      new.set_at := rules.clock();
      new.set_by := rules.actor();
    end if;
  elsif new.mark = 'cancelled' and new.mark_before = old.mark_before then
    -- cancelled by a person where the lesson is off already: it comes back as it was, set by whoever set it
    new.set_at := old.set_at;
    new.set_by := old.set_by;
  end if;
  -- a forgiven date is excused, whatever is marked, or taken back, later
  if new.mark in ('absent', 'unmarked')
    and exists (select from gym.pardons p where p.user_id = new.user_id and p.date = new.date) then
    new.mark := 'excused';
  end if;
  return new;
end
$$;
comment on function rules.marks__stamp() is
  
  'Trigger function: notes who set a mark and when, and excuses what was forgiven for that date; refuses present and '
  'absent before the lesson''s day (lesson_ahead). Definer: whoever may write the table may call nothing else.';
create trigger marks__stamp before update of mark on gym.marks for each row execute function rules.marks__stamp();

create trigger marks__fixed_insert after insert on gym.marks
  referencing new table as new_rows for each statement execute function rules.marks__fixed();

create function rules.marks__judge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date;
  v_users integer[];
begin
  if tg_op = 'INSERT' then
    -- most fresh marks are of days to come; one of a day past may be an absence, or make others of its lesson so
    for v_month, v_users in
      select date_trunc('month', t.date::timestamp)::date, array_agg(distinct m.user_id order by m.user_id)
        from (select distinct n.slot_id, n.date from new_rows n
               where n.date < rules.today() and n.mark in ('absent', 'present', 'unmarked')) t
        join gym.marks m on m.slot_id = t.slot_id and m.date = t.date and m.withdrawn_at is null
       group by 1 order by 1
    loop
      perform rules.judge(v_month, v_users);
    end loop;
    return null;
  end if;
  -- one mark can change what the unmarked of its lesson count as: all of the lesson are judged
  for v_month, v_users in
    select date_trunc('month', t.date::timestamp)::date, array_agg(distinct m.user_id order by m.user_id)
      from (select distinct n.slot_id, n.date from new_rows n join old_rows o on o.id = n.id
             where n.date < rules.today() and (n.mark, n.withdrawn_at) is distinct from (o.mark, o.withdrawn_at)) t
      join gym.marks m on m.slot_id = t.slot_id and m.date = t.date
     group by 1 order by 1
  loop
    perform rules.judge(v_month, v_users);
  end loop;
  return null;
end
$$;
comment on function rules.marks__judge() is
  'Trigger function: raising, correcting, cancelling, closing and excusing re-judge at once, a whole lesson in one '
  'go. Definer: whoever may write the table may call nothing else.';
create trigger marks__judge_insert after insert on gym.marks
  referencing new table as new_rows for each statement execute function rules.marks__judge();
create trigger marks__judge_update after update on gym.marks
  referencing old table as old_rows new table as new_rows for each statement execute function rules.marks__judge();
