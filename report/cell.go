package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// cell is one cell, for a sheet and for CSV alike.
type cell struct {
	value   any // nil, string, int, share or time.Time
	style   style
	formula string // computes value anew, in a sheet
}

// share is a part of a whole, shown in whole per cent.
type share float64

func text(s string) cell     { return cell{value: s, style: styleText} }
func number(n int) cell      { return cell{value: n, style: styleNumber} }
func titled(s string) cell   { return cell{value: s, style: styleHead} }
func heading(s string) cell  { return cell{value: s, style: styleHeading} }
func dated(t time.Time) cell { return cell{value: t, style: styleDate} }
func centred(s string) cell  { return cell{value: s, style: styleCentred} }
func wrapped(s string) cell  { return cell{value: s, style: styleWrapped} }
func blank(style style) cell { return cell{style: style} }
func part(n, of int) cell {
	if of == 0 {
		return blank(styleShare)
	}
	return cell{value: share(float64(n) / float64(of)), style: styleShare}
}

// optional is a number that may be unknown.
func optional(n *int) cell {
	if n == nil {
		return blank(styleNumber)
	}
	return number(*n)
}

// optionalDate is a date that may be unknown.
func optionalDate(t *time.Time) cell {
	if t == nil {
		return blank(styleDate)
	}
	return dated(*t)
}

// csvWriter writes CSV as a Russian Excel opens it by a double click: UTF-8 that says so, semicolons, CRLF.
type csvWriter struct {
	out    *csv.Writer
	fields []string
}

func newCSV(w io.Writer) (*csvWriter, error) {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return nil, fmt.Errorf("writing CSV: %w", err)
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	out.UseCRLF = true
	return &csvWriter{out: out}, nil
}

func (c *csvWriter) row(cells []cell) error {
	c.fields = c.fields[:0]
	for _, cell := range cells {
		c.fields = append(c.fields, cell.field())
	}
	return c.out.Write(c.fields)
}

func (c *csvWriter) close() error {
	c.out.Flush()
	return c.out.Error()
}

// field is a cell as CSV shows it: what the sheet shows.
func (c cell) field() string {
	switch v := c.value.(type) {
	case nil:
		return ""
	case int:
		return strconv.Itoa(v)
	case share:
		return strconv.FormatFloat(float64(v)*100, 'f', 0, 64) + "%"
	case time.Time:
		return v.Format(dateLayout)
	case string:
		// a mark's sign alone makes no formula, and people look for it as it is
		if c.style == styleSign || c.style == styleAbsent {
			return v
		}
		return harmless(v)
	}
	return fmt.Sprint(c.value)
}

// harmless is a text that no spreadsheet takes for a formula: an apostrophe goes before what would begin one.
func harmless(s string) string {
	if begins := strings.TrimSpace(s); begins != "" && strings.ContainsRune("=+-@", rune(begins[0])) {
		return "'" + s
	}
	return s
}
