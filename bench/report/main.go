// Report measures the reports of a running server: seconds, memory, bytes, and what they do to the waits of students
// who enrol meanwhile. It wants an empty migrated database, which the environment names (DATABASE_URL or PG…), and
// the program: `make bench-report`.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"energiya/internal/live"
)

//go:embed seed.sql
var seed string

type settings struct {
	energy  string
	clients int
	alone   time.Duration
}

// size is how much attendance there is to report.
type size struct {
	students, months, hundredths int // of a slot a student and month
	from, to                     string
	times                        int
}

func main() {
	var s settings
	flag.StringVar(&s.energy, "energy", "bin/energy", "the program")
	flag.IntVar(&s.clients, "clients", 8, "students who enrol at once meanwhile")
	flag.DurationVar(&s.alone, "alone", 5*time.Second, "how long they enrol without a report, to compare")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()

	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(
		table,
		"report\tstudents\tmarks\talone s\tmeanwhile s\tlongest s\tpeak MB above idle\tMB sent\tchoices/s\tmedian ms\tlongest ms\t",
	)
	for _, z := range []size{
		{students: 2_000, months: 1, hundredths: 300, from: "2020-09-01", to: "2020-09-30", times: 11},
		{students: 20_000, months: 10, hundredths: 117, from: "2020-09-01", to: "2021-06-30", times: 3},
	} {
		if err := s.measure(ctx, conn, z, table); err != nil {
			return err
		}
	}
	return table.Flush()
}

// measure seeds the database and takes all reports of it, from a server of its own.
func (s settings) measure(ctx context.Context, conn *pgx.Conn, z size, table io.Writer) error {
	// statement by statement, since VACUUM stands alone
	for statement := range strings.SplitSeq(fmt.Sprintf(seed, z.students, z.months, z.hundredths), ";\n") {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("making the past: %w", err)
		}
	}
	var marks int
	var slots []int
	if err := conn.QueryRow(ctx, `select (select count(*) from gym.marks), array(select id from gym.slots where month > rules.today() order by id)`).Scan(&marks, &slots); err != nil {
		return fmt.Errorf("counting marks: %w", err)
	}
	for _, kind := range []string{"", "visits", "occupancy", "term", "blocked"} {
		line, err := s.measureKind(ctx, kind, z, slots)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t\n", cmp.Or(kind, "none"), z.students, marks, line)
	}
	return nil
}

// measureKind takes one report again and again from a server of its own, or none to compare.
func (s settings) measureKind(ctx context.Context, kind string, z size, slots []int) (string, error) {
	started, err := live.Start(ctx, s.energy, os.Stderr, "ENERGY_LOG_LEVEL=error")
	if err != nil {
		return "", err
	}
	defer started.Stop()
	server := &server{started}
	c := crowd{server: server, students: z.students, slots: slots, clients: s.clients}
	// until plans are made and connections open
	if _, err := c.during(ctx, func() error { time.Sleep(time.Second); return nil }); err != nil {
		return "", err
	}
	if kind == "" {
		waits, err := c.during(ctx, func() error { time.Sleep(s.alone); return nil })
		return "\t\t\t\t\t" + waits.String(), err
	}
	idle := server.memory("VmRSS")
	server.forgetPeak()
	quiet, sent, err := server.reports(ctx, kind, z)
	if err != nil {
		return "", err
	}
	var busy []time.Duration
	waits, err := c.during(ctx, func() (err error) {
		busy, _, err = server.reports(ctx, kind, z)
		return err
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(
		"%.3f\t%.3f\t%.3f\t%.0f\t%.2f\t%s",
		quiet[len(quiet)/2].Seconds(),
		busy[len(busy)/2].Seconds(),
		busy[len(busy)-1].Seconds(),
		float64(server.memory("VmHWM")-idle)/1024,
		float64(sent)/1e6,
		waits,
	), nil
}

// server is a running energy serve, as the measurement uses it.
type server struct{ *live.Server }

// post sends a request as the auth server would, and gives the size of the answer.
func (s *server) post(ctx context.Context, path string, actor int, body any) (int64, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1"+path, bytes.NewReader(sent))
	if err != nil {
		return 0, err
	}
	request.Header = http.Header{
		"Token":        {live.Token},
		"User-Id":      {strconv.Itoa(actor)},
		"Content-Type": {"application/json"},
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("asking %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(response.Body)
		return 0, fmt.Errorf("%s answered %s: %s", path, response.Status, answer)
	}
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return n, fmt.Errorf("reading the answer of %s: %w", path, err)
	}
	return n, nil
}

// reports takes a report again and again: how long each took, ascending, and the size of the file.
func (s *server) reports(ctx context.Context, kind string, z size) (took []time.Duration, sent int64, err error) {
	for range z.times {
		began := time.Now()
		// the coach is the last of those whom seed.sql makes
		sent, err = s.post(ctx, "/report/"+kind, z.students+1, map[string]string{"startDate": z.from, "endDate": z.to})
		if err != nil {
			return nil, 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, sent, nil
}

var kilobytes = regexp.MustCompile(`(?m)^(\w+):\s+(\d+) kB$`)

// memory is a line of the process's status, in KiB; 0 where there is no such thing.
func (s *server) memory(line string) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	for _, match := range kilobytes.FindAllStringSubmatch(string(status), -1) {
		if match[1] == line {
			n, _ := strconv.Atoi(match[2])
			return n
		}
	}
	return 0
}

// forgetPeak lets VmHWM begin anew.
func (s *server) forgetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0)
}

// crowd are students who enrol for next month, over and over.
type crowd struct {
	server   *server
	students int
	slots    []int
	clients  int
}

// waits for the answers of the crowd, ascending.
type waits struct {
	each []time.Duration
	took time.Duration
}

func (w waits) String() string {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf(
		"%.0f\t%.1f\t%.1f",
		float64(len(w.each))/w.took.Seconds(),
		ms(w.each[len(w.each)/2]),
		ms(w.each[len(w.each)-1]),
	)
}

// during lets the crowd enrol while do runs.
func (c crowd) during(ctx context.Context, do func() error) (waits, error) {
	each := make([][]time.Duration, c.clients)
	errs := make([]error, c.clients+1)
	done := make(chan struct{})
	var group sync.WaitGroup
	began := time.Now()
	for n := range c.clients {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				// two slots of different weekdays: seed.sql makes four a day
				first := rng.IntN(len(c.slots))
				wanted := []int{c.slots[first], c.slots[(first+4)%len(c.slots)]}
				asked := time.Now()
				_, err := c.server.post(
					ctx,
					"/entry/create",
					1+rng.IntN(c.students),
					map[string]any{"selectedTimes": wanted},
				)
				// one in fifty is blocked, and refused
				if err != nil && !strings.Contains(err.Error(), "LogicError") {
					errs[n] = err
					return
				}
				each[n] = append(each[n], time.Since(asked))
			}
		})
	}
	errs[c.clients] = do()
	close(done)
	group.Wait()
	w := waits{slices.Sorted(slices.Values(slices.Concat(each...))), time.Since(began)}
	if len(w.each) == 0 {
		errs = append(errs, errors.New("nobody enrolled"))
	}
	return w, errors.Join(errs...)
}
