package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"energiya/db"
)

const (
	lookInterval = time.Second
	// lookTimeout is how long the database may keep silent.
	lookTimeout = 3 * time.Second
	// sayInterval is how often a changing reason of an outage is logged: while a database comes up, it changes each
	// second.
	sayInterval = 10 * time.Second
)

// Keeper knows whether the database is there and is what this program was built for.
type Keeper struct {
	pool  *pgxpool.Pool
	sql   string
	built db.Version
	log   *slog.Logger

	unready atomic.Pointer[error] // why not; a nil error: ready

	others   []*pgxpool.Pool // see RefreshAfterReadOnly
	readOnly bool            // the last look found the database read-only; only Run uses it

	said   string    // what was logged last; only Run uses it and saidAt
	saidAt time.Time // when, if that was an outage
}

// OpenKeeper makes a keeper with one connection of its own, as role. In the queue of the requests it could not tell a
// crowd from a database that hangs. The query sql must return the database's version as JSON, or null. The caller must
// call Close after Run has returned.
func OpenKeeper(
	ctx context.Context, config *pgxpool.Config, role, sql string, built db.Version, log *slog.Logger,
) (*Keeper, error) {
	config = config.Copy()
	config.MaxConns, config.MinConns = 1, 0
	// The pool of the requests already warns about a log-in with too many rights.
	pool, err := db.RolePool(ctx, config, role, lookTimeout, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	k := &Keeper{pool: pool, sql: sql, built: built, log: log}
	starting := errors.New("the server is starting")
	k.unready.Store(&starting)
	return k, nil
}

// RefreshAfterReadOnly names the pools whose connections are made anew when a database that was read-only can be
// written again: PostgreSQL leaves a session as read-only as it began. It must be called before Run.
func (k *Keeper) RefreshAfterReadOnly(pools ...*pgxpool.Pool) { k.others = append(k.others, pools...) }

// Close closes the keeper's connection.
func (k *Keeper) Close() { k.pool.Close() }

// Ready returns why the server can't work, or nil. It answers from memory.
func (k *Keeper) Ready(context.Context) error { return *k.unready.Load() }

// Run looks at the database every second until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
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

func (k *Keeper) look(ctx context.Context) {
	there, err := k.version(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = k.judge(there)
	}
	if err == nil {
		err = k.checkWritable(ctx)
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
				"schema", there.Schema, "package", there.Package,
				"built_schema", k.built.Schema, "built_package", k.built.Package)
		})
	default:
		k.say(fmt.Sprint(there), func() {
			k.log.InfoContext(ctx, "ready", "schema", there.Schema, "package", there.Package)
		})
	}
	k.saidAt = time.Time{}
}

// say logs a state once, not every second.
func (k *Keeper) say(state string, log func()) {
	if state != k.said {
		k.said = state
		log()
	}
}

// version asks the database which schema and functions it has.
func (k *Keeper) version(ctx context.Context) (db.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var there db.Version
	var answer []byte
	err := k.pool.QueryRow(ctx, k.sql).Scan(&answer)
	if db.IsReplacedFunction(err) {
		err = k.pool.QueryRow(ctx, k.sql).Scan(&answer)
	}
	var pgErr *pgconn.PgError
	missing := errors.As(err, &pgErr) &&
		(pgErr.Code == pgerrcode.InvalidSchemaName || pgErr.Code == pgerrcode.UndefinedFunction)
	switch {
	case missing, err == nil && answer == nil:
		return there, errors.New("the database is not migrated: run `energy migrate`")
	case err != nil:
		return there, fmt.Errorf("the database can't be used: %w", err)
	}
	if err := json.Unmarshal(answer, &there); err != nil {
		return there, fmt.Errorf("reading the database's version: %w", err)
	}
	return there, nil
}

// sqlReadOnly asks whether the database is a standby, whether this session may not write, and whether a new one may
// not.
const sqlReadOnly = `
	select pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only')::boolean,
	       coalesce((
	         select split_part(c, '=', 2)::boolean
	           from pg_catalog.pg_db_role_setting s
	          cross join unnest(s.setconfig) c
	          where c like 'default\_transaction\_read\_only=%'
	            and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
	            and s.setrole in (0, (select r.oid from pg_catalog.pg_roles r where r.rolname = session_user))
	          order by s.setrole <> 0 desc, s.setdatabase <> 0 desc
	          limit 1), false)`

// checkWritable returns why the database can't be written, or nil.
func (k *Keeper) checkWritable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var standby, session, later bool
	if err := k.pool.QueryRow(ctx, sqlReadOnly).Scan(&standby, &session, &later); err != nil {
		return fmt.Errorf("the database can't be used: %w", err)
	}
	switch {
	case standby:
		k.readOnly = true
		return errors.New(
			"the database is a standby, which is read-only: promote it, or name the primary in DATABASE_URL",
		)
	case session, later:
		k.readOnly = true
		if !later {
			// Perhaps only this session still is: the next look has a new one.
			k.pool.Reset()
		}
		return errors.New("the database is read-only: set default_transaction_read_only to off")
	}
	if k.readOnly {
		k.readOnly = false
		for _, pool := range k.others {
			pool.Reset()
		}
	}
	return nil
}

// judge refuses a database that is older than this program needs, or whose own settings keep others from working. A
// newer one serves older programs too, while an upgrade goes on.
func (k *Keeper) judge(there db.Version) error {
	if there.Schema < k.built.Schema || there.Package < k.built.Package {
		return fmt.Errorf(
			"the database has schema %d and functions %d, this program needs %d and %d: run `energy migrate`",
			there.Schema,
			there.Package,
			k.built.Schema,
			k.built.Package,
		)
	}
	if there.TimeZone != "" {
		return errors.New(there.TimeZone)
	}
	if len(there.Faults) > 0 {
		return fmt.Errorf(
			"the database has lost its settings, as after a restore under another name (%s): run `energy migrate`",
			strings.Join(there.Faults, "; "),
		)
	}
	return nil
}
