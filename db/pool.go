package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ServerPool makes the pool of energy serve. Each connection becomes role before it is used, so that nothing but the
// server's own rights is ever at hand; one that can't is not used. requestTimeout bounds statements too, for the case
// that a cancellation gets lost. It does not wait for the database, which may come later or go away and come back.
func ServerPool(
	ctx context.Context,
	config *pgxpool.Config,
	role string,
	requestTimeout time.Duration,
	log *slog.Logger,
) (*pgxpool.Pool, error) {
	return newPool(ctx, config, role, requestTimeout, log, warmUp)
}

// RolePool is ServerPool for a role that knows nothing of the schema wire.
func RolePool(
	ctx context.Context, config *pgxpool.Config, role string, requestTimeout time.Duration, log *slog.Logger,
) (*pgxpool.Pool, error) {
	return newPool(ctx, config, role, requestTimeout, log, nil)
}

// newPool makes a pool whose connections become role. prepare, where there is one, is run on each of them.
func newPool(ctx context.Context, config *pgxpool.Config, role string, requestTimeout time.Duration, log *slog.Logger,
	prepare func(context.Context, *pgx.Conn) error,
) (*pgxpool.Pool, error) {
	config = config.Copy()
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	closeSoon(config)
	config.PingTimeout = 2 * time.Second

	// whoever wrote such a setting into DATABASE_URL knows better
	params := config.ConnConfig.RuntimeParams
	setDefault := func(name, value string) {
		if _, set := params[name]; !set {
			params[name] = value
		}
	}
	setDefault("application_name", "energy")
	setDefault("statement_timeout", milliseconds(requestTimeout+time.Second))
	// a lock that is not had in half the time is answered as "busy" while there is time left to answer
	setDefault("lock_timeout", milliseconds(requestTimeout/2))
	setDefault("idle_in_transaction_session_timeout", milliseconds(requestTimeout+time.Second))

	// the one mode in which seats are taken (rules.lock_user), whatever the database's default is
	setDefault("default_transaction_isolation", "read committed")

	var warn sync.Once
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		err := become(ctx, conn, role, func(user string) {
			warn.Do(func() {
				log.Warn(
					"the server logs in as the database's owner or a superuser and gives those rights up itself; better give it a log-in of its own",
					"user",
					user,
					"sql",
					fmt.Sprintf("create role … login password '…' in role %s", role),
				)
			})
		})
		if err != nil {
			return err
		}
		if prepare == nil {
			return nil
		}
		return prepare(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("making the pool: %w", err)
	}
	return pool, nil
}

// RoleError says that a connection could not become the server's role: the database is not migrated, or the log-in is
// not a member.
type RoleError struct {
	Role, User string
	err        error
}

// Error says what mends it: a role that is there but whose member the log-in is not is no business of energy migrate.
func (e *RoleError) Error() string {
	advice := "run `energy migrate`"
	if isCode(e.err, pgerrcode.InsufficientPrivilege) {
		advice = fmt.Sprintf("have a superuser run `grant %s to %s`",
			pgx.Identifier{e.Role}.Sanitize(), pgx.Identifier{e.User}.Sanitize())
	}
	return fmt.Sprintf("%s can't become role %s (%s): %v", e.User, e.Role, advice, e.err)
}

// become makes the session the server's role, and tells of a session user who is more than that.
// The cause of a failure is not unwrapped: its SQLSTATE would be taken for that of the request.
func become(ctx context.Context, conn *pgx.Conn, role string, powerful func(user string)) error {
	var user string
	var owns bool
	err := conn.QueryRow(ctx, `
		select session_user, pg_has_role(session_user, d.datdba, 'member')
		  from pg_catalog.pg_database d where d.datname = current_database()`).Scan(&user, &owns)
	if err != nil {
		return fmt.Errorf("asking who the session is: %w", err)
	}
	if _, err := conn.Exec(ctx, "set role "+pgx.Identifier{role}.Sanitize()); err != nil {
		return &RoleError{Role: role, User: user, err: err}
	}
	if owns {
		powerful(user)
	}
	return nil
}

// warmUp makes the connection ready for the second of opening. A database without the function, or with another's, is
// the keeper's business.
func warmUp(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "select wire.warm_up()")
	if refused := new(pgconn.PgError); errors.As(err, &refused) {
		return nil
	}
	return err
}

func milliseconds(d time.Duration) string {
	return strconv.FormatInt(d.Milliseconds(), 10)
}
