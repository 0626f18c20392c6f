package past_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/internal/crowd/past"
	"energiya/internal/dbtest"
)

func TestMonthsPastArePlayedOnce(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	o := past.Options{Students: database.Users(t, "STUDENT", 150), Coach: database.User(t, "COACH"), Seed: 1}
	// somebody who is none of the players holds a seat of the month before this one
	other := database.User(t, "STUDENT")
	var opened string
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), "select ((rules.this_month() - interval '2 months')::date + 25)::text").
			Scan(&opened),
	)
	_, err := database.At(t, opened).
		Exec(t.Context(), "select wire.ensure_slots(); insert into gym.enrolments (slot_id, user_id) select min(id), "+strconv.Itoa(other)+" from gym.slots")
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), database.URL())
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	o.Conn = conn
	var days []time.Time
	o.Progress = func(day time.Time, _ past.Report) { days = append(days, day) }

	first, err := past.Play(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, first.Seats)
	require.Positive(t, first.Lessons)
	require.Positive(t, first.Present)
	require.Positive(t, first.Absent)
	require.Greater(t, len(days), 28)

	one := func(sql string, args ...any) (n int) {
		t.Helper()
		require.NoError(t, conn.QueryRow(t.Context(), sql, args...).Scan(&n))
		return n
	}
	clean := func() {
		t.Helper()
		require.Zero(t, one("select sum(violations) from api.audit()"))
		require.Zero(t, one("select count(*) from rules.judgements(rules.this_month()) j"))
		require.Zero(t, one("select count(*) from rules.judgements((rules.this_month() - interval '1 month')::date) j"))
		require.Zero(t, one("select length(current_setting('gym.now'))"), "the session has the true clock again")
	}
	clean()
	require.Positive(
		t,
		one(
			"select count(*) from gym.blocks where month = (rules.this_month() - interval '1 month')::date and lifted_at is null",
		),
		"somebody skipped much",
	)
	require.Equal(t, first.Present, one("select count(*) from gym.marks where mark = 'present'"))
	require.Zero(t, one("select count(*) from gym.marks where date >= rules.today() and mark <> 'unmarked'"))
	before := one("select count(*) from gym.ledger")

	days = nil
	second, err := past.Play(t.Context(), o)
	require.NoError(t, err)
	require.LessOrEqual(t, len(days), 2, "days without lessons at the end may be looked at again")
	require.Zero(t, second)
	require.Equal(t, before, one("select count(*) from gym.ledger"))
	clean()

	require.Positive(t, one("select count(*) from gym.marks where user_id = $1", other))
	require.Zero(
		t,
		one("select count(*) from gym.marks where user_id = $1 and mark <> 'unmarked'", other),
		"lessons of other people are left alone",
	)
}
