package web

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// sharedFor is how long an answer that is the same for everybody is kept.
const sharedFor = 10 * time.Second

// shared keeps an answer of the main server that is the same for everybody, so that a crowd of readers costs the
// database one request in sharedFor. An old answer is given while the main server cannot be reached.
type shared[T any] struct {
	gym      Gym
	endpoint string
	group    singleflight.Group

	mu      sync.Mutex
	value   T
	fetched time.Time // zero: never
}

func newShared[T any](gym Gym, endpoint string) *shared[T] {
	return &shared[T]{gym: gym, endpoint: endpoint}
}

func (s *shared[T]) get(ctx context.Context) (T, error) {
	s.mu.Lock()
	value, fetched := s.value, s.fetched
	s.mu.Unlock()
	if !fetched.IsZero() && time.Since(fetched) < sharedFor {
		return value, nil
	}
	select {
	case <-ctx.Done():
		return value, ctx.Err()
	case result := <-s.group.DoChan("", func() (any, error) { return nil, s.fetch() }):
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fetched.IsZero() {
			return s.value, result.Err
		}
		return s.value, nil
	}
}

// fetch is for everybody, so no request's own end ends it.
func (s *shared[T]) fetch() error {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	var value T
	if err := s.gym.Call(ctx, "", s.endpoint, nil, &value); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.fetched = value, time.Now()
	return nil
}
