package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"energiya/internal/dbtest"
)

func TestReportIsWrittenToItsFile(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	database.User(t, "STUDENT")
	_, err := database.Owner.Exec(t.Context(), `
		begin;
		set local session_replication_role = replica;
		insert into gym.slots (id, month, weekday, starts_at, capacity) values (1, '2026-11-01', 0, '16:00', 12);
		insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at) select 1, 1, u.id, '2026-11-01', 0, '2026-10-25' from gym.users u;
		insert into gym.marks (enrolment_id, slot_id, user_id, date, mark) select 1, 1, u.id, '2026-11-02', 'present' from gym.users u;
		commit`)
	require.NoError(t, err)
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	report := func(args ...string) result {
		return run(t, at(database.URL()), "", append([]string{"report"}, args...)...)
	}

	made := report(
		"visits",
		"--from",
		"2026-11-01",
		"--to",
		"2026-11-30",
		"--group",
		" тг-1 ",
		"-o",
		path("visits.xlsx"),
	)
	require.Equal(t, 0, made.code, made.stderr)
	require.Equal(t, path("visits.xlsx")+"\n", made.stdout)
	require.Empty(t, made.stderr, "a bar is for terminals")
	book, err := excelize.OpenFile(path("visits.xlsx"))
	require.NoError(t, err)
	require.NoError(t, book.Close())

	for _, kind := range []string{"visits", "occupancy", "term", "blocked"} {
		made := report(kind, "--from", "2026-11-01", "--to", "2026-11-30", "-o", path(kind+".csv"))
		require.Equal(t, 0, made.code, made.stderr)
		content, err := os.ReadFile(path(kind + ".csv"))
		require.NoError(t, err)
		require.Equal(t, "\uFEFF", string(content[:3]), "the name says that it is CSV")
	}
	made = report("term", "--from", "2026-11-01", "--to", "2026-11-30")
	require.Equal(t, "Итоги с 01.11 по 30.11.xlsx\n", made.stdout, made.stderr)
}

func TestReportThatFailsLeavesNoFile(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	folder := t.TempDir()
	for _, c := range []struct {
		sentence string
		args     []string
	}{
		{"отчёта должен быть позже первого", []string{"visits", "--from", "2026-11-30", "--to", "2026-11-01"}},
		{"24 месяца", []string{"term", "--from", "2024-11-01", "--to", "2026-11-30"}},
		{"is no date", []string{"visits", "--from", "01.11.2026", "--to", "2026-11-30"}},
		{"no format", []string{"visits", "--from", "2026-11-01", "--to", "2026-11-30", "--format", "pdf"}},
		{"unknown flag", []string{"occupancy", "--from", "2026-11-01", "--to", "2026-11-30", "--group", "ИС-21"}},
		{"required flag", []string{"visits", "--from", "2026-11-01"}},
	} {
		failed := run(
			t,
			at(database.URL()),
			"",
			append(append([]string{"report"}, c.args...), "-o", filepath.Join(folder, "a.xlsx"))...)
		require.Equal(t, 1, failed.code)
		require.Contains(t, failed.stderr, c.sentence)
		files, err := os.ReadDir(folder)
		require.NoError(t, err)
		require.Empty(t, files)
	}
	away := run(
		t,
		[]string{"DATABASE_URL=" + database.URL(), "ENERGY_REPORT_DATABASE_URL=postgres://nobody@127.0.0.1:1/none"},
		"",
		"report",
		"visits",
		"--from",
		"2026-11-01",
		"--to",
		"2026-11-30",
		"-o",
		filepath.Join(folder, "a.xlsx"),
	)
	require.Equal(t, 1, away.code)
	require.Contains(t, away.stderr, "127.0.0.1:1", "reports are read from the replica where there is one")
}
