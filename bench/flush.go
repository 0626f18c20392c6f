package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"energiya/internal/crowd/rush"
	"energiya/internal/live"
)

//go:embed designs.sql
var designsSQL string

// flushes measures with flushes as they are and with such as a disk in a cloud has.
func (b *bench) flushes(ctx context.Context) error {
	defer func() { _ = b.slowFlushes(context.WithoutCancel(ctx), false) }()
	for _, slow := range []bool{false, true} {
		if err := b.slowFlushes(ctx, slow); err != nil {
			return err
		}
		about, fast := "", ""
		if slow {
			about, fast = ", flushes of 2 ms", "as they are"
		}
		// of gives a figure its limit: the same with flushes as they are
		of := func(f *Figure, name string) {
			if fast != "" {
				f.of(name)
			}
		}
		if err := b.product(ctx, about, of); err != nil {
			return err
		}
		if err := b.designs(ctx, about, of); err != nil {
			return err
		}
	}
	return nil
}

// slowFlushes makes every commit wait for 2 ms, alone or not, before it flushes; or no longer.
func (b *bench) slowFlushes(ctx context.Context, slow bool) error {
	delay, siblings := "0", "5"
	if slow {
		delay, siblings = "2000", "0"
	}
	for _, statement := range []string{"alter system set commit_delay = " + delay, "alter system set commit_siblings = " + siblings, "select pg_reload_conf()", "select pg_sleep(0.2)"} {
		if _, err := b.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("setting commit_delay: %w", err)
		}
	}
	return nil
}

// product measures the server itself.
func (b *bench) product(ctx context.Context, about string, of func(*Figure, string)) error {
	if _, err := b.conn.Exec(ctx, `create schema if not exists bench; create table if not exists bench.rows (n integer)`); err != nil {
		return fmt.Errorf("making a table of one row: %w", err)
	}
	if err := b.addTPS(ctx, "flush", script{name: "one row inserted" + about, sql: "insert into bench.rows values (1);\n", asOwner: true}, poolSize); err != nil {
		return err
	}
	if err := b.make(ctx, roomy); err != nil {
		return err
	}
	for _, pool := range []int{8, 16, 32} {
		servers, err := b.startAll(ctx, 1, fmt.Sprintf("ENERGY_POOL_SIZE=%d", pool))
		if err != nil {
			return err
		}
		if err := b.everybodyChooses(ctx, servers); err != nil {
			servers.stop()
			return err
		}
		for _, clients := range []int{8, 64, 256} {
			if clients < pool {
				continue
			}
			t, err := b.load(ctx, servers, clients, roomy.change(clients))
			if err != nil {
				servers.stop()
				return err
			}
			name := fmt.Sprintf("change, pool of %d, %d clients", pool, clients)
			of(b.add("flush", name+about, "requests/s", t.rate()), name)
			b.add("flush", name+about+": 99 of 100 within", "ms", t.at(99))
		}
		servers.stop()
	}

	g := gym{students: 2_000, slots: 4, seats: 12, months: 2}
	if err := b.make(ctx, g); err != nil {
		return err
	}
	servers, err := b.startAll(ctx, 1)
	if err != nil {
		return err
	}
	defer servers.stop()
	report, err := b.play(
		ctx,
		rush.Options{URLs: servers.urls(), Token: live.Token, Students: g.everybody(), Seed: b.seed},
	)
	if err != nil {
		return err
	}
	of(
		b.add("flush", "2,000 for 288: last seat sold"+about, "s", report.LastSeat.Seconds()),
		"2,000 for 288: last seat sold",
	)
	of(b.add("flush", "2,000 for 288: last answer"+about, "s", report.Took.Seconds()), "2,000 for 288: last answer")
	return nil
}

// designs compares a counter on the slot with a row a seat, alone in the database.
func (b *bench) designs(ctx context.Context, about string, of func(*Figure, string)) error {
	for _, kind := range []struct {
		name        string
		seats       int
		nobodyTwice bool
	}{{"change", 100, false}, {"opening", 12, true}} {
		for _, clients := range []int{8, 32} {
			for _, design := range []string{"counter", "seats"} {
				fill := fmt.Sprintf(`
					insert into bench.slots select id, %[1]d from generate_series(0, 23) id;
					insert into bench.seats select id, n from generate_series(0, 23) id, generate_series(1, %[1]d) n;
					analyze`, kind.seats)
				for _, statements := range []string{designsSQL, fill} {
					if _, err := b.conn.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol); err != nil {
						return fmt.Errorf("making two designs: %w", err)
					}
				}
				// 600 students change; to an opening everybody comes once
				own := 600 / clients
				if kind.nobodyTwice {
					own = 1_920 / clients
				}
				s := designScript(design, own)
				var rate float64
				var err error
				if kind.nobodyTwice {
					took, failed := b.timesEach(ctx, s, clients, 1_920/clients)
					rate, err = 1_920/took.Seconds(), failed
				} else {
					rate, err = b.tps(ctx, s, clients)
				}
				if errors.Is(err, errNoPgbench) {
					return nil
				}
				if err != nil {
					return err
				}
				name := fmt.Sprintf(
					"design %s, %s, %d connections",
					strings.Replace(design, "seats", "a row a seat", 1),
					kind.name,
					clients,
				)
				of(b.add("flush", name+about, "choices/s", rate), name)
			}
		}
	}
	_, err := b.conn.Exec(ctx, "drop schema bench cascade")
	return err
}

// designScript chooses three of 24 slots on three days, for each of the client's own students in turn.
func designScript(design string, own int) script {
	return script{
		name: "design " + design,
		sql: `\set n :n + 1
\set student :client_id + 1000 * (:n % :own)
\set a random(0, 5)
\set b :a + random(1, 2)
\set c (:b + random(1, 2)) % 6
\set b :b % 6
\set x :a * 4 + random(0, 3)
\set y :b * 4 + random(0, 3)
\set z :c * 4 + random(0, 3)
select bench.` + design + `(:student, array[:x, :y, :z]::integer[]);
`,
		variables: map[string]int{"n": 0, "own": own},
		asOwner:   true,
	}
}
