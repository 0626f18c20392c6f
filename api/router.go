// Package api is the HTTP face of the gym. It knows which path belongs to which function of the
// schema wire, calls it, and writes the bytes that come back. It holds no rule and no right of its
// own: both live in the database (see docs/openapi.yaml for what goes over the wire).
package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"
	"github.com/go-chi/httprate"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/time/rate"

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
	// Logger gets one line a request. Request headers are never logged, whatever its options say.
	Logger *httplog.Logger
	// RequestTimeout is how long a request may take, waiting for a connection of the pool included. 0 is no limit.
	RequestTimeout time.Duration
	// ReportPool is the share of connections that reports are read on; as many are made at once as it may have. Nil: they use Pool.
	ReportPool *pgxpool.Pool
	// ReportTimeout is how long a report may take. 0 is no limit.
	ReportTimeout time.Duration
	// RateLimit is how many requests a second one user-id may make, measured over ten seconds. 0 is no limit.
	RateLimit int
	// Ready tells why the server must not answer yet, or nil. It is asked at every request, so
	// it should answer from memory. Nil means always ready.
	Ready func(ctx context.Context) error
}

type server struct {
	Options
	// methods are those that each path answers to.
	methods     map[string][]string
	limiter     *httprate.RateLimiter
	reports     chan struct{} // a place for each report that is being made
	unavailable rate.Sometimes
}

// New is the whole server as one handler. It is also a chi.Routes, so that its paths can be listed.
func New(o Options) http.Handler {
	s := &server{Options: o, reports: o.newReportShare(), unavailable: rate.Sometimes{Interval: 10 * time.Second}}
	s.limiter = s.newLimiter()

	r := chi.NewRouter()
	r.Use(requestID, s.logRequest, recoverPanic, s.limitReading, s.checkToken)
	r.NotFound(s.notFound)
	r.MethodNotAllowed(s.methodNotAllowed)

	r.Get(pathAlive, s.alive)
	r.Get(pathReady, s.ready)

	r.Route("/api/v1", func(r chi.Router) {
		r = r.With(s.limitRate, s.checkReady)

		r.Get("/avtime/get", s.call("avtime_get"))
		r.Post("/avtime/get-any", s.call("avtime_get_any"))
		r.Post("/avtime/create", s.call("avtime_create"))
		r.Put("/avtime/edit", s.call("avtime_edit"))
		r.Delete("/avtime/delete", s.call("avtime_delete"))

		r.Get("/entry/check-open", s.call("entry_check_open"))
		r.Post("/entry/change-open", s.call("entry_change_open"))
		r.Post("/entry/create", s.call("entry_create"))
		r.Post("/entry/create-any", s.call("entry_create_any"))
		r.Post("/entry/get", s.call("entry_get"))
		r.Post("/entry/get-any", s.call("entry_get_any"))
		r.Delete("/entry/delete", s.call("entry_delete"))
		r.Delete("/entry/delete-any", s.call("entry_delete_any"))

		r.Post("/visit/get", s.call("visit_get"))
		r.Put("/visit/edit", s.call("visit_edit"))
		r.Post("/visit/mark-lesson", s.call("visit_mark_lesson"))
		r.Post("/visit/cancel-lesson", s.call("visit_cancel_lesson"))
		r.Post("/visit/restore-lesson", s.call("visit_restore_lesson"))

		r.Get("/closure/get", s.call("closure_get"))
		r.Post("/closure/create", s.call("closure_create"))
		r.Delete("/closure/delete", s.call("closure_delete"))

		r.Post("/user/create", s.call("user_create"))
		r.Get("/user/get", s.call("user_get"))
		r.Put("/user/edit", s.call("user_edit"))
		r.Put("/user/edit-password", s.call("user_edit_password"))
		r.Put("/user/edit-any", s.call("user_edit_any"))
		r.Delete("/user/delete-any", s.call("user_delete_any"))
		r.Get("/user/absences", s.call("user_absences"))

		r.Post("/gym-news/create", s.call("gym_news_create"))
		r.Get("/gym-news/get", s.call("gym_news_get"))
		r.Post("/gym-news/get-any", s.call("gym_news_get_any"))
		r.Put("/gym-news/edit", s.call("gym_news_edit"))
		r.Delete("/gym-news/delete", s.call("gym_news_delete"))

		r.Post("/new/create", s.call("new_create"))
		r.Get("/new/get", s.call("new_get"))
		r.Post("/new/get-any", s.call("new_get_any"))
		r.Put("/new/edit", s.call("new_edit"))
		r.Delete("/new/delete", s.call("new_delete"))

		for _, kind := range report.Kinds() {
			r.Post("/report/"+kind.Name, s.report(kind))
		}
	})
	s.methods = methodsOf(r)
	return r
}
