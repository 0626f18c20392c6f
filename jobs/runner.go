package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"energiya/db"
)

// schema is where River's tables are: db/migrations made them.
const schema = "river"

// How the jobs are run, and why so.
const (
	// timeout ends a job. The longest, a first judging of 100,000 students, takes seconds; a full database may be ten
	// times slower.
	timeout = 5 * time.Minute
	// rescueAfter is when a job that still counts as running is taken for that of a killed server and is tried again.
	// No job that lives runs so long: timeout has ended it.
	rescueAfter = timeout + time.Minute
	// maxAttempts spreads over 38 minutes (1 s, 16 s, 81 s … after the first): then the next hour's job is near.
	maxAttempts = 7
	// tick is how often the schedule asks whether a new hour has begun. Asking costs one small query a job.
	tick = time.Minute
	// afterTick keeps the tick clear of the full hour, where the database's clock might not have got there yet.
	afterTick = time.Second
	// askTimeout bounds that query: River's schedule stands still meanwhile.
	askTimeout = 2 * time.Second
	// poll is how often the queue is looked at. River could be told of new jobs by NOTIFY, but that has no
	// privileges: a role that may do nothing but connect could stop the jobs by a word on River's control channel.
	poll = 500 * time.Millisecond
	// pollWaiting is how often the queue of promotions is looked at: a person who waits has a free seat within two
	// seconds.
	pollWaiting = 250 * time.Millisecond
	// maxWorkers leaves the machine to the students; a long job does not keep the others waiting.
	maxWorkers = 2
	// connections are the share of the jobs, apart from the requests': one a worker, two for River's own bookkeeping.
	connections = maxWorkers + maxPromoters + 2
	// maxPromoters work the queue of promotions: a second, so that one who waits for a lock holds up nobody.
	maxPromoters = 2
	// keepDone and keepFailed are how long finished jobs can be looked at.
	keepDone   = 7 * 24 * time.Hour
	keepFailed = 30 * 24 * time.Hour
	// startAgain is how long to wait before another try to start.
	startAgain = time.Second
)

// sqlPeriod asks for the gym's hour, and for the database's clock, by which River takes jobs.
const sqlPeriod = `select wire.period(), now()`

// Options are what a Runner is made from.
type Options struct {
	// Pool is used as it is given: its role and its settings are the caller's business. See OpenPool.
	Pool *pgxpool.Pool
	// Ready tells why the database can't be worked on yet, or nil.
	Ready func(ctx context.Context) error
	// SoftStop is how long a stop waits for running jobs. What is interrupted then is put back unharmed.
	SoftStop time.Duration
	// Logger hears of what jobs did and of failures. River's own talk below warnings is not passed on.
	Logger *slog.Logger
}

// OpenPool makes the pool of the jobs: few connections, which become role before they are used.
func OpenPool(ctx context.Context, config *pgxpool.Config, role string) (*pgxpool.Pool, error) {
	config = config.Copy()
	config.MaxConns, config.MinConns = connections, 0
	config.ConnConfig.RuntimeParams["application_name"] = "energy jobs"
	// a log-in that is more than it should be was told of by the pool of the requests
	return db.ServerPool(ctx, config, role, timeout, slog.New(slog.DiscardHandler))
}

// Runner works the jobs on one server. Any number of servers may share a database: one of them, elected, keeps the
// schedule.
type Runner struct {
	client *river.Client[pgx.Tx]
	ready  func(ctx context.Context) error
	log    *slog.Logger
	quiet  *slog.Logger
}

