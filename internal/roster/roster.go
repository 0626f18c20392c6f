// Package roster reads the university's list of students from a file. It knows files; what a row may be, the database
// knows. A file that can be read in two ways, or only in part, is refused with the line: a roster is imported whole,
// and a student whose row is lost counts as gone.
package roster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Student is a row of the list, as it stands in the file. Its JSON has the keys of the wire (docs/openapi.yaml), where
// the family name is called secondname and the patronymic surname.
type Student struct {
	Line       int    `json:"line"` // where, counted from 1
	Card       string `json:"card"`
	Family     string `json:"secondname"`
	Given      string `json:"firstname"`
	Patronymic string `json:"surname"`
	Group      string `json:"group"`
}

// Column says how a column of the file was read.
type Column struct {
	Title  string
	ReadAs string // "family name", say; empty: it was not read
	Why    string // where another reading was possible
}

// List is what a file says.
type List struct {
	ReadAs   string // "csv in windows-1251", say
	Students []Student
	Columns  []Column
}

// maxSize is far beyond any university, and far below what would hurt.
const maxSize = 64 << 20

// Read reads a file; the end of its name says whether it is csv, xlsx or json. An error names the file and, where one
// line is at fault, the line (of a workbook and of JSON: the row).
func Read(name string) (List, error) {
	file, err := os.Open(name)
	if err != nil {
		return List{}, fmt.Errorf("opening the roster: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return List{}, fmt.Errorf("reading the roster: %w", err)
	}
	if len(content) > maxSize {
		return List{}, fmt.Errorf("%s is larger than %d MB: that is no roster", name, maxSize>>20)
	}

	var list List
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt":
		list, err = readCSV(content)
	case ".xlsx", ".xlsm":
		list, err = readXLSX(content)
	case ".json":
		list, err = readJSON(content)
	default:
		return List{}, fmt.Errorf("%s: a roster may be .csv, .xlsx or .json", name)
	}
	if err != nil {
		return List{}, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}
