package auth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/auth"
	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/gymclient"
	"energiya/internal/logtest"
	"energiya/internal/password"
	"energiya/internal/tokens"
	"energiya/web"
)

const (
	pepper      = password.Pepper("the pepper of these tests, never-in-a-log")
	serverToken = "the-token-between-the-servers-never-in-a-log"
	// Passwords of tests end in a mark that scripts/test looks for in PostgreSQL's log.
	right = "правильный пароль never-in-a-log"
)

// rig is a database, a main server and an auth server before it, as in life but in one process.
type rig struct {
	*dbtest.DB

	t       *testing.T
	address string // of the auth server
	main    *httptest.Server
	log     *logtest.Log // of both servers
	secrets []string     // that no log may contain; see keepSecret
	keeping sync.Mutex
}

type options struct {
	o    *auth.Options
	main http.Handler
	gym  *gymclient.Options
	// folder is served in place of the pages; "": none
	folder string
}

// newRig starts both servers. The auth server trusts a proxy on the loopback address.
func newRig(t *testing.T, change ...func(*options)) *rig {
	t.Helper()
	r := &rig{t: t, DB: dbtest.New(t), log: new(logtest.Log), secrets: []string{right, string(pepper), serverToken}}
	r.exec(`update gym.secrets set value = $1 where name = 'pepper'`, string(pepper))
	logger := httplog.NewLogger(
		"test",
		httplog.Options{JSON: true, LogLevel: slog.LevelDebug, Writer: r.log, Concise: true},
	)
	t.Cleanup(func() {
		for _, secret := range r.secrets {
			require.NotContains(t, r.log.String(), secret, "the log holds a secret")
		}
		r.tellSecrets()
		if t.Failed() {
			t.Logf("the servers' log:\n%s", r.log)
		}
	})

	o := options{
		main: api.New(api.Options{
			Pool: r.Server(
				t,
			), Tokens: tokens.Fixed([]string{serverToken}), Logger: logger, RequestTimeout: 10 * time.Second,
		}),
		gym: &gymclient.Options{
			Token: func() string { return serverToken }, Timeout: 12 * time.Second, FileTimeout: time.Minute,
		},
		o: &auth.Options{
			Proxies:        []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			RequestTimeout: 10 * time.Second,
			Logger:         logger,
		},
	}
	for _, c := range change {
		c(&o)
	}
	r.main = httptest.NewServer(o.main)
	t.Cleanup(r.main.Close)
	if o.gym.URL == "" {
		o.gym.URL = r.main.URL
	}
	gym, err := gymclient.New(*o.gym)
	require.NoError(t, err)
	t.Cleanup(gym.Close)

	pool, err := db.RolePool(
		context.Background(),
		r.Owner.Config(),
		db.DefaultRoles().Web,
		10*time.Second,
		slog.New(slog.DiscardHandler),
	)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	accounts := auth.NewAccounts(pool, pepper, 2)
	require.NoError(t, accounts.CheckPepper(t.Context()))
	o.o.Accounts, o.o.Gym = accounts, gym
	if o.o.Pages == nil {
		pages, err := web.New(web.Options{Accounts: accounts.ForPages(), Gym: gym, Log: logger.Logger})
		require.NoError(t, err)
		t.Cleanup(pages.Close)
		o.o.Pages = pages
		if o.folder != "" {
			o.o.Pages, err = auth.Folder(o.folder, pages)
			require.NoError(t, err)
		}
	}
	server := httptest.NewServer(auth.New(*o.o))
	t.Cleanup(server.Close)
	r.address = server.URL
	return r
}

// keepSecret notes values that no log may contain. Browsers of one test may call it at the same time.
func (r *rig) keepSecret(values ...string) {
	r.keeping.Lock()
	defer r.keeping.Unlock()
	r.secrets = append(r.secrets, values...)
}

// tellSecrets names the secrets of this test to scripts/test, which looks for them in PostgreSQL's log.
func (r *rig) tellSecrets() {
	name := os.Getenv("ENERGY_TEST_SECRETS")
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 G703 -- of the test run
	require.NoError(r.t, err)
	defer func() { _ = file.Close() }()
	var lines strings.Builder
	for _, secret := range r.secrets {
		lines.WriteString(secret + "\n")
		// PostgreSQL writes bytes as hexadecimal digits.
		if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) == 32 {
			lines.WriteString(hex.EncodeToString(raw) + "\n")
		}
	}
	_, err = file.WriteString(lines.String())
	require.NoError(r.t, err)
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	_, err := r.Owner.Exec(r.t.Context(), sql, args...)
	require.NoError(r.t, err)
}

