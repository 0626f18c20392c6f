// Overload shows what the server does where far more comes than it can serve: `make bench-overload`. It measures what
// can be sustained, then sends ten times that for a minute, then a flood of one kind beside ordinary use of the
// others.
//
// The load comes from a process of its own, at a rate, whether or not what was sent before is answered. It shares the
// machine with the server: flushes of the disk are made slow (commit_delay), as on a cheap cloud disk, so that the
// database is the limit and the cores have time to generate ten times as much. --flush 0 leaves the disk as it is.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"energiya/internal/live"
)

const (
	students = 20_000
	clients  = 64 // who measure what can be sustained
	early    = 10 // seconds, in which the queue gets as long as it may
)

type settings struct {
	energy  string
	seconds float64
	times   float64
	flush   time.Duration
	seed    uint64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) == 2 && os.Args[1] == "generate" {
		err = generate(ctx, os.Stdin, os.Stdout)
	} else {
		var s settings
		flag.StringVar(&s.energy, "energy", "bin/energy", "the program")
		flag.Float64Var(&s.seconds, "seconds", 60, "how long the overload lasts")
		flag.Float64Var(&s.times, "times", 10, "how many times the sustainable rate")
		flag.DurationVar(&s.flush, "flush", 10*time.Millisecond, "how long a flush of the disk takes at least (commit_delay); 0: as it is")
		flag.Uint64Var(&s.seed, "seed", 1, "fixes who asks for what")
		flag.Parse()
		err = s.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "overload:", err)
		os.Exit(1)
	}
}

// gym is the database, and who and what there is in it.
type gym struct {
	conn  *pgx.Conn
	slots []int
	coach int
}

const sqlGym = `
delete from gym.weekly_template;
insert into gym.weekly_template (weekday, starts_at, capacity)
select d, time '08:00' + t * interval '1 hour', 1000 from generate_series(0, 5) d, generate_series(0, 3) t;
insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
select n, n, 'Имя' || n, 'Отчество', 'Фамилия' || n, 'ТГ-' || n / 25, '-', (case when n <= %[1]d then 'STUDENT' else 'COACH' end)::gym.userrole
  from generate_series(1, %[1]d + 1) n;
select from api.open_enrolment();
analyze;
alter system set commit_delay = %[2]d;
alter system set commit_siblings = %[3]d;
select pg_reload_conf()`

func (s settings) newGym(ctx context.Context) (*gym, error) {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	g := &gym{conn: conn, coach: students + 1}
	siblings := 5 // PostgreSQL's own
	if s.flush > 0 {
		siblings = 0
	}
	for statement := range strings.SplitSeq(fmt.Sprintf(sqlGym, students, s.flush.Microseconds(), siblings), ";\n") {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return nil, fmt.Errorf("inventing a gym (the database must be empty): %w", err)
		}
	}
	rows, err := conn.Query(ctx, "select id from gym.slots where month = rules.next_month() order by id")
	if err == nil {
		g.slots, err = pgx.CollectRows(rows, pgx.RowTo[int])
	}
	if err != nil {
		return nil, fmt.Errorf("reading the slots: %w", err)
	}
	return g, nil
}

func (s settings) run(ctx context.Context) error {
	g, err := s.newGym(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = g.conn.Close(context.WithoutCancel(ctx)) }()
	server, err := s.start(ctx)
	if err != nil {
		return err
	}
	defer server.stop()
	p := plan{
		URL:      server.URL,
		Seconds:  max(3, s.seconds/6),
		Clients:  clients,
		Students: students,
		Coach:    g.coach,
		Slots:    g.slots,
		Seed:     s.seed,
		Early:    early,
	}

	if _, err := s.generator(ctx, p); err != nil { // connections open, plans are made
		return err
	}
	before, err := s.generator(ctx, p)
	if err != nil {
		return err
	}
	sustained := total(before) / p.Seconds
	fmt.Printf("sustained by %d clients in turn: %.0f requests a second\n\n", clients, sustained)

	p.Clients, p.Seconds = 0, s.seconds
	p.Rates = map[string]float64{}
	for _, share := range shares {
		p.Rates[share.name] = s.times * sustained * share.part
	}
	if err := s.show(ctx, server, fmt.Sprintf("%.3g times that, for %.0f s", s.times, s.seconds), p, sustained); err != nil {
		return err
	}
	for _, share := range shares {
		p.Rates[share.name] = sustained * share.part / 2
		if share.name == "look" {
			p.Rates[share.name] = s.times * sustained
		}
	}
	p.Seconds, p.Early = max(3, s.seconds/3), 0
	if err := s.show(ctx, server, fmt.Sprintf("a flood of those who look, for %.0f s; the others come at half of what can be sustained", p.Seconds), p, 0); err != nil {
		return err
	}

	p.Clients, p.Seconds = clients, max(3, s.seconds/6)
	after, err := s.generator(ctx, p)
	if err != nil {
		return err
	}
	fmt.Printf(
		"afterwards, by %d clients in turn: %.0f requests a second, %d of them sent away\n",
		clients,
		total(after)/p.Seconds,
		sum(after, func(h heard) int { return h.Shed }),
	)
	return g.audit(ctx)
}

func total(h map[string]heard) float64 { return float64(sum(h, func(h heard) int { return h.Served })) }

