package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/jackc/pgx/v5"

	"energiya/internal/config"
	"energiya/internal/listening"
	"energiya/internal/password"
)

const (
	sqlCardAndSalt = `select u.student_card, rules.salt(u.student_card::text) from gym.users u where u.id = $1`
	sqlSetVerifier = `select rules.set_verifier(p_user_id => $1, p_hid => $2, p_proof => $3)`

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
	var pepper password.Pepper
	err := d.conn.QueryRow(ctx, sqlPepper).Scan(&pepper)
	if errors.Is(err, pgx.ErrNoRows) {
		pepper, err = readPepper(d.settings)
	}
	if err != nil {
		return fmt.Errorf("reading the pepper: %w", err)
	}
	fmt.Fprintf(d.out, "\nLog in at %s (these passwords are shown this once; each demo makes new ones):\n", pagesAddress(d.settings))
	tabs := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, kind := range []struct{ name, role string }{
		{"student", "STUDENT"}, {"coach", "COACH"}, {"administrator", "ADMIN"},
	} {
		ids, err := d.invented(ctx, 1, kind.role)
		if err != nil {
			return err
		}
		card, typed, err := d.newPassword(ctx, ids[0], pepper)
		if err != nil {
			return err
		}
		fmt.Fprintf(tabs, "  %s\tcard %d\tpassword %s\n", kind.name, card, typed)
	}
	return tabs.Flush()
}

// newPassword gives a person a random password.
func (d *demo) newPassword(ctx context.Context, id int, pepper password.Pepper) (card int, typed string, err error) {
	params, err := hashCost(ctx, d.conn)
	if err != nil {
		return 0, "", err
	}
	if err := d.conn.QueryRow(ctx, sqlCardAndSalt, id).Scan(&card, &params.Salt); err != nil {
		return 0, "", fmt.Errorf("looking for the card of an invented person: %w", err)
	}
	typed = rand.Text()[:demoPassword]
	hid := pepper.Hid(strconv.Itoa(card), typed)
	if _, err := d.conn.Exec(ctx, sqlSetVerifier, id, hid, password.Proof(hid, params)); err != nil {
		return 0, "", fmt.Errorf("giving an invented person a password: %w", err)
	}
	return card, typed, nil
}
