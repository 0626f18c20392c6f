-- Taking over the old system, part three: the import carries the plan out, and the dry run shows it.

create function rules.import_legacy(p_schema text, p_dry_run boolean, p_admin_card integer)
returns table (what text, rows bigint, imported bigint, known bigint, refused bigint, note text)
language plpgsql volatile set jit = off
as $$
#variable_conflict use_column
declare
  v_deleted integer[];
begin
  -- nobody changes, or locks a row of, what the plan is based on while it is carried out. Nobody reads the enrolments
  -- either:
  -- so the import need not lock thousands of people one by one (rules.lock_user)
  if p_dry_run is not true then
    lock table gym.enrolments in access exclusive mode;
    lock table gym.pardons, gym.users, gym.slots, gym.marks, gym.months, gym.blocks, gym.posts,
      gym.legacy_ids in exclusive mode;
    perform set_config('gym.importing', 'on', true);
  end if;
  return query select * from rules.plan_summary(p_schema, p_admin_card);
  if p_dry_run then
    return;
  end if;

  -- people: none deleted yet, since a deleted one can't be enrolled
  v_deleted := array(select p.new_id from rules.plan_users(p_schema, p_admin_card) p
    where p.state = 'new' and p.deleted);
  with plan as materialized (select * from rules.plan_users(p_schema, p_admin_card) p
    where p.state in ('new', 'matched')),
  added as (
    insert into gym.users (id, student_card, secondname, firstname, surname, "group", hid, image, role)
    select p.new_id, p.card, p.family, p.given, p.patronymic, p.study_group, p.hid, p.image, p.role
      from plan p where p.state = 'new' order by p.new_id)
  insert into gym.legacy_ids (kind, old_id, new_id) select 'user', p.old_id, p.new_id from plan p;
  -- behind the ids of the refused too: the auth server may still remember whom they were
  perform setval('gym.users_id_seq', m.most)
    from (select max(p.old_id) as most from rules.plan_users(p_schema, p_admin_card) p where p.old_id <= 2000000000) m
   where m.most >= (select s.last_value from gym.users_id_seq s);

  -- slots
  with plan as materialized (
    select p.*, case when p.state = 'new' then nextval('gym.slots_id_seq')::integer else p.new_id end as id
      from (select * from rules.plan_slots(p_schema) p where p.state in ('new', 'matched', 'merged') order by p.month,
        p.weekday, p.starts_at, p.old_id) p),
  added as (
    insert into gym.slots (id, month, weekday, starts_at, capacity, deleted_at)
    select p.id, p.month, p.weekday, p.starts_at, p.capacity, case when p.deleted then rules.clock() end from plan p
      where p.state = 'new' order by p.id)
  insert into gym.legacy_ids (kind, old_id, new_id)
  select 'available_time', p.old_id, coalesce(p.id, lead.id) from plan p left join plan lead on lead.old_id = p.lead_id;
  -- the month stands as it was: the template does not fill it up
  insert into gym.months as m (month, slots_made_at)
  select distinct s.month, rules.clock() from gym.legacy_ids k join gym.slots s on s.id = k.new_id
    where k.kind = 'available_time' order by s.month
  on conflict (month) do update set slots_made_at = excluded.slots_made_at where m.slots_made_at is null;

  analyze gym.users;
  analyze gym.slots;
  analyze gym.legacy_ids;

  -- the old system has judged the month before: what it let in stays in
  insert into gym.pardons (user_id, month, reason, made_at, made_by)
  select distinct p.user_id, p.month, 'Перенос из старой системы', rules.clock(), rules.actor()
    from rules.plan_enrolments(p_schema, p_admin_card) p
   where p.state = 'new' and p.month = (rules.this_month() - interval '1 month')::date
   order by p.user_id
  on conflict (user_id, month) where month is not null do nothing;
  analyze gym.pardons;
  -- enrolments; a trigger makes the marks of months begun
  with plan as materialized (
    select p.*, case when p.state = 'new' then nextval('gym.enrolments_id_seq')::integer else p.new_id end as id
      from (select * from rules.plan_enrolments(p_schema, p_admin_card) p where p.state in ('new', 'merged')
        order by p.old_id) p),
  added as (
    insert into gym.enrolments (id, slot_id, user_id, created_at, cancelled_at, cancel_reason)
    select p.id, p.slot_id, p.user_id, p.created_at, p.cancelled_at, p.cancel_reason from plan p where p.state = 'new'
      order by p.id)
  insert into gym.legacy_ids (kind, old_id, new_id)
  select 'entry', p.old_id, coalesce(p.id, lead.id) from plan p left join plan lead on lead.old_id = p.lead_id;
  analyze gym.enrolments;
  analyze gym.marks;
  analyze gym.legacy_ids;

  -- marks
  with plan as materialized (select * from rules.plan_marks(p_schema, p_admin_card) p where p.state = 'new'),
  set as (
    update gym.marks m set mark = p.mark, set_at = p.set_at
      from plan p
     where m.enrolment_id = p.enrolment_id and m.date = p.date and m.withdrawn_at is null
    returning p.old_id, m.id)
  insert into gym.legacy_ids (kind, old_id, new_id) select 'visit', s.old_id, s.id from set s;

  update gym.users u set deleted = true where u.id = any (v_deleted) and not u.deleted;

  -- posts
  with plan as materialized (
    select p.*, nextval('gym.posts_id_seq')::integer as id
      from (select * from rules.plan_posts(p_schema) p where p.state = 'new' order by p.created_at, p.old_id) p),
  added as (
    insert into gym.posts (id, kind, body, created_at, deleted_at)
    select p.id, case p.kind when 'ad' then 'announcement' else 'news' end, p.body, p.created_at, case
      when p.deleted then rules.clock() end from plan p order by p.id)
  insert into gym.legacy_ids (kind, old_id, new_id) select p.kind, p.old_id, p.id from plan p;

  -- what the jobs would do next
  analyze gym.legacy_ids;
  perform rules.ensure_marks();
  while rules.ensure_blocks() > 0 loop
    null;
  end loop;
  perform set_config('gym.importing', '', true);
end
$$;
comment on function rules.import_legacy(text, boolean, integer) is
  'Takes over the old system''s data from a schema of this database, all or nothing; what was taken over before is '
  'left alone. p_dry_run: only says what would come in. p_admin_card: see rules.legacy_admin. Returns '
  'rules.plan_summary as of before. '
  'Errors: legacy_schema_missing, legacy_table_missing, legacy_table_foreign, legacy_column_missing, '
  'legacy_admin_unknown.';
