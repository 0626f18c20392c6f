package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httplog/v2"
	"github.com/go-chi/httprate"
)

const (
	pathAlive = "/healthz"
	pathReady = "/readyz"

	headerRequestID = "X-Request-Id"
	rateWindow      = 10 * time.Second
	// faultInterval is how often a fault that every request meets is logged.
	faultInterval = 10 * time.Second
)

// requestID gives the request an id that the answer, the log and the database's own records carry.
// The caller's is kept, so that one request can be followed through both servers.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(headerRequestID)
		if !isSaneID(id) {
			id = rand.Text()
		}
		w.Header().Set(headerRequestID, id)
		// chi's key, because httplog looks there.
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), middleware.RequestIDKey, id)))
	})
}

func requestIDOf(ctx context.Context) string { return middleware.GetReqID(ctx) }

func isSaneID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// logRequest writes one line a request. Headers and bodies are never in it, nor is the query string,
// which no endpoint reads and which people put secrets into.
func (s *server) logRequest(next http.Handler) http.Handler {
	logger := &httplog.Logger{Logger: s.Logger.Logger, Options: s.Logger.Options}
	logger.Options.Concise = true
	logger.Options.RequestHeaders = false
	logged := httplog.Handler(logger)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			// chi knows the route only once it has been served.
			httplog.LogEntrySetField(
				r.Context(),
				"route",
				slog.StringValue(chi.RouteContext(r.Context()).RoutePattern()),
			)
			httplog.LogEntrySetField(r.Context(), "actor", slog.StringValue(actorOf(r).name()))
		}()
		next.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		quiet := r.WithContext(r.Context())
		quiet.RequestURI = r.URL.EscapedPath()
		logged.ServeHTTP(w, quiet)
	})
}

// leaveOutOfLog spares the request its line.
func leaveOutOfLog(ctx context.Context) {
	if entry, ok := ctx.Value(middleware.LogEntryCtxKey).(*httplog.RequestLoggerEntry); ok {
		entry.Logger = slog.New(slog.DiscardHandler)
	}
}

// recoverPanic answers a panic with the envelope. chi's own recoverer answers a bare 500.
func recoverPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if reason == http.ErrAbortHandler {
				panic(reason)
			}
			httplog.LogEntrySetField(r.Context(), "panic", slog.StringValue(fmt.Sprint(reason)))
			httplog.LogEntrySetField(r.Context(), "stack", slog.StringValue(string(debug.Stack())))
			if ww, ok := w.(middleware.WrapResponseWriter); ok && ww.Status() != 0 {
				// Half an answer is out: cutting it off is the only way left to say that it is not whole.
				panic(http.ErrAbortHandler)
			}
			writeFailure(w, failInternal)
		}()
		next.ServeHTTP(w, r)
	})
}

// limitReading keeps a body that trickles in from outliving the request's time: net/http reads the
// rest of a body before it answers, also where nobody wants it. Whoever has read all of it lifts the limit.
func (s *server) limitReading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.RequestTimeout > 0 {
			setReadDeadline(w, time.Now().Add(s.RequestTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// setReadDeadline does nothing where there is no connection behind w, as in a test.
func setReadDeadline(w http.ResponseWriter, deadline time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
}

// beside hands over what is not the gym's: bounded, counted and logged like everything.
func (s *server) beside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Beside != nil && (r.URL.Path == s.BesidePath || strings.HasPrefix(r.URL.Path, s.BesidePath+"/")) {
			s.Beside.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkToken lets through who holds a token, and everybody to the two probes. It stands before the
// routing, so that a stranger can't even learn which paths there are.
func (s *server) checkToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := r.URL.Path == pathAlive || r.URL.Path == pathReady
		if !open && !s.knowsToken(r) {
			s.fail(w, r, failToken)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) knowsToken(r *http.Request) bool {
	tokens := tokensOf(r)
	return len(tokens) == 1 && s.Tokens.Valid(tokens[0])
}

// limitRate refuses an actor who asks too often, and tells whether it did. Those who are not logged in share one
// name, None, and would shut each other out: they are exempt.
func (s *server) limitRate(w http.ResponseWriter, r *http.Request) bool {
	a := actorOf(r)
	return s.RateLimit > 0 && !a.isNobody() && s.limiter.RespondOnLimit(w, r, a.key())
}

// newLimiter counts over a window longer than a second, so that a crowd of clicks at once is no offence.
func (s *server) newLimiter() *httprate.RateLimiter {
	return httprate.NewRateLimiter(s.RateLimit*int(rateWindow/time.Second), rateWindow,
		httprate.WithResponseHeaders(httprate.ResponseHeaders{RetryAfter: "Retry-After"}),
		httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			s.flooded.Do(
				func() { s.Logger.Warn("too many requests of one person are refused", "actor", actorOf(r).name()) },
			)
			s.fail(w, r, failTooMany)
		}),
		httprate.WithErrorHandler(func(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }),
	)
}

// sayGoodbye ends connections by agreement before the server stops. One that is cut while the next request is on its
// way leaves the client in doubt.
func (s *server) sayGoodbye(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isStopping() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) isStopping() bool { return s.Stopping != nil && s.Stopping() }

// checkReady refuses while the server is not ready, which whoever knows why says in the log: not each who asks.
func (s *server) checkReady(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Ready != nil {
			if err := s.Ready(r.Context()); err != nil {
				leaveOutOfLog(r.Context())
				s.fail(w, r, failNotReady)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
