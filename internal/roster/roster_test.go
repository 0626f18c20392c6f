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
		return roster.Student{Line: line, Card: "12069840", Surname: "Белова", Firstname: "Анна", Secondname: "Ильинична", Group: "БИ-21"}
	}
	const russian = "№ студенческого билета;Фамилия;Имя;Отчество;Группа\r\n12069840;Белова;Анна;Ильинична;БИ-21\r\n"
	for name, c := range map[string]struct {
		path string
		want []roster.Student
	}{
		"semicolons, windows-1251":          {write(t, "a.csv", windows1251(t, russian)), []roster.Student{ann(2)}},
		"semicolons, UTF-8 with its mark":   {write(t, "a.csv", []byte("\xef\xbb\xbf"+russian)), []roster.Student{ann(2)}},
		"commas, English":                   {write(t, "a.csv", []byte("group,card,surname,firstname,secondname\nБИ-21,12069840,Белова,Анна,Ильинична\n")), []roster.Student{ann(2)}},
		"full name, title, empty rows":      {write(t, "a.csv", []byte("Список студентов;;\n;;\nФИО;Билет;Группа\n\nБелова Анна Ильинична; 12069840 ;БИ-21\n;;\n")), []roster.Student{ann(5)}},
		"a quoted line break":               {write(t, "a.csv", []byte("card,surname,group\n1,\"Бел\nова\",\n2,Орлова\n")), []roster.Student{{Line: 2, Card: "1", Surname: "Бел\nова"}, {Line: 4, Card: "2", Surname: "Орлова"}}},
		"workbook, numbers, capital ending": {workbook(t, []any{"Студ. билет", "Фамилия", "Имя", "Отчество", "Группа"}, []any{12069840, "Белова", "Анна", "Ильинична", "БИ-21"}), []roster.Student{ann(2)}},
		"json, number and text": {write(t, "a.json", []byte(`[{"card": 12069840, "surname": "Белова", "firstname": "Анна", "secondname": "Ильинична", "group": "БИ-21"}, {"card": "7", "surname": "Орлова"}]`)),
			[]roster.Student{ann(1), {Line: 2, Card: "7", Surname: "Орлова"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(c.path)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, told string }{
		"no such file":      {filepath.Join(t.TempDir(), "none.csv"), "none.csv"},
		"another format":    {write(t, "a.doc", nil), ".csv, .xlsx or .json"},
		"no header":         {write(t, "a.csv", []byte("12069840;Белова\n")), "no row names the columns"},
		"empty":             {write(t, "a.csv", nil), "no row names the columns"},
		"no workbook":       {write(t, "a.xlsx", []byte("PK")), "reading the workbook"},
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
