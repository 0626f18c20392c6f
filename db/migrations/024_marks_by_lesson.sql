-- Whole: who is in a lesson is asked of withdrawn marks too (rules.lock_lessons, the trigger marks__judge), and an index without them
-- made each mark that a coach sets read all marks ever made.
drop index gym.marks_by_lesson;
create index marks_by_lesson on gym.marks (slot_id, date);

---- create above / drop below ----

drop index gym.marks_by_lesson;
create index marks_by_lesson on gym.marks (slot_id, date) where withdrawn_at is null;
