// Judge measures nightly judging (wire.ensure_blocks until it finds nothing more to do) over a month of a large gym,
// and what it does to the waits of students who enrol meanwhile. It wants an empty migrated database, which the
// environment names (DATABASE_URL or PG…), on a server with fsync on: `make bench-judge`.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

//go:embed seed.sql
var seed string

// seats of a slot: some hundred slots a weekday, so that the judged hold seats in all of them.
const seats = 200

type settings struct {
	students, due, clients int
	alone, pause           time.Duration
}

func main() {
	var s settings
	flag.IntVar(&s.students, "students", 100_000, "students, with 11 marks each")
	flag.IntVar(&s.due, "due", 2_000, "students to be blocked")
	flag.IntVar(&s.clients, "clients", 8, "connections that enrol meanwhile")
	flag.DurationVar(&s.alone, "alone", 10*time.Second, "how long they enrol without judging, to compare")
	flag.DurationVar(&s.pause, "pause", 10*time.Millisecond, "what each waits between two choices")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	conn, err := connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	began := time.Now()
	if _, err := conn.Exec(ctx, fmt.Sprintf(seed, s.students, s.students/s.due, seats), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("making the month: %w", err)
	}
	var marks int
	if err := conn.QueryRow(ctx, `select count(*) from gym.marks`).Scan(&marks); err != nil {
		return fmt.Errorf("counting marks: %w", err)
	}
	fmt.Printf(
		"%d students, %d marks, made in %.0f s; %d connections enrol meanwhile\n\n",
		s.students,
		marks,
		time.Since(began).Seconds(),
		s.clients,
	)

	// hint bits, and the first change of each page after a checkpoint, are no matter of judging
	if _, err := conn.Exec(ctx, `vacuum analyze`); err != nil {
		return fmt.Errorf("vacuuming: %w", err)
	}
	if _, _, err := s.measure(ctx, conn, "2026-11-26 22:00", false); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}

	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tjudged\tcalls\tjudging s\tlongest call ms\tchoices/s\tmedian ms\tp99 ms\tlongest ms\t")
	for _, phase := range []struct {
		name, now string
		judges    bool
	}{
		{"enrolment alone", "2026-11-26 23:00", false},
		{"nothing due", "2026-11-26 23:05", true},
		{"absences of yesterday", "2026-11-27 00:05", true},
		{"once more", "2026-11-27 01:05", true},
		{"roles at the month's turn", "2026-12-01 00:05", true},
	} {
		j, waits, err := s.measure(ctx, conn, phase.now, phase.judges)
		if err != nil {
			return fmt.Errorf("%s: %w", phase.name, err)
		}
		fmt.Fprintf(
			table,
			"%s\t%d\t%d\t%.2f\t%.0f\t%.0f\t%.1f\t%.1f\t%.1f\t\n",
			phase.name,
			j.done,
			j.calls,
			j.took.Seconds(),
			ms(j.longest),
			float64(len(waits.each))/waits.took.Seconds(),
			ms(waits.at(50)),
			ms(waits.at(99)),
			ms(waits.at(100)),
		)
	}
	return table.Flush()
}

func connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// judging is what one night took.
type judging struct {
	done, calls   int
	took, longest time.Duration
}

// waits of the choices of a phase, ascending.
type waits struct {
	each []time.Duration
	took time.Duration
}

func (w waits) at(percent int) time.Duration {
	if len(w.each) == 0 {
		return 0
	}
	return w.each[min(len(w.each)*percent/100, len(w.each)-1)]
}

// measure lets students enrol while the night is judged, or for a while without that.
func (s settings) measure(ctx context.Context, conn *pgx.Conn, now string, judges bool) (judging, waits, error) {
	enrolling, stop := context.WithCancel(ctx)
	defer stop()
	group, enrolling := errgroup.WithContext(enrolling)
	began := time.Now()
	each := make([][]time.Duration, s.clients)
	for n := range s.clients {
		group.Go(func() (err error) {
			each[n], err = s.enrol(enrolling, now, uint64(n))
			return err
		})
	}
	time.Sleep(time.Second) // until plans are made
	var j judging
	var err error
	if judges {
		j, err = judge(ctx, conn, now)
	} else {
		time.Sleep(s.alone)
	}
	stop()
	if failed := group.Wait(); err == nil {
		err = failed
	}
	w := waits{slices.Sorted(slices.Values(slices.Concat(each...))), time.Since(began)}
	return j, w, err
}

func judge(ctx context.Context, conn *pgx.Conn, now string) (judging, error) {
	var j judging
	if _, err := conn.Exec(ctx, `select set_config('gym.now', $1, false)`, now); err != nil {
		return j, fmt.Errorf("setting the clock: %w", err)
	}
	began := time.Now()
	for {
		call := time.Now()
		var done int
		if err := conn.QueryRow(ctx, `select wire.ensure_blocks()`).Scan(&done); err != nil {
			return j, fmt.Errorf("judging: %w", err)
		}
		j.calls++
		j.done += done
		j.longest = max(j.longest, time.Since(call))
		if done == 0 {
			j.took = time.Since(began)
			return j, nil
		}
	}
}

// enrol chooses for one student after the other, until it is told to stop: a seat of Monday or Thursday is kept, the
// other given up or kept too, and one taken on a weekday that has room. It gives the waits for the answers.
func (s settings) enrol(ctx context.Context, now string, n uint64) ([]time.Duration, error) {
	conn, err := connect(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `select set_config('gym.now', $1, false)`, now); err != nil {
		return nil, fmt.Errorf("setting the clock: %w", err)
	}
	rng := rand.New(rand.NewPCG(1, n))
	var each []time.Duration
	for ctx.Err() == nil {
		student := 1 + rng.IntN(s.students)
		own := (student - 1) / seats
		wanted := []int{slotID(3*rng.IntN(2), own), slotID(4, rng.IntN((s.students-1)/seats+1))}
		asked := time.Now()
		// not of ctx: the last choice is waited for
		_, err := conn.Exec(
			context.WithoutCancel(ctx),
			`select wire.entry_create($1, jsonb_build_object('selectedTimes', $2::integer[]), 'bench')`,
			student,
			wanted,
		)
		each = append(each, time.Since(asked))
		if err != nil && !isRefusal(err) {
			return nil, fmt.Errorf("entry_create %v by %d: %w", wanted, student, err)
		}
		time.Sleep(s.pause)
	}
	return each, nil
}

// isRefusal: blocked, or closed.
func isRefusal(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "ENRUL"
}

// slotID is the id that seed.sql gives a slot of December.
func slotID(weekday, n int) int { return 100_000 + weekday*10_000 + n }
