package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/logtest"
	"energiya/jobs"
)

// logged is a log that is read while it is written.
type logged struct{ logtest.Log }

// has tells whether some line holds all parts.
func (l *logged) has(parts ...string) bool {
	for line := range strings.Lines(l.String()) {
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

func ready(context.Context) error { return nil }

// run runs a runner until the test ends, or stop is called, which waits for it.
func run(t *testing.T, pool *pgxpool.Pool, log *logged) (stop func()) {
	t.Helper()
	return runWith(
		t,
		jobs.Options{
			Pool:     pool,
			Ready:    ready,
			SoftStop: 5 * time.Second,
			Logger:   slog.New(slog.NewTextHandler(log, nil)),
		},
	)
}

func runWith(t *testing.T, o jobs.Options) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	runner, err := jobs.New(ctx, o)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runner.Run(ctx, context.Background())
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// soon waits for what must come true, for as long as a machine that is busy with other things may need.
func soon(t *testing.T, true func() bool) {
	t.Helper()
	require.Eventually(t, true, time.Minute, 20*time.Millisecond)
}

// sqlAllDone: the promotions are wanted anew with each minute.
const sqlAllDone = "select count(distinct job) = 6 and bool_and(state = 'done') from api.jobs()"

func TestRiverMigrations(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	migrator := func(schema string) *rivermigrate.Migrator[pgx.Tx] {
		m, err := rivermigrate.New(
			riverpgxv5.New(database.Owner),
			&rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)},
		)
		require.NoError(t, err)
		return m
	}
	result, err := migrator("river").Validate(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, result.OK, "River wants newer migrations, each as a file of db/migrations: %v", result.Messages)

	// and what our files made is what River itself would have made
	_, err = database.Owner.Exec(t.Context(), "create schema rivers_own")
	require.NoError(t, err)
	_, err = migrator("rivers_own").Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	look := func(schema string) []string {
		rows, err := database.Owner.Query(t.Context(), `
			select replace(line, $1 || '.', '') from (
				select format('%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) as line
				  from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
				  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
				 where c.relnamespace = $1::regnamespace
				union all select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = $1::regnamespace
				union all select format('%s %s', c.conname, pg_get_constraintdef(c.oid)) from pg_constraint c where c.connamespace = $1::regnamespace
				union all select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = $1::regnamespace
				union all select format('%s %s', e.enumsortorder, e.enumlabel) from pg_enum e join pg_type y on y.oid = e.enumtypid where y.typnamespace = $1::regnamespace
				union all select format('trigger %s', g.tgname) from pg_trigger g join pg_class c on c.oid = g.tgrelid where c.relnamespace = $1::regnamespace
			) l order by 1`, schema)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return lines
	}
	require.Equal(t, look("rivers_own"), look("river"))
}

func TestTheJobsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	run(t, database.Owner, new(logged))
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })
	require.Equal(t, one[string](t, database.Owner, "select string_agg(job, ' ' order by job) from rules.jobs"),
		one[string](t, database.Owner, "select string_agg(distinct kind, ' ' order by kind) from river.river_job"))
	_, err := database.Owner.Exec(t.Context(), "select api.run_now(job) from rules.jobs")
	require.NoError(t, err)
	require.Equal(t, 1, one[int](t, database.Owner, "select count(distinct max_attempts) from river.river_job"),
		"jobs of the schedule and of api.run_now have the same number of attempts")
}

func TestManyServersRunEachPeriodOnce(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	serve := func() (stop func()) { return run(t, database.At(t, "2026-11-24 22:30"), new(logged)) }
	var stops []func()
	for range 3 {
		stops = append(stops, serve())
	}
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })
	for _, stop := range stops {
		stop()
	}
	// the next one finds the hour's jobs done: its tries leave gaps in the sequence
	const sqlTried = "select last_value::integer from river.river_job_id_seq"
	before := one[int](t, database.Owner, sqlTried)
	serve()
	soon(t, func() bool { return one[int](t, database.Owner, sqlTried) >= before+6 })
	require.Equal(
		t,
		5,
		one[int](t, database.Owner, "select count(*) from river.river_job where kind <> 'ensure_promotions'"),
	)
	require.Equal(
		t,
		5,
		one[int](
			t,
			database.Owner,
			"select count(*) from api.jobs() where state = 'done' and job <> 'ensure_promotions' and period = '2026-11-24 22' and attempt = 1",
		),
	)
	require.Equal(t, 24, one[int](t, database.Owner, "select count(*) from gym.slots where month = '2026-12-01'"))
	require.Equal(t, 24, one[int](t, database.Owner, "select done from api.jobs('ensure_slots')"))
}

