package testclock_test

import (
	"bytes"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Why a use of the true time decides no date of the gym's.
const (
	lasts   = "how long something takes, when it is too late, or how old something is"
	stamp   = "a moment that is stored or compared as it is; the test or the measurement has no day"
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
	"api/metrics.go":                       {1, lasts},
	"api/middleware.go":                    {1, lasts},
	"api/report.go":                        {1, lasts},
	"api/transport_test.go":                {1, lasts},
	"auth/middleware.go":                   {1, lasts},
	"bench/designs.sql":                    {2, stamp},
	"bench/growth.go":                      {2, lasts},
	"bench/gym.sql":                        {1, stamp},
	"bench/judge/main.go":                  {5, lasts},
	"bench/load.go":                        {3, lasts},
	"bench/main.go":                        {2, lasts},
	"bench/opening.go":                     {1, lasts},
	"bench/overload/generate.go":           {2, lasts},
	"bench/report/main.go":                 {3, lasts},
	"bench/report/seed.sql":                {2, stamp},
	"bench/result.go":                      {1, made},
	"bench/server.go":                      {1, lasts},
	"bench/servers.go":                     {1, lasts},
	"bench/sustained.go":                   {1, stamp},
	"cmd/energy/metrics_test.go":           {1, stamp},
	"cmd/energy/report.go":                 {1, lasts},
	"cmd/energy/serve_test.go":             {3, lasts},
	"db/closing.go":                        {1, lasts},
	"db/functions/api/audit_log.sql":       {1, trail},
	"db/functions/api/schedule.sql":        {5, river},
	"db/functions/rules/audit_log.sql":     {9, trail},
	"db/functions/rules/clock.sql":         {2, asClock},
	"db/functions/rules/package.sql":       {1, made},
	"db/functions/rules/users.sql":         {2, trail},
	"db/functions/wire/metrics.sql":        {1, river},
	"db/migrations/002_users.sql":          {1, made},
	"db/migrations/010_river_1.sql":        {1, river},
	"db/migrations/011_river_2.sql":        {2, river},
	"db/migrations/013_river_4.sql":        {1, river},
	"db/migrations/014_river_5.sql":        {4, river},
	"db/migrations/016_river_7.sql":        {4, river},
	"db/migrations/021_audit_log.sql":      {1, trail},
	"db/migrations/023_beyond_limit.sql":   {1, "a migration: it ran before there were functions, and once"},
	"db/scans_test.go":                     {2, stamp},
	"db/tests/access.sql":                  {11, stamp},
	"db/tests/api/audit_log.sql":           {1, trail},
	"db/tests/api/posts.sql":               {1, stamp},
	"db/tests/api/schedule.sql":            {7, river},
	"db/tests/conventions.sql":             {4, "it forbids them in functions"},
	"db/tests/helpers/start.psql":          {1, asClock},
	"db/tests/rules/audit_log.sql":         {5, trail},
	"db/tests/rules/blocks_by_hand.sql":    {1, stamp},
	"db/tests/rules/closures.sql":          {5, stamp},
	"db/tests/rules/names.sql":             {1, stamp},
	"db/tests/rules/package.sql":           {1, made},
	"db/tests/wire/metrics.sql":            {13, river},
	"deploy/deploy_test.go":                {1, river},
	"internal/crowd/rush/rush.go":          {5, lasts},
	"internal/crowd/rush/rush_test.go":     {1, stamp},
	"internal/gate/gate.go":                {3, lasts},
	"internal/gate/gate_test.go":           {6, lasts},
	"internal/gymclient/client_test.go":    {1, lasts},
	"internal/live/bouncer.go":             {2, lasts},
	"internal/live/live.go":                {2, lasts},
	"internal/metrics/gym.go":              {1, lasts},
	"internal/password/hasher.go":          {1, lasts},
	"internal/service/keeper.go":           {1, lasts},
	"internal/testclock/testclock.go":      {4, asClock},
	"internal/testclock/testclock_test.go": {5, asClock},
	"internal/testclock/uses_test.go":      {5, asClock},
	"internal/webtest/stage.go":            {1, "what has passed since the stage was set to a day"},
	"jobs/quiet_test.go":                   {1, lasts},
	"jobs/runner_test.go":                  {2, river},
	"jobs/worker_test.go":                  {2, stamp},
	"report/book.go":                       {1, made},
	"report/visits_test.go":                {4, stamp},
	"test/contention/marks_test.go":        {2, stamp},
	"test/contention/rig_test.go":          {1, lasts},
	"test/contention/seats_test.go":        {2, stamp + "; " + lasts},
	"test/faults/clients_test.go":          {2, stamp + "; " + lasts},
	"test/faults/crowd_test.go":            {1, lasts},
	"test/faults/server_test.go":           {2, lasts},
	"test/year/check.go":                   {1, lasts},
	"web/seats.go":                         {4, "what has passed since the main server told its time"},
}

// trueTime is what PostgreSQL tells of the true time.
var trueTime = regexp.MustCompile(`(?i)\bnow\(\)|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b|` +
	`\b(statement|clock|transaction)_timestamp\b|\btimeofday\b|'(now|today|tomorrow|yesterday)'::`)

var sqlComment = regexp.MustCompile(`(?m)(^|\s)--\s.*$`)

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
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(name, ".") || name == "bin" || name == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		count := 0
		switch filepath.Ext(name) {
		case ".go":
			count, err = usesInGo(path)
		case ".sql", ".psql":
			var text []byte
			text, err = os.ReadFile(path)
			count = len(trueTime.FindAll(sqlComment.ReplaceAll(text, nil), -1))
		}
		if count > 0 {
			found[filepath.ToSlash(name)] = count
		}
		return err
	}))
	require.Greater(t, len(found), 20, "there is something to look at")
	for name, count := range found {
		if use := uses[name]; use.count != count {
			t.Errorf("%s asks for the true time %d times, and internal/testclock/uses_test.go knows of %d: "+
				"a date comes from rules.clock(); of anything else say there why it is none", name, count, use.count)
		}
	}
	for name, use := range uses {
		require.NotEmpty(t, use.why, name)
		if found[name] == 0 {
			t.Errorf("%s does not ask for the true time any more: take it out of internal/testclock/uses_test.go", name)
		}
	}
}

// usesInGo counts the mentions of time.Now in the code of a file, and of PostgreSQL's in its strings.
func usesInGo(path string) (count int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	files := token.NewFileSet()
	var s scanner.Scanner
	s.Init(files.AddFile(path, files.Base(), len(text)), text, nil, 0)
	var before [2]string
	for {
		_, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return count, nil
		case tok == token.STRING:
			count += len(trueTime.FindAll(sqlComment.ReplaceAll([]byte(literal), nil), -1))
		case tok == token.IDENT && literal == "Now" && before == [2]string{"time", "."}:
			count++
		}
		if tok == token.PERIOD {
			literal = "."
		}
		before = [2]string{before[1], literal}
	}
}

func TestUsesInGoAreFoundInCodeAndInStrings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.go")
	source := bytes.ReplaceAll([]byte("package a\n// time.Now, now()\nvar at = time.Now\nvar b = now() + x.Now()\n"+
		"const sql = ~\nselect CURRENT_DATE, now() -- now()\n~\nconst other = \"localtimestamp\""), []byte("~"), []byte("`"))
	require.NoError(t, os.WriteFile(path, source, 0o600))
	count, err := usesInGo(path)
	require.NoError(t, err)
	require.Equal(t, 4, count)
}
