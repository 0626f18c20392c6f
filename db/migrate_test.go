package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// database is an empty database of one test, and what Migrate said about it.
type database struct {
	url    string
	config *pgx.ConnConfig
	conn   *pgx.Conn
}

func empty(t *testing.T) *database {
	t.Helper()
	url := dbtest.Empty(t)
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &database{url: url, config: config, conn: conn}
}

// migrate runs Migrate and gives its lines.
func (d *database) migrate(t *testing.T, o db.Options) ([]string, error) {
	t.Helper()
	var lines []string
	if o.Roles == (db.Roles{}) {
		o.Roles = db.DefaultRoles()
	}
	if o.Files == nil {
		o.Files = stamped(t)
	}
	if o.Log == nil {
		o.Log = func(line string) { lines = append(lines, line) }
	}
	err := db.Migrate(t.Context(), d.config, o)
	return lines, err
}

func (d *database) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := d.conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// ask gives the one value of a query as text.
func (d *database) ask(t *testing.T, sql string, args ...any) string {
	t.Helper()
	var value *string
	require.NoError(t, d.conn.QueryRow(t.Context(), "select ("+sql+")::text", args...).Scan(&value), sql)
	if value == nil {
		return ""
	}
	return *value
}

// changed is the program's SQL with some files replaced.
func changed(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(db.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(db.Files(), name)
		all[name] = &fstest.MapFile{Data: content}
		return err
	}))
	for name, content := range files {
		all[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return all
}

// content is that of one of the program's SQL files.
func content(t *testing.T, name string) string {
	t.Helper()
	content, err := fs.ReadFile(db.Files(), name)
	require.NoError(t, err)
	return string(content)
}

// versioned is the program's SQL with another number of the package, and with more at the end of it.
func versioned(t *testing.T, number int, more string) fs.FS {
	t.Helper()
	return changed(t, map[string]string{
		"functions/version.sql": fmt.Sprintf("%s\nselect rules.record_package(%d, 'made by a test');\n", more, number),
	})
}

// stamped is the program's SQL as make stamp leaves it: only TestThePackageIsStamped depends on whether that was done.
func stamped(t *testing.T) fs.FS {
	t.Helper()
	stamp, _, err := db.Restamp(db.Files())
	require.NoError(t, err)
	return changed(t, map[string]string{"functions/version.sql": string(stamp)})
}

func built(t *testing.T) db.Version {
	t.Helper()
	version, err := db.Built(stamped(t))
	require.NoError(t, err)
	return version
}

func TestMigrateBuildsWhatTheTernCLIBuilds(t *testing.T) {
	t.Parallel()
	ours, terns := empty(t), empty(t)
	_, err := ours.migrate(t, db.Options{Files: db.Files()})
	require.NoError(t, err)
	tern(t, terns, "migrate", "-m", "db/migrations")
	tern(t, terns, "code", "install", "db/functions")

	if dumps, serves := dumpVersion(t), serverVersion(t, terns.conn); dumps >= serves {
		require.Equal(t, dump(t, terns), dump(t, ours))
	} else {
		t.Logf("left out, the comparison of dumps: pg_dump %d cannot read PostgreSQL %d", dumps, serves)
	}
	require.Equal(t, settings(t, terns), settings(t, ours))
	for _, record := range []string{
		"select version || ' ' || hash from gym.code_package",
		"select string_agg(line || ' ' || version, ',' order by line, version) from river.river_migration",
	} {
		require.Equal(t, terns.ask(t, record), ours.ask(t, record))
	}

	// what tern lacks, the next energy migrate adds
	lines, err := terns.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Contains(t, lines, "pepper: made at random")
	require.Contains(t, lines, "auth_key: made at random")
}

func tern(t *testing.T, d *database, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "tern"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "DATABASE_URL="+d.url)
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "tern %v: %s", args, output)
}

