package main

import (
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

func newAuthPepper() *cobra.Command {
	return &cobra.Command{
		Use:   "pepper",
		Short: "Write the database's pepper into the file that the servers read",
		Long: `Write the pepper of the database into the file that the servers read, readable by its owner only. Log in as the
database's owner. A file that is there already is left alone: where it holds another pepper, that is an error.

` + settings(config.DatabaseURL, "PepperFile"),
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
			var stored password.Pepper
			err = conn.QueryRow(cmd.Context(), sqlPepper).Scan(&stored)
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("reading the pepper: %w", err)
			}
			return keepPepper(s.PepperFile, stored)
		},
	}
}

// keepPepper writes the database's pepper into a file, where there is none yet. A database whose old hashes are retired
// has forgotten its pepper; only the file has it then.
func keepPepper(name string, stored password.Pepper) error {
	there, err := password.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && stored == "":
		return fmt.Errorf("the database has no pepper, nor has %s: run `energy migrate`, or bring the file from a backup", name)
	case errors.Is(err, fs.ErrNotExist):
		return password.WriteFile(name, stored)
	case err != nil:
		return err
	case stored != "" && there != stored:
		return fmt.Errorf("%s holds another pepper than the database: move it away, or see api.set_pepper", name)
	}
	return nil
}
