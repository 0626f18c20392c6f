-- The triggers of gym.consent_documents, as they fire; those of one line fire in the order of their names.
--   update
--     before the statement: consent_documents__keep
--   delete
--     before the statement: consent_documents__keep
--   truncate
--     before the statement: consent_documents__keep

create trigger consent_documents__keep before update or delete or truncate on gym.consent_documents
  for each statement execute function rules.keep();
