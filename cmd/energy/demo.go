package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"energiya/db"
	"energiya/internal/config"
	"energiya/internal/crowd/past"
	"energiya/internal/crowd/rush"
	"energiya/internal/listening"
	"energiya/internal/tokens"
)

// demoCards is the first of the cards that invented people have: the administrator, the coach, and the students after
// them.
const demoCards = 2_000_000_000

// maxDemoStudents keeps the cards within what an integer holds.
const maxDemoStudents = 100_000

// demo is what the flags say.
type demo struct {
	url         string
	students    int
	connections int
	tries       int
	seed        uint64
	force       bool

	token    string
	settings *config.Settings
	out      io.Writer
	conn     *pgx.Conn
}

func newDemo() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a month and the opening minute with invented people",
		Long: `Invent a coach and students, play last month and this one up to yesterday under the session's clock, then open enrolment
on the running server and play the opening minute over HTTP: every student at once. What came of it is printed as a table.

All that it makes is marked as such: the groups of invented people begin with ДЕМО-. At the end a student, the coach and
the administrator get random passwords, which are printed once; nobody can log in as one of the others. It can be run
again: the people are used again, months are played once. A database with students or coaches who are not invented is refused,
since the invented ones take real seats.

Log in as the database's owner; the server must be running on the same database ("make run" in another window). Enrolment stays open
by hand afterwards. The exit code is 2 where the audit finds something, 1 where a request failed or a promised seat is not there.

` + settings(config.DatabaseURL, "Listen", "AuthListen", "Token", "TokenFile"),
		Example: `  make demo
  make demo DEMO='--students 2000'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := config.Load()
			if err != nil {
				return err
			}
			if d.students < 1 || d.students > maxDemoStudents {
				return fmt.Errorf("--students %d: it may be 1 to %d", d.students, maxDemoStudents)
			}
			if d.url == "" {
				address, err := runningServer(s)
				if err != nil {
					return err
				}
				d.url = "http://" + reachable(address)
			}
			if d.token, err = ownToken(s); err != nil {
				return err
			}
			if d.conn, err = db.Connect(cmd.Context(), s.Database().ConnConfig); err != nil {
				return err
			}
			defer func() { _ = d.conn.Close(context.WithoutCancel(cmd.Context())) }()
			d.out, d.settings = cmd.OutOrStdout(), s
			return d.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&d.url, "url", "",
		"where the server is (default http://ENERGY_LISTEN, or where the running server says that it listens)")
	flags.IntVar(&d.students, "students", 600, "how many students there are")
	flags.Uint64Var(&d.seed, "seed", 1, "fixes who wants what, and who comes to lessons")
	flags.IntVar(&d.connections, "connections", 256, "connections that all of them share, as behind an auth server")
	flags.IntVar(&d.tries, "tries", 5, "how often a student presses the button at most")
	flags.BoolVar(&d.force, "force", false, "play even where there are people who are not invented")
	return cmd
}

// runningServer returns the address of the server to play on: ENERGY_LISTEN where it is set, else the one that the
// running server left a note of, else the default.
func runningServer(s *config.Settings) (string, error) {
	if _, set := os.LookupEnv("ENERGY_LISTEN"); set {
		return s.Listen, nil
	}
	found, err := listening.Find(filepath.Dir(s.TokenFile), listening.Serve)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return s.Listen, nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("several servers run here, at %s: name one of them by ENERGY_LISTEN or --url",
		strings.Join(found, ", "))
}

// reachable is where a server that listens on address is reached from here.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// ownToken is the token that energy serve would take, which is not made here.
func ownToken(s *config.Settings) (string, error) {
	if len(s.Token) > 0 {
		return s.Token[0], nil
	}
	list, err := tokens.Read(s.TokenFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf(
			"there is no token file %s: start the server first (make run), or set ENERGY_TOKEN",
			s.TokenFile,
		)
	}
	if err != nil {
		return "", err
	}
	return list[0], nil
}

const (
	sqlMayMove = `select rules.may_move_clock()`

	sqlRealPeople = `
select count(*) from gym.users u where u.role <> 'ADMIN' and u."group" not like 'ДЕМО-%'`

	// no password is a SHA-256 of '-': nobody can log in
	sqlInventStaff = `
insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role)
values ($1, 'Анна', 'Демьяновна', 'Демоадмин', 'ДЕМО-АДМИН', '-', 'ADMIN'),
       ($1 + 1, 'Иван', 'Демьянович', 'Демотренер', 'ДЕМО-ТРЕНЕР', '-', 'COACH')
on conflict (student_card) do nothing`

	sqlInventStudents = `
