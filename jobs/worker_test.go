package jobs_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
	"energiya/jobs"
)

// begin opens a transaction that ends with the test, in which the gym's clock shows now.
func begin(t *testing.T, database *dbtest.DB, now string) pgx.Tx {
	t.Helper()
	tx, err := database.Owner.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	at(t, tx, now)
	return tx
}

func at(t *testing.T, tx pgx.Tx, now string) {
	t.Helper()
	_, err := tx.Exec(t.Context(), "select set_config('gym.now', $1, true)", now)
	require.NoError(t, err)
}

func exec(t *testing.T, tx pgx.Tx, sql string) {
	t.Helper()
	_, err := tx.Exec(t.Context(), sql)
	require.NoError(t, err)
}

// one is the single value that a query gives.
func one[T any](t *testing.T, db jobs.DB, sql string, args ...any) T {
	t.Helper()
	var value T
	require.NoError(t, db.QueryRow(t.Context(), sql, args...).Scan(&value))
	return value
}

// work works one job of the kind in the transaction and gives the number of things done, as its row has it.
func work[T river.JobArgs](t *testing.T, tx pgx.Tx, args T) int {
	t.Helper()
	worker := jobs.NewWorker[T](tx, slog.New(slog.DiscardHandler), "select wire."+args.Kind()+"()")
	result, err := rivertest.NewWorker(t, riverpgxv5.New(nil), &river.Config{Schema: "river"}, worker).
		Work(t.Context(), t, tx, args, nil)
	require.NoError(t, err)
	require.Equal(t, river.EventKindJobCompleted, result.EventKind)
	done, err := strconv.Atoi(string(result.Job.Output()))
	require.NoError(t, err)
	return done
}

func TestEnsureSlots(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t), "2026-11-19 23:59")
	args := jobs.EnsureSlots{Args: jobs.Args{Period: "2026-11-19 23"}}
	require.Zero(t, work(t, tx, args), "the 19th is too early")
	at(t, tx, "2026-11-27 08:00")
	require.Equal(t, 24, work(t, tx, args), "down from the 19th to the 27th")
	require.True(t, one[bool](t, tx, "select is_open from rules.enrolment_window()"), "enrolment is open")
	exec(t, tx, "update gym.slots set deleted_at = now() where id = (select min(id) from gym.slots)")
	require.Zero(t, work(t, tx, args), "what was deleted stays deleted")
	at(t, tx, "2027-01-31 08:00")
	require.Equal(t, 24+24, work(t, tx, args), "down since November: this month's, late, and the next month's")
	require.Equal(
		t,
		"2027-02-01",
		one[string](t, tx, "select max(month)::text from gym.slots"),
		"on the 31st next month is February",
	)
}

// enrolled makes a student who is enrolled for the Mondays of November 2026, and gives the id.
func enrolled(t *testing.T, database *dbtest.DB, tx pgx.Tx) int {
	t.Helper()
	student := database.User(t, "STUDENT")
	slot := one[int](
		t,
		tx,
		"insert into gym.slots (month, weekday, starts_at, capacity) values ('2026-11-01', 0, '16:00', 12) returning id",
	)
	_, err := tx.Exec(t.Context(), "insert into gym.enrolments (slot_id, user_id) values ($1, $2)", slot, student)
	require.NoError(t, err)
	return student
}

func TestEnsureMarks(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	tx := begin(t, database, "2026-10-26 12:00")
	enrolled(t, database, tx)
	args := jobs.EnsureMarks{Args: jobs.Args{Period: "2026-10-31 23"}}
	at(t, tx, "2026-10-31 23:59")
	require.Zero(t, work(t, tx, args), "the month has not begun")
	at(t, tx, "2026-11-12 08:00")
	require.Equal(t, 5, work(t, tx, args), "down over the turn of the month: marks for the whole month")
	require.Zero(t, work(t, tx, args), "once")
}