// dump is schema and data as SQL, without what differs on purpose: the pepper and the times of installation.
func dump(t *testing.T, d *database) string {
	t.Helper()
	var output, complaints bytes.Buffer
	cmd := exec.CommandContext(
		t.Context(),
		"pg_dump",
		"--inserts",
		"--exclude-table-data=gym.secrets",
		"--exclude-table-data=gym.code_package",
		"--exclude-table-data=river.river_migration",
		d.url,
	)
	cmd.Stdout, cmd.Stderr = &output, &complaints
	require.NoError(t, cmd.Run(), "pg_dump must be in the PATH, as make test has it: %s", &complaints)
	require.Contains(t, output.String(), "CREATE FUNCTION wire.version()")
	// a random key against injection, in newer versions of pg_dump
	return regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAllString(output.String(), "")
}

// settings are those of the database as such, and its rights: pg_dump has them only with --create.
func settings(t *testing.T, d *database) string {
	t.Helper()
	return d.ask(
		t,
		`select d.datacl::text || coalesce((select string_agg(s.setrole || ' ' || s.setconfig::text, ';' order by s.setrole) from pg_db_role_setting s where s.setdatabase = d.oid
		  and s.setrole = 0), '') -- the limits of log-ins are of those that any test of this cluster has made
		from pg_database d where d.datname = current_database()`,
	)
}

// withoutRoles leaves out what energy migrate says of log-ins: other tests make such in the same cluster.
func withoutRoles(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "roles: alter role ") })
}

func TestMigrateAgainDoesNothing(t *testing.T) {
	t.Parallel()
	d := empty(t)
	own := built(t)
	lines, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		fmt.Sprintf("schema: migrated 0 -> %d", own.Schema),
		"pepper: made at random",
		"auth_key: made at random",
		fmt.Sprintf("functions: installed version %d", own.Package),
	}, withoutRoles(lines))
	state := `select installed_at || (select value from gym.secrets where name = 'pepper') || 'rules.next_month(timestamptz)'::regprocedure::oid from gym.code_package`
	before := d.ask(t, state)

	lines, err = d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{
		fmt.Sprintf("schema: %d is already there", own.Schema),
		fmt.Sprintf("functions: version %d is already installed", own.Package),
	}, withoutRoles(lines))
	require.Equal(t, before, d.ask(t, state))
}

// A restore under another name, or a copy by createdb -T, has the schema and the functions, and nothing that is set
// on the database itself.
func TestMigrateAgainCorrectsWhatIsSetOnTheDatabase(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	before := settings(t, d)
	d.exec(t, "do $$ begin execute format('alter database %I reset all', current_database()); end $$")
	d.exec(t, "update pg_database set datacl = null where datname = current_database()")
	faults := "select string_agg(f, '; ' order by f) from json_array_elements_text(wire.version() -> 'faults') f"
	require.Equal(t, "search_path of the database is without gym and api", d.ask(t, faults))
	require.Equal(t, "7", d.ask(t, "select violations from api.audit() where invariant = 'database_settings'"))

	lines, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Contains(t, lines, fmt.Sprintf("functions: version %d is already installed", built(t).Package))
	require.Contains(t, lines, "database: corrected: search_path of the database is without gym and api")
	require.Contains(t, lines, "database: corrected: anybody may connect to the database")
	require.Equal(t, before, settings(t, d))
	require.Empty(t, d.ask(t, faults))
	require.Equal(t, "0", d.ask(t, "select violations from api.audit() where invariant = 'database_settings'"))
	// an auth server of old names the table without its schema
	config := d.config.Copy()
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), "set role energy_auth; select id, hid from users")
	require.NoError(t, err)
}