insert into gym.users (student_card, firstname, surname, secondname, "group", hid, role)
select $1 + 1 + n,
       (array['Анна','Борис','Вера','Глеб','Дарья','Егор','Жанна','Захар','Ирина','Кирилл','Лидия','Максим','Нина'])[1 + n % 13],
       (array['Олеговна','Олегович'])[1 + n % 13 % 2],
       (array['Акулов','Белов','Волков','Гусев','Дроздов','Ершов','Жуков','Зайцев','Котов','Лосев','Медведев'])[1 + n / 13 % 11]
         || case n % 13 % 2 when 0 then 'а' else '' end,
       'ДЕМО-' || to_char(1 + (n - 1) / 25, 'FM0000'), '-', 'STUDENT'
  from generate_series(1, $2::integer) n
on conflict (student_card) do nothing`

	sqlInvented = `
select u.id from gym.users u
 where u.student_card >= $1 and u.role = any ($2::text[]::gym.userrole[]) and u."group" like 'ДЕМО-%' and not u.deleted
 order by u.student_card limit $3`

	sqlHeldBefore = `
select e.user_id from gym.enrolments e
 where e.month = rules.next_month() and e.cancelled_at is null and e.user_id = any ($1) group by e.user_id order by e.user_id`

	sqlGiveUp = `select wire.entry_create($1, '{"selectedTimes":[]}', 'demo')`
)

func (d *demo) run(ctx context.Context) error {
	if err := d.check(ctx); err != nil {
		return err
	}
	if _, err := d.conn.Exec(ctx, sqlInventStaff, demoCards); err != nil {
		return fmt.Errorf("inventing a coach: %w", err)
	}
	if _, err := d.conn.Exec(ctx, sqlInventStudents, demoCards, d.students); err != nil {
		return fmt.Errorf("inventing students: %w", err)
	}
	admin, err := d.invented(ctx, 1, "ADMIN")
	if err != nil {
		return err
	}
	coach, err := d.invented(ctx, 1, "COACH")
	if err != nil {
		return err
	}
	students, err := d.invented(ctx, d.students, "STUDENT", "BLOCKED")
	if err != nil {
		return err
	}
	fmt.Fprintf(
		d.out,
		"people    %d students, a coach and an administrator (groups ДЕМО-…, cards from %d)\n",
		len(students),
		demoCards,
	)

	if err := d.playPast(ctx, students, coach[0]); err != nil {
		return err
	}
	if err := d.open(ctx, admin[0], students); err != nil {
		return err
	}
	report, err := d.rush(ctx, students)
	if err != nil {
		return err
	}
	return d.print(ctx, students, report)
}

// check refuses before anything is made.
func (d *demo) check(ctx context.Context) error {
	var may bool
	if err := d.conn.QueryRow(ctx, sqlMayMove).Scan(&may); err != nil {
		return fmt.Errorf("looking at the database (is it migrated? `energy migrate`): %w", err)
	}
	if !may {
		return errors.New(
			"the demo moves the session's clock, which only the database's owner may: log in as the owner (DATABASE_URL)",
		)
	}
	var real int
	if err := d.conn.QueryRow(ctx, sqlRealPeople).Scan(&real); err != nil {
		return fmt.Errorf("looking for real people: %w", err)
	}
	if real > 0 && !d.force {
		return fmt.Errorf(
			"there are %d students or coaches in this database who are not invented, and the demo would take their seats: use another database, or --force",
			real,
		)
	}
	// the server must be there before the past is played
	if err := d.ask(ctx, http.MethodGet, "/new/get", "None", nil); err != nil {
		return fmt.Errorf("asking the server (is it running? `make run`): %w", err)
	}
	return nil
}

// invented gives the ids of n invented people of the roles.
func (d *demo) invented(ctx context.Context, n int, roles ...string) ([]int, error) {
	rows, err := d.conn.Query(ctx, sqlInvented, demoCards, roles, n)
	if err != nil {
		return nil, fmt.Errorf("looking for invented people: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, fmt.Errorf("looking for invented people: %w", err)
	}
	if len(ids) < n {
		return nil, fmt.Errorf(
			"only %d of %d invented people with the role %s are there: others have their cards (from %d), or they were deleted",
			len(ids),
			n,
			roles[0],
			demoCards,
		)
	}
	return ids, nil
}

func (d *demo) playPast(ctx context.Context, students []int, coach int) error {
	line := d.line()
	played, err := past.Play(ctx, past.Options{
		Conn: d.conn, Students: students, Coach: coach, Seed: d.seed,
		Progress: func(day time.Time, r past.Report) {
			line.show("past      %s  %d lessons marked, %d absences", day.Format("02.01.2006"), r.Lessons, r.Absent)
		},
	})
	if err != nil {
		line.end("")
		return fmt.Errorf("playing the past: %w", err)
	}
	if played == (past.Report{}) {
		line.end("past      played before\n")
		return nil
	}
	line.end("past      last month and this one to yesterday: %d seats taken, %d lessons marked, %d forgotten\n"+
		"          by the coach; %d times present, %d absent, %d absent with a good reason\n",
		played.Seats, played.Lessons, played.Forgotten, played.Present, played.Absent, played.Excused)
	return nil
}

// open opens enrolment as an administrator does, and clears away what an earlier demo booked.
func (d *demo) open(ctx context.Context, admin int, students []int) error {
	before, err := d.turns(ctx, admin)
	if err != nil {
		return err
	}
	if err := d.ask(ctx, http.MethodPost, "/entry/change-open", strconv.Itoa(admin), map[string]any{"status": true}); err != nil {
		return fmt.Errorf("opening enrolment (does the server work on this very database?): %w", err)
	}
	after, err := d.turns(ctx, admin)
	if err != nil {
		return err
	}
	if after == before {
		return fmt.Errorf(
			"the server at %s works on another database than this one: name its own by DATABASE_URL",
			d.url,
		)
	}
	rows, err := d.conn.Query(ctx, sqlHeldBefore, students)
	if err != nil {
		return fmt.Errorf("looking for seats of an earlier demo: %w", err)
	}
	holders, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return fmt.Errorf("looking for seats of an earlier demo: %w", err)
	}
	for _, student := range holders {
		if _, err := d.conn.Exec(ctx, sqlGiveUp, student); err != nil {
			return fmt.Errorf("giving up the seats of an earlier demo: %w", err)
		}
	}
	return nil
}

// turns counts how often the administrator opened by hand: so it shows whether the server works on this database.
func (d *demo) turns(ctx context.Context, admin int) (n int, err error) {
	if err := d.conn.QueryRow(ctx, "select count(*) from gym.manual_turns where made_by = $1", admin).Scan(&n); err != nil {
		return 0, fmt.Errorf("looking for the opening: %w", err)
	}
	return n, nil
}

func (d *demo) rush(ctx context.Context, students []int) (*rush.Report, error) {
	line := d.line()
	report, err := rush.Run(ctx, rush.Options{
		URLs: []string{
			d.url,
		}, Token: d.token, Students: students, Seed: d.seed, Connections: d.connections, Tries: d.tries,
		Progress: func(p rush.Progress) {
			line.show("opening   %5.1f s  %d of %d answered, %d requests, %d seats booked, %d failed",
				p.After.Seconds(), p.Answered, p.Students, p.Requests, p.Seats, p.Unanswered)
		},
	})
	if err != nil {
		line.end("")
		return nil, fmt.Errorf("playing the opening minute: %w", err)
	}
	line.end("opening   %d students at once over %d connections: %d requests in %s\n\n",
		len(students), min(d.connections, len(students)), report.Requests(), milliseconds(report.Took))
	return report, nil
}

// print tells what came of it. Everything that must hold and does not is the error.
func (d *demo) print(ctx context.Context, students []int, report *rush.Report) error {
	seats, err := d.printSeats(ctx)
	if err != nil {
		return err
	}
	d.printAnswers(report, seats)
	if err := d.printBlocked(ctx); err != nil {
		return err
	}
	broken, err := d.brokenPromises(ctx, students, report)
	if err != nil {
		return err
	}
	audit, err := d.audit(ctx)
	if err != nil {
		return err
	}
	violations, oversold := int64(0), int64(0)
	for _, i := range audit {
		violations += i.Violations
		if i.Invariant == "capacity_held" || i.Invariant == "counter_equals_rows" {
			oversold += i.Violations
		}
	}
	fmt.Fprintf(
		d.out,
		"oversold %d   failed %d   promised seats that are not there %d   audit: %d invariants, %d violations\n",
		oversold,
		report.Answers[rush.Failed],
		broken,
		len(audit),
		violations,
	)
	for _, failure := range report.Failures {
		fmt.Fprintf(d.out, "  %v\n", failure)
	}
	if err := d.printNext(ctx); err != nil {
		return err
	}
	if err := d.printLogIns(ctx); err != nil {
		return err
	}
	switch {
	case violations > 0:
		return errViolations
	case report.Answers[rush.Failed] > 0 || broken > 0:
		return errors.New("not every request was answered, or not every promise kept: see above")
	}
	return nil
}

const sqlSeats = `
select s.weekday, to_char(s.starts_at, 'HH24:MI'), s.taken, s.capacity, to_char(s.month, 'MM-YYYY')
  from gym.slots s where s.month = rules.next_month() and s.deleted_at is null order by s.starts_at, s.weekday`

// printSeats draws the week, and gives how many seats there are.
func (d *demo) printSeats(ctx context.Context) (seats int, err error) {
	rows, err := d.conn.Query(ctx, sqlSeats)
	if err != nil {
		return 0, fmt.Errorf("reading the slots: %w", err)
	}
	type slot struct {
		Weekday         int
		At              string
		Taken, Capacity int
		Month           string
	}
	slots, err := pgx.CollectRows(rows, pgx.RowToStructByPos[slot])
	if err != nil {
		return 0, fmt.Errorf("reading the slots: %w", err)
	}
	if len(slots) == 0 {
		return 0, nil
	}
	week := map[string]*[7]string{}
	sold := 0
	for _, s := range slots {
		if week[s.At] == nil {
			week[s.At] = new([7]string)
		}
		week[s.At][s.Weekday] = fmt.Sprintf("%d/%d", s.Taken, s.Capacity)
		sold, seats = sold+s.Taken, seats+s.Capacity
	}
	fmt.Fprintf(d.out, "Seats sold for %s: %d of %d\n", slots[0].Month, sold, seats)
	tabs := tabwriter.NewWriter(d.out, 9, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tabs, "\tMon\tTue\tWed\tThu\tFri\tSat\tSun\t")
	for _, at := range slices.Sorted(maps.Keys(week)) {
		fmt.Fprintf(tabs, "%s\t%s\t\n", at, strings.Join(week[at][:], "\t"))
	}
	return seats, tabs.Flush()
}

func (d *demo) printAnswers(r *rush.Report, seats int) {
	fmt.Fprintln(d.out, "\nAnswers to a choice")
	tabs := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, kind := range rush.Kinds() {
		fmt.Fprintf(tabs, "  %s\t%6d\n", kind, r.Answers[kind])
		if kind != rush.Refused {
			continue
		}
		for _, sentence := range slices.Sorted(maps.Keys(r.Refusals)) {
			fmt.Fprintf(tabs, "    %s\t%6d\n", shorten(sentence, 60), r.Refusals[sentence])
		}
	}
	_ = tabs.Flush() // what can't be printed here can't be printed below either

	fmt.Fprintln(d.out, "\nLatency, from the press of the button")
	tabs = tabwriter.NewWriter(d.out, 10, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tabs, "requests\tp50\tp95\tp99\tmax\t")
	for _, l := range []struct {
		what      string
		latencies []time.Duration
	}{{"choices (entry/create)", r.Choices}, {"free seats (avtime/get)", r.Lists}} {
		fmt.Fprintf(tabs, "%d\t%s\t%s\t%s\t%s\t  %s\n", len(l.latencies),
			milliseconds(rush.Percentile(l.latencies, 50)), milliseconds(rush.Percentile(l.latencies, 95)),
			milliseconds(rush.Percentile(l.latencies, 99)), milliseconds(rush.Percentile(l.latencies, 100)), l.what)
	}
	_ = tabs.Flush()
	held := [4]int{}
	for _, slots := range r.Held {
		held[min(3, len(slots))]++
	}
	fmt.Fprintf(
		d.out,
		"  every student had an answer after %s, the last seat went after %s\n",
		milliseconds(r.Answered),
		milliseconds(r.LastSeat),
	)
	fmt.Fprintf(d.out, "  %d students got three seats, %d two, %d one; %d got none of the %d\n\n",
		held[3], held[2], held[1], d.students-held[1]-held[2]-held[3], seats)
}

const sqlBlocked = `
select to_char(b.month, 'MM-YYYY'), r.student_card, r.name, r."group",
       (select string_agg(to_char(a, 'DD.MM'), ', ' order by a) from unnest(b.absences) a), count(*) over ()
  from gym.blocks b join rules.roll r on r.user_id = b.user_id
 where b.lifted_at is null and b.month >= (rules.this_month() - interval '1 month')::date
 order by b.month desc, r.place, r.user_id
 limit 10`

func (d *demo) printBlocked(ctx context.Context) error {
	rows, err := d.conn.Query(ctx, sqlBlocked)
	if err != nil {
		return fmt.Errorf("reading who is blocked: %w", err)
	}
	type blocked struct {
		Month         string
		Card          int
		Person, Group string
		Absences      string
		All           int
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[blocked])
	if err != nil {
		return fmt.Errorf("reading who is blocked: %w", err)
	}
	if len(list) == 0 {
		fmt.Fprint(d.out, "Nobody is blocked.\n\n")
		return nil
	}
	fmt.Fprintf(d.out, "Blocked by absences of last month and this one: %d", list[0].All)
	if list[0].All > len(list) {
		fmt.Fprintf(d.out, ", of whom %d", len(list))
	}
	fmt.Fprintln(d.out)
	tabs := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tabs, "  month\tcard\tperson\tgroup\tabsences")
	for _, b := range list {
		fmt.Fprintf(tabs, "  %s\t%d\t%s\t%s\t%s\n", b.Month, b.Card, b.Person, b.Group, b.Absences)
	}
	fmt.Fprintln(tabs)
	return tabs.Flush()
}

const sqlHeldNow = `
select e.user_id, array_agg(e.slot_id order by e.slot_id) from gym.enrolments e
 where e.month = rules.next_month() and e.cancelled_at is null and e.user_id = any ($1) group by e.user_id`

// brokenPromises counts students whose seats are not those that they were last told of.
func (d *demo) brokenPromises(ctx context.Context, students []int, report *rush.Report) (int, error) {
	rows, err := d.conn.Query(ctx, sqlHeldNow, students)
	if err != nil {
		return 0, fmt.Errorf("comparing the promises: %w", err)
	}
	held := map[int][]int{}
	var student int
	var slots []int
	if _, err := pgx.ForEachRow(rows, []any{&student, &slots}, func() error {
		held[student] = slices.Clone(slots)
		return nil
	}); err != nil {
		return 0, fmt.Errorf("comparing the promises: %w", err)
	}
	broken := 0
	for _, student := range students {
		if !slices.Equal(slices.Sorted(slices.Values(report.Held[student])), held[student]) {
			broken++
		}
	}
	return broken, nil
}

func (d *demo) audit(ctx context.Context) ([]invariant, error) {
	rows, err := d.conn.Query(ctx, sqlAudit)
	if err != nil {
		return nil, fmt.Errorf("auditing: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[invariant])
}

// sqlToShow: a card of which the ledger tells, the month that students choose for, and where absences are seen: a
// month has none before the day after its first lesson.
const sqlToShow = `
select coalesce(
         (select u.student_card from gym.ledger l join gym.users u on u.id = l.user_id
           where u."group" like 'ДЕМО-%' order by l.id desc limit 1), $1 + 2),
       to_char(rules.next_month(), 'MM-YYYY'),
       case when exists (select from api.absences()) then 'api.absences'
            else 'api.attendance where is_marked = ''absent''' end`

// printNext names statements to look further with; each of them finds something.
func (d *demo) printNext(ctx context.Context) error {
	var card int
	var month, absences string
	if err := d.conn.QueryRow(ctx, sqlToShow, demoCards).Scan(&card, &month, &absences); err != nil {
		return fmt.Errorf("looking for something to show: %w", err)
	}
	fmt.Fprintf(d.out, `
