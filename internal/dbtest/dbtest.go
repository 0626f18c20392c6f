// Package dbtest gives each test a migrated database of its own, in tens of milliseconds, in parallel.
//
// The SQL is run once into a template database, named by a hash over all of it; each test gets a copy. The server is
// named by ENERGY_TEST_DATABASE_URL, which must log in a superuser; `make test` starts one.
package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" that pgtestdb opens
	"github.com/peterldowns/pgtestdb"

	"energiya/db"
	"energiya/internal/testclock"
)

// variable names the PostgreSQL server that tests may make databases on.
const variable = "ENERGY_TEST_DATABASE_URL"

// DB is a migrated database of one test. It is dropped when the test ends, unless the test failed.
type DB struct {
	// Owner is a pool of the database's owner, a superuser.
	Owner *pgxpool.Pool

	url string
}

// New makes a migrated database.
func New(t testing.TB) *DB {
	t.Helper()
	config := create(t, migrator{})
	applySettings(t, config)
	address := addressOf(config)
	return &DB{Owner: open(t, address, nil), url: address}
}

// Empty makes a database without anything in it and gives its URL.
func Empty(t testing.TB) string {
	t.Helper()
	return addressOf(create(t, pgtestdb.NoopMigrator{}))
}

// addressOf is the URL without the question mark of no options.
func addressOf(config *pgtestdb.Config) string { return strings.TrimSuffix(config.URL(), "?") }

// URL is the database's address, with the owner's log-in.
func (d *DB) URL() string { return d.url }

// Server opens a pool like that of energy serve: every connection has the server's role.
func (d *DB) Server(t testing.TB) *pgxpool.Pool {
	t.Helper()
	config := parse(t, d.url)
	log := slog.New(slog.DiscardHandler)
	pool, err := db.ServerPool(context.Background(), config, db.DefaultRoles().Server, 10*time.Second, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// At opens a pool of the owner for which the clock stands still at now, the gym's local time: "2026-12-25 12:00".
func (d *DB) At(t testing.TB, now string) *pgxpool.Pool {
	t.Helper()
	return open(t, d.url, map[string]string{"gym.now": now})
}

// User makes a person of the role ("STUDENT", "COACH", "ADMIN", "BLOCKED"), whom no password lets in, and gives the id.
func (d *DB) User(t testing.TB, role string) int {
	t.Helper()
	return d.Users(t, role, 1)[0]
}

// Users makes n people of the role, as User does, and gives their ids in order.
func (d *DB) Users(t testing.TB, role string, n int) []int {
	t.Helper()
	// the card is the id: distinct, whoever else makes people at the same time
	rows, err := d.Owner.Query(context.Background(), `
		insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
		select id, id, 'Имя' || id, 'Отчество' || id, 'Фамилия' || id, 'ТГ-' || id % 20, '-', $1::gym.userrole
		  from (select nextval(pg_get_serial_sequence('gym.users', 'id'))::integer as id from generate_series(1, $2)) made
		returning id`, role, n)
	if err != nil {
		t.Fatalf("making %d people of role %s: %v", n, role, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatalf("making %d people of role %s: %v", n, role, err)
	}
	return ids
}

func open(t testing.TB, address string, params map[string]string) *pgxpool.Pool {
	t.Helper()
	config := parse(t, address)
	for name, value := range params {
		config.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatalf("opening the test database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func parse(t testing.TB, address string) *pgxpool.Config {
	t.Helper()
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatalf("reading the test database's address: %v", err)
	}
	return config
}

func create(t testing.TB, m pgtestdb.Migrator) *pgtestdb.Config {
	t.Helper()
	address := os.Getenv(variable)
	if address == "" {
		t.Fatalf(
			"this test needs a PostgreSQL server: run `make test`, or set %s to the address of a superuser's database",
			variable,
		)
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		t.Fatalf("%s is not usable; it may be postgres://user:password@host:port/database", variable)
	}
	password, _ := u.User.Password()
	return pgtestdb.Custom(t, pgtestdb.Config{
		DriverName: "pgx",
		Host:       u.Hostname(), // empty for a socket, whose folder stands in the options
		Port:       u.Port(),
		User:       u.User.Username(),
		Password:   url.PathEscape(password),
		Database:   strings.TrimPrefix(u.Path, "/"),
		Options:    u.RawQuery,
		// the owner of test databases is the user who logs in
		TestRole:                  &pgtestdb.Role{Username: u.User.Username(), Password: url.PathEscape(password)},
		ForceTerminateConnections: true,
	}, m)
}

// applySettings copies what belongs to a database but not to its contents, since CREATE DATABASE … TEMPLATE leaves it
// out: the settings and the rights that migrations gave to the template.
func applySettings(t testing.TB, config *pgtestdb.Config) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, config.URL())
	if err != nil {
		t.Fatalf("connecting to the test database: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	template, _, _ := strings.Cut(config.Database, "_inst_")
	_, err = conn.Exec(ctx, `select set_config('dbtest.template', $1, false)`, template)
	if err == nil {
		_, err = conn.Exec(ctx, copySettings)
	}
	if err != nil {
		t.Fatalf("copying the template's settings to the test database: %v", err)
	}
}

const copySettings = `
do $$
declare
  v_template pg_database := (select d from pg_database d where d.datname = current_setting('dbtest.template'));
  v_setting  record;
  v_right    record;
begin
  for v_setting in
    select split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value, s.setrole
      from pg_db_role_setting s cross join unnest(s.setconfig) c
     where s.setdatabase = (select oid from pg_database where datname = v_template.datname)
  loop
    perform set_config(v_setting.name, v_setting.value, true);
    if v_setting.setrole = 0 then
      execute format('alter database %I set %s from current', current_database(), v_setting.name);
    else
      execute format('alter role %s in database %I set %s from current', v_setting.setrole::regrole, current_database(), v_setting.name);
    end if;
  end loop;

  if v_template.datacl is not null then
    execute format('revoke all on database %I from public', current_database());
    for v_right in select * from aclexplode(v_template.datacl) loop
      execute format('grant %s on database %I to %s', v_right.privilege_type, current_database(),
        case v_right.grantee when 0 then 'public' else v_right.grantee::regrole::text end);
    end loop;
  end if;
end
$$`

// migrator runs the program's own SQL into a template database.
type migrator struct{}

// Hash is over all SQL files: another text, another template.
func (migrator) Hash() (string, error) {
	files, err := testclock.Files()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// Migrate runs once for each template.
func (migrator) Migrate(ctx context.Context, _ *sql.DB, config pgtestdb.Config) error {
	conn, err := pgx.ParseConfig(config.URL())
	if err != nil {
		return err
	}
	return Migrate(ctx, conn)
}

// Migrate brings a database to what New gives, its clock included. Tests of energy migrate itself call db.Migrate.
func Migrate(ctx context.Context, config *pgx.ConnConfig) error {
	files, err := testclock.Files()
	if err != nil {
		return err
	}
	return db.Migrate(ctx, config, db.Options{Files: files, Roles: db.DefaultRoles()})
}
