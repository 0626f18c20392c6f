package contention_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// TestAdministratorsMoveThingsWhileStudentsChoose: slots change places, weekdays and sizes, accounts become one,
// seats are moved and forced, the limit falls and rises, by several administrators in psql, while students choose and
// coaches mark.
func TestAdministratorsMoveThingsWhileStudentsChoose(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 24, 32)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	// a January of few seats, with two slots on some weekdays, so that moves collide
	exec1(t, m.owner, `
		insert into gym.slots (month, weekday, starts_at, capacity) select '2027-01-01', d, at, 4 from unnest('{0,1,4}'::smallint[]) d, unnest('{17:30,19:00}'::time[]) at`)
	var january []int
	require.NoError(
		t,
		m.owner.QueryRow(ctx, "select array_agg(id) from gym.slots where month = '2027-01-01'").Scan(&january),
	)
	exec1(t, m.owner, `update gym.users set "group" = 'ГР-' || id % 5`)
	said := new(counts)

	// in psql: what a rule refuses is no failure, what breaks is
	call := func(what, sql string, args ...any) error {
		_, err := m.owner.Exec(ctx, sql, args...)
		var pgErr *pgconn.PgError
		switch {
		case errors.As(err, &pgErr) && (pgErr.Code[:2] == "EN" || pgerrcode.IsIntegrityConstraintViolation(pgErr.Code)):
			said.add(what + ": refused")
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		default:
			said.add(what)
		}
		return nil
	}
	slot := func(random *rand.Rand) int { return january[random.IntN(len(january))] }
	student := func(random *rand.Rand) int { return m.students[random.IntN(len(m.students))] }

	people := newCrowd(t)
	asker := functions{m.owner}
	for i := range 12 {
		people.do(i, 40, func(random *rand.Rand) error {
			some := slices.Clone(january)
			random.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
			a, err := asker.ask(
				ctx,
				"POST /entry/create",
				student(random),
				map[string]any{"selectedTimes": some[:random.IntN(4)]},
			)
			said.add("chosen " + a.errType)
			return err
		})
	}
	for i := range 2 {
		people.do(20+i, 10, func(random *rand.Rand) error {
			date := lessons()[random.IntN(len(lessons()))]
			present := slices.DeleteFunc(slices.Clone(m.students), func(int) bool { return random.IntN(4) == 0 })
			a, err := asker.ask(
				ctx,
				"POST /visit/mark-lesson",
				m.coaches[i],
				map[string]any{"date": date, "time": training, "present": present},
			)
			said.add("marked " + a.errType)
			return err
		})
	}
	for i := range 2 {
		people.do(30+i, 20, func(random *rand.Rand) error {
			return call(
				"swapped",
				"select from api.swap_slots(slot => $1, with_slot => $2, force => $3)",
				slot(random),
				slot(random),
				random.IntN(2) == 0,
			)
		})
		people.do(40+i, 20, func(random *rand.Rand) error {
			return call("slot moved", "select from api.edit_slot(slot => $1, new_day => $2, new_at => $3, force => $4)",
				slot(random), fmt.Sprint(random.IntN(7)), fmt.Sprintf("%d:00", 8+random.IntN(12)), random.IntN(2) == 0)
		})
		people.do(50+i, 20, func(random *rand.Rand) error {
			return call(
				"slot resized",
				"select from api.edit_slot(slot => $1, new_seats => $2, force => $3)",
				slot(random),
				1+random.IntN(6),
				random.IntN(2) == 0,
			)
		})
		people.do(60+i, 20, func(random *rand.Rand) error {
			return call(
				"enrolled by force",
				"select from api.enrol(person => $1, slot => $2, force => true)",
				student(random),
				slot(random),
			)
		})
		people.do(70+i, 20, func(random *rand.Rand) error {
			return call("seat moved", `
				select from api.move_enrolment(enrolment => (select min(id) from gym.enrolments where user_id = $1 and month = '2027-01-01' and cancelled_at is null),
				                               to_slot => $2, force => $3)`, student(random), slot(random), random.IntN(2) == 0)
		})
		// the account that is merged is restored, to be merged again
		people.do(80+i, 20, func(random *rand.Rand) error {
			from, into := student(random), student(random)
			if err := call("forgiven ahead", "select from api.forgive(person => $1, date => '2026-12-21'::date + $2::integer, reason => 'справка')", from, random.IntN(9)); err != nil {
				return err
			}
			if err := call("merged", "select from api.merge_users(person => $1, into_person => $2)", from, into); err != nil {
				return err
			}
			return call("restored", "select from api.restore_user(person => $1)", from)
		})
	}
	people.do(90, 10, func(random *rand.Rand) error {
		return call(
			"group enrolled",
			"select from api.enrol_group('ГР-' || $1, slot => $2, force => $3)",
			fmt.Sprint(random.IntN(5)),
			slot(random),
			random.IntN(2) == 0,
		)
	})
	people.do(91, 10, func(random *rand.Rand) error {
		return call(
			"limit changed",
			"select from api.set_setting('slots_per_student', $1)",
			fmt.Sprint(1+random.IntN(4)),
		)
	})
	people.do(92, 10, func(random *rand.Rand) error {
		return call("unblocked", "select from api.unblock(person => $1, reason => 'прощено')", student(random))
	})
	people.wait()

	settled(t, database.Owner)
	t.Logf("%v", said.of)
	for _, what := range []string{"chosen ", "chosen LogicError", "marked ", "swapped", "slot moved", "slot moved: refused", "slot resized",
		"enrolled by force", "seat moved", "merged", "restored", "group enrolled", "limit changed"} {
		require.Positive(t, said.of[what], "it never happened: %s", what)
	}
	for _, event := range []string{"blocked", "unblocked", "seat freed", "forced"} {
		require.Positive(
			t,
			scalar[int](t, m.owner, "select count(*) from gym.ledger where event = $1", event),
			"it never happened: %s",
			event,
		)
	}
	m.judged(t)
	clean(t, m.owner)
}

