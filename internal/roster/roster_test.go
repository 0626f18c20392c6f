package roster_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"energiya/internal/roster"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func windows1251(t *testing.T, text string) []byte {
	t.Helper()
	encoded, err := charmap.Windows1251.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	return encoded
}

func workbook(t *testing.T, rows ...[]any) string {
	t.Helper()
	book := excelize.NewFile()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, book.SetSheetRow("Sheet1", cell, &row))
	}
	path := filepath.Join(t.TempDir(), "list.XLSX")
	require.NoError(t, book.SaveAs(filepath.Join(filepath.Dir(path), "list.xlsx")))
	require.NoError(t, os.Rename(filepath.Join(filepath.Dir(path), "list.xlsx"), path))
	return path
}

func TestRead(t *testing.T) {
	t.Parallel()
	ann := func(line int) roster.Student {
		return roster.Student{
			Line:       line,
			Card:       "12069840",
			Family:     "Белова",
			Given:      "Анна",
			Patronymic: "Ильинична",
			Group:      "БИ-21",
		}
	}
	const russian = "№ студенческого билета;Фамилия;Имя;Отчество;Группа\r\n12069840;Белова;Анна;Ильинична;БИ-21\r\n"
	for name, c := range map[string]struct {
		path string
		want []roster.Student
	}{
		"semicolons, windows-1251": {write(t, "a.csv", windows1251(t, russian)), []roster.Student{ann(2)}},
		"semicolons, UTF-8 with its mark": {
			write(t, "a.csv", []byte("\xef\xbb\xbf"+russian)),
			[]roster.Student{ann(2)},
		},
		"commas, English": {
			write(t, "a.csv", []byte("group,card,family,given,patronymic\nБИ-21,12069840,Белова,Анна,Ильинична\n")),
			[]roster.Student{ann(2)},
		},
		"commas, as on the wire": {
			write(t, "a.csv", []byte("group,card,secondname,firstname,surname\nБИ-21,12069840,Белова,Анна,Ильинична\n")),
			[]roster.Student{ann(2)},
		},
		"surname before secondname": {
			write(t, "a.csv", []byte("card;surname;firstname;second_name;group\n12069840;Ильинична;Анна;Белова;БИ-21\n")),
			[]roster.Student{ann(2)},
		},
		"surname without secondname": {
			write(t, "a.csv", []byte("card;surname;name;middle name;group\n12069840;Белова;Анна;Ильинична;БИ-21\n")),
			[]roster.Student{ann(2)},
		},
		"workbook, surname and secondname": {
			workbook(t, []any{"card", "surname", "firstname", "secondname", "group"}, []any{12069840, "Ильинична", "Анна", "Белова", "БИ-21"}),
			[]roster.Student{ann(2)},
		},
		"workbook, surname alone": {
			workbook(t, []any{"card", "surname"}, []any{7, "Орлова"}),
			[]roster.Student{{Line: 2, Card: "7", Family: "Орлова"}},
		},
		"full name, title, empty rows": {
			write(t, "a.csv", []byte("Список студентов;;\n;;\nФИО;Билет;Группа\n\nБелова Анна Ильинична; 12069840 ;БИ-21\n;;\n")),
			[]roster.Student{ann(5)},
		},
		"a quoted line break": {
			write(t, "a.csv", []byte("card,surname,group\n1,\"Бел\nова\",\n2,Орлова,\n")),
			[]roster.Student{{Line: 2, Card: "1", Family: "Бел ова"}, {Line: 4, Card: "2", Family: "Орлова"}},
		},
		"workbook, numbers, capital ending": {
			workbook(t, []any{"Студ. билет", "Фамилия", "Имя", "Отчество", "Группа"}, []any{12069840, "Белова", "Анна", "Ильинична", "БИ-21"}),
			[]roster.Student{ann(2)},
		},
		"json, number and text": {write(t, "a.json", []byte(`[{"card": 12069840, "secondname": "Белова", "firstname": "Анна", "surname": "Ильинична", "group": "БИ-21"}, {"card": "7", "secondname": "Орлова"}]`)),
			[]roster.Student{ann(1), {Line: 2, Card: "7", Family: "Орлова"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(c.path)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Students)
		})
	}
}

func TestReadSaysHowColumnsWereRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		want []roster.Column
	}{
		"surname alone": {write(t, "a.csv", []byte("Билет;Surname;Имя;Почта;имя\n7;Белова;Анна;;\n")), []roster.Column{
			{"Билет", "card", ""}, {"Surname", "family name", "there is no column secondname"}, {"Имя", "given name", ""},
			{"Почта", "", ""}, {"имя", "", "«Имя» is read as that"},
		}},
		"surname beside secondname": {write(t, "a.csv", []byte("card,surname,secondname\n7,Ильинична,Белова\n")), []roster.Column{
			{"card", "card", ""}, {"surname", "patronymic", "as on the wire, beside a column secondname"},
			{"secondname", "family name", "as on the wire"},
		}},
		"json": {write(t, "a.json", []byte(`[{"card": 7, "secondname": "Белова"}]`)), []roster.Column{
			{"card", "card", ""}, {"secondname", "family name", "as on the wire"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(c.path)
			require.NoError(t, err)
			require.Equal(t, c.want, got.Columns)
		})
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, told string }{
		"no such file":   {filepath.Join(t.TempDir(), "none.csv"), "none.csv"},
		"another format": {write(t, "a.doc", nil), ".csv, .xlsx or .json"},
		"no header":      {write(t, "a.csv", []byte("12069840;Белова\n")), "no row names the columns"},
		"empty":          {write(t, "a.csv", nil), "no row names the columns"},
		"no workbook":    {write(t, "a.xlsx", []byte("PK")), "reading the workbook"},
		"two family names": {
			write(t, "a.csv", []byte("card;фамилия;surname\n7;Белова;Ильинична\n")),
			"«фамилия» and «surname» would both be read as the family name",
		},
		"family name twice": {
			write(t, "a.csv", []byte("card;last name;second name\n7;Белова;Ильинична\n")),
			"would both be read as the family name",
		},
		"two patronymics": {
			write(t, "a.csv", []byte("card;secondname;surname;отчество\n7;Белова;Ильинична;\n")),
			"would both be read as the patronymic",
		},
		"not json":          {write(t, "a.json", []byte("[{")), "an array of objects"},
		"an object of json": {write(t, "a.json", []byte("{}")), "an array of objects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := roster.Read(c.path)
			require.ErrorContains(t, err, c.told)
		})
	}
}
