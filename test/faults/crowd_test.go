package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seed fixes what everybody wants; who comes first is up to the scheduler.
const seed = 2026

// slot is a row of gym.slots.
type slot struct {
	ID      int
	Weekday int
}

// where tells a client which server to ask next, and hears of one that does not listen. Nothing was sent to that one.
type where interface {
	next() string
	refused(base string)
}

// crowd is a rush that does not end by itself: each client plays students who choose, and choose again, one request
// at a time. It writes down every answer.
type crowd struct {
	t       *testing.T
	where   where
	http    *http.Client
	slots   []slot
	working sync.WaitGroup
	stop    context.CancelFunc
	number  atomic.Int64

	mu      sync.Mutex
	records []record
	counts  map[outcome]int
	longest time.Duration // that anybody waited for an answer of the server
	strange []string      // answers that the contract does not know
	lastAck time.Time     // when the last request began that was acknowledged
	lastNot time.Time     // when the last one ended that was not
	row     int           // acknowledged one after another since
}

// outcome is what became of a request.
type outcome string

const (
	acknowledged outcome = "acknowledged" // what was asked for was answered: seats, or that there is none
	unavailable  outcome = "503"
	notSent      outcome = "not sent"  // no server listened
	noAnswer     outcome = "no answer" // the connection broke, or the answer was not whole
	strange      outcome = "strange"
)

// start lets the crowd in. finish must be called.
func startCrowd(t *testing.T, c *cluster, where where) *crowd {
	t.Helper()
	people := rows[struct{ ID int }](c, "select id from gym.users where role = 'STUDENT' order by id")
	require.Len(t, people, students)
	clients := int(span(16, 48))
	ctx, stop := context.WithCancel(t.Context())
	w := &crowd{
		t: t, where: where, stop: stop, counts: map[outcome]int{},
		slots: rows[slot](
			c,
			"select id, weekday::integer from gym.slots where month = rules.next_month() and deleted_at is null order by id",
		),
		http: &http.Client{
			Transport: &http.Transport{
				MaxIdleConnsPerHost: clients,
				DisableCompression:  true,
				DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			},
			Timeout: patience,
		},
	}
	require.NotEmpty(t, w.slots)
	for i := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		var mine []int
		for j := i; j < len(people); j += clients {
			mine = append(mine, people[j].ID)
		}
		w.working.Go(func() { w.play(ctx, random, mine) })
	}
	t.Cleanup(func() { stop(); w.working.Wait(); w.http.CloseIdleConnections() })
	return w
}

