package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/tokens"
)

// TestEveryEndpointIsForwarded asks for every endpoint of the main server's own table. What is refused is refused by
// the main server, so it was reached.
func TestEveryEndpointIsForwarded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	admin := r.loggedIn(32345678, "ADMIN")
	endpoints := 0
	logger := httplog.NewLogger("test", httplog.Options{Writer: io.Discard})
	routes, ok := api.New(api.Options{Pool: r.Server(t), Tokens: tokens.Fixed(nil), Logger: logger}).(chi.Routes)
	require.True(t, ok)
	walk := func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		path, ok := strings.CutPrefix(path, "/api/v1")
		if !ok || path == "/user/edit-password" { // which the auth server answers itself
			return nil
		}
		endpoints++
		a := admin.ask(method+" "+path, nil)
		if a.status != http.StatusOK {
			require.Equal(t, "MainServerRequestException", a.errType, "%s %s: %d %s", method, path, a.status, a.raw)
			require.Less(t, a.status, 500, "%s %s: %s", method, path, a.raw)
			require.NotEqual(t, 404, a.status, "%s %s: %s", method, path, a.raw)
			require.NotEqual(t, 401, a.status, "%s %s: %s", method, path, a.raw)
		}
		return nil
	}
	require.NoError(t, chi.Walk(routes, walk))
	require.Greater(t, endpoints, 40)
}

func TestRightsAndPublicNews(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	student := r.loggedIn(12345678, "STUDENT")
	a := student.ask("GET /user/get", nil)
	require.Equal(t, http.StatusForbidden, a.status, a.raw)
	require.Equal(t, "AccessRightsException", a.errType)
	require.Equal(t, http.StatusForbidden, student.ask("GET /no/such", nil).status)

	for name, token := range map[string]string{
		"nobody": "", "a dead token": strings.Repeat("A", 43), "no token at all": "x", "a student": student.token,
	} {
		b := r.browser()
		b.token = token
		a := b.ask("GET /new/get", nil)
		require.Equal(t, http.StatusOK, a.status, "%s: %s", name, a.raw)
		require.JSONEq(t, `{"error":false,"data":[]}`, a.raw)
		require.Equal(t, []string{"application/json"}, a.header["Content-Type"])
	}
}

func TestTheActorIsTheSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach := r.loggedIn(22345678, "COACH")
	a := coach.ask("POST /gym-news/create", map[string]any{"body": "Завтра зал закрыт."}, "user-id", "1")
	require.Equal(t, http.StatusOK, a.status, a.raw)
	a = coach.ask("PUT /user/edit", map[string]any{"firstname": "Пётр"})
	require.Equal(t, http.StatusOK, a.status, a.raw)
	a = coach.ask("GET /auth/check-login", nil)
	require.Contains(t, a.raw, "Пётр")

	// An error of the main server comes with its sentence, in the old front's names.
	a = coach.ask("DELETE /gym-news/delete", map[string]any{"id": 999999})
	require.Equal(t, http.StatusBadRequest, a.status, a.raw)
	require.Equal(t, "MainServerRequestException", a.errType)
	require.NotContains(t, a.raw, "error_type")
}

func TestAReportComesAsAFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach := r.loggedIn(22345678, "COACH")
	a := coach.ask("POST /report/visits", map[string]any{"startDate": "2026-11-01", "endDate": "2026-11-30"})
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Equal(t, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", a.header.Get("Content-Type"))
	require.Contains(t, a.header.Get("Content-Disposition"), "%D0%9F%D0%BE%D1%81%D0%B5%D1%89%D0%B5%D0%BD%D0%B8%D1%8F")
	require.True(t, strings.HasPrefix(a.raw, "PK"))
	a = coach.ask("POST /report/visits", map[string]any{"startDate": "2026-11-30", "endDate": "2026-11-01"})
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "MainServerRequestException", a.errType)
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach := r.loggedIn(22345678, "COACH")
	long := `{"body":"` + strings.Repeat("я", 1<<19) + `"}`
	for _, endpoint := range []string{"POST /gym-news/create", "POST /auth/login", "PUT /user/edit-password"} {
		a := coach.ask(endpoint, long)
		require.Equal(t, http.StatusRequestEntityTooLarge, a.status, "%s: %s", endpoint, a.raw)
		require.Equal(t, "PayloadTooLarge", a.errType)
	}
	// A body whose length is not said beforehand is cut off too.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+"/api/v1/gym-news/create",
		io.MultiReader(strings.NewReader(long)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	a := coach.send(request)
	require.Equal(t, http.StatusRequestEntityTooLarge, a.status, a.raw)

	a = coach.ask("POST /gym-news/create", `{"body":"x"}`, "Content-Type", "text/plain")
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "InvalidRequestException", a.errType)
}

func TestTheRequestIdIsInBothLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.browser().ask("GET /new/get", nil, "X-Request-Id", "from-the-proxy-7")
	require.Equal(t, "from-the-proxy-7", a.header.Get("X-Request-Id"))
	require.Equal(t, 2, strings.Count(r.log.String(), `"requestID":"from-the-proxy-7"`), "one line of each server")
}

// TestTheMainServersFaults: each is a 503 that says when to come back, and none shows what only servers should see.
func TestTheMainServersFaults(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	for name, test := range map[string]struct {
		change     func(*options)
		retryAfter string
	}{
		"another token": {func(o *options) { o.gym.Token = func() string { return "not-the-main-servers-token" } }, "2"},
		"unreachable":   {func(o *options) { o.gym.URL = "http://" + gone.Addr().String() }, "2"},
		"overloaded": {func(o *options) {
			o.main = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(w, `{"error":true,"error_type":"Unavailable","error_message":"Сервер перегружен."}`)
			})
		}, "7"},
		"another server": {func(o *options) { o.main = http.NotFoundHandler() }, "2"},
		"a page":         {func(o *options) { o.main = http.RedirectHandler("/x", http.StatusFound) }, "2"},
		"a page as success": {func(o *options) {
			o.main = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<h1>It works!</h1>") })
		}, "2"},
		"too late": {func(o *options) {
			o.gym.Timeout = 100 * time.Millisecond
			o.main = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, test.change)
			begun := time.Now()
			a := r.browser().ask("GET /new/get", nil)
			took := time.Since(begun)
			require.Equal(t, http.StatusServiceUnavailable, a.status, a.raw)
			require.Equal(t, test.retryAfter, a.header.Get("Retry-After"))
			require.Equal(t, []string{"application/json"}, a.header["Content-Type"])
			require.Equal(t, "MainServerRequestException", a.errType)
			require.NotContains(t, a.raw, "127.0.0.1")
			if name == "unreachable" {
				begun = time.Now()
				r.browser().ask("GET /new/get", nil)
				require.Less(t, min(took, time.Since(begun)), 100*time.Millisecond)
			}
		})
	}
}

func TestRequestsAreStreamed(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 1)
	r := newRig(t, func(o *options) {
		o.main = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first := make([]byte, 1)
			_, _ = io.ReadFull(r.Body, first)
			arrived <- string(first)
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/csv")
			w.Header().Set("Content-Disposition", `attachment; filename="x.csv"`)
			_, _ = io.WriteString(w, "a;b\n")
			_ = http.NewResponseController(w).Flush()
			select { // the client has read the beginning
			case <-arrived:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, "c;d\n")
		})
	})
	coach := r.loggedIn(22345678, "COACH")
	body, writer := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+"/api/v1/report/visits", body)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	go func() {
		_, _ = writer.Write([]byte("{"))
		require.Equal(t, "{", <-arrived, "the main server sees the beginning before the end was sent")
		_, _ = writer.Write([]byte("}"))
		_ = writer.Close()
	}()
	request.Header.Set("Authorization", coach.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, "text/csv", response.Header.Get("Content-Type"))
	first := make([]byte, 4)
	_, err = io.ReadFull(response.Body, first)
	require.NoError(t, err)
	require.Equal(t, "a;b\n", string(first), "the client has the beginning before the end was made")
	arrived <- "go on"
	rest, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "c;d\n", string(rest))
}

