package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"energiya/internal/config"
	"energiya/internal/password"
)

const (
	sqlPepperFits   = `select coalesce(fits, true) from api.pepper_fits($1)`
	sqlHashing      = `select salt, memory_kib, passes, lanes from api.hashing($1)`
	sqlKeepPassword = `select id from api.keep_password(card => $1, hid => $2, proof => $3, length => $4)`
	sqlIssueCode    = `select code, valid_until from api.issue_code(card => $1, entropy => $2)`
)

// chosenPassword says where a person's password comes from.
type chosenPassword struct{ fromStdin, generate, code bool }

func (c *chosenPassword) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&c.fromStdin, "password-stdin", false, "read the password from standard input")
	flags.BoolVar(&c.generate, "generate", false, "make a random password and print it once")
	flags.BoolVar(&c.code, "code", false, "print a code, once, by which the person sets the password")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "generate", "code")
}

// read returns the password, or nothing where a code is wanted.
func (c *chosenPassword) read(cmd *cobra.Command) (string, error) {
	switch {
	case c.code:
		return "", nil
	case c.generate:
		return rand.Text(), nil
	}
	return readPassword(cmd.InOrStdin(), cmd.ErrOrStderr(), c.fromStdin)
}

func (c *chosenPassword) print(cmd *cobra.Command, typed string, m made) {
	switch {
	case c.code:
		m.print(cmd)
	case c.generate:
		fmt.Fprintln(cmd.OutOrStdout(), "password", typed)
	}
}

// made is a code that was just issued.
type made struct {
	code       string
	validUntil time.Time // by the gym's clock
}

func (m made) print(cmd *cobra.Command) {
	fmt.Fprintln(cmd.OutOrStdout(), "code", m.code)
	fmt.Fprintln(cmd.OutOrStdout(), "valid until", m.validUntil.Format("2006-01-02 15:04"))
}

// entropy returns the random bytes of which the database makes codes: PostgreSQL 12 has none of its own.
func entropy() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}

// keepPassword gives the database what it compares instead of the password of the person with that card.
func keepPassword(ctx context.Context, tx pgx.Tx, card int32, typed string) error {
	pepper, err := pepperOf(ctx, tx)
	if err != nil {
		return err
	}
	var p password.Params
	if err := tx.QueryRow(ctx, sqlHashing, card).Scan(&p.Salt, &p.Memory, &p.Passes, &p.Lanes); err != nil {
		return err
	}
	hid := pepper.Hid(fmt.Sprint(card), typed)
	var id int
	return tx.QueryRow(ctx, sqlKeepPassword, card, hid, password.Proof(hid, p), utf8.RuneCountInString(typed)).Scan(&id)
}

// pepperOf returns the pepper of the settings, or, to the database's owner, that of the database.
func pepperOf(ctx context.Context, tx pgx.Tx) (password.Pepper, error) {
	s, err := config.Load()
	if err != nil {
		return "", err
	}
	pepper, err := readPepper(s)
	if err == nil {
		var fits bool
		if err := tx.QueryRow(ctx, sqlPepperFits, pepper.Digest()).Scan(&fits); err != nil {
			return "", err
		}
		if !fits {
			return "", errors.New(
				"the pepper of the settings (ENERGY_PEPPER_FILE) is not the database's: nobody could log in",
			)
		}
		return pepper, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	// A savepoint, since who is no owner may not read it.
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sqlPepper).Scan(&pepper) })
	if err != nil {
		return "", fmt.Errorf(
			"a password needs the pepper of the servers (ENERGY_PEPPER_FILE, or log in as the owner), "+
				"a code (--code) does not: %w",
			err,
		)
	}
	return pepper, nil
}

func newUserCode() *cobra.Command {
	var card int32
	cmd := &cobra.Command{
		Use:   "code --card N",
		Short: "Print a code by which a person sets the password",
		Long: `Print a code, once, by which a person claims the account or sets a new password. It replaces the one before. The card is
that of an account, or of a line of the roster.

` + settings(config.DatabaseURL),
		Example: "  energy user code --card 12069840",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(cmd.Context()) }()
			var m made
			err = conn.QueryRow(cmd.Context(), sqlIssueCode, card, entropy()).Scan(&m.code, &m.validUntil)
			if err != nil {
				return fmt.Errorf("issuing the code: %w", err)
			}
			m.print(cmd)
			return nil
		},
	}
	cmd.Flags().Int32Var(&card, "card", 0, "number of the student card")
	_ = cmd.MarkFlagRequired("card") // fails for an unknown flag only
	return cmd
}

func newUserPassword() *cobra.Command {
	var card int32
	var chosen chosenPassword
	cmd := &cobra.Command{
		Use:   "password --card N",
		Short: "Set a person's password",
		Long: `Set a person's password, which ends all sessions of that person. It is asked for without echo, read from standard input,
or made at random and printed once. With --code the person sets it.

` + settings(config.DatabaseURL, "Pepper", "PepperFile"),
		Example: "  energy user password --card 12069840 --generate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			conn, err := connect(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(ctx) }()
			typed, err := chosen.read(cmd)
			if err != nil {
				return err
			}
			var m made
			err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				if chosen.code {
					return tx.QueryRow(ctx, sqlIssueCode, card, entropy()).Scan(&m.code, &m.validUntil)
				}
				return keepPassword(ctx, tx, card, typed)
			})
			if err != nil {
				return fmt.Errorf("setting the password: %w", err)
			}
			chosen.print(cmd, typed, m)
			return nil
		},
	}
	cmd.Flags().Int32Var(&card, "card", 0, "number of the student card")
	_ = cmd.MarkFlagRequired("card") // fails for an unknown flag only
	chosen.flags(cmd)
	return cmd
}
