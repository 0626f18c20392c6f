package roster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// cell is a cell of a table.
type cell struct {
	text    string
	shown   string // a number as its format shows it, where that matters: a card is the number itself
	columns int    // over how many columns it is merged, where over more than one
	problem string // why its text can't be known: told where the column is read
	unclear string // the same, but for a card
}

// row is a row of a table.
type row struct {
	number int // where in the file it begins, counted from 1
	cells  []cell
	isCut  bool // the file ends with it, without a line end
}

// table is what a file holds before its columns are known.
type table struct {
	unit string // what a row's number counts: "line" or "row"
	rows []row
	// what stands between cells, in csv: there every row has a cell for every column, so that a shorter one was cut,
	// and a longer one has a separator too many
	separator string
	// a row without a word in it is an error
	everyRowCounts bool
}

// students makes sense of a table. Titles may stand above the header; empty rows are passed over.
func (t table) students() (List, error) {
	at, list, err := t.header()
	if err != nil {
		return List{}, err
	}
	for _, r := range t.rows[at+1:] {
		if sameTexts(r, t.rows[at]) {
			// a header of two merged rows, or one that each page repeats
			continue
		}
		s, err := t.student(list.Columns, r)
		if err != nil {
			return List{}, fmt.Errorf("%s %d: %w", t.unit, r.number, err)
		}
		if s != (Student{Line: s.Line}) || t.everyRowCounts {
			list.Students = append(list.Students, s)
		}
	}
	// a list that was sorted together with its header has students above it
	for _, r := range t.rows[:at] {
		s, err := t.student(list.Columns, r)
		if err == nil && s.Family != "" && s.Card != "" && strings.Trim(s.Card, "0123456789") == "" {
			return List{}, fmt.Errorf("%s %d: a student stands above the row that names the columns (%s %d)",
				t.unit, r.number, t.unit, t.rows[at].number)
		}
	}
	return list, nil
}

func sameTexts(a, b row) bool {
	return slices.EqualFunc(a.cells, b.cells, func(a, b cell) bool { return tidy(a.text) == tidy(b.text) })
}

// header finds the row that names the columns.
func (t table) header() (at int, list List, err error) {
	failed := errNoHeader
	for i, r := range t.rows {
		columns, ok, err := columns(r.cells)
		switch {
		case ok && err == nil:
			return i, List{Columns: columns}, nil
		case ok && errors.Is(failed, errNoHeader):
			// beneath a header that spans columns there may be one that names each
			failed = err
			if r.number > 0 {
				failed = fmt.Errorf("%s %d: %w", t.unit, r.number, err)
			}
		}
	}
	return 0, List{}, failed
}

// student reads a row.
func (t table) student(columns []Column, r row) (Student, error) {
	if err := t.checkLength(columns, r); err != nil {
		return Student{}, err
	}
	found := map[string]string{}
	for i, c := range r.cells {
		if i >= len(columns) || columns[i].ReadAs == "" {
			continue
		}
		problem := c.problem
		if problem == "" && columns[i].ReadAs != card {
			problem = c.unclear
		}
		if problem == "" {
			problem = garbled(c.text)
		}
		if problem == "" && columns[i].ReadAs == group && asDate.MatchString(tidy(c.text)) {
			problem = fmt.Sprintf("«%s» is a date: a spreadsheet made it of what was typed; "+
				"format the cell as text and type it again", tidy(c.text))
		}
		if problem != "" {
			return Student{}, fmt.Errorf("the %s %s", columns[i].ReadAs, problem)
		}
		text := c.text
		if c.shown != "" && columns[i].ReadAs != card {
			text = c.shown
		}
		found[columns[i].ReadAs] = tidy(text)
	}
	s := Student{
		Line: r.number, Card: whole(found[card]), Group: found[group],
		Family: found[family], Given: found[given], Patronymic: found[patronymic],
	}
	if full := strings.Fields(found[fullName]); len(full) > 0 && s.Given == "" && s.Patronymic == "" {
		s.Family = full[0]
		if len(full) > 1 {
			s.Given = full[1]
			s.Patronymic = strings.Join(full[2:], " ")
		}
	}
	return s, nil
}

