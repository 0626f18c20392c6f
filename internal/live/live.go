// Package live runs a real energy serve, and a real energy auth before it.
package live

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Token is what the servers take.
const Token = "the-token-of-the-benchmark"

// Server is a server on the database of the environment.
type Server struct {
	// URL is where it answers, without /api/v1.
	URL     string
	process *exec.Cmd
}

// patience is how long a server may take to become ready.
const patience = 15 * time.Second

// Start runs the program on a free port of 127.0.0.1 and waits until it is ready. Its log goes to log; env is added
// to the environment, which is ours, with no rate limit.
func Start(ctx context.Context, program string, log io.Writer, env ...string) (*Server, error) {
	return start(ctx, program, "serve", "ENERGY_LISTEN", log, append([]string{"ENERGY_RATE_LIMIT=0"}, env...))
}

// StartAuth runs the program's auth server before a main server, as Start runs that one.
func StartAuth(ctx context.Context, program string, before *Server, log io.Writer, env ...string) (*Server, error) {
	return start(
		ctx,
		program,
		"auth",
		"ENERGY_AUTH_LISTEN",
		log,
		append([]string{"ENERGY_MAIN_URL=" + before.URL}, env...),
	)
}

// start runs a command of the program. variable is the setting of its address.
func start(ctx context.Context, program, command, variable string, log io.Writer, env []string) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("finding a free port: %w", err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	process := exec.CommandContext(ctx, program, command)
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.Env = append(os.Environ(), variable+"="+address, "ENERGY_TOKEN="+Token)
	process.Env = append(process.Env, env...)
	process.Stderr = log
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	s := &Server{URL: "http://" + address, process: process}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get(s.URL + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			s.Stop()
			return nil, fmt.Errorf("energy %s is not ready after %s: see its log", command, patience)
		}
	}
}

// PID is the process, 0 where there is none of its own.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Stop ends it as an administrator would, and waits for it.
func (s *Server) Stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}
