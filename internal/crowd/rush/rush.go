// Package rush plays the opening minute of enrolment over HTTP: a crowd of students who all press the button in the
// same second, look again at what is free, and press once more. It stands where the auth server stands and knows no
// rule.
package rush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options say who comes and where to.
type Options struct {
	// URLs are those of the servers, without /api/v1; the connections are spread over them.
	URLs  []string
	Token string
	// Students are the ids of the actors.
	Students []int
	// Wishes is how many slots each student wants. 0 is 3, the gym's own limit.
	Wishes int
	// Tries is how often a student presses the button at most. 0 is 5.
	Tries int
	// Connections is how many connections the auth server has for all of them. 0 is 256.
	Connections int
	// Seed fixes what everybody wishes.
	Seed uint64
	// Progress is told again and again how far it is, if it is not nil; never by two goroutines at once.
	Progress func(Progress)
}

// Progress is how far a rush is.
type Progress struct {
	After                       time.Duration
	Students, Answered, Ready   int // all; those with a first answer; those who want no more
	Requests, Seats, Unanswered int // answers so far, seats booked in them, requests that failed
}

// Kind is what an answer to entry/create said.
type Kind string

// The kinds, in the order in which people like them.
const (
	All     Kind = "all chosen seats booked"
	Some    Kind = "some booked, the rest full"
	Full    Kind = "all chosen seats full"
	Refused Kind = "refused by a rule"
	Failed  Kind = "failed"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{All, Some, Full, Refused, Failed} }

// Report is what came of it. Times are from the opening; latencies from the press of the button, so that the wait for a
// free connection counts.
type Report struct {
	Answers map[Kind]int
	// Refusals counts the sentences of the refusals.
	Refusals map[string]int
	// Choices and Lists are the latencies of entry/create and avtime/get, ascending.
	Choices, Lists []time.Duration
	// Answered is when everybody had the answer to the first press, LastSeat when the last seat was booked, Took when
	// all were done.
	Answered, LastSeat, Took time.Duration
	// Held are the slots that each student was last told to hold.
	Held map[int][]int
	// Failures are the first of the failed requests' errors.
	Failures []error
}

// Requests is how many requests were answered or failed.
func (r *Report) Requests() int { return len(r.Choices) + len(r.Lists) + r.Answers[Failed] }

// Percentile of ascending latencies; 0 of none.
func Percentile(latencies []time.Duration, percent int) time.Duration {
	if len(latencies) == 0 {
		return 0
	}
	return latencies[max(0, (len(latencies)*percent+99)/100-1)]
}

// crowd is a rush under way.
type crowd struct {
	Options
	client  *client
	opening time.Time
	slots   []slot // as the page showed them before the opening

	answered, ready, requests, seats, failed atomic.Int64

	mu     sync.Mutex
	report *Report
}

// maxFailures is how many errors a report keeps.
const maxFailures = 10

// Run plays it: every student at once. The error says that it could not begin, or that ctx ended; what the server did
// wrong stands in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.Wishes, o.Tries, o.Connections = cmp.Or(o.Wishes, 3), cmp.Or(o.Tries, 5), cmp.Or(o.Connections, 256)
	if len(o.Students) == 0 {
		return nil, errors.New("a rush needs students")
	}
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer client.close()
	c := &crowd{
		Options: o,
		client:  client,
		report:  &Report{Answers: map[Kind]int{}, Refusals: map[string]int{}, Held: map[int][]int{}},
	}
	if err := c.arrive(ctx); err != nil {
		return nil, err
	}

	opens := make(chan struct{})
	var everybody sync.WaitGroup
	for i, student := range o.Students {
		random := rand.New(rand.NewPCG(o.Seed, uint64(i)))
		first, err := newChoice(c.wish(random, c.slots, nil))
		if err != nil {
			return nil, err
		}
		everybody.Go(func() {
			<-opens
			c.press(ctx, student, random, first)
		})
	}
	watched := c.watch()
	c.opening = time.Now()
	close(opens)
	everybody.Wait()
	c.report.Took = time.Since(c.opening)
	watched()

	slices.Sort(c.report.Choices)
	slices.Sort(c.report.Lists)
	return c.report, ctx.Err()
}

