begin;
\ir ../helpers/start.psql
select plan(229);

-- refused('int_field', '{"n": 0}', 'extra arguments'): how a reader refuses the field n
create function help.refused(p_reader text, p_body jsonb, p_more text default '') returns text
language sql as $$ select help.refusal(format('select wire.%I(%L::jsonb, ''n''%s)', p_reader, p_body, p_more)) $$;
create function help.read(p_reader text, p_body jsonb, p_more text default '') returns text
language plpgsql as $$
declare
  v_value text;
begin
  execute format('select wire.%I(%L::jsonb, ''n''%s)', p_reader, p_body, p_more) into v_value;
  return v_value;
end
$$;

-- ---- what all readers have in common ----

select is(refused(reader, '{}'), 'ENREQ field_missing', 'field_missing: ' || reader)
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader;
select is(refused(reader, '{"n": null}'), 'ENREQ field_missing', 'field_missing: null for ' || reader)
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader;
select is(read(reader, '{}', ', false'), null, reader || ': missing, where it may be')
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader;
select is(read(reader, '{"n": null}', ', false'), null, reader || ': null, where it may be missing')
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader;
select is(refused(reader, format('{"n": %s}', value)::jsonb, ', false'), 'ENREQ field_unreadable',
  format('field_unreadable: %s for %s', value, reader))
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader,
       unnest(array['{}', '{"n": 1}', '[[1]]', '[null]', '-1.5', '1e400']) value;
select is(refused(reader, body), 'ENREQ field_missing', format('field_missing: a body that is %s for %s', body, reader))
  from unnest('{int_field,text_field}'::text[]) reader, unnest('{[],"[1,2]",1,"\"n\"",null,true}'::jsonb[]) body;
create function help.message(p_body jsonb) returns text
language plpgsql as $$
begin
  return wire.int_field(p_body, 'selectedTime', p_max => 7)::text;
exception
  when sqlstate 'ENREQ' then
    return sqlerrm;
end
$$;
select is(message('{}'), 'Не хватает поля «selectedTime». Заполните его.',
  'field_missing: the message names the field');
select is(message('{"selectedTime": 8}'), 'Поле «selectedTime»: ожидается целое число от 1 до 7.',
  'field_unreadable: the message names the field and what it may be');

-- ---- each by itself ----

select is(read('int_field', format('{"n": %s}', value)::jsonb, ', true, -5, 12'), wanted,
  format('int_field: %s', value))
  from (values ('12', '12'), ('"12"', '12'), ('12.0', '12'), ('"+7"', '7'), ('" 7 "', '7'), ('"007"', '7'),
    ('-5', '-5'), ('"-5"', '-5'), ('0', '0'), ('1.2e1', '12')) v (value, wanted);
select is(refused('int_field', format('{"n": %s}', value)::jsonb, ', true, -5, 12'), 'ENREQ field_unreadable',
  format('field_unreadable: %s where an integer from -5 to 12 is meant', value))
  from unnest(array['13', '-6', '12.5', '"12.5"', '"12.0"', '"1e1"', '"0x0A"', '""', '" "', '"twelve"', '"1 2"', '"٣"',
    'true', '[]', '99999999999999999999', '"99999999999999999999"', '"999999999999999999999999999"', '1e300']) value;
select is(read('int_field', '{"n": 2147483647}'), '2147483647', 'int_field: the greatest');
select is(refused('int_field', '{"n": 2147483648}'), 'ENREQ field_unreadable',
  'field_unreadable: one more than the greatest');
select is(refused('int_field', '{"n": 0}'), 'ENREQ field_unreadable', 'field_unreadable: an id is no zero');

select is(read('ints_field', format('{"n": %s}', value)::jsonb), wanted, format('ints_field: %s', value))
  from (values ('[]', '{}'), ('[3, 1, 2]', '{3,1,2}'), ('[5, 5]', '{5,5}'), ('["12", 7]', '{12,7}'),
    ('[-1, 0]', '{-1,0}')) v (value, wanted);
select is(refused('ints_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where a list is meant', value))
  from unnest(array['1', '"1,2"', '[1, "two"]', '[1, null]', '[1.5]', '[true]', '[2147483648]', '{"0": 1}']) value;
select is(cardinality(wire.ints_field(jsonb_build_object('n', (select jsonb_agg(g) from generate_series(1, 1000) g)),
  'n')), 1000, 'ints_field: a thousand');
