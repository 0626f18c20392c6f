package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"
	"github.com/stretchr/testify/require"
)

// As a report whose file can no longer be read while it is being sent.
func TestHalfAnAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	s := &server{Options: Options{Logger: httplog.NewLogger("test", httplog.Options{JSON: true, Writer: io.Discard})}}
	r := chi.NewRouter()
	r.Use(requestID, s.logRequest, recoverPanic)
	r.Get("/half", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the first half")
		require.NoError(t, http.NewResponseController(w).Flush())
		panic("before the second")
	})
	over := httptest.NewServer(r)
	t.Cleanup(over.Close)

	response, err := over.Client().Get(over.URL + "/half")
	require.NoError(t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "nobody can take it for a whole answer")
	require.Equal(t, "the first half", string(raw))
}
