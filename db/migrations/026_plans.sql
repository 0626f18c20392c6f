-- Whether a person is blocked is asked at every choice. By its partial indexes PostgreSQL, without statistics, expected so few
-- blocks that stand that it walked through all of them instead of asking for the person's.
create index blocks_standing_by_user on gym.blocks (user_id) where lifted_at is null;

-- Where a publication is for all tables, a row of a table without a key can't be changed: the next migration would fail to
-- note that it was done. The row is one, so all of it is sent.
do $replica$
begin
  if exists (select from pg_class c
              where c.oid = to_regclass('public.schema_version') and c.relreplident = 'd'
                and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)) then
    alter table public.schema_version replica identity full;
  end if;
end
$replica$;

---- create above / drop below ----

alter table public.schema_version replica identity default;
drop index gym.blocks_standing_by_user;
