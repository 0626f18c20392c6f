package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"

	"energiya/internal/config"
	"energiya/internal/listening"
)

const (
	sqlCardOf = `select u.student_card from gym.users u where u.id = $1`

	// demoPassword is the length of a password, in characters of 5 bits.
	demoPassword = 12
)

// pagesAddress is where people log in: where the running auth server says that it listens, or else where it would.
func pagesAddress(s *config.Settings) string {
	address := s.AuthListen
	if found, err := listening.Find(filepath.Dir(s.TokenFile), listening.Auth); err == nil && len(found) == 1 {
		address = found[0]
	}
	scheme := "http://"
	if s.AuthCertFile != "" {
		scheme = "https://"
	}
	return scheme + reachable(address)
}

// printLogIns gives one invented person of each kind a random password, and prints it this once.
func (d *demo) printLogIns(ctx context.Context) error {
	fmt.Fprintf(
		d.out,
		"\nLog in at %s (these passwords are shown this once; each demo makes new ones):\n",
		pagesAddress(d.settings),
	)
	tabs := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, kind := range []struct{ name, role string }{
		{"student", "STUDENT"}, {"coach", "COACH"}, {"administrator", "ADMIN"},
	} {
		ids, err := d.invented(ctx, 1, kind.role)
		if err != nil {
			return err
		}
		var card int32
		if err := d.conn.QueryRow(ctx, sqlCardOf, ids[0]).Scan(&card); err != nil {
			return fmt.Errorf("looking for the card of an invented person: %w", err)
		}
		typed := rand.Text()[:demoPassword]
		err = pgx.BeginFunc(ctx, d.conn, func(tx pgx.Tx) error { return keepPassword(ctx, tx, card, typed) })
		if err != nil {
			return fmt.Errorf("giving an invented person a password: %w", err)
		}
		fmt.Fprintf(tabs, "  %s\tcard %d\tpassword %s\n", kind.name, card, typed)
	}
	return tabs.Flush()
}
