// Package faults_test breaks what can break under real servers in mid-rush – a server, PostgreSQL, the network, the
// disk – and then compares every answer that a student got with the database. Each test has a PostgreSQL cluster of
// its own, with fsync.
//
// In `make test` each fault is short. ENERGY_TEST_LONG=1, which `make test-faults` sets, makes them as long as in life.
package faults_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

const (
	// patience bounds a test that hangs; none takes nearly as long.
	patience = 2 * time.Minute
	// longVariable asks for the long form.
	longVariable = "ENERGY_TEST_LONG"
	// folderPrefix begins the names of the folders of a run; its process id follows.
	folderPrefix = "energiya-faults-"
)

// What TestMain tells the tests.
const (
	programVariable = "ENERGY_FAULTS_PROGRAM"
	folderVariable  = "ENERGY_FAULTS_FOLDER"
)

// TestMain has the program built once, and makes one cluster that the tests copy.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		flag.Parse()
		if !isLong() {
			// they wait more than they work
			if err := flag.Set("test.parallel", "4"); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		sweep()
		// In the system's folder: a test's own one is closed to the user that PostgreSQL runs as.
		folder, err := os.MkdirTemp("", folderPrefix+strconv.Itoa(os.Getpid())+"-")
		if err == nil {
			err = prepare(folder)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func prepare(folder string) error {
	if err := os.Chmod(folder, 0o711); err != nil {
		return err
	}
	energy, err := dbtest.Program(folder)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{programVariable: energy, folderVariable: folder} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return makeTemplate(context.Background())
}

// sweep removes what a killed run left behind, its clusters too.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), folderPrefix), "-")
		if id, err := strconv.Atoi(pid); err != nil || syscall.Kill(id, 0) == nil {
			continue
		}
		clusters, _ := filepath.Glob(filepath.Join(folder, "*", "data"))
		for _, data := range clusters {
			end(filepath.Dir(data))
			_ = unmount(filepath.Dir(data)) // of the test that fills a disk
		}
		_ = os.RemoveAll(folder)
	}
}

func program() string { return os.Getenv(programVariable) }

// isLong tells whether the faults are as long as in life.
func isLong() bool { return os.Getenv(longVariable) != "" }

// span is a time in the short form, another in the long.
func span(short, long time.Duration) time.Duration {
	if isLong() {
		return long
	}
	return short
}

// environment is that of a program under test: nothing of ours or of PostgreSQL but the variables. PGBIN stays, which
// says where programs are.
func environment(variables ...string) []string {
	var clean []string
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "PGBIN=") ||
			!strings.HasPrefix(entry, "ENERGY_") && !strings.HasPrefix(entry, "PG") &&
				!strings.HasPrefix(entry, "DATABASE_URL=") {
			clean = append(clean, entry)
		}
	}
	return append(clean, variables...)
}

func eventually(t *testing.T, condition func() bool, what string, args ...any) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, append([]any{what}, args...)...)
}
