package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/db"
)

func TestThePackageIsStamped(t *testing.T) {
	t.Parallel()
	stamped, err := db.Stamped(db.Files())
	require.NoError(t, err)
	require.True(t, stamped, "functions have changed since the last stamp: run `make stamp`")
}

func TestRestampRaisesTheNumberOnlyAfterAChange(t *testing.T) {
	t.Parallel()
	own := built(t)
	files := changed(
		t,
		map[string]string{
			"functions/version.sql": fmt.Sprintf("-- why\nselect rules.record_package(7, '%s');\n", own.Hash),
		},
	)
	stamp, anew, err := db.Restamp(files)
	require.NoError(t, err)
	require.False(t, anew)
	require.Contains(t, string(stamp), "record_package(7, ")

	files = changed(t, map[string]string{
		"functions/version.sql":     string(stamp),
		"functions/rules/clock.sql": "select 1;",
	})
	stamp, anew, err = db.Restamp(files)
	require.NoError(t, err)
	require.True(t, anew)
	hash, err := db.Hash(files)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("-- why\nselect rules.record_package(8, '%s');\n", hash), string(stamp))
}

func TestHashSeesContentsAndPathsButNotTheStamp(t *testing.T) {
	t.Parallel()
	own := built(t).Hash
	clock := content(t, "functions/rules/clock.sql")
	for name, c := range map[string]struct {
		files map[string]string
		same  bool
	}{
		"another content":      {map[string]string{"functions/rules/clock.sql": clock + "\n"}, false},
		"another path":         {map[string]string{"functions/rules/clock2.sql": clock}, false},
		"another stamp":        {map[string]string{"functions/version.sql": "select rules.record_package(99, 'x');"}, true},
		"no file of a package": {map[string]string{"functions/README.md": "x"}, true},
		"a migration":          {map[string]string{"migrations/001_other.sql": "x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash, err := db.Hash(changed(t, c.files))
			require.NoError(t, err)
			require.Equal(t, c.same, hash == own)
		})
	}
}

func TestBuiltRefusesAnUnreadableStamp(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "select 1;", strings.Repeat("select rules.record_package(1, 'x');", 2)} {
		_, err := db.Built(changed(t, map[string]string{"functions/version.sql": content}))
		require.ErrorContains(t, err, "rules.record_package")
	}
}
