// Package api is the HTTP face of the gym. It knows which path belongs to which function of the
// schema wire, calls it, and writes the bytes that come back. It holds no rule and no right of its
// own: both live in the database (see docs/openapi.yaml for what goes over the wire).
package api

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"
	"github.com/go-chi/httprate"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"energiya/internal/gate"
	"energiya/internal/password"
	"energiya/report"
)

// TokenChecker knows the tokens that other servers may come with. It compares in constant time.
type TokenChecker interface {
	Valid(token string) bool
}

// Options are what the handler is built from.
type Options struct {
	// Pool is used as it is given: its role and its settings are the caller's business.
	Pool *pgxpool.Pool
	// Tokens decides about the header Token.
	Tokens TokenChecker
	// Pepper goes into password hashes. "": the database hashes passwords, as long as it still keeps old hashes.
	Pepper password.Pepper
	// Logger gets one line a request. Request headers are never logged, whatever its options say.
	Logger *httplog.Logger
	// RequestTimeout is how long a request may take, waiting for a connection of the pool included. 0 is no limit.
	RequestTimeout time.Duration
	// QueueTimeout is how long a request may wait for its turn to use Pool. 0 is two thirds of RequestTimeout, or no
	// limit.
	QueueTimeout time.Duration
	// ReportPool is the share of connections that reports are read on; as many are made at once as it may have. Nil:
	// they use Pool.
	ReportPool *pgxpool.Pool
	// ReportTimeout is how long a report may take. 0 is no limit.
	ReportTimeout time.Duration
	// RateLimit is how many requests a second one user-id may make, measured over ten seconds. 0 is no limit.
	RateLimit int
	// Ready tells why the server must not answer yet, or nil. It is asked at every request, so
	// it should answer from memory. Nil means always ready.
	Ready func(ctx context.Context) error
	// Stopping tells that the server will soon take no more requests: /readyz refuses, and all else is answered as
	// before, with the word that the connection ends. Nil means never.
	Stopping func() bool
	// Metrics is what GET /metrics shows; the handler adds its own. Nil: it shows only these.
	Metrics *prometheus.Registry
	// Beside answers at BesidePath and below it, and asks for a token itself. Nil: there is nothing.
	Beside     http.Handler
	BesidePath string
}

type server struct {
	Options
	// methods are those that each path answers to.
	methods     map[string][]string
	limiter     *httprate.RateLimiter
	meter       *meter
	reports     *gate.Share              // a place for each report that is being made
	files       chan struct{}            // a place for each that is made or sent
	large       chan struct{}            // a place for each request with a body that is not small
	shares      map[endpoint]*gate.Share // of every endpoint
	overloaded  rate.Sometimes
	flooded     rate.Sometimes
	unavailable rate.Sometimes
	hasher      *password.Hasher
	pepperFits  atomic.Bool  // the database has said so
	unserved    atomic.Int64 // requests that found no database
}

