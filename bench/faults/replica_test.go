package faults_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eitherOf makes a DATABASE_URL with two hosts lead to the one that writes, soon where the first does not answer.
const eitherOf = "?target_session_attrs=read-write&connect_timeout=1"

// TestPrimaryKilled: the primary is killed, and its synchronous replica promoted. The server has both in its DATABASE_URL.
func TestPrimaryKilled(t *testing.T) {
	t.Parallel()
	needProc(t)
	primary, replica := newPair(t)
	s := newServer(t, primary.serverURLAt(primary.address()+","+replica.address())+eitherOf)
	w := startCrowd(t, primary, only{s})
	w.goesOn(300)

	o := begin(s)
	primary.kill()
	time.Sleep(span(time.Second, 10*time.Second))
	replica.promote()
	o.healed()
	o.over(w)
	o.report(w, replica, expect{refused: true}, s)
}

// TestPrimaryVanishes: the same, but the machine of the primary is gone without a word: its connections stay, and are dead.
func TestPrimaryVanishes(t *testing.T) {
	t.Parallel()
	needProc(t)
	primary, replica := newPair(t)
	p := newProxy(t, primary.address())
	s := newServer(t, primary.serverURLAt(p.address+","+replica.address())+eitherOf)
	w := startCrowd(t, primary, only{s})
	w.goesOn(300)

	o := begin(s)
	p.swallow()
	primary.kill()
	time.Sleep(span(time.Second, 10*time.Second))
	replica.promote()
	o.healed()
	o.over(w)
	o.report(w, replica, expect{refused: true}, s)
}

// newPair is a primary and its replica, without which the primary acknowledges nothing.
func newPair(t *testing.T) (primary, replica *cluster) {
	t.Helper()
	primary = newCluster(t)
	folder, err := os.MkdirTemp(os.Getenv(folderVariable), "cluster-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	replica = adopt(t, folder)

	programs, err := exec.Command("../../scripts/postgres", "bin").Output()
	require.NoError(t, err)
	backup := exec.Command(filepath.Join(strings.TrimSpace(string(programs)), "pg_basebackup"), "--pgdata", replica.data(),
		"--write-recovery-conf", "--checkpoint=fast", "--host=127.0.0.1", "--port="+primary.port(), "--username=postgres", "--no-password")
	backup.Env = environment("PGPASSWORD=" + primary.password())
	said, err := backup.CombinedOutput()
	require.NoError(t, err, "%s", said)
	said, err = exec.Command("chown", "-R", "--reference="+primary.data(), replica.data()).CombinedOutput()
	require.NoError(t, err, "%s", said)
	replica.start()

	// on the primary only: the replica, promoted, has nobody to wait for
	primary.exec("alter system set synchronous_standby_names = '*'")
	primary.exec("select pg_reload_conf()")
	eventually(t, func() bool {
		return len(rows[struct{ PID int }](primary, "select pid from pg_stat_replication where sync_state = 'sync'")) == 1
	}, "the replica does not come in step")
	return primary, replica
}

func (c *cluster) promote() {
	c.t.Helper()
	c.exec("select pg_promote(true, 60)")
	require.False(c.t, rows[struct{ Is bool }](c, "select pg_is_in_recovery()")[0].Is)
}
