package db_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"energiya/internal/dbtest"
)

// sqlBlock matches a block of SQL in Markdown.
var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// TestPsqlPages runs every statement of docs/psql.md and docs/psql.ru.md, in their order, as the owner on a database
// in the middle of a month, with the people and slots that the examples name.
func TestPsqlPages(t *testing.T) {
	ctx := context.Background()
	for _, page := range []string{"psql.md", "psql.ru.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../docs/" + page)
			if err != nil {
				t.Fatal(err)
			}
			blocks := sqlBlock.FindAllStringSubmatch(string(text), -1)
			if len(blocks) < 12 {
				t.Fatalf("only %d blocks of SQL found", len(blocks))
			}

			conn, err := dbtest.New(t).At(t, "2026-12-09 09:00").Acquire(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			for _, sql := range []string{
				`select api.add_user(card => c, family => 'Белова', given => 'Анна', "group" => 'БИ-21')
				   from unnest('{12069840,12069841}'::integer[]) c`,
				`set gym.now = '2026-11-25 12:00'; select rules.ensure_slots();
				 select api.enrol(card => c, day => d, at => '16:00') from unnest('{12069840,12069841}'::integer[]) c, unnest('{Mon,Tue}'::text[]) d;
				 set gym.now = '2026-12-01 00:05'; select rules.ensure_marks();
				 set gym.now = '2026-12-09 09:00'; select rules.make_month('2027-01-01')`,
			} {
				if _, err := conn.Exec(ctx, sql); err != nil {
					t.Fatal(err)
				}
			}
			for _, block := range blocks {
				for _, statement := range strings.Split(block[1], "\n") {
					sql, _, _ := strings.Cut(statement, " --")
					if strings.TrimSpace(sql) == "" {
						continue
					}
					if _, err := conn.Exec(ctx, sql); err != nil && !lacksRandom(err) {
						t.Errorf("%s\n%v", sql, err)
					}
				}
			}
			var violations int
			if err := conn.QueryRow(ctx, "select sum(violations) from api.audit()").Scan(&violations); err != nil ||
				violations != 0 {
				t.Errorf("audit after the page: %d violations, %v", violations, err)
			}
		})
	}
}
