-- The triggers of gym.legacy_ids, as they fire; those of one line fire in the order of their names.
--   update
--     before the statement: legacy_ids__keep
--   delete
--     before the statement: legacy_ids__keep
--   truncate
--     before the statement: legacy_ids__keep

create trigger legacy_ids__keep before update or delete or truncate on gym.legacy_ids for each statement
  execute function rules.keep();
