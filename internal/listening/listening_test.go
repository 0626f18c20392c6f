package listening_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/listening"
)

// TestMain is another process too: with the variable set it leaves a note and waits to be killed.
func TestMain(m *testing.M) {
	folder := os.Getenv("LISTENING_TEST_FOLDER")
	if folder == "" {
		os.Exit(m.Run())
	}
	if _, err := listening.Leave(folder, listening.Serve, "127.0.0.1:7"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("left")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

func find(t *testing.T, folder string) []string {
	t.Helper()
	found, err := listening.Find(folder, listening.Serve)
	require.NoError(t, err)
	return found
}

func notes(t *testing.T, folder string) int {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	return len(entries)
}

func TestEachServerHasANoteOfItsOwn(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a folder [of] ours")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.Empty(t, find(t, folder))

	one, err := listening.Leave(folder, listening.Serve, "[::]:5010")
	require.NoError(t, err)
	require.Equal(t, []string{"[::]:5010"}, find(t, folder))
	other, err := listening.Leave(folder, listening.Serve, "127.0.0.1:5011")
	require.NoError(t, err)
	auth, err := listening.Leave(folder, "auth", "127.0.0.1:5012")
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.1:5011", "[::]:5010"}, find(t, folder), "not those of another name")

	one.Remove()
	require.Equal(t, []string{"127.0.0.1:5011"}, find(t, folder))
	other.Remove()
	auth.Remove()
	require.Zero(t, notes(t, folder))
}

func TestTheNoteOfAKilledServerIsOld(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), "LISTENING_TEST_FOLDER="+folder)
	input, err := server.StdinPipe()
	require.NoError(t, err)
	output, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "left\n", line)
	require.Equal(t, []string{"127.0.0.1:7"}, find(t, folder))

	require.NoError(t, server.Process.Kill())
	_ = server.Wait()
	_ = input.Close()
	require.Equal(t, 1, notes(t, folder))
	require.Empty(t, find(t, folder))
	require.Zero(t, notes(t, folder), "the look has removed it")
}

// A folder such as /tmp may hold files of other users: the token must not be shown to a server of theirs.
func TestTheNoteOfAnotherUserIsNotTrusted(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of other users")
	}
	folder := t.TempDir()
	note, err := listening.Leave(folder, listening.Serve, "127.0.0.1:5010")
	require.NoError(t, err)
	defer note.Remove()
	paths, err := filepath.Glob(filepath.Join(folder, "*.listening"))
	require.NoError(t, err)
	require.Len(t, paths, 1)

	require.NoError(t, os.Chown(paths[0], 12345, -1))
	require.Empty(t, find(t, folder))
	require.NoError(t, os.Chown(folder, 12345, -1))
	require.Equal(t, []string{"127.0.0.1:5010"}, find(t, folder), "the folder is that user's own")
}

func TestAFolderThatIsNotThereIsToldOf(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "missing")
	note, err := listening.Leave(folder, listening.Serve, "127.0.0.1:5010")
	require.ErrorContains(t, err, "missing")
	note.Remove()
}
