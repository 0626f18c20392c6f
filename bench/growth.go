package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// small is the gym that grows: a quarter of a year of history, so that a hundred times that is 25 years.
var small = gym{students: 2_000, slots: 4, seats: 12, months: 3, taken: 8}

// growth measures what each thing costs while one thing grows, and while all do.
func (b *bench) growth(ctx context.Context) error {
	times := func(students, slots, months int) gym {
		g := small
		g.students *= students
		g.slots *= slots
		g.months *= months
		return g
	}
	sizes := []struct {
		name string
		gym
	}{
		{"×1", small},
		{"students ×10", times(10, 1, 1)},
		{"students ×100", times(100, 1, 1)},
		{"slots ×10", times(10, 10, 1)}, // who would sit in them?
		{"history ×10", times(1, 1, 10)},
		{"history ×100", times(1, 1, 100)},
		{"all ×10", times(10, 10, 10)},
	}
	if b.huge {
		sizes = append(sizes, struct {
			name string
			gym
		}{"all ×100, history ×10", times(100, 100, 10)})
	}
	for _, size := range sizes {
		began := time.Now()
		if err := b.make(ctx, size.gym); err != nil {
			return err
		}
		var marks int
		if err := b.conn.QueryRow(ctx, `select count(*) from gym.marks`).Scan(&marks); err != nil {
			return fmt.Errorf("counting marks: %w", err)
		}
		fmt.Fprintf(
			b.out,
			"  %s: %d students, %d slots a month, %d months, %d marks, made in %.0f s\n",
			size.name,
			size.students,
			6*size.slots,
			size.months,
			marks,
			time.Since(began).Seconds(),
		)
		if err := b.grown(ctx, size.name, size.gym); err != nil {
			return fmt.Errorf("%s: %w", size.name, err)
		}
	}
	return nil
}

// step is one of the things whose cost is looked at. Its function is called on a connection of its own.
type step struct {
	name  string
	times int
	do    func(ctx context.Context, tx pgx.Tx) error
	// at is what the gym's clock shows, an SQL expression; "": the true time. Nothing of what is done then is kept.
	at string
}

func (b *bench) grown(ctx context.Context, size string, g gym) error {
	conn, err := pgx.ConnectConfig(ctx, b.conn.Config())
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	random := rand.New(rand.NewPCG(b.seed, 0))
	for _, s := range g.steps(random) {
		var took []time.Duration
		for range s.times {
			t, err := s.measure(ctx, conn)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			took = append(took, t)
		}
		slices.Sort(took)
		f := b.add("growth", s.name+", "+size, "ms", float64(took[len(took)/2].Nanoseconds())/1e6)
		if size != "×1" {
			f.of(s.name + ", ×1")
		}
	}
	return nil
}

func (s step) measure(ctx context.Context, conn *pgx.Conn) (took time.Duration, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("beginning: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if s.at != "" {
		if _, err := tx.Exec(ctx, `select set_config('gym.now', (`+s.at+`)::timestamp::text, true)`); err != nil {
			return 0, fmt.Errorf("moving the clock: %w", err)
		}
	}
	began := time.Now()
	if err := s.do(ctx, tx); err != nil {
		return 0, err
	}
	if s.at == "" {
		if err := tx.Commit(ctx); err != nil {
			return 0, fmt.Errorf("committing: %w", err)
		}
	}
	return time.Since(began), nil
}

func (g gym) steps(random *rand.Rand) []step {
	admin := g.students + 1
	student := func() int { return 1 + random.IntN(g.students) }
	call := func(function string, actor func() int, body string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `select wire.`+function+`($1, (`+body+`)::jsonb, 'bench')`, actor())
			return err
		}
	}
	byAdmin := func() int { return admin }
	report := func(kind string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			if err := call("report_"+kind, byAdmin, `jsonb_build_object('startDate', rules.this_month(), 'endDate', rules.today() + 1)`)(ctx, tx); err != nil {
				return err
			}
			rows, err := tx.Query(
				ctx,
				`fetch all from report_rows`,
				pgx.QueryExecModeExec,
			) // its columns differ from report to report
			if err != nil {
				return err
			}
			rows.Close()
			return rows.Err()
		}
	}
	untilNothing := func(job string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			for done := 1; done > 0; {
				if err := tx.QueryRow(ctx, `select wire.`+job+`()`).Scan(&done); err != nil {
					return err
				}
			}
			return nil
		}
	}
	// a Monday of last month
	const monday = `rules.this_month() - 1 - ((extract(isodow from rules.this_month() - 1)::integer + 6) % 7)`
	return []step{
		{name: "entry/create", times: 200, do: func(ctx context.Context, tx pgx.Tx) error {
			r := g.choice(student(), random)
			_, err := tx.Exec(ctx, `select wire.entry_create($1, $2, 'bench')`, r.actor, string(r.body))
			return err
		}},
		{name: "avtime/get", times: 50, do: call("avtime_get", student, `'{}'`)},
		{name: "entry/get", times: 50, do: call("entry_get", student, `'{}'`)},
		{name: "user/absences", times: 50, do: call("user_absences", student, `'{}'`)},
		{
			name:  "visit/get of a day",
			times: 30,
			do:    call("visit_get", byAdmin, `jsonb_build_object('date', `+monday+`)`),
		},
		{
			name:  "visit/get of a lesson",
			times: 30,
			do:    call("visit_get", byAdmin, `jsonb_build_object('date', `+monday+`, 'time', '08:00')`),
		},
		{name: "visit/edit", times: 50, do: func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(
				ctx,
				`select wire.visit_edit($1, jsonb_build_object('id', (select m.id from gym.marks m where m.date = `+monday+` and m.withdrawn_at is null offset $2 limit 1), 'mark', 1), 'bench')`,
				admin,
				random.IntN(40),
			)
			return err
		}},
		{
			name:  "entry/get-any of a month",
			times: 10,
			do: call(
				"entry_get_any",
				byAdmin,
				`jsonb_build_object('month', to_char(rules.this_month(), 'MM-YYYY'))`,
			),
		},
		{name: "user/get of students", times: 5, do: call("user_get", byAdmin, `'{"role":"STUDENT"}'`)},
		{name: "month made", times: 5, at: `rules.next_month() + interval '24 days'`, do: untilNothing("ensure_slots")},
		{
			name:  "marks of a month made",
			times: 3,
			at:    `rules.next_month() + interval '5 minutes'`,
			do:    untilNothing("ensure_marks"),
		},
		{
			name:  "nightly judging",
			times: 3,
			at:    `rules.today() + 1 + interval '5 minutes'`,
			do:    untilNothing("ensure_blocks"),
		},
		{name: "report/visits of this month", times: 5, do: report("visits")},
		{name: "report/occupancy of this month", times: 5, do: report("occupancy")},
		{name: "report/term of this month", times: 5, do: report("term")},
		{name: "report/blocked of this month", times: 5, do: report("blocked")},
	}
}