func TestEnsureBlocks(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	tx := begin(t, database, "2026-10-26 12:00")
	student := enrolled(t, database, tx)
	at(t, tx, "2026-11-16 21:00")
	require.Equal(t, 5, work(t, tx, jobs.EnsureMarks{}))
	exec(t, tx, "select rules.set_mark(id, 'absent', null) from gym.marks where date <= '2026-11-16'")
	require.Zero(t, work(t, tx, jobs.EnsureBlocks{}), "the third absence counts from the day after")
	at(t, tx, "2026-11-17 00:00")
	require.Positive(t, work(t, tx, jobs.EnsureBlocks{}))
	const role = "select role::text from gym.users where id = $1"
	require.Equal(t, "BLOCKED", one[string](t, tx, role, student))
	require.Zero(t, work(t, tx, jobs.EnsureBlocks{}), "once")
	at(t, tx, "2026-12-01 00:00")
	require.Positive(t, work(t, tx, jobs.EnsureBlocks{}))
	require.Equal(t, "STUDENT", one[string](t, tx, role, student), "a block lasts to the end of its month")
}

func TestEnsureTurns(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t), "2026-11-23 12:00")
	exec(t, tx, "select api.open_enrolment()")
	at(t, tx, "2026-11-25 11:59")
	require.Zero(t, work(t, tx, jobs.EnsureTurns{}))
	at(t, tx, "2026-11-25 12:00")
	require.Equal(t, 1, work(t, tx, jobs.EnsureTurns{}))
	require.Zero(t, work(t, tx, jobs.EnsureTurns{}), "once")
}

func TestCleanUp(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t), "2026-11-23 12:00")
	exec(t, tx, "select api.open_enrolment()")
	at(t, tx, "2026-11-26 12:00")
	require.Equal(t, 1, work(t, tx, jobs.EnsureTurns{}))
	require.Zero(t, work(t, tx, jobs.CleanUp{}), "it has only just expired")
	at(t, tx, "2028-11-26 12:00")
	require.Equal(t, 1, work(t, tx, jobs.CleanUp{}))
	require.Zero(t, work(t, tx, jobs.CleanUp{}), "once")
}

func TestAWorkerCallsAgainUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	tx := begin(t, dbtest.New(t), "2026-11-24 22:00")
	exec(t, tx, "create temp table portions (done integer); insert into portions values (1000), (1000), (7), (0)")
	exec(t, tx, `create or replace function wire.ensure_blocks() returns integer language sql as
		'delete from pg_temp.portions where ctid = (select min(ctid) from pg_temp.portions) returning done'`)
	require.Equal(t, 2007, work(t, tx, jobs.EnsureBlocks{}))
	require.Zero(t, one[int](t, tx, "select count(*) from portions"))
}

func TestAFailedJobIsRetriedAndHasDoneNothing(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	exec := func(sql string) {
		_, err := database.Owner.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	exec("alter function wire.clean_up() rename to clean_up_as_it_was")
	exec(`create function wire.clean_up() returns integer language plpgsql as
		$$ begin insert into gym.posts (kind, body, created_at) values ('news', 'half', now()); return 1 / 0; end $$`)
	log := new(logged)
	run(t, database.Owner, log)

	soon(t, func() bool {
		return one[int](
			t,
			database.Owner,
			"select count(*) from api.jobs('clean_up') where attempt > 0 and error like '%division by zero%'",
		) == 1
	})
	require.Zero(t, one[int](t, database.Owner, "select count(*) from gym.posts"), "nothing half done")
	require.Contains(
		t,
		one[string](
			t,
			database.Owner,
			"select string_agg(result, ' ') from api.schedule() where what = 'job clean_up'",
		),
		"/7: division by zero",
	)
	soon(t, func() bool { return log.has("job failed", "division by zero") })

	exec("drop function wire.clean_up(); alter function wire.clean_up_as_it_was() rename to clean_up")
	soon(t, func() bool { return one[string](t, database.Owner, "select state from api.jobs('clean_up')") == "done" })
	require.Greater(t, one[int](t, database.Owner, "select attempt from api.jobs('clean_up')"), 1)
	require.Equal(
		t,
		rivertype.JobStateCompleted,
		rivertype.JobState(
			one[string](t, database.Owner, "select state::text from river.river_job where kind = 'clean_up'"),
		),
	)
}