select is(refused('ints_field', jsonb_build_object('n', (select jsonb_agg(g) from generate_series(1, 1001) g))),
  'ENREQ field_unreadable', 'field_unreadable: a thousand and one');

select is(read('text_field', '{"n": " Анна "}', ', true, 1, 6'), ' Анна ', 'text_field: as it came, blanks and all');
select is(read('text_field', '{"n": ""}'), '', 'text_field: an empty one');
select is(read('text_field', jsonb_build_object('n', repeat('я', 200))), repeat('я', 200),
  'text_field: 200 characters');
select is(refused('text_field', jsonb_build_object('n', repeat('я', 201))), 'ENREQ field_unreadable',
  'field_unreadable: 201 characters');
select is(refused('text_field', format('{"n": %s}', value)::jsonb, ', true, 1'), 'ENREQ field_unreadable',
  format('field_unreadable: %s where some text is meant', value))
  from unnest(array['""', '"   "', '" \t\r\n "', '12', 'true', '["a"]']) value;

select is(read('bool_field', format('{"n": %s}', value)::jsonb), value, format('bool_field: %s', value))
  from unnest('{true,false}'::text[]) value;
select is(refused('bool_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where true or false is meant', value))
  from unnest(array['"true"', '1', '0', '""', '[true]']) value;

select is(read('time_field', format('{"n": "%s"}', value)::jsonb), value || ':00', format('time_field: %s', value))
  from unnest('{00:00,09:05,16:00,23:59}'::text[]) value;
select is(refused('time_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where a time is meant', value))
  from unnest(array['"24:00"', '"16:60"', '"9:05"', '"16:00:00"', '"16.00"', '"16:00\n"', '" 16:00"', '""', '1600',
    '"now"']) value;

select is(read('month_field', format('{"n": "%s"}', value)::jsonb), wanted, format('month_field: %s', value))
  from (values ('12-2026', '2026-12-01'), ('01-2000', '2000-01-01'), ('12-2099', '2099-12-01'),
    ('current', '2026-12-01'), ('next', '2027-01-01')) v (value, wanted);
select is(refused('month_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where a month is meant', value))
  from unnest(array['"13-2026"', '"00-2026"', '"1-2026"', '"12-1999"', '"12-2100"', '"2026-12"', '"12.2026"',
    '"12-2026\n"', '""', '"Next"', '12', '"last"']) value;
select is(wire.month_of('12-2026'), date '2026-12-01', 'month_of: MM-YYYY');
select is(wire.month_of('2026-12'), null, 'month_of: null where it is none');

select is(read('date_field', format('{"n": "%s"}', value)::jsonb), value, format('date_field: %s', value))
  from unnest('{2026-12-31,2028-02-29,2000-01-01,2099-12-31}'::text[]) value;
select is(refused('date_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where a date is meant', value))
  from unnest(array['"2026-02-29"', '"2026-13-01"', '"2026-12-00"', '"2026-12-32"', '"31.12.2026"', '"1999-12-31"',
    '"2026-12-31\n"', '"2026-12-31 10:00"', '""', '20261231', '"today"']) value;

select is(read('role_field', format('{"n": "%s"}', value)::jsonb), value, format('role_field: %s', value))
  from unnest('{STUDENT,COACH,ADMIN,BLOCKED}'::text[]) value;
select is(refused('role_field', format('{"n": %s}', value)::jsonb), 'ENREQ field_unreadable',
  format('field_unreadable: %s where a role is meant', value))
  from unnest(array['"student"', '"KING"', '""', '1', '"STUDENT "', '["ADMIN"]', '{"role": "ADMIN"}']) value;

select is(wire.int_of('7'), 7, 'int_of: a number');
select is(wire.int_of('7', 8), null, 'int_of: null where it is out of range');
-- written out, this body of 900 KB would be more than a gigabyte
select is(
  refusal(format(
  $$ select wire.%I(jsonb_build_object('n', ('[' || repeat('1e131071,', 100000) || '1]')::jsonb), 'n') $$, reader)),
  'ENREQ field_unreadable', 'field_unreadable: ' || reader || ', a list of huge numbers')
  from unnest(
    '{int_field,ints_field,text_field,bool_field,time_field,month_field,date_field,role_field}'::text[]) reader;
select is(wire.text_of('"текст"'), 'текст', 'text_of: a string');
select is(wire.text_of('1e131071'), null, 'text_of: null where it is none');
select is(wire.field('{"n": {"deep": [1]}}', 'n', true), '{"deep": [1]}'::jsonb, 'field: as it came');

select * from finish();
rollback;
