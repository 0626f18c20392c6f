package contention_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// The lessons of these tests: Mondays, Wednesdays and Thursdays of December 2026 at 16:00, looked at from the evening
// of the 18th.
const (
	opening  = "2026-11-25 12:00"
	begin    = "2026-12-01 00:05"
	evening  = "2026-12-18 21:00"
	training = "16:00"
)

// lessons are the dates of the lessons that are over.
func lessons() []string {
	return []string{
		"2026-12-02",
		"2026-12-03",
		"2026-12-07",
		"2026-12-09",
		"2026-12-10",
		"2026-12-14",
		"2026-12-16",
		"2026-12-17",
	}
}

// term is a month in which all students train together three times a week, and hold seats of the next month too.
type term struct {
	owner    *pgxpool.Pool // by the clock of the evening
	students []int
	coaches  []int
	admin    int
	january  []int // slots of the next month, on three weekdays
}

func makeTerm(t *testing.T, database *dbtest.DB, students int, connections int32) *term {
	t.Helper()
	m := &term{
		owner: connect(t, database, connections, evening), students: database.Users(t, "STUDENT", students),
		coaches: database.Users(t, "COACH", 2), admin: database.User(t, "ADMIN"),
	}
	before := connect(t, database, 1, opening)
	exec1(
		t,
		before,
		"insert into gym.months (month, slots_made_at) values ('2026-12-01', now()), ('2027-01-01', now())",
	)
	exec1(
		t,
		before,
		"insert into gym.slots (month, weekday, starts_at, capacity) select m, d, '16:00', 100 from unnest('{2026-12-01,2027-01-01}'::date[]) m, unnest('{0,2,3}'::smallint[]) d",
	)
	exec1(
		t,
		before,
		"insert into gym.enrolments (slot_id, user_id) select s.id, u from unnest($1::integer[]) u, gym.slots s order by u, s.id",
		m.students,
	)
	exec1(t, connect(t, database, 1, begin), "select wire.ensure_marks()")
	rows, err := before.Query(t.Context(), "select id from gym.slots where month = '2027-01-01' order by id")
	require.NoError(t, err)
	m.january, err = pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	exec1(t, m.owner, "select from api.open_enrolment()")
	return m
}

// judged requires that everybody is blocked or not as the marks say, before any job has looked.
func (m *term) judged(t *testing.T) {
	t.Helper()
	rows, err := m.owner.Query(
		t.Context(),
		"select user_id || ': ' || absences::text || coalesce(' blocked by ' || block_id, ' not blocked') from rules.judgements('2026-12-01')",
	)
	require.NoError(t, err)
	missed, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, missed, "people whose block is not what their marks say")
}

func TestTheThirdAbsenceIsNeverMissed(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	const students = 40
	m := makeTerm(t, database, students, 4)
	asker := functions{m.owner}
	exec1(t, m.owner, "update gym.marks set mark = 'absent' where date = '2026-12-02'")

	// the second and the third absence of one person come at the same moment, from two coaches
	for _, student := range m.students {
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, date := range []string{"2026-12-07", "2026-12-09"} {
			mark := scalar[int](
				t,
				m.owner,
				"select id from gym.marks where user_id = $1 and date = $2::date",
				student,
				date,
			)
			all.Go(func() {
				a, err := asker.ask(t.Context(), "PUT /visit/edit", m.coaches[i], map[string]any{"id": mark, "mark": 0})
				if err == nil && !a.ok() {
					err = fmt.Errorf("%s", a.message)
				}
				errs[i] = err
			})
		}
		all.Wait()
		require.Equal(t, make([]error, 2), errs)
	}
	require.Equal(
		t,
		students,
		scalar[int](
			t,
			m.owner,
			"select count(*) from gym.blocks where lifted_at is null and month = '2026-12-01' and cardinality(absences) >= 3",
		),
	)
	require.Equal(t, students, scalar[int](t, m.owner, "select count(*) from gym.users where role = 'BLOCKED'"))
	require.Zero(
		t,
		scalar[int](t, m.owner, "select sum(taken) from gym.slots where month = '2027-01-01'"),
		"their seats of the next month are freed",
	)
	m.judged(t)
	clean(t, m.owner)
}

