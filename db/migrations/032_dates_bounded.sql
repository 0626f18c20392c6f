-- No date of the gym lies outside 2000 to 2099, nor at infinity: what goes from date to date would not end. Not valid: a
-- database that holds such a row migrates all the same; rules.invariants (dates_bounded) names it.
alter table gym.slots add constraint slots_month_range
  check (month between '2000-01-01' and '2099-12-31') not valid;
alter table gym.enrolments add constraint enrolments_month_range
  check (month between '2000-01-01' and '2099-12-31') not valid;
alter table gym.months add constraint months_month_range
  check (month between '2000-01-01' and '2099-12-31') not valid;
alter table gym.months add constraint months_judged_on_range
  check (judged_on between '2000-01-01' and '2099-12-31') not valid;
alter table gym.marks add constraint marks_date_range
  check (date between '2000-01-01' and '2099-12-31') not valid;
alter table gym.cancelled_lessons add constraint cancelled_lessons_date_range
  check (date between '2000-01-01' and '2099-12-31') not valid;
alter table gym.closures add constraint closures_dates_range
  check (start_date >= '2000-01-01' and end_date <= '2099-12-31') not valid;
alter table gym.blocks add constraint blocks_month_range
  check (month between '2000-01-01' and '2099-12-31') not valid;
alter table gym.blocks add constraint blocks_ends_on_range
  check (ends_on between '2000-01-01' and '2099-12-31') not valid;
alter table gym.pardons add constraint pardons_date_range
  check (date between '2000-01-01' and '2099-12-31') not valid;
alter table gym.pardons add constraint pardons_month_range
  check (month between '2000-01-01' and '2099-12-31') not valid;

-- what users.image and the old hash may hold: a name of a picture, and a hash
alter table gym.users add constraint users_image_length check (length(image) <= 500) not valid;
alter table gym.users add constraint users_hid_length check (length(hid) <= 200) not valid;

---- create above / drop below ----

alter table gym.users drop constraint users_hid_length;
alter table gym.users drop constraint users_image_length;
alter table gym.pardons drop constraint pardons_month_range;
alter table gym.pardons drop constraint pardons_date_range;
alter table gym.blocks drop constraint blocks_ends_on_range;
alter table gym.blocks drop constraint blocks_month_range;
alter table gym.closures drop constraint closures_dates_range;
alter table gym.cancelled_lessons drop constraint cancelled_lessons_date_range;
alter table gym.marks drop constraint marks_date_range;
alter table gym.months drop constraint months_judged_on_range;
alter table gym.months drop constraint months_month_range;
alter table gym.enrolments drop constraint enrolments_month_range;
alter table gym.slots drop constraint slots_month_range;
