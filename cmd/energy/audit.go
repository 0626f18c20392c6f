package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
)

// invariant is a row of api.audit.
type invariant struct {
	Invariant  string
	Violations int64
	Query      string
}

const sqlAudit = `select invariant, violations, query from api.audit()`

func newAudit() *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "Check on the live data all that must always hold",
		Long: `Check on the live data all that must always hold: each invariant with the number of its violations, which must be 0,
and for those that are not, the query that shows them. The exit code is 2 where one is not 0.

The same in psql: select * from api.audit()

` + settings(config.DatabaseURL),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()

			rows, err := conn.Query(cmd.Context(), sqlAudit)
			if err != nil {
				return fmt.Errorf("auditing: %w", err)
			}
			invariants, err := pgx.CollectRows(rows, pgx.RowToStructByName[invariant])
			if err != nil {
				return fmt.Errorf("auditing: %w", err)
			}
			return printAudit(cmd.OutOrStdout(), invariants)
		},
	}
}

// printAudit prints the table, then how to see what is wrong.
func printAudit(w io.Writer, invariants []invariant) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tabs, "INVARIANT\tVIOLATIONS")
	for _, i := range invariants {
		fmt.Fprintf(tabs, "%s\t%d\n", i.Invariant, i.Violations)
	}
	if err := tabs.Flush(); err != nil {
		return fmt.Errorf("printing the audit: %w", err)
	}
	var failed error
	for _, i := range invariants {
		if i.Violations != 0 {
			fmt.Fprintf(w, "\n-- %s\n%s;\n", i.Invariant, i.Query)
			failed = errViolations
		}
	}
	return failed
}
