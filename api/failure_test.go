package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
	"energiya/internal/logtest"
)

// logBuffer collects what is logged.
type logBuffer struct{ logtest.Log }

// lines are the lines of a JSON log.
func (b *logBuffer) lines(t testing.TB) []object {
	t.Helper()
	var lines []object
	for line := range strings.Lines(b.String()) {
		var o object
		require.NoError(t, jsonDecode([]byte(line), &o), line)
		lines = append(lines, o)
	}
	return lines
}

// logged is options with a log that the test reads.
func logged(pool *pgxpool.Pool) (api.Options, *logBuffer) {
	o := options(pool)
	log := &logBuffer{}
	o.Logger = httplog.NewLogger("energy", httplog.Options{JSON: true, Writer: log, LogLevel: slog.LevelInfo})
	return o, log
}

func TestErrorsOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", `
		raise exception using errcode = p_body ->> 'code', message = 'Фраза для человека.', constraint = coalesce(p_body ->> 'rule', ''),
			detail = 'secret of a row';`)
	for _, want := range []struct {
		codes   string
		errType string
		own     bool // the message is the database's own
		logged  bool // the log names the fault
		away    bool // the database is, for all
	}{
		{"ENREQ", "InvalidRequestException", true, false, false},
		{"ENGON", "DataBaseException", true, false, false},
		{"ENRUL", "LogicError", true, false, false},
		{"ENACC", "AccessRightsException", true, false, false},
		{"22P02 22003 22007 22008 22012 22021 22P05 22023 54000 54001", "InvalidRequestException", false, false, false},
		{"57014 55P03 40001 40P01", "Unavailable", false, true, false},
		{"08006 53200 53300 57P01 57P02 57P03 58030 3F000 42883 42P01 25006", "Unavailable", false, true, true},
		{"42501 42601 42703 XX000 P0001 0A000 ENXXX ENDEP 21000", "InternalError", false, true, false},
	} {
		for code := range strings.FieldsSeq(want.codes) {
			t.Run(code, func(t *testing.T) {
				o, log := logged(db.Owner)
				c := client{t: t, handler: api.New(o)}
				a := c.refused(want.errType, "GET /new/get", nobody, map[string]any{"code": code, "rule": "some_rule"})
				if want.own {
					require.Equal(t, "Фраза для человека.", a.message)
				} else {
					require.NotContains(t, a.message, "Фраза")
				}
				require.Equal(t, want.errType == "Unavailable", a.header.Get("Retry-After") != "")
				require.Equal(
					t,
					want.logged,
					strings.Contains(log.String(), "Фраза"),
					"a fault is logged, a person's mistake is not",
				)
				require.NotContains(t, log.String(), "secret of a row")

				// One line, for the request or about the database.
				lines := log.lines(t)
				require.Len(t, lines, 1)
				if want.away {
					require.Equal(t, "database unavailable", lines[0]["msg"])
				} else {
					require.Contains(t, lines[0], "httpResponse")
					require.Equal(t, a.header.Get("X-Request-Id"), lines[0].object(t, "httpRequest")["requestID"])
				}
			})
		}
	}
}

func TestNativeConstraintsHaveTheCataloguesSentence(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(
		t,
		db.Owner,
		"new_get",
		`raise exception using errcode = p_body ->> 'code', message = 'duplicate key', constraint = p_body ->> 'rule';`,
	)
	c := newClient(t, db.Owner)
	ask := func(code, rule string) answer {
		return c.ask("GET /new/get", nobody, map[string]any{"code": code, "rule": rule})
	}
	for code, rule := range map[string]string{
		"23505": "users_student_card_taken", "23514": "slots_taken_within_capacity", "23P01": "slots_one_a_time",
	} {
		a := ask(code, rule)
		require.Equal(t, "LogicError", a.errType)
		var sentence string
		require.NoError(
			t,
			db.Owner.QueryRow(t.Context(), "select message from rules.catalogue where rule = $1", rule).Scan(&sentence),
		)
		require.Equal(t, sentence, a.message)
	}
	general := ask("23503", "no_such_rule")
	require.Equal(t, "LogicError", general.errType)
	requireRussian(t, general.message)
	require.NotContains(t, general.message, "no_such_rule")
	require.Equal(t, general.message, ask("23502", "").message, "no name at all")

	t.Run("the catalogue is broken", func(t *testing.T) {
		_, err := db.Owner.Exec(
			t.Context(),
			`create or replace function wire.refusal(p_constraint text) returns json language sql as $$ select '{"error_type":"NoSuchType"}'::json $$`,
		)
		require.NoError(t, err)
		c := client{t: t, handler: c.handler}
		c.refused("InternalError", "GET /new/get", nobody, map[string]any{"code": "23505", "rule": "x"})
		_, err = db.Owner.Exec(t.Context(), `drop function wire.refusal`)
		require.NoError(t, err)
		c.refused("Unavailable", "GET /new/get", nobody, map[string]any{"code": "23505", "rule": "x"})
	})
}

func TestNullFromAFunctionIsAFault(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return null;")
	newClient(t, db.Owner).refused("InternalError", "GET /new/get", nobody, nil)
}

func TestFunctionsNotInstalledAreUnavailable(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	c := newClient(t, db.Owner)
	c.done("GET /new/get", nobody, nil)
	_, err := db.Owner.Exec(t.Context(), "drop schema wire cascade")
	require.NoError(t, err)
	for range 3 {
		c.refused("Unavailable", "GET /new/get", nobody, nil)
	}
}

func TestReinstalledFunctionsAreUsedAtOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	c := newClient(t, db.Owner)
	for n := range 5 {
		_, err := db.Owner.Exec(t.Context(), fmt.Sprintf(`
			begin;
			drop function wire.new_get;
			create function wire.new_get(p_actor integer, p_body jsonb, p_request_id text) returns json language sql as
			$$ select json_build_array(json_build_object('id', %d, 'body', '', 'createTime', '01.12.2026')) $$;
			commit`, n))
		require.NoError(t, err)
		require.Equal(t, n, c.many("GET /new/get", nobody, nil)[0].integer(t, "id"))
	}
}

func TestPanicsAreTheEnvelope(t *testing.T) {
	t.Parallel()
	o, log := logged(nil)
	o.Ready = func(context.Context) error { panic("broken inside") }
	c := client{t: t, handler: api.New(o)}
	a := c.refused("InternalError", "GET /avtime/get", 7, nil)
	require.NotContains(t, a.message, "broken")
	lines := log.lines(t)
	require.Len(t, lines, 1)
	require.Equal(t, "broken inside", lines[0]["panic"])
	require.Contains(t, lines[0]["stack"], "failure_test.go")
	require.Equal(t, a.header.Get("X-Request-Id"), lines[0].object(t, "httpRequest")["requestID"])
	require.Equal(t, "ERROR", lines[0]["level"])
}

func TestTimeReachesTheQuery(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "perform pg_sleep(600); return '[]';")
	o := options(db.Owner)
	o.RequestTimeout = 200 * time.Millisecond
	c := client{t: t, handler: api.New(o)}
	a := c.refused("Unavailable", "GET /new/get", nobody, nil) // without a deadline: ten minutes
	require.NotEmpty(t, a.header.Get("Retry-After"))
	requireNoSleeper(t, db.Owner)
}

func TestWaitingForAConnectionCounts(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	config, err := pgxpool.ParseConfig(db.URL())
	require.NoError(t, err)
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	connection, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	o := options(pool)
	o.RequestTimeout = 200 * time.Millisecond
	c := client{t: t, handler: api.New(o)}
	c.refused("Unavailable", "GET /new/get", nobody, nil)
	connection.Release()
	c.done("GET /new/get", nobody, nil)
}

func TestHangingUpStopsTheQuery(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "perform pg_sleep(600); return '[]';")
	o, log := logged(db.Owner)
	o.Metrics = prometheus.NewRegistry()
	server := httptest.NewServer(api.New(o))
	t.Cleanup(server.Close)
	ctx, hangUp := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/v1/new/get", nil)
	require.NoError(t, err)
	r.Header = withToken()
	ended := make(chan error, 1)
	go func() {
		response, err := server.Client().Do(r)
		if err == nil {
			err = errors.Join(errors.New("answered"), response.Body.Close())
		}
		ended <- err
	}()
	require.Eventually(t, func() bool { return sleepers(t, db.Owner) == 1 }, 20*time.Second, 10*time.Millisecond)
	hangUp()
	require.ErrorIs(t, <-ended, context.Canceled)
	requireNoSleeper(t, db.Owner)
	server.Close() // waits for the request
	require.Equal(t, map[string]int{"/api/v1/new/get 0": 1}, counts(t, o.Metrics), "nobody was answered with 503")
	lines := log.lines(t)
	require.Len(t, lines, 1, "the request's own, and none about the database, which is well")
	require.Contains(t, lines[0]["cause"], "context canceled")
	require.Equal(t, "INFO", lines[0]["level"], "whoever hangs up is no fault")
}

func sleepers(t testing.TB, owner *pgxpool.Pool) (n int) {
	t.Helper()
	require.NoError(t, owner.QueryRow(t.Context(),
		"select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'").Scan(&n))
	return n
}

func requireNoSleeper(t testing.TB, owner *pgxpool.Pool) {
	t.Helper()
	require.Eventually(
		t,
		func() bool { return sleepers(t, owner) == 0 },
		20*time.Second,
		10*time.Millisecond,
		"the query is stopped",
	)
}

func TestDeadDatabase(t *testing.T) {
	t.Parallel()
	// A port that nobody listens on: taken for a moment, then given back.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	pool, err := pgxpool.New(t.Context(), "postgres://nobody:password-of-the-database@"+address+"/none")
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	o, log := logged(pool)
	handler := api.New(o)
	const crowd = 100
	var wait sync.WaitGroup
	for range crowd {
		wait.Go(func() {
			a := client{t: t, handler: handler}.ask("GET /new/get", nobody, nil)
			if a.errType != "Unavailable" || a.status != 503 || a.header.Get("Retry-After") == "" {
				t.Errorf("%d %s", a.status, a.raw)
			}
		})
	}
	wait.Wait()
	lines := log.lines(t)
	require.Len(t, lines, 1, "one about the database, and none of each who asked")
	require.Equal(t, "database unavailable", lines[0]["msg"])
	require.NotContains(t, log.String(), "stack")
	require.NotContains(t, log.String(), "password-of-the-database")
}

func TestRecoversAfterTheDatabase(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	config, err := pgxpool.ParseConfig(db.URL())
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["application_name"] = "victim"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	c := newClient(t, pool)
	for range 3 {
		c.done("GET /new/get", nobody, nil)
		_, err := db.Owner.Exec(
			t.Context(),
			"select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim' and datname = current_database()",
		)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			a := c.ask("GET /new/get", nobody, nil)
			require.Contains(t, []int{200, 503}, a.status, "%s", a.raw)
			return a.status == 200
		}, 20*time.Second, 10*time.Millisecond)
	}
}

func TestLogLine(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	admin := db.User(t, "ADMIN")
	const password = "пароль-в-теле"
	for _, json := range []bool{true, false} {
		t.Run(fmt.Sprintf("JSON %v", json), func(t *testing.T) {
			log := &logBuffer{}
			o := options(db.Owner)
			// The worst options that there are: nothing of it may get into the log all the same.
			o.Logger = httplog.NewLogger("energy", httplog.Options{
				JSON: json, Writer: log, LogLevel: slog.LevelDebug, RequestHeaders: true, ResponseHeaders: true,
			})
			c := client{t: t, handler: api.New(o)}
			header := withToken()
			header.Set("X-Request-Id", "request-17")
			header.Set("user-id", fmt.Sprint(admin))
			header.Set("Authorization", "Bearer "+token)
			a := c.send("PUT /user/edit-password?token="+token+"&password="+password, header,
				map[string]any{"oldPassword": password, "newPassword": password, "unknown": "поле"})
			require.Equal(t, "LogicError", a.errType)

			require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			require.NotContains(t, log.String(), token)
			require.NotContains(t, log.String(), password)
			require.NotContains(t, log.String(), "поле")
			require.NotContains(t, log.String(), a.message)
			for _, part := range []string{"request-17", "/api/v1/user/edit-password", "PUT", "password_wrong", "ENRUL"} {
				require.Contains(t, log.String(), part)
			}
			if !json {
				require.Regexp(t, regexp.MustCompile(`actor: "`+fmt.Sprint(admin)+`"`), log.String())
				require.Regexp(t, `status: 400`, log.String())
				require.Regexp(t, `elapsed: \d`, log.String())
				return
			}
			line := log.lines(t)[0]
			require.Equal(t, "INFO", line["level"])
			require.Equal(t, fmt.Sprint(admin), line["actor"])
			require.Equal(t, "/api/v1/user/edit-password", line["route"])
			require.Equal(t, "password_wrong", line["rule"])
			request, response := line.object(t, "httpRequest"), line.object(t, "httpResponse")
			require.Equal(t, "request-17", request["requestID"])
			require.Equal(t, "PUT", request["method"])
			require.Equal(t, "/api/v1/user/edit-password", request["path"])
			require.Equal(t, 400, response.integer(t, "status"))
			require.Contains(t, response, "elapsed")
		})
	}
	t.Run("what was refused before it had a route", func(t *testing.T) {
		o, log := logged(db.Owner)
		c := client{t: t, handler: api.New(o)}
		c.send("GET /no/such/path", withToken(), nil)
		c.send("GET /new/get", http.Header{"Token": {"a wrong guess"}}, nil)
		lines := log.lines(t)
		require.Len(t, lines, 2)
		require.Equal(t, "None", lines[0]["actor"])
		require.NotContains(t, log.String(), "guess")
	})
	t.Run("the level is the logger's", func(t *testing.T) {
		o := options(db.Owner)
		log := &logBuffer{}
		o.Logger = httplog.NewLogger("energy", httplog.Options{JSON: true, Writer: log, LogLevel: slog.LevelError})
		client{t: t, handler: api.New(o)}.done("GET /new/get", nobody, nil)
		require.Empty(t, log.String())
	})
	t.Run("a refused value is not quoted", func(t *testing.T) {
		replace(t, db.Owner, "new_get", "perform (p_body ->> 'n')::integer; return '[]';")
		o, log := logged(db.Owner)
		client{
			t:       t,
			handler: api.New(o),
		}.refused(
			"InvalidRequestException",
			"GET /new/get",
			nobody,
			map[string]any{"n": "секрет"},
		)
		require.NotContains(t, log.String(), "секрет")
		require.Contains(t, log.String(), "22P02")
	})
}

// TestAnswerIsPassedThrough: what the database wrote arrives byte for byte.
func TestAnswerIsPassedThrough(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", `return '{"b" : 1.50,  "a":[ ],"b":"\u0438&<>"}';`)
	c := newClient(t, db.Owner)
	c.faked = true
	raw := string(c.ask("GET /new/get", nobody, nil).raw)
	require.Equal(t, `{"error":false,"data":{"b" : 1.50,  "a":[ ],"b":"\u0438&<>"}}`, raw)
	require.True(t, json.Valid([]byte(raw)))
}
