package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"energiya/db"
	"energiya/internal/config"
)

func newMigrate() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to what this program needs",
		Long: `Bring the database to what this program needs: tables by numbered migrations, the secret that goes into password
hashes, and the functions, which are replaced as a whole in one transaction. Log in as the database's owner.

It may run at any time, also on several machines at once and under a running server. What is there already is not
done again, and what is newer in the database is left as it is. A database without tables is filled; the database
itself is not made (createdb).

Before the functions are replaced, views, functions and triggers of other people that use them are named, and
nothing is done: the replacement would drop them.

` + settings(config.DatabaseURL),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := config.Load()
			if err != nil {
				return err
			}
			return db.Migrate(cmd.Context(), s.Database().ConnConfig, db.Options{
				Roles: db.DefaultRoles(),
				Force: force,
				Log:   func(line string) { fmt.Fprintln(cmd.OutOrStdout(), line) },
			})
		},
	}
	cmd.Flags().
		BoolVar(&force, "force", false, "install the functions again, also over other people's objects, which are dropped")
	return cmd
}
