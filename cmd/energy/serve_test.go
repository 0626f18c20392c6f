package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
	"energiya/internal/logtest"
)

const testToken = "the-token-of-these-tests"

// server is a running energy serve.
type server struct {
	t      *testing.T
	base   string
	cmd    *exec.Cmd
	log    *lines
	ended  chan struct{}
	folder string
}

// lines is the server's log, which is read while it is written.
type lines struct{ logtest.Log }

// messages are the log's lines with that message.
func (l *lines) messages(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// launch starts a server on a free port.
func launch(t *testing.T, database string, variables ...string) *server {
	t.Helper()
	s := &server{t: t, log: new(lines), ended: make(chan struct{}), folder: t.TempDir()}
	s.cmd = exec.Command(program, "serve")
	s.cmd.Env = environment(
		append(
			[]string{"DATABASE_URL=" + database, "ENERGY_LISTEN=127.0.0.1:0", "ENERGY_TOKEN=" + testToken},
			variables...)...)
	s.cmd.Dir, s.cmd.Stderr = s.folder, s.log
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.log)
		}
	})
	return s
}

// start is launch, and waits until the server listens.
func start(t *testing.T, database string, variables ...string) *server {
	t.Helper()
	s := launch(t, database, variables...)
	soon(t, func() bool { return len(s.log.messages("listening")) == 1 })
	s.base = "http://" + s.log.messages("listening")[0]["address"].(string)
	return s
}

// stop asks for a clean end and gives the exit code.
func (s *server) stop() int {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	return s.wait()
}

func (s *server) wait() int {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		s.t.Fatalf("the server does not end:\n%s", s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// get asks as nobody and gives status and answer; status 0 where there is none.
func (s *server) get(path string) (int, http.Header, string) {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+path, nil)
	if err != nil {
		return 0, nil, err.Error()
	}
	request.Header.Set("Token", testToken)
	request.Header.Set("user-id", "None")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(body)
}

func (s *server) status(path string) int {
	status, _, _ := s.get(path)
	return status
}

func soon(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 20*time.Millisecond)
}

func TestServeIsUnreadyUntilTheDatabaseIsMigrated(t *testing.T) {
	t.Parallel()
	address := dbtest.Empty(t)
	s := start(t, address)

	soon(t, func() bool { return len(s.log.messages("not ready")) == 1 })
	require.Contains(t, s.log.messages("not ready")[0]["reason"], "energy migrate")
	require.Equal(t, 200, s.status("/healthz"))
	require.Equal(t, 503, s.status("/readyz"))
	status, header, body := s.get("/api/v1/new/get")
	require.Equal(t, 503, status)
	require.NotEmpty(t, header.Get("Retry-After"))
	require.Contains(t, body, `"Unavailable"`)

	migrate(t, address)
	soon(t, func() bool { return s.status("/readyz") == 200 })
	status, _, body = s.get("/api/v1/new/get")
	require.Equal(t, 200, status, body)

	require.Equal(t, 0, s.stop())
	require.Len(t, s.log.messages("stopped"), 1)
	require.NotContains(t, s.log.String(), testToken)
}

func TestServeOnAnOlderPackageIsUnreadyAndOnANewerOneWarns(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	shift := func(by int) {
		_, err := database.Owner.Exec(t.Context(), "update gym.code_package set version = version + $1", by)
		require.NoError(t, err)
	}
	shift(-1)
	s := start(t, database.URL())
	soon(t, func() bool { return len(s.log.messages("not ready")) == 1 })
	require.Equal(t, 503, s.status("/readyz"))

	shift(+2)
	soon(t, func() bool { return s.status("/readyz") == 200 })
	soon(t, func() bool {
		return len(s.log.messages("ready, on a database newer than this program: update the program")) == 1
	})

	shift(-1)
	soon(t, func() bool { return len(s.log.messages("ready")) == 1 })
	require.Equal(t, 0, s.stop())
}

func TestServeOnAnOlderSchemaIsUnready(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), "update public.schema_version set version = version - 1")
	require.NoError(t, err)
	s := start(t, database.URL())
	soon(t, func() bool { return len(s.log.messages("not ready")) == 1 })
	require.Equal(t, 503, s.status("/readyz"))
}

// A restore under another name loses the search_path by which auth servers find users.
func TestServeOnADatabaseWithoutItsSettingsIsUnready(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(),
		"do $$ begin execute format('alter database %I reset search_path', current_database()); end $$")
	require.NoError(t, err)
	s := start(t, database.URL())
	soon(t, func() bool { return len(s.log.messages("not ready")) == 1 })
	require.Contains(t, s.log.messages("not ready")[0]["reason"], "search_path")
	require.Equal(t, 503, s.status("/readyz"))

	migrate(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
}

