package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"energiya/internal/crowd/lean"
	"energiya/internal/crowd/rush"
	"energiya/internal/live"
)

// request is what a client sends next.
type request struct {
	method, path string
	actor        int
	body         []byte
}

// traffic is what came of a load.
type traffic struct {
	answers                   int
	took                      time.Duration
	latencies                 []time.Duration // ascending
	client, servers, postgres float64         // shares of the cores' time
}

func (t traffic) rate() float64 { return float64(t.answers) / t.took.Seconds() }

func (t traffic) at(percent int) float64 {
	return ms(rush.Percentile(t.latencies, percent))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// warmUp is how long a load runs before it counts: connections open, plans are made.
const warmUp = 500 * time.Millisecond

// load lets clients ask, each on a connection of its own and as soon as it has its answer, for the run's duration.
// Any other answer than 200 is an error.
func (b *bench) load(
	ctx context.Context,
	f fleet,
	clients int,
	next func(client int, random *rand.Rand) request,
) (traffic, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conns := make([]*lean.Conn, clients)
	defer func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	}()
	for i := range conns {
		s, err := lean.NewServer(f[i%len(f)].URL, live.Token)
		if err != nil {
			return traffic{}, err
		}
		if conns[i], err = s.Dial(ctx); err != nil {
			return traffic{}, fmt.Errorf("opening a connection to the server: %w", err)
		}
	}

	begin := time.Now().Add(warmUp)
	end := begin.Add(b.duration())
	latencies := make([][]time.Duration, clients)
	errs := make([]error, clients)
	var all sync.WaitGroup
	for i, conn := range conns {
		all.Go(func() {
			random := rand.New(rand.NewPCG(b.seed, uint64(i)))
			for {
				r := next(i, random)
				asked := time.Now()
				if asked.After(end) {
					return
				}
				status, answer, err := conn.Do(r.method, r.path, r.actor, r.body)
				if err == nil && status != http.StatusOK {
					err = fmt.Errorf("%s %s answered %d: %s", r.method, r.path, status, answer)
				}
				if err != nil {
					errs[i] = err
					cancel()
					return
				}
				if now := time.Now(); now.After(begin) && now.Before(end) {
					latencies[i] = append(latencies[i], now.Sub(asked))
				}
			}
		})
	}
	time.Sleep(time.Until(begin))
	before := b.cpuOf(f)
	time.Sleep(time.Until(end))
	after := b.cpuOf(f)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return traffic{}, err
	}
	t := traffic{took: end.Sub(begin), latencies: slices.Sorted(slices.Values(slices.Concat(latencies...)))}
	t.answers = len(t.latencies)
	if t.answers == 0 {
		return t, errors.New("no answer within the time")
	}
	t.client, t.servers, t.postgres = after.shares(before, b.result.Machine.Cores)
	return t, nil
}