// play is one client: it presses for its students in turn, and holds back a little where that failed.
func (w *crowd) play(ctx context.Context, random *rand.Rand, mine []int) {
	last := map[int][]int{} // choices that nobody answered
	for ctx.Err() == nil {
		student := mine[random.IntN(len(mine))]
		if random.IntN(4) == 0 {
			w.note(w.send(ctx, student, http.MethodGet, "/avtime/get", nil, nil))
			continue
		}
		choice, again := last[student]
		if !again || random.IntN(2) == 0 { // a person presses the same again, or something else
			choice = w.wish(random)
		}
		r := record{student: student, id: "f" + strconv.FormatInt(w.number.Add(1), 10), slots: choice}
		became := w.choose(ctx, &r)
		w.mu.Lock()
		w.records = append(w.records, r)
		w.mu.Unlock()
		w.note(became)
		if became.outcome == acknowledged {
			delete(last, student)
			continue
		}
		last[student] = choice
		pause(ctx, time.Duration(20+random.IntN(40))*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// wish is one to three slots, one a weekday, and now and then none.
func (w *crowd) wish(random *rand.Rand) []int {
	wanted := random.IntN(10)
	if wanted > 0 {
		wanted = 1 + wanted%3
	}
	choice, days := []int{}, map[int]bool{}
	for _, i := range random.Perm(len(w.slots)) {
		if s := w.slots[i]; len(choice) < wanted && !days[s.Weekday] {
			choice, days[s.Weekday] = append(choice, s.ID), true
		}
	}
	return choice
}

// became is an outcome, and what was strange about it.
type became struct {
	outcome
	said  string
	began time.Time
	took  time.Duration
}

// choose sends a choice, and enters into r what was answered.
func (w *crowd) choose(ctx context.Context, r *record) became {
	body, err := json.Marshal(map[string][]int{"selectedTimes": r.slots})
	if err != nil {
		return became{outcome: strange, said: err.Error()}
	}
	var told []struct {
		SelectedTime int
		Error        bool
	}
	b := w.send(ctx, r.student, http.MethodPost, "/entry/create", body, &told, r.id)
	if b.outcome != acknowledged {
		return b
	}
	if len(told) != len(r.slots) {
		b.outcome, b.said = strange, fmt.Sprintf("%d slots chosen, %d answered", len(r.slots), len(told))
		return b
	}
	for i, seat := range told {
		if seat.SelectedTime != r.slots[i] {
			b.outcome, b.said = strange, fmt.Sprintf("slot %d chosen, slot %d answered", r.slots[i], seat.SelectedTime)
			return b
		}
		if !seat.Error {
			r.held = append(r.held, seat.SelectedTime)
		}
	}
	slices.Sort(r.held)
	r.acknowledged = true
	return b
}

// send asks one server after the other until one listens.
func (w *crowd) send(
	ctx context.Context,
	student int,
	method, path string,
	body []byte,
	data any,
	id ...string,
) became {
	const tries = 3
	var b became
	for range tries {
		base := w.where.next()
		b = w.sendTo(ctx, base, student, method, path, body, data, id...)
		if b.outcome != notSent {
			break
		}
		w.where.refused(base)
	}
	return b
}

func (w *crowd) sendTo(
	ctx context.Context,
	base string,
	student int,
	method, path string,
	body []byte,
	data any,
	id ...string,
) (b became) {
	b = became{outcome: noAnswer, began: time.Now()}
	defer func() { b.took = time.Since(b.began) }()
	// what was begun is waited for: a test that ends is no fault
	request, err := http.NewRequestWithContext(
		context.WithoutCancel(ctx),
		method,
		base+"/api/v1"+path,
		bytes.NewReader(body),
	)
	if err != nil {
		b.outcome, b.said = strange, err.Error()
		return b
	}
	request.Header = http.Header{
		"Token":        {token},
		"User-Id":      {strconv.Itoa(student)},
		"Content-Type": {"application/json"},
		"X-Request-Id": id,
	}
	response, err := w.http.Do(request)
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		b.outcome, b.said = notSent, err.Error()
		return b
	case err != nil:
		b.said = err.Error()
		return b
	}
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		b.said = err.Error()
		return b
	}
	envelope := struct {
		Data any    `json:"data"`
		Type string `json:"error_type"`
	}{Data: data}
	if err := json.Unmarshal(got, &envelope); err != nil {
		b.outcome, b.said = strange, fmt.Sprintf("%s: status %d: %s", path, response.StatusCode, got)
		return b
	}
	switch {
	case response.StatusCode == http.StatusOK:
		b.outcome = acknowledged
	case response.StatusCode == http.StatusServiceUnavailable && envelope.Type == "Unavailable" && response.Header.Get("Retry-After") != "":
		b.outcome = unavailable
	default:
		b.outcome, b.said = strange, fmt.Sprintf("%s: status %d: %s", path, response.StatusCode, got)
	}
	return b
}

func (w *crowd) note(b became) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[b.outcome]++
	if b.outcome != notSent {
		w.longest = max(w.longest, b.took)
	}
	if b.outcome == acknowledged {
		w.lastAck = b.began
		w.row++
		return
	}
	w.lastNot, w.row = b.began.Add(b.took), 0
	if b.outcome == strange || b.outcome == noAnswer {
		if len(w.strange) < 10 {
			w.strange = append(w.strange, string(b.outcome)+": "+b.said)
		}
	}
}

// count of an outcome so far.
func (w *crowd) count(o outcome) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[o]
}

// goesOn waits until so many requests more are acknowledged.
func (w *crowd) goesOn(more int) {
	w.t.Helper()
	from := w.count(acknowledged)
	eventually(w.t, func() bool { return w.count(acknowledged) >= from+more }, "nobody is answered")
}

// recovers waits until the crowd is answered as if nothing had been, and gives how long after the fault's end the
// last request failed.
func (w *crowd) recovers(since time.Time) time.Duration {
	w.t.Helper()
	const inARow = 300
	var after time.Duration
	eventually(w.t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		after = max(0, w.lastNot.Sub(since))
		return w.row >= inARow && w.lastAck.After(since)
	}, "the crowd is not answered again")
	return after
}

// finish sends everybody home.
func (w *crowd) finish() {
	w.t.Helper()
	w.stop()
	w.working.Wait()
	w.http.CloseIdleConnections()
}

// verify compares what was answered with what stands in the database, where every invariant must hold.
func (w *crowd) verify(c *cluster) {
	w.t.Helper()
	settled(w.t, c)
	changes := rows[change](c, `
		select e.user_id, coalesce(l.request_id, ''), e.slot_id,
		       case l.operation when 'insert' then true else l.new_values ->> 'cancelled_at' is null end
		  from gym.audit_log l
		  join gym.enrolments e on e.id::text = l.key
		 where l.on_table = 'enrolments'
		 order by l.id`)
	held := map[int][]int{}
	for _, e := range rows[struct{ Student, Slot int }](c, "select user_id, slot_id from gym.enrolments where cancelled_at is null order by slot_id") {
		held[e.Student] = append(held[e.Student], e.Slot)
	}
	wrong := compare(w.records, changes, held)
	require.Empty(w.t, wrong[:min(len(wrong), 10)], "%d differences between answers and database", len(wrong))
	require.NotEmpty(w.t, changes)
	broken := rows[struct {
		Invariant  string
		Violations int64
	}](c, "select invariant, violations from api.audit() where violations <> 0")
	require.Empty(w.t, broken)
}

// settled waits until nothing is at work in the database any more: what was hung up on may still be.
func settled(t *testing.T, c *cluster) {
	t.Helper()
	eventually(t, func() bool {
		busy := rows[struct{ N int }](c, `select count(*)::integer from pg_stat_activity
		  where datname = current_database() and backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()`)
		return busy[0].N == 0
	}, "the database is never idle")
}
