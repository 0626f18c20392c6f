package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/tern/v2/migrate"
)

// The exit codes, which the help of the root command promises.
const (
	exitFailed     = 1
	exitViolations = 2
)

// errViolations is what "energy audit" ends with when an invariant does not hold.
var errViolations = errors.New("the data breaks what must always hold: see the queries above")

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errViolations):
		return exitViolations
	default:
		return exitFailed
	}
}

// describe is an error as a person at a terminal needs it: with PostgreSQL's detail, hint and place.
func describe(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	var text strings.Builder
	text.WriteString(err.Error())
	var inSQL migrate.MigrationPgError
	if errors.As(err, &inSQL) && inSQL.Position > 0 {
		if place, err := migrate.ExtractErrorLine(inSQL.Sql, int(inSQL.Position)); err == nil {
			fmt.Fprintf(&text, "\n  at: %s", strings.TrimSpace(place.Text))
		}
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		for _, part := range []struct{ name, text string }{{"detail", pgErr.Detail}, {"hint", pgErr.Hint}} {
			if part.text != "" {
				fmt.Fprintf(&text, "\n  %s: %s", part.name, strings.ReplaceAll(part.text, "\n", "\n    "))
			}
		}
	}
	return text.String()
}
