// Auth measures the auth server beside the main server in one run, so that the figures are ratios: what session
// lookup and forwarding add to a call, which share of the main server's rate of entry/create remains, and what a
// storm of log-ins does to those who choose meanwhile: `make bench-auth`. It wants an empty migrated database, which
// the environment names.
//
// The load is made on the same machine and shares its cores with both servers and the database.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"energiya/internal/crowd/rush"
	"energiya/internal/live"
	"energiya/internal/password"
)

const (
	// firstCard is the first person's card, of 7 digits; id n has the card firstCard + n.
	firstCard = 1_000_000
	typed     = "the password of everybody"
)

type settings struct {
	energy                     string
	students, choosers, logIns int
	calls, clients             int
	length                     time.Duration
	pause                      time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.energy, "energy", "bin/energy", "the program")
	flag.IntVar(&s.choosers, "choosers", 500, "people who choose")
	flag.IntVar(&s.logIns, "log-ins", 2000, "people who log in during the storm")
	flag.IntVar(&s.calls, "calls", 2000, "calls of each server whose times are compared")
	flag.IntVar(&s.clients, "clients", 32, "clients in turn, for the rate")
	flag.DurationVar(&s.length, "length", 5*time.Second, "how long each turn of the rate lasts")
	flag.DurationVar(&s.pause, "pause", 2*time.Second, "how long a person who chooses thinks between two requests")
	flag.Parse()
	s.students = s.choosers + s.logIns
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "auth:", err)
		os.Exit(1)
	}
}

// bench is both servers, and the people.
type bench struct {
	settings
	main, auth *live.Server
	slots      []int
	client     *http.Client
}

func run(ctx context.Context, s settings) (err error) {
	folder, err := os.MkdirTemp("", "energiya-bench-auth-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	b := &bench{settings: s, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: s.students, MaxIdleConns: 2 * s.students}, Timeout: time.Minute,
	}}
	pepperFile := filepath.Join(folder, "pepper")
	if err := b.invent(ctx, pepperFile); err != nil {
		return err
	}
	quiet := []string{"ENERGY_LOG_LEVEL=warn", "ENERGY_PEPPER_FILE=" + pepperFile, "ENERGY_METRICS_LISTEN="}
	if b.main, err = live.Start(ctx, s.energy, io.Discard, quiet...); err != nil {
		return err
	}
	defer b.main.Stop()
	if b.auth, err = live.StartAuth(ctx, s.energy, b.main, io.Discard, quiet...); err != nil {
		return err
	}
	defer b.auth.Stop()
	for _, measure := range []func(context.Context) error{b.added, b.rate, b.storm} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

const sqlGym = `
delete from gym.weekly_template;
insert into gym.weekly_template (weekday, starts_at, capacity)
select d, time '08:00' + t * interval '1 hour', 1000 from generate_series(0, 5) d, generate_series(0, 3) t;
insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid, role)
select n, %[2]d + n, 'Имя' || n, 'Отчество', 'Фамилия' || n, 'ТГ-' || n / 25, '-', 'STUDENT' from generate_series(1, %[1]d) n;
select count(*) from generate_series(1, %[1]d) n, rules.open_session(n, sha256(convert_to('token ' || n, 'UTF8')), false, null, 'bench');
select from api.open_enrolment();
analyze`

// invent fills the gym. Everybody has a session; those who will log in have a password that an old server hashed.
func (b *bench) invent(ctx context.Context, pepperFile string) error {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for statement := range strings.SplitSeq(fmt.Sprintf(sqlGym, b.students, firstCard), ";\n") {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("inventing a gym (the database must be empty): %w", err)
		}
	}
	var pepper password.Pepper
	if err := conn.QueryRow(ctx, `select value from gym.secrets where name = 'pepper'`).Scan(&pepper); err != nil {
		return fmt.Errorf("reading the pepper: %w", err)
	}
	if err := password.WriteFile(pepperFile, pepper); err != nil {
		return err
	}
	ids, hids := make([]int, b.logIns), make([]string, b.logIns)
	for i := range ids {
		ids[i] = b.choosers + 1 + i
		hids[i] = pepper.Hid(strconv.Itoa(firstCard+ids[i]), typed)
	}
	if _, err := conn.Exec(ctx, `update gym.users u set hid = g.hid from unnest($1::int[], $2::text[]) g (id, hid) where u.id = g.id`,
		ids, hids); err != nil {
		return fmt.Errorf("giving passwords: %w", err)
	}
	rows, err := conn.Query(ctx, `select id from gym.slots where month = rules.next_month() order by id`)
	if err == nil {
		b.slots, err = pgx.CollectRows(rows, pgx.RowTo[int])
	}
	return err
}

