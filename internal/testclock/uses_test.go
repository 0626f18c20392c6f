package testclock_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Why a use of the true time decides no date of the gym's.
const (
	lasts   = "how long something takes, when it is too late, or how old something is"
	river   = "River's rows, which keep the true time, whatever gym.now says"
	trail   = "the audit trail keeps the true time beside the gym's, and its months are UTC's"
	made    = "a file's or a figure's own time of making"
	asClock = "it is the clock, or what a test compares the clock with"
)

// uses are all uses of the true time in this project's SQL and Go: how many a file has, and why they decide no date.
// What day or month it is, only rules.clock() says: otherwise a session's gym.now and ENERGY_TEST_CLOCK do not reach
// it, and it works on one day and fails on another.
var uses = map[string]struct {
	count int
	why   string
}{
	"api/metrics.go":                                 {1, lasts},
	"api/middleware.go":                              {1, lasts},
	"api/report.go":                                  {1, lasts},
	"auth/middleware.go":                             {1, lasts},
	"bench/result.go":                                {1, made},
	"cmd/energy/report.go":                           {1, lasts},
	"db/closing.go":                                  {1, lasts},
	"db/functions/api/audit_log.sql":                 {1, trail},
	"db/functions/api/schedule.sql":                  {5, river},
	"db/functions/rules/audit/months.sql":            {2, trail},
	"db/functions/rules/clock.sql":                   {2, asClock},
	"db/functions/rules/package.sql":                 {1, made},
	"db/functions/rules/keeper.sql":                  {4, trail},
	"db/functions/rules/people/edit_person.sql":      {1, trail},
	"db/functions/rules/people/erase_person.sql":     {1, trail},
	"db/functions/rules/people/password.sql":         {2, trail},
	"db/functions/rules/triggers/audited_tables.sql": {1, trail},
	"db/functions/rules/triggers/enrolments.sql":     {1, trail},
	"db/functions/rules/waiting/promote.sql":         {1, river},
	"db/functions/wire/metrics.sql":                  {1, river},
	"db/migrations/002_users.sql":                    {1, made},
	"db/migrations/010_river_1.sql":                  {1, river},
	"db/migrations/011_river_2.sql":                  {2, river},
	"db/migrations/013_river_4.sql":                  {1, river},
	"db/migrations/014_river_5.sql":                  {4, river},
	"db/migrations/016_river_7.sql":                  {4, river},
	"db/migrations/021_audit_log.sql":                {1, trail},
	"db/migrations/023_beyond_limit.sql":             {1, "a migration: it ran before there were functions, and once"},
	"db/migrations/034_waiting.sql":                  {1, "a migration: it ran before there were functions, and once"},
	"db/tests/api/audit_log.sql":                     {1, trail},
	"db/tests/api/schedule.sql":                      {3, river},
	"db/tests/conventions.sql":                       {2, "it forbids them in functions"},
	"db/tests/rules/audit/audit_log.sql":             {3, trail},
	"deploy/proxy_test.go":                           {2, "a certificate is valid by the machine's clock"},
	"internal/crowd/rush/rush.go":                    {5, lasts},
	"internal/gate/gate.go":                          {3, lasts},
	"internal/gate/gate_test.go":                     {1, lasts},
	"internal/live/bouncer.go":                       {2, lasts},
	"internal/live/live.go":                          {2, lasts},
	"internal/metrics/gym.go":                        {2, lasts},
	"internal/password/hasher.go":                    {1, lasts},
	"internal/service/keeper.go":                     {1, lasts},
	"internal/testclock/testclock.go":                {4, asClock},
	"jobs/runner.go":                                 {1, river},
	"internal/testclock/uses_test.go":                {8, asClock},
	"internal/webtest/stage.go":                      {1, "what has passed since the stage was set to a day"},
	"report/book.go":                                 {1, made},
	"test/commands/leftovers_test.go":                {1, lasts},
	"web/shared.go":                                  {1, lasts},
	"web/seats.go":                                   {4, "what has passed since the main server told its time"},
}

// trueTime is what PostgreSQL tells of the true time, and asDate where a date is made of it.
var (
	trueTime = regexp.MustCompile(`(?i)\bnow\(\)|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b|` +
		`\b(statement|clock|transaction)_timestamp\b|\btimeofday\b|'(now|today|tomorrow|yesterday)'::`)
	asDate = regexp.MustCompile(`(?i)\bcurrent_date\b|\blocaltime(stamp)?\b|'(today|tomorrow|yesterday)'::|` +
		`\b(date_trunc|extract|to_char|date_part|local_time|today|period|this_month|next_month)\([^)]*\bnow\(\)|` +
		`\bnow\(\)\s*(::date|at time zone)|\b(month|date|day)\s*[<>=]+\s*now\(\)`)
)

