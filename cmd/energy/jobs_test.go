package main_test

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

func TestServeShowsRiverOnlyWhereAskedTo(t *testing.T) {
	t.Parallel()
	address := dbtest.New(t).URL()
	off := start(t, address)
	status, _, body := off.get("/admin/river/")
	require.Equal(t, 404, status)
	require.Contains(t, body, `"NotFound"`)

	on := start(t, address, "ENERGY_RIVER_UI=true")
	status, header, _ := on.get("/admin/river/")
	require.Equal(t, 200, status)
	require.Contains(t, header.Get("Content-Type"), "text/html")
	require.Equal(t, 404, on.status("/admin/riverside"), "only what is below it")
	status, _ = unwatched(t, strings.TrimPrefix(on.base, "http://"), "/admin/river/api/jobs?state=running")
	require.Equal(t, 401, status)
	require.True(
		t,
		on.shows(`energy_http_request_duration_seconds_count{route="none",status="401"} 1`),
		"whoever tries tokens is seen",
	)
	require.Equal(
		t,
		1,
		strings.Count(on.log.String(), `"path":"/admin/river/api/jobs"`),
		"and what is done there is logged",
	)
	soon(t, func() bool { return on.status("/api/v1/new/get") == 200 })
	require.Equal(t, 0, on.stop())
}

// hold keeps the job ensure_turns of a server from getting on until the lock is let go.
func hold(t *testing.T, database *dbtest.DB) (held pgx.Tx) {
	t.Helper()
	held, err := database.Owner.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = held.Rollback(context.Background()) })
	_, err = held.Exec(t.Context(), "lock table gym.manual_turns in access exclusive mode")
	require.NoError(t, err)
	return held
}

func turns(t *testing.T, database *dbtest.DB) string {
	t.Helper()
	var state string
	require.NoError(t, database.Owner.QueryRow(
		t.Context(),
		"select coalesce((select state || ' ' || attempt from rules.runs where job = 'ensure_turns' and by is null order by id limit 1), 'none')",
	).Scan(&state))
	return state
}

func TestServeKilledInMidJobLosesNothing(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	held := hold(t, database)
	killed := start(t, database.URL())
	soon(t, func() bool { return turns(t, database) == "running 1" })
	require.NoError(t, killed.cmd.Process.Signal(syscall.SIGKILL))
	killed.wait()
	require.NoError(t, held.Rollback(t.Context()))

	_, err := database.Owner.Exec(
		t.Context(),
		"update river.river_job set attempted_at = attempted_at - interval '6 minutes 1 second' where state = 'running'",
	)
	require.NoError(t, err)
	start(t, database.URL())
	soon(t, func() bool { return turns(t, database) == "done 2" })
}

func TestServeStoppedInMidJobPutsItBack(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	held := hold(t, database)
	s := start(t, database.URL(), "ENERGY_SHUTDOWN_TIMEOUT=4s")
	soon(t, func() bool { return turns(t, database) == "running 1" })
	require.Equal(t, 0, s.stop())
	require.Equal(t, "waits 0", turns(t, database))
	require.NoError(t, held.Rollback(t.Context()))
	start(t, database.URL())
	soon(t, func() bool { return turns(t, database) == "done 1" })
}
