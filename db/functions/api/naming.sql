-- People, slots and days, named as a person names them in psql. Helpers of the other functions of api: no role may call
-- them, and api.help does not show them.

create function api.weekday_of(p_text text) returns integer
language plpgsql stable
as $$
declare
  v_day integer := array_position(array['mon','tue','wed','thu','fri','sat','sun'], lower(left(p_text, 3))) - 1;
begin
  v_day := coalesce(v_day, array_position(array['пн','вт','ср','чт','пт','сб','вс'], lower(left(p_text, 2))) - 1);
  if v_day is null and p_text ~ '^[0-6]$' then
    v_day := p_text::integer;
  end if;
  if v_day is null and p_text is not null then
    perform rules.refuse('weekday_unknown', p_text);
  end if;
  return v_day;
end
$$;
comment on function api.weekday_of(text) is
  'Weekday 0 (Monday) to 6 of a name (Mon, пн, Monday) or a digit; null of null. Errors: weekday_unknown.';

create function api.month_named(p_month text) returns date
language plpgsql stable
as $$
declare
  v_month date := case
    when p_month = 'current' then rules.this_month()
    when p_month = 'next' then rules.next_month()
    when p_month ~ '^(0[1-9]|1[0-2])-20[0-9][0-9]$'
      then make_date(right(p_month, 4)::integer, left(p_month, 2)::integer, 1)
  end;
begin
  if v_month is null and p_month is not null then
    perform rules.refuse('field_unreadable', 'month', 'месяц ММ-ГГГГ, например 12-2026');
  end if;
  return v_month;
end
$$;
comment on function api.month_named(text) is
  'First day of a month named MM-YYYY, of 2000 to 2099, or current or next; null of null. Errors: field_unreadable.';

create function api.person_id(p_card integer, p_id integer) returns integer
language plpgsql stable
as $$
declare
  v_id integer;
begin
  -- named by both, it is the one person that both name
  select u.id into v_id
    from gym.users u
   where (u.student_card = p_card or p_card is null) and (u.id = p_id or p_id is null) and coalesce(p_card, p_id)
     is not null;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_id;
end
$$;
comment on function api.person_id(integer, integer) is
  'Id of the person with that card, or that id; deleted ones too. Errors: user_not_found.';

create function api.slot_id(p_slot integer, p_day text, p_at time, p_month text) returns integer
language plpgsql stable
as $$
declare
  v_id integer;
begin
  select s.id into v_id
    from gym.slots s
   where s.deleted_at is null
     and (s.id = p_slot
          or (p_slot is null and s.weekday = api.weekday_of(p_day) and s.starts_at = p_at
              and s.month = coalesce(api.month_named(p_month), rules.next_month())));
  if not found then
    perform rules.refuse('slot_not_found');
  end if;
  return v_id;
end
$$;
comment on function api.slot_id(integer, text, time, text) is
  'Id of a slot named by id, or by weekday and time of a month (MM-YYYY, current, next; null: next). Errors: '
  'slot_not_found, weekday_unknown, field_unreadable.';

create function api.enrolment_id(p_enrolment integer, p_card integer, p_person integer, p_day text, p_at time,
  p_month text) returns integer
language plpgsql stable
as $$
declare
  v_id integer := p_enrolment;
begin
  if v_id is null then
    -- the weekday is enough: nobody holds two seats on one
    select e.id into v_id
      from gym.enrolments e join gym.slots s on s.id = e.slot_id
     where e.user_id = api.person_id(p_card, p_person) and e.cancelled_at is null
       and e.month = coalesce(api.month_named(p_month), rules.next_month()) and e.weekday = api.weekday_of(p_day)
       and (s.starts_at = p_at or p_at is null);
  end if;
  if v_id is null then
    perform rules.refuse('enrolment_not_found');
  end if;
  return v_id;
end
$$;
comment on function api.enrolment_id(integer, integer, integer, text, time, text) is
  'Id of an enrolment named by id, or by the person, weekday and month (null: next) of the seat held; the time may '
  'be left out. Errors: enrolment_not_found, user_not_found, weekday_unknown, field_unreadable.';

create function api.mark_id(p_card integer, p_person integer, p_date date, p_at time) returns integer
language plpgsql stable
as $$
declare
  v_ids integer[] := array(
    select m.id from gym.marks m join gym.slots s on s.id = m.slot_id
     where m.user_id = api.person_id(p_card, p_person) and m.date = p_date and m.withdrawn_at is null
       and (s.starts_at = p_at or p_at is null));
begin
  -- on a moved day somebody may have two
  if cardinality(v_ids) > 1 then
    perform rules.refuse('field_missing', 'at');
  end if;
  if v_ids = '{}' then
    perform rules.refuse('mark_not_found');
  end if;
  return v_ids[1];
end
$$;
comment on function api.mark_id(integer, integer, date, time) is
  'Id of a person''s mark of a date; the time is needed where there are two that day. Errors: mark_not_found, '
  'user_not_found, field_missing.';

create function api.wrapped(p_text text, p_width integer, p_indent text) returns setof text
language plpgsql immutable
as $$
declare
  v_line text;
  v_word text;
begin
  foreach v_word in array string_to_array(p_text, ' ') loop
    if v_line is not null and length(v_line) + 1 + length(v_word) > p_width then
      return next v_line;
      v_line := p_indent || v_word;
    else
      v_line := coalesce(v_line || ' ', '') || v_word;
    end if;
  end loop;
  return next v_line;
end
$$;
comment on function api.wrapped(text, integer, text) is
  'A text broken between words into lines of p_width characters at most; lines after the first begin with p_indent.';