func TestServeEnsuresTheSlotsOfNextMonth(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	// due from the first day on, whatever day it is
	_, err := database.Owner.Exec(t.Context(), "select from api.set_setting('slots_made_on_day', '1')")
	require.NoError(t, err)
	count := func() (slots int) {
		require.NoError(
			t,
			database.Owner.QueryRow(t.Context(), "select count(*) from gym.slots where month = rules.next_month()").
				Scan(&slots),
		)
		return slots
	}
	require.Zero(t, count())
	start(t, database.URL())
	soon(t, func() bool { return count() == 24 })
}

// TestServeAnswersEverythingInTheEnvelope sends what net/http would answer by itself, in plain text.
func TestServeAnswersEverythingInTheEnvelope(t *testing.T) {
	t.Parallel()
	s := start(t, dbtest.Empty(t))
	const head = "GET /healthz HTTP/1.1\r\nHost: energy\r\n"
	for name, request := range map[string]struct {
		text   string
		status int
	}{
		"OPTIONS *":                        {"OPTIONS * HTTP/1.1\r\nHost: energy\r\nToken: " + testToken + "\r\n\r\n", 404},
		"OPTIONS * without a token":        {"OPTIONS * HTTP/1.1\r\nHost: energy\r\n\r\n", 401},
		"no host":                          {"GET /healthz HTTP/1.1\r\n\r\n", 400},
		"two hosts":                        {head + "Host: other\r\n\r\n", 400},
		"no version":                       {"GET /healthz\r\n\r\n", 400},
		"a version that will never be":     {"GET /healthz HTTP/3.7\r\nHost: energy\r\n\r\n", 400},
		"TLS":                              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400},
		"a line that is no header":         {head + "no header\r\n\r\n", 400},
		"a header of 40 KB":                {head + "Long: " + strings.Repeat("x", 40_000) + "\r\n\r\n", 400},
		"a path of 40 KB":                  {"GET /" + strings.Repeat("x", 40_000) + " HTTP/1.1\r\nHost: energy\r\n\r\n", 400},
		"a path that can't be unescaped":   {"GET /%zz HTTP/1.1\r\nHost: energy\r\n\r\n", 400},
		"a length below nothing":           {head + "Content-Length: -1\r\n\r\n", 400},
		"two lengths":                      {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		"a transfer that nobody asked for": {head + "Transfer-Encoding: gzip\r\n\r\n", 400},
		"an expectation that nobody meets": {head + "Expect: tea\r\n\r\n", 400},
		"the same in HTTP/1.0":             {"GET /healthz HTTP/1.0\r\nExpect: tea\r\n\r\n", 400},
		"HTTP/1.0":                         {"GET /healthz HTTP/1.0\r\n\r\n", 200},
		"two at once":                      {head + "\r\n" + head + "\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
			_, err = io.WriteString(conn, request.text)
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, request.status, response.StatusCode, "%s", body)
			require.Equal(t, "application/json; charset=utf-8", response.Header.Get("Content-Type"))
			var envelope struct {
				Error   bool
				Type    string `json:"error_type"`
				Message string `json:"error_message"`
			}
			require.NoError(t, json.Unmarshal(body, &envelope), "%s", body)
			require.Equal(t, request.status != 200, envelope.Error)
			if request.status == 400 {
				require.Equal(t, "InvalidRequestException", envelope.Type)
				require.NotEmpty(t, envelope.Message)
				require.True(t, response.Close)
			}
		})
	}
}

// TestABodyThatNeverComesEndsEverywhere: also at River's web face, which has another handler.
func TestABodyThatNeverComesEndsEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t, dbtest.Empty(t), "ENERGY_RIVER_UI=true", "ENERGY_REQUEST_TIMEOUT=100ms")
	for _, path := range []string{"/admin/river/api/jobs", "/api/v1/entry/create", "/healthz"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: energy\r\nContent-Length: 100\r\n\r\n{")
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(15*time.Second)))
			_, err = io.ReadAll(conn)
			require.NoError(t, err, "answered or not, the connection is closed")
		})
	}
}

func TestServeThatHasNoMoreFilesSaysSoNowAndThen(t *testing.T) {
	t.Parallel()
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("there is no prlimit")
	}
	s := start(t, dbtest.Empty(t))
	require.NoError(t, exec.Command(prlimit, "--pid", strconv.Itoa(s.cmd.Process.Pid), "--nofile=40:40").Run())
	complaints := func() (n int) { return strings.Count(s.log.String(), "too many open files; retrying") }
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
		require.NoError(t, err)
		return conn
	}
	var open []net.Conn
	for range 60 {
		open = append(open, dial())
	}
	soon(t, func() bool { return complaints() > 0 })
	began := time.Now()
	for time.Since(began) < 2*time.Second { // one goes, one comes: each time there is one file more, and then none
		require.NoError(t, open[0].Close())
		open = append(open[1:], dial())
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, complaints(), 2)
	for _, conn := range open {
		require.NoError(t, conn.Close())
	}
	soon(t, func() bool { return s.status("/healthz") == 200 })
}

