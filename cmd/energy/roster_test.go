package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

func TestRosterImport(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	file := filepath.Join(t.TempDir(), "roster.csv")
	importRoster := func(content string, more ...string) result {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return run(t, at(database.URL()), "", append([]string{"roster", "import", file}, more...)...)
	}

	const first = "Билет;Фамилия;Имя;Группа\n7;Белова;Анна;БИ-21\n8;Орлова;Инна;БИ-21\n"
	preview := importRoster(first, "--dry-run")
	require.Equal(t, 0, preview.code, preview.stderr)
	require.Contains(t, preview.stdout, "2 students: 2 added, 0 changed, 0 gone")
	require.Contains(t, preview.stdout, "nothing was changed")
	require.Contains(t, preview.stdout, "read as csv in UTF-8\n")
	require.Contains(t, preview.stdout, "column «Фамилия» is read as family name\n")
	require.Zero(t, number(t, database.Owner, `select count(*) from gym.roster`))
	surname := importRoster("card;surname;firstname\n7;Белова;Анна\n", "--dry-run")
	require.Contains(t, surname.stdout, "column «surname» is read as family name: there is no column secondname\n")
	require.Regexp(t, `added +7 +Белова Анна`, surname.stdout)
	wire := importRoster("card;surname;firstname;secondname\n7;Ильинична;Анна;Белова\n", "--dry-run")
	require.Contains(
		t,
		wire.stdout,
		"column «surname» is read as patronymic: as on the wire, beside a column secondname\n",
	)
	require.Regexp(t, `added +7 +Белова Анна Ильинична`, wire.stdout)

	require.Contains(t, importRoster(first).stdout, "2 added")
	const next = "Билет;Фамилия;Имя;Группа\n7;Чернова;Анна;БИ-21\n9;Павлова;Ольга;БИ-22\n"
	preview = importRoster(next, "--dry-run")
	require.Contains(t, preview.stdout, "the import will ask for --force")
	refused := importRoster(next)
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.stderr, "1 из 2, больше десятой части")
	require.Contains(t, refused.stderr, "--force")
	require.Zero(t, number(t, database.Owner, `select count(*) from gym.roster where card = 9`))
	second := importRoster(next, "--force")
	require.Equal(t, 0, second.code, second.stderr)
	require.Regexp(
		t,
		`added +9 +Павлова Ольга +БИ-22 *\nchanged +7 +Чернова Анна +БИ-21 +was Белова Анна \(БИ-21\)\ngone +8 +Орлова Инна`,
		second.stdout,
	)
	require.Equal(t, 2, number(t, database.Owner, `select count(*) from gym.roster where gone_at is null`))

	bad := importRoster("Билет;Фамилия\n7;Белова\nбилет;Орлова\n")
	require.Equal(t, 1, bad.code)
	require.Contains(t, bad.stderr, "строка 3")
	require.Equal(t, 2, number(t, database.Owner, `select count(*) from gym.roster where gone_at is null`))
	require.Equal(t, 1, importRoster("ни о чём\n").code)
}