func TestTheFreeSeatsAreReadOnlyWhereTheyChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.loggedIn(12345678, "STUDENT").ask("GET /avtime/seats", nil)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	tag := a.header.Get("ETag")
	require.NotEmpty(t, tag)
	require.NotEmpty(t, a.header.Get("Server-Time"))
	a = r.loggedIn(12345679, "STUDENT").ask("GET /avtime/seats", nil, "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, a.status)
	require.Empty(t, a.raw)
}

// TestOddInput sends what no front sends. Nothing of it is a fault of the server.
func TestOddInput(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	coach := r.loggedIn(22345678, "COACH")
	huge := strings.Repeat("9", 5000)
	for _, body := range []string{
		`{"login":"\u0000","password":"\u0000"}`, `{"login":"1\u00002","password":"x"}`, `{"login":` + huge + `,"password":"x"}`,
		`{"login":-1,"password":1e400}`, `{"login":true,"password":"x"}`, `{"login":null,"password":null}`, `{}`,
		`{"login":"` + huge + `","password":"` + huge + `"}`, "{\"login\":\"\xff\xfe\",\"password\":\"\xff\"}", `{"login":"00000","password":""}`,
	} {
		a := r.browser().ask("POST /auth/login", body)
		require.Contains(t, []int{400, 401}, a.status, "%.80s: %s", body, a.raw)
	}
	for _, body := range []string{
		`{"studentCard":"1234567","password":"\u0000","firstname":"\u0000","secondname":"` + huge + `","surname":[],"group":{}}`,
		`{"studentCard":"1234567","password":"\u0000","firstname":"\u0000","secondname":"` + huge + `"}`,
	} {
		a := r.browser().ask("POST /auth/signup", body)
		require.Contains(t, []int{400, 401}, a.status, a.raw)
	}
	for _, body := range []string{`{"oldPassword":"\u0000","newPassword":"\u0000"}`, `{"oldPassword":1,"newPassword":2}`, `{}`} {
		a := coach.ask("PUT /user/edit-password", body)
		require.Equal(t, 400, a.status, a.raw)
	}
	for name, value := range map[string]string{
		"Cookie": "__Host-session=\xff; ;;=;__Host-device=" + huge, "Authorization": "\xff" + huge, "X-Forwarded-For": "evil, ::1%lo, 999.1.1.1",
		"X-Request-Id": "a b", "If-None-Match": huge, "User-Agent": "\xff\xfe" + huge, "Accept-Language": huge, "Content-Type": ";;",
	} {
		for _, endpoint := range []string{"GET /new/get", "GET /auth/check-login", "GET page /login", "GET /media/x.jpg"} {
			a := r.browser().ask(endpoint, nil, name, value)
			require.Less(t, a.status, 500, "%s with %s: %s", endpoint, name, a.raw)
		}
	}
	for _, path := range []string{"/media/..%2f..%2fetc%2fpasswd", "/media/%00.jpg", "/media/a.jpg%00", "/media/" + huge + ".jpg", "/media/"} {
		a := coach.ask("GET "+path, nil)
		require.Equal(t, http.StatusNotFound, a.status, "%s: %s", path, a.raw)
	}
}

func TestTheClientsAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	network := func(forwarded string) string {
		b := r.browser()
		b.client = forwarded
		require.Equal(t, http.StatusOK, b.logIn("", 12345678, right).status)
		var network string
		require.NoError(
			t,
			r.Owner.QueryRow(t.Context(), `select network::text from gym.sessions order by id desc limit 1`).
				Scan(&network),
		)
		return network
	}
	require.Contains(t, network("203.0.113.9"), "203.0.113.")
	require.Contains(
		t,
		network("198.51.100.7, 203.0.113.9"),
		"203.0.113.",
		"what the client itself wrote does not count",
	)
	require.Contains(t, network("203.0.113.9, 127.0.0.5"), "203.0.113.", "a second proxy of ours")
	require.Contains(t, network("nonsense"), "127.0.0.")

	// Without a proxy in the settings, the header is a stranger's word.
	strict := newRig(t, func(o *options) { o.o.Proxies = nil })
	strict.person(12345678, "STUDENT")
	b := strict.browser()
	b.client = "203.0.113.9"
	a := b.logIn("", 12345678, right)
	require.Equal(t, http.StatusOK, a.status)
	var found string
	require.NoError(t, strict.Owner.QueryRow(t.Context(), `select network::text from gym.sessions`).Scan(&found))
	require.Contains(t, found, "127.0.0.")
	a = b.ask("GET /new/get", nil, "X-Forwarded-Proto", "https", "X-Request-Id", "a-strangers-id")
	require.Empty(t, a.header.Get("Strict-Transport-Security"))
	require.NotEqual(t, "a-strangers-id", a.header.Get("X-Request-Id"))
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, endpoint := range []string{"GET /new/get", "GET /no", "GET page /login", "GET page /nowhere", "GET /media/x.jpg", "GET page /healthz"} {
		a := r.browser().ask(endpoint, nil, "X-Forwarded-Proto", "https")
		policy := a.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "frame-ancestors 'none'", endpoint)
		require.Contains(t, policy, "default-src 'none'", endpoint)
		require.NotContains(t, policy, "unsafe-", endpoint)
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), endpoint)
		require.Equal(t, "same-origin", a.header.Get("Referrer-Policy"), endpoint)
		require.Contains(t, a.header.Get("Strict-Transport-Security"), "max-age=31536000", endpoint)
		require.Empty(t, a.header.Get("Access-Control-Allow-Origin"), endpoint)
	}
	require.Empty(
		t,
		r.browser().ask("GET /new/get", nil).header.Get("Strict-Transport-Security"),
		"without TLS it has no meaning",
	)
}

func FuzzBothServers(f *testing.F) {
	for _, body := range []string{`{"id":1}`, `{"selectedTimes":[1,2]}`, `{"login":"1","password":"x"}`, `{`, ``, "\x00"} {
		f.Add("POST", "/api/v1/entry/create", "application/json", "1", body)
		f.Add("GET", "/api/v1/user/get", "text/html", "a, b", body)
		f.Add("POST", "/api/v1/auth/login", "application/json", "::1", body)
		f.Add("POST", "/media/update-my-picture", "multipart/form-data; boundary=x", "", body)
	}
	var r *rig
	var admin *browser
	f.Fuzz(func(t *testing.T, method, path, contentType, header, body string) {
		if r == nil {
			r = newRig(t)
			admin = r.loggedIn(32345678, "ADMIN")
		}
		request, err := http.NewRequestWithContext(t.Context(), method, r.address+"/", bytes.NewReader([]byte(body)))
		if err != nil || strings.ContainsAny(path+contentType+header, "\r\n\x00") {
			t.Skip()
		}
		request.URL.Path = "/" + strings.TrimLeft(path, "/")
		request.Header = http.Header{
			"Content-Type":    {contentType},
			"X-Forwarded-For": {header},
			"Authorization":   {admin.token},
		}
		client := &http.Client{Timeout: 20 * time.Second}
		response, err := client.Do(request)
		if err != nil {
			t.Skip() // not sendable
		}
		defer func() { _ = response.Body.Close() }()
		raw, _ := io.ReadAll(response.Body)
		if response.StatusCode >= 500 {
			t.Fatalf("%s %q %q %q: %d %s", method, path, contentType, body, response.StatusCode, raw)
		}
		if strings.HasPrefix(request.URL.Path, "/api/v1/") && response.Header.Get("Content-Disposition") == "" &&
			response.StatusCode != http.StatusNotModified && method != http.MethodHead {
			require.True(t, json.Valid(raw), "%s", fmt.Sprintf("%.200s", raw))
		}
	})
}
