-- Materialized: nobody can write it, and one rule is found by its name without reading them all, as the opening minute does thousands of times.
create materialized view rules.catalogue (rule, sqlstate, message, hint, meaning, enforced_by) as
values
  -- ENRUL: a rule refuses
  ('enrolment_closed', 'ENRUL', 'Запись на следующий месяц сейчас закрыта. Она откроется %s числа в %s.',
   'select api.open_enrolment() открывает её вручную.',
   'A student chooses only while enrolment is open.', 'rules.choose_slots'),
  ('student_blocked', 'ENRUL', 'Вы заблокированы и не можете записаться на следующий месяц. Обратитесь к администратору.',
   null, 'A blocked student does not choose.', 'rules.choose_slots'),
  ('slots_per_student', 'ENRUL', 'Можно выбрать не больше %s занятий. Уберите лишние.',
   'select * from api.set_setting(''slots_per_student'', …) меняет предел; api.enrol(…, force => true) записывает сверх него.',
   'A student holds at most the setting''s number of slots a month, beside those that an administrator forced, or that were held when the setting was lowered.',
   'trigger enrolments__limit, rules.choose_slots'),
  ('enrolments_one_a_weekday', 'ENRUL', 'В один день недели можно записаться только на одно занятие. Оставьте одно.',
   null, 'One active enrolment a student, month and weekday.', 'unique index enrolments_one_a_weekday, rules.choose_slots'),
  ('slot_not_offered', 'ENRUL', 'Одного из выбранных занятий нет в расписании следующего месяца. Обновите страницу и выберите снова.',
   null, 'A student chooses among next month''s slots only.', 'rules.choose_slots'),
  ('seat_not_seen', 'ENRUL',
   'Ваш выбор тем временем изменился, например на другой вкладке. Обновите страницу и выберите снова.', null,
   'Whoever says which seats they saw (was) gives up no other.', 'rules.choose_slots'),
  ('slots_taken_within_capacity', 'ENRUL', 'Закончились места для записи',
   'Вместимость меняет api.edit_slot.',
   'Never more active enrolments than the slot''s capacity; never a capacity below what is taken.', 'check slots_taken_within_capacity, trigger enrolments__count'),
  ('slots_capacity_below_taken', 'ENRUL', 'На это занятие уже записано человек: %s. Вместимость не может быть меньше: сначала отмените лишние записи.',
   'api.cancel отменяет запись.',
   'A capacity is never set below the seats taken.', 'rules.edit_slot; for raw updates check slots_taken_within_capacity'),
  ('taken_is_counted', 'ENRUL', 'Счётчик занятых мест меняют только записи. Добавьте или отмените запись.',
   'api.enrol и api.cancel; счётчик пересчитает триггер enrolments__count.',
   'gym.slots.taken is written by the counting trigger only.', 'trigger slots__guard'),
  ('slot_month_fixed', 'ENRUL', 'Занятие нельзя перенести в другой месяц. Создайте новое.',
   null, 'A slot stays in its month.', 'trigger slots__guard'),
  ('slot_month_begun', 'ENRUL', 'Месяц уже начался: день и время занятия менять нельзя. Создайте новое занятие, а это удалите.',
   null, 'Weekday and time of a slot change only before its month begins.', 'trigger slots__guard'),
  ('slot_month_past', 'ENRUL', 'Этот месяц уже прошёл. Укажите текущий или будущий месяц.',
   null, 'Slots are made for the current month and later ones.', 'rules.create_slot'),
  ('slots_one_a_time', 'ENRUL', 'На этот день и время занятие уже есть. Выберите другое время.',
   null, 'One slot a month, weekday and time.', 'unique index slots_one_a_time'),
  ('slot_has_enrolments', 'ENRUL', 'На это занятие записано человек: %s. Чтобы удалить его вместе с записями, подтвердите удаление (force).',
   'api.delete_slot(…, force => true) отменит записи.',
   'A slot with people enrolled is deleted by force only; their enrolments are then cancelled.', 'rules.delete_slot'),
  ('slots_deleted_is_empty', 'ENRUL', 'На удаляемое или удалённое занятие нельзя быть записанным. Сначала отмените записи.',
   'api.delete_slot(…, force => true) отменит записи и удалит занятие.',
   'Nobody holds a deleted slot.', 'check slots_deleted_is_empty'),
  ('slot_move_collides', 'ENRUL', 'Кто-то из записанных (%s чел.) уже занимается в этот день недели. Выберите другой день.',
   null, 'A slot does not move to a weekday on which one of its people holds another.', 'rules.edit_slot; for raw updates unique index enrolments_one_a_weekday'),
  ('enrol_month', 'ENRUL', 'Записать можно только на текущий или следующий месяц. Выберите другое занятие.',
   null, 'An administrator enrols for the current or the next month.', 'rules.enrol'),
  ('already_enrolled', 'ENRUL', 'Этот человек уже записан на это занятие. Выберите другое.',
   null, 'Enrolling twice in one slot is refused, not repeated.', 'rules.enrol'),
  ('cancel_next_month_only', 'ENRUL', 'Отменить самому можно только запись на следующий месяц. Обратитесь к администратору.',
   null, 'A student cancels only next month''s enrolments.', 'rules.cancel_own'),
  ('never_deleted', 'ENRUL', 'Строки таблицы %s не удаляют и не стирают: история остаётся.',
   'Людей, занятия и записи помечают удалёнными: api.delete_user, api.delete_slot, api.cancel.',
   'People, slots, enrolments and what hangs on them are never deleted or truncated.', 'triggers …__keep'),
  ('audit_append_only', 'ENRUL', 'Журнал изменений только дополняют: его строки не меняют и не удаляют.',
   'Срок хранения: api.set_setting(''audit_months'', …). Данные человека по закону стирает api.erase_person.',
   'What was done stays on record, for the owner too.', 'triggers audit_log…__keep'),
  ('erase_reason_given', 'ENREQ', 'Укажите, на каком основании стираются данные.', null, 'Whoever erases a person says why.', 'rules.erase_person'),
  ('history_unknown', 'ENREQ', 'У «%s» нет истории. Можно: %s.', null, 'What has a history is named as in rules.audited.', 'api.history'),
  ('read_committed', 'ENRUL', 'Места занимают и освобождают только в режиме READ COMMITTED. Начните транзакцию заново в нём.',
   'begin isolation level read committed',
   'In another mode the rules could not see what was booked a moment ago.', 'rules.lock_user, which triggers and functions call'),
  ('id_fixed', 'ENRUL', 'Номер (id) строки таблицы %s не меняют: по нему её находят и считают. Создайте новую строку.',
   null, 'Slots and enrolments keep their ids.', 'triggers slots__guard, enrolments__place'),
  ('enrolment_user_deleted', 'ENRUL', 'Этот человек удалён, записать его нельзя. Сначала восстановите его.',
   'api.restore_user возвращает человека.', 'Nobody deleted is enrolled.', 'trigger enrolments__place'),
  ('names_swapped_once', 'ENRUL', 'Фамилии и отчества в этой базе уже меняли местами (%s). Второй раз не нужно: исправьте людей по одному.',
   'api.edit_person(card => …, family => …, patronymic => …)', 'Names are swapped once in the life of a database.', 'rules.swap_names'),
  ('users_student_card_taken', 'ENRUL', 'Человек с таким студенческим билетом уже есть. Проверьте номер.',
   'api.restore_user возвращает удалённого.', 'A card belongs to one person, deleted people included.', 'unique constraint users_student_card_taken'),
  ('card_needs_password', 'ENRUL', 'Вместе с номером билета нужно задать новый пароль.',
   'api.change_card(…, password => …)', 'The password hash holds the card.', 'trigger users__guard'),
  ('password_too_short', 'ENRUL', 'Пароль короче 8 символов. Придумайте длиннее.',
   null, 'A password has 8 characters or more.', 'rules.set_password, rules.add_user'),
  ('password_wrong', 'ENRUL', 'Старый пароль не подходит. Введите его ещё раз.',
   null, 'Who changes the own password knows the old one.', 'rules.change_password'),
  ('pepper_missing', 'ENRUL', 'В базе нет секрета для паролей. Обратитесь к администратору.',
   'Его создаёт energy migrate, или задаёт api.set_pepper.', 'No password is hashed without the pepper.', 'rules.hash_password'),
  ('pepper_in_use', 'ENRUL', 'Под нынешним секретом уже хранятся пароли (%s): с новым никто из них не войдёт.',
   'api.set_pepper(…, force => true)', 'The pepper changes only while no password is stored under it, or by force.', 'rules.set_pepper'),
  ('cancelled_for_good', 'ENRUL', 'Эту отменённую запись вернуть нельзя: запишите человека заново.', 'api.enrol',
   'A cancelled enrolment is not brought back under a block, nor where the person was enrolled in the slot again since.', 'trigger enrolments__place'),
  ('enrolment_has_marks', 'ENRUL', 'У этой записи уже есть отметки: её нельзя передать другому человеку или на другое занятие.',
   'Отмените её (api.cancel) и запишите заново (api.enrol).', 'Marks belong to the enrolment that they were made for.', 'trigger enrolments__place'),
  ('mark_of_enrolment', 'ENRUL', 'Отметка остаётся у своей записи, занятия и даты: её не передают.',
   'api.move_enrolment, api.mark_person', 'A mark is of its enrolment''s slot and student, and of its date.', 'triggers marks__fixed, marks__fixed_insert'),
  ('within_one_month', 'ENRUL', 'Переносить и менять местами можно только занятия одного месяца. Выберите занятие того же месяца.',
   'select * from api.slots', 'A seat moves, and slots change places, within their month.', 'rules.move_enrolment, rules.swap_slots'),
  ('merge_two_people', 'ENREQ', 'Это одна и та же учётная запись. Назовите две разные.', null, 'Two different accounts are merged.', 'rules.merge_users'),
  ('month_without_slots', 'ENGON', 'В месяце %s нет занятий: копировать нечего.', 'select * from api.slots', 'A month that is copied has slots.', 'rules.copy_month'),
  ('group_unknown', 'ENGON', 'Студентов в группе «%s» нет. Проверьте название.', null, 'A group that is enrolled has students.', 'rules.enrol_group'),
  ('template_unknown', 'ENGON', 'В недельном расписании нет занятия в этот день и время.', 'select * from api.template', 'A line of the weekly template has a weekday and time.', 'rules.remove_template'),
  ('weekly_template_capacity_range', 'ENREQ', 'Мест на занятии: от 1 до 1000.', null, 'Capacity in the weekly template.', 'check'),
  ('weekly_template_whole_minutes', 'ENREQ', 'Время занятия указывают с точностью до минуты.', null, 'Times are whole minutes.', 'check'),
  ('posts_kind_known', 'ENREQ', 'Сообщение бывает двух видов: news (для всех) и announcement (для вошедших).', null, 'A post is news or an announcement.', 'check'),
  -- attendance
  ('coach_marks_days', 'ENRUL', 'Отметки старше %s дней тренер менять не может. Обратитесь к администратору.',
   'select * from api.set_setting(''coach_marks_days'', …) меняет срок.', 'A coach changes marks for the setting''s number of days, an administrator always.', 'rules.check_mark_days'),
  ('lesson_cancelled', 'ENRUL', 'Это занятие отменено. Сначала верните его в расписание.',
   'api.restore_lesson, или удалите выходной: api.delete_closure.', 'A lesson that is off is not marked as a whole.', 'rules.mark_lesson'),
  ('mark_twice', 'ENRUL', 'Один человек указан и как присутствующий, и как отсутствующий по уважительной причине. Оставьте одно.',
   null, 'Somebody is present or excused, not both.', 'rules.mark_lesson'),
  ('not_in_lesson', 'ENGON', 'Не все указанные люди записаны на это занятие. Обновите страницу.',
   null, 'Only people of the lesson are marked in it.', 'rules.mark_lesson'),
  ('lesson_ahead', 'ENRUL',
   'Это занятие ещё не наступило: отметить его можно в его день. Заранее отмечают только уважительную причину.', null,
   'Before its day a lesson is marked with excuses only.', 'rules.edit_lesson'),
  ('mark_changed', 'ENRUL',
  'Эту отметку тем временем изменил другой человек. Посмотрите на неё и отметьте снова, если нужно.',
   null, 'A mark that another has set is overwritten only by a person who has seen it.', 'rules.edit_lesson'),
  ('period_in_order', 'ENREQ', 'Последний день должен быть не раньше первого. Исправьте даты.', null,
   'A period is one day or more.', 'rules.check_period'),
  ('period_length', 'ENREQ', 'Можно посмотреть не больше 24 месяцев сразу. Выберите период короче.', null,
   'A period is 24 months at most.', 'rules.check_period'),
  ('lesson_not_found', 'ENGON', 'В этот день и время занятия нет. Проверьте дату и время.', null, 'A lesson is a slot on a date of its month.', 'rules.check_lesson'),
  ('mark_not_found', 'ENGON', 'Такой отметки нет. Обновите страницу.', null, 'The mark named does not exist or was withdrawn.', 'rules.set_mark'),
  ('day_closed', 'ENRUL', 'Этот день закрыт: занятий нет. Сначала удалите выходной.', 'api.delete_closure', 'A lesson of a closed day is not restored alone.', 'rules.restore_lesson'),
  ('closures_do_not_overlap', 'ENRUL', 'На эти дни уже назначен выходной или перенос. Сначала удалите его.',
   'select * from api.closures', 'A day is closed or moved once.', 'exclusion constraint closures_do_not_overlap'),
  ('closures_in_order', 'ENREQ', 'Последний день выходных должен быть не раньше первого и не дальше чем через год. Исправьте даты.', null, 'A closure is a range of days, a year at most.', 'check closures_in_order'),
  ('closures_move_one_day', 'ENREQ', 'Перенести можно только один день: укажите его и первым, и последним.', null, 'A moved day is one day.', 'check closures_move_one_day'),
  ('closures_move_elsewhere', 'ENREQ', 'Этот день и так идёт по расписанию этого дня недели. Выберите другой.', null, 'A moved day runs another weekday than its own.', 'check closures_move_elsewhere'),
  ('closures_runs_as_range', 'ENREQ', 'День недели: от 0 (понедельник) до 6 (воскресенье).', null, 'Weekday of a moved day.', 'check closures_runs_as_range'),
  ('closures_reason_given', 'ENREQ', 'Укажите причину: от 1 до 200 символов.', null, 'A closure has a reason.', 'check closures_reason_given'),
  ('closure_not_found', 'ENGON', 'Такого выходного или переноса нет, или он удалён. Обновите страницу.', null, 'The closure named does not exist or is deleted.', 'rules.delete_closure'),
  -- absences and blocks
  ('absences_to_block', 'ENRUL', 'Студент заблокирован: пропусков за месяц %s.',
   'select * from api.absences', 'Whoever misses that many lessons of a month without a good reason is barred from the next month. Never raised: the trigger blocks.', 'trigger marks__judge, job ensure_blocks'),
  ('block_students_only', 'ENRUL', 'Заблокировать можно только студента.', null, 'Coaches and administrators are not blocked.', 'rules.block'),
  ('block_ends_past', 'ENREQ', 'Последний день блокировки уже прошёл. Укажите сегодняшний или более поздний.', null, 'A block ends today or later.', 'rules.block'),
  ('blocks_one_by_hand', 'ENRUL', 'Этот студент уже заблокирован вручную. Сначала снимите блокировку.', 'api.unblock', 'One block by hand stands at a time.', 'rules.block, unique index blocks_one_by_hand'),
  ('not_blocked', 'ENRUL', 'Этот человек не заблокирован.', 'select * from api.blocked', 'Only who is blocked is unblocked.', 'rules.unblock'),
  -- reports
  ('report_period_in_order', 'ENRUL', 'Последний день отчёта должен быть позже первого. Исправьте даты.', null, 'A report covers two days or more.', 'rules.check_report_period'),
  ('report_period_length', 'ENRUL', 'Отчёт составляется не больше чем за 24 месяца. Выберите период короче.', null, 'A report covers 24 months at most.', 'rules.check_report_period'),
  ('settings_signs_visible', 'ENREQ', 'Знак отметки в отчёте — один видимый символ.', null, 'A mark''s sign is one visible character.', 'check'),
  ('settings_signs_differ', 'ENREQ', 'Знаки отметок в отчёте должны различаться.', null, 'Two marks do not share a sign.', 'check'),
  -- the roster, and the old system
  ('not_on_roster', 'ENRUL', 'Студенческого билета с таким номером нет в списках университета. Проверьте номер или обратитесь к администратору.',
   'select * from api.roster; списки загружает energy roster import', 'With the setting roster_only only students on the university''s roster register.', 'trigger users__roster'),
  ('roster_empty', 'ENREQ', 'В списке нет ни одного студента. Проверьте файл.', null, 'A roster is an array of students, one at least.', 'rules.roster_rows'),
  ('roster_unreadable', 'ENREQ', 'Список, строка %s: %s. Исправьте файл.', null, 'Every row of a roster has a card of its own and a family name.', 'rules.roster_rows'),
  ('legacy_schema_missing', 'ENGON', 'Схемы %s в этой базе нет.', 'docs/import-legacy.md', 'The old system''s tables stand in a schema of this database.', 'rules.legacy_table'),
  ('legacy_table_missing', 'ENGON', 'В схеме %s нет таблицы старой системы: %s.', 'docs/import-legacy.md', 'All tables of the old system are there.', 'rules.legacy_table'),
  ('legacy_table_foreign', 'ENRUL', 'Таблица %s принадлежит роли %s, которой эта база не подчиняется.', 'alter table … owner to, or energy import-legacy as the owner of the database',
   'What is read with the owner''s rights belongs to the owner, or a superuser.', 'rules.legacy_table'),
  ('legacy_column_missing', 'ENGON', 'В таблице %s нет столбца: %s.', 'docs/import-legacy.md', 'A table of the old system has the columns that are needed.', 'rules.legacy_column'),
  ('legacy_admin_unknown', 'ENGON', 'В старой системе нет администратора с билетом %s.', 'select * from users where role = ''ADMIN''', 'The default administrator named is one of the old system.', 'rules.legacy_admin'),
  -- native constraints that a raw statement, or an odd value, can reach
  ('settings_time_zone_known', 'ENREQ', 'Часового пояса %s нет.',
   'select name from pg_timezone_names', 'The gym''s zone is one that PostgreSQL knows.', 'trigger settings__guard'),
  ('setting_unknown', 'ENGON', 'Настройки %s нет.', 'select name from api.settings', 'A setting has a name from api.settings.', 'api.set_setting'),
  ('setting_not_allowed', 'ENREQ', 'Настройка %s: значение %s не подходит. Можно: %s.', null, 'A setting stays in its range.', 'checks settings_…'),
  ('settings_one_row', 'ENRUL', 'В таблице настроек одна строка.', null, 'The settings are one row.', 'check settings_one_row'),
  ('settings_seats_per_slot_range', 'ENREQ', 'Мест на занятии по умолчанию: от 1 до 1000.', null, 'Range of a setting.', 'check'),
  ('settings_slots_per_student_range', 'ENREQ', 'Занятий на студента: от 1 до 7.', null, 'Range of a setting.', 'check'),
  ('settings_absences_to_block_range', 'ENREQ', 'Пропусков до блокировки: от 1 до 100.', null, 'Range of a setting.', 'check'),
  ('settings_slots_made_on_day_range', 'ENREQ', 'Расписание появляется с 1 по 27 число.', null, 'Range of a setting.', 'check'),
  ('settings_enrolment_opens_on_day_range', 'ENREQ', 'Запись открывается с 1 по 27 число.', null, 'Range of a setting: days that every month has.', 'check'),
  ('settings_whole_minutes', 'ENREQ', 'Время открытия и закрытия записи: от 00:00 до 23:59, с точностью до минуты.', null, 'Times of the window are whole minutes of a day.', 'check'),
  ('settings_audit_months_range', 'ENREQ', 'Журнал изменений хранят от 1 до 1200 месяцев.', null, 'Range of a setting.', 'check'),
  ('settings_coach_marks_days_range', 'ENREQ', 'Тренер меняет отметки от 0 до 366 дней.', null, 'Range of a setting.', 'check'),
  ('settings_lesson_minutes_range', 'ENREQ', 'Занятие длится от 10 до 300 минут.', null,
   'Range of a setting.', 'check'),
  ('settings_texts_short', 'ENREQ',
   'Тексты о зале: не длиннее 200 символов, описание не длиннее 2000. Сократите их.', null,
   'Length of the gym''s own texts.', 'check'),
  ('posts_shown_until_range', 'ENREQ', 'Последний день показа — дата с 2000 по 2099 год.', null,
   'Until when a post is shown.', 'check'),
  ('settings_slots_before_opening', 'ENREQ', 'Расписание должно появляться не позже дня открытия записи.', null, 'Slots stand before enrolment opens.', 'check'),
  ('slots_capacity_range', 'ENREQ', 'Мест на занятии: от 1 до 1000.', null, 'Capacity of a slot.', 'check'),
  ('slots_weekday_range', 'ENREQ', 'День недели: от 0 (понедельник) до 6 (воскресенье).', null, 'Weekday of a slot.', 'check'),
  ('slots_whole_minutes', 'ENREQ', 'Время занятия указывают с точностью до минуты.', null, 'Times are whole minutes.', 'check'),
  ('slots_month_first_day', 'ENREQ', 'Месяц задают его первым числом, с 2000 по 2100 год.', null, 'Months are dates: their first day.', 'check'),
  ('users_family_given', 'ENREQ', 'Укажите фамилию.', null, 'A person has a family name; the patronymic may be empty.',
   'rules.check_family; for raw writes triggers users__family_insert, users__family_update'),
  ('users_names_short', 'ENREQ', 'Фамилия, имя, отчество и группа: не длиннее 200 символов. Сократите их.', null, 'Length of names.', 'rules.check_person; for raw writes check users_names_short'),
  ('users_student_card_positive', 'ENREQ', 'Номер студенческого билета должен быть больше нуля. Проверьте его.', null, 'Cards are positive numbers.', 'rules.check_person; for raw writes check users_student_card_positive'),
  ('posts_body_length', 'ENREQ', 'Текст: от 1 до 100000 символов.', null, 'Length of a post.', 'check'),
  -- ENGON: named by id, but not there
  ('slot_not_found', 'ENGON', 'Такого занятия нет, или оно удалено. Обновите страницу.', null, 'The slot named does not exist or is deleted.', 'rules.slot'),
  ('user_not_found', 'ENGON', 'Такого человека нет, или он удалён. Обновите страницу.', null, 'The person named does not exist or is deleted.', 'rules.person'),
  ('enrolment_not_found', 'ENGON', 'Такой записи нет, или она отменена. Обновите страницу.', null, 'The enrolment named does not exist, is cancelled, or is another''s.', 'rules.cancel'),
  ('post_not_found', 'ENGON', 'Такого сообщения нет, или оно удалено. Обновите страницу.', null, 'The post named does not exist or is deleted.', 'rules.edit_post, rules.delete_post'),
  ('job_unknown', 'ENGON', 'Задания «%s» нет. Есть: %s.', 'select * from rules.jobs', 'A job has a name from rules.jobs.', 'rules.job'),
  -- ENREQ: the request can't be read
  ('field_missing', 'ENREQ', 'Не хватает поля «%s». Заполните его.', null, 'A field that must be there is not.', 'rules.…_field'),
  ('field_unreadable', 'ENREQ', 'Поле «%s»: нужно %s.', null, 'A field has the wrong type or is out of range.', 'rules.…_field'),
  ('clock_unreadable', 'ENREQ', 'gym.now = «%s» — не дата и время.', 'set gym.now = ''2026-12-25 12:00''', 'The what-if clock is a date and time.', 'rules.clock'),
  ('weekday_unknown', 'ENREQ', 'Дня недели «%s» нет. Можно: пн…вс, mon…sun, 0…6.', null, 'A weekday by name or number.', 'rules.weekday_of'),
  -- ENACC: the actor may not
  ('actor_missing', 'ENACC', 'Войдите в систему, чтобы сделать это.', null, 'Every endpoint but new/get needs an actor.', 'rules.admit'),
  ('actor_unknown', 'ENACC', 'Ваша учётная запись не найдена или удалена. Войдите снова или обратитесь к администратору.', null, 'The actor exists and is not deleted.', 'rules.admit'),
  ('role_may_not', 'ENACC', 'У вас нет прав на это действие. Обратитесь к администратору.', 'select * from gym.rights', 'The actor''s role may call the endpoint.', 'rules.admit');
