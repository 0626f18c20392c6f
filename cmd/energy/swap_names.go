package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
)

// namePlan is a row of api.swap_names_preview.
type namePlan struct {
	Card    int32
	Stands  string
	Person  string
	Becomes *string
}

// nameCount is a row of api.swap_names.
type nameCount struct {
	Stands  string
	People  int64
	Swapped int64
}

const (
	sqlSwapNamesPreview = `
select card, stands, person, becomes from api.swap_names_preview(unclear => $1, except_cards => $2)`
	sqlSwapNames = `select stands, people, swapped from api.swap_names(unclear => $1, except_cards => $2)`
)

func newSwapNames() *cobra.Command {
	var dryRun, unclear bool
	var except []int32
	var samples int
	cmd := &cobra.Command{
		Use:   "swap-names [--dry-run]",
		Short: "Swap family names and patronymics that an older version took the wrong way round",
		Long: `Swap family names and patronymics that stand the wrong way round. Older versions of "energy user add" and
of psql's functions took the family name for surname and the patronymic for secondname; everything else that is deployed
means it the other way round. People who signed up, came in by import-legacy or were added over HTTP stand right, and
stay.

It is the look of the two names that tells: one is empty, or one ends as patronymics do. Where both do, or neither, it
is unclear, and the person stays unless --unclear is given. --dry-run shows samples and counts and changes nothing: look
at it first. The swap itself is done once in the life of a database, which remembers it; after that api.edit_person
corrects people one by one. The next import of the roster corrects the roster.

` + settings(config.DatabaseURL),
		Example: `  energy swap-names --dry-run --samples 50
  energy swap-names --except 12069840,12069841`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()

			plan, counts, err := swapNames(cmd.Context(), conn, unclear, except, dryRun)
			if err != nil {
				return err
			}
			return printSwap(cmd.OutOrStdout(), plan, counts, samples, dryRun)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&dryRun, "dry-run", false, "only show what would change")
	flags.BoolVar(&unclear, "unclear", false, "swap also those whose names do not tell")
	flags.Int32SliceVar(&except, "except", []int32{}, "cards of people who stay as they are")
	flags.IntVar(&samples, "samples", 10, "how many people to show of each sort")
	return cmd
}

// swapNames swaps the names, and returns what it found of each person and in numbers. A dry run changes nothing.
func swapNames(ctx context.Context, conn *pgx.Conn, unclear bool, except []int32, dryRun bool,
) (plan []namePlan, counts []nameCount, err error) {
	// One transaction, so that what is printed is what was done; of a dry run nothing stays.
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("beginning: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	rows, err := tx.Query(ctx, sqlSwapNamesPreview, unclear, except)
	if err != nil {
		return nil, nil, fmt.Errorf("looking through the names: %w", err)
	}
	plan, err = pgx.CollectRows(rows, pgx.RowToStructByName[namePlan])
	if err != nil {
		return nil, nil, fmt.Errorf("looking through the names: %w", err)
	}
	rows, err = tx.Query(ctx, sqlSwapNames, unclear, except)
	if err != nil {
		return nil, nil, fmt.Errorf("swapping the names: %w", err)
	}
	counts, err = pgx.CollectRows(rows, pgx.RowToStructByName[nameCount])
	if err != nil {
		return nil, nil, fmt.Errorf("swapping the names: %w", err)
	}
	if !dryRun {
		if err := tx.Commit(ctx); err != nil {
			return nil, nil, fmt.Errorf("swapping the names: %w", err)
		}
	}
	return plan, counts, nil
}

// printSwap shows the first people of each sort, and the counts.
func printSwap(w io.Writer, plan []namePlan, counts []nameCount, samples int, dryRun bool) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, sort := range []string{"wrong", "unclear", "right", "empty"} {
		shown := 0
		for _, p := range plan {
			if p.Stands != sort {
				continue
			}
			if shown++; shown > samples {
				break
			}
			becomes := "stays"
			if p.Becomes != nil {
				becomes = "→ " + *p.Becomes
			}
			fmt.Fprintf(tabs, "%s\t%d\t%s\t%s\n", p.Stands, p.Card, p.Person, becomes)
		}
	}
	fmt.Fprintln(tabs, "STANDS\tPEOPLE\tSWAPPED")
	var swapped int64
	for _, c := range counts {
		fmt.Fprintf(tabs, "%s\t%d\t%d\n", c.Stands, c.People, c.Swapped)
		swapped += c.Swapped
	}
	switch {
	case dryRun:
		fmt.Fprintln(tabs, "A dry run: nothing was changed.")
	case swapped == 0:
		fmt.Fprintln(tabs, "Nobody was to be swapped: nothing was changed.")
	}
	if err := tabs.Flush(); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
