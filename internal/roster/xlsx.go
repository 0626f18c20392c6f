package roster

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
	"github.com/xuri/nfp"
)

// readXLSX takes the visible sheet with a header: the first visible one, where none or several have one.
func readXLSX(content []byte) (List, error) {
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: 16 * maxSize})
	if err != nil {
		return List{}, fmt.Errorf("reading the workbook: %w", err)
	}
	defer func() { _ = book.Close() }()

	var (
		list   List
		failed error
	)
	for _, sheet := range book.GetSheetList() {
		visible, err := book.GetSheetVisible(sheet)
		if err != nil {
			return List{}, fmt.Errorf("reading the workbook: %w", err)
		}
		// a sheet of a chart has no rows
		if _, err := book.GetSheetDimension(sheet); !visible || err != nil {
			continue
		}
		w := worksheet{book: book, name: sheet, kinds: map[int]string{}}
		t, err := w.table()
		if err != nil {
			return List{}, fmt.Errorf("sheet «%s»: %w", sheet, err)
		}
		if _, _, err := t.header(); err != nil {
			if failed == nil {
				failed = fmt.Errorf("sheet «%s»: %w", sheet, err)
			}
			continue
		}
		if list.ReadAs != "" {
			return List{}, fmt.Errorf("%s and sheet «%s» both hold students: hide one, or put all into one",
				list.ReadAs, sheet)
		}
		list, err = t.students()
		if err != nil {
			return List{}, fmt.Errorf("sheet «%s»: %w", sheet, err)
		}
		list.ReadAs = "sheet «" + sheet + "»"
	}
	switch {
	case list.ReadAs != "":
		return list, nil
	case failed != nil:
		return List{}, failed
	}
	return List{}, fmt.Errorf("the workbook has no visible sheet with rows: %w", errNoHeader)
}

// worksheet is a sheet of a workbook.
type worksheet struct {
	book  *excelize.File
	name  string
	kinds map[int]string // by style: what it makes of a number, where that is not what was typed
}

// table reads all rows, merged cells in each of their rows.
func (w worksheet) table() (table, error) {
	// raw: a card is a number, whatever its cell's format makes of it
	rows, err := w.book.GetRows(w.name, excelize.Options{RawCellValue: true})
	if err != nil {
		return table{}, fmt.Errorf("reading the sheet: %w", err)
	}
	t := table{unit: "row"}
	for i, texts := range rows {
		r := row{number: i + 1}
		for j, text := range texts {
			c, err := w.cell(j+1, i+1, text)
			if err != nil {
				return table{}, err
			}
			r.cells = append(r.cells, c)
		}
		t.rows = append(t.rows, r)
	}
	return t, w.spread(t)
}

// cell reads a cell: what Excel shows, a card apart. text: its raw value.
func (w worksheet) cell(column, number int, text string) (cell, error) {
	name, err := excelize.CoordinatesToCellName(column, number)
	if err != nil {
		return cell{}, fmt.Errorf("reading the sheet: %w", err)
	}
	if text == "" {
		return w.formula(name)
	}
	// to ask for the type takes long in a sheet with many merged cells, and words have one only
	if !strings.ContainsAny(text[:1], "0123456789-+.#") {
		return cell{text: text}, nil
	}
	kind, err := w.book.GetCellType(w.name, name)
	if err != nil {
		return cell{}, fmt.Errorf("reading cell %s: %w", name, err)
	}
	switch kind {
	case excelize.CellTypeError:
		return cell{text: text, problem: fmt.Sprintf("in cell %s is the error %s", name, text)}, nil
	case excelize.CellTypeUnset, excelize.CellTypeNumber, excelize.CellTypeDate:
	default:
		return cell{text: text}, nil
	}
	format, err := w.format(name)
	if err != nil {
		return cell{}, err
	}
	shown, err := w.book.GetCellValue(w.name, name)
	if err != nil {
		return cell{}, fmt.Errorf("reading cell %s: %w", name, err)
	}
	if kind == excelize.CellTypeDate {
		format = date
	}
	c := cell{text: text, shown: shown}
	if format != "" {
		c.unclear = fmt.Sprintf("in cell %s is %s (%s): a spreadsheet made it of what was typed; "+
			"format the cell as text and type it again", name, format, shown)
	}
	if format == date {
		c.problem = c.unclear
	}
	return c, nil
}

// formula reads a cell without a value: a formula that no program has computed yet is a problem.
func (w worksheet) formula(name string) (cell, error) {
	formula, err := w.book.GetCellFormula(w.name, name)
	if err != nil || formula == "" {
		return cell{}, err
	}
	value, err := w.book.CalcCellValue(w.name, name)
	if err == nil && strings.TrimSpace(value) == "" {
		return cell{}, nil
	}
	return cell{text: "=" + formula, problem: fmt.Sprintf("in cell %s is a formula without a value (=%s): "+
		"open the file in a spreadsheet and save it again", name, short(formula))}, nil
}

// What a spreadsheet makes of a number that was no number when it was typed: 22-01, 1E5, 1/2.
const (
	date       = "a date"
	scientific = "a number with an exponent"
	fraction   = "a fraction"
)

// format is what the style of a cell makes of its number; empty where a number stays what it is.
func (w worksheet) format(name string) (string, error) {
	id, err := w.book.GetCellStyle(w.name, name)
	if err != nil {
		return "", fmt.Errorf("reading the format of cell %s: %w", name, err)
	}
	kind, known := w.kinds[id]
	if known {
		return kind, nil
	}
	style, err := w.book.GetStyle(id)
	if err != nil {
		return "", fmt.Errorf("reading the format of cell %s: %w", name, err)
	}
	switch n := style.NumFmt; {
	case style.CustomNumFmt != nil:
		parser := nfp.NumberFormatParser()
		for _, section := range parser.Parse(*style.CustomNumFmt) {
			for _, token := range section.Items {
				switch token.TType {
				case nfp.TokenTypeDateTimes, nfp.TokenTypeElapsedDateTimes:
					kind = date
				case nfp.TokenTypeExponential:
					kind = scientific
				case nfp.TokenTypeFraction:
					kind = fraction
				}
			}
		}
	// ECMA-376, 18.8.30: the formats without a code of their own, those of East Asia among them
	case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
		kind = date
	case n == 11, n == 48:
		kind = scientific
	case n == 12, n == 13:
		kind = fraction
	}
	w.kinds[id] = kind
	return kind, nil
}

// spread gives the text of merged cells to each of their rows, in their first column.
func (w worksheet) spread(t table) error {
	merged, err := w.book.GetMergeCells(w.name, true)
	if err != nil {
		return fmt.Errorf("reading the merged cells: %w", err)
	}
	for _, m := range merged {
		left, top, err := excelize.CellNameToCoordinates(m.GetStartAxis())
		if err != nil {
			return fmt.Errorf("reading the merged cells: %w", err)
		}
		right, bottom, err := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err != nil {
			return fmt.Errorf("reading the merged cells: %w", err)
		}
		if top > len(t.rows) || left > len(t.rows[top-1].cells) {
			continue
		}
		c := t.rows[top-1].cells[left-1]
		c.columns = right - left + 1
		for i := top - 1; i < min(bottom, len(t.rows)); i++ {
			r := &t.rows[i]
			for len(r.cells) < left {
				r.cells = append(r.cells, cell{})
			}
			r.cells[left-1] = c
		}
	}
	return nil
}
