// Package commands_test runs the Makefile and the scripts behind it in environments that lack something: no Go, an old
// Go, no network, no curl, a folder that can't be written, a path with a space, and after runs that were killed.
package commands_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// root is the project's folder.
func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../..")
	require.NoError(t, err)
	return folder
}

// folder makes a folder that every user can reach, which goes with the test.
func folder(t *testing.T, name string) string {
	t.Helper()
	base, err := os.MkdirTemp("", "energiya-commands-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	require.NoError(t, os.Chmod(base, 0o755))
	path := filepath.Join(base, name)
	require.NoError(t, os.MkdirAll(path, 0o755))
	return path
}

// project copies what the commands need into a folder of that name: a clone without the program.
func project(t *testing.T, name string) string {
	t.Helper()
	to := folder(t, name)
	for _, part := range []string{"Makefile", "go.mod", "scripts", "db/admin.psql"} {
		from := filepath.Join(root(t), part)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, part)), 0o755))
		output, err := exec.Command("cp", "-R", from, filepath.Join(to, part)).CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	return to
}

// program writes a script into folder that stands for a program of the machine.
func program(t *testing.T, folder, name, script string) {
	t.Helper()
	text := "#!/usr/bin/env bash\n" + script + "\n"
	// it may be a link to the machine's own
	_ = os.Remove(filepath.Join(folder, name))
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755))
}

// machine makes a folder for PATH with all programs of this machine but those that are named.
func machine(t *testing.T, without ...string) string {
	t.Helper()
	to := folder(t, "programs")
	missing := map[string]bool{}
	for _, name := range without {
		missing[name] = true
	}
	for _, from := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(from)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			if !missing[entry.Name()] {
				// what comes first in the PATH wins
				_ = os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name()))
			}
		}
	}
	return to
}

// environment is that of a person who has set nothing of ours but the variables.
func environment(variables ...string) []string {
	var clean []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "ENERGY_"), strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "MAKE"):
		case name == "DATABASE_URL", name == "PKG", name == "TESTFLAGS", name == "MFLAGS":
		default:
			clean = append(clean, entry)
		}
	}
	return append(clean, variables...)
}

// outcome is how a command ended.
type outcome struct {
	code int
	said string // on both outputs
}

// sentence is what was said without make's own line about the exit code, and must be one line.
func (o outcome) sentence(t *testing.T) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(o.said) {
		if !strings.HasPrefix(line, "make: ***") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	require.Len(t, lines, 1, o.said)
	return lines[0]
}

// run runs a command in a folder to its end.
func run(t *testing.T, in string, variables []string, name string, args ...string) outcome {
	t.Helper()
	return end(t, command(t, in, variables, name, args...))
}

func command(t *testing.T, in string, variables []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = in, environment(variables...)
	c.WaitDelay = 10 * time.Second
	return c
}

func end(t *testing.T, c *exec.Cmd) outcome {
	t.Helper()
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return outcome{code: c.ProcessState.ExitCode(), said: said.String()}
}

// lib runs commands of bash with the functions of scripts/lib.bash.
func lib(t *testing.T, in string, variables []string, commands string) outcome {
	t.Helper()
	return run(t, in, variables, "bash", "-c", "set -euo pipefail\n. scripts/lib.bash\n"+commands)
}

// needed is the version that go.mod asks for.
func needed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(text)
	require.NotNil(t, found)
	return string(found[1])
}