func TestAJobOfAKilledServerIsRescued(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		insert into river.river_job (kind, args, state, attempt, max_attempts, attempted_at, attempted_by)
		values ('ensure_slots', '{"period": "of the killed"}', 'running', 1, 7, now() - interval '6 minutes 1 second', '{killed}'),
		       ('ensure_turns', '{"period": "of one that lives"}', 'running', 1, 7, now() - interval '4 minutes', '{alive}')`)
	require.NoError(t, err)
	run(t, database.Owner, new(logged))
	const sqlState = "select state || ' ' || attempt from api.jobs() where period = $1"
	soon(t, func() bool { return one[string](t, database.Owner, sqlState, "of the killed") == "done 2" })
	require.Equal(t, "running 1", one[string](t, database.Owner, sqlState, "of one that lives"))
}

func TestAStopPutsARunningJobBack(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	held, err := database.Owner.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = held.Rollback(context.Background()) }()
	_, err = held.Exec(t.Context(), "lock table gym.manual_turns in access exclusive mode")
	require.NoError(t, err)

	log := new(logged)
	const sqlNamed = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name ~ '^/ensure_turns/\\d+$'"
	stop := runWith(
		t,
		jobs.Options{
			Pool:     database.At(t, "2026-11-24 22:30"),
			Ready:    ready,
			SoftStop: 100 * time.Millisecond,
			Logger:   slog.New(slog.NewTextHandler(log, nil)),
		},
	)
	const sqlState = "select state || ' ' || attempt from rules.runs where job = 'ensure_turns'"
	soon(t, func() bool {
		return one[int](
			t,
			database.Owner,
			"select count(*) from rules.runs where job = 'ensure_turns' and state = 'running'",
		) == 1
	})
	// before the stroke stands the pool's name, of which a test's has none
	soon(t, func() bool { return one[int](t, database.Owner, sqlNamed) == 1 })
	stop()
	require.Equal(t, "waits 0", one[string](t, database.Owner, sqlState))
	require.False(t, log.has("job failed"))

	require.NoError(t, held.Rollback(t.Context()))
	run(t, database.At(t, "2026-11-24 22:30"), new(logged))
	soon(t, func() bool { return one[string](t, database.Owner, sqlState) == "done 1" })
}

func TestAHardStopDoesNotWait(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	held, err := database.Owner.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = held.Rollback(context.Background()) }()
	_, err = held.Exec(t.Context(), "lock table gym.manual_turns in access exclusive mode")
	require.NoError(t, err)

	work, cut := context.WithCancel(t.Context())
	ctx, stop := context.WithCancel(work)
	defer stop()
	runner, err := jobs.New(
		ctx,
		jobs.Options{Pool: database.Owner, Ready: ready, SoftStop: time.Hour, Logger: slog.New(slog.DiscardHandler)},
	)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); runner.Run(ctx, work) }()
	soon(t, func() bool {
		return one[int](
			t,
			database.Owner,
			"select count(*) from rules.runs where job = 'ensure_turns' and state = 'running'",
		) == 1
	})
	cut()
	soon(t, func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
}

// login makes a log-in of the server's own, as a DBA would.
func login(t *testing.T, database *dbtest.DB) *pgxpool.Config {
	t.Helper()
	name := fmt.Sprintf("t%d_jobs", os.Getpid())
	ctx := context.Background()
	_, err := database.Owner.Exec(
		ctx,
		fmt.Sprintf("create role %s login password 'only of a test' in role %s", name, db.DefaultRoles().Server),
	)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := database.Owner.Exec(ctx, "drop role "+name)
		require.NoError(t, err)
	})
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	config.ConnConfig.User, config.ConnConfig.Password = name, "only of a test"
	return config
}

func TestRunNowUnderTheServersOwnRights(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool, err := jobs.OpenPool(t.Context(), login(t, database), db.DefaultRoles().Server)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	log := new(logged)
	run(t, pool, log)
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })

	require.Equal(
		t,
		"a server, at once",
		one[string](t, database.Owner, "select worked_by from api.run_now('ensure_slots')"),
	)
	soon(t, func() bool {
		return one[int](
			t,
			database.Owner,
			"select count(*) from api.jobs('ensure_slots') where state = 'done' and by = session_user",
		) == 1
	})
	require.False(t, log.has("level=ERROR"), log)
	require.Equal(
		t,
		db.DefaultRoles().Server,
		one[string](t, pool, "select current_user::text"),
		"the listener's connection is made as all others",
	)
	_, err = pool.Exec(t.Context(), "select from river.river_migration")
	require.ErrorContains(t, err, "permission denied")
	_, err = pool.Exec(t.Context(), "create table river.mine ()")
	require.ErrorContains(t, err, "permission denied")
}

// The database's clock is 15 minutes behind the server's: for River too, whose queries find this now() first.
func TestJobsRunByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		create schema behind;
		create function behind.now() returns timestamptz language sql stable as
		$$ select pg_catalog.now() - interval '15 minutes' $$`)
	require.NoError(t, err)
	config := database.Owner.Config().Copy()
	config.ConnConfig.RuntimeParams["search_path"] = "behind, pg_catalog, gym, api, public"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	run(t, pool, new(logged))
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })
}

// A word on River's control channel, which any role may send, would stop the jobs of a River that listens.
func TestNobodyStopsTheJobsByNotify(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	run(t, database.Owner, new(logged))
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })
	require.Zero(t, one[int](t, database.Owner, `
		select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'`))
	_, err := database.Owner.Exec(
		t.Context(),
		`select pg_notify('river.river_control', '{"action":"pause","queue":"*"}')`,
	)
	require.NoError(t, err)
	_, err = database.Owner.Exec(t.Context(), "select api.run_now('clean_up')")
	require.NoError(t, err)
	soon(t, func() bool {
		return one[int](
			t,
			database.Owner,
			"select count(*) from api.jobs('clean_up') where state = 'done' and by = session_user",
		) == 1
	})
}

func TestTheRunnerWaitsUntilReady(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	var asked sync.WaitGroup
	asked.Add(2)
	var once int
	o := jobs.Options{
		Pool:     database.Owner,
		SoftStop: time.Second,
		Logger:   slog.New(slog.DiscardHandler),
		Ready: func(context.Context) error {
			if once < 2 {
				once++
				asked.Done()
				return errors.New("not yet")
			}
			return nil
		},
	}
	runWith(t, o)
	asked.Wait()
	soon(t, func() bool { return one[bool](t, database.Owner, sqlAllDone) })
}

func TestTheRunnerOutlivesADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig("postgres://nobody@127.0.0.1:1/nowhere")
	require.NoError(t, err)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	log := new(logged)
	stop := run(t, pool, log)
	soon(t, func() bool { return log.has("jobs can't be worked yet", "connection refused") })
	stop()
}
