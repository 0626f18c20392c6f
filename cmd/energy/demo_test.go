package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
	"energiya/internal/listening"
)

func TestDemoPlaysAMonthAndTheOpeningAndCanBeRunAgain(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	// the first administrator is nobody whose seat could be taken
	database.User(t, "ADMIN")
	s := start(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	variables := append(at(database.URL()), "ENERGY_TOKEN="+testToken+",another-token-of-these-tests")
	demo := func() string {
		t.Helper()
		r := run(t, variables, "", "demo", "--students", "150", "--url", s.base)
		require.Equal(t, 0, r.code, r.stderr+r.stdout)
		require.Empty(t, r.stderr)
		require.Contains(t, r.stdout, "150 students at once")
		require.Contains(t, r.stdout, ": 288 of 288")
		require.Contains(t, r.stdout, "\noversold 0   failed 0   promised seats that are not there 0   audit: ")
		require.Contains(t, r.stdout, " 0 violations\n")
		for line := range strings.Lines(r.stdout) {
			require.LessOrEqual(t, utf8.RuneCountInString(line), 101, line)
		}
		return r.stdout
	}

	first := demo()
	require.Regexp(t, `lessons marked, \d+ forgotten`, first)
	require.Contains(t, first, "Blocked by absences")
	statements := regexp.MustCompile(`(?m)^  (select .*;)$`).FindAllString(first, -1)
	require.Len(t, statements, 5)
	for _, statement := range statements {
		rows, err := database.Owner.Query(t.Context(), statement)
		require.NoError(t, err)
		found := rows.Next()
		rows.Close()
		require.NoError(t, rows.Err(), statement)
		require.True(t, found, "%s finds nothing", statement)
	}

	require.Contains(t, demo(), "played before")
	count := func(sql string) (n int) {
		t.Helper()
		require.NoError(t, database.Owner.QueryRow(t.Context(), sql).Scan(&n))
		return n
	}
	require.Equal(
		t,
		152,
		count(`select count(*) from gym.users where "group" like 'ДЕМО-%'`),
		"the people are used again",
	)
	require.Equal(t, 3, count(`select count(*) from gym.users where "group" like 'ДЕМО-%' and hid ~ '^[0-9a-f]{64}$'`),
		"nobody can log in but as the three that are printed")
	for _, kind := range []string{"student", "coach", "administrator"} {
		require.Regexp(t, `(?m)^  `+kind+` +card 20000000\d\d  password [A-Z2-7]{12}$`, first)
	}
}

// The demo runs in the folder of the server, as `make demo` does after `make run ENERGY_LISTEN=…`.
func TestDemoFindsTheServerByItsNote(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	s := start(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	variables := append(at(database.URL()), "ENERGY_TOKEN="+testToken,
		"ENERGY_TOKEN_FILE="+filepath.Join(s.folder, "energy.token"))
	r := run(t, variables, "", "demo", "--students", "10")
	require.Equal(t, 0, r.code, r.stderr+r.stdout)

	// what is named wins over the note
	r = run(t, append(variables, "ENERGY_LISTEN=127.0.0.1:1"), "", "demo", "--students", "10")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "127.0.0.1:1")

	// of two servers neither is the one that was meant
	note, err := listening.Leave(s.folder, listening.Serve, "127.0.0.1:2")
	require.NoError(t, err)
	r = run(t, variables, "", "demo", "--students", "10")
	note.Remove()
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "127.0.0.1:2")
	require.Contains(t, r.stderr, "--url")

	require.Equal(t, 0, s.stop())
	left, err := filepath.Glob(filepath.Join(s.folder, "*.listening"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDemoEndsWith2WhereTheAuditFindsSomething(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	s := start(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	_, err := database.Owner.Exec(t.Context(), "alter table gym.blocks disable trigger blocks__keep")
	require.NoError(t, err)
	r := run(t, append(at(database.URL()), "ENERGY_TOKEN="+testToken), "", "demo", "--students", "10", "--url", s.base)
	require.Equal(t, 2, r.code, r.stderr+r.stdout)
}

func TestDemoNoticesAServerOnAnotherDatabase(t *testing.T) {
	t.Parallel()
	database, other := dbtest.New(t), dbtest.New(t)
	// the same ids there
	_, err := other.Owner.Exec(
		t.Context(),
		`insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role)
		values (2000000000, 'Анна', '', 'Демоадмин', 'ДЕМО-АДМИН', '-', 'ADMIN')`,
	)
	require.NoError(t, err)
	s := start(t, other.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	r := run(t, append(at(database.URL()), "ENERGY_TOKEN="+testToken), "", "demo", "--students", "1", "--url", s.base)
	require.Equal(t, 1, r.code, r.stdout)
	require.Contains(t, r.stderr, "another database")
}

func TestDemoRefusesBeforeItMakesAnything(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	server, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	login := "demo_test_" + server.ConnConfig.Database[len(server.ConnConfig.Database)-8:]
	_, err = database.Owner.Exec(t.Context(), "create role "+login+" login password 'x' in role energy_server")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _ = database.Owner.Exec(t.Context(), "drop role "+login)
	})
	s := start(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	tokenFile := filepath.Join(t.TempDir(), "energy.token")
	token := "ENERGY_TOKEN=" + testToken

	for name, c := range map[string]struct {
		variables []string
		args      []string
		says      string
	}{
		"no database":         {append(at("postgres://x@127.0.0.1:1/x"), token), nil, "no PostgreSQL answers"},
		"not migrated":        {append(at(dbtest.Empty(t)), token), nil, "energy migrate"},
		"no server":           {append(at(database.URL()), token, "ENERGY_LISTEN=127.0.0.1:1"), nil, "make run"},
		"another token":       {append(at(database.URL()), "ENERGY_TOKEN=another-token-of-these-tests"), []string{"--url", s.base}, "TokenException"},
		"no token":            {append(at(database.URL()), "ENERGY_TOKEN_FILE="+tokenFile), []string{"--url", s.base}, tokenFile},
		"too many students":   {append(at(database.URL()), token), []string{"--students", "1000000"}, "--students"},
		"a server's own role": {append(at(strings.Replace(database.URL(), server.ConnConfig.User+":"+server.ConnConfig.Password+"@", login+":x@", 1)), token), []string{"--url", s.base}, ""},
	} {
		r := run(t, c.variables, "", append([]string{"demo"}, c.args...)...)
		require.Equal(t, 1, r.code, name)
		require.Empty(t, r.stdout, name)
		require.Contains(t, r.stderr, c.says, name)
	}
	_, err = os.Stat(tokenFile)
	require.ErrorIs(t, err, os.ErrNotExist)

	database.User(t, "STUDENT")
	r := run(t, append(at(database.URL()), token), "", "demo", "--students", "5", "--url", s.base)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "--force")
	var invented int
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), `select count(*) from gym.users where "group" like 'ДЕМО-%'`).
			Scan(&invented),
	)
	require.Zero(t, invented)

	r = run(t, append(at(database.URL()), token), "", "demo", "--students", "5", "--url", s.base, "--force")
	require.Equal(t, 0, r.code, r.stderr+r.stdout)
}
