package db_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// refused is how a pgTAP test expects a refusal: SQLSTATE and name of the rule.
var refused = regexp.MustCompile(`'(?:EN[A-Z]{3}|23[0-9A-Z]{3}) ([a-z0-9_]+)'`)

func TestEveryRuleIsProvokedBySomeTest(t *testing.T) {
	t.Parallel()
	provoked := map[string]bool{}
	err := filepath.WalkDir("tests", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".sql" {
			return err
		}
		content, err := os.ReadFile(path)
		for _, found := range refused.FindAllSubmatch(content, -1) {
			provoked[string(found[1])] = true
		}
		return err
	})
	require.NoError(t, err)

	rows, err := dbtest.New(t).Owner.Query(context.Background(), `select rule from rules.catalogue order by rule`)
	require.NoError(t, err)
	rules, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, rules)
	for _, rule := range rules {
		if rule == "absences_to_block" { // it blocks and refuses nobody
			continue
		}
		if !provoked[rule] {
			t.Errorf("rule %s: no test in db/tests expects its refusal", rule)
		}
	}
}
