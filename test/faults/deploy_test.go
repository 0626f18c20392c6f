package faults_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgerrcode"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/testclock"
)

// TestRollingDeploy: a new program brings a new package of functions under load, and the two servers are replaced by
// it one after the other. Nobody but the balancer notices: it finds /readyz at 503 before a server takes no more
// requests.
func TestRollingDeploy(t *testing.T) {
	t.Parallel()
	next, version := buildNext(t)
	c := newCluster(t)
	const delay = "ENERGY_SHUTDOWN_DELAY=2s" // the balancer looks every 100 ms
	first, second := newServer(t, c.serverURL(), delay), newServer(t, c.serverURL(), delay)
	w := startCrowd(t, c, newBalancer(t, first, second))
	w.goesOn(300)

	o := begin(first, second)
	migrate := exec.Command(next, "migrate")
	migrate.Env = environment("DATABASE_URL=" + c.url())
	said, err := migrate.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Equal(t, version, installed(c))
	w.goesOn(100)
	for range int(span(1, 5)) {
		for _, s := range []*server{first, second} {
			require.Zero(t, s.stop())
			s.program = next
			s.launch()
			s.awaitReady()
			w.goesOn(100)
		}
	}
	// one that was forgotten starts again, and puts nothing back
	require.Zero(t, first.stop())
	first.program = program()
	first.launch()
	first.awaitReady()
	o.healed()
	o.over(w)
	require.Equal(t, version, installed(c))
	o.report(w, c, expect{}, first, second)
	require.Zero(t, w.counts[notSent], "one of the two always listens")
	for _, s := range []*server{first, second} {
		for _, line := range s.lines(0) {
			cause, _ := line["cause"].(string)
			require.False(t, line["httpRequest"] != nil && strings.Contains(cause, pgerrcode.DeadlockDetected),
				"the installation and a request wait for each other: %v", line)
		}
	}
}

// installed is the number of the package of functions in the database.
func installed(c *cluster) int {
	return rows[struct{ Version int }](c, "select version from gym.code_package")[0].Version
}

// buildNext builds a program of the next version: one function's file differs, and the package is stamped.
func buildNext(t *testing.T) (next string, version int) {
	t.Helper()
	const changed, stamp = "functions/rules/clock.sql", "functions/version.sql"
	tree := filepath.Join(t.TempDir(), "db")
	files, err := testclock.Files() // the next version's clock is that of the tests too
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(tree, files))
	rewrite := func(name string, change func(string) string) {
		text, err := os.ReadFile(filepath.Join(tree, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), []byte(change(string(text))), 0o600))
	}
	rewrite(changed, func(text string) string { return text + "-- as it is in the next version\n" })
	built, err := db.Built(os.DirFS(tree))
	require.NoError(t, err)
	version = built.Package + 1
	rewrite(stamp, func(text string) string {
		text = regexp.MustCompile(`\(\d+`).ReplaceAllString(text, "("+strconv.Itoa(version))
		return regexp.MustCompile(`'[0-9a-f]{64}'`).ReplaceAllString(text, "'"+built.Hash+"'")
	})

	source, err := filepath.Abs("../../db")
	require.NoError(t, err)
	replace := map[string]string{}
	for _, name := range []string{changed, stamp} {
		replace[filepath.Join(source, name)] = filepath.Join(tree, name)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	next = filepath.Join(t.TempDir(), "energy")
	require.NoError(t, dbtest.Build(next, "-overlay", file))
	return next, version
}
