// Package gate lets requests through to something that only so many can use at once, and sends away early those who
// would wait too long.
//
// The queue is bounded by time, not by length: a crowd that comes once is served whole, as long as the last of it
// would be in before the longest wait. Where more come than that, the gate is crowded until its queue is empty, and
// only short waits are taken: then each place serves somebody who has just asked, instead of somebody who has waited
// in vain. Kinds of requests have shares of the places, so that a flood of one kind holds up nobody but itself. What
// a share does not use, the others do.
package gate

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// shortPart of the longest wait is what a crowded share still takes.
	shortPart = 10
	// kept is how many places are left free for shares that have none, since nobody knows how long those who are in
	// take.
	kept = 2
	// maxWaiting bounds what one share remembers, however fast its places are.
	maxWaiting = 1 << 15
	// memory is how many requests count as lately, roughly.
	memory = 128
	// horizon is how many longest waits the usual time looks back, roughly.
	horizon = 3
)

// Gate is a number of places and the shares that use them.
type Gate struct {
	places  int
	maxWait time.Duration

	mu     sync.Mutex
	free   int
	shares []*Share
	clock  float64 // how far the shares have come, as the last who was let in had
}

// New makes a gate of so many places, before which nobody waits longer than maxWait.
func New(places int, maxWait time.Duration) *Gate {
	return &Gate{places: places, free: places, maxWait: maxWait}
}

// Share is one kind of requests before a gate.
type Share struct {
	gate   *Gate
	name   string
	weight float64

	waiting list.List     // of *waiter
	held    int           // places
	moved   time.Time     // when somebody went in or out, or the first came
	usual   time.Duration // that a place is held
	lately  time.Duration // the same of the last requests
	learned time.Time     // when the last was over
	used    float64       // seconds that places were held, by weight: the share that is behind comes first
	crowded bool
	refused int
}

type waiter struct {
	turn  chan struct{} // closed when it is
	leave func()
}

// Share adds a kind of requests. Where several have a queue, each gets time in proportion to its weight. All are added
// before the first request comes.
func (g *Gate) Share(name string, weight float64) *Share {
	s := &Share{gate: g, name: name, weight: weight}
	g.shares = append(g.shares, s)
	return s
}

// Name is the name.
func (s *Share) Name() string { return s.name }

// BusyError says that a request would have waited too long, or did.
type BusyError struct {
	Share string
	// Wait is what somebody who comes now may expect.
	Wait time.Duration
	// Refused counts all whom the share sent away since the start.
	Refused int
}

func (e *BusyError) Error() string {
	return fmt.Sprintf(
		"too many requests of the share %q: the wait would be %s",
		e.Share,
		e.Wait.Round(time.Millisecond),
	)
}

