package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// program is where the program is. TestMain sets it before any test runs.
var program string

// TestMain builds the program once, if need be; the tests run it as a person does.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "energy-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(folder) }()
		if program, err = dbtest.Program(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// environment is that of a program under test: nothing of ours or of PostgreSQL but the variables.
func environment(variables ...string) []string {
	var clean []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "ENERGY_") && !strings.HasPrefix(entry, "PG") &&
			!strings.HasPrefix(entry, "DATABASE_URL=") {
			clean = append(clean, entry)
		}
	}
	return append(clean, variables...)
}

// result is how the program ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the program to its end, with stdin, in an empty folder.
func run(t *testing.T, variables []string, stdin string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env, cmd.Dir, cmd.Stdin = environment(variables...), t.TempDir(), strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running energy %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func at(url string) []string { return []string{"DATABASE_URL=" + url} }

func TestMigrateTellsWhatItDid(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	first := run(t, at(url), "", "migrate")
	require.Equal(t, 0, first.code, first.stderr)
	require.Contains(t, first.stdout, "schema: migrated 0 -> ")
	require.Contains(t, first.stdout, "pepper: made")
	require.Contains(t, first.stdout, "functions: installed version ")
	second := run(t, at(url), "", "migrate")
	require.Equal(t, 0, second.code, second.stderr)
	require.Contains(t, second.stdout, "is already there")
	require.NotContains(t, second.stdout, "pepper")
}

func TestMigrateNamesOtherPeoplesObjects(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		create view public.of_the_dean as select * from api.slots;
		update gym.code_package set version = version - 1`)
	require.NoError(t, err)

	stopped := run(t, at(database.URL()), "", "migrate")
	require.Equal(t, 1, stopped.code)
	require.Contains(t, stopped.stderr, "of_the_dean")
	require.Contains(t, stopped.stderr, "energy migrate --force")

	forced := run(t, at(database.URL()), "", "migrate", "--force")
	require.Equal(t, 0, forced.code, forced.stderr)
	require.Contains(t, forced.stdout, "functions: installed version ")
}

func TestCommandsWithoutADatabaseSayWhatToDo(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(dbtest.Empty(t))
	require.NoError(t, err)
	variables := []string{
		"PGHOST=" + config.Host,
		"PGPORT=" + strconv.Itoa(int(config.Port)),
		"PGUSER=" + config.User,
		"PGPASSWORD=" + config.Password,
		"PGDATABASE=not_there",
	}
	for _, args := range [][]string{
		{"migrate"},
		{"audit"},
		{"user", "add", "--role", "ADMIN", "--card", "1", "--family", "Петров", "--given", "Иван", "--generate"},
	} {
		r := run(t, variables, "", args...)
		require.Equal(t, 1, r.code)
		require.Empty(t, r.stdout)
		require.Equal(t, 1, strings.Count(r.stderr, "\n"), r.stderr)
		require.Contains(t, r.stderr, "createdb not_there")
	}
}

func TestUserAddTakesThePasswordFromStandardInput(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	r := run(
		t,
		at(database.URL()),
		"correct horse\r\nanother line\n",
		"user",
		"add",
		"--role",
		"ADMIN",
		"--card",
		"12069840",
		"--family",
		"Петров",
		"--given",
		"Иван",
		"--patronymic",
		"Ильич",
		"--group",
		"БИ-21",
		"--password-stdin",
	)
	require.Equal(t, 0, r.code, r.stderr)
	id, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.stdout, "id "), "\n"))
	require.NoError(t, err, r.stdout)

	var who string
	require.NoError(t, database.Owner.QueryRow(t.Context(), `
		select concat_ws(' ', student_card, secondname, firstname, surname, "group", role, hid = rules.hash_password(student_card, 'correct horse'))
		  from gym.users where id = $1`, id).Scan(&who))
	require.Equal(t, "12069840 Петров Иван Ильич БИ-21 ADMIN t", who)
}

func TestUserAddGeneratesAPasswordAndPrintsItOnce(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	r := run(
		t,
		at(database.URL()),
		"",
		"user",
		"add",
		"--role",
		"COACH",
		"--card",
		"7",
		"--family",
		"Орлова",
		"--given",
		"Анна",
		"--generate",
	)
	require.Equal(t, 0, r.code, r.stderr)
	require.Regexp(t, `^id \d+\npassword \S{20,}\n$`, r.stdout)
	password := strings.TrimSpace(r.stdout[strings.Index(r.stdout, "password ")+len("password "):])
	var right bool
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), `select hid = rules.hash_password(7, $1) from gym.users where student_card = 7`, password).
			Scan(&right),
	)
	require.True(t, right)
}

func TestUserCodeLetsThePersonSetThePassword(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	added := run(
		t,
		at(database.URL()),
		"",
		"user",
		"add",
		"--role",
		"COACH",
		"--card",
		"7",
		"--family",
		"Орлова",
		"--given",
		"Анна",
		"--code",
	)
	require.Equal(t, 0, added.code, added.stderr)
	form := regexp.MustCompile(
		`(?m)^code ([2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4})\nvalid until \d{4}-\d\d-\d\d \d\d:\d\d$`,
	)
	first := form.FindStringSubmatch(added.stdout)
	require.NotNil(t, first, added.stdout)
	again := run(t, at(database.URL()), "", "user", "code", "--card", "7")
	require.Equal(t, 0, again.code, again.stderr)
	second := form.FindStringSubmatch(again.stdout)
	require.NotNil(t, second, again.stdout)
	require.NotEqual(t, first[1], second[1])
	var waits string
	require.NoError(t, database.Owner.QueryRow(t.Context(), `
		select string_agg((c.hash = rules.code_hash(7, $1))::text || ' ' || (c.voided_at is null)::text, ', ' order by c.id) from gym.codes c`,
		second[1]).Scan(&waits))
	require.Equal(t, "false false, true true", waits, "the second replaces the first, and only a hash is kept")
	unknown := run(t, at(database.URL()), "", "user", "code", "--card", "8")
	require.Equal(t, 1, unknown.code)
}

func TestUserPasswordReplacesOneAndEndsSessions(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	id := database.User(t, "STUDENT")
	_, err := database.Owner.Exec(
		t.Context(),
		`select rules.open_session($1, sha256('token'), false, null, 'Firefox')`,
		id,
	)
	require.NoError(t, err)
	set := run(
		t,
		at(database.URL()),
		"correct horse\n",
		"user",
		"password",
		"--card",
		strconv.Itoa(id),
		"--password-stdin",
	)
	require.Equal(t, 0, set.code, set.stderr)
	require.Empty(t, set.stdout)
	var right, live bool
	require.NoError(t, database.Owner.QueryRow(t.Context(), `
		select hid = rules.hash_password($1, 'correct horse'), exists (select from gym.sessions where user_id = $1 and ended_at is null)
		  from gym.users where id = $1`, id).Scan(&right, &live))
	require.True(t, right)
	require.False(t, live)

	refused := run(
		t,
		append(at(database.URL()), "ENERGY_PEPPER=another pepper of 32 characters!"),
		"correct horse\n",
		"user",
		"password",
		"--card",
		strconv.Itoa(id),
		"--password-stdin",
	)
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.stderr, "is not the database's")
}

func TestUserAddSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	add := func(stdin string, more ...string) result {
		return run(
			t,
			at(database.URL()),
			stdin,
			append(
				[]string{"user", "add", "--role", "STUDENT", "--card", "7", "--family", "Орлова", "--given", "Анна"},
				more...)...)
	}
	noTerminal := add("a password\n")
	require.Equal(t, 1, noTerminal.code)
	require.Contains(t, noTerminal.stderr, "--password-stdin or --generate")

	short := add("short\n", "--password-stdin")
	require.Equal(t, 1, short.code)
	require.Contains(t, short.stderr, "короче 8")

	unknownRole := add("", "--generate", "--role", "KING")
	require.Equal(t, 1, unknownRole.code)
	require.Contains(t, unknownRole.stderr, `"KING"; it may be STUDENT, COACH, ADMIN, BLOCKED`)
	require.Contains(t, add("", "--generate", "--family", " ").stderr, "--family is empty")
	require.Contains(t, add("", "--generate", "--group", "\xff").stderr, "UTF-8")

	notPositive := add("", "--generate", "--card", "0")
	require.Equal(t, 1, notPositive.code)
	require.Contains(t, notPositive.stderr, "больше нуля")
	require.NotRegexp(t, `[0-9a-f]{64}`, notPositive.stderr, "the hash stays in the database")

	mistyped := run(t, at(database.URL()), "", "user", "ad")
	require.Equal(t, 1, mistyped.code)

	require.Equal(t, 0, add("", "--generate").code)
	taken := add("", "--generate")
	require.Equal(t, 1, taken.code)
	require.Empty(t, taken.stdout)
	require.Contains(t, taken.stderr, "hint: ")

	for flag, instead := range map[string]string{"surname": "--patronymic", "secondname": "--family", "firstname": "--given"} {
		replaced := add("", "--generate", "--"+flag, "Ильич")
		require.Equal(t, 1, replaced.code)
		require.Contains(t, replaced.stderr, instead)
	}

	incomplete := run(t, at(database.URL()), "", "user", "add", "--card", "8")
	require.Equal(t, 1, incomplete.code)
	require.Contains(t, incomplete.stderr, `"family", "given", "role"`)
}

func TestAuditEndsWith2WhereSomethingDoesNotHold(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	clean := run(t, at(database.URL()), "", "audit")
	require.Equal(t, 0, clean.code, clean.stderr)
	require.Regexp(t, `(?m)^triggers_enabled +0$`, clean.stdout)
	require.NotContains(t, strings.ToLower(clean.stdout), "select")

	_, err := database.Owner.Exec(t.Context(), "alter table gym.enrolments disable trigger all")
	require.NoError(t, err)
	broken := run(t, at(database.URL()), "", "audit")
	require.Equal(t, 2, broken.code)
	require.Regexp(t, `(?m)^triggers_enabled +[1-9]`, broken.stdout)
	_, query, found := strings.Cut(broken.stdout, "-- triggers_enabled\n")
	require.True(t, found, broken.stdout)
	rows, err := database.Owner.Query(t.Context(), query)
	require.NoError(t, err)
	seen, err := pgx.CollectRows(rows, pgx.RowToMap)
	require.NoError(t, err)
	require.NotEmpty(t, seen, "the printed query shows the violations")
}

func TestAuditOfADatabaseWithoutFunctionsFails(t *testing.T) {
	t.Parallel()
	r := run(t, at(dbtest.Empty(t)), "", "audit")
	require.Equal(t, 1, r.code, "not 2: nothing was checked")
}

func TestTokenShowsMakesAndDrops(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "energy.token")
	variables := []string{"ENERGY_TOKEN_FILE=" + path}
	token := func(args ...string) result { return run(t, variables, "", append([]string{"token"}, args...)...) }

	none := token()
	require.Equal(t, 1, none.code)
	require.Contains(t, none.stderr, path)

	for _, want := range []string{"holds 1 token\n", "holds 2 tokens\n"} {
		made := token("new")
		require.Equal(t, 0, made.code, made.stderr)
		require.Contains(t, made.stdout, path)
		require.Equal(t, path+" "+want, token().stdout)
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Fields(string(content))
	require.Len(t, lines, 2)

	dropped := token("drop", lines[0][:10])
	require.Equal(t, 0, dropped.code, dropped.stderr)
	require.Equal(t, 1, token("drop", lines[1]).code, "the last one stays")
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, lines[1]+"\n", string(content))

	variables = append(variables, "ENERGY_TOKEN=a-token-of-the-environment")
	overruled := token()
	require.Contains(t, overruled.stderr, "ENERGY_TOKEN is set (1 token)")
	require.NotContains(t, overruled.stderr, "a-token-of-the-environment")
}

func TestABadSettingIsNamedByEveryCommand(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"serve"}, {"migrate"}, {"audit"}, {"token"}} {
		r := run(t, []string{"ENERGY_POOL_SIZE=lots"}, "", args...)
		require.Equal(t, 1, r.code)
		require.Equal(t, "energy: ENERGY_POOL_SIZE is \"lots\"; it may be a whole number from 1 to 500\n", r.stderr)
	}
}

func TestHelpListsSettingsAndExitCodes(t *testing.T) {
	t.Parallel()
	root := run(t, nil, "", "--help")
	require.Equal(t, 0, root.code)
	require.Contains(t, root.stdout, "Exit codes: 0 done, 1 failed")
	for command, variable := range map[string]string{
		"serve": "DATABASE_URL", "migrate": "DATABASE_URL", "user add": "DATABASE_URL", "token": "ENERGY_TOKEN_FILE", "audit": "DATABASE_URL",
	} {
		r := run(t, nil, "", append(strings.Fields(command), "--help")...)
		require.Equal(t, 0, r.code)
		require.Contains(t, r.stdout, "  "+variable+" ", command)
	}
	require.Contains(t, run(t, nil, "", "serve", "--help").stdout, "ENERGY_RATE_LIMIT ")
}

// migrate brings an empty database to what the program needs.
func migrate(t *testing.T, url string) {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	require.NoError(t, db.Migrate(context.Background(), config, db.Options{Roles: db.DefaultRoles()}))
}
