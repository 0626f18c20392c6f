-- The triggers of gym.months, as they fire; those of one line fire in the order of their names.
--   delete
--     before the statement: months__keep
--   truncate
--     before the statement: months__keep

create trigger months__keep before delete or truncate on gym.months for each statement execute function rules.keep();
