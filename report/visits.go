package report

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// The sheets of the report of visits. Other people's formulas name the first.
const (
	sheetVisits  = "Отчет"
	sheetSummary = "Сводка"
)

// signs are how marks are written; settings of the database.
type signs struct {
	Present   string `json:"present"`
	Absent    string `json:"absent"`
	Excused   string `json:"excused"`
	Cancelled string `json:"cancelled"`
	Unmarked  string `json:"unmarked"`
}

// The letters by which the database tells marks apart.
const (
	present   = 'p'
	absent    = 'a'
	excused   = 'e'
	cancelled = 'c'
	unmarked  = 'u'
)

func (s signs) of(mark byte) (string, error) {
	switch mark {
	case present:
		return s.Present, nil
	case absent:
		return s.Absent, nil
	case excused:
		return s.Excused, nil
	case cancelled:
		return s.Cancelled, nil
	case unmarked:
		return s.Unmarked, nil
	}
	return "", fmt.Errorf("no such mark: %q", mark)
}

// visitor is a row of the report of visits: a person and all marks in the period, in order.
type visitor struct {
	StudentCard int
	Name        string
	Group       string
	Days        []int32 // from the first day of the period
	Times       []int32 // minutes from the week's beginning to that of the lesson
	Marks       string  // a letter each
	IsBlocked   bool

	Students     int
	LongestName  int
	LongestGroup int
}

// Before the dates stand the card, the name and the group; behind them the four totals.
const (
	personColumns = 3
	totalColumns  = 4
)

// visits is a report of visits that is being written.
type visits struct {
	*making
	columnOf map[int32]int // of a day of the period
	cells    []cell        // of a row, used again
	write    func([]cell) error
	row      int // the row on the sheet

	book    *book
	sheet   *sheet
	summary *summary
}

func writeVisits(ctx context.Context, m *making) (err error) {
	v := &visits{
		making:   m,
		columnOf: map[int32]int{},
		cells:    make([]cell, personColumns+len(m.head.Dates)+totalColumns),
		row:      1,
	}
	for i, d := range m.head.Dates {
		v.columnOf[m.head.dayOf(d)] = personColumns + i
	}
	if m.head.Format == CSV {
		return v.writeCSV(ctx)
	}
	return v.writeBook(ctx)
}

// dayOf counts a date from the first day of the period.
func (h head) dayOf(d day) int32 { return int32(d.Sub(h.From.Time).Hours() / 24) }

func (v *visits) writeCSV(ctx context.Context) error {
	out, err := newCSV(v.out)
	if err != nil {
		return err
	}
	v.write = out.row
	err = each(ctx, v.making, visitor.total, func(p visitor) error {
		if v.row == 1 {
			if err := out.row(v.headings()); err != nil {
				return err
			}
		}
		return v.person(p)
	})
	if err == nil && v.row == 1 {
		err = out.row([]cell{text(v.nothing())})
	}
	return errors.Join(err, out.close())
}

func (v *visits) writeBook(ctx context.Context) (err error) {
	v.book, err = newBook(v.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.book.close()) }()

	err = each(ctx, v.making, visitor.total, func(p visitor) error {
		if v.sheet == nil {
			if err := v.begin(p); err != nil {
				return err
			}
		}
		v.summary.add(p)
		return v.person(p)
	})
	switch {
	case err != nil:
		return err
	case v.sheet == nil:
		return v.book.saveEmpty(sheetVisits, v.nothing())
	}
	if err := errors.Join(v.legend(), v.sheet.end()); err != nil {
		return err
	}
	if err := v.summary.write(v.book); err != nil {
		return err
	}
	return v.book.save()
}

func (p visitor) total() int { return p.Students }

func (v *visits) nothing() string {
	return "За период " + v.head.period() + " отметок нет"
}

func (v *visits) begin(first visitor) (err error) {
	v.summary = newSummary(v.head)
	l := layout{
		rows: first.Students, frozen: personColumns, headings: 95, footer: "Посещения " + v.head.period(),
		// two months of dates can be read on one page
		pages: 1 + (len(v.head.Dates)-1)/54,
	}
	for i, c := range v.headings() {
		// dates and totals stand upright: a month then fits a page in a size that can be read
		column := column{title: c.value.(string), width: 4.3, style: styleHeadUpright}
		switch {
		case i == 0:
			column = newColumn(column.title, 16)
		case i == 1:
			column = newColumn(column.title, widthOf(first.LongestName, 20, 70))
		case i == 2:
			column = newColumn(column.title, widthOf(first.LongestGroup, 12, 40))
		case i >= len(v.cells)-totalColumns:
			column.width = 6.5
		}
		l.columns = append(l.columns, column)
	}
	v.sheet, err = v.book.newSheet(sheetVisits, l)
	v.write = func(cells []cell) error { return v.sheet.row(cells) }
	return err
}

