package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/logtest"
)

const (
	token = "the-token-of-these-tests"
	// memory bounds the resident set of a server, in MB: several times what it has when all is well.
	memory = 400
)

// requestTimeout is the servers' ENERGY_REQUEST_TIMEOUT.
func requestTimeout() time.Duration { return span(3*time.Second, 10*time.Second) }

// server is a running energy serve, which can be killed and started again at its address.
type server struct {
	t         *testing.T
	program   string
	variables []string
	address   string
	log       *logtest.Log // of all its lives

	mu      sync.Mutex
	cmd     *exec.Cmd
	ended   chan struct{}
	highest int // MB of memory, of all its lives
}

// newServer starts a server on the database and waits until it is ready.
func newServer(t *testing.T, databaseURL string, variables ...string) *server {
	t.Helper()
	s := &server{t: t, program: program(), log: new(logtest.Log), address: "127.0.0.1:0"}
	s.variables = append([]string{"DATABASE_URL=" + databaseURL, "ENERGY_TOKEN=" + token, "ENERGY_RATE_LIMIT=0",
		"ENERGY_REQUEST_TIMEOUT=" + requestTimeout().String()}, variables...)
	s.launch()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			text := s.log.String()
			t.Logf(
				"faults in the log of %s:\n%s\nwhich ends so:\n%s",
				s.address,
				strings.Join(s.complaints(0), "\n"),
				text[max(0, len(text)-3000):],
			)
		}
	})
	eventually(t, func() bool {
		for _, line := range s.lines(0) {
			if line["msg"] == "listening" {
				s.address, _ = line["address"].(string)
			}
		}
		return !strings.HasSuffix(s.address, ":0")
	}, "the server does not listen")
	s.awaitReady()
	return s
}

// mostMemory is the most that the server ever had, in MB.
func (s *server) mostMemory() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.highest
}

func (s *server) base() string { return "http://" + s.address }

func (s *server) launch() {
	s.t.Helper()
	cmd := exec.Command(s.program, "serve")
	cmd.Dir, cmd.Stderr = s.t.TempDir(), s.log
	cmd.Env = environment(append(s.variables, "ENERGY_LISTEN="+s.address)...)
	require.NoError(s.t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.mu.Lock()
	s.cmd, s.ended = cmd, ended
	s.mu.Unlock()
	go s.watchMemory(cmd.Process.Pid, ended)
}

// watchMemory keeps the most that the process ever had.
func (s *server) watchMemory(pid int, ended chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(status)) {
			if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
				kb, _ := strconv.Atoi(fields[1])
				s.mu.Lock()
				s.highest = max(s.highest, kb>>10)
				s.mu.Unlock()
			}
		}
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// kill is kill -9.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// stop is what systemd does, and gives the exit code.
func (s *server) stop() int {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("the server does not end")
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *server) awaitReady() {
	s.t.Helper()
	eventually(
		s.t,
		func() bool { return statusOf(s.t.Context(), s.base()+"/readyz") == http.StatusOK },
		"the server is not ready",
	)
}

// statusOf gives 0 where nobody answers.
func statusOf(ctx context.Context, url string) int {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	request.Close = true // a probe leaves no connection behind
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// mark is a place in the log.
func (s *server) mark() int { return len(s.log.String()) }

// lines are those of the log from a place on.
func (s *server) lines(from int) []map[string]any {
	var lines []map[string]any
	for text := range strings.Lines(s.log.String()[from:]) {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}

// complaints are the log's warnings and errors from a place on, without the lines that requests have.
func (s *server) complaints(from int) []string {
	var found []string
	for text := range strings.Lines(s.log.String()[from:]) {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) != nil {
			found = append(found, text) // a stack, or what else does not belong there
			continue
		}
		if _, ofRequest := line["httpRequest"]; !ofRequest && (line["level"] == "WARN" || line["level"] == "ERROR") {
			found = append(found, strings.TrimSpace(text))
		}
	}
	return found
}

// only is one server.
type only struct{ *server }

func (o only) next() string   { return o.base() }
func (o only) refused(string) {}

// balancer gives requests to servers that say they are ready, in turn, as a load balancer does.
type balancer struct {
	mu      sync.Mutex
	servers []string
	up      map[string]bool
	turn    int
}

// checkInterval is how often the balancer asks a server for /readyz.
const checkInterval = 100 * time.Millisecond

func newBalancer(t *testing.T, servers ...*server) *balancer {
	t.Helper()
	b := &balancer{up: map[string]bool{}}
	for _, s := range servers {
		b.servers = append(b.servers, s.base())
		b.up[s.base()] = true
		go func() {
			tick := time.NewTicker(checkInterval)
			defer tick.Stop()
			for t.Context().Err() == nil {
				ready := statusOf(t.Context(), s.base()+"/readyz") == http.StatusOK
				b.mu.Lock()
				b.up[s.base()] = ready
				b.mu.Unlock()
				select {
				case <-t.Context().Done():
				case <-tick.C:
				}
			}
		}()
	}
	return b
}

// next is the next server that is up; where none is, the next all the same.
func (b *balancer) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.servers {
		b.turn++
		if base := b.servers[b.turn%len(b.servers)]; b.up[base] {
			return base
		}
	}
	return b.servers[b.turn%len(b.servers)]
}