// Enter waits for a place, which leave gives back. It is a *BusyError where that takes too long, at once if that can be
// foreseen, and ctx's error where ctx is cancelled first.
func (s *Share) Enter(ctx context.Context) (leave func(), err error) {
	g := s.gate
	g.mu.Lock()
	if s.waiting.Len() == 0 {
		s.begin()
	}
	if s.mayEnter() {
		leave = s.take()
		g.mu.Unlock()
		return leave, nil
	}
	if busy := s.busy(); busy != nil {
		g.mu.Unlock()
		return nil, busy
	}
	w := &waiter{turn: make(chan struct{})}
	place := s.waiting.PushBack(w)
	g.mu.Unlock()

	tooLong := time.NewTimer(g.maxWait)
	defer tooLong.Stop()
	select {
	case <-w.turn:
		return w.leave, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-tooLong.C:
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	if w.leave != nil { // it was the turn in the very moment in which the patience ended
		return w.leave, nil
	}
	s.waiting.Remove(place)
	if !errors.Is(err, context.Canceled) {
		s.crowded = true
		err = s.refuse(g.maxWait)
	}
	return nil, err
}

// Busy is the error that Enter would give at once, or nil. It counts as a refusal.
func (s *Share) Busy() *BusyError {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	if s.mayEnter() {
		return nil
	}
	return s.busy()
}

// Stats are what goes on at a share.
type Stats struct {
	Held, Waiting int
	// Refused counts all who were sent away since the start.
	Refused int
}

// Stats tells it.
func (s *Share) Stats() Stats {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return Stats{Held: s.held, Waiting: s.waiting.Len(), Refused: s.refused}
}

// All below hold the lock.

// mayEnter: nobody is passed over.
func (s *Share) mayEnter() bool { return s.waiting.Len() == 0 && s.mayTake() }

func (s *Share) mayTake() bool {
	return s.gate.free > 0 && (s.held == 0 || s.gate.free > s.keptFree())
}

// keptFree is how many places the share must leave to others.
func (s *Share) keptFree() (n int) {
	for _, other := range s.gate.shares {
		if other != s && other.held == 0 {
			n++
		}
	}
	return min(n, kept)
}

// busy decides about one more in the queue.
func (s *Share) busy() *BusyError {
	wait := s.expected()
	longest := s.gate.maxWait
	if s.crowded {
		longest /= shortPart
	}
	if wait <= longest && s.waiting.Len() < maxWaiting {
		return nil
	}
	s.crowded = true
	return s.refuse(wait)
}

func (s *Share) refuse(wait time.Duration) *BusyError {
	s.refused++
	return &BusyError{s.name, wait, s.refused}
}

// expected is how long one more in the queue would wait: as long again as nobody has moved, and then as those before
// it take.
func (s *Share) expected() time.Duration {
	if s.held == 0 && s.waiting.Len() == 0 {
		return 0
	}
	// the places that it gets while others want theirs
	weights := s.weight
	for _, other := range s.gate.shares {
		if other != s && other.waiting.Len() > 0 {
			weights += other.weight
		}
	}
	places := min(float64(s.gate.places)*s.weight/weights, float64(max(1, s.gate.places-s.keptFree())))
	return time.Since(s.moved) + time.Duration(float64(s.each())*float64(s.waiting.Len())/places)
}

// each is how long a place will be held: in doubt not long. When a crowd has just come, everything is slow for a
// moment, which tells little of the time in which the crowd is served; and when that is over, it is forgotten at
// once.
func (s *Share) each() time.Duration { return min(s.usual, s.lately) }

func (s *Share) learn(took time.Duration, now time.Time) {
	const few = 1.0 / memory
	s.lately += time.Duration(few * float64(took-s.lately))
	s.usual += time.Duration(
		min(few, now.Sub(s.learned).Seconds()/(horizon*s.gate.maxWait.Seconds())) * float64(took-s.usual),
	)
	s.learned = now
}

// begin: whoever wanted nothing for a while has saved nothing up.
func (s *Share) begin() {
	s.used = max(s.used, s.gate.clock)
	if s.held == 0 {
		s.moved = time.Now()
	}
}

// take takes a place, which leave gives back. The usual time is booked now, so that others come in between, and put
// right at the end.
func (s *Share) take() (leave func()) {
	g := s.gate
	began, booked := time.Now(), s.each()
	g.free--
	g.clock = max(g.clock, s.used)
	s.held++
	s.moved = began
	s.used += booked.Seconds() / s.weight
	if s.waiting.Len() == 0 {
		s.crowded = false
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		now := time.Now()
		took := now.Sub(began)
		g.free++
		s.held--
		s.moved = now
		s.used += (took - booked).Seconds() / s.weight
		s.learn(took, now)
		g.next()
	}
}

// next lets in who is next: of the shares that have somebody waiting and may take a place, that which is behind.
func (g *Gate) next() {
	for {
		var first *Share
		for _, s := range g.shares {
			if s.waiting.Len() > 0 && s.mayTake() && (first == nil || s.used < first.used) {
				first = s
			}
		}
		if first == nil {
			return
		}
		w := first.waiting.Remove(first.waiting.Front()).(*waiter)
		w.leave = first.take()
		close(w.turn)
	}
}