func (v *visits) headings() []cell {
	headings := []cell{titled("Студенческий"), titled("ФИО"), titled("Группа")}
	for _, d := range v.head.Dates {
		headings = append(headings, titled(v.head.date(d)))
	}
	return append(headings, titled("Присутствовал"), titled("Отсутствовал"), titled("Уважительная"), titled("Всего"))
}

// person writes a row.
func (v *visits) person(p visitor) error {
	v.row++
	v.cells[0] = number(p.StudentCard)
	v.cells[1] = text(p.Name)
	v.cells[2] = text(p.Group)
	dates := v.cells[personColumns : len(v.cells)-totalColumns]
	for i := range dates {
		dates[i] = blank(styleSign)
	}
	if len(p.Days) != len(p.Marks) {
		return fmt.Errorf("student %d has %d dates and %d marks", p.StudentCard, len(p.Days), len(p.Marks))
	}
	counted := tally{}
	for i, d := range p.Days {
		column, ok := v.columnOf[d]
		if !ok {
			return fmt.Errorf("no column for day %d of the period", d)
		}
		sign, err := v.head.Signs.of(p.Marks[i])
		if err != nil {
			return err
		}
		c := &v.cells[column]
		if before, two := c.value.(string); two {
			sign = before + sign
		}
		c.value = sign
		if p.Marks[i] == absent {
			c.style = styleAbsent
		}
		counted.add(p.Marks[i])
	}
	v.totals(counted)
	return v.write(v.cells)
}

// totals fills the last columns: computed here, and formulas that a spreadsheet computes anew when somebody corrects
// a sign.
func (v *visits) totals(counted tally) {
	totals := v.cells[len(v.cells)-totalColumns:]
	s := v.head.Signs
	for i, of := range []struct {
		sign string
		n    int
	}{{s.Present, counted.present}, {s.Absent, counted.absent}, {s.Excused, counted.excused}} {
		totals[i] = cell{value: of.n, style: styleTotal, formula: v.countOf(of.sign)}
	}
	totals[3] = cell{
		value:   counted.held(),
		style:   styleTotal,
		formula: fmt.Sprintf("SUM(%s:%s)", v.at(len(v.cells)-3), v.at(len(v.cells)-1)),
	}
}

// countOf counts a sign in the row, two in a cell as two. Not COUNTIF, which counts cells and takes * and ? for any
// text.
func (v *visits) countOf(sign string) string {
	if v.book == nil {
		return ""
	}
	cells := v.at(personColumns+1) + ":" + v.at(len(v.cells)-totalColumns)
	return fmt.Sprintf(
		`SUMPRODUCT(LEN(%s)-LEN(SUBSTITUTE(%s,"%s","")))`,
		cells,
		cells,
		strings.ReplaceAll(sign, `"`, `""`),
	)
}

// at names the cell of the row in a column, from 1.
func (v *visits) at(column int) string {
	name, _ := excelize.CoordinatesToCellName(column, v.row) // both are positive
	return name
}

// legend says below the table what the signs and totals mean.
func (v *visits) legend() error {
	v.sheet.skip(1)
	s := v.head.Signs
	errs := []error{v.sheet.row([]cell{{value: "Обозначения", style: styleTitle}})}
	for _, line := range []struct {
		sign  string
		style style
		means string
	}{
		{s.Present, styleSign, "присутствовал"},
		{s.Absent, styleAbsent, "отсутствовал"},
		{s.Excused, styleSign, "отсутствовал по уважительной причине"},
		{s.Cancelled, styleSign, "занятие отменено"},
		{s.Unmarked, styleSign, "ещё не отмечен"},
	} {
		errs = append(
			errs,
			v.sheet.row([]cell{{value: line.sign, style: line.style}, {value: line.means, style: stylePlain}}),
		)
	}
	errs = append(
		errs,
		v.sheet.row(
			[]cell{
				{
					value: "Два знака в ячейке — два занятия в этот день. Пустая ячейка — занятий не было.",
					style: styleNote,
				},
			},
		),
		v.sheet.row(
			[]cell{
				{
					value: "Всего — занятия, которые состоялись: присутствовал, отсутствовал и уважительная. Отменённые и не отмеченные не считаются.",
					style: styleNote,
				},
			},
		),
	)
	return errors.Join(errs...)
}

func newColumn(title string, width float64) column { return column{title: title, width: width} }

// widthOf is the width of a column for texts of that many characters.
func widthOf(characters int, least, most float64) float64 {
	return min(max(float64(characters)*1.1+3, least), most)
}
