-- The triggers of gym.blocks, as they fire; those of one line fire in the order of their names.
--   insert
--     after the statement: blocks__remember_insert
--   update
--     after the statement: blocks__remember_update
--   delete
--     before the statement: blocks__keep
--     after the statement: blocks__remember_delete
--   truncate
--     before the statement: blocks__keep

create trigger blocks__keep before delete or truncate on gym.blocks for each statement execute function rules.keep();