func TestMigrateMakesAPepperOfItsOwnForEachDatabase(t *testing.T) {
	t.Parallel()
	one, other := empty(t), empty(t)
	for _, d := range []*database{one, other} {
		_, err := d.migrate(t, db.Options{})
		require.NoError(t, err)
		require.Regexp(t, `^[0-9a-f]{64}$`, d.ask(t, "select value from gym.secrets where name = 'pepper'"))
	}
	require.NotEqual(t,
		one.ask(t, "select value from gym.secrets where name = 'pepper'"),
		other.ask(t, "select value from gym.secrets where name = 'pepper'"))
}

func TestMigrateReplacesAnOlderPackage(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	own := built(t).Package

	lines, err := d.migrate(
		t,
		db.Options{Files: versioned(t, own+1, "create function rules.newer() returns int language sql as 'select 1';")},
	)
	require.NoError(t, err)
	require.Contains(t, strings.Join(lines, "\n"), fmt.Sprintf("functions: installed version %d over %d", own+1, own))
	require.NotEmpty(t, d.ask(t, "select to_regprocedure('rules.newer()')"))
}

func TestMigrateNeverPutsAnOlderPackageOverANewerOne(t *testing.T) {
	t.Parallel()
	d := empty(t)
	own := built(t).Package
	_, err := d.migrate(
		t,
		db.Options{Files: versioned(t, own+2, "create function rules.newer() returns int language sql as 'select 1';")},
	)
	require.NoError(t, err)

	for _, force := range []bool{false, true} {
		lines, err := d.migrate(t, db.Options{Force: force})
		require.NoError(t, err)
		require.Contains(
			t,
			lines,
			fmt.Sprintf("functions: the database has version %d, this program brings %d: left as it is", own+2, own),
		)
	}
	require.NotEmpty(t, d.ask(t, "select to_regprocedure('rules.newer()')"))
}

func TestMigrateLeavesANewerSchemaAlone(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	own := built(t)
	d.exec(t, "update public.schema_version set version = version + 1")
	before := d.ask(t, "select installed_at from gym.code_package")

	lines, err := d.migrate(t, db.Options{Force: true})
	require.NoError(t, err)
	require.Equal(
		t,
		[]string{
			fmt.Sprintf(
				"schema: the database is at %d, this program brings %d: left as it is, functions too",
				own.Schema+1,
				own.Schema,
			),
		},
		lines,
	)
	require.Equal(t, before, d.ask(t, "select installed_at from gym.code_package"))
}

func TestMigrateInstallsAChangeThatIsNotStamped(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)

	stamp, err := fs.ReadFile(stamped(t), "functions/version.sql")
	require.NoError(t, err)
	lines, err := d.migrate(t, db.Options{Files: changed(t, map[string]string{
		"functions/version.sql": string(stamp),
		"functions/rules/package.sql": content(
			t,
			"functions/rules/package.sql",
		) + "create function rules.tried_out() returns int language sql as 'select 1';",
	})})
	require.NoError(t, err)
	require.Contains(
		t,
		lines,
		fmt.Sprintf(
			"functions: installed version %d, with changes that are not stamped (make stamp)",
			built(t).Package,
		),
	)
	require.NotEmpty(t, d.ask(t, "select to_regprocedure('rules.tried_out()')"))
}

func TestMigrateStopsAtOtherPeoplesObjectsUnlessForced(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	d.exec(t, "create schema deans_office")
	d.exec(t, "create view deans_office.free_seats as select * from api.slots")
	d.exec(t, "create table deans_office.months (month date default rules.next_month())")
	newer := versioned(t, built(t).Package+1, "")
	before := d.ask(t, "select installed_at from gym.code_package")

	_, err = d.migrate(t, db.Options{Files: newer})
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "ENDEP", pgErr.Code)
	require.Contains(t, pgErr.Detail, "deans_office.free_seats")
	require.Contains(t, pgErr.Detail, "deans_office.months")
	require.Equal(t, before, d.ask(t, "select installed_at from gym.code_package"))
	require.NotEmpty(t, d.ask(t, "select to_regclass('deans_office.free_seats')"))

	_, err = d.migrate(t, db.Options{Files: newer, Force: true})
	require.NoError(t, err)
	require.Empty(t, d.ask(t, "select to_regclass('deans_office.free_seats')"))
	require.NotEmpty(t, d.ask(t, "select to_regclass('deans_office.months')"), "the table stays, without its default")
}

