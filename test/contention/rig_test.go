// Package contend_test lets many people at the same few seats and lessons at once, over real connections, and then
// asks the database whether everything that was promised is true.
package contention_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/logtest"
	"energiya/internal/testclock"
)

// seed fixes what everybody wants; who comes first is up to the scheduler.
const seed = 2026

// patience bounds a test that hangs; none takes nearly as long.
const patience = 3 * time.Minute

// answer is what a person was told: data, or the type of the refusal.
type answer struct {
	data    json.RawMessage
	errType string
	message string
}

func (a answer) ok() bool { return a.errType == "" }

// asker calls an endpoint of the contract ("POST /entry/create") as an actor. An error is no answer: the request
// failed.
type asker interface {
	ask(ctx context.Context, endpoint string, actor int, body any) (answer, error)
}

// functions asks the functions of wire on a pool.
type functions struct{ pool *pgxpool.Pool }

func (f functions) ask(ctx context.Context, endpoint string, actor int, body any) (answer, error) {
	_, path, _ := strings.Cut(endpoint, " /")
	sent, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	var a answer
	function := strings.NewReplacer("/", "_", "-", "_").Replace(path)
	err = f.pool.QueryRow(ctx, "select wire."+function+"($1, $2, $3)", actor, string(sent), "contend").
		Scan((*[]byte)(&a.data))
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		a.message = pgErr.Message
		switch {
		case pgErr.Code == "ENRUL", pgerrcode.IsIntegrityConstraintViolation(pgErr.Code):
			a.errType = "LogicError"
		case pgErr.Code == "ENGON":
			a.errType = "DataBaseException"
		case pgErr.Code == "ENACC":
			a.errType = "AccessRightsException"
		default:
			return a, fmt.Errorf("%s: SQLSTATE %s (%s): %w", endpoint, pgErr.Code, pgErr.Where, err)
		}
		return a, nil
	}
	return a, err
}

// servers asks the servers in turn.
type servers struct {
	bases []string
	next  *atomic.Uint64
	http  *http.Client
}

const token = "the-token-of-these-tests"

func (s servers) ask(ctx context.Context, endpoint string, actor int, body any) (answer, error) {
	method, path, _ := strings.Cut(endpoint, " ")
	sent, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	base := s.bases[s.next.Add(1)%uint64(len(s.bases))]
	request, err := http.NewRequestWithContext(ctx, method, base+"/api/v1"+path, bytes.NewReader(sent))
	if err != nil {
		return answer{}, err
	}
	request.Header = http.Header{
		"Token":        {token},
		"User-Id":      {strconv.Itoa(actor)},
		"Content-Type": {"application/json"},
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	var envelope struct {
		Data    json.RawMessage `json:"data"`
		Type    string          `json:"error_type"`
		Message string          `json:"error_message"`
	}
	if err := json.Unmarshal(got, &envelope); err != nil {
		return answer{}, fmt.Errorf("%s: %w", endpoint, err)
	}
	switch envelope.Type {
	case "", "LogicError", "DataBaseException", "AccessRightsException":
		return answer{envelope.Data, envelope.Type, envelope.Message}, nil
	}
	return answer{}, fmt.Errorf("%s: status %d: %s", endpoint, response.StatusCode, got)
}

// connect opens a pool of n connections of the owner, for whom the clock stands still at now.
func connect(t *testing.T, database *dbtest.DB, n int32, now string) *pgxpool.Pool {
	t.Helper()
	config := poolConfig(t, database, n)
	config.ConnConfig.RuntimeParams["gym.now"] = now
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// connectServer opens a pool of n connections of the server's role, on the true clock.
func connectServer(t *testing.T, database *dbtest.DB, n int32) *pgxpool.Pool {
	t.Helper()
	pool, err := db.ServerPool(
		t.Context(),
		poolConfig(t, database, n),
		db.DefaultRoles().Server,
		patience,
		slog.New(slog.DiscardHandler),
	)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func poolConfig(t *testing.T, database *dbtest.DB, n int32) *pgxpool.Config {
	t.Helper()
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	config.MaxConns = n
	return config
}

// start runs n real servers on the database and gives their addresses.
func start(t *testing.T, database *dbtest.DB, n int) []string {
	t.Helper()
	program, err := dbtest.Program(t.TempDir())
	require.NoError(t, err)
	var clean []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "ENERGY_") && !strings.HasPrefix(entry, "PG") &&
			!strings.HasPrefix(entry, "DATABASE_URL=") {
			clean = append(clean, entry)
		}
	}
	bases := make([]string, n)
	for i := range bases {
		said := new(lines)
		cmd := exec.Command(program, "serve")
		cmd.Dir, cmd.Stderr = t.TempDir(), said
		cmd.Env = append(clean, "DATABASE_URL="+database.URL(), "ENERGY_LISTEN=127.0.0.1:0", "ENERGY_TOKEN="+token,
			"ENERGY_RATE_LIMIT=0", "ENERGY_REQUEST_TIMEOUT="+patience.String())
		require.NoError(t, cmd.Start())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			select {
			case <-ended:
			case <-time.After(time.Minute):
				_ = cmd.Process.Kill()
				<-ended
			}
			if t.Failed() {
				t.Logf("the log of server %d ends so:\n%s", i, said.tail(4000))
			}
		})
		require.Eventually(t, func() bool {
			if found := address.FindStringSubmatch(said.tail(1 << 20)); found != nil {
				bases[i] = "http://" + found[1]
			}
			return bases[i] != "" && isReady(t.Context(), bases[i])
		}, patience, 20*time.Millisecond, "%s", said)
	}
	return bases
}

