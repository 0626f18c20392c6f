package web_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStaticBudgets: all scripts together and the stylesheet, compressed as browsers get them.
func TestStaticBudgets(t *testing.T) {
	for pattern, budget := range map[string]int{"static/*.js": 30 << 10, "static/*.css": 10 << 10} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		sum := 0
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var compressed bytes.Buffer
			w, err := gzip.NewWriterLevel(&compressed, 5)
			require.NoError(t, err)
			_, err = w.Write(content)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			sum += compressed.Len()
		}
		require.LessOrEqual(t, sum, budget, pattern)
	}
}
