package contention_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// TestThirtySeatsAreFreedAtOnce: several workers promote at once, while an administrator moves and blocks people who
// wait, and they leave, join and choose anew. No seat is lost, no person is promoted twice, and the audit is clean.
func TestThirtySeatsAreFreedAtOnce(t *testing.T) {
	t.Parallel()
	pool := connect(t, dbtest.New(t), 16, "2026-12-25 13:00")
	exec1(t, pool, `
		insert into gym.users (student_card, firstname, surname, secondname, "group", hid)
		select 800000 + n, 'Анна', '', 'Белова', 'БИ-21', '-' from generate_series(1, 90) n`)
	exec1(
		t,
		pool,
		`insert into gym.slots (month, weekday, starts_at, capacity) values ('2027-01-01', 1, '16:00', 30), ('2027-01-01', 2, '16:00', 60)`,
	)
	slot := scalar[int](t, pool, "select min(id) from gym.slots")
	exec1(
		t,
		pool,
		"insert into gym.enrolments (slot_id, user_id) select $1, id from gym.users where student_card <= 800030 order by id",
		slot,
	)
	exec1(
		t,
		pool,
		"insert into gym.waiting (slot_id, user_id) select $1, id from gym.users where student_card > 800030 order by id",
		slot,
	)
	exec1(t, pool, "update gym.enrolments set cancelled_at = rules.clock() where slot_id = $1", slot)

	var all sync.WaitGroup
	failed := make(chan error, 100)
	do := func(sql string, args ...any) bool {
		var done int
		if err := pool.QueryRow(t.Context(), sql, args...).Scan(&done); err != nil {
			failed <- fmt.Errorf("%s: %w", sql, err)
			return false
		}
		return done > 0
	}
	for range 4 {
		all.Go(func() {
			for do("select wire.ensure_promotions()") {
			}
		})
	}
	person := func(n int) string { return fmt.Sprintf("(select id from gym.users where student_card = %d)", 800000+n) }
	all.Go(func() {
		for n := 31; n <= 40; n++ { // their own new choice of another day
			do(
				"select json_array_length(wire.entry_create("+person(
					n,
				)+", jsonb_build_object('selectedTimes', array[$1::integer]), 'x'))",
				slot+1,
			)
		}
	})
	all.Go(func() {
		for n := 41; n <= 50; n++ {
			do("select (rules.block(" + person(n) + ", 'x', null, null)).id")
		}
	})
	all.Go(func() {
		for n := 51; n <= 60; n++ {
			do("select count(*) from rules.enrol("+person(n)+", $1, null)", slot+1)
		}
	})
	all.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	for do("select wire.ensure_promotions()") {
	}
	require.Equal(
		t,
		30,
		scalar[int](t, pool, "select taken from gym.slots where id = $1", slot),
		"every seat has its person",
	)
	require.Zero(
		t,
		scalar[int](
			t,
			pool,
			"select count(*) from (select position_id from gym.enrolments where position_id is not null group by 1 having count(*) > 1) d",
		),
	)
	require.Zero(t, scalar[int](t, pool, `
		select count(*) from gym.waiting late join gym.waiting first on first.slot_id = late.slot_id and first.place < late.place
		 where late.end_reason = 'promoted' and first.ended_at is null`), "in the order of the list")
	clean(t, pool)
}
