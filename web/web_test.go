package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/logtest"
	"energiya/internal/webtest"
	"energiya/web"
)

// rig is the pages on a stage.
type rig struct {
	t     *testing.T
	stage *webtest.Stage
	pages http.Handler
	log   *logtest.Log
}

func newRig(t *testing.T) rig {
	t.Helper()
	g := rig{t: t, stage: webtest.New(), log: &logtest.Log{}}
	pages, err := web.New(web.Options{Accounts: g.stage, Gym: g.stage, Log: slog.New(slog.NewTextHandler(g.log, nil))})
	require.NoError(t, err)
	t.Cleanup(pages.Close)
	g.pages = pages
	return g
}

// ask sends a request of a session ("" for none) in a language; a form makes it a POST.
func (g rig) ask(path, token, lang string, form url.Values) *http.Response {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", lang)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: token})
	}
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	return w.Result()
}

// part sends a form as a page with scripts does.
func (g rig) part(path, token string, form url.Values) *http.Response {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Part", "1")
	r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: token})
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	return w.Result()
}

// poll asks for the free seats as a page does that has the document with this tag.
func (g rig) poll(etag string) *http.Response {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/choose/seats", nil)
	r.Header.Set("If-None-Match", etag)
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(raw)
}

// screens are all pages with the scenes that are looked at.
var screens = []struct {
	path   string
	tokens []string
	status int
}{
	{"/login", []string{""}, 200},
	{"/login?over=1", []string{""}, 200},
	{"/claim", []string{""}, 200},
	{"/reset?card=12069840", []string{""}, 200},
	{"/consent", []string{"student-consent", "student", "coach"}, 200},
	{"/account", []string{"student", "student-empty", "student-hostile", "blocked", "coach", "admin"}, 200},
	{"/account?done=saved", []string{"student"}, 200},
	{"/", []string{"student", "blocked", "coach", "student-hostile", "student-empty"}, 200},
	{"/today", []string{"coach", "coach-empty", "coach-hostile", "admin"}, 200},
	{"/today?date=2026-11-30", []string{"coach"}, 200},
	{"/today", []string{"student"}, 403},
	{"/lesson?date=2026-12-07&time=16:00", []string{
		"coach", "coach-empty", "coach-hostile", "coach-crowd", "coach-off", "coach-late", "coach-ahead", "coach-faces",
	}, 200},
	{"/lesson?date=2026-12-07&time=16:00&back=500:0.506:", []string{"coach"}, 200},
	{"/lesson?date=2026-12-07&time=03:00", []string{"coach"}, 422},
	{"/lesson/cancel?date=2026-12-07&time=16:00", []string{"coach", "coach-empty", "coach-hostile", "coach-off"}, 200},
	{"/choose", []string{"student", "student-empty", "student-hostile", "blocked"}, 200},
	{"/choose?chosen=8,22,3&was=1,22", []string{"student"}, 200},
	{"/choose?chosen=&was=8", []string{"student-empty"}, 200},
	{"/choose", []string{"coach"}, 403},
	{"/people", []string{"coach"}, 200},
	{"/people?text=б", []string{"coach", "coach-empty", "coach-hostile"}, 200},
	{"/person?id=1500", []string{"coach", "coach-empty", "coach-hostile", "coach-faces"}, 200},
	{"/person?id=x", []string{"coach"}, 404},
	{"/lists", []string{"coach", "coach-empty", "coach-hostile"}, 200},
	{"/lists?month=01-2027&slot=0+16:00", []string{"coach"}, 200},
	{"/lists?month=x", []string{"coach"}, 404},
	{"/reports", []string{"coach", "coach-empty", "coach-hostile"}, 200},
	{"/reports?kind=occupancy&preset=last", []string{"coach", "coach-empty"}, 200},
	{"/reports?kind=term&preset=term&group=БИ-42", []string{"coach", "coach-hostile"}, 200},
	{"/reports?kind=blocked&from=2026-11-01&to=2026-11-30", []string{"coach", "coach-hostile"}, 200},
	{"/reports?from=2026-11-30&to=2026-11-01", []string{"coach"}, 422},
	{"/reports/making?kind=term&preset=term&format=csv", []string{"coach"}, 200},
	{"/statistics", []string{"coach", "coach-empty"}, 200},
	{"/announcements", []string{"coach", "coach-empty", "coach-hostile"}, 200},
	{"/announcements?edit=4", []string{"coach", "coach-hostile"}, 200},
	{"/announcements?edit=99", []string{"coach"}, 404},
	{"/slips", []string{"coach", "coach-empty", "coach-hostile"}, 200},
	{"/", []string{""}, 200},
	{"/gym", []string{"", "student", "coach"}, 200},
	{"/rules", []string{"", "student", "student-hostile"}, 200},
	{"/seats", []string{"student", "student-empty", "student-hostile", "blocked"}, 200},
	{"/seats?done=seat-given&back=3", []string{"student", "blocked"}, 200},
	{"/blocked", []string{"student", "blocked", "blocked-hostile"}, 200},
	{"/history", []string{"student", "student-empty", "student-hostile", "blocked"}, 200},
	{"/history", []string{"coach"}, 403},
	{"/nowhere", []string{"", "student"}, 404},
}

