-- Marking a lesson person by person, with a look at what others marked meanwhile.

create function rules.mark_version(p_mark gym.marks) returns text
language sql stable
as $$
  select concat_ws('.', left(p_mark.mark::text, 1), left(p_mark.mark_before::text, 1),
    to_char(p_mark.set_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), p_mark.set_by)
$$;
comment on function rules.mark_version(gym.marks) is
  'Names what a mark is and who set it when: what a coach saw, to be compared with what there is. Nothing else '
  'reads it.';

create function rules.edit_lesson(
  p_date date, p_starts_at time, p_mark_ids integer[], p_marks gym.mark[], p_versions text[], p_actor integer)
returns table (mark_id integer, rule text)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  v_ids   integer[];
  v_rules text[];
begin
  -- Refused as a whole: nothing is changed.
  perform rules.check_lesson(p_date, p_starts_at);
  perform rules.check_mark_days(p_date, p_actor);
  if exists (select from unnest(p_mark_ids) w group by w having count(*) > 1) then
    perform rules.refuse('mark_twice');
  end if;
  v_ids := array(select m.id from rules.lesson_marks(p_date, p_starts_at) m);
  perform rules.lock_lessons(v_ids);
  -- Each person is judged apart, by what is there once it is locked.
  v_rules := array(
    select case
        when m.id is null then 'mark_not_found'
        -- Sent again, it is as it should be.
        when m.mark = w.mark then ''
        when rules.is_off(p_date, p_starts_at) then 'lesson_cancelled'
        when p_date > rules.today() and w.mark in ('absent', 'present') then 'lesson_ahead'
        -- Nobody overwrites what another has set and he has not seen; one's own, and nothing, may be overwritten.
        when m.mark <> 'unmarked' and m.set_by is distinct from p_actor and rules.mark_version(m) <> w.version
          then 'mark_changed'
        else '' end
      from unnest(p_mark_ids, p_marks, p_versions) with ordinality w (id, mark, version, n)
      left join gym.marks m on m.id = w.id and m.id = any (v_ids) and m.withdrawn_at is null
     order by w.n);
  update gym.marks m
     set mark = w.mark,
         set_at = case when w.mark <> 'unmarked' then rules.clock() end,
         set_by = case when w.mark <> 'unmarked' then p_actor end
    from unnest(p_mark_ids, p_marks, v_rules) w (id, mark, rule)
   where m.id = w.id and w.rule = '' and m.mark <> w.mark;
  return query select w.id,
  nullif(w.rule, '') from unnest(p_mark_ids, v_rules) with ordinality w (id, rule, n) order by w.n;
end
$$;
comment on function rules.edit_lesson(date, time, integer[], gym.mark[], text[], integer) is
  'Sets the marks of some people of a lesson. p_mark_ids, p_marks, p_versions: which mark, what it becomes, and '
  'what the coach '
  'saw (rules.mark_version). Harmless to repeat. Returns in the same order by which rule each was refused, null: it '
  'was saved: '
  'mark_not_found, lesson_cancelled, lesson_ahead, mark_changed. '
  'Errors, then nothing is changed: lesson_not_found, coach_marks_days, mark_twice.';
