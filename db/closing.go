package db

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// closingTime is how long a connection that was given up may still take a place in the pool.
const closingTime = 2 * time.Second

// closeSoon makes the pool get over a database that hangs or vanishes. Of a connection whose query ran out of time
// pgx asks the database to cancel it, over a second connection, and then waits for a farewell, 15 s in all; the first
// one keeps its place in the pool meanwhile. Where nobody answers, that is 15 s more after the database is back, or
// another has taken its place.
func closeSoon(config *pgxpool.Config) {
	dialer := &net.Dialer{
		Timeout: config.ConnConfig.ConnectTimeout,
		// for the one connection that only listens, and would never learn that the other side is gone
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	config.ConnConfig.DialFunc = dialer.DialContext
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		var connected atomic.Bool
		c.AfterConnect = func(context.Context, *pgconn.PgConn) error {
			connected.Store(true)
			return nil
		}
		c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err == nil && connected.Load() { // it is there to cancel the first one's query
				err = conn.SetDeadline(time.Now().Add(closingTime))
			}
			return conn, err
		}
		return nil
	}
	config.BeforeClose = func(conn *pgx.Conn) {
		if !conn.IsClosed() {
			return
		}
		select {
		case <-conn.PgConn().CleanupDone():
		case <-time.After(closingTime):
			_ = conn.PgConn().Conn().Close()
		}
	}
}
