package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"energiya/internal/crowd/lean"
	"energiya/internal/live"
)

// serversClients is how many clients ask all servers together.
const serversClients = 64

// servers measures several servers on one database, and one that reaches it through PgBouncer.
func (b *bench) servers(ctx context.Context) error {
	for _, n := range []int{1, 2, 4} {
		name := fmt.Sprintf("%d servers", n)
		if n == 1 {
			name = "1 server"
		}
		if err := b.measureFleet(ctx, name, n); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return b.throughBouncer(ctx)
}

func (b *bench) measureFleet(ctx context.Context, name string, n int, env ...string) error {
	if err := b.make(ctx, roomy); err != nil {
		return err
	}
	servers, err := b.startAll(ctx, n, env...)
	if err != nil {
		return err
	}
	defer servers.stop()
	of := func(f *Figure, what string) {
		if name != "1 server" {
			f.of(what + ", 1 server")
		}
	}
	if err := b.everybodyChooses(ctx, servers); err != nil {
		return err
	}
	t, err := b.load(ctx, servers, serversClients, roomy.change(serversClients))
	if err != nil {
		return err
	}
	of(b.add("servers", "change, "+name, "requests/s", t.rate()), "change")
	of(b.add("servers", "change: 99 of 100 within, "+name, "ms", t.at(99)), "change: 99 of 100 within")
	t, err = b.load(ctx, servers, serversClients, list(roomy.students))
	if err != nil {
		return err
	}
	of(b.add("servers", "avtime/get, "+name, "requests/s", t.rate()), "avtime/get")
	took, err := b.report(ctx, servers[0])
	if err != nil {
		return err
	}
	of(b.add("servers", "report/visits, "+name, "ms", ms(took)), "report/visits")
	return b.sound(ctx)
}

// sound is an error where an invariant is broken.
func (b *bench) sound(ctx context.Context) error {
	var broken *string
	if err := b.conn.QueryRow(ctx, `select string_agg(invariant, ', ') from api.audit() where violations <> 0`).Scan(&broken); err != nil {
		return fmt.Errorf("auditing: %w", err)
	}
	if broken != nil {
		return fmt.Errorf("api.audit() finds broken: %s", *broken)
	}
	return nil
}

// report takes the report of this month, the second of two.
func (b *bench) report(ctx context.Context, s *live.Server) (took time.Duration, err error) {
	var from, to string
	if err := b.conn.QueryRow(ctx, `select rules.this_month()::text, (rules.next_month() - 1)::text`).Scan(&from, &to); err != nil {
		return 0, fmt.Errorf("asking for the month: %w", err)
	}
	target, err := lean.NewServer(s.URL, live.Token)
	if err != nil {
		return 0, err
	}
	conn, err := target.Dial(ctx)
	if err != nil {
		return 0, fmt.Errorf("opening a connection to the server: %w", err)
	}
	defer conn.Close()
	for range 2 {
		began := time.Now()
		status, answer, err := conn.Do(
			http.MethodPost,
			"/report/visits",
			roomy.students+1,
			fmt.Appendf(nil, `{"startDate":%q,"endDate":%q}`, from, to),
		)
		if err != nil {
			return 0, err
		}
		if status != http.StatusOK {
			return 0, fmt.Errorf("the report was answered %d: %s", status, answer)
		}
		took = time.Since(began)
	}
	return took, nil
}

// throughBouncer measures a server behind PgBouncer in transaction mode, set up as docs/operations.md says.
func (b *bench) throughBouncer(ctx context.Context) error {
	const login, password = "energy_bench", "of-the-benchmark"
	config := b.conn.Config()
	folder, err := os.MkdirTemp("", "energiya-bench-pgbouncer-") // b.folder is closed to other users
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	bouncer, err := live.StartBouncer(ctx, folder, live.Behind{
		// not the socket, which is in a folder that PgBouncer's user can't reach
		Database: config.Database, Host: "127.0.0.1", Port: strconv.Itoa(int(config.Port)), Login: login, Password: password, PoolSize: 40,
	})
	if errors.Is(err, live.ErrNoBouncer) {
		b.note("PgBouncer is not installed: not measured")
		return nil
	}
	if err != nil {
		return err
	}
	defer bouncer.Stop()
	if _, err := b.conn.Exec(ctx, fmt.Sprintf(`
		do $$ begin
		  if not exists (select from pg_roles where rolname = '%[1]s') then
		    create role %[1]s login password '%[2]s' in role energy_server;
		  end if;
		end $$;
		do $$ begin execute format('grant connect on database %%I to %[1]s', current_database()); end $$;
		alter role %[1]s set statement_timeout = '61s';
		alter role %[1]s set lock_timeout = '30s';
		alter role %[1]s set idle_in_transaction_session_timeout = '61s'`, login, password)); err != nil {
		return fmt.Errorf("making a log-in: %w", err)
	}
	url := fmt.Sprintf(
		"DATABASE_URL=postgres://%s:%s@%s/%s?sslmode=disable&default_query_exec_mode=exec",
		login,
		password,
		bouncer.Address,
		config.Database,
	)
	if err := b.measureFleet(ctx, "through PgBouncer", 1, url); err != nil {
		return fmt.Errorf("through PgBouncer: %w", err)
	}
	return nil
}
