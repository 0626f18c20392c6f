package deploy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/stretchr/testify/require"

	"energiya/auth"
	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/gymclient"
	"energiya/internal/password"
)

// behindNginx starts Debian's nginx with our configuration before an auth server, and returns its address and a client
// that trusts its certificate. main is the main server.
func behindNginx(t *testing.T, database *dbtest.DB, main http.Handler) (address string, client *http.Client) {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed (Debian: nginx-light)")
	}
	folder := t.TempDir()
	certificate := makeCertificate(t, folder)
	backend := startAuth(t, database, main)
	port, plain := freePort(t), freePort(t)

	text := strings.NewReplacer(
		"server 127.0.0.1:5020;", "server "+backend+";",
		"listen 443 ssl http2;", fmt.Sprintf("listen 127.0.0.1:%d ssl http2;", port),
		"listen [::]:443 ssl http2;", "",
		"listen 80;", fmt.Sprintf("listen 127.0.0.1:%d;", plain),
		"listen [::]:80;", "",
		"/etc/ssl/gym.example.", folder+"/gym.example.",
		"/var/log/nginx/", folder+"/",
	).Replace(read(t, "proxy/nginx.conf"))
	config := "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log stderr;\nevents {}\nhttp {\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + folder + "/" + kind + ";\n"
	}
	file := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(config+text+"}\n"), 0o600))
	running := exec.Command(nginx, "-e", "stderr", "-c", file)
	var said strings.Builder
	running.Stderr = &said
	require.NoError(t, running.Start())
	t.Cleanup(func() {
		_ = running.Process.Kill()
		_ = running.Wait()
		if t.Failed() {
			t.Logf("nginx said: %s", &said)
		}
	})

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificate))
	dialer := new(net.Dialer)
	client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
		},
	}}
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	return "https://gym.example", client
}

// startAuth starts an auth server as deployed behind a proxy, and returns its host and port.
func startAuth(t *testing.T, database *dbtest.DB, main http.Handler) string {
	t.Helper()
	gymServer := httptest.NewServer(main)
	t.Cleanup(func() {
		gymServer.CloseClientConnections()
		gymServer.Close()
	})
	gym, err := gymclient.New(gymclient.Options{
		URL: gymServer.URL, Token: func() string { return token }, Timeout: 12 * time.Second, FileTimeout: time.Minute,
	})
	require.NoError(t, err)
	t.Cleanup(gym.Close)
	silent := slog.New(slog.DiscardHandler)
	pool, err := db.RolePool(
		context.Background(),
		database.Owner.Config(),
		db.DefaultRoles().Web,
		10*time.Second,
		silent,
	)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	server := httptest.NewServer(auth.New(auth.Options{
		Accounts:       auth.NewAccounts(pool, pepperOf(t, database), 2),
		Gym:            gym,
		Pages:          http.NotFoundHandler(),
		Proxies:        []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		RequestTimeout: 10 * time.Second,
		Logger:         httplog.NewLogger("test", httplog.Options{Writer: io.Discard}),
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return strings.TrimPrefix(server.URL, "http://")
}

func pepperOf(t *testing.T, database *dbtest.DB) (pepper password.Pepper) {
	t.Helper()
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), `select value from gym.secrets where name = 'pepper'`).Scan(&pepper),
	)
	return pepper
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	at, _ := listener.Addr().(*net.TCPAddr)
	return at.Port
}

// makeCertificate writes a certificate of gym.example and its key into a folder.
func makeCertificate(t *testing.T, folder string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gym.example"}, DNSNames: []string{"gym.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(filepath.Join(folder, "gym.example.pem"), certificate, 0o600))
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	require.NoError(t, os.WriteFile(filepath.Join(folder, "gym.example.key"), private, 0o600))
	return certificate
}

func TestNginxBeforeTheAuthServer(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	half := make(chan struct{})
	main := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Content-Disposition", `attachment; filename="x.csv"`)
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-half:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "second")
	})
	address, client := behindNginx(t, database, main)
	const card, typed = "22345678", "a good password"
	_, err := database.Owner.Exec(t.Context(), `
		insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
		values (22345678, 'Иван', 'Петров', '', '', $1, 'COACH')`, pepperOf(t, database).Hid(card, typed))
	require.NoError(t, err)
	ask := func(method, path, body string, headers ...string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := client.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	content := func(response *http.Response) string {
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(body)
	}

	// A client's own word on its address does not count, and its request's id is the proxy's.
	login := ask("POST", "/api/v1/auth/login/coach", `{"login":"`+card+`","password":"`+typed+`"}`,
		"X-Forwarded-For", "203.0.113.9", "X-Request-Id", "of-the-client", "Origin", "https://gym.example")
	said := content(login)
	require.Equal(t, http.StatusOK, login.StatusCode, said)
	require.Regexp(t, `^[0-9a-f]{32}$`, login.Header.Get("X-Request-Id"))
	var network string
	require.NoError(t, database.Owner.QueryRow(t.Context(), `select network::text from gym.sessions`).Scan(&network))
	require.Contains(t, network, "127.0.0.")

	// The cookies' attributes and HSTS arrive.
	cookies := strings.Join(login.Header["Set-Cookie"], "\n")
	require.Regexp(t, `__Secure-media=[\w-]{43}; Path=/media; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax`, cookies)
	require.Regexp(t, `__Host-device=[\w-]{43}; Path=/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax`, cookies)
	require.Contains(t, login.Header.Get("Strict-Transport-Security"), "max-age=31536000")
	require.Equal(t, []string{"application/json"}, login.Header["Content-Type"])

	// Host is passed on: a form of another site is refused, one of this site is not.
	require.Equal(
		t,
		http.StatusForbidden,
		ask("POST", "/api/v1/auth/login", "{}", "Origin", "https://evil.example").StatusCode,
	)

	// What is too long is refused in the envelope, by the server and not by nginx; pictures may be longer.
	_, sessionToken, _ := strings.Cut(said, `"token":"`)
	sessionToken = sessionToken[:43]
	long := ask(
		"POST",
		"/api/v1/gym-news/create",
		`{"body":"`+strings.Repeat("x", 1<<20)+`"}`,
		"Authorization",
		sessionToken,
	)
	require.Equal(t, http.StatusRequestEntityTooLarge, long.StatusCode)
	require.Contains(t, content(long), `"errorType":"PayloadTooLarge"`)
	form := "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"p\"\r\n\r\n" + strings.Repeat(
		"x",
		8<<20,
	) + "\r\n--x--\r\n"
	picture := ask("POST", "/media/update-my-picture", form, "Content-Type", "multipart/form-data; boundary=x",
		"Authorization", sessionToken)
	require.Contains(t, content(picture), "JPEG", "it reached the server, which knows no such format")

	// The beginning of a report arrives before its end is made.
	report := ask("POST", "/api/v1/report/visits", "{}", "Authorization", sessionToken)
	require.Equal(t, http.StatusOK, report.StatusCode)
	first := make([]byte, 5)
	_, err = io.ReadFull(report.Body, first)
	require.NoError(t, err)
	require.Equal(t, "first", string(first))
	close(half)
	require.Equal(t, "second", content(report))
}