func TestServeMakesATokenAndNeverLogsIt(t *testing.T) {
	t.Parallel()
	s := start(t, dbtest.Empty(t), "ENERGY_TOKEN=")
	path := filepath.Join(s.folder, "energy.token")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, s.log.String(), path)
	require.NotContains(t, s.log.String(), strings.TrimSpace(string(content)))

	s.stop()
	again := start(t, dbtest.Empty(t), "ENERGY_TOKEN=", "ENERGY_TOKEN_FILE="+path)
	same, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(content), string(same), "the second start keeps the token")
	again.stop()
}

func TestServeOnAPortInUseSaysSoInOneSentence(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	address := listener.Addr().String()
	r := run(t, []string{"ENERGY_LISTEN=" + address}, "", "serve")
	require.Equal(t, 1, r.code)
	require.Equal(
		t,
		"energy: "+address+" is in use by another program: stop it, or name another address by ENERGY_LISTEN\n",
		r.stderr,
	)
}

func TestServeLogsTextWhereAskedTo(t *testing.T) {
	t.Parallel()
	s := launch(t, dbtest.Empty(t), "ENERGY_LOG_FORMAT=text")
	soon(t, func() bool { return strings.Contains(s.log.String(), "listening") })
	require.NotContains(t, s.log.String(), `{"`)
	require.Equal(t, 0, s.stop())
}

// proxy stands between server and database, so that the database can be taken away.
type proxy struct {
	t       *testing.T
	backend string
	address string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	p := &proxy{t: t, backend: backend, address: "127.0.0.1:0"}
	p.up()
	p.address = p.listener.Addr().String()
	t.Cleanup(p.down)
	return p
}

func (p *proxy) up() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	require.NoError(p.t, err)
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			database, err := net.Dial("tcp", p.backend)
			if err != nil {
				_ = client.Close()
				return
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, database)
			p.mu.Unlock()
			go func() { _, _ = io.Copy(database, client); _ = database.Close() }()
			go func() { _, _ = io.Copy(client, database); _ = client.Close() }()
		}
	}()
}

func (p *proxy) down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

func TestServeOutlivesTheDatabase(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	address, err := url.Parse(database.URL())
	require.NoError(t, err)
	p := newProxy(t, address.Host)
	address.Host = p.address
	p.down()

	s := start(t, address.String())
	soon(t, func() bool { return len(s.log.messages("not ready")) == 1 })
	require.Equal(t, 200, s.status("/healthz"))
	require.Equal(t, 503, s.status("/readyz"))

	for range 2 {
		p.up()
		soon(t, func() bool { return s.status("/readyz") == 200 && s.status("/api/v1/new/get") == 200 })
		p.down()
		soon(t, func() bool { return s.status("/readyz") == 503 })
		status, header, body := s.get("/api/v1/new/get")
		require.Equal(t, 503, status, body)
		require.NotEmpty(t, header.Get("Retry-After"))
		require.Equal(t, 200, s.status("/healthz"))
	}
	require.Equal(t, 0, s.stop())
}

func TestServeWaitsUntilTheDatabaseCanBeWritten(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	name := database.Owner.Config().ConnConfig.Database
	makeWritable := func() {
		_, err := database.Owner.Exec(t.Context(), "alter database "+name+" reset default_transaction_read_only")
		require.NoError(t, err)
	}
	coach := database.User(t, "COACH")
	s := start(t, database.URL())
	announce := func() (int, string, string) {
		body := strings.NewReader(`{"body": "Зал закрыт"}`)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/v1/gym-news/create", body)
		require.NoError(t, err)
		r.Header.Set("Token", testToken)
		r.Header.Set("User-Id", strconv.Itoa(coach))
		r.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		said, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, response.Header.Get("Retry-After"), string(said)
	}
	soon(t, func() bool { return s.status("/readyz") == 200 })
	status, _, said := announce()
	require.Equal(t, 200, status, said)

	for range 2 {
		_, err := database.Owner.Exec(t.Context(), "alter database "+name+" set default_transaction_read_only = on")
		require.NoError(t, err)
		soon(t, func() bool { return s.status("/readyz") == 503 })
		require.Contains(t, s.log.String(), "the database is read-only")
		// From here on the connections are read-only, and stay so when the database can be written again.
		_, err = database.Owner.Exec(t.Context(), `
			select pg_terminate_backend(a.pid) from pg_stat_activity a
			 where a.datname = current_database() and a.application_name like 'energy%'`)
		require.NoError(t, err)
		for range 3 {
			status, retry, said := announce()
			require.Equal(t, 503, status, said)
			require.NotEmpty(t, retry)
			require.Contains(t, said, `"Unavailable"`)
		}

		makeWritable()
		writable := time.Now()
		soon(t, func() bool { return s.status("/readyz") == 200 })
		for range 20 {
			status, _, said := announce()
			require.Equal(t, 200, status, said)
		}
		require.Less(t, time.Since(writable), 5*time.Second)
	}
	require.Equal(t, 0, s.stop())
}