// New is the whole server as one handler. It is also a chi.Routes, so that its paths can be listed.
func New(o Options) http.Handler {
	s := &server{
		Options:     o,
		reports:     o.newReportShare(),
		files:       make(chan struct{}, maxFiles),
		large:       make(chan struct{}, maxLarge),
		shares:      map[endpoint]*gate.Share{},
		hasher:      password.NewHasher(runtime.GOMAXPROCS(0)),
		overloaded:  rate.Sometimes{Interval: faultInterval},
		flooded:     rate.Sometimes{Interval: faultInterval},
		unavailable: rate.Sometimes{Interval: faultInterval},
	}
	s.limiter = s.newLimiter()
	if s.Metrics == nil {
		s.Metrics = prometheus.NewRegistry()
	}
	s.meter = newMeter(s.Metrics)

	r := chi.NewRouter()
	r.Use(
		requestID,
		s.sayGoodbye,
		s.limitReading,
		s.measure,
		s.shed,
		s.logRequest,
		recoverPanic,
		s.beside,
		s.checkToken,
	)
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed)

	r.Get(pathAlive, s.alive)
	r.Get(pathReady, s.ready)
	r.Get(pathMetrics, s.metrics())

	r.Route(basePath, func(r chi.Router) {
		r = r.With(s.checkReady)
		// the shares of the database, and how they weigh: see package gate
		queue := s.newGate()
		greet := s.share(r, queue.Share("greet", 1))
		looks := queue.Share("look", 1)
		look := s.share(r, looks)
		choose := s.share(r, queue.Share("choose", 4))
		manage := s.share(r, queue.Share("manage", 1))

		look("GET /avtime/get", "avtime_get")
		s.route(r, looks, "GET /avtime/seats", s.seats(looks))
		manage("POST /avtime/get-any", "avtime_get_any")
		manage("POST /avtime/create", "avtime_create")
		manage("PUT /avtime/edit", "avtime_edit")
		manage("DELETE /avtime/delete", "avtime_delete")

		look("GET /entry/check-open", "entry_check_open")
		look("GET /entry/window", "entry_window")
		manage("POST /entry/change-open", "entry_change_open")
		choose("POST /entry/create", "entry_create")
		manage("POST /entry/create-any", "entry_create_any")
		look("POST /entry/get", "entry_get")
		manage("POST /entry/get-any", "entry_get_any")
		manage("POST /entry/lists", "entry_lists")
		choose("DELETE /entry/delete", "entry_delete")
		manage("DELETE /entry/delete-any", "entry_delete_any")

		choose("POST /wait/create", "wait_create")
		choose("DELETE /wait/delete", "wait_delete")
		look("GET /wait/get", "wait_get")

		look("POST /visit/own", "visit_own")
		manage("POST /visit/get", "visit_get")
		manage("POST /visit/lessons", "visit_lessons")
		manage("POST /visit/lesson", "visit_lesson")
		manage("PUT /visit/edit-lesson", "visit_edit_lesson")
		manage("POST /visit/person", "visit_person")
		manage("PUT /visit/edit", "visit_edit")
		manage("POST /visit/mark-lesson", "visit_mark_lesson")
		manage("POST /visit/cancel-lesson", "visit_cancel_lesson")
		manage("POST /visit/restore-lesson", "visit_restore_lesson")

		look("GET /closure/get", "closure_get")
		manage("POST /closure/create", "closure_create")
		manage("DELETE /closure/delete", "closure_delete")

		manage("POST /user/create", "user_create")
		manage("GET /user/get", "user_get")
		manage("POST /user/find", "user_find")
		choose("PUT /user/edit", "user_edit")
		choose("PUT /user/edit-password", "user_edit_password")
		manage("PUT /user/edit-any", "user_edit_any")
		manage("DELETE /user/delete-any", "user_delete_any")
		look("GET /user/absences", "user_absences")
		look("GET /user/own", "user_own")
		look("GET /user/blocks", "user_blocks")

		greet("GET /gym/get", "gym_get")
		greet("GET /gym/rules", "gym_rules")

		manage("POST /gym-news/create", "gym_news_create")
		look("GET /gym-news/get", "gym_news_get")
		manage("POST /gym-news/get-any", "gym_news_get_any")
		manage("PUT /gym-news/edit", "gym_news_edit")
		manage("DELETE /gym-news/delete", "gym_news_delete")

		manage("POST /new/create", "new_create")
		greet("GET /new/get", "new_get")
		manage("POST /new/get-any", "new_get_any")
		manage("PUT /new/edit", "new_edit")
		manage("DELETE /new/delete", "new_delete")

		preview := s.share(r, s.reports)
		preview("POST /report/preview", "report_preview")
		preview("POST /report/statistics", "report_statistics")
		for _, kind := range report.Kinds() {
			r.Post("/report/"+kind.Name, s.report(kind))
			s.shares[endpoint{http.MethodPost, basePath + "/report/" + kind.Name}] = s.reports
		}
	})
	s.methods = methodsOf(r)
	s.Metrics.MustRegister(newQueues(s.shares))
	return r
}
