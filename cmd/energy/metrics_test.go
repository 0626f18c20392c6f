package main_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// scrape gives what the server shows to Prometheus.
func (s *server) scrape() string {
	s.t.Helper()
	status, _, body := s.get("/metrics")
	require.Equal(s.t, 200, status)
	return body
}

// shows tells whether the server shows that line.
func (s *server) shows(line string) bool {
	s.t.Helper()
	return strings.Contains("\n"+s.scrape(), "\n"+line+"\n")
}

// unwatched asks an address without a token.
func unwatched(t *testing.T, address, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

var jobsDone = regexp.MustCompile(`energy_job_last_done_timestamp_seconds\{kind="\w+"\} [1-9]`)

func TestTwoServersShowTheSameFiguresOfTheGym(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	// made already, so that the job adds none
	_, err := database.Owner.Exec(t.Context(), `
		insert into gym.months (month, slots_made_at) values (rules.next_month(), now());
		insert into gym.slots (month, weekday, starts_at, capacity) values (rules.next_month(), 0, '16:00', 1), (rules.next_month(), 1, '16:00', 5);
		select from api.open_enrolment()`)
	require.NoError(t, err)
	var full int
	require.NoError(t, database.Owner.QueryRow(t.Context(), "select min(id) from gym.slots").Scan(&full))
	for _, user := range database.Users(t, "STUDENT", 3) {
		_, err := database.Owner.Exec(t.Context(), "select rules.choose_slots($1, array[$2::integer])", user, full)
		require.NoError(t, err)
	}
	// before PostgreSQL 15 a connection that has nothing more to do keeps to itself what it counted last, until it ends
	database.Owner.Reset()

	one, two := start(t, database.URL()), start(t, database.URL())
	for _, s := range []*server{one, two} {
		soon(t, func() bool { return s.status("/readyz") == 200 && s.shows("energy_ready 1") })
		soon(t, func() bool { return s.shows("energy_database_up 1") })
		for _, line := range []string{
			`energy_slots{month="next"} 2`, `energy_seats{month="next"} 6`, `energy_seats_free{month="next"} 5`, `energy_enrolments{month="next"} 1`,
			`energy_seats{month="current"} 0`, `energy_enrolment_open 1`, `energy_blocks{of="by_hand"} 0`,
		} {
			require.True(t, s.shows(line), "%s in\n%s", line, s.scrape())
		}
		// PostgreSQL counts a little later; before version 15 when the connection does something again
		soon(
			t,
			func() bool { return database.Owner.Ping(t.Context()) == nil && s.shows("energy_seat_refusals_total 2") },
		)
		soon(t, func() bool { return len(jobsDone.FindAllString(s.scrape(), -1)) == 6 })
		require.True(t, s.shows(`energy_pool_connections_max{pool="reports"} 2`))
		require.Regexp(t, `energy_build_info\{go="go[^"]+",package="\d+",schema="\d+",version="[^"]+"\} 1`, s.scrape())
		require.Contains(t, s.scrape(), "go_goroutines ")
	}
	figures := func(s *server) (lines []string) {
		for line := range strings.Lines(s.scrape()) {
			for _, name := range []string{"slots", "seats", "enrol", "seat_refusals", "blocks", "job", "database"} {
				if strings.HasPrefix(line, "energy_"+name) && !strings.Contains(line, "oldest") {
					lines = append(lines, line)
				}
			}
		}
		return lines
	}
	soon(t, func() bool { return strings.Join(figures(one), "") == strings.Join(figures(two), "") })
}

func TestMetricsWithoutADatabase(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	address, err := url.Parse(database.URL())
	require.NoError(t, err)
	p := newProxy(t, address.Host)
	address.Host = p.address
	s := start(t, address.String())
	soon(t, func() bool { return s.shows("energy_database_up 1") })

	p.down()
	soon(t, func() bool { return s.shows("energy_database_up 0") && s.shows("energy_ready 0") })
	body := s.scrape()
	require.NotContains(t, body, "\nenergy_seats", "better none than old ones")
	require.Contains(t, body, `energy_http_request_duration_seconds_count{route="/metrics",status="200"}`)
	require.Len(t, s.log.messages("the gym's figures are missing in /metrics"), 1)

	p.up()
	soon(t, func() bool { return s.shows("energy_database_up 1") })
}

func TestMetricsOfAnUnmigratedDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, dbtest.Empty(t))
	require.True(t, s.shows("energy_database_up 0"))
	require.True(t, s.shows("energy_ready 0"))
}

