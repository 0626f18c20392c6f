package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"energiya/internal/live"
)

// poolSize is that of the servers, and what pgbench has as clients.
const poolSize = 8

// start runs a server and waits until it is ready; env is added to its environment.
func (b *bench) start(ctx context.Context, env ...string) (*live.Server, error) {
	log, err := os.Create(filepath.Join(b.folder, "server.log"))
	if err != nil {
		return nil, fmt.Errorf("making the server's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	env = append(
		[]string{"ENERGY_LOG_LEVEL=error", fmt.Sprintf("ENERGY_POOL_SIZE=%d", poolSize), "ENERGY_REQUEST_TIMEOUT=1m"},
		env...)
	s, err := live.Start(ctx, b.energy, log, env...)
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return s, nil
}

// startAll runs n servers.
func (b *bench) startAll(ctx context.Context, n int, env ...string) (list fleet, err error) {
	for range n {
		s, err := b.start(ctx, env...)
		if err != nil {
			list.stop()
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// fleet are servers on one database.
type fleet []*live.Server

func (f fleet) stop() {
	for _, s := range f {
		s.Stop()
	}
}

func (f fleet) urls() []string {
	urls := make([]string, len(f))
	for i, s := range f {
		urls[i] = s.URL
	}
	return urls
}

// cpu is the time that the cores have spent so far, and on whom.
type cpu struct {
	at                        time.Time
	client, servers, postgres time.Duration
}

// cpuOf reads it; of servers and PostgreSQL it stays 0 where there is no /proc.
func (b *bench) cpuOf(f fleet) cpu {
	c := cpu{at: time.Now()}
	var self syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &self) == nil {
		c.client = time.Duration(self.Utime.Nano() + self.Stime.Nano())
	}
	for _, s := range f {
		own, _ := stat(fmt.Sprint(s.PID()))
		c.servers += own.own
	}
	back, _ := stat(fmt.Sprint(b.conn.PgConn().PID()))
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		// ended back ends count as the postmaster's waited-for children
		switch p, ok := stat(e.Name()); {
		case !ok || back.parent == "":
		case e.Name() == back.parent:
			c.postgres += p.own + p.children
		case p.parent == back.parent:
			c.postgres += p.own
		}
	}
	return c
}

type process struct {
	parent        string
	own, children time.Duration
}

// stat reads /proc/PID/stat.
func stat(pid string) (process, bool) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return process{}, false
	}
	// after the name, which may hold anything: state, parent, …, user and system time in 1/100 s, those of children
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return process{}, false
	}
	ticks := func(i int) time.Duration {
		var n int64
		_, _ = fmt.Sscan(fields[i], &n)
		return time.Duration(n) * 10 * time.Millisecond
	}
	return process{parent: fields[1], own: ticks(11) + ticks(12), children: ticks(13) + ticks(14)}, true
}

// all is the time that the cores spent at work since the machine started, for whomever, and what of it was the
// bench's: its own, of the servers and of pgbench as far as they have ended, and of PostgreSQL.
func (b *bench) all() (busy, own time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		// after the name: user, nice, system, idle, waiting, interrupts, soft ones; then time that the machine did
		// not have
		if i >= 1 && i <= 7 && i != 4 && i != 5 {
			var ticks int64
			_, _ = fmt.Sscan(field, &ticks)
			busy += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	var ended syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended) == nil {
		own = time.Duration(ended.Utime.Nano() + ended.Stime.Nano())
	}
	c := b.cpuOf(nil)
	return busy, own + c.client + c.postgres
}

// shares are the parts of all cores' time between two looks.
func (c cpu) shares(before cpu, cores int) (client, servers, postgres float64) {
	all := float64(c.at.Sub(before.at)) * float64(cores)
	return float64(
			c.client-before.client,
		) / all, float64(
			c.servers-before.servers,
		) / all, float64(
			c.postgres-before.postgres,
		) / all
}