func sum(all map[string]heard, of func(heard) int) (n int) {
	for _, h := range all {
		n += of(h)
	}
	return n
}

// generator runs a plan in a process of its own.
func (s settings) generator(ctx context.Context, p plan) (map[string]heard, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	in, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing a plan: %w", err)
	}
	process := exec.CommandContext(ctx, own, "generate")
	process.Stdin, process.Stderr = bytes.NewReader(in), os.Stderr
	out, err := process.Output()
	if err != nil {
		return nil, fmt.Errorf("generating load: %w", err)
	}
	var answer map[string]heard
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("reading what came of the load: %w", err)
	}
	for name, h := range answer {
		if h.Broken > 0 {
			fmt.Printf(
				"%d requests of the share %s were not answered, or with something else, such as %s\n",
				h.Broken,
				name,
				h.Example,
			)
		}
	}
	return answer, nil
}

// show runs a plan and prints what came of it; sustained is what it is compared with, if that makes sense.
func (s settings) show(ctx context.Context, server *server, title string, p plan, sustained float64) error {
	fmt.Println(title)
	watch := server.watch(ctx)
	all, err := s.generator(ctx, p)
	if err != nil {
		return err
	}
	most := watch()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\t\t\t\t\twait of the served, ms\t\t\t\tof those sent away\t\t")
	head := "p50\tp99\t\t\t"
	if p.Early > 0 && p.Seconds > p.Early {
		head = fmt.Sprintf("p50\tp99 to %.0f s\tp50\tp99 after\t", p.Early)
	}
	fmt.Fprintf(table, "share\tdue/s\tsent/s\tserved/s\tsent away/s\t%sp50\tp99\t\n", head)
	for _, share := range shares {
		h := all[share.name]
		rate := func(n int) float64 { return float64(n) / p.Seconds }
		first, second := h.ServedEarly, h.ServedLate
		if p.Early == 0 {
			first, second = second, waits{}
		}
		fmt.Fprintf(
			table,
			"%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t%s\t%.1f\t%.1f\t\n",
			share.name,
			rate(h.Due),
			rate(h.Due-h.NotSent),
			rate(h.Served),
			rate(h.Shed),
			first.P50,
			first.P99,
			orNone(second.P50),
			orNone(second.P99),
			h.ShedWaits.P50,
			h.ShedWaits.P99,
		)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	due, notSent := sum(all, func(h heard) int { return h.Due }), sum(all, func(h heard) int { return h.NotSent })
	if notSent > due/100 {
		fmt.Printf("the generator could not send %d%% of what was due: the machine has no more\n", notSent*100/due)
	}
	if sustained > 0 {
		fmt.Printf(
			"served in all: %.0f a second, %.2f of what was sustained\n",
			total(all)/p.Seconds,
			total(all)/p.Seconds/sustained,
		)
	}
	fmt.Printf(
		"the server: at most %.0f MB of memory, %d goroutines, %d lines in its log\n\n",
		float64(most.memory)/1024,
		most.goroutines,
		server.lines()-most.linesBefore,
	)
	return nil
}

func orNone(n float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// audit ends the run: whatever was shed, what was acknowledged must be sound.
func (g *gym) audit(ctx context.Context) error {
	var invariants, violations int
	if err := g.conn.QueryRow(ctx, "select count(*), sum(violations) from api.audit()").Scan(&invariants, &violations); err != nil {
		return fmt.Errorf("auditing: %w", err)
	}
	fmt.Printf("audit: %d invariants, %d violations\n", invariants, violations)
	if violations > 0 {
		return errors.New("the audit found violations: select * from api.audit()")
	}
	return nil
}

// server is energy serve, and its log.
type server struct {
	*live.Server
	log *os.File
}

func (s settings) start(ctx context.Context) (*server, error) {
	log, err := os.CreateTemp("", "energiya-overload-*.log")
	if err != nil {
		return nil, fmt.Errorf("making the server's log: %w", err)
	}
	started, err := live.Start(ctx, s.energy, log, "ENERGY_LOG_LEVEL=warn")
	if err != nil {
		return nil, err
	}
	return &server{started, log}, nil
}

func (s *server) stop() {
	s.Stop()
	_ = s.log.Close()
	_ = os.Remove(s.log.Name())
}

func (s *server) lines() int {
	text, _ := os.ReadFile(s.log.Name())
	return bytes.Count(text, []byte("\n"))
}

// usage is the most that the server had.
type usage struct {
	memory      int // KB
	goroutines  int
	linesBefore int // of its log
}

// watch looks at the server twice a second until the function that it gives is called.
func (s *server) watch(ctx context.Context) func() usage {
	most := usage{linesBefore: s.lines()}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
			most.memory = max(most.memory, numberAfter("VmRSS:", string(status)))
			most.goroutines = max(most.goroutines, s.goroutines(ctx))
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() usage {
		stop()
		<-done
		return most
	}
}

// numberAfter is that behind a name that begins a line; 0 where there is none.
func numberAfter(name, text string) int {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			n, _ := strconv.Atoi(fields[1])
			return n
		}
	}
	return 0
}

func (s *server) goroutines(ctx context.Context) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/metrics", nil)
	if err != nil {
		return 0
	}
	request.Header.Set("Token", live.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	_, _ = text.ReadFrom(response.Body)
	return numberAfter("go_goroutines", text.String())
}
