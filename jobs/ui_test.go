package jobs_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/jobs"
)

func TestTheWebFaceIsBehindTheToken(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool := database.Server(t)
	runner, err := jobs.New(
		t.Context(),
		jobs.Options{Pool: pool, Ready: ready, SoftStop: time.Second, Logger: slog.New(slog.DiscardHandler)},
	)
	require.NoError(t, err)
	ui, err := runner.UI(t.Context(), "/admin/river", func(token string) bool { return token == "right" })
	require.NoError(t, err)
	id := one[int](t, database.Owner, "select id from api.run_now('clean_up')")
	require.Equal(t, db.DefaultRoles().Server, one[string](t, pool, "select current_user::text"))

	ask := func(method, path, body string, set func(*http.Request)) *httptest.ResponseRecorder {
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		if set != nil {
			set(req)
		}
		w := httptest.NewRecorder()
		ui.ServeHTTP(w, req)
		return w
	}
	header := func(req *http.Request) { req.Header.Set("Token", "right") }
	password := func(req *http.Request) { req.SetBasicAuth("anybody", "right") }

	for name, set := range map[string]func(*http.Request){
		"nothing":        nil,
		"wrong token":    func(req *http.Request) { req.Header.Set("Token", "wrong") },
		"wrong password": func(req *http.Request) { req.SetBasicAuth("right", "wrong") },
		"wrong token, right password": func(req *http.Request) {
			password(req)
			req.Header.Set("Token", "wrong")
		},
	} {
		for _, path := range []string{"/admin/river/", "/admin/river/api/jobs?state=available", "/admin/river/assets/"} {
			w := ask("GET", path, "", set)
			require.Equal(t, 401, w.Code, "%s: %s", name, path)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), "Basic ", "a browser then asks for the password")
		}
	}
	for _, set := range []func(*http.Request){header, password} {
		page := ask("GET", "/admin/river/", "", set)
		require.Equal(t, 200, page.Code)
		// whatever the page needs is in the program
		needs := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
		require.NotEmpty(t, needs)
		for _, file := range needs {
			require.True(t, strings.HasPrefix(file[1], "/admin/river/"), file[1])
			require.Equal(t, 200, ask("GET", file[1], "", set).Code, file[1])
		}
		require.Contains(t, ask("GET", "/admin/river/api/jobs?state=available", "", set).Body.String(), `"clean_up"`)
	}
	const sqlState = "select state::text from river.river_job where id = $1"
	cancel := `{"ids": ["` + one[string](t, database.Owner, "select id::text from river.river_job") + `"]}`
	w := ask("POST", "/admin/river/api/jobs/cancel", cancel, func(req *http.Request) {
		password(req)
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	require.Equal(t, 403, w.Code, "another site makes the browser send it")
	require.Equal(t, "available", one[string](t, database.Owner, sqlState, id))
	require.Equal(t, 200, ask("POST", "/admin/river/api/jobs/cancel", cancel, password).Code)
	require.Equal(t, "cancelled", one[string](t, database.Owner, sqlState, id))
}
