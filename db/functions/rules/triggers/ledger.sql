-- The triggers of gym.ledger, as they fire; those of one line fire in the order of their names.
--   update
--     before the statement: ledger__keep
--   delete
--     before the statement: ledger__keep
--   truncate
--     before the statement: ledger__keep

create trigger ledger__keep before update or delete or truncate on gym.ledger
  for each statement when (current_user <> '{{.keeper_role}}') execute function rules.keep();
