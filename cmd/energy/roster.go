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
	sqlImportRoster  = `select change, card, person, "group", was from api.import_roster($1)`
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
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import file.csv|xlsx|json [--dry-run]",
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

A file that was cut, or garbled, or that can be read in two ways is refused as a whole, with the line: a student whose line is lost
would be gone.

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
			changes, err := importRoster(cmd.Context(), list, dryRun)
			if err != nil {
				return err
			}
			return printRoster(cmd.OutOrStdout(), list, changes, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change")
	return cmd
}

// importRoster makes the roster what list says, and returns what changed. A dry run changes nothing.
func importRoster(ctx context.Context, list roster.List, dryRun bool) ([]rosterChange, error) {
	packed, err := json.Marshal(list.Students)
	if err != nil {
		return nil, fmt.Errorf("packing the roster: %w", err)
	}
	conn, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	query := sqlImportRoster
	if dryRun {
		query = sqlRosterPreview
	}
	rows, err := conn.Query(ctx, query, string(packed))
	if err != nil {
		return nil, fmt.Errorf("importing the roster: %w", err)
	}
	changes, err := pgx.CollectRows(rows, pgx.RowToStructByName[rosterChange])
	if err != nil {
		return nil, fmt.Errorf("importing the roster: %w", err)
	}
	return changes, nil
}

func printRoster(w io.Writer, list roster.List, changes []rosterChange, dryRun bool) error {
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
	for _, c := range changes {
		counts[c.Change]++
		was := ""
		if c.Change == "changed" && c.Was != nil {
			was = "was " + *c.Was
		}
		fmt.Fprintf(tabs, "%s\t%d\t%s\t%s\t%s\n", c.Change, c.Card, c.Person, c.Group, was)
	}
	fmt.Fprintf(tabs, "%d students: %d added, %d changed, %d gone\n", len(list.Students),
		counts["added"], counts["changed"], counts["gone"])
	if dryRun {
		fmt.Fprintln(tabs, "A dry run: nothing was changed.")
	}
	if err := tabs.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
