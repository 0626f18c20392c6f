package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
)

// crowded is a server with few places, and a lock that keeps whoever has one.
type crowded struct {
	client
	db      *dbtest.DB
	admin   int
	log     *logBuffer
	release func()
}

const crowdedPlaces = 8

// newCrowded locks a table, so that what reads it waits in the database until release is called.
func newCrowded(t *testing.T, table string, queue time.Duration) crowded {
	t.Helper()
	db := dbtest.New(t)
	config, err := pgxpool.ParseConfig(db.URL())
	require.NoError(t, err)
	config.MaxConns = crowdedPlaces
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	o, log := logged(pool)
	o.RequestTimeout, o.QueueTimeout = time.Minute, queue
	c := crowded{client: client{t: t, handler: api.New(o)}, db: db, admin: db.User(t, "ADMIN"), log: log}
	_, err = db.Owner.Exec(t.Context(), "select from api.open_enrolment()")
	require.NoError(t, err)

	tx, err := db.Owner.Begin(t.Context())
	require.NoError(t, err)
	c.release = sync.OnceFunc(func() { _ = tx.Rollback(context.Background()) })
	t.Cleanup(c.release)
	_, err = tx.Exec(t.Context(), "lock table "+table+" in access exclusive mode")
	require.NoError(t, err)
	return c
}

// atOnce sends n requests, whose answers come in time.
func (c crowded) atOnce(n int, endpoint string, actor int, body any) chan answer {
	answers := make(chan answer, n)
	for range n {
		go func() { answers <- c.ask(endpoint, actor, body) }()
	}
	return answers
}

// awaitLocked waits until n requests wait for the lock.
func (c crowded) awaitLocked(n int) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		var waiting int
		err := c.db.Owner.QueryRow(
			c.t.Context(),
			"select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
		).Scan(&waiting)
		return err == nil && waiting == n
	}, 20*time.Second, 10*time.Millisecond)
}

// TestWhereNothingMovesWhoComesIsSentAway, and whoever is in is answered when it moves again.
func TestWhereNothingMovesWhoComesIsSentAway(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, "gym.posts", 200*time.Millisecond)
	const held = crowdedPlaces - 2 // those that are kept for other shares
	in := c.atOnce(held, "GET /new/get", nobody, nil)
	c.awaitLocked(held)

	waited := c.atOnce(20, "GET /new/get", nobody, nil)
	for range 20 {
		a := <-waited
		require.Equal(t, "Unavailable", a.errType)
		require.Equal(t, 503, a.status)
	}
	for range 100 { // while nothing has moved: if these waited, it would be for 20 seconds
		a := c.refused("Unavailable", "GET /new/get", nobody, nil)
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		require.NoError(t, err)
		require.Positive(t, seconds)
	}
	require.Empty(t, in)
	require.Equal(
		t,
		401,
		c.send("GET /new/get", http.Header{"Token": {"guess"}}, nil).status,
		"a stranger learns nothing",
	)
	require.Equal(t, 404, c.send("GET /no/such/path", withToken(), nil).status)
	require.Equal(t, 405, c.send("POST /new/get", withToken(), nil).status)
	require.Equal(t, 200, c.send("GET /healthz", http.Header{}, nil).status)
	require.Equal(t, 200, c.send("GET /readyz", http.Header{}, nil).status)

	c.release()
	for range held {
		require.Equal(t, 200, (<-in).status)
	}
	c.done("GET /new/get", nobody, nil)

	overloaded, each := 0, 0
	for _, line := range c.log.lines(t) {
		if line["msg"] == "overloaded: requests are sent away" {
			overloaded++
			require.Equal(t, "greet", line["share"])
		}
		if response, ok := line["httpResponse"].(map[string]any); ok && response["status"] == number(503) {
			each++
		}
	}
	require.NotZero(t, overloaded)
	require.Less(t, overloaded, 10, "now and then a line")
	require.Zero(t, each, "and none for each who is sent away")
}

// TestWhoseTimeIsOverInTheQueueSaysNothingOfTheDatabase, where the settings let a request wait for all of its time.
func TestWhoseTimeIsOverInTheQueueSaysNothingOfTheDatabase(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, "gym.posts", time.Minute)
	in := c.atOnce(crowdedPlaces-2, "GET /new/get", nobody, nil)
	c.awaitLocked(crowdedPlaces - 2)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/new/get", nil)
	r.Header = withToken()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	require.Equal(t, "Unavailable", readAnswer(t, w.Code, w.Header(), w.Body.Bytes()).errType)
	require.NotContains(t, c.log.String(), "database unavailable")
	require.Contains(t, c.log.String(), "overloaded: requests are sent away")
	c.release()
	for range crowdedPlaces - 2 {
		require.Equal(t, 200, (<-in).status)
	}
}

func TestAFloodOfOneKindHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		table, flood string
		body         any
		others       []string
	}{
		"strangers": {
			"gym.posts",
			"GET /new/get",
			nil,
			[]string{"GET /avtime/get", "POST /entry/create", "GET /user/get"},
		},
		"those who look": {"gym.posts", "GET /gym-news/get", nil, []string{"POST /entry/create", "GET /user/get"}},
		"those who choose": {
			"gym.enrolments",
			"POST /entry/create",
			choice(1),
			[]string{"GET /new/get", "GET /user/get"},
		},
		"those who manage": {
			"gym.marks",
			"POST /visit/get",
			nil,
			[]string{"GET /new/get", "POST /entry/create", "GET /avtime/get"},
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowded(t, kind.table, time.Minute)
			flood := c.atOnce(100, kind.flood, c.admin, kind.body)
			c.awaitLocked(crowdedPlaces - 2)
			for range 20 {
				for _, endpoint := range kind.others {
					var body any
					if strings.HasSuffix(endpoint, "/create") {
						body = object{"selectedTimes": "not a list"}
					}
					require.Contains(t, []int{200, 400}, c.ask(endpoint, c.admin, body).status, endpoint)
				}
			}
			require.Empty(t, flood)
			c.release()
			for range 100 {
				require.Contains(t, []int{200, 400}, (<-flood).status, "a long queue, and everybody is answered")
			}
		})
	}
}

// TestAQueueOfLargeBodiesIsShort: tens of thousands of requests may wait, but not with a mebibyte each.
func TestAQueueOfLargeBodiesIsShort(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, "gym.posts", time.Minute)
	const most = 64
	large := object{"body": strings.Repeat("x", 50_000)}
	answers := c.atOnce(2*most, "POST /gym-news/create", c.admin, large)
	for range most {
		a := <-answers
		require.Equal(t, "Unavailable", a.errType)
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	c.awaitLocked(crowdedPlaces - 2)
	require.Equal(
		t,
		413,
		c.ask("POST /gym-news/create", c.admin, strings.Repeat(" ", 1<<20+1)).status,
		"the size comes first",
	)
	small := c.atOnce(most, "POST /gym-news/create", c.admin, object{"body": "x"})
	require.Empty(t, answers)
	c.release()
	for range most {
		require.Equal(t, 200, (<-answers).status)
		require.Equal(t, 200, (<-small).status)
	}
	c.done("POST /gym-news/create", c.admin, large)
}

func TestWhoHangsUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, "gym.posts", time.Minute)
	const held = crowdedPlaces - 2
	in := c.atOnce(held, "GET /new/get", nobody, nil)
	c.awaitLocked(held)

	var arrived atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		c.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan error, 50)
	for range 50 {
		go func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/new/get", nil)
			if err == nil {
				r.Header = withToken()
				_, err = server.Client().Do(r) //nolint:bodyclose // there is none
			}
			gone <- err
		}()
	}
	require.Eventually(t, func() bool { return arrived.Load() == 50 }, 20*time.Second, time.Millisecond)
	hangUp()
	for range 50 {
		require.ErrorIs(t, <-gone, context.Canceled)
	}
	server.Close() // waits for its requests: they are over although nothing has moved
	require.Empty(t, in)
	c.release()
	for range held {
		require.Equal(t, 200, (<-in).status)
	}
}

// TestACrowdAtOnceIsServedWhole: the opening minute is no overload.
func TestACrowdAtOnceIsServedWhole(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	_, err := db.Owner.Exec(t.Context(), "select from api.open_enrolment()")
	require.NoError(t, err)
	students := db.Users(t, "STUDENT", 500)
	c := client{t: t, handler: api.New(options(db.Server(t)))}
	slots := c.many("GET /avtime/get", students[0], nil)
	statuses := make(chan int, len(students))
	for n, student := range students {
		go func() {
			statuses <- c.ask("POST /entry/create", student, choice(slots[n%len(slots)].integer(t, "id"))).status
		}()
	}
	for range students {
		require.Equal(t, 200, <-statuses)
	}
	audit(t, db.Owner)
}
