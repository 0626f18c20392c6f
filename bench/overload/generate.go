package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"energiya/internal/crowd/lean"
	"energiya/internal/crowd/rush"
	"energiya/internal/live"
)

// plan is what a generator is told.
type plan struct {
	URL     string
	Seconds float64
	// Clients ask in turn, each as soon as it has its answer; 0: requests come at Rates, whatever becomes of those
	// before.
	Clients int
	// Rates are requests a second of each share.
	Rates map[string]float64
	// Early is how many seconds count as the beginning.
	Early    float64
	Students int
	Coach    int
	Slots    []int
	Seed     uint64
}

// heard is what came back of one share.
type heard struct {
	Due     int // by the rate
	NotSent int // of those, what the generator could not send in time
	Served  int // while it lasted
	Shed    int // 503
	Broken  int // no answer, or another than these
	Example string

	// ServedEarly and ServedLate are the waits for answers of requests due in the beginning and after it, ShedWaits
	// those of all who were sent away.
	ServedEarly, ServedLate, ShedWaits waits
}

// waits are in milliseconds, counted from when the request was due.
type waits struct{ P50, P99, Max float64 }

// shares, how much of the traffic each is, and what is asked.
var shares = []struct {
	name string
	part float64
	ask  func(p *plan, random *rand.Rand) request
}{
	{"choose", 0.5, func(p *plan, random *rand.Rand) request {
		body := fmt.Appendf(nil, `{"selectedTimes":[%d]}`, p.Slots[random.IntN(len(p.Slots))])
		return request{http.MethodPost, "/entry/create", 1 + random.IntN(p.Students), body}
	}},
	{"look", 0.35, func(p *plan, random *rand.Rand) request {
		return request{http.MethodGet, "/avtime/get", 1 + random.IntN(p.Students), nil}
	}},
	{"manage", 0.1, func(p *plan, _ *rand.Rand) request {
		return request{http.MethodPost, "/avtime/get-any", p.Coach, nil}
	}},
	{"greet", 0.05, func(_ *plan, _ *rand.Rand) request {
		return request{http.MethodGet, "/new/get", 0, nil}
	}},
}

type request struct {
	method, path string
	actor        int
	body         []byte
}

const (
	// mostConnections bounds what the generator opens.
	mostConnections = 15_000
	// tooLate is when a request that should have been sent long ago is left out: the generator can't keep up.
	tooLate = time.Second
	// patience is how long answers are waited for after the end.
	patience = 20 * time.Second
)

// generator sends the load.
type generator struct {
	plan   *plan
	server *lean.Server
	ctx    context.Context // of the connections
	begin  time.Time

	mu   sync.Mutex
	idle []*lean.Conn
	open atomic.Int64

	counts []count // of the shares
}

type count struct {
	sync.Mutex
	heard
	early, late, shed []time.Duration
}

// generate reads a plan, sends the load and writes what was heard.
func generate(ctx context.Context, in io.Reader, out io.Writer) error {
	var p plan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	server, err := lean.NewServer(p.URL, live.Token)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, seconds(p.Seconds)+patience)
	defer cancel()
	g := &generator{plan: &p, server: server, ctx: ctx, counts: make([]count, len(shares)), begin: time.Now()}
	if p.Clients > 0 {
		g.inTurn()
	} else {
		g.atRates()
	}
	answer := map[string]heard{}
	for i := range g.counts {
		c := &g.counts[i]
		c.ServedEarly, c.ServedLate, c.ShedWaits = waitsOf(c.early), waitsOf(c.late), waitsOf(c.shed)
		answer[shares[i].name] = c.heard
	}
	return json.NewEncoder(out).Encode(answer)
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func waitsOf(list []time.Duration) waits {
	slices.Sort(list)
	at := func(percent int) float64 { return float64(rush.Percentile(list, percent).Microseconds()) / 1000 }
	return waits{at(50), at(99), at(100)}
}

// inTurn is as many clients as there are, each with one request at a time.
func (g *generator) inTurn() {
	var all sync.WaitGroup
	for n := range g.plan.Clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(g.plan.Seed, uint64(n)))
			for time.Since(g.begin) < seconds(g.plan.Seconds) {
				of, due := random.Float64(), time.Now()
				i := 0
				for ; i < len(shares)-1 && of >= shares[i].part; i++ {
					of -= shares[i].part
				}
				g.note(i, true)
				g.send(i, due, shares[i].ask(g.plan, random))
			}
		})
	}
	all.Wait()
}

// atRates sends every request when it is due, whether or not those before are answered.
func (g *generator) atRates() {
	var all sync.WaitGroup
	for i, share := range shares {
		rate := g.plan.Rates[share.name]
		if rate == 0 {
			continue
		}
		all.Go(func() {
			random := rand.New(rand.NewPCG(g.plan.Seed, uint64(i)))
			for n := 0; ; n++ {
				due := g.begin.Add(seconds(float64(n) / rate))
				if due.Sub(g.begin) >= seconds(g.plan.Seconds) {
					return
				}
				if early := time.Until(due); early > 0 {
					time.Sleep(early) // a millisecond too long; the next ones are then sent at once
				}
				if time.Since(due) > tooLate || g.open.Load() >= mostConnections && !g.hasIdle() {
					g.note(i, false)
					continue
				}
				g.note(i, true)
				asked := share.ask(g.plan, random)
				all.Go(func() { g.send(i, due, asked) })
			}
		})
	}
	all.Wait()
}

func (g *generator) hasIdle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.idle) > 0
}

// connection gives the one that was used last, or a new one.
func (g *generator) connection() (*lean.Conn, error) {
	g.mu.Lock()
	if last := len(g.idle) - 1; last >= 0 {
		conn := g.idle[last]
		g.idle = g.idle[:last]
		g.mu.Unlock()
		return conn, nil
	}
	g.mu.Unlock()
	conn, err := g.server.Dial(g.ctx)
	if err == nil {
		g.open.Add(1)
	}
	return conn, err
}

func (g *generator) send(share int, due time.Time, r request) {
	var status int
	var answer []byte
	conn, err := g.connection()
	if err == nil {
		status, answer, err = conn.Do(r.method, r.path, r.actor, r.body)
	}
	took := time.Since(due)
	c := &g.counts[share]
	c.Lock()
	switch {
	case err == nil && status == http.StatusOK:
		if time.Since(g.begin) < seconds(g.plan.Seconds) {
			c.Served++
		}
		if due.Sub(g.begin) < seconds(g.plan.Early) {
			c.early = append(c.early, took)
		} else {
			c.late = append(c.late, took)
		}
	case err == nil && status == http.StatusServiceUnavailable:
		c.Shed++
		c.shed = append(c.shed, took)
	default:
		c.Broken++
		c.Example = fmt.Sprintf("%s %s: status %d %s %v", r.method, r.path, status, answer, err)
	}
	c.Unlock()
	switch {
	case conn == nil:
	case err != nil:
		conn.Close()
		g.open.Add(-1)
	default:
		g.mu.Lock()
		g.idle = append(g.idle, conn)
		g.mu.Unlock()
	}
}

func (g *generator) note(share int, sent bool) {
	c := &g.counts[share]
	c.Lock()
	defer c.Unlock()
	c.Due++
	if !sent {
		c.NotSent++
	}
}
