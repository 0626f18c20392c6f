-- What all reports share. Each rules.open_… opens the cursor report_rows, from which its caller fetches the rows in the
-- order of the report, and returns the report's head. A cursor and not a set: rows go out as they are read, and nothing
-- holds them all. What is fetched is computed with the rights of who fetches, and the server may read nothing: so the
-- cursors' queries call no function of ours that reads a table. What the rules have to say is read into variables
-- before.

create view rules.block_spans as
select b.id as block_id, b.user_id, (b.created_at at time zone c.time_zone)::date as first_day,
       least((b.lifted_at at time zone c.time_zone)::date,
             case when b.month is null then coalesce(b.ends_on, 'infinity')
                  else greatest((b.month + interval '1 month -1 day')::date,
                    (b.created_at at time zone c.time_zone)::date) end) as last_day
  from gym.blocks b cross join gym.settings c;
comment on view rules.block_spans is
  'From which day to which each block stands or stood, as rules.is_blocked says; infinity: until it is lifted. By '
  'absences that were judged after their month: the day of the judgement.';

create function rules.check_report_period(p_from date, p_to date) returns void
language plpgsql stable
as $$
begin
  perform rules.check_date(p_from, p_to);
  if p_to <= p_from then
    perform rules.refuse('report_period_in_order');
  end if;
  if p_to > p_from + interval '24 months' then
    perform rules.refuse('report_period_length');
  end if;
end
$$;
comment on function rules.check_report_period(date, date) is
  'Errors: report_period_in_order, report_period_length (24 months), date_out_of_range.';

create function rules.group_members(p_group text) returns integer[]
language plpgsql stable
as $$
declare
  v_group text := rules.folded(p_group);
begin
  if coalesce(v_group, '') = '' then
    return null;
  end if;
  return array(select u.id from gym.users u where rules.folded(u."group") = v_group);
end
$$;
comment on function rules.group_members(text) is
  'Ids of the people of a group, by rules.folded; null for no name: everybody.';

create function rules.unmarked_absent_before() returns date
language sql stable
as $$ select rules.today() from gym.settings c where c.unmarked_is_absent $$;
comment on function rules.unmarked_absent_before() is
  'The day before which whoever was left unmarked counts as absent even where nobody was marked; null unless the '
  'setting unmarked_is_absent says so.';
