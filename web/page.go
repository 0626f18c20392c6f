package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// page is what every template gets.
type page struct {
	words

	Visitor visitor
	Screen  string // name of the template
	Path    string
	Query   string
	Static  string // folder of the static files
	Theme   string // "light", "dark" or "system"
	Now     time.Time
	// Notice is the id of a text that tells what was just done, empty where there is nothing to tell.
	Notice string
	// Refused is the refusal of the form that is shown again, nil where there is none.
	Refused *problem
	// Data is what the screen shows.
	Data any
}

// LoggedIn reports whether a person is logged in.
func (p page) LoggedIn() bool { return p.Visitor.token != "" }

// Is reports whether the person has one of these roles.
func (p page) Is(roles ...string) bool { return contains(roles, p.Visitor.Role) }

// option is a button of a group of which one is on.
type option struct {
	Value, Text string
	On          bool
}

// Option returns a theme as the footer offers it.
func (p page) Option(theme string) (option, error) {
	text, err := p.T("theme." + theme)
	return option{Value: theme, Text: text, On: p.Theme == theme}, err
}

// Refusal returns the sentence of the refusal in the page's language: that of the server in Russian, that of the
// catalogue in other languages.
func (p page) Refusal() (string, error) {
	if p.Refused == nil {
		return "", nil
	}
	return p.RefusalOf(p.Refused.Rule, p.Refused.Message)
}

// RefusalOf returns the sentence of a rule in the page's language.
func (p page) RefusalOf(rule, message string) (string, error) {
	if p.Lang == languages[0].String() {
		return message, nil
	}
	if id := "rule." + rule; rule != "" && p.has(id) {
		return p.T(id)
	}
	return p.T("rule.unknown", "Message", message)
}

// Device names a device by its browser and system, as far as its User-Agent tells.
func (w words) Device(agent string) (string, error) {
	for _, known := range browsers {
		if strings.Contains(agent, known.mark) {
			for _, system := range systems {
				if strings.Contains(agent, system.mark) {
					return known.name + ", " + system.name, nil
				}
			}
			return known.name, nil
		}
	}
	return w.T("account.device-unknown")
}

type agentMark struct{ mark, name string }

// browsers and systems are told by the first mark that stands in a User-Agent: most name others beside themselves.
var (
	browsers = []agentMark{
		{"YaBrowser", "Яндекс Браузер"}, {"Edg", "Edge"}, {"OPR", "Opera"}, {"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
	}
	systems = []agentMark{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// Wait returns in words how long to wait before the next attempt, empty where waiting does not help.
func (p page) Wait() (string, error) {
	if p.Refused == nil || p.Refused.RetryAfter <= 0 {
		return "", nil
	}
	return p.Duration(p.Refused.RetryAfter)
}

// Duration returns a duration in words: "15 секунд", "3 минуты", "2 часа". It rounds up.
func (w words) Duration(d time.Duration) (string, error) {
	switch {
	case d <= time.Minute:
		return w.N("duration.second", ceil(d, time.Second))
	case d <= time.Hour:
		return w.N("duration.minute", ceil(d, time.Minute))
	}
	return w.N("duration.hour", ceil(d, time.Hour))
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// templates are the screens by name.
type templates map[string]*template.Template

// newTemplates reads each screen with the frame and the partials.
func newTemplates() (templates, error) {
	frame, err := template.New("").ParseFS(templateFiles,
		"templates/layout.html", "templates/partials.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	screens := templates{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "partials" {
			continue
		}
		t, err := frame.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, file)
		}
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		screens[name] = t
	}
	return screens, nil
}

// page starts a page for the visitor.
func (s *site) page(r *http.Request, data any) page {
	return page{
		words:   s.texts.of(r),
		Visitor: visitorOf(r),
		Path:    r.URL.Path,
		Query:   r.URL.RawQuery,
		Static:  s.static.folder,
		Theme:   themeOf(r),
		Now:     s.now(),
		Notice:  noticeOf(r),
		Data:    data,
	}
}

// notices are what a page may tell after a redirect. The address names it, so nothing else of the address is shown.
var notices = []string{
	"saved", "password", "picture", "picture-removed", "session-ended", "sessions-ended", "consent", "consent-withdrawn",
	"logged-out", "seat-given", "seat-taken", "calendar-ended", "lesson-cancelled", "lesson-restored", "announced", "announcement-deleted",
}

func noticeOf(r *http.Request) string {
	done := r.URL.Query().Get("done")
	if contains(notices, done) {
		return "notice." + done
	}
	return ""
}

// done goes to a page that tells what was done. A reload of that page does nothing again.
func done(w http.ResponseWriter, r *http.Request, path, notice string) error {
	http.Redirect(w, r, path+"?done="+notice, http.StatusSeeOther)
	return nil
}

// again shows a form anew with its refusal. An error that is no refusal is returned, for fail.
func (s *site) again(w http.ResponseWriter, r *http.Request, err error, screen string, data any) error {
	p := problemOf(err)
	if over(err) || p.Kind != "refused" {
		return err
	}
	shown := s.page(r, data)
	shown.Refused = &p
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Seconds()))
	}
	s.render(w, r, p.Status, screen, shown)
	return nil
}

// show answers with a screen.
func (s *site) show(w http.ResponseWriter, r *http.Request, screen string, data any) error {
	s.render(w, r, http.StatusOK, screen, s.page(r, data))
	return nil
}

// render writes a whole page, or, where its template fails, a plain sentence.
func (s *site) render(w http.ResponseWriter, r *http.Request, status int, screen string, p page) {
	p.Screen = screen
	var body bytes.Buffer
	if err := s.templates[screen].ExecuteTemplate(&body, "layout", p); err != nil {
		s.Log.ErrorContext(r.Context(), "template failed", "screen", screen, "err", err)
		http.Error(w, "Ошибка на сервере. Попробуйте ещё раз.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	h.Set("Server-Time", s.now().Format(momentLayout))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// momentLayout is the contract's Moment: RFC 3339 with milliseconds.
const momentLayout = "2006-01-02T15:04:05.000Z07:00"
