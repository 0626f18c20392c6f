// Package report writes the gym's reports, as spreadsheets and as CSV. A function of the database opens a cursor
// and says what its rows are about; this package fetches the rows and lays them out. What a mark means and who is
// in a report, the database has decided.
package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// The formats that a report may be had in. A head that names none means XLSX.
const (
	XLSX = "xlsx"
	CSV  = "csv"
)

// Kind is a report that can be made.
type Kind struct {
	// Name is what paths, commands and the database's functions call it.
	Name string
	// Grouped: it can be had of one group of study.
	Grouped bool

	title, fallback string // of the file
	write           func(context.Context, *making) error
}

// Kinds are all reports.
func Kinds() []Kind {
	return []Kind{
		{Name: "visits", Grouped: true, title: "Посещения", fallback: "visits", write: writeVisits},
		{Name: "occupancy", title: "Заполняемость", fallback: "occupancy", write: writeOccupancy},
		{Name: "term", Grouped: true, title: "Итоги", fallback: "term", write: writeTerm},
		{Name: "blocked", Grouped: true, title: "Блокировки", fallback: "blocked", write: writeBlocked},
	}
}

// Querier is the transaction in which a function of the database has opened the cursor report_rows.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Progress is told how many of the report's rows are written.
type Progress func(done, total int)

// File says what Write has written.
type File struct {
	// Name is the file's name, in Russian.
	Name string
	// ContentType is its media type.
	ContentType string

	fallback string
}

// Disposition is the header Content-Disposition: the name for those who read RFC 6266, and an ASCII one for the rest.
func (f File) Disposition() string {
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, f.fallback, url.PathEscape(f.Name))
}

// Write writes the report to w, as the rows come. Head is what the database's function returned that opened the
// cursor. Progress may be nil. What was written before an error is no report.
func (k Kind) Write(ctx context.Context, tx Querier, head []byte, w io.Writer, progress Progress) (File, error) {
	m := &making{tx: tx, out: w, progress: progress}
	if err := json.Unmarshal(head, &m.head); err != nil {
		return File{}, fmt.Errorf("reading the head of report %s: %w", k.Name, err)
	}
	if err := k.write(ctx, m); err != nil {
		return File{}, fmt.Errorf("writing report %s: %w", k.Name, err)
	}
	return k.file(m.head), nil
}

func (k Kind) file(h head) File {
	from, to := h.date(h.From), h.date(h.To)
	f := File{
		Name:        fmt.Sprintf("%s с %s по %s.%s", k.title, from, to, XLSX),
		fallback:    fmt.Sprintf("%s %s-%s.%s", k.fallback, from, to, XLSX),
		ContentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	if h.Format == CSV {
		f.Name = f.Name[:len(f.Name)-len(XLSX)] + CSV
		f.fallback = f.fallback[:len(f.fallback)-len(XLSX)] + CSV
		f.ContentType = "text/csv; charset=utf-8"
	}
	return f
}

// making is a report that is being written.
type making struct {
	head     head
	tx       Querier
	out      io.Writer
	progress Progress
}

// head is what the database says of a report as a whole.
type head struct {
	From   day    `json:"from"`
	To     day    `json:"to"`
	Group  string `json:"group"`
	Format string `json:"format"`
	// Dates and Signs are of the report of visits.
	Dates []day `json:"dates"`
	Signs signs `json:"signs"`
}

// date is a day as the report writes it: with its year only where the period spans two.
func (h head) date(d day) string {
	if h.From.Year() != h.To.Year() {
		return d.Format("02.01.2006")
	}
	return d.Format("02.01")
}

// period is a phrase for headings.
func (h head) period() string {
	text := fmt.Sprintf("с %s по %s", h.From.Format(dateLayout), h.To.Format(dateLayout))
	if h.Group != "" {
		text += ", группа " + h.Group
	}
	return text
}

const dateLayout = "02.01.2006"

// day is a date in the database's JSON.
type day struct{ time.Time }

// UnmarshalJSON reads "2026-11-30".
func (d *day) UnmarshalJSON(data []byte) error {
	t, err := time.Parse(`"2006-01-02"`, string(data))
	d.Time = t
	return err
}

// batch is how many rows are asked for at a time.
const batch = 500

const sqlFetch = `fetch 500 from report_rows`

// each hands the rows of the cursor to visit, one at a time and in order. What visit gets is overwritten by the next
// row.
func each[T any](ctx context.Context, m *making, total func(T) int, visit func(T) error) error {
	for done := 0; ; {
		// described anew each time: a prepared FETCH would remember the rows of another cursor of that name
		rows, err := m.tx.Query(ctx, sqlFetch, pgx.QueryExecModeDescribeExec)
		if err != nil {
			return fmt.Errorf("fetching rows: %w", err)
		}
		fetched, size := 0, 0
		for rows.Next() {
			row, err := pgx.RowToStructByName[T](rows)
			if err == nil {
				fetched, size = fetched+1, total(row)
				err = visit(row)
			}
			if err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("fetching rows: %w", err)
		}
		done += fetched
		if m.progress != nil && fetched > 0 {
			m.progress(done, size)
		}
		if fetched < batch {
			return nil
		}
	}
}
