package db_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// TestBackupRoundTrips does what docs/operations.md says: roles and a dump by PostgreSQL's own programs, restored into
// a cluster that has never seen Energiya.
func TestBackupRoundTrips(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	source := dbtest.New(t)
	before := source.At(t, "2026-12-09 09:00")
	_, err := before.Exec(ctx, aMonth)
	require.NoError(t, err)
	_, err = before.Exec(ctx, `select rules.mark_lesson('2026-12-07', '16:00', '{}', '{}', null), api.set_setting('slots_per_student', '4'), api.run_now('ensure_slots')`)
	require.NoError(t, err)

	folder, err := os.MkdirTemp("", "energiya-backup-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	// root's cluster belongs to another user, who has to get in
	require.NoError(t, os.Chmod(folder, 0o711))
	roles, dump := filepath.Join(folder, "roles.sql"), filepath.Join(folder, "energiya.dump")
	// passwords stay behind: the new cluster has its own
	command(t, "pg_dumpall", "--roles-only", "--no-role-passwords", "--file", roles, "--dbname", source.URL())
	command(t, "pg_dump", "--format", "custom", "--file", dump, source.URL())

	cluster := filepath.Join(folder, "cluster")
	t.Cleanup(func() { command(t, "../scripts/postgres", "stop", "--now", cluster) })
	command(t, "../scripts/postgres", "start", "--throwaway", cluster)
	empty := strings.TrimSpace(command(t, "../scripts/postgres", "url", cluster, "postgres"))
	// the superuser is there already, which is the one error
	command(t, "psql", "-Xq", "-f", roles, empty)
	command(t, "pg_restore", "--create", "--exit-on-error", "--dbname", empty, dump)

	config, err := pgxpool.ParseConfig(empty)
	require.NoError(t, err)
	config.ConnConfig.Database = source.Owner.Config().ConnConfig.Database
	config.ConnConfig.RuntimeParams["gym.now"] = "2026-12-09 09:00"
	restored, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(restored.Close)

	for what, sql := range map[string]string{
		"rows of every table": `
			select c.oid::regclass::text, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text
			  from pg_class c where c.relnamespace::regnamespace::text in ('gym', 'river') and c.relkind in ('r', 'p') order by 1`,
		"every enrolment, mark and block": `
			select md5(string_agg(r, ',' order by r)), count(*)::text
			  from (select e::text as r from gym.enrolments e union all select m::text from gym.marks m union all select b::text from gym.blocks b
			        union all select l::text from gym.ledger l union all select u::text from gym.users u union all select s::text from gym.slots s) every`,
		"rights": `
			select o.name, string_agg(format('%s %s', case x.grantee when 0 then 'public' else x.grantee::regrole::text end, x.privilege_type), ', ' order by x.grantee::regrole::text, x.privilege_type)
			  from (select p.oid::regprocedure::text as name, p.proacl as acl from pg_proc p where p.pronamespace::regnamespace::text in ('rules', 'api', 'wire')
			        union all select c.oid::regclass::text, coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)) from pg_class c where c.relnamespace::regnamespace::text in ('gym', 'rules', 'api', 'river')
			        union all select n.nspname, n.nspacl from pg_namespace n
			        union all select c.oid::regclass || '.' || a.attname, a.attacl from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'gym'::regnamespace
			        union all select 'the database', d.datacl from pg_database d where d.datname = current_database()) o
			 cross join lateral aclexplode(o.acl) x group by o.name order by 1`,
		"settings of the database": `select array_to_string(s.setconfig, ' '), '' from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database()`,
		"triggers":                 `select t.tgrelid::regclass::text, t.tgname::text || t.tgenabled::text from pg_trigger t where not t.tgisinternal order by 1, 2`,
		"the audit":                `select invariant, violations::text from api.audit() order by 1`,
		"the package":              `select version::text, hash from gym.code_package`,
	} {
		require.Equal(t, pairs(t, before, sql), pairs(t, restored, sql), what)
	}
	for _, invariant := range pairs(t, restored, `select invariant, violations::text from api.audit()`) {
		require.Equal(t, "0", invariant[1], invariant[0])
	}

	// it goes on: ids, rights, the server, the next migration
	_, err = restored.Exec(ctx, `begin; set local role energy_admin; select * from api.enrol(card => 12069840, day => 'Sat', at => '16:00'); commit`)
	require.NoError(t, err)
	server, err := db.ServerPool(ctx, restored.Config(), db.DefaultRoles().Server, 10*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	var version string
	require.NoError(t, server.QueryRow(ctx, `select wire.version()::text`).Scan(&version))
	var done []string
	require.NoError(t, db.Migrate(ctx, restored.Config().ConnConfig, db.Options{Roles: db.DefaultRoles(), Log: func(line string) { done = append(done, line) }}))
	require.Contains(t, strings.Join(done, "\n"), "is already there")
	require.NotContains(t, strings.Join(done, "\n"), "pepper")
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &out, &complaints
	require.NoError(t, c.Run(), "%s, of PostgreSQL's programs, which scripts/test puts into the PATH: %s", name, &complaints)
	return out.String()
}

func pairs(t *testing.T, pool *pgxpool.Pool, sql string) [][2]string {
	t.Helper()
	rows, err := pool.Query(context.Background(), sql)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pair [2]string, err error) {
		return pair, row.Scan(&pair[0], &pair[1])
	})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}
