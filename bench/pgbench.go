package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// script is something for pgbench to do over and over.
type script struct {
	name, sql string
	// variables that the script knows
	variables map[string]int
	// asOwner: not in the server's role
	asOwner bool
}

var tps = regexp.MustCompile(`(?m)^tps = ([\d.]+) \((?:without initial|excluding)`)

// tps runs a script over so many connections for the run's duration and gives the transactions a second.
func (b *bench) tps(ctx context.Context, s script, clients int) (float64, error) {
	return b.runPgbench(ctx, s, clients, "-T", strconv.Itoa(max(1, int(b.seconds+0.5))))
}

// timesEach runs a script so often on each connection and gives the time that all took.
func (b *bench) timesEach(ctx context.Context, s script, clients, times int) (time.Duration, error) {
	rate, err := b.runPgbench(ctx, s, clients, "-t", strconv.Itoa(times))
	if err != nil {
		return 0, err
	}
	return time.Duration(float64(clients*times) / rate * float64(time.Second)), nil
}

func (b *bench) runPgbench(ctx context.Context, s script, clients int, args ...string) (float64, error) {
	if b.pgbench == "" {
		return 0, errNoPgbench
	}
	file := filepath.Join(b.folder, s.name+".sql")
	if err := os.WriteFile(file, []byte(s.sql), 0o600); err != nil {
		return 0, fmt.Errorf("writing a script for pgbench: %w", err)
	}
	args = append([]string{"-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, b.result.Machine.Cores)),
		"--random-seed", strconv.FormatUint(b.seed, 10), "-f", file}, args...)
	for name, value := range s.variables {
		args = append(args, "-D", fmt.Sprintf("%s=%d", name, value))
	}
	if url := os.Getenv("DATABASE_URL"); url != "" {
		args = append(args, url)
	}
	cmd := exec.CommandContext(ctx, b.pgbench, args...)
	cmd.Env = os.Environ()
	if !s.asOwner {
		// the plans are those of the role that calls
		cmd.Env = append(cmd.Env, "PGOPTIONS=-c role=energy_server")
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench %s: %w\n%s", s.name, err, output)
	}
	found := tps.FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("pgbench %s does not say how many transactions it made:\n%s", s.name, output)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
