// Command migrate does what "energy migrate" does, for a database of tests: with the clock that ENERGY_TEST_CLOCK
// says. The database is the one that PostgreSQL's own variables name. The tests in SQL find the shift in the setting
// test.clock_shift.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"

	"energiya/db"
	"energiya/internal/testclock"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	files, err := testclock.Files()
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig("")
	if err != nil {
		return err
	}
	options := db.Options{Files: files, Roles: db.DefaultRoles(), Log: func(line string) { fmt.Println(line) }}
	if err := db.Migrate(ctx, config, options); err != nil {
		return err
	}
	shift, err := testclock.Shift()
	if err != nil || shift == 0 {
		return err
	}
	conn, err := db.Connect(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, fmt.Sprintf("alter database %s set test.clock_shift = '%d seconds'",
		pgx.Identifier{config.Database}.Sanitize(), int64(shift.Seconds())))
	return err
}
