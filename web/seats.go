package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// watchedFor is how long the free seats are fetched after a page asked for them last.
	watchedFor = 15 * time.Second
	// fetchEvery is the shortest time between two fetches: twice a second at most.
	fetchEvery = 500 * time.Millisecond
	// fetchTimeout bounds a fetch. It is for everybody, so no request's own end may end it.
	fetchTimeout = 3 * time.Second
	// rareEvery is the longest time between two fetches while a page watches.
	rareEvery = 5 * time.Second
)

// offer is avtime/seats of the contract: next month's slots with their free seats, and when enrolment is open.
type offer struct {
	Month           string      `json:"month"`
	Open            bool        `json:"open"`
	OpensAt         *time.Time  `json:"opensAt"`
	ClosesAt        *time.Time  `json:"closesAt"`
	OpensFor        string      `json:"opensFor"`
	SlotsPerStudent int         `json:"slotsPerStudent"`
	AskAgain        int         `json:"askAgain"` // milliseconds
	Slots           []offerSlot `json:"slots"`
}

type offerSlot struct {
	ID       int    `json:"id"`
	Weekday  int    `json:"weekday"`
	Time     string `json:"time"`
	Capacity int    `json:"numberOfPersons"`
	Free     int    `json:"freeSeats"`
	Waiting  int    `json:"waiting"`
}

// snapshot is the offer as it was fetched last. It is never changed.
type snapshot struct {
	offer

	body    []byte // what pages poll
	etag    string
	fetched time.Time
}

// seats keeps the one small document that everybody who chooses looks at, so that the crowd's reads do not reach the
// database. While at least one page watches, one loop fetches it.
type seats struct {
	gym   Gym
	log   *slog.Logger
	stop  context.CancelFunc
	ended chan struct{}
	wake  chan struct{}
	group singleflight.Group

	mu      sync.Mutex
	current *snapshot
	tag     string        // the main server's ETag of current
	ahead   time.Duration // of the database's clock over ours
	place   *time.Location
	watched time.Time
}

func newSeats(gym Gym, log *slog.Logger) *seats {
	ctx, stop := context.WithCancel(context.Background())
	s := &seats{gym: gym, log: log, stop: stop, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	go s.run(ctx)
	return s
}

func (s *seats) close() {
	s.stop()
	<-s.ended
}

// run fetches the document while somebody watches.
func (s *seats) run(ctx context.Context) {
	defer close(s.ended)
	for {
		wait := s.pause()
		var due <-chan time.Time
		if wait > 0 {
			due = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-due:
			if _, err := s.get(ctx, fetchEvery); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "free seats cannot be fetched", "err", err)
			}
		}
	}
}

// pause is how long the loop rests before the next fetch, 0 while nobody watches.
func (s *seats) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.watched) > watchedFor {
		return 0
	}
	if s.current == nil {
		return fetchEvery
	}
	return min(max(time.Duration(s.current.AskAgain)*time.Millisecond, fetchEvery), rareEvery)
}

// watch keeps the loop running for a while.
func (s *seats) watch() {
	s.mu.Lock()
	wasIdle := time.Since(s.watched) > watchedFor
	s.watched = time.Now()
	s.mu.Unlock()
	if wasIdle {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// get returns a document that is no older than age. Many who ask at once cause one fetch.
func (s *seats) get(ctx context.Context, age time.Duration) (*snapshot, error) {
	s.mu.Lock()
	current := s.current
	s.mu.Unlock()
	if current != nil && time.Since(current.fetched) < age {
		return current, nil
	}
	fetched := s.group.DoChan("", func() (any, error) { return s.fetch() })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-fetched:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*snapshot), nil //nolint:forcetypeassert // fetch returns nothing else
	}
}

func (s *seats) fetch() (*snapshot, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	if err := s.learnZone(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	before, tag := s.current, s.tag
	s.mu.Unlock()
	var o offer
	asked := time.Now()
	newTag, serverTime, err := s.gym.Document(ctx, "GET /avtime/seats", tag, &o)
	if err != nil {
		return nil, err
	}
	answered := time.Now()
	next := &snapshot{fetched: answered}
	if before != nil && tag != "" && newTag == tag {
		next.offer, next.body, next.etag = before.offer, before.body, before.etag
	} else {
		next.offer = o
		if next.body, err = json.Marshal(polledOf(o)); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(next.body)
		next.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.tag = next, newTag
	if !serverTime.IsZero() {
		// The server looked at its clock somewhere between the question and the answer.
		s.ahead = serverTime.Sub(asked.Add(answered.Sub(asked) / 2).Round(0))
	}
	return next, nil
}

// learnZone asks once for the gym's time zone.
func (s *seats) learnZone(ctx context.Context) error {
	s.mu.Lock()
	known := s.place != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	var window struct {
		TimeZone string `json:"timeZone"`
	}
	if err := s.gym.Call(ctx, "", "GET /entry/window", nil, &window); err != nil {
		return err
	}
	place, err := time.LoadLocation(window.TimeZone)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place = place
	return nil
}

// learnClock has the gym's zone and time known before a page shows them. While the main server cannot be reached, what
// a page shows without it is shown in UTC.
func (s *seats) learnClock(ctx context.Context) {
	s.mu.Lock()
	known := s.place != nil
	s.mu.Unlock()
	if known {
		return
	}
	if _, err := s.get(ctx, fetchEvery); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "the gym's time zone is not known yet", "err", err)
	}
}

// now is the database's time, in the gym's zone as soon as it is known.
func (s *seats) now() time.Time {
	s.mu.Lock()
	ahead := s.ahead
	s.mu.Unlock()
	return time.Now().Round(0).Add(ahead).In(s.zone())
}

func (s *seats) zone() *time.Location {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.place == nil {
		return time.UTC
	}
	return s.place
}

// polled is the document as pages poll it: short names and numbers, since thousands fetch it.
type polled struct {
	Month    string `json:"month"`
	Open     bool   `json:"open"`
	OpensAt  int64  `json:"opensAt"`  // Unix time in milliseconds, 0 where unknown
	ClosesAt int64  `json:"closesAt"` // as OpensAt
	Slots    []any  `json:"slots"`    // each [id, capacity, free, waiting]
}

func polledOf(o offer) polled {
	p := polled{Month: o.Month, Open: o.Open, Slots: make([]any, 0, len(o.Slots))}
	if o.OpensAt != nil {
		p.OpensAt = o.OpensAt.UnixMilli()
	}
	if o.ClosesAt != nil {
		p.ClosesAt = o.ClosesAt.UnixMilli()
	}
	for _, slot := range o.Slots {
		p.Slots = append(p.Slots, [4]int{slot.ID, slot.Capacity, slot.Free, slot.Waiting})
	}
	return p
}

// seatsGet answers the pages' polls. It needs no session, because the document holds nothing of a person: so a poll
// costs the database nothing and keeps no session alive.
func (s *site) seatsGet(w http.ResponseWriter, r *http.Request) error {
	s.seats.watch()
	current, err := s.seats.get(r.Context(), 2*fetchEvery)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", current.etag)
	h.Set("Server-Time", strconv.FormatInt(s.now().UnixMilli(), 10))
	h.Set("Ask-Again", strconv.Itoa(max(current.AskAgain, int(fetchEvery/time.Millisecond))))
	if r.Header.Get("If-None-Match") == current.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/json")
	_, err = w.Write(current.body)
	return err
}