func TestWatchersOfTheSameMachineNeedNoToken(t *testing.T) {
	t.Parallel()
	database := dbtest.Empty(t)
	for _, c := range []struct {
		name      string
		variables []string
		pprof     int
	}{
		{"metrics", nil, 404},
		{"and profiles", []string{"ENERGY_PPROF=true"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, database, append(c.variables, "ENERGY_METRICS_LISTEN=127.0.0.1:0")...)
			soon(t, func() bool { return len(s.log.messages("metrics")) == 1 })
			address := s.log.messages("metrics")[0]["address"].(string)
			status, body := unwatched(t, address, "/metrics")
			require.Equal(t, 200, status)
			require.Contains(t, body, "energy_build_info")
			for _, path := range []string{"/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
				status, _ := unwatched(t, address, path)
				require.Equal(t, c.pprof, status, path)
			}
			// neither is a way around the token
			for _, path := range []string{"/api/v1/new/get", "/healthz"} {
				status, _ := unwatched(t, address, path)
				require.Equal(t, 404, status, path)
			}
			status, _ = unwatched(t, strings.TrimPrefix(s.base, "http://"), "/metrics")
			require.Equal(t, 401, status)
			require.Equal(t, 404, s.status("/debug/pprof/"), "not where the auth server asks")
			require.Equal(t, 0, s.stop())
		})
	}
}

func TestAMetricsPortInUseIsSaidInOneSentence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	address := listener.Addr().String()
	r := run(t, []string{"ENERGY_LISTEN=127.0.0.1:0", "ENERGY_METRICS_LISTEN=" + address}, "", "serve")
	require.Equal(t, 1, r.code)
	require.Equal(
		t,
		"energy: "+address+" is in use by another program: stop it, or name another address by ENERGY_METRICS_LISTEN\n",
		r.stderr,
	)
}

// TestTheRequestsIdIsInPostgreSQLsLog follows one request through both logs, of a cluster whose log_line_prefix is
// that of scripts/postgres.
func TestTheRequestsIdIsInPostgreSQLsLog(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "energiya-log-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	// root's cluster belongs to another user, who has to get in
	require.NoError(t, os.Chmod(folder, 0o711))
	cluster := filepath.Join(folder, "cluster")
	postgres := func(args ...string) string {
		var out, complaints bytes.Buffer
		c := exec.Command("../../scripts/postgres", args...)
		c.Stdout, c.Stderr = &out, &complaints
		require.NoError(t, c.Run(), &complaints)
		return strings.TrimSpace(out.String())
	}
	t.Cleanup(func() { postgres("stop", "--now", cluster) })
	postgres("start", "--throwaway", cluster)
	address := postgres("url", cluster, "postgres")
	migrate(t, address)
	owner, err := pgxpool.New(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(owner.Close)

	s := start(t, address)
	soon(t, func() bool { return s.status("/readyz") == 200 })
	ask := func(id, path string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
		require.NoError(t, err)
		request.Header = http.Header{"Token": {testToken}, "X-Request-Id": {id}}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	logged := func(parts ...string) func() bool {
		return func() bool {
			text, err := os.ReadFile(filepath.Join(cluster, "postgres.log"))
			require.NoError(t, err)
			for line := range strings.Lines(string(text)) {
				found := true
				for _, part := range parts {
					found = found && strings.Contains(line, part)
				}
				if found {
					return true
				}
			}
			return false
		}
	}

	t.Run("of an error", func(t *testing.T) {
		require.Equal(t, 403, ask("an-error.1", "/api/v1/avtime/get"))
		soon(t, logged(" energy/an-error.1 ", "ERROR:"))
		soon(t, func() bool { return strings.Contains(s.log.String(), "an-error.1") })
	})
	t.Run("of who waits for a lock", func(t *testing.T) {
		tx, err := owner.Begin(t.Context())
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(t.Context()) }()
		_, err = tx.Exec(t.Context(), "lock table gym.posts in access exclusive mode")
		require.NoError(t, err)
		status := make(chan int, 1)
		go func() { status <- ask("who-waits.2", "/api/v1/new/get") }()
		soon(t, func() bool {
			var waits bool
			err := owner.QueryRow(t.Context(), "select exists (select from pg_stat_activity where application_name = 'energy/who-waits.2' and wait_event_type = 'Lock')").
				Scan(&waits)
			return err == nil && waits
		})
		soon(t, logged(" energy/who-waits.2 ", "still waiting for"))
		require.NoError(t, tx.Commit(t.Context()))
		require.Equal(t, 200, <-status)
	})
	t.Run("of a slow statement, and of no other", func(t *testing.T) {
		for _, sql := range []string{"alter system set log_min_duration_statement = 0", "select pg_reload_conf()"} {
			_, err := owner.Exec(t.Context(), sql)
			require.NoError(t, err)
		}
		soon(t, func() bool {
			require.Equal(t, 200, ask("slow.3", "/api/v1/new/get"))
			return logged(" energy/slow.3 ", "duration:", "wire.new_get")()
		})
		// the keeper's look every second is nobody's request
		soon(t, logged(" energy ", "duration:", "wire.version"))
	})
	t.Run("what a client may call itself is bounded", func(t *testing.T) {
		require.Equal(t, 403, ask("x\"; drop, "+strings.Repeat("y", 80), "/api/v1/avtime/get"))
		require.False(t, logged("drop,")())
	})
	var idle int
	require.NoError(
		t,
		owner.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name like 'energy/%' and state = 'idle'").
			Scan(&idle),
	)
	require.Zero(t, idle, "a connection that serves nobody has nobody's id")
}
