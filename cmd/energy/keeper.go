package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"energiya/db"
	"energiya/internal/config"
)

const (
	lookInterval = time.Second
	// lookTimeout is how long the database may keep silent.
	lookTimeout = 3 * time.Second
	// sayInterval is how often the reason of an outage is told again where it changes: it changes each second while a database comes up.
	sayInterval = 10 * time.Second
)

const sqlVersion = `select wire.version()`

// keeper knows whether the database is there and is what this program was built for.
type keeper struct {
	pool  *pgxpool.Pool
	built db.Version
	log   *slog.Logger

	unready atomic.Pointer[error] // why not; a nil error: ready

	said   string    // what the log was told last; run's own, as is the next
	saidAt time.Time // when, if that was an outage
}

// openWatch makes the keeper's own connection. In the queue of the requests it would take a crowd for a database that hangs,
// or, with a crowd's patience, such a database for a crowd.
func openWatch(ctx context.Context, s *config.Settings) (*pgxpool.Pool, error) {
	c := s.Database()
	c.MaxConns, c.MinConns = 1, 0
	// a log-in that is more than it should be is told of by the pool of the requests
	return db.ServerPool(ctx, c, s.ServerRole, lookTimeout, slog.New(slog.DiscardHandler))
}

func newKeeper(pool *pgxpool.Pool, built db.Version, log *slog.Logger) *keeper {
	k := &keeper{pool: pool, built: built, log: log}
	starting := errors.New("the server is starting")
	k.unready.Store(&starting)
	return k
}

// ready tells why the server can't work, or nil. It answers from memory.
func (k *keeper) ready(context.Context) error { return *k.unready.Load() }

// run looks at the database again and again until ctx ends.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (k *keeper) look(ctx context.Context) {
	there, err := k.version(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = k.judge(there)
	}
	k.unready.Store(&err)
	switch {
	case err != nil:
		if now := time.Now(); now.Sub(k.saidAt) >= sayInterval {
			k.say(err.Error(), func() {
				k.saidAt = now
				k.log.WarnContext(ctx, "not ready", "reason", err.Error())
			})
		}
		return
	case there.Schema > k.built.Schema || there.Package > k.built.Package:
		k.say(fmt.Sprint(there), func() {
			k.log.WarnContext(ctx, "ready, on a database newer than this program: update the program",
				"schema", there.Schema, "package", there.Package, "built_schema", k.built.Schema, "built_package", k.built.Package)
		})
	default:
		k.say(fmt.Sprint(there), func() { k.log.InfoContext(ctx, "ready", "schema", there.Schema, "package", there.Package) })
	}
	k.saidAt = time.Time{}
}

// say logs a state once, not every second.
func (k *keeper) say(state string, log func()) {
	if state != k.said {
		k.said = state
		log()
	}
}

// version asks the database what stands in it.
func (k *keeper) version(ctx context.Context) (db.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var there db.Version
	var answer []byte
	err := k.pool.QueryRow(ctx, sqlVersion).Scan(&answer)
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr) && (pgErr.Code == pgerrcode.InvalidSchemaName || pgErr.Code == pgerrcode.UndefinedFunction),
		err == nil && answer == nil:
		return there, errors.New("the database is not migrated: run `energy migrate`")
	case err != nil:
		return there, fmt.Errorf("the database can't be used: %w", err)
	}
	if err := json.Unmarshal(answer, &there); err != nil {
		return there, fmt.Errorf("reading the database's version: %w", err)
	}
	return there, nil
}

// judge refuses what is older than this program needs. What is newer was made to serve older programs too, while an upgrade goes on.
func (k *keeper) judge(there db.Version) error {
	if there.Schema < k.built.Schema || there.Package < k.built.Package {
		return fmt.Errorf("the database has schema %d and functions %d, this program needs %d and %d: run `energy migrate`",
			there.Schema, there.Package, k.built.Schema, k.built.Package)
	}
	return nil
}
