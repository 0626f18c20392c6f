// Bench measures the running server: every figure beside the limit of the same machine in the same run, so that
// figures of two machines, or of two days, can be compared. `make bench` runs it; docs/performance.md tells what came
// of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := &cobra.Command{Use: "bench", Short: "Measure the running server", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(newRun(), newCompare(), newLines(), newDocs())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the flags of a run.
type settings struct {
	only    []string
	seconds float64
	repeat  int
	seed    uint64
	huge    bool
	json    string
	energy  string
	pgbin   string
}

// part is a chapter of the run, which adds its figures to the result.
type part struct {
	name, about string
	run         func(*bench, context.Context) error
}

func parts() []part {
	return []part{
		{"limits", "what the machine and PostgreSQL can do at best", (*bench).limits},
		{"rush", "the opening over HTTP: 2,000 students for 288 seats, 20,000 and 100,000 for 2,880", (*bench).rushes},
		{"change", "a choice replaced by another while nothing is full, 8 to 256 clients", (*bench).changes},
		{"refusals", "choices of slots that are all full", (*bench).refusals},
		{"list", "avtime/get", (*bench).lists},
		{"flush", "the same with flushes that take 2 ms, and two designs of seats compared", (*bench).flushes},
		{"growth", "students, slots and months of history times 1, 10, 100", (*bench).growth},
		{"servers", "one, two and four servers on one database, and PgBouncer", (*bench).servers},
	}
}

func newRun() *cobra.Command {
	var s settings
	var names []string
	long := "Measure on the empty migrated database that the environment names, logged in as a superuser; make bench starts one.\n\nParts:\n"
	for _, p := range parts() {
		names = append(names, p.name)
		long += fmt.Sprintf("  %-10s%s\n", p.name, p.about)
	}
	cmd := &cobra.Command{
		Use: "run", Short: "Measure", Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range s.only {
				if !slices.Contains(names, name) {
					return fmt.Errorf("--only %s: the parts are %s", name, strings.Join(names, ", "))
				}
			}
			return run(cmd.Context(), s, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&s.only, "only", nil, "parts to measure, all by default: "+strings.Join(names, ","))
	flags.Float64Var(&s.seconds, "seconds", 3, "how long each sustained figure is measured")
	flags.IntVar(
		&s.repeat,
		"repeat",
		1,
		"how often everything is measured; benchstat wants 6 to tell a change from chance",
	)
	flags.Uint64Var(&s.seed, "seed", 1, "fixes who wants what")
	flags.BoolVar(&s.huge, "huge", false, "growth times 100 of everything at once too: minutes, and 5 GB of disk")
	flags.StringVar(&s.json, "json", "", "file to write the figures to")
	flags.StringVar(&s.energy, "energy", "bin/energy", "the program to measure")
	flags.StringVar(&s.pgbin, "pgbin", "", "folder of pgbench and the other programs of PostgreSQL")
	return cmd
}

// bench is a run under way.
type bench struct {
	settings
	conn    *pgx.Conn // the owner's
	result  *Result
	folder  string // for scripts and the like
	out     io.Writer
	pgbench string // the program; "" where there is none
}

func run(ctx context.Context, s settings, out io.Writer) error {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	b := &bench{settings: s, conn: conn, out: out}
	if err := b.refuseUsed(ctx); err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "energiya-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	if b.result, err = newResult(ctx, conn, s); err != nil {
		return err
	}
	b.findPgbench()

	fmt.Fprintf(out, "%s\n\n", b.result.heading())
	began := time.Now()
	busy, own := b.all()
	for range s.repeat {
		for _, p := range parts() {
			if len(s.only) > 0 && !slices.Contains(s.only, p.name) {
				continue
			}
			fmt.Fprintf(out, "%s: %s …\n", p.name, p.about)
			from := time.Now()
			if err := p.run(b, ctx); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			fmt.Fprintf(out, "  %.0f s\n", time.Since(from).Seconds())
		}
	}
	took := time.Since(began)
	b.result.Took = took.Seconds()
	busyAfter, ownAfter := b.all()
	b.result.Others = float64(busyAfter-busy-(ownAfter-own)) / float64(took) / float64(b.result.Machine.Cores)
	fmt.Fprintln(out)
	if err := b.result.print(out); err != nil {
		return err
	}
	if s.json != "" {
		return b.result.write(s.json)
	}
	return nil
}

// refuseUsed keeps the bench from emptying a database that somebody uses.
func (b *bench) refuseUsed(ctx context.Context) error {
	var people int
	if err := b.conn.QueryRow(ctx, `select count(*) from gym.users`).Scan(&people); err != nil {
		return fmt.Errorf("looking whether the database is empty: %w", err)
	}
	if people > 0 {
		return fmt.Errorf(
			"the database holds %d people, and everything in it would be removed: name an empty migrated one (make bench makes its own)",
			people,
		)
	}
	return nil
}

// note says, on the page and in the file, what was left out or must be known.
func (b *bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(b.result.Notes, text) {
		b.result.Notes = append(b.result.Notes, text)
		fmt.Fprintf(b.out, "  %s\n", text)
	}
}

func (b *bench) duration() time.Duration { return time.Duration(b.seconds * float64(time.Second)) }

func (b *bench) findPgbench() {
	for _, folder := range append([]string{b.pgbin}, filepath.SplitList(os.Getenv("PATH"))...) {
		program := filepath.Join(folder, "pgbench")
		if found, err := exec.LookPath(program); err == nil && folder != "" {
			b.pgbench = found
			return
		}
	}
	b.note(
		"pgbench is not beside this PostgreSQL (the npm servers have none): figures stand without the limit of the database alone",
	)
}

// errNoPgbench: there is nothing to compare with.
var errNoPgbench = errors.New("no pgbench")
