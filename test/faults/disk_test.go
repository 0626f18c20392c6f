package faults_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDiskFull: PostgreSQL's disk is full, of data first, then of write-ahead log, which ends PostgreSQL; then there
// is room again, and somebody starts it.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	needProc(t)
	disk, err := os.MkdirTemp(os.Getenv(folderVariable), "disk-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(disk) })
	if err := mount(disk, "size=256m"); err != nil {
		t.Skipf("skipped: a full disk needs a small disk, and this user may not mount one: %v", err)
	}
	t.Cleanup(func() {
		eventually(t, func() bool { return unmount(disk) == nil }, "the small disk is still in use")
	})

	c := newClusterIn(t, disk)
	s := newServer(t, c.serverURL())
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	eventually(t, func() bool { fill(t, ballast); return w.count(unavailable) > 0 }, "nobody notices the full disk")
	time.Sleep(span(500*time.Millisecond, 10*time.Second))

	// the next file of the write-ahead log has no room
	postmaster := processesIn(c.folder)[0]
	refused := w.count(unavailable)
	_ = c.query(t.Context(), database, "select pg_switch_wal()")
	eventually(t, func() bool { return w.count(unavailable) > refused+20 }, "PostgreSQL goes on without its log")
	time.Sleep(span(time.Second, 10*time.Second))

	require.NoError(t, os.Remove(ballast))
	if !isRunning(postmaster) {
		c.start()
	}
	o.healed()
	o.over(w)
	o.report(w, c, expect{refused: true}, s)
}

// fill takes what room there is.
func fill(t *testing.T, name string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	for block := make([]byte, 1<<16); len(block) > 0; {
		if _, err = file.Write(block); err != nil {
			require.True(t, errors.Is(err, syscall.ENOSPC), "%v", err)
			block = block[:len(block)/2]
		}
	}
	_ = file.Close()
}