// New makes a runner. ctx is that of its whole life: it ends the questions that the schedule asks.
func New(ctx context.Context, o Options) (*Runner, error) {
	r := &Runner{ready: o.Ready, log: o.Logger, quiet: slog.New(newQuiet(o.Logger.Handler(), o.Ready))}
	workers := river.NewWorkers()
	var periodic []*river.PeriodicJob
	for _, job := range all(o.Pool, o.Logger) {
		job.work(workers)
		periodic = append(periodic, river.NewPeriodicJob(
			everyTick{}, r.scheduled(ctx, o.Pool, job.with), &river.PeriodicJobOpts{RunOnStart: true}))
	}
	client, err := river.NewClient(riverpgxv5.New(o.Pool), &river.Config{
		Schema:       schema,
		Workers:      workers,
		PeriodicJobs: periodic,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: maxWorkers},
			queueWaiting:       {MaxWorkers: maxPromoters, FetchPollInterval: pollWaiting},
		},
		Logger:       r.quiet,
		ErrorHandler: &failures{o.Logger},

		JobTimeout:           timeout,
		RescueStuckJobsAfter: rescueAfter,
		SoftStopTimeout:      o.SoftStop,
		MaxAttempts:          maxAttempts,
		FetchPollInterval:    poll,
		PollOnly:             true,
		// a server of a newer version may have other jobs
		FetchOnlyKnownKinds: true,

		CompletedJobRetentionPeriod: keepDone,
		CancelledJobRetentionPeriod: keepFailed,
		DiscardedJobRetentionPeriod: keepFailed,
		// reindexing is for the owner of the indexes, which the server is not
		ReindexerSchedule: river.NeverSchedule(),
	})
	if err != nil {
		return nil, fmt.Errorf("making the River client: %w", err)
	}
	r.client = client
	return r, nil
}

// Run works jobs until ctx ends: those that run then are waited for as long as SoftStop says, or until work ends.
// Where the database is away or not ready at the start, it waits.
func (r *Runner) Run(ctx, work context.Context) {
	if !r.start(ctx) {
		return
	}
	defer context.AfterFunc(work, func() { _ = r.client.StopAndCancel(work) })()
	<-r.client.Stopped()
}

// start tries until it succeeds or ctx ends.
func (r *Runner) start(ctx context.Context) bool {
	var said string
	for {
		err := r.ready(ctx) // who is asked says itself why not
		if err == nil {
			if err = r.client.Start(ctx); err == nil {
				r.log.InfoContext(ctx, "jobs are worked", "id", r.client.ID())
				return true
			}
			if text := err.Error(); text != said && ctx.Err() == nil {
				said = text
				r.log.WarnContext(ctx, "jobs can't be worked yet", "error", text)
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(startAgain):
		}
	}
}

// scheduled makes a job's arguments at each tick. The hour is asked of the database anew, so that a change of the
// gym's zone counts at once; where it does not answer there is no job, and the next tick asks again.
func (r *Runner) scheduled(ctx context.Context, db DB, with func(Args) river.JobArgs) river.PeriodicJobConstructor {
	return func() (river.JobArgs, *river.InsertOpts) {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		var period string
		var now time.Time
		if err := db.QueryRow(ctx, sqlPeriod).Scan(&period, &now); err != nil {
			r.quiet.WarnContext(
				ctx,
				"the gym's hour can't be asked: no jobs before the next minute",
				"error",
				err.Error(),
			)
			return nil, nil
		}
		// By this server's clock, which may be ahead of the database's, the job would wait until the database got
		// there.
		return with(Args{Period: period}), &river.InsertOpts{ScheduledAt: now}
	}
}

// everyTick is the schedule of all jobs: a little after each full minute.
type everyTick struct{}

func (everyTick) Next(now time.Time) time.Time {
	return now.Add(-afterTick).Truncate(tick).Add(tick + afterTick)
}

// failures puts each failure of a job into the log. It also stands in the job's row, for api.jobs() and api.schedule().
type failures struct{ log *slog.Logger }

func (f *failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	f.say(ctx, job, err.Error())
	return nil
}

func (f *failures) HandlePanic(
	ctx context.Context,
	job *rivertype.JobRow,
	value any,
	trace string,
) *river.ErrorHandlerResult {
	f.say(ctx, job, fmt.Sprintf("panic: %v\n%s", value, trace))
	return nil
}

func (f *failures) say(ctx context.Context, job *rivertype.JobRow, text string) {
	f.log.ErrorContext(
		ctx,
		"job failed",
		"job",
		job.Kind,
		"id",
		job.ID,
		"attempt",
		job.Attempt,
		"attempts",
		job.MaxAttempts,
		"error",
		text,
	)
}