func token(id int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "token %d", id))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ask sends a request of a person to the main server by number, or to the auth server by token.
func (b *bench) ask(
	ctx context.Context,
	s *live.Server,
	id int,
	method, path string,
	body []byte,
) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.URL+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	switch {
	case id == 0:
	case s == b.main:
		request.Header.Set("Token", live.Token)
		request.Header.Set("user-id", strconv.Itoa(id))
	default:
		request.Header.Set("Authorization", token(id))
	}
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}

func (b *bench) choose(ctx context.Context, s *live.Server, id int) (*http.Response, error) {
	body := fmt.Appendf(nil, `{"selectedTimes":[%d]}`, b.slots[rand.IntN(len(b.slots))])
	return b.ask(ctx, s, id, http.MethodPost, "/entry/create", body)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// added compares the times of calls, one at a time, of both servers in turn.
func (b *bench) added(ctx context.Context) error {
	times := map[*live.Server][]time.Duration{}
	for i := range b.calls {
		for _, s := range []*live.Server{b.main, b.auth} {
			begun := time.Now()
			response, err := b.ask(ctx, s, 1+i%b.choosers, http.MethodGet, "/avtime/get", nil)
			if err != nil {
				return err
			}
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("avtime/get: %s", response.Status)
			}
			times[s] = append(times[s], time.Since(begun))
		}
	}
	for _, list := range times {
		slices.Sort(list)
	}
	main, auth := rush.Percentile(times[b.main], 50), rush.Percentile(times[b.auth], 50)
	fmt.Printf(
		"avtime/get, %d calls one after the other, medians: main server %.2f ms, through the auth server %.2f ms: %.2f ms more\n",
		b.calls,
		ms(main),
		ms(auth),
		ms(auth-main),
	)
	return nil
}

// rate compares how many choices a second clients in turn get answered.
func (b *bench) rate(ctx context.Context) error {
	answered := map[*live.Server]int64{}
	const turns = 3
	for range turns {
		for _, s := range []*live.Server{b.main, b.auth} {
			var n atomic.Int64
			var failed atomic.Value
			var all sync.WaitGroup
			end := time.Now().Add(b.length)
			for client := range b.clients {
				all.Go(func() {
					for i := client; time.Now().Before(end); i += b.clients {
						response, err := b.choose(ctx, s, 1+i%b.choosers)
						if err == nil && response.StatusCode != http.StatusOK {
							err = errors.New("entry/create: " + response.Status)
						}
						if err != nil {
							failed.Store(err)
							return
						}
						n.Add(1)
					}
				})
			}
			all.Wait()
			if err, ok := failed.Load().(error); ok {
				return err
			}
			answered[s] += n.Load()
		}
	}
	seconds := turns * b.length.Seconds()
	fmt.Printf(
		"entry/create, %d clients in turn: main server %.0f a second, through the auth server %.0f: %.2f of it\n",
		b.clients,
		float64(answered[b.main])/seconds,
		float64(answered[b.auth])/seconds,
		float64(answered[b.auth])/float64(answered[b.main]),
	)
	return nil
}

// heard is what came of requests.
type heard struct {
	mu              sync.Mutex
	times           []time.Duration
	done, shed, odd int
	example         string
}