// arrive is the minute before: everybody has the page open, and the auth server its connections.
func (c *crowd) arrive(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, min(c.Connections, len(c.Students)))
	lists := make([][]slot, len(errs))
	for i := range errs {
		all.Go(func() { lists[i], errs[i] = c.client.list(ctx, c.Students[i]) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf(
			"reading the list of slots before the opening: %w",
			errs[slices.IndexFunc(errs, func(err error) bool { return err != nil })],
		)
	}
	if c.slots = lists[0]; len(c.slots) == 0 {
		return errors.New("next month has no slots yet")
	}
	return nil
}

// wish is the choice of a student who holds some slots: those, and others at random, one a weekday.
func (c *crowd) wish(random *rand.Rand, from []slot, held []slot) []slot {
	wishes := slices.Clone(held)
	for _, i := range random.Perm(len(from)) {
		if len(wishes) >= c.Wishes {
			break
		}
		if !slices.ContainsFunc(wishes, func(s slot) bool { return s.Weekday == from[i].Weekday }) {
			wishes = append(wishes, from[i])
		}
	}
	return wishes
}

// press is the minute of one student.
func (c *crowd) press(ctx context.Context, student int, random *rand.Rand, wish choice) {
	defer c.ready.Add(1)
	for try := 1; ; try++ {
		pressed := time.Now()
		if try == 1 {
			pressed = c.opening
		}
		told, err := c.client.choose(ctx, student, wish)
		if try == 1 {
			c.answered.Add(1)
		}
		held, again := c.noteChoice(student, wish.slots, told, err, pressed, try == 1)
		if !again || try == c.Tries {
			return
		}

		looked := time.Now()
		free, err := c.client.list(ctx, student)
		if !c.noteList(err, looked) {
			return
		}
		free = slices.DeleteFunc(free, func(s slot) bool { return !s.Available })
		wishes := c.wish(random, free, held)
		if len(wishes) == len(held) {
			return
		}
		if wish, err = newChoice(wishes); err != nil {
			c.noteFailure(err)
			return
		}
	}
}

// noteChoice enters an answer to entry/create. It gives what the student now holds, and whether it is worth another
// try.
func (c *crowd) noteChoice(
	student int,
	chosen []slot,
	told []taken,
	err error,
	pressed time.Time,
	first bool,
) (held []slot, again bool) {
	now := time.Now()
	c.requests.Add(1)
	var refused *refusal
	if err != nil && !errors.As(err, &refused) {
		c.noteFailure(err)
		return nil, false
	}
	for i, t := range told {
		if !t.Error {
			held = append(held, chosen[i])
		}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Choices = append(r.Choices, now.Sub(pressed))
	if first {
		r.Answered = max(r.Answered, now.Sub(c.opening))
	}
	if refused != nil {
		r.Answers[Refused]++
		r.Refusals[refused.message]++
		return nil, false
	}
	before := len(r.Held[student])
	switch len(held) {
	case len(chosen):
		r.Answers[All]++
	case 0:
		r.Answers[Full]++
	default:
		r.Answers[Some]++
	}
	if len(held) > 0 {
		r.Held[student] = ids(held)
		c.seats.Add(int64(len(held) - before))
	}
	if len(held) > before {
		r.LastSeat = max(r.LastSeat, now.Sub(c.opening))
	}
	return held, len(held) < c.Wishes
}

func (c *crowd) noteList(err error, looked time.Time) bool {
	took := time.Since(looked)
	c.requests.Add(1)
	if err != nil {
		c.noteFailure(err)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Lists = append(c.report.Lists, took)
	return true
}

func (c *crowd) noteFailure(err error) {
	c.failed.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Answers[Failed]++
	if len(c.report.Failures) < maxFailures {
		c.report.Failures = append(c.report.Failures, err)
	}
}

// watch tells Progress until the function it gives is called.
func (c *crowd) watch() (stop func()) {
	if c.Progress == nil {
		return func() {}
	}
	began := time.Now()
	tell := func() {
		c.Progress(Progress{
			After: time.Since(began), Students: len(c.Students),
			Answered: int(c.answered.Load()), Ready: int(c.ready.Load()),
			Requests: int(c.requests.Load()), Seats: int(c.seats.Load()), Unanswered: int(c.failed.Load()),
		})
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				tell()
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
		tell()
	}
}

func ids(slots []slot) []int {
	list := make([]int, len(slots))
	for i, s := range slots {
		list[i] = s.ID
	}
	return list
}