func TestCoachesMarkWhileBlocksFall(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 30, 24)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	asker := functions{m.owner}
	said := new(counts)
	ask := func(what, endpoint string, actor int, body any) error {
		a, err := asker.ask(ctx, endpoint, actor, body)
		switch {
		case err != nil:
			return err
		case a.ok():
			said.add(what)
		default:
			said.add(what + ": " + a.errType)
		}
		return nil
	}

	people := newCrowd(t)
	lesson := func(random *rand.Rand) string { return lessons()[random.IntN(len(lessons()))] }
	somebody := func(random *rand.Rand) int { return m.students[random.IntN(len(m.students))] }

	for i := range 4 { // the two coaches, each at two desks: the same lessons and different ones
		people.do(i, 20, func(random *rand.Rand) error {
			present := slices.DeleteFunc(slices.Clone(m.students), func(int) bool { return random.IntN(3) == 0 })
			return ask(
				"lesson marked",
				"POST /visit/mark-lesson",
				m.coaches[i%2],
				map[string]any{"date": lesson(random), "time": training, "present": present},
			)
		})
	}
	for i := range 2 {
		people.do(10+i, 50, func(random *rand.Rand) error {
			var mark int
			err := m.owner.QueryRow(ctx, "select id from gym.marks where user_id = $1 and date = $2::date", somebody(random), lesson(random)).
				Scan(&mark)
			if err != nil {
				return err
			}
			return ask("mark set", "PUT /visit/edit", m.coaches[i], map[string]any{"id": mark, "mark": random.IntN(3)})
		})
	}
	people.do(20, 10, func(random *rand.Rand) error {
		date := lesson(random)
		if err := ask("lesson cancelled", "POST /visit/cancel-lesson", m.coaches[0], map[string]any{"date": date, "time": training}); err != nil {
			return err
		}
		return ask(
			"lesson restored",
			"POST /visit/restore-lesson",
			m.coaches[0],
			map[string]any{"date": date, "time": training},
		)
	})
	for i := range 8 { // students change their minds about January, and some find themselves blocked
		people.do(30+i, 50, func(random *rand.Rand) error {
			some := slices.DeleteFunc(slices.Clone(m.january), func(int) bool { return random.IntN(3) == 0 })
			return ask(
				"chosen",
				"POST /entry/create",
				somebody(random),
				map[string]any{"selectedTimes": append([]int{}, some...)},
			)
		})
	}
	people.do(40, 10, func(random *rand.Rand) error {
		_, err := m.owner.Exec(
			ctx,
			"select from api.forgive(person => $1, date => $2::date, reason => 'справка')",
			somebody(random),
			lesson(random),
		)
		var pgErr *pgconn.PgError
		if errors.As(err, &pgErr) && pgErr.ConstraintName == "user_not_found" {
			return nil // deleted at the moment
		}
		said.add("forgiven")
		return err
	})
	people.do(50, 10, func(random *rand.Rand) error {
		id := somebody(random)
		if err := ask("user deleted", "DELETE /user/delete-any", m.admin, map[string]any{"id": id}); err != nil {
			return err
		}
		_, err := m.owner.Exec(ctx, "select from api.restore_user(person => $1)", id)
		return err
	})
	people.do(60, 10, func(*rand.Rand) error {
		_, err := m.owner.Exec(ctx, "select wire.ensure_blocks()")
		said.add("judged")
		return err
	})
	people.wait()

	settled(t, database.Owner)
	t.Logf("%v", said.of)
	for _, what := range []string{"lesson marked", "mark set", "lesson cancelled", "lesson restored", "chosen", "chosen: LogicError", "forgiven", "user deleted", "judged"} {
		require.Positive(t, said.of[what], "it never happened: %s", what)
	}
	for _, event := range []string{"blocked", "unblocked", "seat freed"} {
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
