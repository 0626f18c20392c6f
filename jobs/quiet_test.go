package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRiverIsQuiet(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	var unready error
	handler := newQuiet(slog.NewTextHandler(&text, nil), func(context.Context) error { return unready })
	log := slog.New(handler)
	log.Info("told")
	require.Empty(t, text.String(), "nothing below a warning")

	for range 3 {
		log.With("a", 1).WithGroup("g").Error("the database is away")
	}
	log.Warn("another text")
	require.Equal(t, 2, strings.Count(text.String(), "\n"), "each text once")

	record := slog.NewRecord(time.Now().Add(repeatAfter), slog.LevelError, "the database is away", 0)
	require.NoError(t, handler.Handle(t.Context(), record))
	require.Equal(t, 3, strings.Count(text.String(), "\n"), "and again after a minute")

	unready = errors.New("no database")
	log.Error("what everybody knows")
	require.Equal(t, 3, strings.Count(text.String(), "\n"), "nothing while the server is not ready")
	unready = nil
	log.Error("what everybody knows")
	require.Equal(t, 4, strings.Count(text.String(), "\n"), "what was not said is no repetition")
}
