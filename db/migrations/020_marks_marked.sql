create index marks_marked on gym.marks (slot_id, date) where withdrawn_at is null and mark in ('absent', 'present');
comment on index gym.marks_marked is 'Was anybody marked in a lesson? One look, whatever its size: judging asks it for every mark that is left unmarked.';

---- create above / drop below ----

drop index gym.marks_marked;
