package db_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

var plansTimes = flag.Bool("plans.times", false,
	"time all that can be called over 20,000 students, with JIT and statistics and without (make bench-plans)")

var plansOnly = flag.String(
	"plans.only",
	"",
	"time what this regular expression finds, such as visit_lessons|enrol_group",
)

// conditions are those under which everything is timed; the first is what the others are compared with.
var conditions = []struct {
	name       string
	jit        string
	statistics bool
}{
	{"jit off, statistics", "off", true},
	{"jit on, statistics", "on", true},
	{"jit off, no statistics", "off", false},
	{"jit on, no statistics", "on", false},
}

const (
	// worthLooking is what a call must take under some condition to count.
	worthLooking = 5 * time.Millisecond
	// mostRatio is how many times as long a call may take under another condition.
	mostRatio = 1.5
)

// timesKnown lists what is slower than mostRatio under some condition and may be, and why. Times scatter on a busy
// machine, so `make bench-plans` prints what it finds; what fails a test by itself is TestBlocksReadAreBounded.
var timesKnown = map[string]string{}

// TestTimesDependOnNoServerSetting times every view and function of api, and every function and job of wire, over
// 20,000 students and years of data: with JIT and without, with statistics and as a restored dump is without them.
// What takes over 5 ms, and 1.5 times as long as without JIT and with statistics, is listed and fails.
func TestTimesDependOnNoServerSetting(t *testing.T) {
	if !*plansTimes {
		t.Skip("make bench-plans runs it")
	}
	pooled := largeGym(t)
	only := regexp.MustCompile(*plansOnly)
	everything := slices.DeleteFunc(
		everything(t, pooled.Conn()),
		func(n named) bool { return !only.MatchString(n.name) },
	)
	require.NotEmpty(t, everything, "nothing is called %s", only)
	config := pooled.Conn().Config()
	times := map[string][]time.Duration{}
	statistics := true
	for i, c := range conditions {
		if statistics && !c.statistics {
			_, err := pooled.Exec(t.Context(), noStatistics)
			require.NoError(t, err)
			statistics = false
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "set jit = "+c.jit+"; set max_parallel_workers_per_gather = 0")
		require.NoError(t, err)
		began := time.Now()
		for _, e := range everything {
			for n, example := range e.examples {
				name := e.name
				if n > 0 {
					name += fmt.Sprintf(" (%d)", n+1)
				}
				times[name] = append(times[name], timeOf(t, conn, example))
			}
		}
		require.NoError(t, conn.Close(t.Context()))
		t.Logf("%-24s %3.0f s for %d calls", c.name, time.Since(began).Seconds(), len(times))
		require.Len(t, times[everything[0].name], i+1)
	}

	type slow struct {
		name  string
		ratio float64
		took  []time.Duration
	}
	var list []slow
	for name, took := range times {
		if *plansOnly != "" {
			t.Logf("%-32s %v", name, took)
		}
		if slices.Max(took) < worthLooking {
			continue
		}
		if ratio := float64(slices.Max(took)) / float64(took[0]); ratio > mostRatio {
			list = append(list, slow{name, ratio, took})
		}
	}
	slices.SortFunc(list, func(a, b slow) int { return cmp.Compare(b.ratio, a.ratio) })
	t.Logf(
		"over %v, and %v times what it takes with jit off and statistics: %d of %d",
		worthLooking,
		mostRatio,
		len(list),
		len(times),
	)
	for _, s := range list {
		line := fmt.Sprintf("%-32s %5.1f ", s.name, s.ratio)
		for _, took := range s.took {
			line += fmt.Sprintf("%10.2f ms", float64(took.Microseconds())/1000)
		}
		base, _, _ := strings.Cut(strings.TrimPrefix(s.name, "view "), " (")
		if reason, known := timesKnown[base]; known {
			t.Log(line + "  " + reason)
		} else {
			t.Error(line)
		}
	}
}

// timeOf is the least time of some calls of the example, which leave nothing, once its plans are made: of a core,
// where that can be told, since a busy machine lets a call wait.
func timeOf(t *testing.T, conn *pgx.Conn, example string) time.Duration {
	t.Helper()
	exec := func(sql string) {
		t.Helper()
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, example)
	}
	example = strings.TrimPrefix(strings.TrimSuffix(example, " rollback;"), "begin; ")
	exec("begin")
	defer exec("rollback")
	var least, all time.Duration
	// a call that takes long is not repeated as often
	for n := 0; n < 2 || n < 6 && all < 60*time.Millisecond; n++ {
		exec("savepoint before")
		began := onCore(conn)
		exec(example)
		took := onCore(conn) - began
		exec("rollback to savepoint before")
		if n == 0 || took < least {
			least = took
		}
		all += took
	}
	return least
}

// started is when the clock was at zero where there is no better one.
var started = time.Now()

// onCore is the time that the connection's back end has spent on a core; where the system does not tell, the time
// that passed.
func onCore(conn *pgx.Conn) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", conn.PgConn().PID()))
	var spent int64
	if err == nil {
		_, err = fmt.Sscan(string(text), &spent)
	}
	if err != nil {
		return time.Since(started)
	}
	return time.Duration(spent)
}
