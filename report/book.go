package report

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// style is how a cell looks.
type style int

const (
	styleNone style = iota
	styleRow        // of a whole row, shows nothing
	styleTitle
	styleNote
	stylePlain // without a border
	styleHead
	styleHeadUpright // a heading that stands on its end
	styleText
	styleWrapped
	styleCentred
	styleNumber
	styleShare
	styleDate
	styleSign
	styleAbsent
	styleTotal
	styleTotalShare
	styleTotalName
	styleHeading // without a filter
	styles
)

// The font of the old report's readers, and the colours of headings and of absences.
const (
	fontFamily   = "Calibri"
	fontSize     = 11
	colourHead   = "DCE6F1"
	colourTotal  = "F2F2F2"
	colourAbsent = "FFC7CE"
	colourDark   = "9C0006"
	colourGrey   = "595959"
	colourLine   = "7F7F7F"
)

const paperA4 = 9

// book is a workbook that is written to a file as it grows: its sheets wait in temporary files, and nothing of it is
// held in memory twice.
type book struct {
	file   *excelize.File
	styles [styles]int
}

func newBook(w io.Writer) (*book, error) {
	b := &book{file: excelize.NewFile()}
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter {
		z := zip.NewWriter(w)
		z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
			// twice as fast as the usual level, for a fifth more bytes
			return flate.NewWriter(out, flate.BestSpeed)
		})
		return z
	})
	now := time.Now().UTC().Format(time.RFC3339)
	err := b.file.SetDocProps(
		&excelize.DocProperties{Creator: "Энергия", LastModifiedBy: "Энергия", Created: now, Modified: now},
	)
	if err := errors.Join(err, b.addStyles()); err != nil {
		return nil, errors.Join(err, b.file.Close())
	}
	return b, nil
}

func (b *book) addStyles() error {
	line := func(side string) excelize.Border { return excelize.Border{Type: side, Color: colourLine, Style: 1} }
	borders := []excelize.Border{line("left"), line("right"), line("top"), line("bottom")}
	font := func(change func(*excelize.Font)) *excelize.Font {
		f := &excelize.Font{Family: fontFamily, Size: fontSize}
		if change != nil {
			change(f)
		}
		return f
	}
	bold := font(func(f *excelize.Font) { f.Bold = true })
	fill := func(colour string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
	}
	align := func(horizontal, vertical string) *excelize.Alignment {
		return &excelize.Alignment{Horizontal: horizontal, Vertical: vertical}
	}
	percent, asText := 9, 49
	dateFormat := "dd.mm.yyyy"
	for s, definition := range [styles]*excelize.Style{
		styleRow:   {Font: font(nil)},
		styleTitle: {Font: font(func(f *excelize.Font) { f.Bold, f.Size = true, 14 })},
		styleNote:  {Font: font(func(f *excelize.Font) { f.Color = colourGrey })},
		stylePlain: {Font: font(nil), Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "center", Indent: 1}},
		// at the top of its cell: the button of the filter lies at the bottom
		styleHead: {Font: bold, Fill: fill(colourHead), Border: borders,
			Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "top", WrapText: true}},
		styleHeadUpright: {Font: bold, Fill: fill(colourHead), Border: borders,
			Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "top", TextRotation: 90}},
		// the format of text, so that a name like =1+1 stays one when somebody edits it
		styleText:       {Font: font(nil), Border: borders, NumFmt: asText, Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "center", Indent: 1}},
		styleWrapped:    {Font: font(nil), Border: borders, NumFmt: asText, Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "center", Indent: 1, WrapText: true}},
		styleCentred:    {Font: font(nil), Border: borders, Alignment: align("center", "center")},
		styleNumber:     {Font: font(nil), Border: borders, Alignment: align("center", "center")},
		styleShare:      {Font: font(nil), Border: borders, NumFmt: percent, Alignment: align("center", "center")},
		styleDate:       {Font: font(nil), Border: borders, CustomNumFmt: &dateFormat, Alignment: align("center", "center")},
		styleSign:       {Font: font(nil), Border: borders, NumFmt: asText, Alignment: align("center", "center")},
		styleAbsent:     {Font: font(func(f *excelize.Font) { f.Color = colourDark }), Fill: fill(colourAbsent), Border: borders, NumFmt: asText, Alignment: align("center", "center")},
		styleTotal:      {Font: bold, Fill: fill(colourTotal), Border: borders, Alignment: align("center", "center")},
		styleTotalShare: {Font: bold, Fill: fill(colourTotal), Border: borders, NumFmt: percent, Alignment: align("center", "center")},
		styleTotalName:  {Font: bold, Fill: fill(colourTotal), Border: borders, Alignment: &excelize.Alignment{Horizontal: "left", Vertical: "center", Indent: 1}},
		styleHeading:    {Font: bold, Fill: fill(colourHead), Border: borders, Alignment: align("center", "center")},
	} {
		if definition == nil {
			continue
		}
		id, err := b.file.NewStyle(definition)
		if err != nil {
			return fmt.Errorf("making a style: %w", err)
		}
		b.styles[s] = id
	}
	return nil
}

// save writes the workbook to what newBook was given.
func (b *book) save() error {
	// the zip writer of newBook writes it, so that no copy of the file is built in memory
	if _, err := b.file.WriteTo(io.Discard); err != nil {
		return fmt.Errorf("saving the workbook: %w", err)
	}
	return nil
}

