package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"energiya/internal/config"
	"energiya/internal/password"
)

const (
	// legacyBatch is how many old hashes are wrapped in one transaction.
	legacyBatch = 200

	sqlHashCost     = `select rules.hash_cost()`
	sqlLegacyLeft   = `select rules.legacy_left()`
	sqlLegacyHashes = `select user_id, hid, salt from rules.legacy_hashes(p_after => $1, p_limit => $2)`
	sqlWrapLegacy   = `select rules.wrap_legacy(p_users => $1, p_hids => $2, p_proofs => $3)`
	sqlRetireLegacy = `select api.set_setting('legacy_hid', 'false')`
)

func newAuthRetireLegacy() *cobra.Command {
	var finish bool
	cmd := &cobra.Command{
		Use:   "retire-legacy",
		Short: "Wrap the old password hashes of people who have not logged in",
		Long: `Wrap the old password hashes of people who have not logged in since the auth server came: Argon2id is computed of
each old hash and kept beside it. Nobody's password changes. Log in as the database's owner.

It may run while people log in, may be stopped, and goes on where it was when it is called again. Old auth servers go on
working: the old hashes stay until --finish blanks them. That is done once old auth servers are stopped for good, since
they let nobody in afterwards. The pepper is then forgotten by the database: keep its file.

` + settings(config.DatabaseURL),
		Example: `  energy auth retire-legacy
  energy auth retire-legacy --finish`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = conn.Close(context.WithoutCancel(cmd.Context())) }()
			kept, err := wrapLegacy(cmd.Context(), conn, cmd)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d old hashes wrapped, none is left\n", kept)
			if !finish {
				fmt.Fprintln(
					cmd.OutOrStdout(),
					"once the old auth servers are stopped for good: energy auth retire-legacy --finish",
				)
				return nil
			}
			if _, err := conn.Exec(cmd.Context(), sqlRetireLegacy); err != nil {
				return fmt.Errorf("retiring the old hashes: %w", err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "the old hashes are blanked, and old auth servers let nobody in any more")
			return nil
		},
	}
	cmd.Flags().BoolVar(&finish, "finish", false, "blank the old hashes afterwards; old auth servers must be stopped")
	return cmd
}

// wrapLegacy wraps old hashes, batch by batch, until none is left.
func wrapLegacy(ctx context.Context, conn *pgx.Conn, cmd *cobra.Command) (kept int, err error) {
	params, err := hashCost(ctx, conn)
	if err != nil {
		return 0, err
	}
	var left int
	if err := conn.QueryRow(ctx, sqlLegacyLeft).Scan(&left); err != nil {
		return 0, fmt.Errorf("counting the old hashes (is the database migrated? `energy migrate`): %w", err)
	}
	bar := progressbar.NewOptions(
		left,
		progressbar.OptionSetWriter(cmd.ErrOrStderr()),
		progressbar.OptionShowCount(),
		progressbar.OptionSetDescription(
			"old hashes",
		),
		progressbar.OptionShowIts(),
		progressbar.OptionSetPredictTime(true),
	)
	defer func() { _ = bar.Finish(); fmt.Fprintln(cmd.ErrOrStderr()) }()
	for after := 0; ; {
		batch, err := readLegacy(ctx, conn, after)
		if err != nil || len(batch) == 0 {
			return kept, err
		}
		n, err := wrapBatch(ctx, conn, batch, params)
		if err != nil {
			return kept, err
		}
		kept, after = kept+n, batch[len(batch)-1].UserID
		_ = bar.Add(len(batch))
	}
}

// legacyHash is an old hash that is not wrapped yet.
type legacyHash struct {
	UserID int
	Hid    string
	Salt   []byte
}

func readLegacy(ctx context.Context, conn *pgx.Conn, after int) ([]legacyHash, error) {
	rows, err := conn.Query(ctx, sqlLegacyHashes, after, legacyBatch)
	if err != nil {
		return nil, fmt.Errorf("reading old hashes: %w", err)
	}
	batch, err := pgx.CollectRows(rows, pgx.RowToStructByPos[legacyHash])
	if err != nil {
		return nil, fmt.Errorf("reading old hashes: %w", err)
	}
	return batch, nil
}

// wrapBatch hashes a batch on all cores but one, and keeps the proofs.
func wrapBatch(ctx context.Context, conn *pgx.Conn, batch []legacyHash, params password.Params) (kept int, err error) {
	users, hids, proofs := make([]int, len(batch)), make([]string, len(batch)), make([][]byte, len(batch))
	var hashing errgroup.Group
	hashing.SetLimit(max(1, runtime.GOMAXPROCS(0)-1))
	for i, old := range batch {
		users[i], hids[i] = old.UserID, old.Hid
		hashing.Go(func() error {
			p := params
			p.Salt = old.Salt
			proofs[i] = password.Proof(old.Hid, p)
			return ctx.Err()
		})
	}
	if err := hashing.Wait(); err != nil {
		return 0, err
	}
	if err := conn.QueryRow(ctx, sqlWrapLegacy, users, hids, proofs).Scan(&kept); err != nil {
		return 0, fmt.Errorf("keeping wrapped hashes: %w", err)
	}
	return kept, nil
}

// hashCost returns the parameters of proofs, without a salt.
func hashCost(ctx context.Context, conn *pgx.Conn) (p password.Params, err error) {
	var raw []byte
	if err := conn.QueryRow(ctx, sqlHashCost).Scan(&raw); err != nil {
		return p, fmt.Errorf("asking for the cost of a hash (is the database migrated? `energy migrate`): %w", err)
	}
	var cost struct {
		Memory uint32 `json:"memory_kib"`
		Passes uint32 `json:"passes"`
		Lanes  uint8  `json:"lanes"`
	}
	if err := json.Unmarshal(raw, &cost); err != nil {
		return p, fmt.Errorf("reading the cost of a hash: %w", err)
	}
	return password.Params{Memory: cost.Memory, Passes: cost.Passes, Lanes: cost.Lanes}, nil
}
