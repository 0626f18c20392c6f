package db_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
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
//
// pg_dump reads no server that is newer than itself, and what it writes is for none that is older. Where the tests
// run on another version than its own, the older of the two is dumped and the newer restored into: an upgrade.
func TestBackupRoundTrips(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "energiya-backup-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	// root's cluster belongs to another user, who has to get in
	require.NoError(t, os.Chmod(folder, 0o711))
	tested := dbtest.New(t)
	dumps, serves := dumpVersion(t), serverVersion(t, tested.Owner)
	// scripts/test names the tested server's programs; pg_dump's own may be others
	tests, client := os.Getenv("PGBIN"), strings.TrimSpace(command(t, "../scripts/postgres", "client"))

	source := tested.URL()
	into := tests
	switch {
	case serves > dumps:
		maintenance := cluster(t, filepath.Join(folder, "source"), client)
		command(t, "psql", "-Xq", "-c", "create database energiya", maintenance)
		config, err := pgx.ParseConfig(maintenance)
		require.NoError(t, err)
		config.Database = "energiya"
		source = strings.TrimSuffix(maintenance, "postgres") + config.Database
		require.NoError(t, db.Migrate(ctx, config, db.Options{Roles: db.DefaultRoles()}))
	case serves < dumps:
		into = client
	}
	before := poolAt(t, source, "2026-12-09 09:00")
	_, err = before.Exec(ctx, aMonth)
	require.NoError(t, err)
	_, err = before.Exec(
		ctx,
		`select rules.mark_lesson('2026-12-07', '16:00', '{}', '{}', null), api.set_setting('slots_per_student', '4'), api.run_now('ensure_slots')`,
	)
	require.NoError(t, err)

	roles, dump := filepath.Join(folder, "roles.sql"), filepath.Join(folder, "energiya.dump")
	// passwords stay behind: the new cluster has its own
	command(t, "pg_dumpall", "--roles-only", "--no-role-passwords", "--file", roles, "--dbname", source)
	command(t, "pg_dump", "--format", "custom", "--file", dump, source)

	empty := cluster(t, filepath.Join(folder, "restored"), into)
	// the superuser is there already, which is the one error
	command(t, "psql", "-Xq", "-f", roles, empty)
	command(t, "pg_restore", "--create", "--exit-on-error", "--dbname", empty, dump)

	restored := poolAt(t, strings.TrimSuffix(empty, "postgres")+before.Config().ConnConfig.Database, "2026-12-09 09:00")
	require.Equal(t, max(dumps, serves), serverVersion(t, restored))

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
			 cross join lateral aclexplode(o.acl) x
			 -- the owner's own right to maintain is there from 17 on
			 where x.privilege_type <> 'MAINTAIN' or x.grantee <> x.grantor group by o.name order by 1`,
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
	_, err = restored.Exec(
		ctx,
		`begin; set local role energy_admin; select * from api.enrol(card => 12069840, day => 'Sat', at => '16:00'); commit`,
	)
	require.NoError(t, err)
	server, err := db.ServerPool(
		ctx,
		restored.Config(),
		db.DefaultRoles().Server,
		10*time.Second,
		slog.New(slog.DiscardHandler),
	)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	var version string
	require.NoError(t, server.QueryRow(ctx, `select wire.version()::text`).Scan(&version))
	var done []string
	require.NoError(
		t,
		db.Migrate(
			ctx,
			restored.Config().ConnConfig,
			db.Options{Roles: db.DefaultRoles(), Log: func(line string) { done = append(done, line) }},
		),
	)
	require.Contains(t, strings.Join(done, "\n"), "is already there")
	require.NotContains(t, strings.Join(done, "\n"), "pepper")
}

// cluster starts one by the programs in the folder bin (empty: the newest that are found), and gives its address.
func cluster(t *testing.T, folder, bin string) string {
	t.Helper()
	t.Cleanup(func() { command(t, "../scripts/postgres", "stop", "--now", folder) })
	command(t, "env", "PGBIN="+bin, "../scripts/postgres", "start", "--throwaway", folder)
	return strings.TrimSpace(command(t, "../scripts/postgres", "url", folder, "postgres"))
}

// poolAt opens a pool for which the clock stands still at now.
func poolAt(t *testing.T, url, now string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["gym.now"] = now
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// dumpVersion is the major version of pg_dump.
func dumpVersion(t *testing.T) int {
	t.Helper()
	found := regexp.MustCompile(`\) (\d+)`).FindStringSubmatch(command(t, "pg_dump", "--version"))
	require.Len(t, found, 2)
	version, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return version
}

// serverVersion is the major version of the server.
func serverVersion(t *testing.T, on interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}) int {
	t.Helper()
	var version int
	require.NoError(
		t,
		on.QueryRow(context.Background(), "select current_setting('server_version_num')::int / 10000").Scan(&version),
	)
	return version
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &out, &complaints
	require.NoError(
		t,
		c.Run(),
		"%s, of PostgreSQL's programs, which scripts/test puts into the PATH: %s",
		name,
		&complaints,
	)
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
