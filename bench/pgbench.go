package main

import (
	"context"
	"errors"
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

var (
	overall  = regexp.MustCompile(`(?m)^tps = ([\d.]+) \((?:without initial|excluding)`)
	ofSecond = regexp.MustCompile(`(?m)^progress: [\d.]+ s, ([\d.]+) tps`)
)

// tps runs a script over so many connections for the run's duration and gives the transactions a second. As over
// HTTP, there is a second before in which connections get their plans, and which does not count.
func (b *bench) tps(ctx context.Context, s script, clients int) (float64, error) {
	seconds := max(1, int(b.seconds+0.5))
	output, err := b.runPgbench(
		ctx,
		s,
		clients,
		"-T",
		strconv.Itoa(2+seconds),
		"-P",
		"1",
	) // of the last it need not tell
	if err != nil {
		return 0, err
	}
	rate, err := withoutFirst(output, seconds)
	if err != nil {
		return 0, fmt.Errorf("pgbench %s: %w\n%s", s.name, err, output)
	}
	return rate, nil
}

// withoutFirst is the mean rate of so many seconds after the first.
func withoutFirst(output []byte, seconds int) (float64, error) {
	each := ofSecond.FindAllSubmatch(output, -1)
	if len(each) <= seconds {
		return 0, errors.New("it does not say how many transactions each second had")
	}
	var sum float64
	for _, second := range each[1 : 1+seconds] {
		rate, err := strconv.ParseFloat(string(second[1]), 64)
		if err != nil {
			return 0, err
		}
		sum += rate
	}
	return sum / float64(seconds), nil
}

// timesEach runs a script so often on each connection and gives the time that all took.
func (b *bench) timesEach(ctx context.Context, s script, clients, times int) (time.Duration, error) {
	output, err := b.runPgbench(ctx, s, clients, "-t", strconv.Itoa(times))
	if err != nil {
		return 0, err
	}
	found := overall.FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("pgbench %s does not say how many transactions it made:\n%s", s.name, output)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		return 0, fmt.Errorf("pgbench %s: %w", s.name, err)
	}
	return time.Duration(float64(clients*times) / rate * float64(time.Second)), nil
}

// runPgbench gives what pgbench says.
func (b *bench) runPgbench(ctx context.Context, s script, clients int, args ...string) ([]byte, error) {
	if b.pgbench == "" {
		return nil, errNoPgbench
	}
	file := filepath.Join(b.folder, s.name+".sql")
	if err := os.WriteFile(file, []byte(s.sql), 0o600); err != nil {
		return nil, fmt.Errorf("writing a script for pgbench: %w", err)
	}
	args = append(
		[]string{
			"-n",
			"-M",
			"prepared",
			"-c",
			strconv.Itoa(clients),
			"-j",
			strconv.Itoa(min(clients, b.result.Machine.Cores)),
			"--random-seed",
			strconv.FormatUint(b.seed, 10),
			"-f",
			file,
		},
		args...)
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
		return nil, fmt.Errorf("pgbench %s: %w\n%s", s.name, err, output)
	}
	return output, nil
}