func TestForceInstallsAgain(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	d.exec(t, "drop function wire.version()")
	lines, err := d.migrate(t, db.Options{Force: true})
	require.NoError(t, err)
	require.Contains(t, lines, fmt.Sprintf("functions: installed version %d", built(t).Package))
	require.NotEmpty(t, d.ask(t, "select to_regprocedure('wire.version()')"))
}

func TestSyntaxErrorLeavesTheOldFunctionsWorking(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	before := d.ask(t, "select rules.next_month()") + d.ask(t, "select installed_at from gym.code_package")

	_, err = d.migrate(
		t,
		db.Options{
			Files: versioned(
				t,
				built(t).Package+1,
				"create function rules.broken() returns int langauge sql as 'select 1';",
			),
		},
	)
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "42601", pgErr.Code)
	require.Equal(
		t,
		before,
		d.ask(t, "select rules.next_month()")+d.ask(t, "select installed_at from gym.code_package"),
	)
}

func TestBrokenMigrationLeavesTheVersionBefore(t *testing.T) {
	t.Parallel()
	d := empty(t)
	last := built(t).Schema
	broken := changed(
		t,
		map[string]string{
			fmt.Sprintf("migrations/%03d_broken.sql", last+1): "create table gym.half (id int); select 1/0;",
		},
	)
	_, err := d.migrate(t, db.Options{Files: broken})
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Contains(t, err.Error(), "broken.sql")
	require.Equal(t, fmt.Sprint(last), d.ask(t, "select version from public.schema_version"))
	require.Empty(t, d.ask(t, "select to_regclass('gym.half')"))

	lines, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Contains(t, lines, fmt.Sprintf("schema: %d is already there", last))
}

func TestSeveralMigrateOneDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	d := empty(t)
	const programs = 4
	var lines [programs][]string
	var errs [programs]error
	var all sync.WaitGroup
	for i := range programs {
		all.Go(func() { lines[i], errs[i] = d.migrate(t, db.Options{}) })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	migrated, installed := 0, 0
	for _, said := range lines {
		text := strings.Join(said, "\n")
		migrated += strings.Count(text, "schema: migrated")
		installed += strings.Count(text, "functions: installed")
	}
	require.Equal(t, 1, migrated)
	require.Equal(t, 1, installed)
}

