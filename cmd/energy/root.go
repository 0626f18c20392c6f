package main

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/db"
	"energiya/internal/config"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "energy",
		Short: "The main server of the gym Energiya, and the tool of whoever runs it",
		Long: `The main server of the gym Energiya, and the tool of whoever runs it.

On a new database: "energy migrate", then "energy user add --role ADMIN …", then "energy serve".

Exit codes: 0 done, 1 failed (standard error says why), 2 "energy audit" found a violation.

` + settings(config.Fields()...),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(newServe(), newAuth(), newMigrate(), newUser(), newToken(), newAudit(), newReport(), newRoster(),
		newImportLegacy(), newSwapNames(), newDemo())
	return root
}

// settings is the part of a help text that lists settings: the fields of config.Settings that are named.
func settings(fields ...string) string {
	var text strings.Builder
	text.WriteString("Settings, from the environment [default]:\n")
	_ = config.Usage(&text, fields...) // a strings.Builder takes everything
	return strings.TrimRight(text.String(), "\n")
}

// connect opens a connection to the database that the settings name, which the caller closes.
func connect(ctx context.Context) (*pgx.Conn, error) {
	s, err := config.Load()
	if err != nil {
		return nil, err
	}
	return db.Connect(ctx, s.Database().ConnConfig)
}
