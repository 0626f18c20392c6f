package contention_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// TestAPersonIsDeletedWhileMarksAreMade: the server was down over the turn of the month, and an administrator is at
// work while the job makes the marks.
func TestAPersonIsDeletedWhileMarksAreMade(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	m := makeTerm(t, database, 10, 4)
	// makeTerm made them: of a month without, the job makes them late
	exec1(t, m.owner, "update gym.months set marks_made_at = null")
	exec1(t, m.owner, "alter table gym.marks disable trigger user")
	exec1(t, m.owner, "delete from gym.marks")
	exec1(t, m.owner, "alter table gym.marks enable trigger user")

	tx, err := m.owner.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	student := m.students[5]
	// the administrator has the person, and not yet the seats
	_, err = tx.Exec(t.Context(), "update gym.users set surname = 'Ильич' where id = $1", student)
	require.NoError(t, err)
	job := make(chan error, 1)
	go func() {
		_, err := m.owner.Exec(t.Context(), "select wire.ensure_marks()")
		job <- err
	}()
	require.Eventually(t, func() bool {
		return len(job) == 1 || scalar[int](t, database.Owner, `
			select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) > 0
	}, patience, 20*time.Millisecond)
	_, err = tx.Exec(t.Context(), "update gym.users set deleted = true where id = $1", student)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-job)
	clean(t, m.owner)
}