// TestForceWaitsForNoSlotOutOfOrder: the slot that somebody is forced into comes to the weekday of one that he holds,
// in the very moment. The one he holds is given up, and has the lower id: it must be locked before, whatever the
// weekday was.
func TestForceWaitsForNoSlotOutOfOrder(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 1, 8)
	held := scalar[int](t, m.owner, "select id from gym.slots where month = '2027-01-01' and weekday = 0")
	wanted := scalar[int](
		t,
		m.owner,
		"insert into gym.slots (month, weekday, starts_at, capacity) values ('2027-01-01', 4, '17:30', 4) returning id",
	)
	require.Less(t, held, wanted)
	lock := func(tx pgx.Tx, slot int) {
		t.Helper()
		_, err := tx.Exec(t.Context(), "select from gym.slots where id = $1 for no key update", slot)
		require.NoError(t, err)
	}

	mover, other := transaction(t, m.owner), transaction(t, m.owner)
	_, err := mover.Exec(t.Context(), "select from api.edit_slot(slot => $1, new_day => 'Mon')", wanted)
	require.NoError(t, err)
	lock(other, held)
	forced := make(chan error, 1)
	go func() {
		_, err := m.owner.Exec(
			t.Context(),
			"select from api.enrol(person => $1, slot => $2, force => true)",
			m.students[0],
			wanted,
		)
		forced <- err
	}()
	awaitLocked(t, database.Owner, 1)
	require.NoError(t, mover.Commit(t.Context()))
	awaitLocked(t, database.Owner, 1)
	lock(other, wanted) // in order: nobody who waits for the first may hold the second
	require.NoError(t, other.Rollback(t.Context()))
	require.NoError(t, <-forced)
	require.Equal(
		t,
		wanted,
		scalar[int](
			t,
			m.owner,
			"select slot_id from gym.enrolments where user_id = $1 and month = '2027-01-01' and weekday = 0 and cancelled_at is null",
			m.students[0],
		),
	)
	clean(t, m.owner)
}

