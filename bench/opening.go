package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"energiya/internal/crowd/rush"
	"energiya/internal/live"
)

// limits measures what everything else is set against.
func (b *bench) limits(ctx context.Context) error {
	flushes, err := b.fsyncs()
	if err != nil {
		return err
	}
	b.add("limits", "fsync", "/s", flushes)
	bare, err := b.bareHTTP(ctx)
	if err != nil {
		return err
	}
	b.add("limits", "net/http alone", "requests/s", bare)

	if _, err := b.conn.Exec(ctx, `create schema if not exists bench; drop table if exists bench.rows; create table bench.rows (n integer)`); err != nil {
		return fmt.Errorf("making a table of one row: %w", err)
	}
	for _, s := range []script{
		{name: "nothing asked", sql: "select 1;\n", asOwner: true},
		{name: "one row inserted", sql: "insert into bench.rows values (1);\n", asOwner: true},
	} {
		if err := b.addTPS(ctx, "limits", s, poolSize); err != nil {
			return err
		}
	}
	return nil
}

// addTPS enters how often a second pgbench runs the script, if it is there.
func (b *bench) addTPS(ctx context.Context, part string, s script, clients int) error {
	rate, err := b.tps(ctx, s, clients)
	if errors.Is(err, errNoPgbench) {
		return nil
	}
	if err != nil {
		return err
	}
	b.add(part, "pgbench: "+s.name, "/s", rate)
	return nil
}

// fsyncs is how many blocks a second one writer gets onto the disk.
func (b *bench) fsyncs() (float64, error) {
	file, err := os.Create(filepath.Join(b.folder, "fsync"))
	if err != nil {
		return 0, fmt.Errorf("making a file: %w", err)
	}
	defer func() { _ = file.Close() }()
	block := make([]byte, 8192)
	began := time.Now()
	for n := 1.0; ; n++ {
		if _, err = file.WriteAt(block, 0); err == nil {
			err = file.Sync()
		}
		if err != nil {
			return 0, fmt.Errorf("writing to the disk: %w", err)
		}
		if took := time.Since(began); took > time.Second {
			return n / took.Seconds(), nil
		}
	}
}

// bareHTTP is what the same client gets from a server without anything behind it: as many bytes as avtime/get has.
func (b *bench) bareHTTP(ctx context.Context) (float64, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	answer := `{"error":false,"data":"` + strings.Repeat("x", 1900) + `"}`
	server := &http.Server{
		Handler: http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) },
		),
		ReadHeaderTimeout: time.Second,
	}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	t, err := b.load(ctx, fleet{{URL: "http://" + listener.Addr().String()}}, 32, list(1))
	return t.rate(), err
}

// rushes plays the opening in three sizes.
func (b *bench) rushes(ctx context.Context) error {
	for _, size := range []struct{ students, seats int }{{2_000, 288}, {20_000, 2_880}, {100_000, 2_880}} {
		g := gym{students: size.students, slots: 4, seats: size.seats / 24, months: 2}
		name := fmt.Sprintf("%s for %s", thousands(int64(size.students)), thousands(int64(size.seats)))
		if err := b.make(ctx, g); err != nil {
			return err
		}
		servers, err := b.startAll(ctx, 1)
		if err != nil {
			return err
		}
		err = b.opening(ctx, "rush", name, servers, g)
		servers.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (g gym) everybody() []int {
	ids := make([]int, g.students)
	for i := range ids {
		ids[i] = i + 1
	}
	return ids
}

// opening plays the whole opening.
func (b *bench) opening(ctx context.Context, part, name string, servers fleet, g gym) error {
	o := rush.Options{URLs: servers.urls(), Token: live.Token, Students: g.everybody(), Seed: b.seed}
	// of 100,000 nearly all are refused, which another part measures
	if g.students <= 20_000 {
		if err := b.once(ctx, part, name, o, g); err != nil {
			return err
		}
	}
	before := b.cpuOf(servers)
	all, err := b.play(ctx, o)
	if err != nil {
		return err
	}
	client, server, postgres := b.cpuOf(servers).shares(before, b.result.Machine.Cores)
	var sold, over, broken int
	err = b.conn.QueryRow(ctx, `
		select (select count(*) from gym.enrolments e where e.month = rules.next_month() and e.cancelled_at is null),
		       (select count(*) from gym.slots s where s.month = rules.next_month()
		           and (select count(*) from gym.enrolments e where e.slot_id = s.id and e.cancelled_at is null) > s.capacity),
		       (select coalesce(sum(violations), 0) from api.audit())`).Scan(&sold, &over, &broken)
	if err != nil {
		return fmt.Errorf("auditing: %w", err)
	}
	told := 0
	for _, slots := range all.Held {
		told += len(slots)
	}
	if told != sold {
		return fmt.Errorf("%d seats were promised, and %d are held", told, sold)
	}
	b.add(part, name+": requests", "requests/s", float64(all.Requests())/all.Took.Seconds()).of("net/http alone")
	b.add(part, name+": first answers to all", "s", all.Answered.Seconds())
	b.add(part, name+": last seat sold", "s", all.LastSeat.Seconds())
	b.add(part, name+": last answer", "s", all.Took.Seconds())
	b.add(part, name+": choice, median", "ms", ms(rush.Percentile(all.Choices, 50)))
	b.add(part, name+": choice, 99 of 100 within", "ms", ms(rush.Percentile(all.Choices, 99)))
	b.add(part, name+": seats sold", "seats", float64(sold))
	b.add(part, name+": slots oversold", "slots", float64(over))
	b.add(part, name+": violations (api.audit)", "", float64(broken))
	b.addShares(part, name, client, server, postgres)
	return nil
}

// once lets everybody press once, over HTTP and in pgbench, and empties the gym again.
func (b *bench) once(ctx context.Context, part, name string, o rush.Options, g gym) error {
	o.Tries = 1
	report, err := b.play(ctx, o)
	if err != nil {
		return err
	}
	if err := b.empty(ctx); err != nil {
		return err
	}
	alone := "pgbench: " + name + ", everybody once"
	took, err := b.timesEach(ctx, g.choiceScript("everybody", nextStudent), poolSize, g.students/poolSize)
	switch {
	case err == nil:
		b.add(part, alone, "choices/s", float64(g.students)/took.Seconds()).of("pgbench: one row inserted")
	case !errors.Is(err, errNoPgbench):
		return err
	}
	f := b.add(part, name+", everybody once", "choices/s", float64(g.students)/report.Took.Seconds()).of(alone)
	f.AtLeast = 0.7
	return b.empty(ctx)
}

func (b *bench) addShares(part, name string, client, server, postgres float64) {
	b.add(part, name+": cores on the load generator", "%", 100*client)
	b.add(part, name+": cores on the server", "%", 100*server)
	b.add(part, name+": cores on PostgreSQL", "%", 100*postgres)
}

// play is a rush in which nothing may fail.
func (b *bench) play(ctx context.Context, o rush.Options) (*rush.Report, error) {
	report, err := rush.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	if n := report.Answers[rush.Failed] + report.Answers[rush.Refused]; n > 0 {
		return nil, fmt.Errorf("%d requests failed or were refused: %v %v", n, report.Failures, report.Refusals)
	}
	return report, nil
}
