-- People, slots and days, named as a person names them in psql.

create function rules.weekday_of(p_text text) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
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
comment on function rules.weekday_of(text) is 'Weekday 0 (Monday) to 6 of a name (Mon, пн, Monday) or a digit; null of null. Errors: weekday_unknown.';

create function rules.month_named(p_month text) returns date
language sql stable set search_path = pg_catalog, pg_temp
as $$ select rules.month_field(jsonb_build_object('month', p_month), 'month', false) $$;
comment on function rules.month_named(text) is 'First day of a month named MM-YYYY, current or next; null of null. Errors: field_unreadable.';

create function rules.person_id(p_card integer, p_id integer) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_id integer;
begin
  -- named by both, it is the one person that both name
  select u.id into v_id
    from gym.users u
   where (u.student_card = p_card or p_card is null) and (u.id = p_id or p_id is null) and coalesce(p_card, p_id) is not null;
  if not found then
    perform rules.refuse('user_not_found');
  end if;
  return v_id;
end
$$;
comment on function rules.person_id(integer, integer) is 'Id of the person with that card, or that id; deleted ones too. Errors: user_not_found.';

create function rules.slot_id(p_slot integer, p_day text, p_at time, p_month text) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_id integer;
begin
  select s.id into v_id
    from gym.slots s
   where s.deleted_at is null
     and (s.id = p_slot
          or (p_slot is null and s.weekday = rules.weekday_of(p_day) and s.starts_at = p_at
              and s.month = coalesce(rules.month_named(p_month), rules.next_month())));
  if not found then
    perform rules.refuse('slot_not_found');
  end if;
  return v_id;
end
$$;
comment on function rules.slot_id(integer, text, time, text) is
  'Id of a slot named by id, or by weekday and time of a month (MM-YYYY, current, next; null: next). Errors: slot_not_found, weekday_unknown, field_unreadable.';
