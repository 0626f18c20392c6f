-- Every choice asks for the last turn made by hand.
create index manual_turns_by_time on gym.manual_turns (made_at, id);

---- create above / drop below ----

drop index gym.manual_turns_by_time;
