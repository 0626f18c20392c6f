package faults_test

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestNetworkCut: connections to the database break, and new ones are refused.
func TestNetworkCut(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := newProxy(t, c.address())
	s := newServer(t, c.serverURLAt(p.address))
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	for range int(span(1, 4)) {
		p.cut()
		time.Sleep(span(2*time.Second, 20*time.Second))
		p.mend()
		o.healed()
		o.over(w)
	}
	o.report(w, c, expect{refused: true}, s)
}

// TestNetworkSwallows: packets to the database and from it vanish, and nobody is told; afterwards only new
// connections work.
func TestNetworkSwallows(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	p := newProxy(t, c.address())
	s := newServer(t, c.serverURLAt(p.address))
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	p.swallow()
	time.Sleep(span(4*time.Second, 45*time.Second))
	p.mend()
	o.healed()
	o.over(w)
	o.report(w, c, expect{refused: true}, s)
}

// TestDatabaseHangs: all of PostgreSQL's processes stand still, and go on.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	needProc(t)
	c := newCluster(t)
	s := newServer(t, c.serverURL())
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	c.signal(syscall.SIGSTOP)
	time.Sleep(span(5*time.Second, 30*time.Second))
	c.signal(syscall.SIGCONT)
	o.healed()
	o.over(w)
	o.report(w, c, expect{refused: true}, s)
}

// TestHangIsNoticedBeforeRequestsRunOut: whoever comes while the database hangs is refused at once, long before the
// deadline.
func TestHangIsNoticedBeforeRequestsRunOut(t *testing.T) {
	t.Parallel()
	needProc(t)
	c := newCluster(t)
	s := newServer(t, c.serverURL(), "ENERGY_REQUEST_TIMEOUT=10m")
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	c.signal(syscall.SIGSTOP)
	eventually(
		t,
		func() bool { return statusOf(t.Context(), s.base()+"/readyz") == http.StatusServiceUnavailable },
		"the hang is not noticed",
	)
	c.signal(syscall.SIGCONT)
	o.healed()
	o.over(w)
	o.report(w, c, expect{}, s)
}
