package faults_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eitherOf makes a DATABASE_URL with two hosts lead to the one that writes, soon where the first does not answer.
const eitherOf = "?target_session_attrs=read-write&connect_timeout=1"

// TestPrimaryKilled: the primary is killed, and its synchronous replica promoted. The server has both in its
// DATABASE_URL.
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

// TestPrimaryVanishes: the same, but the machine of the primary is gone without a word: its connections stay, and are
// dead.
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

// TestReportsFromAReplica: reports are read from a streaming replica, which shows what the primary acknowledged, and
// which refuses them by the envelope when it is gone, while all else goes on.
func TestReportsFromAReplica(t *testing.T) {
	t.Parallel()
	primary, replica := newPair(t)
	primary.exec(
		"alter system set synchronous_commit = 'remote_apply'",
	) // else the report may be behind by what is not yet applied
	primary.exec("select pg_reload_conf()")
	primary.exec(
		`insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role) values (9000001, 'Анна', 'Олеговна', 'Первая', '', '-', 'ADMIN')`,
	)
	admin := rows[struct{ ID int }](primary, "select id from gym.users where student_card = 9000001")[0].ID
	s := newServer(t, primary.serverURL(), "ENERGY_REPORT_DATABASE_URL="+replica.serverURL())
	w := startCrowd(t, primary, only{s})
	w.goesOn(100)

	report := func(kind string) (status int, answer string) {
		body := `{"startDate":"2026-01-01","endDate":"2026-12-31","format":"csv"}`
		request, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodPost,
			s.base()+"/api/v1/report/"+kind,
			strings.NewReader(body),
		)
		require.NoError(t, err)
		request.Header = http.Header{
			"Token":        {token},
			"User-Id":      {strconv.Itoa(admin)},
			"Content-Type": {"application/json"},
		}
		response, err := w.http.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	for _, kind := range []string{"visits", "occupancy", "term", "blocked"} {
		status, answer := report(kind)
		require.Equal(t, http.StatusOK, status, "%s: %s", kind, answer)
	}
	where := rows[struct{ N int }](replica, "select count(*)::integer from pg_stat_activity where usename = $1", login)
	require.Positive(t, where[0].N, "the report was not read from the replica")
	w.finish()
	w.verify(primary)
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
	replica.configure(
		fmt.Sprintf(
			"primary_conninfo = 'host=127.0.0.1 port=%s user=postgres password=%s'",
			primary.port(),
			primary.password(),
		),
	)
	replica.start()

	// on the primary only: the replica, promoted, has nobody to wait for
	primary.exec("alter system set synchronous_standby_names = '*'")
	primary.exec("select pg_reload_conf()")
	eventually(t, func() bool {
		return len(
			rows[struct{ PID int }](primary, "select pid from pg_stat_replication where sync_state = 'sync'"),
		) == 1
	}, "the replica does not come in step")
	return primary, replica
}

func (c *cluster) promote() {
	c.t.Helper()
	c.exec("select pg_promote(true, 60)")
	require.False(c.t, rows[struct{ Is bool }](c, "select pg_is_in_recovery()")[0].Is)
}