// The owner need be no superuser: one who may make roles, as those who rent a database may, makes ours and can become
// the server's.
func TestAnOwnerWhoIsNoSuperuserMigratesAndServes(t *testing.T) {
	t.Parallel()
	d := empty(t)
	name, roles := d.ownedBy(t, "o", "createrole")
	before15 := serverVersion(t, d.conn) < 15
	lines, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	// before 15 public belongs to the superuser, and only he can close it
	require.Equal(t, before15, strings.Contains(strings.Join(lines, "\n"), "revoke all on schema public"))
	require.Equal(t, before15, strings.Contains(strings.Join(lines, "\n"), "note:"))

	config, err := pgxpool.ParseConfig(d.url)
	require.NoError(t, err)
	config.ConnConfig.User, config.ConnConfig.Password = name, "secret"
	pool, err := db.ServerPool(t.Context(), config, roles.Server, 10*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer pool.Close()
	var user string
	require.NoError(t, pool.QueryRow(t.Context(), "select current_user where wire.version() is not null").Scan(&user))
	require.Equal(t, roles.Server, user)
	// again, over what is there
	_, err = d.migrate(t, db.Options{Roles: roles, Force: true})
	require.NoError(t, err)
}

// ownedBy makes a log-in that owns the database, and the names of group roles that no other test has. Migrations then
// run as that log-in. All of it goes with the test.
func (d *database) ownedBy(t *testing.T, prefix, attributes string) (owner string, roles db.Roles) {
	t.Helper()
	owner = fmt.Sprintf("%s%d", prefix, os.Getpid())
	roles = db.Roles{
		Server: owner + "_server",
		Auth:   owner + "_auth",
		Admin:  owner + "_admin",
		Reader: owner + "_reader",
		Web:    owner + "_web",
		Keeper: owner + "_keeper",
	}
	superuser := d.config.User
	t.Cleanup(func() {
		d.config.User = superuser
		statements := []string{"reassign owned by " + owner + " to current_user"}
		for _, role := range []string{roles.Server, roles.Auth, roles.Admin, roles.Reader, roles.Web, roles.Keeper, owner} {
			var there bool
			require.NoError(
				t,
				d.conn.QueryRow(context.Background(), "select to_regrole($1) is not null", role).Scan(&there),
			)
			if there {
				statements = append(statements, "drop owned by "+role+" cascade", "drop role "+role)
			}
		}
		for _, statement := range statements {
			_, err := d.conn.Exec(context.Background(), statement)
			require.NoError(t, err, statement)
		}
	})
	d.exec(t, "create role "+owner+" login "+attributes+" password 'secret'")
	d.exec(t, "alter database "+pgx.Identifier{d.config.Database}.Sanitize()+" owner to "+owner)
	d.config.User, d.config.Password = owner, "secret"
	return owner, roles
}

func TestAnOwnerWhoMayNotMakeRolesIsToldTheStatementThatMakesThem(t *testing.T) {
	t.Parallel()
	d := empty(t)
	owner, roles := d.ownedBy(t, "m", "nocreaterole")
	before := d.ask(t, "select count(*) from pg_class")

	lines, err := d.migrate(t, db.Options{Roles: roles})
	var missing *db.RolesError
	require.ErrorAs(t, err, &missing)
	require.Equal(
		t,
		[]string{roles.Server, roles.Auth, roles.Admin, roles.Reader, roles.Web, roles.Keeper},
		missing.Missing,
	)
	require.Empty(t, lines)
	require.Equal(t, before, d.ask(t, "select count(*) from pg_class"), "nothing was made")
	for _, part := range []string{roles.Server, roles.Reader, owner + " may not create roles", "run energy migrate again"} {
		require.Contains(t, err.Error(), part)
	}

	// what is printed is what a superuser pastes
	_, statements, found := strings.Cut(err.Error(), ":\n\n")
	require.True(t, found, err.Error())
	d.exec(t, statements)
	lines, err = d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	for _, line := range lines {
		require.NotContains(t, line, "create role")
		require.NotContains(t, line, "may not become")
	}
	require.Equal(t, "true", d.ask(t, "select has_function_privilege($1, 'api.help(text)', 'execute')", roles.Admin))

	// the server works with the owner's log-in
	config, err := pgxpool.ParseConfig(d.url)
	require.NoError(t, err)
	config.ConnConfig.User, config.ConnConfig.Password = owner, "secret"
	pool, err := db.ServerPool(t.Context(), config, roles.Server, 10*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, pool.Ping(t.Context()))
}

// A dump restored into another cluster comes without its roles.
func TestMigrateAgainMakesARoleThatIsMissingAndGivesItItsRights(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, roles := d.ownedBy(t, "r", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	d.exec(t, "drop owned by "+roles.Admin)
	d.exec(t, "drop role "+roles.Admin)

	lines, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Contains(t, lines, "roles: made "+roles.Admin)
	require.Equal(t, "true", d.ask(t, "select has_function_privilege($1, 'api.help(text)', 'execute')", roles.Admin))

	lines, err = d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Contains(t, lines, fmt.Sprintf("functions: version %d is already installed", built(t).Package))
}

// What energy tells who still sets ENERGY_READER_ROLE: rename the role, install the functions again.
func TestARoleThatIsRenamedKeepsItsRights(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, roles := d.ownedBy(t, "n", "createrole")
	named := roles
	named.Auth, named.Reader = roles.Auth+"_named", roles.Reader+"_named"
	_, err := d.migrate(t, db.Options{Roles: named})
	require.NoError(t, err)
	d.exec(t, "alter role "+named.Auth+" rename to "+roles.Auth)
	d.exec(t, "alter role "+named.Reader+" rename to "+roles.Reader)

	_, err = d.migrate(t, db.Options{Roles: roles, Force: true})
	require.NoError(t, err)
	require.Equal(t, "true", d.ask(t, "select has_table_privilege($1, 'api.people_masked', 'select')", roles.Reader))
	require.Equal(t, "true", d.ask(t, "select has_column_privilege($1, 'gym.users', 'image', 'update')", roles.Auth))
	require.Equal(t, "0", d.ask(t, "select count(*) from pg_proc where prosrc like '%' || $1 || '%'", named.Auth),
		"no function speaks of the old name")
	require.Equal(t, "1", d.ask(t, `select count(*) from pg_policy
		where polname = 'users_reader' and polroles = array[to_regrole($1)::oid]`, roles.Reader))
}

// A role made by hand after the migration has no rights: energy migrate gives them, without --force.
func TestMigrateAgainGivesRightsToARoleMadeByHand(t *testing.T) {
	t.Parallel()
	d := empty(t)
	owner, roles := d.ownedBy(t, "h", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	d.exec(t, "drop owned by "+roles.Reader)
	d.exec(t, "drop role "+roles.Reader)
	d.exec(t, "alter role "+owner+" nocreaterole")

	_, err = d.migrate(t, db.Options{Roles: roles})
	var missing *db.RolesError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, []string{roles.Reader}, missing.Missing)
	require.Contains(t, err.Error(), "the role "+roles.Reader+" is missing")
	for _, statement := range missing.SQL {
		d.exec(t, statement)
	}
	_, err = d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Equal(t, "true", d.ask(t, "select has_table_privilege($1, 'api.slots', 'select')", roles.Reader))
}

// The roles of another database of the cluster are there, but nobody made this owner a member.
func TestAnOwnerWhoMayNotBecomeTheServersRoleIsToldTheGrant(t *testing.T) {
	t.Parallel()
	d := empty(t)
	owner, roles := d.ownedBy(t, "g", "nocreaterole")
	for _, role := range []string{roles.Server, roles.Auth, roles.Admin, roles.Reader, roles.Web, roles.Keeper} {
		d.exec(t, "create role "+role+" nologin")
	}
	grant := "grant " + roles.Server + " to " + owner
	for range 2 {
		lines, err := d.migrate(t, db.Options{Roles: roles})
		require.NoError(t, err)
		require.Contains(t, strings.Join(lines, "\n"), grant)
	}

	config, err := pgxpool.ParseConfig(d.url)
	require.NoError(t, err)
	config.ConnConfig.User, config.ConnConfig.Password = owner, "secret"
	pool, err := db.ServerPool(t.Context(), config, roles.Server, 10*time.Second, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer pool.Close()
	err = pool.Ping(t.Context())
	var roleErr *db.RoleError
	require.ErrorAs(t, err, &roleErr)
	require.Contains(t, roleErr.Error(), `"`+roles.Server+`" to "`+owner+`"`)
	require.NotContains(t, roleErr.Error(), "energy migrate", "which would do nothing")
}

func TestMigrateRefusesAnyEncodingButUTF8(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"SQL_ASCII", "LATIN1", "WIN1251"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			d := empty(t)
			name := strings.ToLower(fmt.Sprintf("enc_%s_%d", encoding, os.Getpid()))
			d.exec(t, "create database "+name+" template template0 encoding '"+encoding+"' lc_collate 'C' lc_ctype 'C'")
			t.Cleanup(func() {
				_, err := d.conn.Exec(context.Background(), "drop database "+name)
				require.NoError(t, err)
			})
			d.config.Database = name
			lines, err := d.migrate(t, db.Options{})
			var refused *db.EncodingError
			require.ErrorAs(t, err, &refused)
			require.Empty(t, lines)
			for _, part := range []string{name, encoding, "UTF8", "createdb --template=template0 --encoding=UTF8"} {
				require.Contains(t, err.Error(), part)
			}
			require.NotContains(t, err.Error(), "\n")

			conn, err := pgx.ConnectConfig(t.Context(), d.config)
			require.NoError(t, err)
			defer func() { _ = conn.Close(context.Background()) }()
			var made int
			require.NoError(
				t,
				conn.QueryRow(t.Context(), `select (select count(*) from pg_class where relnamespace = 'public'::regnamespace)
				+ (select count(*) from pg_namespace where nspname in ('gym', 'river'))`).
					Scan(&made),
			)
			require.Zero(t, made, "before the first migration")
		})
	}
}

