package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httplog/v2"

	"energiya/internal/gymclient"
	"energiya/internal/password"
)

const (
	headerRequestID = "X-Request-Id"
	// maxSegment is the longest part of a path that is logged: our own are words.
	maxSegment = 20
)

// identify gives a request an id, which the answer, both servers' logs and the database carry. One that a trusted proxy
// gave is kept.
func (s *server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(headerRequestID)
		if !s.isTrusted(peerOf(r)) || !isSaneID(id) {
			id = rand.Text()
		}
		w.Header().Set(headerRequestID, id)
		// chi's key, because httplog and gymclient look there.
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), middleware.RequestIDKey, id)))
	})
}

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

// peerOf returns the address of the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

func (s *server) isTrusted(addr netip.Addr) bool {
	for _, network := range s.Proxies {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

type secureKey struct{}

// locate puts the client's own address into RemoteAddr, and notes whether the client came over TLS. Both are taken from
// the headers of a proxy only where the settings name that proxy.
func (s *server) locate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := peerOf(r)
		secure := r.TLS != nil
		client := peer
		if s.isTrusted(peer) {
			secure = secure || strings.EqualFold(lastOf(r.Header["X-Forwarded-Proto"]), "https")
			client = s.clientBehind(peer, r.Header["X-Forwarded-For"])
		}
		r = r.WithContext(context.WithValue(r.Context(), secureKey{}, secure))
		r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		next.ServeHTTP(w, r)
	})
}

// clientBehind walks back over the proxies that are trusted. What stands before the first that is not is the client's
// own word.
func (s *server) clientBehind(peer netip.Addr, headers []string) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0 && s.isTrusted(client); i-- {
		hop, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop
	}
	return client
}

// parseHop reads an address, with or without a port.
func parseHop(text string) (netip.Addr, error) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().WithZone(""), err
}

func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	list := strings.Split(values[len(values)-1], ",")
	return strings.TrimSpace(list[len(list)-1])
}

// originOf returns where an attempt comes from.
func originOf(r *http.Request) origin {
	return origin{
		address: peerOf(r), // of the client, by locate
		agent:   clean(r.UserAgent(), maxAgent),
		device:  tokenOfCookie(r, deviceCookie),
	}
}

// protect sets the headers that every answer has. The pages and the folder replace the policy by their own.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if secure, _ := r.Context().Value(secureKey{}).(bool); secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// noStore keeps answers about people out of caches.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// ownSite refuses what another site's page makes a browser send with this site's cookies.
func (s *server) ownSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, failForeign) }),
	)
	return protection.Handler(next)
}

// bound limits bodies in size and in time. A form that sends a picture may be longer; which forms do, the handlers
// know.
func (s *server) bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(maxBody)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			most = maxForm
		}
		if s.RequestTimeout > 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.RequestTimeout))
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// requestKey finds the request as it came, behind the one that is logged.
type requestKey struct{}

// record writes one line a request. Headers, cookies, bodies, the query and the client's address are never in it, nor
// is a part of the path that may be a secret which a person has put there.
func (s *server) record(next http.Handler) http.Handler {
	logger := &httplog.Logger{Logger: s.Logger.Logger, Options: s.Logger.Options}
	logger.Options.Concise = true
	logger.Options.RequestHeaders = false
	logged := httplog.Handler(logger)(http.HandlerFunc(func(w http.ResponseWriter, quiet *http.Request) {
		r, _ := quiet.Context().Value(requestKey{}).(*http.Request)
		next.ServeHTTP(w, r.WithContext(quiet.Context()))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		quiet := r.WithContext(context.WithValue(r.Context(), requestKey{}, r))
		path := loggedPath(r.URL.Path)
		quiet.URL, quiet.RequestURI, quiet.RemoteAddr = &url.URL{Path: path}, path, ""
		logged.ServeHTTP(w, quiet)
	})
}

// loggedPath is a path whose parts are only words of ours.
func loggedPath(path string) string {
	const letters, digits = "abcdefghijklmnopqrstuvwxyz-_.", "0123456789"
	parts := strings.Split(path, "/")
	for i, part := range parts {
		isWord := len(part) <= maxSegment && strings.Trim(part, letters) == ""
		isVersion := len(part) <= 3 && strings.Trim(part, letters+digits) == ""
		if !isWord && !isVersion {
			parts[i] = "…"
		}
	}
	return strings.Join(parts[:min(len(parts), 8)], "/")
}

// leaveOutOfLog spares the request its line.
func leaveOutOfLog(ctx context.Context) {
	if entry, ok := ctx.Value(middleware.LogEntryCtxKey).(*httplog.RequestLoggerEntry); ok {
		entry.Logger = slog.New(slog.DiscardHandler)
	}
}

// recoverPanic answers a panic with the envelope.
func (s *server) recoverPanic(next http.Handler) http.Handler {
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
			s.fail(w, r, failInternal)
		}()
		next.ServeHTTP(w, r)
	})
}

