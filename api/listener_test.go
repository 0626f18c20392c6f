package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
)

// TestWhatAPersonWroteIsNotTakenForAnAnswerOfNetHTTP: a long answer goes out in several writes, of which the second
// begins wherever the first happened to end.
func TestWhatAPersonWroteIsNotTakenForAnAnswerOfNetHTTP(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	c := newClient(t, db.Server(t))
	server := httptest.NewUnstartedServer(c.handler)
	server.Listener = api.Listener(server.Listener)
	server.Start()
	t.Cleanup(server.Close)
	admin := db.User(t, "ADMIN")
	hasty := &http.Client{Timeout: 30 * time.Second}
	for _, line := range []string{"HTTP/1.1 417 ", "HTTP/1.1 417 Expectation Failed\r\n", "HTTP/1.1 417 Expectation Failed\r\n\r\n"} {
		text := strings.Repeat(line, 1000)
		for shift := range len(line) {
			id := c.one("POST /new/create", admin, object{"body": text[shift:]}).integer(t, "id")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/new/get", nil)
			require.NoError(t, err)
			r.Header = withToken()
			response, err := hasty.Do(r)
			require.NoError(t, err)
			raw, err := io.ReadAll(response.Body)
			require.NoError(t, response.Body.Close())
			require.NoError(t, err, "the answer is whole: %q, shifted by %d", line, shift)
			a := readAnswer(t, response.StatusCode, response.Header, raw)
			require.Contains(t, string(raw), encode(t, text[shift:]))
			require.Len(t, a.data, 1)
			c.done("DELETE /new/delete", admin, fmt.Sprintf(`{"id":%d}`, id))
		}
	}
}
