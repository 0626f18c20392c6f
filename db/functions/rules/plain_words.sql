-- The rules in plain words, for the page that explains them to students.

create view rules.plain_words (n, rule, text, text_en) as
select v.n, v.rule, v.text, v.text_en
  from gym.settings c
 cross join lateral (values
   (1, 'month_made', format('Расписание на следующий месяц появляется %s числа.', c.slots_made_on_day),
    format('The timetable of the next month appears on day %s of the month.', c.slots_made_on_day)),
   (2, 'enrolment_closed',
    format('Запись на следующий месяц открывается %s числа в %s и закрывается в последний день месяца в %s.',
      c.enrolment_opens_on_day, to_char(c.enrolment_opens_at, 'HH24:MI'), to_char(c.enrolment_closes_at, 'HH24:MI')),
    format('Enrolment for the next month opens on day %s at %s and closes on the last day of the month at %s.',
      c.enrolment_opens_on_day, to_char(c.enrolment_opens_at, 'HH24:MI'), to_char(c.enrolment_closes_at, 'HH24:MI'))),
   (3, 'slots_per_student', format('Занятий в неделю на одного студента: не больше %s.', c.slots_per_student),
    format('Training times of one student in a week: at most %s.', c.slots_per_student)),
   (4, 'enrolments_one_a_weekday', 'В один день недели можно выбрать только одно занятие.',
    'Only one training time can be chosen on a weekday.'),
   (5, 'slots_taken_within_capacity', 'Место получает тот, кто записался раньше. Когда мест нет, записаться нельзя.',
    'Whoever enrols first gets the seat. When no seat is left, nobody can enrol.'),
   (6, 'slot_not_offered',
   'Пока запись открыта, выбор можно менять. Место, которое вы выбрали снова, остаётся за вами.',
    'While enrolment is open, the choice can be changed. A seat that you choose again stays yours.'),
   (7, 'cancel_next_month_only', 'От места на следующий месяц можно отказаться и после закрытия записи.',
    'A seat of the next month can be given up even after enrolment has closed.'),
   (8, 'absences_to_block',
    format('Пропусков без уважительной причины за месяц: когда их становится %s, записаться на следующий месяц нельзя, '
           'а занятые на него места освобождаются.', c.absences_to_block),
    format('Absences without a good reason in a month: once there are %s, one cannot enrol for the next month, and the seats '
           'taken for it are given up.', c.absences_to_block)),
   (9, 'not_marked',
    case when c.unmarked_is_absent then 'Если вас не отметили на прошедшем занятии, это пропуск.'
         else 'Если на занятии отмечали, а вас не отметили, это пропуск. Если не отмечали никого, пропуска нет.' end,
    case when c.unmarked_is_absent then 'Not being marked in a past lesson is an absence.'
         else 'Not being marked in a lesson in which others were is an absence. If nobody was marked, it is none.' end),
   (10, 'pardons', 'Пропуск по уважительной причине не считается. Принесите подтверждение тренеру.',
    'An absence with a good reason does not count. Bring the coach a proof.'),
   (11, 'lesson_cancelled', 'Отменённое занятие и занятие в выходной день не считаются пропуском.',
    'A cancelled lesson, or a lesson of a closed day, is no absence.'),
   (12, 'coach_marks_days', format('Ошибку в отметке тренер может исправить не позже чем через %s дн. после занятия.',
      c.coach_marks_days), format('A coach can correct a mark until %s days after the lesson.', c.coach_marks_days)),
   (13, 'not_on_roster',
   case when c.roster_only then 'Зарегистрироваться могут только студенты из списков университета.' end,
    'Only students on the university''s roster can register.')) v (n, rule, text, text_en)
 where v.text is not null;
comment on view rules.plain_words is
  'The rules as a student is told them, in Russian and in English, with the numbers of the settings, in the order '
  'to read. '
  'rule: the name in rules.catalogue, where a rule of that name refuses.';
