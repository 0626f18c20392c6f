package web

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// The cookies of the pages. The two with secrets begin with __Host-: a browser takes them from this host only, over TLS
// or from the machine itself.
const (
	SessionCookie = "__Host-session"
	DeviceCookie  = "__Host-device"
)

const (
	maxUserAgent = 400
	deviceAge    = 365 * 24 * time.Hour
)

type visitorKey struct{}

// visitor is who sends a request: a person with a session, or nobody (an empty token).
type visitor struct {
	Person

	token string
}

func visitorOf(r *http.Request) visitor {
	v, _ := r.Context().Value(visitorKey{}).(visitor)
	return v
}

func tokenOf(r *http.Request) string {
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// clientOf describes where a request comes from. RemoteAddr is the client's own address: see New.
func clientOf(r *http.Request) Client {
	c := Client{UserAgent: r.UserAgent()}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Addr = at.Addr().Unmap()
	} else if addr, err := netip.ParseAddr(r.RemoteAddr); err == nil {
		c.Addr = addr.Unmap()
	}
	if len(c.UserAgent) > maxUserAgent {
		c.UserAgent = strings.ToValidUTF8(c.UserAgent[:maxUserAgent], "")
	}
	if device, err := r.Cookie(DeviceCookie); err == nil {
		c.Device = device.Value
	}
	return c
}

// visit finds out who sends the request. A page that everybody may see is shown also with a session that is over.
func (s *site) visit(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token := tokenOf(r)
		if token == "" {
			return next(w, r)
		}
		person, err := s.Accounts.Person(r.Context(), token, true)
		switch {
		case errors.Is(err, ErrNoSession):
			dropSession(w)
		case err != nil:
			return err
		default:
			r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, visitor{Person: person, token: token}))
		}
		return next(w, r)
	}
}

// only lets people of these roles through; without roles, everybody who is logged in. Nobody is asked to log in, and
// comes back afterwards. A person whose consent is missing is asked for it first.
func (s *site) only(next handler, roles ...string) handler {
	return s.visit(func(w http.ResponseWriter, r *http.Request) error {
		s.seats.learnClock(r.Context())
		v := visitorOf(r)
		switch {
		case v.token == "":
			return ErrNoSession
		case len(roles) > 0 && !contains(roles, v.Role):
			return errForbidden
		case v.NeedsConsent && !consentFree(r.URL.Path):
			http.Redirect(w, r, "/consent?next="+url.QueryEscape(returnPath(r)), http.StatusSeeOther)
			return nil
		}
		return next(w, r)
	})
}

// consentFree are the paths that a person needs before the consent: to give it, to log out, and to look at the account.
func consentFree(path string) bool {
	return path == "/consent" || path == "/logout" || path == "/account" || strings.HasPrefix(path, "/account/")
}

func contains(list []string, s string) bool {
	for _, element := range list {
		if element == s {
			return true
		}
	}
	return false
}

// open keeps a session that was just made in the browser and returns the page to go to.
func (s *site) open(w http.ResponseWriter, r *http.Request, opened Opened) string {
	setSession(w, opened)
	return safeNext(r.FormValue("next"))
}

func setSession(w http.ResponseWriter, opened Opened) {
	http.SetCookie(w, secretCookie(SessionCookie, opened.Token, opened.MaxAge))
	if opened.Device != "" {
		http.SetCookie(w, secretCookie(DeviceCookie, opened.Device, deviceAge))
	}
}

func dropSession(w http.ResponseWriter) {
	c := secretCookie(SessionCookie, "", 0)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

func secretCookie(name, value string, age time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// safeNext returns where a person goes after a log-in: a path of this site, but not back to the log-in.
func safeNext(next string) string {
	next = localPath(next)
	if path, _, _ := strings.Cut(next, "?"); path == "/login" || path == "/logout" {
		return "/"
	}
	return next
}

// localPath keeps a path of this site and makes anything else the home page, so that no link or form leads a person to
// another site.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// returnPath is where a person comes back to after a log-in: the page itself, or for a form the page that it stands on.
func returnPath(r *http.Request) string {
	if r.Method == http.MethodPost {
		if page, _, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); ok {
			return "/" + page
		}
	}
	// A form's handler may have put into the query what the page must show again.
	return r.URL.RequestURI()
}