// TestWithoutGoNothingIsInstalledOrStarted has a machine without Go and without PostgreSQL: the installer must not be
// asked.
func TestWithoutGoNothingIsInstalledOrStarted(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	path := machine(t, "go", "gofmt", "apt-get", "sudo", "postgres", "initdb", "pg_config")
	installed := filepath.Join(filepath.Dir(in), "installed")
	for _, installer := range []string{"apt-get", "sudo"} {
		program(t, path, installer, "touch "+installed)
	}
	for _, target := range []string{"run", "test", "demo", "fmt", "bench", "test-matrix"} {
		r := run(t, in, []string{"PATH=" + path}, "make", target)
		require.NotZero(t, r.code, target)
		sentence := r.sentence(t)
		require.Contains(t, sentence, "Go "+needed(t), target)
		require.Contains(t, sentence, "https://go.dev/dl/", target)
	}
	_, err := os.Stat(installed)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTheVersionOfGoIsChecked(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	wanted := needed(t)
	path := machine(t, "go")
	for name, c := range map[string]struct {
		version string // what `go version` says
		others  string // what every other command of Go does
		fits    bool
		says    string
	}{
		"Debian 12's":           {"go version go1.19.8 linux/amd64", "sleep 60", false, "go1.19.8"},
		"gccgo":                 {"go version go1.18 gccgo (Debian 12.2.0-14) 12.2.0 linux/amd64", "sleep 60", false, "go1.18"},
		"the one":               {"go version go" + wanted + " linux/amd64", "exit 1", true, ""},
		"a later one":           {"go version go1.99.1 darwin/arm64", "exit 1", true, ""},
		"a development version": {"go version devel go1.99-0123456789 Mon Nov 30 linux/amd64", "exit 1", true, ""},
		"no version":            {"No version is set for command go", "exit 1", false, "does not say its version"},
		"one that fetches":      {"go version go1.21.0 linux/amd64", "exit 0", true, "fetches"},
		"one that may not":      {"go version go1.25.7 linux/amd64", "echo no network >&2; exit 1", false, "no network"},
	} {
		program(t, path, "go", `if [[ $1 == version ]]; then
  # an old Go can't read our go.mod
  [[ ! -f go.mod && $GOTOOLCHAIN == local ]] || sleep 60
  echo '`+c.version+`'
else `+c.others+`; fi`)
		begun := time.Now()
		r := lib(t, in, []string{"PATH=" + path}, "need_go; echo fits")
		require.Equal(t, c.fits, r.code == 0, "%s: %s", name, r.said)
		require.Equal(t, c.fits, strings.HasSuffix(r.said, "fits\n"), "%s: %s", name, r.said)
		require.Contains(t, r.said, c.says, name)
		if !c.fits {
			require.Contains(t, r.said, "Go "+wanted+" or newer", name)
		}
		require.Less(t, time.Since(begun), 30*time.Second, name)
	}
}

// TestEveryTargetChecksGoFirst looks at what make would do, so that a new target is not forgotten.
func TestEveryTargetChecksGoFirst(t *testing.T) {
	t.Parallel()
	targets := regexp.MustCompile(`(?m)^  make (\S+)`).
		FindAllStringSubmatch(run(t, root(t), nil, "make", "help").said, -1)
	require.Greater(t, len(targets), 15)
	for _, target := range targets {
		switch target[1] {
		case "help", "psql", "clean": // these build nothing
			continue
		}
		r := run(t, root(t), nil, "make", "-n", target[1])
		require.Zero(t, r.code, r.said)
		first, _, _ := strings.Cut(r.said, "\n")
		require.Contains(t, first, "need_go", "make %s", target[1])
	}
}

func TestALongBuildSaysThatItBuilds(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	path := machine(t, "go")
	program(t, path, "go", "sleep 2.5")
	r := lib(t, in, []string{"PATH=" + path}, "busy_seconds=1; go_build bin/energy; echo built")
	require.Regexp(
		t,
		`^building bin/energy …\nbuilding bin/energy … 1 s\n(building bin/energy … \d+ s\n)*built\n$`,
		r.said,
	)
}

func TestABuildThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	path := machine(t, "go")
	program(t, path, "go", `echo 'api/router.go:1: syntax error' >&2; exit 1`)
	r := lib(t, in, []string{"PATH=" + path}, "go_build bin/energy; echo built")
	require.Equal(t, 1, r.code)
	require.Equal(
		t,
		"building bin/energy …\napi/router.go:1: syntax error\nbin/energy could not be built: see above\n",
		r.said,
	)

	program(t, path, "go", `for m in a b c; do
  echo "go: example.org/$m: Get https://proxy/: dial tcp: lookup proxy: network is unreachable" >&2
done
exit 1`)
	r = lib(t, in, []string{"PATH=" + path}, "go_build bin/energy; echo built")
	require.Equal(t, 1, r.code)
	require.Regexp(t, `^building bin/energy …\n[^\n]*could not be fetched \(network is unreachable\)\n$`, r.said)
}

func TestAPathWithASpace(t *testing.T) {
	t.Parallel()
	in := project(t, "a clone's $HOME [1]")
	require.NoError(t, os.Remove(filepath.Join(in, "go.mod")))
	goMod := []byte("module clone\n\ngo " + needed(t) + "\n")
	require.NoError(t, os.WriteFile(filepath.Join(in, "go.mod"), goMod, 0o644))
	source := filepath.Join(in, "a.go")
	require.NoError(t, os.WriteFile(source, []byte("package a\nfunc  a( ) {}\n"), 0o644))
	r := run(t, in, nil, "make", "fmt")
	require.Zero(t, r.code, r.said)
	formatted, err := os.ReadFile(source)
	require.NoError(t, err)
	require.Equal(t, "package a\n\nfunc a() {}\n", string(formatted))

	path := machine(t, "psql")
	program(t, path, "psql", `cat "$PSQLRC"; echo "$@"`)
	r = run(t, in, []string{"PATH=" + path, "DATABASE_URL=postgres://here/energiya"}, "make", "psql")
	require.Zero(t, r.code, r.said)
	require.Contains(t, r.said, "The administrator's screen")
	require.True(t, strings.HasSuffix(r.said, "\npostgres://here/energiya\n"), r.said)
}

