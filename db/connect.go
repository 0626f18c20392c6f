package db

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ConnectError says in one sentence why there is no connection and what to do about it.
type ConnectError struct {
	sentence string
	err      error
}

func (e *ConnectError) Error() string { return e.sentence }

// Unwrap gives the driver's error.
func (e *ConnectError) Unwrap() error { return e.err }

// Connect opens one connection. A failure is a *ConnectError.
func Connect(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, explain(config, err)
	}
	return conn, nil
}

func explain(config *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("%s:%d", config.Host, config.Port)
	if strings.HasPrefix(config.Host, "/") {
		where = fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	}
	sentence := fmt.Sprintf(
		"no connection to database %q at %s: %s",
		config.Database,
		where,
		strings.Join(strings.Fields(err.Error()), " "),
	)

	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr) && pgErr.Code == pgerrcode.InvalidCatalogName:
		sentence = fmt.Sprintf(
			"there is no database %q at %s: make it with `createdb %s`, or name another by DATABASE_URL or PGDATABASE",
			config.Database,
			where,
			config.Database,
		)
	case errors.As(err, &pgErr) && pgerrcode.IsInvalidAuthorizationSpecification(pgErr.Code):
		sentence = fmt.Sprintf(
			"PostgreSQL at %s does not let in user %q: %s (user and password stand in DATABASE_URL, or in PGUSER and PGPASSWORD)",
			where,
			config.User,
			pgErr.Message,
		)
	case errors.As(err, &pgErr):
		sentence = fmt.Sprintf(
			"PostgreSQL at %s refuses the connection to database %q: %s",
			where,
			config.Database,
			pgErr.Message,
		)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		sentence = fmt.Sprintf(
			"no PostgreSQL answers at %s: start it, or name another by DATABASE_URL or PGHOST and PGPORT",
			where,
		)
	}
	return &ConnectError{sentence: sentence, err: err}
}
