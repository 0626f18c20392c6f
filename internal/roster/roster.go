// Package roster reads the university's list of students from a file. It knows files; what a row may be, the database
// knows.
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
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
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
	Students []Student
	Columns  []Column
}

// maxSize is far beyond any university, and far below what would hurt.
const maxSize = 64 << 20

// Read reads a file; the end of its name says whether it is csv, xlsx or json.
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
	case ".csv":
		list, err = readCSV(content)
	case ".xlsx":
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

// What a column may be read as.
const (
	card       = "card"
	family     = "family name"
	given      = "given name"
	patronymic = "patronymic"
	fullName   = "full name"
	group      = "group"
)

// headers are what the columns may be called, in small letters without blanks, points and signs. The headers secondname
// and surname are not here: what they mean depends on each other (readAs).
func headers() map[string][]string {
	return map[string][]string{
		card: {
			"card", "studentcard", "cardnumber", "билет", "студенческий", "студбилет", "студенческийбилет",
			"номерстуденческогобилета", "номербилета", "студенческогобилета",
		},
		family:     {"family", "familyname", "lastname", "фамилия"},
		given:      {"given", "firstname", "name", "givenname", "имя"},
		patronymic: {"patronymic", "middlename", "отчество"},
		fullName:   {"fullname", "student", "фио", "студент"},
		group:      {"group", "studygroup", "группа", "учебнаягруппа"},
	}
}

// plain is a header without what people write differently.
func plain(text string) string {
	text = strings.TrimPrefix(strings.ToLower(text), "№")
	return strings.NewReplacer(" ", "", " ", "", "_", "", "-", "", ".", "", "№", "", "\n", "", "\t", "").Replace(text)
}

// readAs is what a header says that its column holds; empty where it is none of ours. hasSecondname: another column of
// the table is called secondname.
func readAs(header string, hasSecondname bool) (as, why string) {
	header = plain(header)
	switch {
	case header == "secondname":
		return family, "as on the wire"
	case header == "surname" && hasSecondname:
		return patronymic, "as on the wire, beside a column secondname"
	case header == "surname":
		return family, "there is no column secondname"
	}
	for as, names := range headers() {
		if slices.Contains(names, header) {
			return as, ""
		}
	}
	return "", ""
}

// columns finds out how to read each column under a header; ok is false where it is none.
func columns(header []string) (list []Column, ok bool, err error) {
	hasSecondname := slices.ContainsFunc(header, func(text string) bool { return plain(text) == "secondname" })
	found := map[string]string{}
	for _, text := range header {
		c := Column{Title: strings.Join(strings.Fields(text), " ")}
		c.ReadAs, c.Why = readAs(text, hasSecondname)
		first, twice := found[c.ReadAs]
		switch {
		case c.ReadAs == "":
		case !twice:
			found[c.ReadAs] = c.Title
		case c.ReadAs == family || c.ReadAs == patronymic:
			// to take the first would be to guess whose name it is
			err = fmt.Errorf("the columns «%s» and «%s» would both be read as the %s: "+
				"rename one to «фамилия» or «отчество», or leave it out", first, c.Title, c.ReadAs)
		default:
			c.ReadAs, c.Why = "", "«"+first+"» is read as that"
		}
		list = append(list, c)
	}
	_, hasCard := found[card]
	_, hasFamily := found[family]
	_, hasName := found[fullName]
	ok = hasCard && (hasFamily || hasName)
	if !ok {
		return nil, false, nil
	}
	return list, true, err
}

// errNoHeader says what a table must begin with.
var errNoHeader = errors.New("no row names the columns: the first one must, «билет» (card), " +
	"«фамилия» (family name) or «ФИО» (full name), and may «имя» (given name), «отчество» (patronymic), «группа» (group)")

// students makes sense of a table. Titles may stand above the header; empty rows are passed over.
func students(rows [][]string, lines []int) (List, error) {
	var list List
	for i, row := range rows {
		if list.Columns == nil {
			header, ok, err := columns(row)
			if err != nil {
				return List{}, err
			}
			if ok {
				list.Columns = header
			}
			continue
		}
		cell := func(as string) string {
			at := slices.IndexFunc(list.Columns, func(c Column) bool { return c.ReadAs == as })
			if at < 0 || at >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[at])
		}
		s := Student{
			Line: lines[i], Card: cell(card), Group: cell(group),
			Family: cell(family), Given: cell(given), Patronymic: cell(patronymic),
		}
		if full := strings.Fields(cell(fullName)); len(full) > 0 && s.Family == "" {
			s.Family = full[0]
			if len(full) > 1 {
				s.Given = full[1]
				s.Patronymic = strings.Join(full[2:], " ")
			}
		}
		if s != (Student{Line: s.Line}) {
			list.Students = append(list.Students, s)
		}
	}
	if list.Columns == nil {
		return List{}, errNoHeader
	}
	return list, nil
}

// readCSV takes what spreadsheets write: commas, semicolons or tabs, in UTF-8 or windows-1251.
func readCSV(content []byte) (List, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		decoded, err := charmap.Windows1251.NewDecoder().Bytes(content)
		if err != nil {
			return List{}, fmt.Errorf("reading windows-1251: %w", err)
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
		list, err := students(rows, lines)
		if !errors.Is(err, errNoHeader) {
			return list, err
		}
	}
	return List{}, failed
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
func readXLSX(content []byte) (List, error) {
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: 16 * maxSize})
	if err != nil {
		return List{}, fmt.Errorf("reading the workbook: %w", err)
	}
	defer func() { _ = book.Close() }()
	// raw: a card is a number, whatever its cell's format makes of it
	rows, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		return List{}, fmt.Errorf("reading the sheet: %w", err)
	}
	lines := make([]int, len(rows))
	for i := range lines {
		lines[i] = i + 1
	}
	return students(rows, lines)
}

// readJSON takes an array of objects with the keys of Student, which mean what they mean on the wire; a card may be a
// number.
func readJSON(content []byte) (List, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	var rows []struct {
		Student
		Card any `json:"card"`
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&rows); err != nil {
		return List{}, fmt.Errorf("reading json, an array of objects with card, secondname (family name), "+
			"firstname (given name), surname (patronymic), group: %w", err)
	}
	list := List{Students: make([]Student, len(rows))}
	for i, row := range rows {
		list.Students[i] = row.Student
		list.Students[i].Line = i + 1
		if row.Card != nil {
			list.Students[i].Card = fmt.Sprint(row.Card)
		}
	}
	for _, c := range []struct{ key, as string }{{"secondname", family}, {"firstname", given}, {"surname", patronymic}} {
		list.Columns = append(list.Columns, Column{Title: c.key, ReadAs: c.as, Why: "as on the wire"})
	}
	return list, nil
}