func TestServeSaysThatTheTimeZoneIsGone(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	// As after an upgrade of tzdata: the name that stands in the settings is PostgreSQL's no more.
	name := func(zone string) {
		_, err := database.Owner.Exec(t.Context(), fmt.Sprintf(`do $$ begin
			set local session_replication_role = replica;
			update gym.settings set time_zone = '%s';
		end $$`, zone))
		require.NoError(t, err)
	}
	s := start(t, database.URL())
	soon(t, func() bool { return s.status("/readyz") == 200 })
	name("Asia/Novonikolaevsk")
	soon(t, func() bool { return s.status("/readyz") == 503 })
	status, header, body := s.get("/api/v1/new/get")
	require.Equal(t, 503, status, body)
	require.NotEmpty(t, header.Get("Retry-After"))
	require.Contains(t, s.log.String(), "the gym's time zone Asia/Novonikolaevsk: install the package tzdata")
	var violations int
	require.NoError(t, database.Owner.QueryRow(t.Context(),
		"select sum(violations) from api.audit() where invariant = 'time_zone_known'").Scan(&violations))
	require.Equal(t, 1, violations)
	name("Asia/Novosibirsk")
	soon(t, func() bool { return s.status("/readyz") == 200 && s.status("/api/v1/new/get") == 200 })
	require.Equal(t, 0, s.stop())
}

// waitingFor makes a request that waits inside the database until release is called, and gives its status in time.
func waitingFor(t *testing.T, database *dbtest.DB, s *server) (status chan int, release func()) {
	t.Helper()
	soon(t, func() bool { return s.status("/readyz") == 200 })
	tx, err := database.Owner.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(t.Context()) })
	_, err = tx.Exec(t.Context(), "lock table gym.rights in access exclusive mode")
	require.NoError(t, err)
	status = make(chan int, 1)
	go func() { status <- s.status("/api/v1/new/get") }()
	soon(t, func() bool {
		var waiting bool
		err := database.Owner.QueryRow(t.Context(), `
			select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%new_get%')`).Scan(&waiting)
		return err == nil && waiting
	})
	return status, func() { require.NoError(t, tx.Commit(t.Context())) }
}

func TestServeFinishesWhatRunsBeforeItStops(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	s := start(t, database.URL(), "ENERGY_REQUEST_TIMEOUT=1m", "ENERGY_SHUTDOWN_TIMEOUT=1m")
	status, release := waitingFor(t, database, s)

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	soon(t, func() bool { return s.status("/healthz") == 0 }) // it takes no new ones
	release()
	require.Equal(t, 200, <-status)
	require.Equal(t, 0, s.wait())
}

func TestServeLetsTheBalancerLookAwayBeforeItStops(t *testing.T) {
	t.Parallel()
	s := start(t, dbtest.New(t).URL(), "ENERGY_SHUTDOWN_DELAY=5m")
	soon(t, func() bool { return s.status("/api/v1/new/get") == 200 })

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	soon(t, func() bool { return s.status("/readyz") == 503 })
	_, header, body := s.get("/readyz")
	require.NotEmpty(t, header.Get("Retry-After"))
	require.Contains(t, body, `"Unavailable"`)
	require.Equal(t, 200, s.status("/healthz"))
	require.Equal(t, 200, s.status("/api/v1/new/get"))
	alive, err := http.Get(s.base + "/healthz")
	require.NoError(t, err)
	require.NoError(t, alive.Body.Close())
	require.True(t, alive.Close, "an answer says that the connection ends")

	// the second signal ends at once
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NotEqual(t, 0, s.wait())
}

func TestServeCutsOffWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	s := start(t, database.URL(), "ENERGY_REQUEST_TIMEOUT=1m", "ENERGY_SHUTDOWN_TIMEOUT=1s")
	status, release := waitingFor(t, database, s)
	defer release()

	require.Equal(t, 1, s.stop())
	require.NotEqual(t, 200, <-status)
	soon(t, func() bool {
		var waiting int
		err := database.Owner.QueryRow(t.Context(), "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").
			Scan(&waiting)
		return err == nil && waiting == 0
	})
}
