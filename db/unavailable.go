package db

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// IsUnavailable reports whether the same query can succeed a little later: the database is away, overloaded or being
// installed, or the time or the connections were used up.
func IsUnavailable(err error) bool {
	var connectErr *pgconn.ConnectError
	var pgErr *pgconn.PgError
	var roleErr *RoleError
	var netErr net.Error
	var fileErr *fs.PathError
	switch {
	case errors.As(err, &fileErr): // of a report: its cause, a syscall.Errno, would pass for a net.Error
		return false
	case errors.As(err, &connectErr), errors.As(err, &roleErr):
		return true
	case errors.As(err, &pgErr):
		return IsReplacedFunction(err) || isUnavailableState(pgErr.Code)
	case errors.As(err, &netErr):
		return true
	}
	for _, target := range []error{
		context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		pgconn.ErrConnClosed, puddle.ErrClosedPool, puddle.ErrNotAvailable,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// IsReplacedFunction reports whether a call found its function gone: a new package of functions was installed after the
// call was planned and before it began. PostgreSQL rolls such a statement back as a whole, so the caller may make the
// same call again at once.
func IsReplacedFunction(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != pgerrcode.InternalError {
		return false
	}
	// PostgreSQL has no SQLSTATE for this. The routines below look up the function that a statement calls.
	switch pgErr.Routine {
	case "plpgsql_compile",
		"cached_function_compile",
		"fmgr_info_cxt_security",
		"fmgr_info",
		"internal_get_result_type":
		return true
	}
	return false
}

func isUnavailableState(code string) bool {
	switch code {
	case pgerrcode.IOError,
		// The database is a standby, or was made read-only for a while.
		pgerrcode.ReadOnlySQLTransaction,
		// The functions are not there (yet): the database is not migrated.
		pgerrcode.InvalidSchemaName, pgerrcode.UndefinedFunction, pgerrcode.UndefinedTable:
		return true
	}
	return IsWaitState(code) || pgerrcode.IsConnectionException(code) || pgerrcode.IsInsufficientResources(code) ||
		strings.HasPrefix(code, "57P0")
}

// IsWaitState reports whether a statement waited in vain, for others or for its time to be enough.
func IsWaitState(code string) bool {
	switch code {
	case pgerrcode.QueryCanceled,
		pgerrcode.LockNotAvailable,
		pgerrcode.SerializationFailure,
		pgerrcode.DeadlockDetected:
		return true
	}
	return false
}
