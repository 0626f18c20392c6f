-- The topics of api.help: which functions and views belong together, and the words that find them. A test fails for one
-- that belongs to no topic.

create function api.topics()
returns table (n integer, topic text, about text, commands text[])
language sql stable
as $$
  values
  (1, 'people', 'find people, add and edit them, what happened to one',
   '{find,person,person_history,add_user,edit_person,change_card,delete_user,restore_user,merge_users,people_masked}'::text[]),
  (2, 'enrolment', 'who may enrol and when, who holds which seat, enrol and cancel',
   '{enrolment,may_enrol,enrolled,lost_seats,enrol,enrol_group,move_enrolment,cancel,open_enrolment,close_enrolment}'),
  (3, 'timetable', 'slots of a month, the weekly template, copy a month',
   '{slots,create_slot,edit_slot,delete_slot,swap_slots,template,set_template,remove_template,make_month,copy_month}'),
  (4, 'attendance', 'marks of lessons, lessons called off',
   '{attendance,unmarked,mark_lesson,unmark_lesson,mark,mark_person,cancel_lesson,restore_lesson}'),
  (5, 'days', 'the calendar, closed days, days moved', '{calendar,closures,close_days,move_day,delete_closure}'),
  (6, 'blocks', 'absences that count, who is blocked, forgive, block and unblock',
   '{absences,blocked,forgive,block,unblock,ledger}'),
  (7, 'news', 'news and announcements', '{posts,post,edit_post,delete_post}'),
  (8, 'reports', 'attendance, occupancy, a whole term, who is blocked',
   '{report_visits,report_occupancy,report_term,report_blocked}'),
  (9, 'settings', 'the numbers that may be changed, the rules, the gym''s clock',
    '{settings,set_setting,rules,clock,audit}'),
  (10, 'history', 'who changed what, when and from where; erasure by law',
   '{history,who_did,changes_masked,mentions,erase_person}'),
  (11, 'roster', 'the university''s lists, people unconfirmed, the old system',
   '{roster,import_roster,roster_preview,roster_needs_force,unconfirmed,confirm,'
   'import_legacy,import_legacy_problems,swap_names,swap_names_preview}'),
  (12, 'logins', 'codes, passwords, sessions, consent, pictures',
   '{codes,issue_code,issue_codes,sessions,end_sessions,log_ins,keep_password,hashing,set_pepper,'
   'pepper_fits,consents_withdrawn,publish_consent,pictures_missing,import_picture}'),
  (13, 'waiting', 'who waits for a full slot: join, leave, move a person ahead',
   '{waiting_list,join_waiting_list,leave_waiting_list,move_ahead}'),
  (14, 'server', 'the jobs that make months, marks and blocks; this help',
    '{schedule,jobs,run_now,run_here,commands,help}')
$$;
comment on function api.topics() is
  'The topics of api.help in their order: name, a line about it, and names of functions and views of api.';

create function api.meant(p_word text) returns text
language sql stable
as $$
  select coalesce(
    (select string_agg(w.means, '|')
       from (values
         ('лимит|предел|максимум|limit|maximum|most', 'limit|предел|slots_per_student|capacity|не больше'),
         ('мест|вместим|seat|capacity|full', 'seat|capacity|вместимост'),
         ('пропуск|прогул|absen|miss', 'absen|пропуск'),
         ('справк|болезн|болен|уважит|excus|sick|certificate', 'excus|forgive|уважительн'),
         ('блок|ban', 'block'),
         ('парол|password|код|code', 'password|\mcodes?\M|парол'),
         ('расписан|занят|timetable|schedule|lesson|slot', 'slots?\M|template|расписан'),
         ('запис|enrol|book|sign up', 'enrol'),
         ('отмет|посещ|mark|attend|presen', '\mmarks?\M|attendance|отмет'),
         ('выходн|праздник|каникул|закры|holiday|vacation', 'closure|close_days|move_day|выходн'),
         ('отч[её]т|эксель|excel|xlsx|report', 'report'),
         ('удал|стер|delete|remove|erase', 'delete|erase|remove'),
         ('верн|восстан|restore|undo|back', 'restore|back\M'),
         ('груп|group', 'group'),
         ('студент|человек|люд|фамил|student|person|people|name', 'people|person|family name'),
         ('истори|журнал|кто|history|log\M|who', 'history|who_did|ledger'),
         ('очеред|waiting|queue', 'waiting'),
         ('объявлен|новост|сообщен|announce|news|message', 'posts?\M|announcement'),
         ('настро|setting|config', 'setting')) w (word, means)
      where p_word ~ w.word),
    -- a word that is not known means itself
    regexp_replace(p_word, '([^\w\s])', '\\\1', 'g'))
$$;
comment on function api.meant(text) is
  'A pattern of what a word, in Russian or English and in small letters, means among names, comments, rules and '
  'settings.';

create function api.example_here(p_example text) returns text
language plpgsql stable
as $$
declare
  v_cards  integer[];
  v_group  text;
  v_caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
  -- Of people of this gym only who may see them learns; others read the example as it is written.
  if not has_column_privilege(v_caller, 'gym.users', 'student_card', 'select') or p_example !~ '1206984[01]|БИ-21' then
    return p_example;
  end if;
  -- Who the example names is there, or two others stand in.
  if not exists (select from gym.users u where u.student_card = 12069840 and not u.deleted) then
    v_cards := array(select u.student_card from gym.users u
                      where u.role = 'STUDENT' and not u.deleted order by u.id limit 2);
    p_example := replace(p_example, '12069840', coalesce(v_cards[1]::text, '12069840'));
    p_example := replace(p_example, '12069841', coalesce(v_cards[2]::text, '12069841'));
  end if;
  if not exists (select from gym.users u where u."group" = 'БИ-21' and not u.deleted) then
    select u."group" into v_group from gym.users u
     where u.role = 'STUDENT' and not u.deleted and u."group" <> '' order by u.id limit 1;
    p_example := replace(p_example, '''БИ-21''', coalesce(quote_literal(v_group), '''БИ-21'''));
  end if;
  return p_example;
end
$$;
comment on function api.example_here(text) is
  'An example with people and a group of this gym in place of those of the documentation, where these are not there.';
