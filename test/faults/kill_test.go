package faults_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestServerKilled: kill -9 of one server of two in mid-rush, again and again. People go on at the other.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, second := newServer(t, c.serverURL()), newServer(t, c.serverURL())
	w := startCrowd(t, c, newBalancer(t, first, second))
	w.goesOn(300)

	o := begin(first, second)
	for i := range int(span(2, 10)) {
		victim := []*server{first, second}[i%2]
		victim.kill()
		w.goesOn(200) // while it is away
		victim.launch()
		o.healed()
		victim.awaitReady()
		o.over(w)
	}
	o.report(w, c, expect{noAnswer: true, quiet: true}, first, second)
}

// TestOnlyServerKilled: the same with one server, so that nobody is answered meanwhile.
func TestOnlyServerKilled(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	s := newServer(t, c.serverURL())
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	s.kill()
	time.Sleep(span(300*time.Millisecond, 5*time.Second))
	s.launch()
	o.healed()
	o.over(w)
	o.report(w, c, expect{noAnswer: true, quiet: true}, s)
	require.Positive(t, w.counts[notSent])
}

// TestPostgresStops: PostgreSQL's immediate stop in mid-rush, kill -9 of all its processes, and a start after each.
func TestPostgresStops(t *testing.T) {
	t.Parallel()
	needProc(t)
	c := newCluster(t)
	s := newServer(t, c.serverURL())
	w := startCrowd(t, c, only{s})
	w.goesOn(300)

	o := begin(s)
	for range int(span(1, 3)) {
		for _, end := range []func(){c.stopNow, c.kill} {
			end()
			time.Sleep(span(time.Second, 10*time.Second))
			c.start()
			o.healed()
			o.over(w)
		}
	}
	o.report(w, c, expect{refused: true}, s)
}