// checkLength refuses a row that lacks cells or has too many.
func (t table) checkLength(columns []Column, r row) error {
	isEmpty := !slices.ContainsFunc(r.cells, func(c cell) bool { return tidy(c.text) != "" })
	if t.separator == "" || isEmpty {
		return nil
	}
	last := 0
	for i, c := range columns {
		if c.ReadAs != "" {
			last = i
		}
	}
	for _, c := range r.cells {
		// a cell that has a separator for every column and line break within it has swallowed rows
		breaks := strings.Count(c.text, "\n")
		if breaks > 0 && strings.Count(c.text, t.separator) >= breaks*last {
			return fmt.Errorf("a quotation mark (\") opens a cell there that holds the next %d lines, «%s»: "+
				"close it, or write it twice", breaks, short(c.text))
		}
	}
	for i := len(r.cells); i < len(columns); i++ {
		// Excel leaves out empty cells at the end of a row, though not those of a column with something in it
		if columns[i].ReadAs != "" || (r.isCut && columns[i].Title != "") {
			return fmt.Errorf("it ends after %d of %d cells: was the file cut, or a separator lost?",
				len(r.cells), len(columns))
		}
	}
	for i := len(columns); i < len(r.cells); i++ {
		if text := tidy(r.cells[i].text); text != "" {
			return fmt.Errorf("it has %d cells under a header of %d, «%s» beyond it: is there a separator too many?",
				len(r.cells), len(columns), short(text))
		}
	}
	return nil
}

// asDate is how spreadsheets and programs write a date that was typed as a group, 22-01 say.
var asDate = regexp.MustCompile(`^(` +
	`\d{1,2}\.` + russianMonth + `|` + russianMonth + `\.\d\d|` +
	`\d{1,2}-` + englishMonth + `|` + englishMonth + `-\d\d|` +
	`\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?|\d\d\.\d\d\.\d{4}( \d{1,2}:\d\d.*)?)$`)

const (
	russianMonth = `(янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)`
	englishMonth = `(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
)

// dashes are the ways to write a hyphen; what is invisible is left out.
var dashes = strings.NewReplacer(
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
	"\u00ad", "", "\u200b", "", "\u200c", "", "\u200d", "", "\u200e", "", "\u200f", "", "\u2060", "", "\ufeff", "")

// tidy is a text in the normal form C, with plain hyphens, and with one blank where there were blanks of any kind.
func tidy(text string) string {
	return strings.Join(strings.Fields(dashes.Replace(norm.NFC.String(text))), " ")
}

// whole is the text of a number without the ways in which programs write whole numbers: 1.2069840E7, 12069840.0.
func whole(text string) string {
	if !strings.ContainsAny(text, ".eE") || strings.Trim(text, "0123456789.+eE") != "" {
		return text
	}
	number, err := strconv.ParseFloat(text, 64)
	// a spreadsheet rounds to six digits or so where it has no room: then the number is lost
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	digits := len(strings.Trim(strings.ReplaceAll(mantissa, ".", ""), "0"))
	isRounded := exponent != "" && digits <= 6 && number >= 1e6
	if err != nil || number < 0 || number > 1e15 || number != float64(int64(number)) || isRounded {
		return text
	}
	return strconv.FormatInt(int64(number), 10)
}

// garbled says how the letters of a text were lost before it came into this file; empty where they were not.
func garbled(text string) string {
	if strings.ContainsRune(text, utf8.RuneError) {
		return fmt.Sprintf("«%s» holds a sign for a letter that was lost (U+FFFD): make the file again", short(text))
	}
	if strings.Contains(text, "??") {
		return fmt.Sprintf("«%s» has question marks for letters: save the file as UTF-8", short(text))
	}
	var letters, western int
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
		if r >= 'À' && r <= 'ÿ' {
			western++
		}
	}
	if western > 2 && western > letters/2 {
		return fmt.Sprintf("«%s» is windows-1251 that was read as a Western encoding: save the file as UTF-8",
			short(text))
	}
	if letters == len(text) { // only ASCII
		return ""
	}
	encoded, err := charmap.Windows1251.NewEncoder().String(text)
	if err == nil && utf8.ValidString(encoded) && utf8.RuneCountInString(encoded)+2 <= len(encoded) {
		return fmt.Sprintf("«%s» is UTF-8 that was read as windows-1251: save the file as UTF-8", short(text))
	}
	return ""
}

// short is a text that fits into a message.
func short(text string) string {
	const most = 40
	runes := []rune(tidy(text))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}
