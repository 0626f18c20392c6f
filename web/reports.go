package web

import (
	"encoding/json"
	"html/template"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// reportKinds are the reports of the contract.
var reportKinds = []string{"visits", "occupancy", "term", "blocked"}

// reports is the screen of a report: its first rows, its chart, and its files.
type reports struct {
	period

	Kind, Group, Format string
	Preview             *preview
	Chart               *chart
	Table               table
}

// preview is report/preview of the contract.
type preview struct {
	From   string      `json:"from"`
	To     string      `json:"to"`
	Count  int         `json:"count"`
	Rows   []reportRow `json:"rows"`
	Totals totals      `json:"totals"`
	Days   []reportDay `json:"days"`
}

// reportDay is a day with lessons.
type reportDay struct {
	Date    string `json:"date"`
	Present int    `json:"present"`
	Absent  int    `json:"absent"`
	Excused int    `json:"excused"`
}

// reportRow is a row of any of the reports; each has some of the fields.
type reportRow struct {
	Card  int    `json:"studentCard"`
	Name  string `json:"name"`
	Group string `json:"group"`
	Marks []struct {
		Date   string `json:"date"`
		Mark   int    `json:"mark"`
		Marked bool   `json:"marked"`
	} `json:"marks"`
	Date     string          `json:"date"`
	Time     string          `json:"time"`
	Capacity int             `json:"numberOfPersons"`
	Enrolled int             `json:"enrolled"`
	Came     *int            `json:"came"`
	Held     int             `json:"held"`
	Attended int             `json:"attended"`
	Excused  *int            `json:"excused"`
	Absent   *int            `json:"absent"`
	Refused  int             `json:"refused"`
	State    string          `json:"state"`
	Blocks   int             `json:"blocks"`
	Reason   string          `json:"reason"`
	Absences json.RawMessage `json:"absences"`
	FirstDay string          `json:"firstDay"`
	LastDay  string          `json:"lastDay"`
	LiftedOn string          `json:"liftedOn"`
}

// table is rows of texts under their titles.
type table struct {
	Columns []string
	Rows    [][]string
}

// Query is the query of the address of the same report, of a file of the format where one is given.
func (d reports) Query(format string) template.URL {
	return queryOf("kind", d.Kind, "from", d.From, "to", d.To, "group", d.Group, "format", format)
}

// PresetQuery is the query of the address of the report for another period.
func (d reports) PresetQuery(preset string) template.URL {
	return queryOf("kind", d.Kind, "preset", preset, "group", d.Group)
}

// body is the report as the main server takes it.
func (d reports) body() map[string]any {
	body := map[string]any{"startDate": d.From, "endDate": d.To}
	if d.Group != "" && d.Kind != "occupancy" {
		body["group"] = d.Group
	}
	return body
}

func (s *site) reportOf(r *http.Request) reports {
	q := r.URL.Query()
	data := reports{period: s.period(r), Kind: q.Get("kind"), Group: strings.TrimSpace(q.Get("group")), Format: "xlsx"}
	if q.Get("format") == "csv" {
		data.Format = "csv"
	}
	if !contains(reportKinds, data.Kind) {
		data.Kind = reportKinds[0]
	}
	return data
}

func (s *site) reportsGet(w http.ResponseWriter, r *http.Request) error {
	data := s.reportOf(r)
	body := data.body()
	body["kind"] = data.Kind
	var shown preview
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /report/preview", body, &shown); err != nil {
		return s.again(w, r, err, "reports", data)
	}
	data.Preview = &shown
	words := s.page(r, nil)
	var err error
	if data.Table, err = words.reportTable(data.Kind, shown); err != nil {
		return err
	}
	if data.Chart, err = words.daysChart(shown); err != nil {
		return err
	}
	return s.show(w, r, "reports", data)
}

// reportsMakingGet is the page that shows while a report is made, for browsers without scripts.
func (s *site) reportsMakingGet(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, "making", s.reportOf(r))
}

