package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"energiya/internal/gymclient"
)

// errForbidden and errNotFound are the pages' own answers; everything else comes from Options.Accounts and Options.Gym.
var (
	errForbidden = errors.New("this person may not see this page")
	errNotFound  = errors.New("no such page")
)

// busyFor is when a page asks again where the server did not say it.
const busyFor = 5 * time.Second

// problem is what a person is shown of an error.
type problem struct {
	Status int
	// Kind names the texts problem.KIND.title and problem.KIND.advice.
	Kind string
	// Rule and Message are of the rule that refused, empty where none did.
	Rule, Message string
	// RetryAfter is when to ask again, 0 where that does not help.
	RetryAfter time.Duration
	// Again is the page to ask for then.
	Again string
}

// Seconds is RetryAfter in whole seconds, rounded up.
func (p problem) Seconds() int { return int((p.RetryAfter + time.Second - 1) / time.Second) }

// Retry reports whether the page asks again by itself.
func (p problem) Retry() bool { return p.Kind == "busy" }

// problemOf says how an error is shown.
func problemOf(err error) problem {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		p := problem{
			Status:  http.StatusUnprocessableEntity,
			Kind:    "refused",
			Rule:    refusal.Rule,
			Message: refusal.Message,
		}
		if refusal.RetryAfter > 0 {
			p.Status, p.RetryAfter = http.StatusTooManyRequests, refusal.RetryAfter
		}
		return p
	}
	var gym *gymclient.Error
	if errors.As(err, &gym) {
		switch gym.Status {
		case http.StatusBadRequest:
			return problem{
				Status:  http.StatusUnprocessableEntity,
				Kind:    "refused",
				Rule:    gym.Rule,
				Message: gym.Message,
			}
		case http.StatusForbidden:
			return problem{Status: http.StatusForbidden, Kind: "forbidden"}
		case http.StatusTooManyRequests:
			return problem{Status: http.StatusTooManyRequests, Kind: "often", RetryAfter: orBusy(gym.RetryAfter)}
		case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
			return problem{Status: http.StatusServiceUnavailable, Kind: "busy", RetryAfter: orBusy(gym.RetryAfter)}
		}
		return problem{Status: http.StatusInternalServerError, Kind: "fault"}
	}
	switch {
	case errors.Is(err, errForbidden):
		return problem{Status: http.StatusForbidden, Kind: "forbidden"}
	case errors.Is(err, errNotFound):
		return problem{Status: http.StatusNotFound, Kind: "absent"}
	case errors.Is(err, context.DeadlineExceeded):
		return problem{Status: http.StatusServiceUnavailable, Kind: "busy", RetryAfter: busyFor}
	}
	return problem{Status: http.StatusInternalServerError, Kind: "fault"}
}

func orBusy(d time.Duration) time.Duration {
	if d <= 0 {
		return busyFor
	}
	return d
}

// over reports whether an error says that the session is over, whichever server noticed it.
func over(err error) bool {
	var gym *gymclient.Error
	return errors.Is(err, ErrNoSession) || errors.As(err, &gym) && gym.Status == http.StatusUnauthorized
}

// fail answers a request with the page of an error.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if over(err) {
		target := "/login?next=" + url.QueryEscape(returnPath(r))
		if tokenOf(r) != "" {
			dropSession(w)
			target += "&over=1"
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	p := problemOf(err)
	p.Again = returnPath(r)
	if p.Status == http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "page failed", "path", r.URL.Path, "err", err)
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Seconds()))
	}
	if p.Retry() {
		// Browsers take this header for the element of the same name, which works without scripts too.
		w.Header().Set("Refresh", strconv.Itoa(p.Seconds())+"; url="+p.Again)
	}
	s.render(w, r, p.Status, "problem", s.page(r, p))
}
