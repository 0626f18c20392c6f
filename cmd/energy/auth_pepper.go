package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
	"energiya/internal/password"
)

// sqlPepper is read as the owner of the table. No function returns it.
const sqlPepper = `select value from gym.secrets where name = 'pepper'`

const (
	sqlSetPepper = `select from api.set_pepper($1)`
	sqlHasPepper = `select coalesce(fits, false) from api.pepper_fits($1)`
)

func newAuthPepper() *cobra.Command {
	var take bool
	cmd := &cobra.Command{
		Use:   "pepper",
		Short: "Write the database's pepper into the file that the servers read",
		Long: `Write the pepper of the database into the file that the servers read, readable by its owner only. Log in as the
database's owner. A file that is there already is left alone: where it holds another pepper, that is an error.

With --take-over the database takes the pepper of the file, or of the environment: that of old auth servers, whose passwords then fit. It must
be done before the first password is in the database. Nothing of it comes into a log, as it would from psql.

` + settings(config.DatabaseURL, "Pepper", "PepperFile"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := config.Load()
			if err != nil {
				return err
			}
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()
			if take {
				return takePepper(cmd.Context(), conn, s)
			}
			var stored password.Pepper
			err = conn.QueryRow(cmd.Context(), sqlPepper).Scan(&stored)
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("reading the pepper: %w", err)
			}
			return keepPepper(s.PepperFile, stored)
		},
	}
	cmd.Flags().BoolVar(&take, "take-over", false, "give the pepper of the file to the database")
	return cmd
}

// takePepper gives the configured pepper to the database, unless it has that one already.
func takePepper(ctx context.Context, conn *pgx.Conn, s *config.Settings) error {
	given, err := readPepper(s)
	if err != nil {
		return err
	}
	var has bool
	if err := conn.QueryRow(ctx, sqlHasPepper, given.Digest()).Scan(&has); err != nil {
		return fmt.Errorf("asking which pepper the database has: %w", err)
	}
	if has {
		return nil
	}
	if _, err := conn.Exec(ctx, sqlSetPepper, string(given)); err != nil {
		return fmt.Errorf("taking the pepper over: %w", err)
	}
	return nil
}

// keepPepper writes the database's pepper into a file, where there is none yet. A database whose old hashes are retired
// has forgotten its pepper; only the file has it then.
func keepPepper(name string, stored password.Pepper) error {
	there, err := password.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && stored == "":
		return fmt.Errorf(
			"the database has no pepper, nor has %s: run `energy migrate`, or bring the file from a backup",
			name,
		)
	case errors.Is(err, fs.ErrNotExist):
		return password.WriteFile(name, stored)
	case err != nil:
		return err
	case stored != "" && there != stored:
		return fmt.Errorf("%s holds another pepper than the database: move it away, or see api.set_pepper", name)
	}
	return nil
}
