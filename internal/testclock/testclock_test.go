package testclock_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/testclock"
)

func TestShiftLeadsToTheMomentAtWhichTheProgramBegan(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 30, 17, 0, 1, 999, time.UTC) // 00:00:01 on 1 December there
	for value, want := range map[string]time.Duration{
		"":                    0,
		"2026-12-01 00:01":    58 * time.Second,
		"2026-12-01 00:00:02": 0,
		"2026-11-30 00:00:00": -24*time.Hour - time.Second,
	} {
		shift, err := testclock.ShiftFrom(at, value)
		require.NoError(t, err, value)
		require.Equal(t, want, shift, value)
	}
	for _, value := range []string{"29 February", "2027-02-29 12:00", "2028-02-29", "2028-02-29T12:00Z"} {
		_, err := testclock.ShiftFrom(at, value)
		require.ErrorContains(t, err, value)
	}
}

// TestAMovedDatabaseHasAnotherTimeAndNothingElse installs functions with a moved clock, as every test database under
// ENERGY_TEST_CLOCK has them, and then lets the program come to this database.
func TestAMovedDatabaseHasAnotherTimeAndNothingElse(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	files, err := testclock.Moved(db.Files(), 90*24*time.Hour)
	require.NoError(t, err)
	config, err := pgx.ParseConfig(dbtest.Empty(t))
	require.NoError(t, err)
	require.NoError(t, db.Migrate(ctx, config, db.Options{Files: files, Roles: db.DefaultRoles()}))
	conn, err := pgx.ConnectConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	ask := func(sql string) (answer string) {
		t.Helper()
		require.NoError(t, conn.QueryRow(ctx, sql).Scan(&answer), sql)
		return answer
	}

	require.Equal(t, "90 days", ask("select justify_hours(rules.clock() - now())::text"))
	_, err = conn.Exec(ctx, "set gym.now = '2026-12-25 12:00'")
	require.NoError(t, err)
	require.Equal(t, "2026-12-25 12:00:00", ask("select rules.local_time()::text"), "a session may still move it")
	_, err = conn.Exec(ctx, `
		create schema help;
		grant usage on schema help to energy_server;
		create function help.ahead() returns text language sql security definer
		as $$ select justify_hours(rules.clock() - now())::text $$;
		grant execute on function help.ahead() to energy_server;
		set role energy_server`)
	require.NoError(t, err)
	require.Equal(t, "90 days", ask("select help.ahead()"), "and a server may not")
	_, err = conn.Exec(ctx, "reset role; reset gym.now")
	require.NoError(t, err)

	var said []string
	log := func(line string) { said = append(said, line) }
	require.NoError(t, db.Migrate(ctx, config, db.Options{Roles: db.DefaultRoles(), Log: log}))
	require.Contains(t, strings.Join(said, "\n"), "is already installed", "the program takes it for its own")
	require.Equal(t, "90 days", ask("select justify_hours(rules.clock() - now())::text"))
}

func TestMovedSaysWhenTheClockIsElsewhere(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"another clock": {testclock.ClockFile: {Data: []byte("select clock_timestamp()")}},
		"another file":  {"functions/rules/time.sql": {Data: []byte("select now()")}},
	} {
		_, err := testclock.Moved(files, time.Hour)
		require.ErrorContains(t, err, "testclock must follow", name)
	}
}

// TestTheProgramDoesNotKnowTheVariable: it must be out of reach of a server's environment.
func TestTheProgramDoesNotKnowTheVariable(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "energiya/cmd/energy").Output()
	require.NoError(t, err)
	require.Contains(t, string(output), "energiya/db\n")
	require.NotContains(t, string(output), "energiya/internal/testclock")
	require.NotContains(t, string(output), "energiya/internal/dbtest")
}
