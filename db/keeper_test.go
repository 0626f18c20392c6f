package db_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// A restore that gives all functions to one role would leave definers with that role's rights, and no one who may
// erase.
func TestMigrateInstallsAgainWhereFunctionsBelongToAnotherRole(t *testing.T) {
	t.Parallel()
	d := empty(t)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	const sqlErase = "select entries from rules.erase_person((select min(id) from gym.users), 'закон')"
	d.exec(t, `insert into gym.users (student_card, firstname, surname, secondname, "group", hid)
		values (1, 'Анна', '', 'Зимина', 'БИ-21', '-')`)
	for _, function := range []string{
		"rules.blank_trail(integer,integer[],text,text,integer,timestamp with time zone,integer)",
		"rules.blank_pardons(integer,text)",
	} {
		d.exec(t, "alter function "+function+" owner to current_user")
	}
	_, err = d.conn.Exec(t.Context(), sqlErase)
	require.ErrorContains(t, err, "история остаётся", "the owner may not, whatever the function is called")

	lines, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Contains(t, lines[len(lines)-1], "functions: installed version")
	require.Equal(t, "0", d.ask(t, "select count(*) from rules.owner_faults()"))
	d.exec(t, sqlErase)
	lines, err = d.migrate(t, db.Options{})
	require.NoError(t, err)
	require.Contains(t, lines[len(lines)-1], "is already installed")
}

// An owner who is no superuser inherits nothing of the keeper from PostgreSQL 16 on, and erases people all the same.
func TestAnOwnerWhoIsNoSuperuserErasesAPerson(t *testing.T) {
	t.Parallel()
	d := empty(t)
	owner, roles := d.ownedBy(t, "k", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), d.config)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range []string{
		`insert into gym.users (student_card, firstname, surname, secondname, "group", hid)
			values (1, 'Анна', '', 'Зимина', 'БИ-21', '-')`,
		`insert into gym.audit_log (written_at, login, on_table, key, operation) values ('2001-01-31', 'x', 'slots', '1', 'insert')`,
		"update gym.settings set audit_months = 1200",
		"select rules.ensure_audit_months()",
		"select rules.erase_person((select id from gym.users), 'закон')",
	} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.Equal(t, "0", d.ask(t, "select count(*) from gym.audit_log_other"))
	require.Equal(t, "1", d.ask(t, "select count(*) from gym.audit_log_2001_01"))
	_, err = conn.Exec(t.Context(), "delete from gym.audit_log")
	require.ErrorContains(t, err, "Журнал изменений только дополняют", owner)
	if d.ask(t, "select current_setting('server_version_num')::integer >= 160000") == "true" {
		require.Equal(t, "false", d.ask(t, "select pg_has_role($1, $2, 'usage')", owner, roles.Keeper))
	}
}

// The one lock that makes the count of a person's seats true is skipped by no one who merely says that he imports.
func TestNoSessionSkipsThePersonsLockByAForgedImport(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	_, err := d.Owner.Exec(t.Context(), `
		insert into gym.users (student_card, firstname, surname, secondname, "group", hid) values (1, 'Анна', '', 'Зимина', 'БИ-21', '-');
		insert into gym.slots (month, weekday, starts_at, capacity) select rules.next_month(), w, '16:00', 5 from generate_series(0, 3) w`)
	require.NoError(t, err)
	const sqlForged = `do $x$ begin insert into gym.enrolments (slot_id, user_id)
		select s.id, u.id from gym.slots s, gym.users u where s.month = rules.next_month() and s.weekday in (%d, %d) /*
PL/pgSQL function rules.import_legacy(text,boolean,integer) line 1 at SQL statement
*/; end $x$`

	// Each of two sessions takes two seats of the three that are allowed, and commits when both have tried.
	first, err := d.Owner.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = first.Rollback(context.Background()) }()
	book := func(ctx context.Context, tx pgx.Tx, a, b int) error {
		_, err := tx.Exec(ctx, "set local gym.importing = 'on'")
		if err == nil {
			_, err = tx.Exec(ctx, fmt.Sprintf(sqlForged, a, b))
		}
		return err
	}
	require.NoError(t, book(t.Context(), first, 0, 1))
	var second sync.WaitGroup
	var refused error
	second.Go(func() {
		tx, err := d.Owner.Begin(context.Background())
		if err == nil {
			err = book(context.Background(), tx, 2, 3)
			if err == nil {
				err = tx.Commit(context.Background())
			}
			_ = tx.Rollback(context.Background())
		}
		refused = err
	})
	require.Eventually(t, func() bool {
		var waits bool
		err := d.Owner.QueryRow(t.Context(), `select exists (select from pg_locks l where not l.granted and l.locktype = 'advisory'
			and l.database = (select oid from pg_database where datname = current_database()))`).
			Scan(&waits)
		return err == nil && waits
	}, 30*time.Second, 20*time.Millisecond, "the second waits for the first")
	require.NoError(t, first.Commit(t.Context()))
	second.Wait()
	require.ErrorContains(t, refused, "Можно выбрать не больше 3 занятий")
}

// A statement that runs away must not fill the disk, nor a forgotten transaction hold others up.
func TestMigrateLimitsTheLogInsOrPrintsTheStatements(t *testing.T) {
	t.Parallel()
	d := empty(t)
	owner, roles := d.ownedBy(t, "l", "createrole")
	_, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	login := owner + "_login"
	d.exec(t, "create role "+login+" login in role "+roles.Admin)
	t.Cleanup(func() { _, _ = d.conn.Exec(context.Background(), "drop role "+login) })
	set := func() string {
		return d.ask(
			t,
			`select coalesce(string_agg(c, ' ' order by c), '') from pg_db_role_setting s, unnest(s.setconfig) c
			where s.setrole = to_regrole($1)`,
			login,
		)
	}
	ofLogin := func(lines []string) string {
		var own []string
		for _, line := range lines {
			if strings.Contains(line, login) {
				own = append(own, line)
			}
		}
		return strings.Join(own, "\n")
	}

	// The owner may limit nothing of files, and says what a superuser has to run.
	lines, err := d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Contains(t, ofLogin(lines), "have a superuser run: alter role "+login)
	require.Contains(t, ofLogin(lines), "temp_file_limit")
	require.NotContains(t, set(), "temp_file_limit")

	// A superuser who migrates sets both, once.
	superuser, err := pgx.ParseConfig(d.url)
	require.NoError(t, err)
	d.config = superuser
	_, err = d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Equal(t, "idle_in_transaction_session_timeout=10min temp_file_limit=2GB", set())
	lines, err = d.migrate(t, db.Options{Roles: roles})
	require.NoError(t, err)
	require.Empty(t, ofLogin(lines))
}
