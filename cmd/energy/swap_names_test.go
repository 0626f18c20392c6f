package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

func TestSwapNames(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		insert into gym.users (student_card, secondname, firstname, surname, "group", hid)
		values (1, 'Абрамов', 'Олег', 'Ильич', '', '-'), (2, 'Ильич', 'Антон', 'Борисов', '', '-'),
		       (3, 'Ли', 'Ан', 'Вэй', '', '-')`)
	require.NoError(t, err)
	swap := func(args ...string) result {
		return run(t, at(database.URL()), "", append([]string{"swap-names"}, args...)...)
	}
	names := func() (all string) {
		require.NoError(t, database.Owner.QueryRow(t.Context(),
			`select string_agg(name, ', ' order by student_card) from rules.roll where student_card <= 3`).Scan(&all))
		return all
	}

	dry := swap("--dry-run")
	require.Equal(t, 0, dry.code, dry.stderr)
	require.Regexp(t, `wrong +2 +Ильич Антон Борисов +→ Борисов Антон Ильич\n`, dry.stdout)
	require.Regexp(t, `unclear +3 +Ли Ан Вэй +stays\n`, dry.stdout)
	require.Regexp(t, `right +1 +Абрамов Олег Ильич +stays\n`, dry.stdout)
	require.Regexp(t, `(?s)right +1 +0 *\nunclear +1 +0 *\nwrong +1 +1 *\nA dry run: nothing was changed`, dry.stdout)
	require.Equal(t, "Абрамов Олег Ильич, Ильич Антон Борисов, Ли Ан Вэй", names())

	none := swap("--except", "2")
	require.Equal(t, 0, none.code, none.stderr)
	require.Contains(t, none.stdout, "nothing was changed")

	done := swap("--unclear")
	require.Equal(t, 0, done.code, done.stderr)
	require.Equal(t, "Абрамов Олег Ильич, Борисов Антон Ильич, Вэй Ан Ли", names())

	for _, args := range [][]string{{}, {"--dry-run"}} {
		again := swap(args...)
		require.Equal(t, 1, again.code, again.stdout)
		require.Contains(t, again.stderr, "уже меняли местами")
		require.Contains(t, again.stderr, "hint: api.edit_person")
	}
	require.Equal(t, "Абрамов Олег Ильич, Борисов Антон Ильич, Вэй Ан Ли", names())
}
