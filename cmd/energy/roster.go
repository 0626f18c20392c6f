package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
	"energiya/internal/roster"
)

// rosterChange is a row of api.import_roster.
type rosterChange struct {
	Change string
	Card   int32
	Person string
	Group  string
	Was    *string
}

const (
	sqlRosterPreview = `select change, card, person, "group", was from api.roster_preview($1)`
	sqlNeedsForce    = `select api.roster_needs_force($1)`
	sqlImportRoster  = `select change, card, person, "group", was from api.import_roster($1, $2)`
)

func newRoster() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "roster",
		Short: "The university's list of students",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRosterImport())
	return cmd
}

func newRosterImport() *cobra.Command {
	var dryRun, force bool
	cmd := &cobra.Command{
		Use:   "import file.csv|xlsx|json [--dry-run] [--force]",
		Short: "Make the roster what a file says",
		Long: `Make the roster what a file says, the whole of it, and print what was added, changed, and is gone. Log in as
the database's owner, or with the role of administrators. People who have registered stay as they are, also those who
are gone.

A row names the columns, in Russian or English, as universities write them: билет, номер студ. билета or зачётная
книжка (card), фамилия (family), имя (given), отчество (patronymic), группа (group); or ФИО (full name) for the three.
A column secondname is the family name, and surname beside it the patronymic, as on the wire; a column surname without
it is the family name. How each column is read is printed.

csv (also .tsv and .txt): commas, semicolons or tabs, in UTF-8, UTF-16 or windows-1251; xlsx: the visible sheet with
such a row, merged cells in each of their rows; json: an array of objects with the keys of the wire: card, secondname
(family name), firstname (given name), surname (patronymic), group; or, as in the old system, an object of such objects
under their cards.

A file that was cut, or garbled, or that can be read in two ways is refused as a whole, with the line: a student whose
line is lost would be gone. So is a file without more than a tenth of those on the roster, unless --force says that it
is whole: when the year's graduates leave, say.

Whether only those on the roster may register is a setting: select * from api.set_setting('roster_only', 'true')

` + settings(config.DatabaseURL),
		Example: `  energy roster import students.xlsx --dry-run
  energy roster import students.xlsx`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := roster.Read(args[0])
			if err != nil {
				return err
			}
			imported, err := importRoster(cmd.Context(), list, dryRun, force)
			if err != nil {
				return err
			}
			return printRoster(cmd.OutOrStdout(), list, imported)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change")
	cmd.Flags().BoolVar(&force, "force", false, "also where more than a tenth of the roster would be gone")
	return cmd
}

// rosterImport is what an import changed, or would change.
type rosterImport struct {
	changes    []rosterChange
	isDryRun   bool
	needsForce bool // the import will be refused without --force
}

// importRoster makes the roster what list says. A dry run changes nothing.
func importRoster(ctx context.Context, list roster.List, dryRun, force bool) (rosterImport, error) {
	packed, err := json.Marshal(list.Students)
	if err != nil {
		return rosterImport{}, fmt.Errorf("packing the roster: %w", err)
	}
	conn, err := connect(ctx)
	if err != nil {
		return rosterImport{}, err
	}
	defer func() { _ = conn.Close(ctx) }()
	imported := rosterImport{isDryRun: dryRun}
	query, arguments := sqlImportRoster, []any{string(packed), force}
	if dryRun {
		query, arguments = sqlRosterPreview, arguments[:1]
		if err := conn.QueryRow(ctx, sqlNeedsForce, string(packed)).Scan(&imported.needsForce); err != nil {
			return rosterImport{}, fmt.Errorf("importing the roster: %w", err)
		}
	}
	rows, err := conn.Query(ctx, query, arguments...)
	if err != nil {
		return rosterImport{}, fmt.Errorf("importing the roster: %w", err)
	}
	imported.changes, err = pgx.CollectRows(rows, pgx.RowToStructByName[rosterChange])
	if err != nil {
		return rosterImport{}, fmt.Errorf("importing the roster: %w", err)
	}
	return imported, nil
}

func printRoster(w io.Writer, list roster.List, imported rosterImport) error {
	if list.ReadAs != "" {
		fmt.Fprintf(w, "read as %s\n", list.ReadAs)
	}
	for _, c := range list.Columns {
		if c.Title == "" {
			continue
		}
		as, why := "not read", ""
		if c.ReadAs != "" {
			as = "read as " + c.ReadAs
		}
		if c.Why != "" {
			why = ": " + c.Why
		}
		fmt.Fprintf(w, "column «%s» is %s%s\n", c.Title, as, why)
	}
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	counts := map[string]int{}
	for _, c := range imported.changes {
		counts[c.Change]++
		was := ""
		if c.Change == "changed" && c.Was != nil {
			was = "was " + *c.Was
		}
		fmt.Fprintf(tabs, "%s\t%d\t%s\t%s\t%s\n", c.Change, c.Card, c.Person, c.Group, was)
	}
	fmt.Fprintf(tabs, "%d students: %d added, %d changed, %d gone\n", len(list.Students),
		counts["added"], counts["changed"], counts["gone"])
	if imported.needsForce {
		fmt.Fprintln(tabs, "More than a tenth of the roster would be gone: the import will ask for --force.")
	}
	if imported.isDryRun {
		fmt.Fprintln(tabs, "A dry run: nothing was changed.")
	}
	if err := tabs.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
