package faults_test

import (
	"fmt"
	"os"
	"path/filepath"
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

	// both begin as the template was left: no pg_basebackup, which not every server comes with
	copyAll(t, filepath.Join(templateFolder(), "data"), replica.data())
	copyAll(t, filepath.Join(replica.data(), "PG_VERSION"), filepath.Join(replica.data(), "standby.signal"))
	replica.configure(fmt.Sprintf("primary_conninfo = 'host=127.0.0.1 port=%s user=postgres password=%s'", primary.port(), primary.password()))
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
