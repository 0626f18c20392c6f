package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
)

const (
	sqlIssueCode = `
select student_card, name, code, to_char(valid_until, 'DD.MM.YYYY HH24:MI') from api.issue_code(card => $1, entropy => $2)`
	sqlIssueCodes = `
select student_card, name, code, to_char(valid_until, 'DD.MM.YYYY HH24:MI') from api.issue_codes("group" => $1, entropy => $2)`
)

// issuedCode is a code, which nobody can look up afterwards.
type issuedCode struct {
	Card             int
	Name, Code, Till string
}

func newUserCode() *cobra.Command {
	var card int32
	var group string
	cmd := &cobra.Command{
		Use:   "code --card N | --group …",
		Short: "Make a code by which a person claims the account or sets a new password",
		Long: `Make a code by which a person claims the account or, where there is one, sets a new password, and print it once.
With --group: a code for everybody of a group of the roster who has no account yet. A code that was made before for the
same person is void.

` + settings(config.DatabaseURL),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (card == 0) == (group == "") {
				return errors.New("give either --card or --group")
			}
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()
			// PostgreSQL 12 has no random bytes of its own.
			entropy := make([]byte, 32)
			_, _ = rand.Read(entropy) // never fails: it ends the program instead
			sql, whose := sqlIssueCode, any(card)
			if group != "" {
				sql, whose = sqlIssueCodes, group
			}
			rows, err := conn.Query(cmd.Context(), sql, whose, entropy)
			if err != nil {
				return fmt.Errorf("making the code: %w", err)
			}
			codes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[issuedCode])
			if err != nil {
				return fmt.Errorf("making the code: %w", err)
			}
			tabs := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, c := range codes {
				fmt.Fprintf(tabs, "%d\t%s\t%s\tuntil %s\n", c.Card, c.Name, c.Code, c.Till)
			}
			return tabs.Flush()
		},
	}
	cmd.Flags().Int32Var(&card, "card", 0, "number of the student card")
	cmd.Flags().StringVar(&group, "group", "", "group of the roster")
	return cmd
}
