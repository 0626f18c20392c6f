package jobs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRiverIsQuiet(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	handler := newQuiet(slog.NewTextHandler(&text, nil))
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
}
