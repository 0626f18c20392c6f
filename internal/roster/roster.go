// Package roster reads the university's list of students from a file. It knows files; what a row may be, the database knows.
package roster

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

// Student is a row of the list, as it stands in the file.
type Student struct {
	Line       int    `json:"line"` // where, counted from 1
	Card       string `json:"card"`
	Surname    string `json:"surname"`
	Firstname  string `json:"firstname"`
	Secondname string `json:"secondname"`
	Group      string `json:"group"`
}

// maxSize is far beyond any university, and far below what would hurt.
const maxSize = 64 << 20

// Read reads a file; the end of its name says whether it is csv, xlsx or json.
func Read(name string) ([]Student, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the roster: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the roster: %w", err)
	}
	if len(content) > maxSize {
		return nil, fmt.Errorf("%s is larger than %d MB: that is no roster", name, maxSize>>20)
	}

	var students []Student
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		students, err = readCSV(content)
	case ".xlsx":
		students, err = readXLSX(content)
	case ".json":
		students, err = readJSON(content)
	default:
		return nil, fmt.Errorf("%s: a roster may be .csv, .xlsx or .json", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return students, nil
}

// headers are the columns, and what they may be called, in small letters without blanks, points and signs.
func headers() map[string][]string {
	return map[string][]string{
		"card":       {"card", "studentcard", "cardnumber", "билет", "студенческий", "студбилет", "студенческийбилет", "номерстуденческогобилета", "номербилета", "студенческогобилета"},
		"surname":    {"surname", "lastname", "familyname", "фамилия"},
		"firstname":  {"firstname", "name", "givenname", "имя"},
		"secondname": {"secondname", "middlename", "patronymic", "отчество"},
		"name":       {"fullname", "student", "фио", "студент"},
		"group":      {"group", "studygroup", "группа", "учебнаягруппа"},
	}
}

// plain is a header without what people write differently.
func plain(text string) string {
	text = strings.TrimPrefix(strings.ToLower(text), "№")
	return strings.NewReplacer(" ", "", " ", "", "_", "", "-", "", ".", "", "№", "", "\n", "", "\t", "").Replace(text)
}

// columns finds the columns of a header; ok is false where it is none.
func columns(header []string) (map[string]int, bool) {
	found := map[string]int{}
	for i, text := range header {
		for column, names := range headers() {
			for _, name := range names {
				if _, twice := found[column]; !twice && plain(text) == name {
					found[column] = i
				}
			}
		}
	}
	_, card := found["card"]
	_, surname := found["surname"]
	_, name := found["name"]
	return found, card && (surname || name)
}

// errNoHeader says what a table must begin with.
var errNoHeader = errors.New("no row names the columns: the first one must, «билет» (card), «фамилия» (surname) or «ФИО» (full name), and may «имя», «отчество», «группа»")

// students makes sense of a table. Titles may stand above the header; empty rows are passed over.
func students(rows [][]string, lines []int) ([]Student, error) {
	var found map[string]int
	var list []Student
	for i, row := range rows {
		if found == nil {
			if header, ok := columns(row); ok {
				found = header
			}
			continue
		}
		cell := func(column string) string {
			at, there := found[column]
			if !there || at >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[at])
		}
		s := Student{Line: lines[i], Card: cell("card"), Surname: cell("surname"), Firstname: cell("firstname"), Secondname: cell("secondname"), Group: cell("group")}
		if full := strings.Fields(cell("name")); len(full) > 0 && s.Surname == "" {
			s.Surname = full[0]
			if len(full) > 1 {
				s.Firstname = full[1]
				s.Secondname = strings.Join(full[2:], " ")
			}
		}
		if s != (Student{Line: s.Line}) {
			list = append(list, s)
		}
	}
	if found == nil {
		return nil, errNoHeader
	}
	return list, nil
}

// readCSV takes what spreadsheets write: commas, semicolons or tabs, in UTF-8 or windows-1251.
func readCSV(content []byte) ([]Student, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		decoded, err := charmap.Windows1251.NewDecoder().Bytes(content)
		if err != nil {
			return nil, fmt.Errorf("reading windows-1251: %w", err)
		}
		content = decoded
	}
	failed := errNoHeader
	for _, comma := range []rune{';', ',', '\t'} {
		rows, lines, err := table(content, comma)
		if err != nil {
			// another comma may be the right one; where none is, this tells more than that there is no header
			failed = err
			continue
		}
		if list, err := students(rows, lines); err == nil {
			return list, nil
		}
	}
	return nil, failed
}

// table reads rows, each with its line in the file.
func table(content []byte, comma rune) (rows [][]string, lines []int, err error) {
	reader := csv.NewReader(bytes.NewReader(content))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, lines, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading csv: %w", err)
		}
		line, _ := reader.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

// readXLSX takes the first sheet.
func readXLSX(content []byte) ([]Student, error) {
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: 16 * maxSize})
	if err != nil {
		return nil, fmt.Errorf("reading the workbook: %w", err)
	}
	defer func() { _ = book.Close() }()
	// raw: a card is a number, whatever its cell's format makes of it
	rows, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, fmt.Errorf("reading the sheet: %w", err)
	}
	lines := make([]int, len(rows))
	for i := range lines {
		lines[i] = i + 1
	}
	return students(rows, lines)
}

// readJSON takes an array of objects with the names of Student; a card may be a number.
func readJSON(content []byte) ([]Student, error) {
	var rows []struct {
		Student
		Card any `json:"card"`
	}
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	decoder.UseNumber()
	if err := decoder.Decode(&rows); err != nil {
		return nil, fmt.Errorf("reading json, an array of objects with card, surname, firstname, secondname, group: %w", err)
	}
	list := make([]Student, len(rows))
	for i, row := range rows {
		list[i] = row.Student
		list[i].Line = i + 1
		if row.Card != nil {
			list[i].Card = fmt.Sprint(row.Card)
		}
	}
	return list, nil
}
