package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ErrNoBouncer: PgBouncer is not installed.
var ErrNoBouncer = errors.New("PgBouncer is not installed")

// Bouncer is PgBouncer in transaction mode, set up as docs/operations.md says.
type Bouncer struct {
	// Address is where it answers, host:port.
	Address string
	process *exec.Cmd
}

// Behind says what PgBouncer passes on to.
type Behind struct {
	Database, Host, Port string
	Login, Password      string
	PoolSize             int
}

// StartBouncer runs PgBouncer on a free port of 127.0.0.1, with its files in a folder of its own.
func StartBouncer(ctx context.Context, folder string, to Behind) (*Bouncer, error) {
	program, err := findBouncer()
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("finding a free port: %w", err)
	}
	b := &Bouncer{Address: listener.Addr().String()}
	_ = listener.Close()
	_, port, _ := net.SplitHostPort(b.Address)
	files := map[string]string{
		"pgbouncer.ini": fmt.Sprintf(`[databases]
%s = host=%s port=%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = plain
auth_file = %s
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,default_transaction_isolation
log_connections = 0
log_disconnections = 0
`, to.Database, to.Host, to.Port, port, filepath.Join(folder, "userlist.txt"), to.PoolSize),
		"userlist.txt": fmt.Sprintf("%q %q\n", to.Login, to.Password),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("writing PgBouncer's settings: %w", err)
		}
	}
	b.process = exec.CommandContext(ctx, program, "-q", filepath.Join(folder, "pgbouncer.ini"))
	b.process.Stderr = os.Stderr
	if os.Geteuid() == 0 {
		// as root it refuses to run
		if err := os.Chmod(folder, 0o755); err != nil {
			return nil, fmt.Errorf("opening the folder to PgBouncer: %w", err)
		}
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return nil, fmt.Errorf("looking for an ordinary user: %w", err)
		}
		uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
		gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
		b.process.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		}
	}
	if err := b.process.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", b.Address)
		if err == nil {
			_ = conn.Close()
			return b, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			b.Stop()
			return nil, fmt.Errorf("PgBouncer does not answer: %w", err)
		}
	}
}

func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", ErrNoBouncer
}

// Stop ends it, and waits for it.
func (b *Bouncer) Stop() {
	_ = b.process.Process.Signal(syscall.SIGTERM)
	_ = b.process.Wait()
}