// TestMoveWaitsForNoSlotOutOfOrder: whoever moves a seat waits for the person, and meanwhile the seat is moved
// elsewhere.
func TestMoveWaitsForNoSlotOutOfOrder(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 1, 8)
	slot := func(weekday int) int {
		return scalar[int](
			t,
			m.owner,
			"insert into gym.slots (month, weekday, starts_at, capacity) values ('2027-01-01', $1, '17:30', 4) returning id",
			weekday,
		)
	}
	elsewhere, wanted := slot(4), slot(5)
	seat := scalar[int](
		t,
		m.owner,
		"select id from gym.enrolments where user_id = $1 and month = '2027-01-01' and weekday = 0",
		m.students[0],
	)
	exec := func(tx pgx.Tx, sql string, args ...any) {
		t.Helper()
		_, err := tx.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	const lock = "select from gym.slots where id = $1 for no key update"

	const lockPerson = "select rules.lock_people(array[$1::integer])"
	first, second, other := transaction(t, m.owner), transaction(t, m.owner), transaction(t, m.owner)
	exec(first, lockPerson, m.students[0])
	locked, moved := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := second.Exec(t.Context(), lockPerson, m.students[0])
		locked <- err
	}()
	awaitLocked(t, database.Owner, 1)
	go func() {
		_, err := m.owner.Exec(
			t.Context(),
			"select from api.move_enrolment(enrolment => $1, to_slot => $2)",
			seat,
			wanted,
		)
		moved <- err
	}()
	awaitLocked(t, database.Owner, 2)
	exec(first, "update gym.enrolments set slot_id = $2 where id = $1", seat, elsewhere)
	require.NoError(t, first.Commit(t.Context()))
	require.NoError(t, <-locked)
	exec(other, lock, elsewhere)
	require.NoError(t, second.Rollback(t.Context()))
	require.Eventually(t, func() bool {
		return scalar[int](
			t,
			database.Owner,
			"select count(*) from pg_stat_activity where $1 = any (pg_blocking_pids(pid))",
			other.Conn().PgConn().PID(),
		) == 1
	}, patience, 10*time.Millisecond)
	exec(other, lock, wanted) // in order: nobody who waits for the first may hold the second
	require.NoError(t, other.Rollback(t.Context()))
	require.NoError(t, <-moved)
	require.Equal(
		t,
		1,
		scalar[int](
			t,
			m.owner,
			"select count(*)::integer from gym.enrolments where user_id = $1 and slot_id = $2 and cancelled_at is null",
			m.students[0],
			wanted,
		),
	)
	clean(t, m.owner)
}

// TestWhoForgivesHoldsThePersonFirst: whoever makes two accounts one holds both people, and then forgives the one
// what the other was forgiven.
func TestWhoForgivesHoldsThePersonFirst(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 1, 8)
	const pardon = "insert into gym.pardons (user_id, date, reason, made_at) values ($1, '2026-12-21', 'справка', rules.clock())"
	merger := transaction(t, m.owner)
	_, err := merger.Exec(t.Context(), "select from gym.users where id = $1 for no key update", m.students[0])
	require.NoError(t, err)
	forgiven := make(chan error, 1)
	go func() {
		_, err := m.owner.Exec(
			t.Context(),
			"select from api.forgive(person => $1, date => '2026-12-21', reason => 'справка')",
			m.students[0],
		)
		forgiven <- err
	}()
	awaitLocked(t, database.Owner, 1)
	_, err = merger.Exec(t.Context(), pardon, m.students[0])
	require.NoError(t, err)
	require.NoError(t, merger.Commit(t.Context()))
	require.NoError(t, <-forgiven, "it was forgiven already")
	require.Equal(
		t,
		"excused",
		scalar[string](
			t,
			m.owner,
			"select mark::text from gym.marks where user_id = $1 and date = '2026-12-21'",
			m.students[0],
		),
	)
	require.Equal(t, 1, scalar[int](t, m.owner, "select count(*)::integer from gym.pardons"))
	clean(t, m.owner)
}

func transaction(t *testing.T, pool *pgxpool.Pool) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(
		func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) },
	) // where the test fails; the pool would wait for it
	return tx
}

// awaitLocked waits until so many wait for a lock.
func awaitLocked(t *testing.T, owner *pgxpool.Pool, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		return scalar[int](
			t,
			owner,
			"select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
		) == n
	}, patience, 10*time.Millisecond)
}
