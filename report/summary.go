package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// tally counts marks.
type tally struct {
	name                                          string
	students, blocked                             int
	present, absent, excused, cancelled, unmarked int
}

func (t *tally) add(mark byte) {
	switch mark {
	case present:
		t.present++
	case absent:
		t.absent++
	case excused:
		t.excused++
	case cancelled:
		t.cancelled++
	case unmarked:
		t.unmarked++
	}
}

func (t *tally) marks() int { return t.held() + t.cancelled + t.unmarked }

// held is how many lessons took place and were marked.
func (t *tally) held() int { return t.present + t.absent + t.excused }

// attendance is the share of the lessons held that were attended.
func (t *tally) attendance() cell { return part(t.present, t.held()) }

func (t *tally) student(isBlocked bool) {
	t.students++
	if isBlocked {
		t.blocked++
	}
}

// summary counts what the sheet of visits shows, as it is written.
type summary struct {
	head   head
	all    tally
	groups map[string]*tally
	slots  map[int32]*tally // by minute of the week
	days   []tally          // of the period
}

func newSummary(h head) *summary {
	return &summary{
		head:   h,
		groups: map[string]*tally{},
		slots:  map[int32]*tally{},
		days:   make([]tally, h.dayOf(h.To)+1),
	}
}

// add counts a person's marks.
func (s *summary) add(p visitor) {
	key := strings.ToLower(strings.TrimSpace(p.Group))
	group := s.groups[key]
	if group == nil {
		group = &tally{name: cmp.Or(strings.TrimSpace(p.Group), "без группы")}
		s.groups[key] = group
	}
	group.student(p.IsBlocked)
	s.all.student(p.IsBlocked)

	met := make(map[int32]bool, 4)
	for i, minute := range p.Times {
		slot := s.slots[minute]
		if slot == nil {
			slot = &tally{name: slotName(minute)}
			s.slots[minute] = slot
		}
		if !met[minute] {
			met[minute] = true
			slot.student(p.IsBlocked)
		}
		for _, t := range []*tally{&s.all, group, slot, &s.days[p.Days[i]]} {
			t.add(p.Marks[i])
		}
	}
}

const minutesOfDay = 24 * 60

func weekdays() []string { return []string{"Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"} }

func timeOf(minute int32) string {
	return fmt.Sprintf("%02d:%02d", minute%minutesOfDay/60, minute%60)
}

func slotName(minute int32) string { return weekdays()[minute/minutesOfDay] + " " + timeOf(minute) }

// summarySheet writes the summary, which is small and holds charts: cell by cell.
type summarySheet struct {
	book *book
	row  int
	errs []error
}

// The charts stand side by side above the tables, as wide as those are.
const (
	chartRow    = 4
	chartRows   = 20
	chartWidth  = 545
	chartHeight = 330
	secondChart = "F"
)

func (s *summary) write(b *book) error {
	if _, err := b.file.NewSheet(sheetSummary); err != nil {
		return fmt.Errorf("adding the summary: %w", err)
	}
	w := &summarySheet{book: b, row: 1}
	w.cells(cell{value: "Сводка посещений " + s.head.period(), style: styleTitle})
	w.cells(
		cell{
			value: "Посещаемость — доля занятий, на которых присутствовали, среди состоявшихся. Заблокировано — студенты, чья блокировка действовала в этот период.",
			style: styleNote,
		},
	)
	for range chartRows {
		// said, since programs differ in how high a row is
		w.errs = append(w.errs, b.file.SetRowHeight(sheetSummary, w.row, 15))
		w.row++
	}
	w.table("Группа", s.byGroup(), &s.all)
	w.table("Занятие", s.bySlot(), nil)
	week, times, days := w.week(s.slots)
	first, last := w.course(s.course())

	w.errs = append(w.errs,
		b.file.SetColWidth(sheetSummary, "A", "A", 18),
		b.file.SetColWidth(sheetSummary, "B", "J", 15),
		b.setPage(sheetSummary, "Сводка посещений "+s.head.period(), 1),
		b.file.AddChart(sheetSummary, fmt.Sprint("A", chartRow), weekChart(week, times, days)),
		b.file.AddChart(sheetSummary, fmt.Sprint(secondChart, chartRow), courseChart(first, last)),
	)
	return errors.Join(w.errs...)
}

func (s *summary) byGroup() []*tally {
	// БИ-9 before БИ-11
	order := collate.New(language.Russian, collate.Numeric)
	return slices.SortedFunc(
		maps.Values(s.groups),
		func(a, b *tally) int { return order.CompareString(a.name, b.name) },
	)
}

func (s *summary) bySlot() []*tally {
	var all []*tally
	for _, minute := range slices.Sorted(maps.Keys(s.slots)) {
		all = append(all, s.slots[minute])
	}
	return all
}

// course is attendance over the period: by day, or by week where days would be too many to see.
func (s *summary) course() []*tally {
	step := 1
	if len(s.days) > 62 {
		step = 7
	}
	// weeks begin on Mondays
	offset := 0
	if step == 7 {
		offset = (int(s.head.From.Weekday()) + 6) % 7
	}
	var course []*tally
	for i := range s.days {
		if i == 0 || (i+offset)%step == 0 {
			course = append(course, &tally{name: s.head.date(day{s.head.From.AddDate(0, 0, i)})})
		}
		now, d := course[len(course)-1], s.days[i]
		now.present, now.absent, now.excused = now.present+d.present, now.absent+d.absent, now.excused+d.excused
	}
	return slices.DeleteFunc(course, func(t *tally) bool { return t.held() == 0 })
}