create unique index catalogue_rule on rules.catalogue (rule);
analyze rules.catalogue;
comment on materialized view rules.catalogue is
  'Every rule that can refuse: name (= CONSTRAINT of the error), SQLSTATE, Russian message for the person (%s: facts), hint for psql, what it means, where it is enforced. '
  'SQLSTATE: ENRUL a rule refuses (LogicError); ENGON named but not there (DataBaseException); ENREQ unreadable request (InvalidRequestException); ENACC the actor may not (AccessRightsException).';

create function rules.refuse(p_rule text, variadic p_facts text[] default '{}') returns void
language plpgsql stable
as $$
declare
  v_rule rules.catalogue;
begin
  select * into strict v_rule from rules.catalogue c where c.rule = p_rule;
  -- the field of a request goes with its refusal, so that a page can point at it
  if p_rule in ('field_missing', 'field_unreadable') then
    raise exception using
      errcode = v_rule.sqlstate, message = format(v_rule.message, variadic p_facts),
      constraint = p_rule, detail = v_rule.meaning, column = p_facts[1];
  end if;
  -- psql would print an empty hint too
  if v_rule.hint is null then
    raise exception using
      errcode = v_rule.sqlstate, message = format(v_rule.message, variadic p_facts),
      constraint = p_rule, detail = v_rule.meaning;
  end if;
  raise exception using
    errcode = v_rule.sqlstate, message = format(v_rule.message, variadic p_facts),
    constraint = p_rule, detail = v_rule.meaning, hint = v_rule.hint;
end
$$;
comment on function rules.refuse(text, text[]) is
  'Refuses by a rule of rules.catalogue. p_rule: its name; p_facts: what fills the message''s %s. '
  'Never returns: raises the rule''s SQLSTATE with CONSTRAINT = p_rule, and COLUMN = the field of a request that is '
  'at fault. '
  'The only place that raises.';