func (b *balancer) refused(base string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.up[base] = false
}

// outage is what is measured of a fault.
type outage struct {
	began, ended time.Time     // of the fault itself
	recovered    time.Duration // from its end to the last request that failed
	marks        map[*server]int
}

// begin notes that a fault begins.
func begin(servers ...*server) *outage {
	o := &outage{began: time.Now(), marks: map[*server]int{}}
	for _, s := range servers {
		o.marks[s] = s.mark()
	}
	return o
}

// healed notes that nothing is broken any more.
func (o *outage) healed() { o.ended = time.Now() }

// over waits for the crowd to be answered again as if nothing had been.
func (o *outage) over(w *crowd) {
	w.t.Helper()
	o.recovered = w.recovers(o.ended)
}

// expect is what a fault may do to people.
type expect struct {
	noAnswer bool // connections may break: a server was killed
	refused  bool // there must be answers 503: the database was away
	quiet    bool // the log need not name it
}

// report ends a test: everybody goes home, answers are compared with the database, and the table of what happened is
// printed.
func (o *outage) report(w *crowd, c *cluster, e expect, servers ...*server) {
	t := w.t
	t.Helper()
	w.goesOn(200)
	w.finish()
	w.verify(c)

	took := o.ended.Sub(o.began)
	var table strings.Builder
	tabs := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tabs, "the fault lasted\t%.1f s\n", took.Seconds())
	fmt.Fprintf(tabs, "recovered after\t%.1f s\n", o.recovered.Seconds())
	fmt.Fprintf(tabs, "longest wait for an answer\t%.1f s\n", w.longest.Seconds())
	for _, outcome := range []outcome{acknowledged, unavailable, notSent, noAnswer, strange} {
		fmt.Fprintf(tabs, "%s\t%d\n", outcome, w.counts[outcome])
	}
	for i, s := range servers {
		fmt.Fprintf(tabs, "server %d: most memory\t%d MB\n", i+1, s.mostMemory())
		complaints := s.complaints(o.marks[s])
		fmt.Fprintf(tabs, "server %d: lines about the fault\t%d\n", i+1, len(complaints))
		for message, n := range tally(complaints) {
			fmt.Fprintf(tabs, "\t%d × %s\n", n, message)
		}
	}
	_ = tabs.Flush()
	t.Logf("what happened:\n%s", &table)

	require.Zero(t, w.counts[strange], "%s", w.strange)
	if !e.noAnswer {
		require.Zero(t, w.counts[noAnswer], "%s", w.strange)
	}
	if e.refused {
		require.Positive(t, w.counts[unavailable], "the fault was no fault")
	}
	// a hang would last until the patience of the client ends
	require.Less(
		t,
		w.longest,
		requestTimeout()+20*time.Second,
		"somebody waited for an answer beyond the deadline of a request",
	)
	for _, s := range servers {
		require.Less(t, s.mostMemory(), memory, "MB of memory")
		complaints := s.complaints(o.marks[s])
		if !e.quiet {
			require.NotEmpty(t, complaints, "the log does not name the fault")
		}
		// each of those who meet it says so once, and again when a while has passed
		most := 12 + 3*int(took/(10*time.Second))
		require.LessOrEqual(t, len(complaints), most, "the log repeats itself:\n%s", strings.Join(complaints, "\n"))
		for _, line := range s.lines(o.marks[s]) {
			if response, ofRequest := line["httpResponse"].(map[string]any); ofRequest && line["level"] == "ERROR" {
				require.Greater(t, response["elapsed"], 500.0, "ms: who is refused at once has no line: %v", line)
			}
		}
	}
}

// tally counts the messages of log lines.
func tally(lines []string) map[string]int {
	found := map[string]int{}
	for _, text := range lines {
		var line map[string]any
		_ = json.Unmarshal([]byte(text), &line)
		found[fmt.Sprint(line["msg"])]++
	}
	return found
}
