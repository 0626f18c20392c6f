package roster

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readCSV takes what spreadsheets write: commas, semicolons or tabs, in UTF-8, UTF-16 or windows-1251.
func readCSV(content []byte) (List, error) {
	text, encoding, err := decode(content)
	if err != nil {
		return List{}, err
	}
	// the separator under which most columns are known is the one
	var (
		best   table
		broken error
		most   int
		failed = errNoHeader
	)
	for _, comma := range []rune{';', ',', '\t'} {
		t, err := readTable(text, comma)
		_, list, noHeader := t.header()
		if noHeader != nil {
			if errors.Is(failed, errNoHeader) && !errors.Is(noHeader, errNoHeader) {
				failed = noHeader
			}
			continue
		}
		known := 0
		for _, c := range list.Columns {
			if c.ReadAs != "" {
				known++
			}
		}
		if known > most {
			best, broken, most = t, err, known
		}
	}
	if most == 0 {
		return List{}, failed
	}
	list, err := best.students()
	if err != nil {
		// it stands before what is broken
		return List{}, err
	}
	if broken != nil {
		return List{}, broken
	}
	list.ReadAs = "csv in " + encoding
	return list, nil
}

// readTable reads rows up to the first one that is broken.
func readTable(text string, comma rune) (table, error) {
	t := table{unit: "line", separator: string(comma)}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			where := "there"
			if parse.Line != parse.StartLine {
				where = fmt.Sprintf("up to line %d", parse.Line)
			}
			return t, fmt.Errorf("line %d: the row has a quotation mark (\") that is wrong %s: "+
				"one that opens a cell must close it, and one within a cell is written twice", parse.StartLine, where)
		}
		if err != nil {
			return t, fmt.Errorf("reading csv: %w", err)
		}
		number, _ := reader.FieldPos(0)
		r := row{number: number}
		for _, field := range fields {
			r.cells = append(r.cells, cell{text: field})
		}
		t.rows = append(t.rows, r)
	}
	if len(t.rows) > 0 {
		t.rows[len(t.rows)-1].isCut = !strings.HasSuffix(text, "\n")
	}
	return t, nil
}
