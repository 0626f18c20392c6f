package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// Options are what the pages are built from.
type Options struct {
	Accounts Accounts
	Gym      Gym
	Log      *slog.Logger
}

type site struct {
	Options

	texts     *texts
	templates templates
	static    static
	seats     *seats
	gymTexts  *shared[gymTexts]
	news      *shared[[]post]
	rules     *shared[plainRules]
}

// handler is a page. The error that it returns is shown by fail; it must not have written anything then.
type handler func(w http.ResponseWriter, r *http.Request) error

// New returns all pages as one handler. Around it belong the request id, the log, the client's address in RemoteAddr,
// the check of the origin of forms, and the limit of bodies. Close ends what it does in the background.
func New(o Options) (*Pages, error) {
	s := &site{Options: o}
	var err error
	if s.texts, err = newTexts(); err != nil {
		return nil, err
	}
	if s.templates, err = newTemplates(); err != nil {
		return nil, err
	}
	if s.static, err = newStatic(); err != nil {
		return nil, err
	}
	s.seats = newSeats(o.Gym, o.Log)
	s.gymTexts = newShared[gymTexts](o.Gym, "GET /gym/get")
	s.news = newShared[[]post](o.Gym, "GET /new/get")
	s.rules = newShared[plainRules](o.Gym, "GET /gym/rules")
	return &Pages{Handler: s.routes(), site: s}, nil
}

// Pages are the pages of a running server.
type Pages struct {
	http.Handler

	site *site
}

// Close ends the loop that watches the free seats.
func (p *Pages) Close() { p.site.seats.close() }

// routes is the table of all pages, and who may see them.
func (s *site) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(s.headers, middleware.Compress(5, "text/html", "text/css", "text/javascript", "application/json",
		"image/svg+xml", "application/manifest+json"))
	r.NotFound(s.serve(s.visit(func(http.ResponseWriter, *http.Request) error { return errNotFound })))
	r.MethodNotAllowed(s.serve(s.visit(func(http.ResponseWriter, *http.Request) error { return errNotFound })))

	// everybody
	s.get(r, "/", s.frontGet)
	s.get(r, "/gym", s.visit(s.publicGet))
	s.get(r, "/rules", s.visit(s.rulesGet))
	s.get(r, "/static/{build}/{name}", s.staticGet)
	s.get(r, "/login", s.visit(s.loginGet))
	s.post(r, "/login", s.loginPost)
	s.post(r, "/logout", s.logoutPost)
	s.get(r, "/claim", s.visit(s.claimGet))
	s.post(r, "/claim", s.claimPost)
	s.get(r, "/reset", s.visit(s.resetGet))
	s.post(r, "/reset", s.resetPost)
	s.post(r, "/preferences", s.preferencesPost)

	s.get(r, "/choose/seats", s.seatsGet)
	s.get(r, "/calendar/{secret}", s.calendarGet)

	// everybody who is logged in
	s.get(r, "/consent", s.only(s.consentGet))
	s.post(r, "/consent", s.only(s.consentPost))
	s.get(r, "/account", s.only(s.accountGet))
	s.post(r, "/account/names", s.only(s.accountNamesPost))
	s.post(r, "/account/password", s.only(s.accountPasswordPost))
	s.post(r, "/account/picture", s.only(s.accountPicturePost))
	s.post(r, "/account/picture/remove", s.only(s.accountPictureRemovePost))
	s.post(r, "/account/session", s.only(s.accountSessionPost))
	s.post(r, "/account/sessions", s.only(s.accountSessionsPost))
	s.post(r, "/account/calendar", s.only(s.accountCalendarPost, Student, Blocked))
	s.post(r, "/account/calendar/end", s.only(s.accountCalendarEndPost, Student, Blocked))
	s.post(r, "/account/consent", s.only(s.accountConsentPost))

	// coaches
	s.get(r, "/today", s.coach(s.todayGet))
	s.get(r, "/lesson", s.coach(s.lessonGet))
	s.post(r, "/lesson", s.coach(s.lessonPost))
	s.get(r, "/lesson/marks", s.data(s.coach(s.lessonMarksGet)))
	s.post(r, "/lesson/marks", s.data(s.coach(s.lessonMarksPost)))
	s.get(r, "/lesson/cancel", s.coach(s.cancelGet))
	s.post(r, "/lesson/cancel", s.coach(s.cancelPost))
	s.post(r, "/lesson/restore", s.coach(s.restorePost))
	s.get(r, "/people", s.coach(s.peopleGet))
	s.get(r, "/person", s.coach(s.personGet))
	s.post(r, "/person/code", s.coach(s.personCodePost))
	s.get(r, "/lists", s.coach(s.listsGet))
	s.get(r, "/lists/csv", s.coach(s.listsCSVGet))
	s.get(r, "/reports", s.coach(s.reportsGet))
	s.get(r, "/reports/making", s.coach(s.reportsMakingGet))
	s.get(r, "/reports/file", s.coach(s.reportsFileGet))
	s.get(r, "/statistics", s.coach(s.statisticsGet))
	s.get(r, "/statistics/csv", s.coach(s.statisticsCSVGet))
	s.get(r, "/announcements", s.coach(s.announcementsGet))
	s.post(r, "/announcements", s.coach(s.announcementsPost))
	s.post(r, "/announcements/delete", s.coach(s.announcementsDeletePost))
	s.get(r, "/slips", s.coach(s.slipsGet))
	s.post(r, "/slips", s.coach(s.slipsPost))

	// students
	s.get(r, "/seats", s.only(s.mineGet, Student, Blocked))
	s.post(r, "/seat/give", s.only(s.seatGivePost, Student, Blocked))
	s.post(r, "/seat/take", s.only(s.seatTakePost, Student, Blocked))
	s.get(r, "/blocked", s.only(s.blockedGet, Student, Blocked))
	s.get(r, "/history", s.only(s.historyGet, Student, Blocked))
	s.get(r, "/choose", s.only(s.chooseGet, Student, Blocked))
	s.post(r, "/choose", s.keepPicks(s.only(s.choosePost, Student, Blocked)))
	return r
}

func (s *site) get(r chi.Router, path string, h handler) {
	r.Get(path, s.serve(h))
	r.Head(path, s.serve(h))
}

func (s *site) post(r chi.Router, path string, h handler) { r.Post(path, s.serve(h)) }

// serve makes a page of a handler: its error is shown.
func (s *site) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// policy lets a page use files and addresses of this site only, and no script or style that stands in the page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"form-action 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers are those of every answer.
func (s *site) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Add("Vary", "Accept-Language, Cookie")
		next.ServeHTTP(w, r)
	})
}

// now is the gym's time as the database has it, in the gym's zone.
func (s *site) now() time.Time { return s.seats.now() }

// local is a moment in the gym's zone.
func (s *site) local(at time.Time) time.Time { return at.In(s.seats.zone()) }
