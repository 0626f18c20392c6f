package contention_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// clicks are how many of one person's requests come at once.
const clicks = 8

func TestADoubleClickIsOneClickThroughTheFunctions(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	click(t, database, functions{connectServer(t, database, clicks)})
}

func TestADoubleClickIsOneClickThroughTwoServers(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	click(t, database, twoServers(t, database))
}

func click(t *testing.T, database *dbtest.DB, asker asker) {
	month := makeSmall(t, database)
	exec1(t, database.Owner, "update gym.slots set capacity = 2 where weekday = 0")
	first := map[int]int{} // weekday to slot
	for id, weekday := range month.slots {
		if first[weekday] == 0 || id < first[weekday] {
			first[weekday] = id
		}
	}
	// at once sends the requests of one person and requires that all are answered well and alike
	atOnce := func(student int, lists ...[]int) (answers []string) {
		answers = make([]string, len(lists))
		errs := make([]error, len(lists))
		var all sync.WaitGroup
		for i, list := range lists {
			all.Go(func() {
				a, err := asker.ask(t.Context(), "POST /entry/create", student, map[string]any{"selectedTimes": list})
				answers[i], errs[i] = a.errType+a.message+string(a.data), err
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		return answers
	}
	rowsOf := func(student int) [2]int {
		return [2]int{
			scalar[int](
				t,
				database.Owner,
				"select count(*) from gym.enrolments where user_id = $1 and cancelled_at is null",
				student,
			),
			scalar[int](t, database.Owner, "select count(*) from gym.enrolments where user_id = $1", student),
		}
	}
	same := func(list []int) [][]int { return slices.Repeat([][]int{list}, clicks) }

	// the third and later ones find the Monday full
	for i, student := range database.Users(t, "STUDENT", 4) {
		seats := 2
		if i < 2 {
			seats = 3
		}
		answers := atOnce(student, same([]int{first[2], first[0], first[1]})...)
		require.Len(t, slices.Compact(answers), 1, "%v", answers)
		require.Equal(t, [2]int{seats, seats}, rowsOf(student), "each seat is taken once")

		answers = atOnce(student, same([]int{})...)
		require.Len(t, slices.Compact(answers), 1, "%v", answers)
		require.Equal(t, [2]int{0, seats}, rowsOf(student))
		atOnce(student, same([]int{first[2], first[0], first[1]})...)
		require.Equal(t, [2]int{seats, 2 * seats}, rowsOf(student))
	}

	// the same in another order, all of it full: nobody waits for himself
	exec1(t, database.Owner, "update gym.slots set capacity = greatest(taken, 1)")
	for _, s := range first {
		for scalar[int](t, database.Owner, "select capacity - taken from gym.slots where id = $1", s) > 0 {
			atOnce(database.User(t, "STUDENT"), []int{s})
		}
	}
	for _, student := range database.Users(t, "STUDENT", 40) {
		a, b := []int{first[0], first[1], first[2]}, []int{first[2], first[1], first[0]}
		atOnce(student, a, b, a, b, a, b, a, b)
		require.Equal(t, [2]int{0, 0}, rowsOf(student))
	}
	clean(t, database.Owner)
}
