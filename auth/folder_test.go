package auth_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAFolderInPlaceOfThePages serves a front's folder. The pages stay that no old front has.
func TestAFolderInPlaceOfThePages(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(
		t,
		os.WriteFile(filepath.Join(folder, "index.html"), []byte("<!doctype html><title>front</title>"), 0o600),
	)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "app.js"), []byte("front()"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(folder), "outside.js"), []byte("secret"), 0o600))
	r := newRig(t, func(o *options) { o.folder = folder })
	b := r.browser()
	for _, path := range []string{"/", "/lk", "/lk/profile-settings", "/coach", "/claimed", "/nowhere"} {
		a := b.ask("GET page "+path, nil)
		require.Equal(t, http.StatusOK, a.status, path)
		require.Contains(t, a.raw, "<title>front</title>", path)
		require.Contains(t, a.header.Get("Content-Security-Policy"), "script-src 'self';")
	}
	require.Equal(t, "front()", b.ask("GET page /app.js", nil).raw)
	for _, path := range []string{"/gone.js", "/../outside.js", "/%2e%2e/outside.js"} {
		require.NotEqual(t, http.StatusOK, b.ask("GET page "+path, nil).status, path)
	}
	require.Equal(t, http.StatusMethodNotAllowed, b.ask("POST page /lk", nil).status)

	// The old front's sign-up names /claim: it must be there.
	a := b.ask("GET page /claim", nil)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.raw, `name="code"`)
	require.Equal(t, http.StatusOK, b.ask("GET page /reset", nil).status)
	require.Equal(t, http.StatusSeeOther, b.ask("GET page /account", nil).status, "to the log-in")
}
