package report_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/report"
)

// office opens workbooks in LibreOffice, all at once, and gives what it shows of each sheet, by the workbook's and
// the sheet's name.
func office(t *testing.T, books map[string][]byte) map[string][][]string {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip(
			"LibreOffice is not installed: whether it opens the workbooks, and what their formulas give in it, is not tested here",
		)
	}
	folder := t.TempDir()
	args := []string{
		"--headless", "-env:UserInstallation=file://" + filepath.Join(folder, "profile"),
		// semicolons, double quotes, UTF-8, from the first row, as it is shown, every sheet
		"--convert-to", `csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,true,false,false,-1`, "--outdir", folder,
	}
	for name, content := range books {
		path := filepath.Join(folder, name+".xlsx")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		args = append(args, path)
	}
	output, err := exec.CommandContext(t.Context(), soffice, args...).CombinedOutput()
	require.NoError(t, err, "%s", output)

	sheets := map[string][][]string{}
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		r := csv.NewReader(bytes.NewReader(content))
		r.Comma, r.FieldsPerRecord = ';', -1
		rows, err := r.ReadAll()
		require.NoError(t, err)
		name := filepath.Base(file)
		sheets[name[:len(name)-len(".csv")]] = rows
	}
	return sheets
}

var computed = regexp.MustCompile(`</f><v>[^<]*</v>`)

// withoutValues takes the values of the formulas out of a workbook, so that whoever opens it must compute them.
func withoutValues(t *testing.T, content []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range r.File {
		in, err := part.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(in)
		require.NoError(t, err)
		if part.Name == "xl/worksheets/sheet1.xml" {
			require.True(t, computed.Match(text))
			text = computed.ReplaceAll(text, []byte("</f>"))
		}
		to, err := w.Create(part.Name)
		require.NoError(t, err)
		_, err = to.Write(text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// top are the first rows, all as wide as the first.
func top(rows [][]string, n int) [][]string { return table(rows[:min(n, len(rows))]) }

func TestWhatLibreOfficeShows(t *testing.T) {
	g := november(t)
	books := map[string][]byte{
		"occupancy": g.make("occupancy", "2026-11-01", "2026-11-08", "", report.XLSX).content,
		"nothing":   g.make("visits", "2024-01-01", "2024-01-31", "", report.XLSX).content,
		"as-sent":   g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX).content,
	}
	for i, signs := range oddSigns() {
		signs.use(g)
		books["computed-"+strconv.Itoa(i)] = withoutValues(
			t,
			g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX).content,
		)
	}
	shown := office(t, books)

	golden := lines(goldenVisits)
	require.Equal(t, golden, top(shown["as-sent-Отчет"], len(golden)))
	summary := shown["as-sent-Сводка"]
	groups := slices.IndexFunc(summary, func(row []string) bool { return row[0] == "Группа" })
	require.Equal(t, lines(goldenSummary), top(summary[groups:], 6))
	for i, signs := range oddSigns() {
		require.Equal(
			t,
			signs.in(golden),
			top(shown["computed-"+strconv.Itoa(i)+"-Отчет"], len(golden)),
			"formulas with %v",
			signs,
		)
	}
	require.Equal(t, "За период с 01.01.2024 по 31.01.2024 отметок нет", shown["nothing-Отчет"][0][0])
	occupancy := lines(goldenOccupancy)
	require.Equal(t, occupancy, top(shown["occupancy-Заполняемость"], len(occupancy)))
}