// closeWhenStopping ends connections by agreement while the server drains.
func (s *server) closeWhenStopping(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isStopping() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) isStopping() bool { return s.Stopping != nil && s.Stopping() }

// checkReady refuses while the server is not ready.
func (s *server) checkReady(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Ready != nil && s.Ready(r.Context()) != nil {
			leaveOutOfLog(r.Context())
			s.fail(w, r, failNotReady)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answerOf says how an error is answered in the JSON of the old front. A nil failure answers nothing: the client hung
// up.
func answerOf(ctx context.Context, err error) (f *failure, retryAfter time.Duration) {
	var refusal *Refusal
	var gym *gymclient.Error
	var unavailable *unavailableError
	var busy *password.BusyError
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f, retryOf(f.Status, 0)
	case errors.Is(err, ErrNoSession):
		return failNoSession, 0
	case errors.As(err, &tooLong):
		return failTooLarge, 0
	case errors.As(err, &refusal):
		return &failure{typeOfRefusal(refusal.Status), refusal.Status, refusal.Message}, refusal.RetryAfter
	case errors.As(err, &busy):
		return failQueue, busy.RetryAfter
	case errors.As(err, &gym):
		return failureOfGym(gym), retryOf(gym.Status, gym.RetryAfter)
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, 0
	case errors.As(err, &unavailable), errors.Is(err, context.DeadlineExceeded):
		return failUnavailable, retryOf(failUnavailable.Status, 0)
	}
	return failInternal, 0
}

// failureOfGym is an error of the main server. A session that was over when the main server looked is the same to the
// person as one that was over before.
func failureOfGym(e *gymclient.Error) *failure {
	if e.Status == http.StatusUnauthorized {
		return failNoSession
	}
	return &failure{typeMainServer, e.Status, e.Message}
}

// retryOf gives each 503 a time to come back at.
func retryOf(status int, said time.Duration) time.Duration {
	if status == http.StatusServiceUnavailable {
		return max(said, time.Second)
	}
	return said
}

func typeOfRefusal(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return typeLogIn
	case http.StatusForbidden:
		return typeRights
	}
	return typeInvalid
}

// fail answers with the envelope of an error, and tells the log what it needs to know.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	f, retryAfter := answerOf(r.Context(), err)
	s.note(r, f, err)
	if f == nil {
		f = failUnavailable
	}
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((retryAfter+time.Second-1)/time.Second)))
	}
	writeFailure(w, f)
}

// note tells the log the rule that refused, or the cause of a fault.
func (s *server) note(r *http.Request, f *failure, err error) {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		httplog.LogEntrySetField(r.Context(), "rule", slog.StringValue(refusal.Rule))
	case f == nil:
		httplog.LogEntrySetField(r.Context(), "cause", slog.StringValue("the client hung up"))
	case f.Status >= http.StatusInternalServerError && errors.Unwrap(err) != nil, f == failInternal:
		httplog.LogEntrySetField(r.Context(), "cause", causeOf(err))
	}
	if f == failUnavailable {
		s.unavailable.Do(func() { s.Logger.Error("database unavailable", "cause", causeOf(err)) })
	}
}

// alive answers as long as the process does.
func (*server) alive(w http.ResponseWriter, _ *http.Request) { writeData(w, []byte(`{"result":true}`)) }

// ready answers whether requests can be served.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.isStopping() {
		leaveOutOfLog(r.Context())
		s.fail(w, r, failStopping)
		return
	}
	s.checkReady(http.HandlerFunc(s.alive)).ServeHTTP(w, r)
}

func (s *server) notFound(w http.ResponseWriter, r *http.Request) { s.fail(w, r, failNotFound) }

func (s *server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, basePath)
	switch method, isOwn := ownPaths[path]; {
	case isOwn:
		w.Header().Set("Allow", method)
	case path != r.URL.Path:
		w.Header().Set("Allow", strings.Join(forwarded, ", "))
	default:
		w.Header().Set("Allow", http.MethodGet)
	}
	s.fail(w, r, failMethod)
}