// Roles belong to the whole cluster: databases that are migrated at the same moment meet there.
func TestSeveralDatabasesMakeTheSameRolesAtOnce(t *testing.T) {
	t.Parallel()
	const databases = 4
	prefix := fmt.Sprintf("t%d", os.Getpid())
	roles := db.Roles{
		Server: prefix + "_server",
		Auth:   prefix + "_auth",
		Admin:  prefix + "_admin",
		Reader: prefix + "_reader",
		Web:    prefix + "_web",
		Keeper: prefix + "_keeper",
	}
	superuser := empty(t)
	t.Cleanup(func() {
		for _, role := range []string{roles.Server, roles.Auth, roles.Admin, roles.Reader, roles.Web, roles.Keeper} {
			_, _ = superuser.conn.Exec(context.Background(), "drop role if exists "+role)
		}
	})
	var fresh [databases]*database
	for i := range fresh {
		fresh[i] = empty(t)
	}
	var errs [databases]error
	var all sync.WaitGroup
	for i, d := range fresh {
		all.Go(func() { _, errs[i] = d.migrate(t, db.Options{Roles: roles}) })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	for _, d := range fresh {
		require.Equal(
			t,
			"true",
			d.ask(t, "select has_function_privilege($1, 'wire.version()', 'execute')", roles.Server),
		)
	}
	for _, d := range fresh {
		for _, role := range []string{roles.Server, roles.Auth, roles.Admin, roles.Reader, roles.Web, roles.Keeper} {
			d.exec(t, "drop owned by "+role)
		}
	}
}

func TestInstallWaitsForALockWithoutHoldingOthersUp(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	// as a long report does
	d.exec(t, "begin")
	d.exec(t, "lock table gym.slots in access share mode")

	var said []string
	_, err = d.migrate(t, db.Options{Force: true, Log: func(line string) {
		said = append(said, line)
		if strings.HasPrefix(line, "in the way of others") {
			d.exec(t, "commit")
		}
	}})
	require.NoError(t, err)
	require.Contains(t, strings.Join(said, "\n"), "in the way of others")
	require.Contains(t, said, fmt.Sprintf("functions: installed version %d", built(t).Package))
}

func TestMigrateWithoutADatabaseSaysSoInOneSentence(t *testing.T) {
	t.Parallel()
	d := empty(t)
	d.config.Database = "not_there"
	_, err := d.migrate(t, db.Options{})
	var connectErr *db.ConnectError
	require.ErrorAs(t, err, &connectErr)
	require.Contains(t, err.Error(), `there is no database "not_there"`)
	require.Contains(t, err.Error(), "createdb not_there")
	require.NotContains(t, err.Error(), "\n")
}
