package password

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// queuePerPlace is how many hashes may wait for each one that is computed: about three seconds of work.
	queuePerPlace = 100
	// overdraw is how much further the queue may grow for attempts that the database has already charged.
	overdraw = 2
	// guess is taken as the duration of a hash before any was computed.
	guess = 30 * time.Millisecond
	// weight is that of the latest hash in the moving average of durations.
	weight = 16
)

// Hasher computes proofs, a few at a time: each takes a core and much memory. It is safe for concurrent use.
type Hasher struct {
	places chan struct{}

	mu      sync.Mutex
	waiting int
	average time.Duration
}

// NewHasher makes a hasher for a machine of so many cores. One core is left to the people who are already inside.
func NewHasher(cores int) *Hasher {
	return &Hasher{places: make(chan struct{}, max(1, cores-1)), average: guess}
}

// BusyError says that the queue is full, and when it may not be.
type BusyError struct{ RetryAfter time.Duration }

func (e *BusyError) Error() string {
	return fmt.Sprintf("too many passwords are being checked: again in %s", e.RetryAfter)
}

// Full returns a *BusyError where a new attempt must not begin.
func (h *Hasher) Full() error { return h.full(queuePerPlace * cap(h.places)) }

func (h *Hasher) full(most int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting < most {
		return nil
	}
	drained := h.average * time.Duration(h.waiting) / time.Duration(cap(h.places))
	// Spread over twice that time, so that those who were sent away do not come back all at once.
	wait := drained + rand.N(drained+time.Second) // #nosec G404 -- no secret
	return &BusyError{RetryAfter: wait.Truncate(time.Second) + time.Second}
}

// Proofs returns the proofs of hids, in their order. It waits for its turn. The error is a *BusyError, or that of ctx.
func (h *Hasher) Proofs(ctx context.Context, hids []string, p Params) ([][]byte, error) {
	if err := h.full(overdraw * queuePerPlace * cap(h.places)); err != nil {
		return nil, err
	}
	h.wait(1)
	defer h.wait(-1)
	select {
	case h.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.places }()
	proofs := make([][]byte, 0, len(hids))
	aside(func() {
		for _, hid := range hids {
			begun := time.Now()
			proofs = append(proofs, Proof(hid, p))
			h.note(time.Since(begun))
		}
	})
	return proofs, nil
}

func (h *Hasher) wait(more int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting += more
}

func (h *Hasher) note(took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.average += (took - h.average) / weight
}

// Waiting returns how many attempts wait or are being computed.
func (h *Hasher) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting
}
