-- Two designs of a slot's seats, with nothing else around: a counter on the slot, which everybody who takes or gives up a
-- seat of it locks until the flush, and a row a seat, of which each takes one that nobody has locked. Both keep the
-- enrolment, lock the person and then the slots or seats in order, and give the old choice up.
drop schema if exists bench cascade;
create schema bench;

create table bench.slots (id integer primary key, capacity integer not null, taken integer not null default 0, check (taken between 0 and capacity)) with (fillfactor = 20);
create table bench.seats (slot_id integer, n integer, user_id integer, primary key (slot_id, n)) with (fillfactor = 50);
create index on bench.seats (user_id) where user_id is not null;
create index on bench.seats (slot_id) where user_id is null;
create table bench.enrolments (id bigint generated always as identity primary key, slot_id integer not null, user_id integer not null, cancelled_at timestamptz) with (fillfactor = 80);
create unique index on bench.enrolments (user_id, slot_id) where cancelled_at is null;

create function bench.counter(p_user integer, p_wanted integer[]) returns integer[] language plpgsql as $$
declare
  v_held integer[] := array(select slot_id from bench.enrolments where user_id = p_user and cancelled_at is null);
  v_free integer[] := array(select id from bench.slots where id = any (p_wanted) and not id = any (v_held) and taken < capacity);
begin
  if v_free = '{}' then
    return v_held;
  end if;
  perform pg_advisory_xact_lock(1, p_user);
  v_held := array(select slot_id from bench.enrolments where user_id = p_user and cancelled_at is null);
  perform from bench.slots where id = any (v_free) or id = any (v_held) and not id = any (p_wanted) order by id for no key update;
  v_free := array(select id from bench.slots where id = any (v_free) and not id = any (v_held) and taken < capacity);
  if v_free = '{}' then
    return v_held;
  end if;
  update bench.enrolments set cancelled_at = now() where user_id = p_user and cancelled_at is null and not slot_id = any (p_wanted);
  update bench.slots set taken = taken - 1 where id = any (v_held) and not id = any (p_wanted);
  insert into bench.enrolments (slot_id, user_id) select f, p_user from unnest(v_free) f;
  update bench.slots set taken = taken + 1 where id = any (v_free);
  return v_free;
end $$;

create function bench.seats(p_user integer, p_wanted integer[]) returns integer[] language plpgsql as $$
declare
  v_held integer[] := array(select slot_id from bench.seats where user_id = p_user);
  v_free integer[] := array(select w from unnest(p_wanted) w where not w = any (v_held) and exists (select from bench.seats where slot_id = w and user_id is null) order by w);
  v_slot integer;
  v_seat integer;
  v_got  integer[] := '{}';
begin
  if v_free = '{}' then
    return v_held;
  end if;
  perform pg_advisory_xact_lock(1, p_user);
  v_held := array(select slot_id from bench.seats where user_id = p_user);
  foreach v_slot in array v_free loop
    continue when v_slot = any (v_held);
    select n into v_seat from bench.seats where slot_id = v_slot and user_id is null limit 1 for update skip locked;
    if found then
      update bench.seats set user_id = p_user where slot_id = v_slot and n = v_seat;
      v_got := v_got || v_slot;
    end if;
  end loop;
  if v_got = '{}' then
    return v_held;
  end if;
  update bench.seats set user_id = null where user_id = p_user and not slot_id = any (p_wanted);
  update bench.enrolments set cancelled_at = now() where user_id = p_user and cancelled_at is null and not slot_id = any (p_wanted);
  insert into bench.enrolments (slot_id, user_id) select g, p_user from unnest(v_got) g;
  return v_got;
end $$;
