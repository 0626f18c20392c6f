package db_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// TestTheAdministratorsScreen starts psql as make psql does, types every shortcut, looks at every view and calls
// every function: nothing fails, and nothing is wider than 100 columns.
func TestTheAdministratorsScreen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	database := dbtest.New(t)
	conn, err := database.At(t, "2026-12-09 09:00").Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, aMonth)
	require.NoError(t, err)

	file, err := os.ReadFile("admin.psql")
	require.NoError(t, err)
	shortcuts := regexp.MustCompile(`(?m)^\\set ([a-z]+) +'`).FindAllStringSubmatch(string(file), -1)
	require.Greater(t, len(shortcuts), 15)
	var typed strings.Builder
	// the width of a window, which a pipe has not
	typed.WriteString("\\pset columns 100\n\\set ON_ERROR_STOP on\n")
	for _, s := range shortcuts {
		typed.WriteString(":" + s[1] + "\n")
	}
	var views []string
	require.NoError(t, conn.QueryRow(ctx, `select array_agg(name) from api.commands where kind = 'view'`).Scan(&views))
	for _, view := range views {
		if view == "commands" { // whole lines to paste: help() prints them
			continue
		}
		typed.WriteString("select * from " + view + ";\n")
	}
	var examples []string
	require.NoError(
		t,
		conn.QueryRow(ctx, `select array_agg(example order by name) from api.commands where kind = 'function' and example !~ '^begin'`).
			Scan(&examples),
	)
	for _, example := range examples {
		// PostgreSQL 12 has no random bytes for a code, and its psql would end there
		_, err := conn.Exec(ctx, "begin;\n"+example)
		_, ended := conn.Exec(ctx, "rollback")
		require.NoError(t, ended)
		if lacksRandom(err) {
			continue
		}
		typed.WriteString("begin;\n" + example + "\nrollback;\n")
	}
	typed.WriteString("select * from help();\nshow search_path;\nshow timezone;\n")

	psql := exec.CommandContext(ctx, "psql", database.URL())
	psql.Env = append(
		os.Environ(),
		"PSQLRC=admin.psql",
		"PGOPTIONS=-c gym.now=2026-12-09\\ 09:00",
		"PGCLIENTENCODING=UTF8",
	)
	psql.Stdin = strings.NewReader(typed.String())
	var complaints strings.Builder
	psql.Stderr = &complaints
	out, err := psql.Output()
	require.NoError(t, err, "psql, which scripts/test puts into the PATH: %s", &complaints)
	require.Empty(t, complaints.String())
	require.Contains(t, string(out), "api, gym, public")
	require.Contains(t, string(out), "Asia/Novosibirsk")
	for _, line := range strings.Split(string(out), "\n") {
		if utf8.RuneCountInString(strings.TrimRight(line, " ")) > 100 {
			t.Errorf("wider than 100 columns: %s", line)
		}
	}
}