To look further: make psql
  select * from api.enrolment;
  select * from api.enrolled where month = '%s' limit 20;
  select * from %s limit 20;
  select * from api.ledger where card = %d;
  select * from api.schedule();
`, month, absences, card)
	return nil
}

// ask calls an endpoint and wants nothing but success.
func (d *demo) ask(ctx context.Context, method, path, actor string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	sent := new(bytes.Buffer)
	if body != nil {
		if err := json.NewEncoder(sent).Encode(body); err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(d.url, "/")+"/api/v1"+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Token", d.token)
	request.Header.Set("user-id", actor)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var envelope struct {
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
	}
	if err := json.NewDecoder(response.Body).Decode(&envelope); err != nil {
		return fmt.Errorf("%s is no server of ours: %w", d.url, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d %s: %s", path, response.StatusCode, envelope.Type, envelope.Message)
	}
	return nil
}

// progressLine is one line that is written over itself; where no person looks on, only its end is written.
type progressLine struct {
	out      io.Writer
	terminal bool
	width    int
}

func (d *demo) line() *progressLine {
	file, ok := d.out.(*os.File)
	return &progressLine{out: d.out, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (l *progressLine) show(format string, args ...any) {
	if !l.terminal {
		return
	}
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(l.out, "\r%-*s", l.width, text)
	l.width = max(l.width, len([]rune(text)))
}

func (l *progressLine) end(format string, args ...any) {
	if l.terminal {
		fmt.Fprintf(l.out, "\r%*s\r", l.width, "")
	}
	fmt.Fprintf(l.out, format, args...)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// shorten cuts a text to n characters.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}
