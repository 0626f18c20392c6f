package contention_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// TestAFreedSeatIsPromotedWithinTwoSeconds: two servers work the queue of promotions, while seats are given up one by
// one.
func TestAFreedSeatIsPromotedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool := database.Owner
	exec1(t, pool, `
		insert into gym.users (student_card, firstname, surname, secondname, "group", hid)
		select 800000 + n, 'Анна', '', 'Белова', 'БИ-21', '-' from generate_series(1, 80) n`)
	exec1(t, pool, `
		insert into gym.slots (month, weekday, starts_at, capacity) select rules.next_month() + interval '1 month', 1, '16:00', 40`)
	slot := scalar[int](t, pool, "select min(id) from gym.slots")
	exec1(
		t,
		pool,
		"insert into gym.enrolments (slot_id, user_id) select $1, id from gym.users where student_card <= 800040 order by id",
		slot,
	)
	exec1(
		t,
		pool,
		"insert into gym.waiting (slot_id, user_id) select $1, id from gym.users where student_card > 800040 order by id",
		slot,
	)
	start(t, database, 2)
	var took []time.Duration
	for n := range 40 {
		exec1(t, pool, `update gym.enrolments set cancelled_at = rules.clock() where slot_id = $1 and user_id =
			(select id from gym.users where student_card = $2)`, slot, 800001+n)
		freed := time.Now()
		require.Eventually(t, func() bool {
			return scalar[int](t, pool, "select count(*) from gym.enrolments where position_id is not null") == n+1
		}, time.Minute, 5*time.Millisecond)
		took = append(took, time.Since(freed))
	}
	slices.Sort(took)
	require.Less(t, took[20], 2*time.Second)
	t.Logf("from the release of a seat to the promotion: median %s, longest %s", took[20], took[39])
	clean(t, pool)
}
