create view api.settings as
select a.name,
       to_jsonb(s) ->> a.name as value,
       -- the default as the column has it: 3, not '3'::integer
       regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^''(.*)''::.*$', '\1') as default_value,
       a.allowed,
       l.changed_at, l.changed_by,
       -- broken between words, to fit a window
       rtrim(regexp_replace(col_description(t.attrelid, t.attnum), '(.{1,60})(?: |$)', E'\\1\n', 'g'), E'\n') as meaning
  from rules.settings_allowed a
  cross join gym.settings s
  join pg_attribute t on t.attrelid = 'gym.settings'::regclass and t.attname = a.name
  left join pg_attrdef d on d.adrelid = t.attrelid and d.adnum = t.attnum
  left join lateral (select c.changed_at, c.changed_by from gym.settings_changes c where c.name = a.name
    order by c.id desc limit 1) l on true
 order by t.attnum;
comment on view api.settings is
  'Every setting: value, default, what is allowed, changed when and by whom. Example: select name, value, allowed '
  'from api.settings;';

create function api.set_setting(name text, value text) returns table (setting text, new_value text, allowed text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rules.set_setting(set_setting.name, set_setting.value);
  return query select s.name, s.value, s.allowed from api.settings s where s.name = set_setting.name;
end
$$;
comment on function api.set_setting(text, text) is
  'Sets a setting (name, value: see api.settings) and shows it. Errors: setting_unknown; setting_not_allowed, '
  'which says what may be. Definer: an administrator writes no table. Example: select * from '
  'api.set_setting(''slots_per_student'', ''3'');';
