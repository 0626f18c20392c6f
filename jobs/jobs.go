// Package jobs runs what nobody presses a button for: River workers in the server, of which each calls one function
// of the schema wire, "make sure that … as of now". What is due, and when, those functions know; here is only how
// often they are asked.
//
// A job of each kind is wanted for each hour of the gym's clock, and by whoever calls api.run_now. Whatever was
// missed while no server ran is made good by the first job after the start. `select * from api.schedule()` shows what
// ran and what comes next.
package jobs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// DB is what a worker calls its function on: a pool, or a transaction.
type DB interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Args are the arguments of every job.
type Args struct {
	// Period is the gym's hour, "2026-11-24 22". The schedule wants one job of it, however many servers run.
	Period string `json:"period" river:"unique"`
	// By is who wanted the job; empty: the schedule.
	By string `json:"by,omitempty"`
}

// InsertOpts make a job of the schedule the only one of its period, whatever became of it: one that failed has its
// retries, and the next hour brings another.
func (Args) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: maxAttempts,
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()},
	}
}

// The jobs. What each is for stands in the view rules.jobs.
type (
	EnsureSlots  struct{ Args }
	EnsureMarks  struct{ Args }
	EnsureBlocks struct{ Args }
	EnsureTurns  struct{ Args }
	// EnsurePromotions is wanted each minute too, and by the rules whenever a seat is free for a person who waits.
	EnsurePromotions struct{ Args }
	CleanUp          struct{ Args }
)

func (EnsureSlots) Kind() string      { return "ensure_slots" }
func (EnsureMarks) Kind() string      { return "ensure_marks" }
func (EnsureBlocks) Kind() string     { return "ensure_blocks" }
func (EnsureTurns) Kind() string      { return "ensure_turns" }
func (EnsurePromotions) Kind() string { return "ensure_promotions" }
func (CleanUp) Kind() string          { return "clean_up" }

const (
	sqlEnsureSlots      = `select wire.ensure_slots()`
	sqlEnsureMarks      = `select wire.ensure_marks()`
	sqlEnsureBlocks     = `select wire.ensure_blocks()`
	sqlEnsureTurns      = `select wire.ensure_turns()`
	sqlEnsurePromotions = `select wire.ensure_promotions()`
	sqlCleanUp          = `select wire.clean_up()`

	// sqlAs goes behind each, so that PostgreSQL's log and pg_stat_activity tell which job it is: "energy
	// jobs/ensure_slots/12".
	sqlAs = ` from set_config('application_name', left(split_part(current_setting('application_name'), '/', 1) || '/' || $1, 63), true)`
)

// queueWaiting is the queue of promotions, which nothing else may hold up.
const queueWaiting = "waiting"

// InsertOpts make the job of the schedule the only one of its minute: it catches up with what the rules' own jobs
// missed.
func (EnsurePromotions) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		MaxAttempts: maxAttempts,
		Queue:       queueWaiting,
		UniqueOpts:  river.UniqueOpts{ByPeriod: tick},
	}
}

// job is a kind of job as the runner needs it.
type job struct {
	work func(*river.Workers)
	with func(Args) river.JobArgs
}

// all are the jobs, in the order in which a start wants them.
func all(db DB, log *slog.Logger) []job {
	return []job{
		kind(NewWorker[EnsureSlots](db, log, sqlEnsureSlots), func(a Args) river.JobArgs { return EnsureSlots{a} }),
		kind(NewWorker[EnsureMarks](db, log, sqlEnsureMarks), func(a Args) river.JobArgs { return EnsureMarks{a} }),
		kind(NewWorker[EnsureBlocks](db, log, sqlEnsureBlocks), func(a Args) river.JobArgs { return EnsureBlocks{a} }),
		kind(NewWorker[EnsurePromotions](db, log, sqlEnsurePromotions),
			func(a Args) river.JobArgs { return EnsurePromotions{a} }),
		kind(NewWorker[EnsureTurns](db, log, sqlEnsureTurns), func(a Args) river.JobArgs { return EnsureTurns{a} }),
		kind(NewWorker[CleanUp](db, log, sqlCleanUp), func(a Args) river.JobArgs { return CleanUp{a} }),
	}
}

func kind[T river.JobArgs](worker *Worker[T], with func(Args) river.JobArgs) job {
	return job{
		work: func(workers *river.Workers) { river.AddWorker(workers, worker) },
		with: with,
	}
}

// Worker works the jobs of one kind.
type Worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	db  DB
	log *slog.Logger
	sql string
}

// NewWorker makes a worker. sql calls the kind's function, which gives the number of things that it did.
func NewWorker[T river.JobArgs](db DB, log *slog.Logger, sql string) *Worker[T] {
	return &Worker[T]{db: db, log: log, sql: sql}
}

// Work calls the function until it finds nothing more to do. It works in portions, and each call is a transaction of
// its own, so that it holds up nobody for long, and what is cut off is whole as far as it came.
func (w *Worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	name := fmt.Sprintf("%s/%d", job.Kind, job.ID)
	for total := 0; ; {
		var done int
		if err := w.db.QueryRow(ctx, w.sql+sqlAs, name).Scan(&done); err != nil {
			return err // as it is, since the job's kind says what was called, and a line of api.schedule() is short
		}
		total += done
		if err := river.RecordOutput(ctx, total); err != nil {
			return fmt.Errorf("noting what was done: %w", err)
		}
		if done == 0 {
			if total > 0 {
				w.log.InfoContext(ctx, "job done", "job", job.Kind, "id", job.ID, "done", total)
			}
			return nil
		}
	}
}
