package faults_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/live"
)

// TestThroughPgBouncer: a rush through PgBouncer in transaction mode, which gives each request any of a few sessions.
// No answer is lost, and each line of PostgreSQL's log has the id of the request that it is of, never of another one
// in that session.
func TestThroughPgBouncer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "log_min_duration_statement = 0", "deadlock_timeout = '100ms'")
	folder, err := os.MkdirTemp(os.Getenv(folderVariable), "pgbouncer-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	bouncer, err := live.StartBouncer(t.Context(), folder, live.Behind{
		Database: database, Host: "127.0.0.1", Port: c.port(), Login: login, Password: c.password(),
		PoolSize: 6, // fewer than the server has connections
	})
	if errors.Is(err, live.ErrNoBouncer) {
		t.Skipf("skipped: %v (apt-get install pgbouncer)", err)
	}
	require.NoError(t, err)
	t.Cleanup(bouncer.Stop)

	s := newServer(t, c.serverURLAt(bouncer.Address)+"?sslmode=disable&default_query_exec_mode=exec")
	said := func(of, what string) func() bool {
		return func() bool {
			return slices.ContainsFunc(
				logged(t, c),
				func(l logLine) bool { return strings.HasPrefix(l.of, of) && strings.Contains(l.text, what) },
			)
		}
	}
	eventually(
		t,
		said("energy jobs/ensure_", "duration:"),
		"no job has a name",
	) // within 5 s: it does not hear that there is one
	w := startCrowd(t, c, only{s})
	w.goesOn(int(span(300, 5000)))

	tx, err := c.connect().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "lock table gym.posts in access exclusive mode")
	require.NoError(t, err)
	waits := make(chan became, 1)
	go func() { waits <- w.send(t.Context(), 1, http.MethodGet, "/gym-news/get", nil, nil, "who-waits.1") }()
	eventually(t, said("energy/who-waits.1", "still waiting for"), "a wait for a lock")
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, acknowledged, (<-waits).outcome)
	require.Contains(
		t,
		w.send(t.Context(), 1, http.MethodPost, "/visit/get", []byte(`{}`), nil, "who-may-not.1").said,
		"AccessRightsException",
	)
	eventually(t, said("energy/who-may-not.1", "ERROR:"), "an error")

	w.finish()
	w.verify(c)
	require.Zero(t, w.count(noAnswer)+w.count(unavailable)+w.count(strange), "%s", w.strange)

	calls := 0
	for _, l := range logged(t, c) {
		if id, isRequest := strings.CutPrefix(l.of, "energy/"); isRequest &&
			strings.Contains(strings.ToLower(l.text), "parameters:") {
			require.True(t, strings.HasSuffix(l.text, ", $3 = '"+id+"'"), "%s: %s", l.of, l.text)
			calls++
		}
	}
	require.Greater(t, calls, 200)
	idle := rows[struct{ N int }](
		c,
		"select count(*)::integer from pg_stat_activity where state = 'idle' and application_name like 'energy%/%'",
	)
	require.Zero(t, idle[0].N, "a session that serves nobody has nobody's id")
}

// logLine is a line of PostgreSQL's log that a server's session wrote.
type logLine struct{ of, text string }

// prefix is log_line_prefix of scripts/postgres.
var prefix = regexp.MustCompile(`^\S+ \S+ \S+ \[\d+\] ` + login + `@` + database + ` (.*?) ([A-Z]+:  .*)`)

func logged(t *testing.T, c *cluster) []logLine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.folder, "postgres.log"))
	require.NoError(t, err)
	var lines []logLine
	for line := range strings.Lines(string(text)) {
		if found := prefix.FindStringSubmatch(strings.TrimSuffix(line, "\n")); found != nil {
			lines = append(lines, logLine{found[1], found[2]})
		}
	}
	return lines
}
