package lean_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/crowd/lean"
)

func dial(t *testing.T, ctx context.Context, handler http.HandlerFunc) *lean.Conn {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s, err := lean.NewServer(server.URL, "the-token")
	require.NoError(t, err)
	conn, err := s.Dial(ctx)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn
}

func TestRequestsArriveAndAnswersComeBackOnOneConnection(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("длинно", 10_000) // comes in chunks
	conn := dial(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) == 0 {
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, long)
			return
		}
		fmt.Fprintf(
			w,
			"%s %s %s %s %s %s %s",
			r.RemoteAddr,
			r.Method,
			r.URL.Path,
			r.Header.Get("Token"),
			r.Header.Get("User-Id"),
			r.Header.Get("Content-Type"),
			body,
		)
	})
	status, first, err := conn.Do("POST", "/entry/create", 17, []byte(`{"selectedTimes":[1]}`))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	from, rest, _ := strings.Cut(string(first), " ")
	require.Equal(t, `POST /api/v1/entry/create the-token 17 application/json {"selectedTimes":[1]}`, rest)

	status, answer, err := conn.Do("GET", "/avtime/get", 18, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusTeapot, status)
	require.Equal(t, long, string(answer))

	_, third, err := conn.Do("PUT", "/x", 19, []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, from+" PUT /api/v1/x the-token 19 application/json {}", string(third))
}

func TestRequestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	conn := dial(t, ctx, func(http.ResponseWriter, *http.Request) {
		cancel()
		time.Sleep(time.Second)
	})
	_, _, err := conn.Do("GET", "/avtime/get", 1, nil)
	require.ErrorContains(t, err, "timeout")
}

func TestServerIsNamedByHostAndPort(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"localhost:5010", "https://localhost:5010", "http://", "::"} {
		_, err := lean.NewServer(url, "the-token")
		require.ErrorContains(t, err, "URL", url)
	}
}