// TestScreens renders every page in both languages, with full, empty and hostile data.
func TestScreens(t *testing.T) {
	g := newRig(t)
	for _, screen := range screens {
		for _, token := range screen.tokens {
			for _, lang := range []string{"ru", "en"} {
				t.Run(screen.path+" "+token+" "+lang, func(t *testing.T) {
					g := g
					g.t = t
					r := g.ask(screen.path, token, lang, nil)
					page := body(t, r)
					require.Equal(t, screen.status, r.StatusCode, page)
					require.Equal(t, lang, r.Header.Get("Content-Language"))
					require.Contains(t, page, "</html>")
					require.NotContains(t, page, "<no value>")
					require.NotContains(t, page, "<script>alert", "a text of a person is not markup")
					require.NotContains(t, page, "ZgotmplZ")
					require.NotRegexp(t, `href="[^"?]*\?[^"=]*"`, page, "a query is not escaped twice")
					require.NotContains(t, page, " style=", "the policy lets no style stand in the page")
					require.Equal(t, 1, strings.Count(page, "<h1"), "one heading of the page")
				})
			}
		}
	}
	require.Empty(t, g.log.String())
}

func TestHeaders(t *testing.T) {
	g := newRig(t)
	r := g.ask("/login", "", "ru", nil)
	policy := r.Header.Get("Content-Security-Policy")
	require.NotContains(t, policy, "unsafe")
	require.Contains(t, policy, "frame-ancestors 'none'")
	require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "same-origin", r.Header.Get("Referrer-Policy"))
}

func TestLogIn(t *testing.T) {
	g := newRig(t)
	t.Run("opens a session and goes where the person wanted to", func(t *testing.T) {
		r := g.ask(
			"/login",
			"",
			"ru",
			url.Values{"card": {"student"}, "password": {"x"}, "next": {"/account?done=saved"}},
		)
		require.Equal(t, http.StatusSeeOther, r.StatusCode)
		require.Equal(t, "/account?done=saved", r.Header.Get("Location"))
		cookies := strings.Join(r.Header.Values("Set-Cookie"), "\n")
		require.Contains(t, cookies, "__Host-session=student; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax")
	})
	t.Run("a refusal keeps the card and not the password", func(t *testing.T) {
		r := g.ask("/login", "", "ru", url.Values{"card": {"123"}, "password": {"secret-word"}})
		page := body(t, r)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, page, `value="123"`)
		require.NotContains(t, page, "secret-word")
		require.Contains(t, page, "Номер билета или пароль не подходит.")
	})
	t.Run("a refusal speaks English", func(t *testing.T) {
		r := g.ask("/login", "", "en", url.Values{"card": {"123"}, "password": {"x"}})
		require.Contains(t, body(t, r), "Card number or password is wrong.")
	})
	t.Run("too many attempts say how long to wait", func(t *testing.T) {
		r := g.ask("/login", "", "ru", url.Values{"card": {"student"}, "password": {"often"}})
		require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
		require.Equal(t, "140", r.Header.Get("Retry-After"))
		require.Contains(t, body(t, r), "Попробуйте через 3 минуты.")
	})
	t.Run("never leads to another site", func(t *testing.T) {
		for _, next := range []string{
			"https://evil.example/", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "/login",
		} {
			r := g.ask("/login", "", "ru", url.Values{"card": {"student"}, "password": {"x"}, "next": {next}})
			require.Equal(t, "/", r.Header.Get("Location"), next)
		}
	})
	t.Run("a page asks for the log-in and comes back", func(t *testing.T) {
		r := g.ask("/account", "", "ru", nil)
		require.Equal(t, "/login?next=%2Faccount", r.Header.Get("Location"))
		r = g.ask("/account", "nobody", "ru", nil)
		require.Equal(t, "/login?next=%2Faccount&over=1", r.Header.Get("Location"))
	})
}

func TestConsentComesFirst(t *testing.T) {
	g := newRig(t)
	r := g.ask("/", "student-consent", "ru", nil)
	require.Equal(t, "/consent?next=%2F", r.Header.Get("Location"))
	r = g.ask("/consent", "student-consent", "ru", url.Values{"version": {"1"}})
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, "an old version is not consented to")
	r = g.ask("/consent", "student-consent", "ru", url.Values{"version": {"2"}, "next": {"/account"}})
	require.Equal(t, "/account", r.Header.Get("Location"))
}

func TestStatic(t *testing.T) {
	g := newRig(t)
	page := body(t, g.ask("/login", "", "ru", nil))
	_, address, _ := strings.Cut(page, `rel="stylesheet" href="`)
	address, _, _ = strings.Cut(address, `"`)
	r := g.ask(address, "", "ru", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Contains(t, r.Header.Get("Cache-Control"), "immutable")
	r = g.ask("/static/another-build/style.css", "", "ru", nil)
	require.Equal(t, "no-cache", r.Header.Get("Cache-Control"), "the file of another build is not kept")
	require.Equal(t, http.StatusNotFound, g.ask("/static/x/..%2fweb.go", "", "ru", nil).StatusCode)
}
