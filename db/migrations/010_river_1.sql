-- River's own migration 1, as rivermigrate brings it for the schema river; below it, River's note that it was run.
-- Not ours to change: TestRiverMigrations says when River wants a newer one.

CREATE TABLE river.river_migration(
  id bigserial PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT NOW(),
  version bigint NOT NULL,
  CONSTRAINT version CHECK (version >= 1)
);

CREATE UNIQUE INDEX ON river.river_migration USING btree(version);

insert into river.river_migration (version) values (1);

---- create above / drop below ----

DROP TABLE river.river_migration;
