-- The columns of gym.users keep their deployed names. What they mean was written down the wrong way round here.
comment on column gym.users.firstname is 'Given name (имя).';
comment on column gym.users.secondname is 'Family name (фамилия); never empty, but for a person who was erased.';
comment on column gym.users.surname is 'Patronymic (отчество); empty where there is none.';

-- The roster is ours alone: its columns are called what they are. Its rows were right, only the names of the columns were not.
alter table gym.roster rename column surname to family;
alter table gym.roster rename column firstname to given;
alter table gym.roster rename column secondname to patronymic;
comment on column gym.roster.family is 'Family name (фамилия); never empty.';
comment on column gym.roster.given is 'Given name (имя).';
comment on column gym.roster.patronymic is 'Patronymic (отчество); empty where there is none.';
-- api.import_roster never let an empty one in; a line typed by hand shows that it lacks one until the next import
update gym.roster set family = '?' where btrim(family) = '';
alter table gym.roster add constraint roster_family_given check (btrim(family) <> '');

create table gym.name_swaps (
  id         boolean primary key default true,
  swapped_at timestamptz not null,
  login      text not null,
  people     integer not null,
  constraint name_swaps_once check (id)
);
comment on table gym.name_swaps is
  'Says that the family names and patronymics of this database were exchanged (energy swap-names). '
  'There is one row at most: it is done once.';
comment on column gym.name_swaps.login is 'Database role that did it.';
comment on column gym.name_swaps.people is 'How many people were changed.';

---- create above / drop below ----

drop table gym.name_swaps;
alter table gym.roster drop constraint roster_family_given;
comment on column gym.roster.family is 'Фамилия.';
comment on column gym.roster.given is 'Имя.';
comment on column gym.roster.patronymic is 'Отчество; empty where there is none.';
alter table gym.roster rename column family to surname;
alter table gym.roster rename column given to firstname;
alter table gym.roster rename column patronymic to secondname;
comment on column gym.users.firstname is 'Имя.';
comment on column gym.users.secondname is 'Отчество; empty where there is none.';
comment on column gym.users.surname is 'Фамилия.';