// saveEmpty writes a workbook that says why it is empty.
func (b *book) saveEmpty(name, sentence string) error {
	if err := errors.Join(
		b.rename(name),
		b.file.SetCellValue(name, "A1", sentence),
		b.file.SetCellStyle(name, "A1", "A1", b.styles[styleTitle]),
	); err != nil {
		return fmt.Errorf("writing the empty sheet: %w", err)
	}
	return b.save()
}

// close removes the temporary files.
func (b *book) close() error { return b.file.Close() }

// columns of a sheet, from the first on.
type column struct {
	title string
	width float64
	style style // of the title, where it is not styleHead
}

// layout is what must be known of a sheet before its first row.
type layout struct {
	columns  []column
	rows     int // below the headings
	frozen   int // columns that stay in sight
	headings float64
	footer   string
	pages    int // across, printed
}

// sheet is a sheet that rows are streamed to.
type sheet struct {
	book   *book
	stream *excelize.StreamWriter
	next   int // row
	cells  []excelize.Cell
	values []any // pointers to cells
}

// rename gives the workbook's first sheet its name.
func (b *book) rename(name string) error { return b.file.SetSheetName(b.file.GetSheetName(0), name) }

// newSheet begins a sheet with its headings. Whatever concerns the sheet as a whole goes before the rows: excelize
// drops it silently later.
func (b *book) newSheet(name string, l layout) (*sheet, error) {
	last, err := excelize.CoordinatesToCellName(len(l.columns), l.rows+1)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		b.rename(name),
		b.file.AutoFilter(name, "A1:"+last, nil),
		b.setPage(name, l.footer, l.pages),
		b.repeatHeadings(name, l.frozen),
	); err != nil {
		return nil, fmt.Errorf("laying out the sheet: %w", err)
	}
	stream, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("beginning the sheet: %w", err)
	}
	s := &sheet{book: b, stream: stream, next: 1}

	corner, err := excelize.CoordinatesToCellName(l.frozen+1, 2)
	if err != nil {
		return nil, err
	}
	errs := []error{stream.SetPanes(&excelize.Panes{
		Freeze: true, XSplit: l.frozen, YSplit: 1, TopLeftCell: corner, ActivePane: paneOf(l.frozen),
		Selection: []excelize.Selection{{SQRef: corner, ActiveCell: corner, Pane: paneOf(l.frozen)}},
	})}
	headings := make([]cell, len(l.columns))
	for i, c := range l.columns {
		errs = append(errs, stream.SetColWidth(i+1, i+1, c.width))
		headings[i] = cell{value: c.title, style: c.style}
		if c.style == styleNone {
			headings[i].style = styleHead
		}
	}
	errs = append(errs, s.tallRow(headings, l.headings))
	return s, errors.Join(errs...)
}

func paneOf(frozen int) string {
	if frozen == 0 {
		return "bottomLeft"
	}
	return "bottomRight"
}

// setPage makes a sheet printable: A4 landscape, that many pages across, numbered.
func (b *book) setPage(name, footer string, pages int) error {
	orientation, paper, height := "landscape", paperA4, 0
	fit := true
	narrow, bottom, foot := 0.4, 0.75, 0.3
	return errors.Join(
		b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}),
		b.file.SetPageLayout(name, &excelize.PageLayoutOptions{
			Orientation: &orientation, Size: &paper, FitToWidth: &pages, FitToHeight: &height,
		}),
		b.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{
			Left: &narrow, Right: &narrow, Top: &narrow, Bottom: &bottom, Header: &foot, Footer: &foot,
		}),
		b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
			OddFooter: "&L" + escapeFooter(footer) + "&RСтраница &P из &N",
		}),
	)
}

// escapeFooter is a text for a footer, in which & begins a code, and which has no room for much.
func escapeFooter(s string) string {
	if runes := []rune(s); len(runes) > 100 {
		s = string(runes[:100]) + "…"
	}
	return strings.ReplaceAll(s, "&", "&&")
}

// repeatHeadings prints the first row, and the frozen columns, on each page.
func (b *book) repeatHeadings(name string, frozen int) error {
	titles := "'" + name + "'!$1:$1"
	if frozen > 0 {
		column, err := excelize.ColumnNumberToName(frozen)
		if err != nil {
			return err
		}
		titles = "'" + name + "'!$A:$" + column + "," + titles
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: name})
}

// row writes the next row.
func (s *sheet) row(cells []cell) error { return s.tallRow(cells, 0) }

// tallRow writes a row of that height; 0 is the usual.
func (s *sheet) tallRow(cells []cell, height float64) error {
	if len(s.cells) < len(cells) {
		s.cells, s.values = make([]excelize.Cell, len(cells)), make([]any, len(cells))
		for i := range s.cells {
			s.values[i] = &s.cells[i]
		}
	}
	for i, c := range cells {
		value := c.value
		if part, ok := value.(share); ok {
			value = float64(part)
		}
		s.cells[i] = excelize.Cell{StyleID: s.book.styles[c.style], Value: value, Formula: c.formula}
	}
	name, err := excelize.CoordinatesToCellName(1, s.next)
	if err != nil {
		return err
	}
	// For a row without a style excelize looks through all columns for each cell.
	options := excelize.RowOpts{StyleID: s.book.styles[styleRow], Height: height}
	if err := s.stream.SetRow(name, s.values[:len(cells)], options); err != nil {
		return fmt.Errorf("writing row %d: %w", s.next, err)
	}
	s.next++
	return nil
}

// skip leaves rows empty.
func (s *sheet) skip(rows int) { s.next += rows }

// end writes what comes after the rows. The sheet takes none afterwards, and must not be looked at: excelize would
// read all of it back into memory for as little as SetActiveSheet.
func (s *sheet) end() error { return s.stream.Flush() }
