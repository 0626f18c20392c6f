package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"
	"golang.org/x/time/rate"

	"energiya/internal/gymclient"
)

const (
	basePath  = "/api/v1"
	pathAlive = "/healthz"
	pathReady = "/readyz"

	// maxBody bounds a body, in bytes.
	maxBody = 1 << 20
	// maxForm bounds a form that sends a picture: the picture and what stands around it.
	maxForm = maxPicture + 64<<10

	// faultInterval is how often a fault that every request meets is logged.
	faultInterval = 10 * time.Second
)

// Options are what the handler is built from.
type Options struct {
	// Accounts are people's accounts and sessions.
	Accounts *Accounts
	// Gym is the main server.
	Gym *gymclient.Client
	// Pages answers every path that is not this package's: web's pages, or Folder's handler.
	Pages http.Handler
	// Proxies are the networks of the proxies whose word on a client's address and on TLS counts.
	Proxies []netip.Prefix
	// RequestTimeout bounds how long a body may take to arrive, and a call of the database.
	RequestTimeout time.Duration
	// Ready returns why the server must not answer yet, or nil. It must answer from memory. Nil means always ready.
	Ready func(ctx context.Context) error
	// Stopping reports whether the server will soon take no more requests. Nil means never.
	Stopping func() bool
	// Logger gets one line a request.
	Logger *httplog.Logger
}

type server struct {
	Options

	unavailable rate.Sometimes
}

// forwarded are the methods of the main server's endpoints.
var forwarded = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

// ownPaths are the paths below /api/v1/auth, which the main server knows nothing of, and their methods.
var ownPaths = map[string]string{
	"/auth/check-studcard": http.MethodPost,
	"/auth/signup":         http.MethodPost,
	"/auth/login":          http.MethodPost,
	"/auth/login/coach":    http.MethodPost,
	"/auth/login/admin":    http.MethodPost,
	"/auth/check-login":    http.MethodGet,
}

// New makes the auth server's handler.
func New(o Options) http.Handler {
	s := &server{Options: o, unavailable: rate.Sometimes{Interval: faultInterval}}
	r := chi.NewRouter()
	r.Use(s.identify, s.locate, protect, s.closeWhenStopping, s.record, s.recoverPanic, s.bound, s.ownSite)
	r.NotFound(o.Pages.ServeHTTP)
	r.MethodNotAllowed(s.methodNotAllowed)

	r.Get(pathAlive, s.alive)
	r.Get(pathReady, s.ready)

	r.Route(basePath, func(r chi.Router) {
		r.Use(noStore, s.checkReady)
		r.NotFound(s.notFound)
		r.MethodNotAllowed(s.methodNotAllowed)

		for path, do := range map[string]func(http.ResponseWriter, *http.Request) error{
			"/auth/check-studcard": s.checkCard,
			"/auth/signup":         s.signUp,
			"/auth/login":          s.logIn(kindStudent),
			"/auth/login/coach":    s.logIn(kindCoach),
			"/auth/login/admin":    s.logIn(kindAdmin),
			"/auth/check-login":    s.checkLogIn,
		} {
			r.Method(ownPaths[path], path, s.handle(do))
		}
		// The main server must not see an old password: guesses at it are charged here.
		r.Put("/user/edit-password", s.handle(s.editPassword))
		for _, method := range forwarded {
			r.Method(method, "/*", s.handle(s.forward))
		}
	})

	r.Route(mediaPath, func(r chi.Router) {
		r.Use(s.checkReady)
		r.NotFound(s.notFound)
		r.MethodNotAllowed(s.methodNotAllowed)
		r.Get("/{name}", s.handle(s.media))
		r.Post("/update-my-picture", s.handle(s.updatePicture))
	})
	return r
}

// handle makes a handler of a function that returns its error.
func (s *server) handle(do func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// causeOf is an error for the log, without what PostgreSQL quotes of rows and values.
func causeOf(err error) slog.Value { return slog.StringValue(err.Error()) }