var sqlComment = regexp.MustCompile(`(?m)(^|\s)--\s.*$`)

// calendar are the methods that make a date of a moment.
var calendar = []string{
	"AddDate", "Date", "Day", "Format", "Hour", "In", "Local", "Month", "UTC", "Weekday", "Year", "YearDay",
}

// forTests tells whether a file is part of tests or measurements. These store and compare moments, and wait,
// everywhere: of them only what makes a date counts. Of the program each use does.
func forTests(name string) bool {
	for _, folder := range []string{"bench/", "test/", "db/tests/", "internal/dbtest/", "internal/webtest/"} {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return strings.HasSuffix(name, "_test.go")
}

// TestEveryUseOfTheTrueTimeHasAReason fails for a new use, and for a reason that has outlived its use.
func TestEveryUseOfTheTrueTimeHasAReason(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	found := map[string]int{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(name, ".") || name == "bin" || entry.Name() == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		var text []byte
		switch filepath.Ext(name) {
		case ".go", ".sql", ".psql":
			text, err = os.ReadFile(path)
		}
		if err == nil && len(text) > 0 {
			found[name], err = usesIn(name, text)
		}
		return err
	}))
	require.Greater(t, len(found), 100, "there is something to look at")
	for name, count := range found {
		if use := uses[name]; use.count != count {
			t.Errorf("%s asks for the true time %d times, and internal/testclock/uses_test.go knows of %d: "+
				"a date comes from rules.clock(); of anything else say there why it is none", name, count, use.count)
		}
	}
	for name, use := range uses {
		require.NotEmpty(t, use.why, name)
		require.Contains(t, found, name)
	}
}

// usesIn counts the uses of the true time in a file.
func usesIn(name string, text []byte) (int, error) {
	pattern := trueTime
	if forTests(name) {
		pattern = asDate
	}
	inSQL := func(sql []byte) int { return len(pattern.FindAll(sqlComment.ReplaceAll(sql, nil), -1)) }
	if path.Ext(name) != ".go" {
		return inSQL(text), nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, declaration := range file.Decls {
		asked, dated := 0, false
		ast.Inspect(declaration, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					count += inSQL([]byte(n.Value))
				}
			case *ast.SelectorExpr:
				if of, ok := n.X.(*ast.Ident); ok && of.Name == "time" && n.Sel.Name == "Now" {
					asked++
				}
				dated = dated || slices.Contains(calendar, n.Sel.Name)
			}
			return true
		})
		if dated || !forTests(name) {
			count += asked
		}
	}
	return count, nil
}

func TestUsesOfTheTrueTimeAreFoundInCodeAndInStrings(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]struct{ program, test int }{
		"package a\n// time.Now, now()\nvar a = now() + x.Now()":                           {0, 0},
		"package a\nvar at = time.Now":                                                     {1, 0},
		"package a\nfunc f() { began := time.Now(); g(time.Since(began)) }":                {1, 0},
		"package a\nfunc f() { now := time.Now(); g(now.AddDate(0, 1, 0)) }":               {1, 1},
		"package a\nfunc f() { g(time.Now()) }\nfunc h() { g(clock().Month()) }":           {1, 0},
		"package a\nconst sql = `select CURRENT_DATE, now() -- now()\n`":                   {2, 1},
		"package a\nconst sql = `insert into posts values (now())`":                        {1, 0},
		"package a\nconst sql = `update t set a = 1 where month > now()`":                  {1, 1},
		"package a\nconst sql = `select date_trunc('month', now()), localtimestamp, now`":  {2, 2},
		"package a\nconst sql = `select rules.period(now()), now()::date, 'today'::date`":  {3, 3},
		"package a\nconst sql = `select clock_timestamp(), now() at time zone 'UTC' - 1`":  {2, 1},
		"package a\nconst sql = `select rules.clock(), rules.today(), 'now', nowhere() x`": {0, 0},
	} {
		for name, count := range map[string]int{"api/a.go": want.program, "api/a_test.go": want.test} {
			got, err := usesIn(name, []byte(source))
			require.NoError(t, err, source)
			require.Equal(t, count, got, "%s: %s", name, source)
		}
	}
	count, err := usesIn(
		"db/functions/a.sql",
		[]byte("select now(); -- current_date\n-- now()\nselect current_timestamp"),
	)
	require.NoError(t, err)
	require.Equal(t, 2, count)
}
