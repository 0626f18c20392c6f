package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
)

// Result is what a run found out, and where.
type Result struct {
	Machine  Machine
	Versions Versions
	Settings map[string]string // of PostgreSQL
	Seed     uint64
	Seconds  float64 // of a sustained figure
	Started  time.Time
	Took     float64
	Others   float64  // share of the cores' time that other programs had meanwhile
	Notes    []string `json:",omitempty"`
	Figures  []*Figure
}

// Machine is what it was measured on.
type Machine struct {
	CPU      string
	Cores    int
	MemoryGB float64
	Kernel   string
}

// Versions are those of the programs.
type Versions struct{ PostgreSQL, Go, Commit string }

// Figure is one number, measured as often as the run was repeated.
type Figure struct {
	Part, Name, Unit string
	Values           []float64
	// Limit names the figure of the same part, or of limits, that this one is set against; Ratio is this one in units
	// of it.
	Limit string  `json:",omitempty"`
	Ratio float64 `json:",omitempty"`
	// AtLeast and AtMost are targets, of the ratio where there is a limit; 0 where there is none.
	AtLeast, AtMost float64 `json:",omitempty"`
}

// Median of the values.
func (f *Figure) Median() float64 {
	sorted := slices.Sorted(slices.Values(f.Values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// Target says what was aimed at and whether it was met; "" where nothing was.
func (f *Figure) Target() string {
	value := f.Ratio
	if f.Limit == "" {
		value = f.Median()
	}
	var aim string
	var met bool
	switch {
	case f.AtLeast != 0:
		aim, met = fmt.Sprintf("≥ %s", short(f.AtLeast)), value >= f.AtLeast
	case f.AtMost != 0:
		aim, met = fmt.Sprintf("≤ %s", short(f.AtMost)), value <= f.AtMost
	default:
		return ""
	}
	if met {
		return aim + " met"
	}
	return aim + " MISSED"
}

// add enters a value: another one where the figure is there from the round before.
func (b *bench) add(part, name, unit string, value float64) *Figure {
	if f := b.result.find(part, name); f != nil {
		f.Values = append(f.Values, value)
		return f
	}
	f := &Figure{Part: part, Name: name, Unit: unit, Values: []float64{value}}
	b.result.Figures = append(b.result.Figures, f)
	return f
}

// of sets the figure against another.
func (f *Figure) of(limit string) *Figure {
	f.Limit = limit
	return f
}

func (r *Result) find(part, name string) *Figure {
	for _, f := range r.Figures {
		if f.Part == part && f.Name == name {
			return f
		}
	}
	return nil
}

// settle computes the ratios. A limit that was not measured is forgotten.
func (r *Result) settle() {
	for _, f := range r.Figures {
		f.Ratio = 0
		limit := cmp.Or(r.find(f.Part, f.Limit), r.find("limits", f.Limit))
		if limit != nil && limit.Median() != 0 {
			f.Ratio = f.Median() / limit.Median()
			continue
		}
		if f.Limit != "" {
			f.Limit, f.AtLeast, f.AtMost = "", 0, 0
		}
	}
}

func newResult(ctx context.Context, conn *pgx.Conn, s settings) (*Result, error) {
	r := &Result{
		Machine:  Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS},
		Versions: Versions{Go: runtime.Version(), Commit: "unknown"},
		Settings: map[string]string{},
		Seed:     s.seed, Seconds: s.seconds, Started: time.Now().UTC().Truncate(time.Second),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(text); found != nil {
			r.Machine.CPU = string(found[1])
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes float64
		_, _ = fmt.Sscanf(string(text), "MemTotal: %f kB", &kilobytes)
		r.Machine.MemoryGB = float64(int(kilobytes/1e5)) / 10
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.Machine.Kernel = runtime.GOOS + " " + strings.TrimSpace(string(text))
	}
	if text, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude", "*").Output(); err == nil {
		r.Versions.Commit = strings.TrimSpace(string(text))
	}
	rows, err := conn.Query(
		ctx,
		`select name, current_setting(name) from unnest(array['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_connections']) name`,
	)
	if err != nil {
		return nil, fmt.Errorf("asking for the settings: %w", err)
	}
	var name, value string
	if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { r.Settings[name] = value; return nil }); err != nil {
		return nil, fmt.Errorf("asking for the settings: %w", err)
	}
	r.Versions.PostgreSQL = r.Settings["server_version"]
	delete(r.Settings, "server_version")
	return r, nil
}

func (r *Result) heading() string {
	return fmt.Sprintf(
		"%s, %d cores, %.1f GB, %s\nPostgreSQL %s, %s, commit %s, seed %d, %s s a figure; fsync %s, synchronous_commit %s, shared_buffers %s; %s",
		r.Machine.CPU,
		r.Machine.Cores,
		r.Machine.MemoryGB,
		r.Machine.Kernel,
		r.Versions.PostgreSQL,
		r.Versions.Go,
		r.Versions.Commit,
		r.Seed,
		short(r.Seconds),
		r.Settings["fsync"],
		r.Settings["synchronous_commit"],
		r.Settings["shared_buffers"],
		r.Started.Format(time.RFC3339),
	)
}

// print writes the table.
func (r *Result) print(out io.Writer) error {
	r.settle()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	last := ""
	for _, f := range r.Figures {
		if f.Part != last {
			fmt.Fprintf(table, "%s\t\t\t\t\n", strings.ToUpper(f.Part))
			last = f.Part
		}
		ratio := ""
		if f.Limit != "" {
			ratio = fmt.Sprintf("%.2f of %s", f.Ratio, f.Limit)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", f.Name, short(f.Median()), f.Unit, ratio, f.Target())
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	fmt.Fprintf(
		out,
		"\nmeasured in %.0f s; other programs had %.0f %% of the cores meanwhile%s\n",
		r.Took,
		100*r.Others,
		r.warning(),
	)
	return nil
}

// quiet is the share of other programs up to which figures mean something.
const quiet = 0.1

func (r *Result) warning() string {
	if r.Others > quiet {
		return ": TOO MUCH, measure again on a quiet machine"
	}
	return ""
}

// short writes a number with three digits that count, or all of the whole ones.
func short(v float64) string {
	switch {
	case v == float64(int64(v)) || v >= 100:
		return thousands(int64(v + 0.5))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func (r *Result) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}

func readResult(path string) (*Result, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading figures: %w", err)
	}
	r := new(Result)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("reading figures of %s: %w", path, err)
	}
	return r, nil
}
