package faults_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestConnectionsUsedUp: other programs have taken all connections that PostgreSQL gives, the server's too.
func TestConnectionsUsedUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "max_connections = 40")
	s := newServer(t, c.serverURL())
	owner := c.connect() // one of those kept for superusers
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	const others = "others"
	config, err := pgx.ParseConfig(c.serverURL())
	require.NoError(t, err)
	config.RuntimeParams["application_name"] = others
	ctx, give := context.WithCancel(t.Context())
	defer give()
	var taking sync.WaitGroup
	o := begin(s)
	for range 8 { // several at once, to be faster than the server
		taking.Go(func() {
			var mine []*pgx.Conn
			for ctx.Err() == nil {
				if conn, err := pgx.ConnectConfig(ctx, config); err == nil {
					mine = append(mine, conn)
					continue
				}
				pause(ctx, 5*time.Millisecond)
			}
			for _, conn := range mine {
				_ = conn.Close(context.WithoutCancel(ctx))
			}
		})
	}
	eventually(t, func() bool {
		var left int
		err := owner.QueryRow(t.Context(), `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			 where usename = $1 and application_name <> $2`, login, others).Scan(&left)
		require.NoError(t, err)
		return left == 0 && w.count(unavailable) > 0
	}, "the server keeps connections")
	time.Sleep(span(2*time.Second, 20*time.Second))
	give()
	taking.Wait()
	o.healed()
	o.over(w)
	o.report(w, c, expect{refused: true}, s)
}