// reportsFileGet passes the file on as it comes.
func (s *site) reportsFileGet(w http.ResponseWriter, r *http.Request) error {
	data := s.reportOf(r)
	body := data.body()
	body["format"] = data.Format
	file, name, contentType, err := s.Gym.Download(r.Context(), visitorOf(r).token, "POST /report/"+data.Kind, body)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Cache-Control", "no-store")
	if _, err := io.Copy(w, file); err != nil {
		// The head is sent: the connection is broken off, so that half a file is not taken for a whole one.
		s.Log.WarnContext(r.Context(), "report broke off", "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// daysChart draws how many came on each day, nil where there is nothing to draw.
func (p page) daysChart(shown preview) (*chart, error) {
	var columns []column
	for _, day := range shown.Days {
		label, err := p.Day(day.Date)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column{label, []int{day.Present, day.Excused, day.Absent}})
	}
	from, err := p.Day(shown.From)
	if err != nil {
		return nil, err
	}
	to, err := p.Day(shown.To)
	if err != nil {
		return nil, err
	}
	name, err := p.T("reports.chart", "From", from, "To", to, "Present", shown.Totals.Present,
		"Excused", shown.Totals.Excused, "Absent", shown.Totals.Absent)
	if err != nil {
		return nil, err
	}
	titles, err := p.all("reports.came", "reports.excused", "reports.absent")
	return newChart(name, []string{"present", "excused", "absent"}, titles, columns), err
}

// all returns several texts.
func (w words) all(ids ...string) ([]string, error) {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		text, err := w.T(id)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}

// reportTable makes a table of the first rows of a report.
func (p page) reportTable(kind string, shown preview) (t table, err error) {
	switch kind {
	case "visits":
		return p.visitsTable(shown)
	case "occupancy":
		t.Columns, err = p.all("reports.lesson", "reports.seats", "reports.enrolled", "reports.came", "reports.excused",
			"reports.absent", "reports.refused")
	case "term":
		t.Columns, err = p.all("reports.name", "reports.group", "reports.held", "reports.came", "reports.excused",
			"reports.absent", "reports.blocks")
	default:
		t.Columns, err = p.all("reports.name", "reports.group", "reports.reason", "reports.first", "reports.last",
			"reports.lifted")
	}
	for _, row := range shown.Rows {
		var line []string
		switch kind {
		case "occupancy":
			var lesson string
			if lesson, err = p.LessonAt(row.Date, row.Time); err != nil {
				return t, err
			}
			line = []string{
				lesson, strconv.Itoa(row.Capacity), strconv.Itoa(row.Enrolled), number(row.Came), number(row.Excused),
				number(row.Absent), strconv.Itoa(row.Refused),
			}
		case "term":
			line = []string{
				row.Name, row.Group, strconv.Itoa(row.Held), strconv.Itoa(row.Attended), number(row.Excused),
				number(row.Absent), strconv.Itoa(row.Blocks),
			}
		default:
			line = []string{row.Name, row.Group, row.Reason, row.FirstDay, row.LastDay, row.LiftedOn}
			for i := 3; i < len(line); i++ {
				if line[i], err = p.Day(line[i]); err != nil {
					return t, err
				}
			}
		}
		t.Rows = append(t.Rows, line)
	}
	return t, err
}

// number is a number that may not be there yet.
func number(n *int) string {
	if n == nil {
		return "–"
	}
	return strconv.Itoa(*n)
}

// visitsTable has a column for each date on which somebody of the rows has a lesson.
func (p page) visitsTable(shown preview) (t table, err error) {
	var dates []string
	for _, row := range shown.Rows {
		for _, m := range row.Marks {
			if !slices.Contains(dates, m.Date) {
				dates = append(dates, m.Date)
			}
		}
	}
	slices.Sort(dates)
	if t.Columns, err = p.all("reports.name", "reports.group"); err != nil {
		return t, err
	}
	for _, date := range dates {
		// Short, since there are many: 2026-12-07 is 07.12.
		t.Columns = append(t.Columns, date[8:10]+"."+date[5:7])
	}
	signs, err := p.all("reports.sign-absent", "reports.sign-present", "reports.sign-excused", "reports.sign-off")
	if err != nil {
		return t, err
	}
	for _, row := range shown.Rows {
		line := make([]string, 2+len(dates))
		line[0], line[1] = row.Name, row.Group
		for _, m := range row.Marks {
			sign := "·"
			if m.Marked && m.Mark >= 0 && m.Mark < len(signs) {
				sign = signs[m.Mark]
			}
			line[2+slices.Index(dates, m.Date)] += sign
		}
		t.Rows = append(t.Rows, line)
	}
	return t, nil
}

// KindOptions are the reports as a form offers them.
func (p page) KindOptions(chosen string) ([]option, error) {
	titles, err := p.all("reports.kind-visits", "reports.kind-occupancy", "reports.kind-term", "reports.kind-blocked")
	if err != nil {
		return nil, err
	}
	list := make([]option, 0, len(reportKinds))
	for i, kind := range reportKinds {
		list = append(list, option{Value: kind, Text: titles[i], On: kind == chosen})
	}
	return list, nil
}
