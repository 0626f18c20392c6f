package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

const (
	// The database's clock is read last, so that what it cost to count is not taken for a skew.
	sqlFigures = `select wire.metrics(), clock_timestamp()`

	// askTimeout is less than a scraper waits, so that it gets the rest where the database does not answer.
	askTimeout = 2 * time.Second
	// freshFor is how long an answer serves: however often somebody scrapes, the database is asked once a second.
	freshFor = time.Second

	// discarded is River's word for a job that failed at every attempt.
	discarded = "discarded"
)

// DB is what the figures are asked of.
type DB interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// figures are the answer of wire.metrics.
type figures struct {
	Schema        int
	Package       int
	EnrolmentOpen bool
	Months        []struct {
		Month                string
		Slots, Seats, Taken  int
		Enrolments, Oversold int
		Cancelled            map[string]int
	}
	SeatRefusals float64
	Blocks       map[string]int
	Jobs         []struct {
		Job, State    string
		Count         int
		OldestSeconds *float64
	}
	LastDone map[string]float64

	skew time.Duration // of this machine's clock against the database's
}

// gym asks the database for the gym's figures whenever it is scraped.
type gym struct {
	ctx context.Context
	db  DB
	log *slog.Logger

	up, open, version, slots, seats, free, oversold, enrolments, cancelled, refusals, blocks, jobs, oldest, lastDone, skew *prometheus.Desc

	mu    sync.Mutex
	asked time.Time
	last  *figures // nil: the database did not answer
	said  rate.Sometimes
}

// Gym collects the gym's own figures. They are asked of db under ctx at each scrape, within two seconds; where db
// does not answer, energy_database_up says so and they are left out.
func Gym(ctx context.Context, db DB, log *slog.Logger) prometheus.Collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("energy_"+name, help, labels, nil)
	}
	return &gym{
		ctx: ctx, db: db, log: log, said: rate.Sometimes{Interval: time.Minute},
		up: desc(
			"database_up",
			"1 where the database gave the gym's figures, 0 where it did not answer in time.",
		),
		version: desc(
			"database_version",
			"Version of the schema and of the package of functions that the database has.",
			"of",
		),
		open:  desc("enrolment_open", "1 while enrolment is open."),
		slots: desc("slots", "Slots of the month.", "month"),
		seats: desc("seats", "Seats of the month's slots.", "month"),
		free:  desc("seats_free", "Seats of the month that nobody holds.", "month"),
		oversold: desc(
			"seats_oversold",
			"Enrolments of the month beyond the seats of their slots: always 0.",
			"month",
		),
		enrolments: desc("enrolments", "Enrolments of the month that stand.", "month"),
		cancelled:  desc("enrolments_cancelled", "Enrolments of the month that were cancelled.", "month", "reason"),
		refusals: desc(
			"seat_refusals_total",
			"How often a full slot was refused to somebody who had not been refused it before.",
		),
		blocks: desc(
			"blocks",
			"Blocks that stand: by last month's absences, which bar from this month; by this month's; by hand.",
			"of",
		),
		jobs:   desc("jobs", "Jobs that are kept, by kind and River's state.", "kind", "state"),
		oldest: desc("jobs_oldest_seconds", "Age of the oldest job that is not finished.", "kind", "state"),
		lastDone: desc(
			"job_last_done_timestamp_seconds",
			"When a job of the kind was done last; 0 where none is remembered.",
			"kind",
		),
		skew: desc("clock_skew_seconds",
			"By how much this machine's clock is ahead of the database's, to some milliseconds; negative: behind it."),
	}
}

func (g *gym) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		g.up, g.version, g.open, g.slots, g.seats, g.free, g.oversold, g.enrolments, g.cancelled, g.refusals, g.blocks, g.jobs, g.oldest, g.lastDone, g.skew,
	} {
		descs <- desc
	}
}

func (g *gym) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	f := g.figures()
	gauge(g.up, truth(f != nil))
	if f == nil {
		return
	}
	gauge(g.version, float64(f.Schema), "schema")
	gauge(g.version, float64(f.Package), "package")
	gauge(g.open, truth(f.EnrolmentOpen))
	gauge(g.skew, f.skew.Seconds())
	for _, month := range f.Months {
		gauge(g.slots, float64(month.Slots), month.Month)
		gauge(g.seats, float64(month.Seats), month.Month)
		gauge(g.free, float64(month.Seats-month.Taken), month.Month)
		gauge(g.oversold, float64(month.Oversold), month.Month)
		gauge(g.enrolments, float64(month.Enrolments), month.Month)
		for _, reason := range slices.Sorted(maps.Keys(month.Cancelled)) {
			gauge(g.cancelled, float64(month.Cancelled[reason]), month.Month, reason)
		}
	}
	metrics <- prometheus.MustNewConstMetric(g.refusals, prometheus.CounterValue, f.SeatRefusals)
	for _, of := range slices.Sorted(maps.Keys(f.Blocks)) {
		gauge(g.blocks, float64(f.Blocks[of]), of)
	}
	givenUp := map[string]int{}
	for kind, at := range f.LastDone {
		gauge(g.lastDone, at, kind)
		givenUp[kind] = 0 // so that the first can be seen to come
	}
	for _, job := range f.Jobs {
		if job.State == discarded {
			givenUp[job.Job] = job.Count
			continue
		}
		gauge(g.jobs, float64(job.Count), job.Job, job.State)
		if job.OldestSeconds != nil {
			gauge(g.oldest, *job.OldestSeconds, job.Job, job.State)
		}
	}
	for kind, count := range givenUp {
		gauge(g.jobs, float64(count), kind, discarded)
	}
}

// figures are those of this second, or nil. Scrapes at the same time share one answer.
func (g *gym) figures() *figures {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.asked) < freshFor {
		return g.last
	}
	f, err := g.ask()
	if err != nil {
		g.said.Do(func() {
			g.log.WarnContext(g.ctx, "the gym's figures are missing in /metrics", "error", err.Error())
		})
	}
	g.asked, g.last = time.Now(), f
	return f
}

func (g *gym) ask() (*figures, error) {
	ctx, cancel := context.WithTimeout(g.ctx, askTimeout)
	defer cancel()
	var answer []byte
	var there time.Time
	if err := g.db.QueryRow(ctx, sqlFigures).Scan(&answer, &there); err != nil {
		return nil, fmt.Errorf("asking for the figures: %w", err)
	}
	f := &figures{skew: time.Since(there)}
	if err := json.Unmarshal(answer, f); err != nil {
		return nil, fmt.Errorf("reading the figures: %w", err)
	}
	return f, nil
}