func (h *heard) note(took time.Duration, response *http.Response, err error) (wait time.Duration, again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		h.odd, h.example = h.odd+1, err.Error()
	case response.StatusCode == http.StatusOK:
		h.done++
		h.times = append(h.times, took)
	case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
		h.shed++
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(seconds) * time.Second, true
	default:
		h.odd, h.example = h.odd+1, response.Status
	}
	return 0, false
}

// storm lets people choose, first alone and then while others log in all at once.
func (b *bench) storm(ctx context.Context) error {
	alone := b.chooseUntil(ctx, time.After(4*b.length))
	over := make(chan time.Time)
	memory := b.watch(ctx, over)
	var logIns heard
	begun := time.Now()
	go func() {
		defer close(over)
		b.logAllIn(ctx, &logIns)
	}()
	during := b.chooseUntil(ctx, over)
	took := time.Since(begun)
	p99 := func(h *heard) time.Duration {
		slices.Sort(h.times)
		return rush.Percentile(h.times, 99)
	}
	first, second := p99(alone), p99(during)
	fmt.Printf("%d people choose, each every %s: p99 %.1f ms alone, %.1f ms in a storm of %d log-ins: %.2f times\n",
		b.choosers, b.pause, ms(first), ms(second), b.logIns, second.Seconds()/first.Seconds())
	fmt.Printf(
		"the storm: %d of %d in after %.1f s, %d answers of 503 with Retry-After, p99 of a log-in that was taken %.0f ms\n",
		logIns.done,
		b.logIns,
		took.Seconds(),
		logIns.shed,
		ms(p99(&logIns)),
	)
	fmt.Printf("choices: %d alone, %d in the storm, of these 503 with Retry-After: %d and %d\n",
		alone.done, during.done, alone.shed, during.shed)
	fmt.Printf("the auth server's memory: at most %.0f MB\n", float64(<-memory)/1024)
	if odd := alone.odd + during.odd + logIns.odd; odd > 0 {
		return fmt.Errorf(
			"%d requests got no answer, or another than these: %s%s%s",
			odd,
			alone.example,
			during.example,
			logIns.example,
		)
	}
	return nil
}

// chooseUntil lets people choose, each thinking between two requests, until the end.
func (b *bench) chooseUntil(ctx context.Context, end <-chan time.Time) *heard {
	h := new(heard)
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for id := 1; id <= b.choosers; id++ {
		all.Go(func() {
			wait := time.Duration(rand.Int64N(int64(b.pause)))
			for {
				select {
				case <-ctx.Done():
					return
				case <-time.After(wait):
				}
				begun := time.Now()
				response, err := b.choose(context.WithoutCancel(ctx), b.auth, id)
				h.note(time.Since(begun), response, err)
				wait = b.pause/2 + time.Duration(rand.Int64N(int64(b.pause)))
			}
		})
	}
	<-end
	stop()
	all.Wait()
	return h
}

// logAllIn lets everybody else log in at the same moment. Whoever is sent away comes again when the server says.
func (b *bench) logAllIn(ctx context.Context, h *heard) {
	var all sync.WaitGroup
	for i := range b.logIns {
		all.Go(func() {
			body := fmt.Appendf(nil, `{"login":%d,"password":%q}`, firstCard+b.choosers+1+i, typed)
			for ctx.Err() == nil {
				begun := time.Now()
				response, err := b.ask(ctx, b.auth, 0, http.MethodPost, "/auth/login", body)
				wait, again := h.note(time.Since(begun), response, err)
				if !again {
					return
				}
				time.Sleep(wait + time.Duration(rand.Int64N(int64(time.Second))))
			}
		})
	}
	all.Wait()
}

// watch sends the most memory that the auth server had, in KB, when the storm is over.
func (b *bench) watch(ctx context.Context, over <-chan time.Time) <-chan int {
	found := make(chan int, 1)
	go func() {
		most := 0
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.auth.PID()))
			for line := range strings.Lines(string(status)) {
				if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
					n, _ := strconv.Atoi(fields[1])
					most = max(most, n)
				}
			}
			select {
			case <-over:
				found <- most
				return
			case <-ctx.Done():
				found <- most
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return found
}