var address = regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)

func isReady(ctx context.Context, base string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// lines is a log that is read while it is written.
type lines struct{ logtest.Log }

// tail is the end of the text, n bytes at most.
func (l *lines) tail(n int) string {
	text := l.String()
	return text[max(0, len(text)-n):]
}

// farFromTurns gives the gym a zone in which it is now between six and seven in the morning: no month turns, and no
// window opens or closes, while a test runs on the true clock.
func farFromTurns(t *testing.T, owner *pgxpool.Pool) {
	t.Helper()
	ahead := (6 - testclock.Now().UTC().Hour() + 24) % 24 // hours ahead of UTC, 0…23
	zone := fmt.Sprintf("Etc/GMT%+d", -ahead)             // POSIX signs: Etc/GMT-3 is three hours ahead
	if ahead > 12 {
		zone = fmt.Sprintf("Etc/GMT%+d", 24-ahead)
	}
	exec1(t, owner, "select from api.set_setting('time_zone', $1)", zone)
}

// settled waits until nothing is at work in the database any more: what was hung up on may still be.
func settled(t *testing.T, owner *pgxpool.Pool) {
	t.Helper()
	require.Eventually(t, func() bool {
		return scalar[int](t, owner, `select count(*) from pg_stat_activity
		  where datname = current_database() and backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()`) == 0
	}, patience, 20*time.Millisecond)
}

// clean requires that every invariant holds by the pool's clock, and that no deadlock was broken.
func clean(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	rows, err := pool.Query(
		t.Context(),
		"select invariant || ': ' || violations || ' by ' || query from api.audit() where violations <> 0",
	)
	require.NoError(t, err)
	broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, broken)
	require.Zero(
		t,
		scalar[int](t, pool, "select deadlocks from pg_stat_database where datname = current_database()"),
		"deadlocks",
	)
}

func scalar[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	var value T
	require.NoError(t, pool.QueryRow(t.Context(), sql, args...).Scan(&value), sql)
	return value
}

func exec1(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// counts tells afterwards that there was a fight at all.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.of[what]++
}

// crowd is people who each do one thing again and again, all at once.
type crowd struct {
	t     *testing.T
	all   sync.WaitGroup
	began time.Time
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	return &crowd{t: t, began: time.Now()}
}

// do lets person n act: that many times at least, and while enough is not over.
func (c *crowd) do(n, times int, act func(*rand.Rand) error) {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	c.all.Go(func() {
		for i := 0; i < times || time.Since(c.began) < enough; i++ {
			if err := act(random); err != nil {
				c.t.Errorf("person %d: %v", n, err)
				return
			}
		}
	})
}

func (c *crowd) wait() { c.all.Wait() }
