-- The triggers of gym.settings_changes, as they fire; those of one line fire in the order of their names.
--   delete
--     before the statement: settings_changes__keep
--   truncate
--     before the statement: settings_changes__keep

create trigger settings_changes__keep before delete or truncate on gym.settings_changes for each statement
  execute function rules.keep();