// person makes somebody with the right password, stored as old auth servers store it.
func (r *rig) person(card int, role string) int {
	r.t.Helper()
	var id int
	require.NoError(r.t, r.Owner.QueryRow(r.t.Context(), `
		insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
		values ($1, 'Иван', 'Петров', 'Ильич', 'БИ-21', $2, $3) returning id`,
		card, r.hid(card, right), role).Scan(&id))
	return id
}

// hid is the old hash of a password, which no log may contain either.
func (r *rig) hid(card int, typed string) string {
	hid := pepper.Hid(strconv.Itoa(card), typed)
	r.keepSecret(hid)
	return hid
}

// browser keeps cookies, and shows a token as the old front does.
type browser struct {
	r      *rig
	jar    http.CookieJar
	token  string // of the header Authorization; "": none
	client string // the address that the proxy tells; "": the browser is on this machine
}

func (r *rig) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	return &browser{r: r, jar: jar}
}

// answer is a response of the auth server.
type answer struct {
	status           int
	header           http.Header
	raw              string
	data             json.RawMessage
	errType, message string
}

// ask sends a body as JSON; a string is sent as it is. An endpoint is "GET /user/get", or "GET page /login".
func (b *browser) ask(endpoint string, body any, headers ...string) answer {
	b.r.t.Helper()
	method, path, _ := strings.Cut(endpoint, " ")
	var sent []byte
	switch body := body.(type) {
	case nil:
	case string:
		sent = []byte(body)
	default:
		var err error
		sent, err = json.Marshal(body)
		require.NoError(b.r.t, err)
	}
	page, isPage := strings.CutPrefix(path, "page ")
	switch {
	case isPage:
		path = page
	case !strings.HasPrefix(path, "/media") && !strings.HasSuffix(path, "z"):
		path = "/api/v1" + path
	}
	request, err := http.NewRequestWithContext(b.r.t.Context(), method, b.r.address+path, bytes.NewReader(sent))
	require.NoError(b.r.t, err)
	if len(sent) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	return b.send(request, headers...)
}

// send sends a request with the browser's cookies and token. headers are names and values in turn.
func (b *browser) send(request *http.Request, headers ...string) answer {
	b.r.t.Helper()
	if b.token != "" {
		request.Header.Set("Authorization", b.token)
	}
	if b.client != "" {
		request.Header.Set("X-Forwarded-For", b.client)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	// The jar keeps cookies that are Secure only for https, as which browsers treat this machine.
	secure := *request.URL
	secure.Scheme = "https"
	for _, c := range b.jar.Cookies(&secure) {
		request.AddCookie(c)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(b.r.t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(b.r.t, err)
	b.jar.SetCookies(&secure, response.Cookies())
	for _, c := range response.Cookies() {
		if c.Value != "" && strings.HasPrefix(c.Name, "__") {
			b.r.keepSecret(c.Value)
		}
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	var envelope struct {
		Data    json.RawMessage
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(raw, &envelope) == nil {
		a.data, a.errType, a.message = envelope.Data, envelope.Type, envelope.Message
	}
	return a
}

// logIn logs in as the old front does, and returns the answer. The token is kept where there is one.
func (b *browser) logIn(path string, card any, typed string) answer {
	b.r.t.Helper()
	a := b.ask("POST /auth/login"+path, map[string]any{"login": card, "password": typed})
	if a.status == http.StatusOK {
		var got struct{ Token string }
		require.NoError(b.r.t, json.Unmarshal(a.data, &got))
		require.Len(b.r.t, got.Token, 43)
		b.token = got.Token
		b.r.keepSecret(got.Token)
	}
	return a
}

// loggedIn makes a person and a browser in which the person is logged in.
func (r *rig) loggedIn(card int, role string) *browser {
	r.t.Helper()
	r.person(card, role)
	b := r.browser()
	path := map[string]string{"COACH": "/coach", "ADMIN": "/admin"}[role]
	require.Equal(r.t, http.StatusOK, b.logIn(path, card, right).status)
	return b
}
