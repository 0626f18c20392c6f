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
			if errors.Is(err, pgx.ErrNoRows) {
				return errors.New("the database has no pepper: run `energy migrate`, or give the servers the old one")
			}
			if err != nil {
				return fmt.Errorf("reading the pepper: %w", err)
			}
			there, err := password.ReadFile(s.PepperFile)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return password.WriteFile(s.PepperFile, stored)
			case err != nil:
				return err
			case there != stored:
				return fmt.Errorf("%s holds another pepper than the database: move it away, or see api.set_pepper", s.PepperFile)
			}
			return nil
		},
	}
}
