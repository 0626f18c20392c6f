package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
)

// legacyProblem is a row of api.import_legacy_problems.
type legacyProblem struct {
	What    string
	OldID   int64
	Outcome string
	Reason  string
}

// legacyTable is a row of api.import_legacy.
type legacyTable struct {
	What     string
	Rows     int64
	Imported int64
	Known    int64
	Refused  int64
	Note     *string
}

const (
	sqlLegacyProblems = `select what, old_id, outcome, reason from api.import_legacy_problems(schema => $1, admin_card => $2)`
	sqlImportLegacy   = `select what, rows, imported, known, refused, note from api.import_legacy(schema => $1, dry_run => $2, admin_card => $3)`
)

func newImportLegacy() *cobra.Command {
	var schema string
	var dryRun bool
	var adminCard int32
	cmd := &cobra.Command{
		Use:   "import-legacy --schema legacy [--dry-run]",
		Short: "Take over the database of the old Python system",
		Long: `Take over the database of the old Python system from a schema of the same database, all or nothing. Log in as the
database's owner. Stop "energy serve" meanwhile. docs/import-legacy.md says which tables and columns are looked for.

Prints every row that does not come in (refused), or comes in otherwise than it stands (changed), and why; then the
counts. With --dry-run that is all. Repeated, it adds what is new and changes nothing else.

The same in psql: select * from api.import_legacy('legacy', dry_run => true)

` + settings(config.DatabaseURL),
		Example: `  energy import-legacy --schema legacy --dry-run
  energy import-legacy --schema legacy --admin-card 1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()

			var card *int32
			if cmd.Flags().Changed("admin-card") {
				card = &adminCard
			}
			// one transaction, so that what is printed is of what is imported
			return pgx.BeginFunc(cmd.Context(), conn, func(tx pgx.Tx) error {
				rows, err := tx.Query(cmd.Context(), sqlLegacyProblems, schema, card)
				if err != nil {
					return fmt.Errorf("looking through the old data: %w", err)
				}
				problems, err := pgx.CollectRows(rows, pgx.RowToStructByName[legacyProblem])
				if err != nil {
					return fmt.Errorf("looking through the old data: %w", err)
				}
				rows, err = tx.Query(cmd.Context(), sqlImportLegacy, schema, dryRun, card)
				if err != nil {
					return fmt.Errorf("importing: %w", err)
				}
				tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[legacyTable])
				if err != nil {
					return fmt.Errorf("importing: %w", err)
				}
				return printLegacy(cmd.OutOrStdout(), problems, tables, dryRun)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&schema, "schema", "", "schema in which the old tables stand")
	flags.BoolVar(&dryRun, "dry-run", false, "only say what would come in")
	flags.Int32Var(&adminCard, "admin-card", 0, "card of the old default administrator; 0: none (default: the first ADMIN)")
	_ = cmd.MarkFlagRequired("schema") // fails for an unknown flag only
	return cmd
}

func printLegacy(w io.Writer, problems []legacyProblem, tables []legacyTable, dryRun bool) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(problems) > 0 {
		fmt.Fprintln(tabs, "TABLE\tID\tOUTCOME\tWHY")
		for _, p := range problems {
			fmt.Fprintf(tabs, "%s\t%d\t%s\t%s\n", p.What, p.OldID, p.Outcome, p.Reason)
		}
		if err := tabs.Flush(); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(tabs, "TABLE\tROWS\tIMPORTED\tKNOWN\tREFUSED\tNOTE")
	for _, t := range tables {
		note := ""
		if t.Note != nil {
			note = *t.Note
		}
		fmt.Fprintf(tabs, "%s\t%d\t%d\t%d\t%d\t%s\n", t.What, t.Rows, t.Imported, t.Known, t.Refused, note)
	}
	if dryRun {
		fmt.Fprintln(tabs, "\nA dry run: nothing was changed.")
	}
	if err := tabs.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
