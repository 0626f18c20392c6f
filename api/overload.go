package api

import (
	"math"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"energiya/internal/gate"
)

const basePath = "/api/v1"

// endpoint is what a share is found by before there is a route.
type endpoint struct{ method, path string }

// newGate has a place for each connection of the pool, so that the queue for them stands before it, bounded and in
// shares.
func (s *server) newGate() *gate.Gate {
	places := 1
	if s.Pool != nil {
		places = int(s.Pool.Config().MaxConns)
	}
	wait := s.QueueTimeout
	if wait == 0 {
		wait = s.RequestTimeout / 3 * 2
	}
	if wait == 0 {
		wait = math.MaxInt64
	}
	return gate.New(places, wait)
}

// share gives what adds an endpoint ("GET /avtime/get") that calls a function of wire, to be used in its share of the
// pool.
func (s *server) share(r chi.Router, share *gate.Share) func(route, function string) {
	return func(route, function string) {
		s.route(r, share, route, s.call(share, function))
	}
}

// route adds an endpoint with a handler of its own, which uses share.
func (s *server) route(r chi.Router, share *gate.Share, route string, handler http.HandlerFunc) {
	method, path, _ := strings.Cut(route, " ")
	r.Method(method, path, handler)
	s.shares[endpoint{method, basePath + path}] = share
}

// shed answers requests that are too many, of one person or for the database, before anything is done for them,
// logging included: where there are ten times too many, nine tenths of all the work is to say no. A stranger learns
// nothing from it.
func (s *server) shed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		share, known := s.shares[endpoint{r.Method, r.URL.Path}]
		if known && s.knowsToken(r) && (s.limitRate(w, r) || s.isBusy(w, r, share)) {
			// it is counted by its route, which it never reached
			chi.RouteContext(r.Context()).RoutePatterns = []string{r.URL.Path}
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isBusy answers where the share has no time, and tells whether it did.
func (s *server) isBusy(w http.ResponseWriter, r *http.Request, share *gate.Share) bool {
	busy := share.Busy()
	if busy == nil {
		return false
	}
	s.noteOverload(busy)
	s.fail(w, r, busy)
	return true
}

// noteOverload logs one line now and then, instead of one for each who is sent away.
func (s *server) noteOverload(busy *gate.BusyError) {
	s.overloaded.Do(func() {
		s.Logger.Warn(
			"overloaded: requests are sent away",
			"share",
			busy.Share,
			"refused",
			busy.Refused,
			"wait",
			busy.Wait.String(),
		)
	})
}
