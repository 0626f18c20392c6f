package tokens_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/logtest"
	"energiya/internal/tokens"
)

const (
	first  = "the-first-token-of-a-test"
	second = "the-second-token-of-a-test"
)

// file writes a token file of the mode and gives its path.
func file(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "energy.token")
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	require.NoError(t, os.Chmod(path, mode)) // whatever the umask
	return path
}

func open(t *testing.T, path string) (*tokens.Store, *logtest.Log) {
	t.Helper()
	said := new(logtest.Log)
	store, err := tokens.Open(path, slog.New(slog.NewTextHandler(said, nil)))
	require.NoError(t, err)
	return store, said
}

func watch(t *testing.T, store *tokens.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { store.Watch(ctx, time.Millisecond) })
	t.Cleanup(func() { cancel(); done.Wait() })
}

// soon waits for what a watching store does a little later.
func soon(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, time.Millisecond)
}

func TestFirstStartMakesAFileForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "energy.token")
	store, said := open(t, path)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{64}\n$`, string(content))
	token := strings.TrimSpace(string(content))
	require.True(t, store.Valid(token))
	require.NotContains(t, said.String(), token)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left beside the file")
}

func TestServersThatStartAtOnceShareOneToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "energy.token")
	const servers = 16
	var stores [servers]*tokens.Store
	var errs [servers]error
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() { stores[i], errs[i] = tokens.Open(path, slog.New(slog.DiscardHandler)) })
	}
	all.Wait()
	list, err := tokens.Read(path)
	require.NoError(t, err)
	require.Len(t, list, 1)
	for i := range servers {
		require.NoError(t, errs[i])
		require.True(t, stores[i].Valid(list[0]))
	}
}

func TestValidKnowsEveryTokenAndNothingElse(t *testing.T) {
	t.Parallel()
	fromFile, _ := open(t, file(t, 0o600, first+"\n\n  "+second+"\r\n"))
	for name, store := range map[string]*tokens.Store{
		"from a file":        fromFile,
		"of the environment": tokens.Fixed([]string{first, second}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, store.Valid(first))
			require.True(t, store.Valid(second))
			for _, wrong := range []string{"", "another-token-altogether", first[:len(first)-1], first + "x", strings.ToUpper(first), first + "\n" + second} {
				require.False(t, store.Valid(wrong), "%q", wrong)
			}
		})
	}
	require.False(t, tokens.Fixed(nil).Valid(""))
}

func TestOpenRefusesAFileThatOthersCanUse(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o644, 0o640, 0o660, 0o602} {
		_, err := tokens.Open(file(t, mode, first+"\n"), slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "chmod 600", "mode %o", mode)
		require.NotContains(t, err.Error(), first)
	}
	_, err := tokens.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "is a folder")
	require.NotContains(t, err.Error(), "chmod")
}

func TestOpenRefusesWhatHoldsNoTokens(t *testing.T) {
	t.Parallel()
	for content, says := range map[string]string{
		"":                              "holds no token",
		"\n \n":                         "holds no token",
		"short\n":                       "line 1",
		first + "\ntwo words in a line": "line 2",
		first + "\nтокен-из-русских-букв": "line 2",
	} {
		_, err := tokens.Open(file(t, 0o600, content), slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, says, "%q", content)
		require.NotContains(t, err.Error(), first)
	}
}

func TestWatchTakesUpChanges(t *testing.T) {
	t.Parallel()
	path := file(t, 0o600, first+"\n")
	store, said := open(t, path)
	watch(t, store)

	require.NoError(t, tokens.New(path))
	list, err := tokens.Read(path)
	require.NoError(t, err)
	require.Len(t, list, 2)
	soon(t, func() bool { return store.Valid(list[1]) })
	require.True(t, store.Valid(first), "the old token stays valid beside the new one")

	require.NoError(t, tokens.Drop(path, first[:8]))
	soon(t, func() bool { return !store.Valid(first) })
	require.True(t, store.Valid(list[1]))
	require.NotContains(t, said.String(), list[1])
}

func TestWatchKeepsTheTokensWhileTheFileIsUnusable(t *testing.T) {
	t.Parallel()
	path := file(t, 0o600, first+"\n")
	store, said := open(t, path)
	watch(t, store)

	require.NoError(t, os.Chmod(path, 0o644))
	soon(t, func() bool { return strings.Contains(said.String(), "chmod 600") })
	require.True(t, store.Valid(first))

	require.NoError(t, os.Remove(path))
	soon(t, func() bool { return strings.Contains(said.String(), "no such file") })
	require.True(t, store.Valid(first))

	require.NoError(t, os.WriteFile(path, []byte(second+"\n"), 0o600))
	soon(t, func() bool { return store.Valid(second) })
	require.False(t, store.Valid(first))
	require.Equal(t, 1, strings.Count(said.String(), "chmod 600"), "said once")
}

func TestNewAppendsAlsoWithoutALastLineEnd(t *testing.T) {
	t.Parallel()
	path := file(t, 0o600, first)
	require.NoError(t, tokens.New(path))
	list, err := tokens.Read(path)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, first, list[0])
}

func TestNewAtOnceLosesNone(t *testing.T) {
	t.Parallel()
	path := file(t, 0o600, first+"\n")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _ = tokens.New(path) })
	}
	all.Wait()
	list, err := tokens.Read(path)
	require.NoError(t, err)
	require.Len(t, list, 21)
}

func TestDropTakesExactlyOne(t *testing.T) {
	t.Parallel()
	path := file(t, 0o600, first+"\n"+second+"\n")
	require.ErrorContains(t, tokens.Drop(path, "another"), "begins so")
	require.ErrorContains(t, tokens.Drop(path, ""), "begins so")
	require.ErrorContains(t, tokens.Drop(path, "the-"), "more characters")
	require.NoError(t, tokens.Drop(path, "the-f"))
	list, err := tokens.Read(path)
	require.NoError(t, err)
	require.Equal(t, []string{second}, list)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.ErrorContains(t, tokens.Drop(path, "the-s"), "only token")
}