func TestAFolderThatCannotBeWrittenIsToldOf(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	require.NoError(t, os.Chmod(in, 0o555))
	path := machine(t, "go")
	program(t, path, "go", "echo go version go1.99.0 linux/amd64")
	for _, target := range []string{"run", "build"} {
		c := command(t, in, []string{"PATH=" + path, "HOME=/"}, "make", target)
		if os.Geteuid() == 0 {
			// root may write everywhere
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		r := end(t, c)
		require.NotZero(t, r.code, target)
		require.Contains(t, r.sentence(t), in+" cannot be written", target)
	}
}

// TestAnInterruptedInstallationIsCompleted has a machine whose dpkg was interrupted, and one that has no network.
func TestAnInterruptedInstallationIsCompleted(t *testing.T) {
	t.Parallel()
	in := project(t, "clone")
	path := machine(t, "apt-get", "dpkg", "sudo")
	done := filepath.Join(filepath.Dir(in), "configured")
	program(t, path, "sudo", `[[ $1 != -n ]] || shift; exec "$@"`)
	program(t, path, "dpkg", `[[ "$*" == "--configure -a" ]] && touch `+done)
	program(t, path, "apt-get", `[[ "$*" != *install* || -f `+done+` ]] ||
  { echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem." >&2; exit 100; }`)
	r := lib(t, in, []string{"PATH=" + path}, "install_packages postgresql; echo installed")
	require.Equal(t, "installing postgresql …\ninstalled\n", r.said)

	program(t, path, "apt-get", `[[ "$*" != *install* ]] ||
  { echo "Err:1 http://deb.debian.org Temporary failure resolving 'deb.debian.org'" >&2; exit 100; }`)
	r = lib(t, in, []string{"PATH=" + path}, `install_packages postgresql || die "not installed$not_installed"`)
	require.Equal(t, "installing postgresql …\nnot installed (there is no network, or Debian is not reached)\n", r.said)
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestRunAndDemoOnABareMachine is the two commands as a newcomer gives them, at another address, without curl, wget,
// git, ps and psql.
func TestRunAndDemoOnABareMachine(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the program and plays a month")
	}
	at := folder(t, "data of the server")
	path := machine(t, "curl", "wget", "git", "ps", "psql", "setpriv")
	address, authAddress := "127.0.0.1:"+strconv.Itoa(freePort(t)), "127.0.0.1:"+strconv.Itoa(freePort(t))
	variables := []string{
		"PATH=" + path, "ENERGY_DATA=" + filepath.Join(at, "cluster"), "ENERGY_TOKEN_FILE=" + filepath.Join(at, "energy.token"),
	}
	var said lines
	server := command(
		t,
		root(t),
		append(variables, "ENERGY_LISTEN="+address, "ENERGY_AUTH_LISTEN="+authAddress),
		"scripts/run",
	)
	server.Stdout, server.Stderr = &said, &said
	require.NoError(t, server.Start())
	ended := make(chan struct{})
	go func() {
		_ = server.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("make run said:\n%s", &said)
		}
	})
	require.Eventually(t, func() bool { return said.contains("The main server listens on http://" + address) },
		5*time.Minute, 100*time.Millisecond)
	require.True(t, said.contains("Open http://"+authAddress+" in a browser"))
	require.True(t, said.contains("\n  # to ask the server by hand, install curl"))
	require.True(t, said.contains("/psql -h 127.0.0.1"))

	r := run(t, root(t), append(variables, "DEMO=--students 10"), "make", "demo")
	require.Zero(t, r.code, r.said)
	require.Contains(t, r.said, "10 students at once")

	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	<-ended
	require.Zero(t, server.ProcessState.ExitCode())
	notes, err := filepath.Glob(filepath.Join(at, "*.listening"))
	require.NoError(t, err)
	require.Empty(t, notes)
	_, err = os.Stat(filepath.Join(at, "cluster", "data", "postmaster.pid"))
	require.ErrorIs(t, err, os.ErrNotExist, fmt.Sprint("the database is stopped too: ", &said))
}
