package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"energiya/bench/lean"
	"energiya/bench/live"
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
		status, answer, err := conn.Do(http.MethodPost, "/report/visits", roomy.students+1, fmt.Appendf(nil, `{"startDate":%q,"endDate":%q}`, from, to))
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

// bouncerPrograms are where PgBouncer may be.
var bouncerPrograms = []string{"pgbouncer", "/usr/sbin/pgbouncer"}

// throughBouncer measures a server behind PgBouncer in transaction mode, set up as docs/operations.md says.
func (b *bench) throughBouncer(ctx context.Context) error {
	program := ""
	for _, p := range bouncerPrograms {
		if found, err := exec.LookPath(p); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		b.note("PgBouncer is not installed: not measured")
		return nil
	}
	const login, password = "energy_bench", "of-the-benchmark"
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
	port, stop, err := b.startBouncer(ctx, program, login, password)
	if err != nil {
		return err
	}
	defer stop()
	var database string
	if err := b.conn.QueryRow(ctx, `select current_database()`).Scan(&database); err != nil {
		return fmt.Errorf("asking for the database's name: %w", err)
	}
	url := fmt.Sprintf("DATABASE_URL=postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable&default_query_exec_mode=exec", login, password, port, database)
	if err := b.measureFleet(ctx, "through PgBouncer", 1, url); err != nil {
		return fmt.Errorf("through PgBouncer: %w", err)
	}
	return nil
}

// startBouncer runs PgBouncer, which refuses to run as root, until stop.
func (b *bench) startBouncer(ctx context.Context, program, login, password string) (port int, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, fmt.Errorf("finding a free port: %w", err)
	}
	port = listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	config := b.conn.Config()
	text := fmt.Sprintf(`[databases]
%s = host=%s port=%d

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = plain
auth_file = %s
pool_mode = transaction
default_pool_size = 40
max_client_conn = 200
ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,default_transaction_isolation
log_connections = 0
log_disconnections = 0
`, config.Database, config.Host, config.Port, port, filepath.Join(b.folder, "userlist.txt"))
	cmd := exec.CommandContext(ctx, program, "-q", filepath.Join(b.folder, "pgbouncer.ini"))
	cmd.Stderr = os.Stderr
	files := map[string]string{"pgbouncer.ini": text, "userlist.txt": fmt.Sprintf("%q %q\n", login, password)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(b.folder, name), []byte(content), 0o644); err != nil {
			return 0, nil, fmt.Errorf("writing PgBouncer's settings: %w", err)
		}
	}
	if os.Geteuid() == 0 {
		if err := os.Chmod(b.folder, 0o755); err != nil {
			return 0, nil, fmt.Errorf("opening the folder to PgBouncer: %w", err)
		}
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return 0, nil, fmt.Errorf("looking for an ordinary user: %w", err)
		}
		uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
		gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, fmt.Errorf("starting %s: %w", program, err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
			return port, stop, nil
		}
		if time.Now().After(deadline) {
			stop()
			return 0, nil, fmt.Errorf("PgBouncer does not answer: %w", err)
		}
	}
}
