-- River's own migration 8, as rivermigrate brings it for the schema river; below it, River's note that it was run.
-- Not ours to change: TestRiverMigrations says when River wants a newer one.

-- No-op. Postgres sequences already prevent automatically generated job IDs
-- from being reused.
SELECT 1;

insert into river.river_migration (line, version) values ('main', 8);

---- create above / drop below ----

-- No-op. Postgres sequences already prevent automatically generated job IDs
-- from being reused.
SELECT 1;

delete from river.river_migration where version = 8;
