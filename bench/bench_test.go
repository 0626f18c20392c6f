package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// figures of two runs, whose machine got half as fast.
func figures(factor float64) *Result {
	b := &bench{result: &Result{Machine: Machine{CPU: "test", Cores: 2}}}
	b.add("limits", "fsync", "/s", 5_000*factor)
	b.add("change", "pgbench: choice changed", "/s", 1_000*factor)
	b.add("change", "8 clients", "requests/s", 600*factor).of("pgbench: choice changed").AtLeast = 0.7
	b.add("change", "8 clients", "requests/s", 800*factor)
	b.add("growth", "entry/create, ×1", "ms", 1/factor)
	b.add("growth", "entry/create, history ×100", "ms", 2/factor).of("entry/create, ×1")
	b.add("rush", "everybody", "/s", 1).of("nobody").AtLeast = 3
	b.result.settle()
	return b.result
}

func TestFiguresAreSetAgainstTheirLimits(t *testing.T) {
	t.Parallel()
	r := figures(1)
	http := r.find("change", "8 clients")
	require.InDelta(t, 700, http.Median(), 1e-9)
	require.InDelta(t, 0.7, http.Ratio, 1e-9)
	require.Equal(t, "≥ 0.700 met", http.Target())
	http.Values = []float64{100, 200, 3_000}
	r.settle()
	require.InDelta(t, 0.2, http.Ratio, 1e-9)
	require.Equal(t, "≥ 0.700 MISSED", http.Target())
	alone := r.find("rush", "everybody")
	require.Empty(t, alone.Limit+alone.Target(), "what was not measured is no limit")

	var table bytes.Buffer
	require.NoError(t, r.print(&table))
	require.Regexp(
		t,
		`(?m)^  8 clients +200 +requests/s +0\.20 of pgbench: choice changed +≥ 0\.700 MISSED$`,
		table.String(),
	)
}

func TestFiguresSurviveTheirFile(t *testing.T) {
	t.Parallel()
	r := figures(1)
	file := filepath.Join(t.TempDir(), "figures.json")
	require.NoError(t, r.write(file))
	read, err := readResult(file)
	require.NoError(t, err)
	require.Equal(t, r, read)
}

func TestComparisonShowsThatOnlyTheMachineChanged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, compare(&out, figures(1), figures(0.5)))
	require.Regexp(t, `(?m)^change: 8 clients +700 +350 +requests/s +0\.50 +0\.70 +0\.70$`, out.String())
	require.Contains(
		t,
		lines(figures(1)),
		"BenchmarkEnergy/change/8-clients 1 600 requests/s\nBenchmarkEnergy/change/8-clients 1 800 requests/s\n",
	)
}

func TestChartsAreDrawnOfWhatWasMeasured(t *testing.T) {
	t.Parallel()
	drawn := charts(figures(1))
	require.Len(t, drawn, 2)
	for name, c := range drawn {
		var s strings.Builder
		c.draw(&s)
		decoder := xml.NewDecoder(strings.NewReader(s.String()))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
		require.NotContains(t, s.String(), "NaN")
	}
	require.Equal(t, []float64{700}, drawn["change"].groups[1].values)
}

func TestTheFirstSecondDoesNotCount(t *testing.T) {
	t.Parallel()
	const said = "pgbench (15.18)\nprogress: 1.0 s, 392.9 tps, lat 20.1 ms stddev 8.6\nprogress: 2.0 s, 500.0 tps, lat 15.9 ms stddev 5.4, 0 failed\nprogress: 3.0 s, 700.0 tps, lat 11.0 ms stddev 4.4\ntps = 530.9 (without initial connection time)\n"
	rate, err := withoutFirst([]byte(said), 2)
	require.NoError(t, err)
	require.InDelta(t, 600, rate, 1e-9)
	_, err = withoutFirst([]byte(said), 3)
	require.Error(t, err)
}

func TestNumbersAreShort(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 0.1234: "0.123", 1.5: "1.50", 12.34: "12.3", 288: "288", 999.6: "1,000", 1_234_567: "1,234,567"} {
		require.Equal(t, want, short(v))
	}
}

func TestDocumentsAreThoseOfTheirFigures(t *testing.T) {
	t.Parallel()
	r, err := readResult("../docs/bench.json")
	require.NoError(t, err)
	written, err := documents(r)
	require.NoError(t, err)
	require.Len(t, written, 5)
	for name, text := range written {
		stands, err := os.ReadFile(filepath.Join("..", "docs", name))
		require.NoError(t, err)
		require.Equal(t, string(text), string(stands), "docs/%s: run make bench-docs", name)
	}
	_, err = documents(figures(1))
	require.ErrorContains(t, err, "a whole run is needed")
}
