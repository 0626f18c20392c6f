// Package year plays an academic year of the gym, day by day under the session's clock: students who enrol, change
// their minds, skip and are excused, coaches who forget and correct, administrators, holidays, a server that is down.
// After every day the database must agree with a model that knows only what people were told and what they said, and
// its own audit must be clean.
package year

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of a year.
type Options struct {
	Students int
	Seed     uint64 // of all that is left to chance
	// Workers are the connections that press the button at the same moment of an opening. With more than one, who gets
	// the last seat differs from run to run.
	Workers  int
	From, To time.Time // first and last day
	Log      func(format string, args ...any)
}

// Report is what happened in a year.
type Report struct {
	Days, DaysDown, Calls, Refused, Marked, Blocked, Lifted, Freed, GivenBack, NotGivenBack int
	Auditing                                                                                time.Duration
}

// Run plays a year on a migrated database without people. The error names seed, moment and facts.
func Run(ctx context.Context, url string, options Options) (Report, error) {
	y, err := begin(ctx, url, options)
	if err != nil {
		return Report{}, err
	}
	defer y.end()
	for date := options.From; !date.After(options.To); date = date.AddDate(0, 0, 1) {
		if err := y.day(ctx, date); err != nil {
			return y.report, fmt.Errorf("seed %d, %s: %w", options.Seed, y.now.Format("Mon 2006-01-02 15:04:05"), err)
		}
	}
	return y.report, nil
}

type year struct {
	Options
	db       client
	workers  []client
	m        *model
	rng      *rand.Rand // today's
	now      time.Time
	admin    int
	coach    int
	students []int
	outages  map[time.Time]outage
	planned  []plannedClosure
	settings []plannedSetting

	rushed    map[time.Time]bool // months whose opening was
	forgotten []hour             // lessons that the coach did not mark
	ledger    int                // last row read
	readTo    int                // last row to read, 0: all
	judgedOn  time.Time          // last date on which the jobs judged everybody
	report    Report
}

// outage is what does not work on a day.
type outage int

const (
	none  outage = iota
	jobs         // River is stuck: people are served
	whole        // the server is down: psql works
)

func begin(ctx context.Context, url string, options Options) (*year, error) {
	y := &year{
		Options: options, m: newModel(), rng: rand.New(rand.NewPCG(options.Seed, 0)),
		outages: map[time.Time]outage{}, rushed: map[time.Time]bool{},
	}
	for range 2 * options.Workers {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			y.end()
			return nil, fmt.Errorf("connecting to play a year: %w", err)
		}
		y.workers = append(y.workers, client{conn})
	}
	y.db = y.workers[0]
	if err := y.enrolPeople(ctx); err != nil {
		y.end()
		return nil, fmt.Errorf("making people: %w", err)
	}
	y.planOutages()
	y.planClosures()
	y.planSettings()
	return y, nil
}

func (y *year) end() {
	for _, w := range y.workers {
		_ = w.conn.Close(context.WithoutCancel(context.Background()))
	}
}

func (y *year) enrolPeople(ctx context.Context) error {
	rows, err := y.db.conn.Query(ctx, `
		insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role)
		select n, 'Имя' || n, '', 'Фамилия' || n, 'ТГ-' || n % 20, '-',
		       (case n when 1 then 'ADMIN' when 2 then 'COACH' else 'STUDENT' end)::gym.userrole
		  from generate_series(1, $1) n order by n
		returning id`, y.Students+2)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	y.admin, y.coach, y.students = ids[0], ids[1], ids[2:]
	return nil
}

// planOutages: some days by chance; once from before the slots are made to after the opening, once over the turn of a
// month, and once with the jobs alone over the end of one.
func (y *year) planOutages() {
	for date := y.From; !date.After(y.To); date = date.AddDate(0, 0, 1) {
		switch n := y.rng.IntN(100); {
		case n < 4:
			y.outages[date] = whole
		case n < 7:
			y.outages[date] = jobs
		}
		switch stamp := date.Format("01-02"); {
		case stamp >= "10-19" && stamp <= "10-27",
			stamp >= "11-28" && stamp <= "11-30",
			stamp >= "12-01" && stamp <= "12-03":
			y.outages[date] = whole
		case stamp >= "02-24" && stamp <= "03-02":
			y.outages[date] = jobs
		}
	}
}

func (y *year) day(ctx context.Context, date time.Time) error {
	y.rng = rand.New(rand.NewPCG(y.Seed, uint64(date.Unix())))
	state := y.outages[date]
	y.report.Days++
	if state == whole {
		y.report.DaysDown++
	}
	for _, step := range []struct {
		at    time.Duration
		takes bool
		do    func(context.Context) error
	}{
		{5 * time.Minute, state == none, y.runJobs},
		{10 * time.Hour, true, y.atPsql},
		{11 * time.Hour, state != whole, y.office},
		{12*time.Hour - time.Second, state != whole, y.beforeNoon},
		{12 * time.Hour, state != whole, y.noon},
		{15*time.Hour + 5*time.Minute, state == none && y.chance(20), y.runJobs},
		{21*time.Hour + 50*time.Minute, state != whole, y.coaches},
		{23*time.Hour + 30*time.Minute, true, y.check},
	} {
		if !step.takes {
			continue
		}
		if err := y.set(ctx, date.Add(step.at)); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	if y.Log != nil && date.AddDate(0, 0, 1).Day() == 1 {
		y.Log("%s: %+v", date.Format("2006-01"), y.report)
	}
	return nil
}

func (y *year) set(ctx context.Context, now time.Time) error {
	y.now = now
	return y.db.at(ctx, now)
}

func (y *year) chance(percent int) bool { return y.rng.IntN(100) < percent }

func (y *year) today() time.Time { return dateOf(y.now) }

// some gives n of them or all, by chance.
func some[T any](rng *rand.Rand, of []T, n int) []T {
	of = slices.Clone(of)
	rng.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:min(n, len(of))]
}

func one[T any](rng *rand.Rand, of []T) (T, bool) {
	if len(of) == 0 {
		var nothing T
		return nothing, false
	}
	return of[rng.IntN(len(of))], true
}

// request makes a request whose fate the model foretells: refused by the rule want, or not ("").
func (y *year) request(
	ctx context.Context,
	function string,
	actor int,
	body any,
	want string,
) (data []byte, done bool, err error) {
	data, got, err := y.db.call(ctx, function, actor, body)
	y.report.Calls++
	if err != nil {
		return nil, false, err
	}
	if got != want {
		return nil, false, fmt.Errorf("%s %v by %d: refused by %q, want %q", function, body, actor, got, want)
	}
	if got != "" {
		y.report.Refused++
	}
	return data, got == "", nil
}

// enter is request for psql.
func (y *year) enter(ctx context.Context, want, statement string, args ...any) (done bool, err error) {
	got, err := y.db.psql(ctx, statement, args...)
	if err != nil {
		return false, err
	}
	if got != want {
		return false, fmt.Errorf("%s %v: refused by %q, want %q", statement, args, got, want)
	}
	return got == "", nil
}