// cells writes the next row.
func (w *summarySheet) cells(cells ...cell) {
	for i, c := range cells {
		name, err := excelize.CoordinatesToCellName(i+1, w.row)
		value := c.value
		if part, ok := value.(share); ok {
			value = float64(part)
		}
		w.errs = append(w.errs, err,
			w.book.file.SetCellValue(sheetSummary, name, value),
			w.book.file.SetCellStyle(sheetSummary, name, name, w.book.styles[c.style]))
	}
	w.row++
}

// table writes a table of tallies, with a line for all where all is given.
func (w *summarySheet) table(of string, tallies []*tally, all *tally) {
	var headings []cell
	for _, title := range []string{of, "Студентов", "Отметок", "Присутствовал", "Отсутствовал", "Уважительная", "Отменено", "Не отмечено", "Посещаемость", "Заблокировано"} {
		headings = append(headings, heading(title))
	}
	w.cells(headings...)
	line := func(name, count, share style, t *tally) {
		cells := []cell{{value: t.name, style: name}}
		for _, n := range []int{t.students, t.marks(), t.present, t.absent, t.excused, t.cancelled, t.unmarked} {
			cells = append(cells, cell{value: n, style: count})
		}
		attendance := t.attendance()
		attendance.style = share
		w.cells(append(cells, attendance, cell{value: t.blocked, style: count})...)
	}
	for _, t := range tallies {
		line(styleText, styleNumber, styleShare, t)
	}
	if all != nil {
		all.name = "Всего"
		line(styleTotalName, styleTotal, styleTotalShare, all)
	}
	w.row++
}

// week writes attendance by weekday and time, for the chart: the row of headings, the number of times and of days.
func (w *summarySheet) week(slots map[int32]*tally) (headings, times, days int) {
	starts, used := map[int32]bool{}, map[int32]bool{}
	for minute := range slots {
		starts[minute%minutesOfDay], used[minute/minutesOfDay] = true, true
	}
	headings = w.row
	row := []cell{heading("Посещаемость")}
	for _, start := range slices.Sorted(maps.Keys(starts)) {
		row = append(row, heading(timeOf(start)))
	}
	w.cells(row...)
	for _, weekday := range slices.Sorted(maps.Keys(used)) {
		row := []cell{text(weekdays()[weekday])}
		for _, start := range slices.Sorted(maps.Keys(starts)) {
			c := blank(styleShare)
			if slot := slots[weekday*minutesOfDay+start]; slot != nil {
				c = slot.attendance()
			}
			row = append(row, c)
		}
		w.cells(row...)
	}
	w.row++
	return headings, len(starts), len(used)
}

// course writes attendance over the period, for the chart: its first and last row.
func (w *summarySheet) course(course []*tally) (first, last int) {
	w.cells(heading("Дата"), heading("Посещаемость"), heading("Присутствовал"), heading("Состоялось"))
	first = w.row
	for _, t := range course {
		w.cells(text(t.name), t.attendance(), number(t.present), number(t.held()))
	}
	return first, w.row - 1
}

func weekChart(headings, times, days int) *excelize.Chart {
	chart := newChart(excelize.Col, "Посещаемость по дням недели и времени")
	chart.Legend = excelize.ChartLegend{Position: "bottom"}
	for i := range times {
		column, _ := excelize.ColumnNumberToName(2 + i)
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name:       fmt.Sprintf("%s!$%s$%d", sheetSummary, column, headings),
			Categories: fmt.Sprintf("%s!$A$%d:$A$%d", sheetSummary, headings+1, headings+days),
			Values:     fmt.Sprintf("%s!$%s$%d:$%s$%d", sheetSummary, column, headings+1, column, headings+days),
		})
	}
	return chart
}

func courseChart(first, last int) *excelize.Chart {
	chart := newChart(excelize.Line, "Посещаемость за период")
	chart.Legend = excelize.ChartLegend{Position: "none"}
	chart.Series = []excelize.ChartSeries{{
		Name:       sheetSummary + fmt.Sprintf("!$B$%d", first-1),
		Categories: fmt.Sprintf("%s!$A$%d:$A$%d", sheetSummary, first, last),
		Values:     fmt.Sprintf("%s!$B$%d:$B$%d", sheetSummary, first, last),
		Line:       excelize.LineOptions{Width: 2},
		Marker:     excelize.ChartMarker{Symbol: "circle", Size: 5},
	}}
	// as many dates as can be read
	chart.XAxis.TickLabelSkip = 1 + (last-first)/16
	chart.XAxis.Alignment.TextRotation = -45
	return chart
}

func newChart(kind excelize.ChartType, title string) *excelize.Chart {
	zero, one := 0.0, 1.0
	labels := excelize.Font{Size: 9, Color: colourGrey}
	return &excelize.Chart{
		Type: kind,
		Title: excelize.ChartTitle{
			Paragraph: []excelize.RichTextRun{{Text: title, Font: &excelize.Font{Bold: true, Size: 12}}},
		},
		Dimension: excelize.ChartDimension{Width: chartWidth, Height: chartHeight},
		XAxis:     excelize.ChartAxis{Font: labels},
		YAxis: excelize.ChartAxis{
			Font:           labels,
			Minimum:        &zero,
			Maximum:        &one,
			MajorGridLines: true,
			MajorUnit:      0.2,
			NumFmt:         excelize.ChartNumFmt{CustomNumFmt: "0%"},
		},
	}
}
