package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"energiya/report"
)

// oddNames are family names that a spreadsheet, XML or CSV could take for something else.
func oddNames() []string {
	return []string{
		"=1+1", "+7 900 000-00-00", "-2+3", "@SUM(A1)", "=HYPERLINK(\"http://example.test\";\"тык\")", "=cmd|' /C calc'!A0",
		"О'Генри", "«Ёлкин»", "Д\"Артаньян", "A;B", "A,B", "<b>жирный</b>", "&amp;", "a&b", "]]>", "две\nстроки", "возврат\rкаретки", "таб\tтаб",
		"_x0041_", "_x000D_", "01.02", "007", "1E5", "TRUE", "null", "#REF!", "%D0", "'кавычка", "ёж", "Ёж", "עברית", "中文", "😀", "e\u0301",
		"\u200bневидимый", strings.Repeat("ы", 200), "звонок\aи\vпрочее",
	}
}

// readable is a name as a sheet can hold it: XML has no control characters.
func readable(name string) string {
	return strings.NewReplacer("\a", "\uFFFD", "\v", "\uFFFD").Replace(name)
}

func TestEveryOddNameIsText(t *testing.T) {
	g := newGym(t)
	for i, name := range oddNames() {
		g.student(i+1, [3]string{name, "", ""}, name)
		g.mark(i+1, fmt.Sprintf("2026-11-02 %02d:%02d", 8+i/60, i%60), "present")
	}
	f := g.make("visits", "2026-11-02", "2026-11-03", "", report.XLSX).book(t)
	seen := map[string]string{}
	for i := range oddNames() {
		for _, column := range []string{"B", "C"} {
			cell := fmt.Sprint(column, i+2)
			formula, err := f.GetCellFormula("Отчет", cell)
			require.NoError(t, err)
			require.Empty(t, formula, cell)
			kind, err := f.GetCellType("Отчет", cell)
			require.NoError(t, err)
			require.Equal(t, excelize.CellTypeInlineString, kind, cell)
			value, err := f.GetCellValue("Отчет", cell)
			require.NoError(t, err)
			card, err := f.GetCellValue("Отчет", fmt.Sprint("A", i+2))
			require.NoError(t, err)
			seen[column+card] = value
		}
	}
	for i, name := range oddNames() {
		require.Equal(t, readable(name), seen[fmt.Sprint("B", i+1)])
		require.Equal(t, readable(name), seen[fmt.Sprint("C", i+1)])
	}

	shown := map[string]string{}
	for _, row := range g.make("visits", "2026-11-02", "2026-11-03", "", report.CSV).fields(t)[1:] {
		shown[row[0]] = row[1]
		require.NotContains(t, "=+-@\t\r", row[1][:1], "%q would be a formula", row[1])
	}
	for i, name := range oddNames() {
		// lines end with CRLF, so a lone CR is left out
		name = strings.ReplaceAll(name, "\r", "")
		require.Equal(t, name, strings.TrimPrefix(shown[fmt.Sprint(i+1)], guard(name)), "%q", name)
	}
}

// guard is what CSV puts before a name.
func guard(name string) string {
	if strings.ContainsAny(name[:1], "=+-@") {
		return "'"
	}
	return ""
}

func TestNamesAreInTheOrderOfTheRussianAlphabet(t *testing.T) {
	g := newGym(t)
	order := [][3]string{
		{
			"Smith",
			"John",
			"",
		}, {"Абрамов", "Ян", ""}, {"абрамов", "Яна", ""}, {"Абрамов-Второй", "Ан", ""}, {"Егоров", "А", ""}, {"Елкин", "А", ""},
		{
			"Ершов",
			"А",
			"",
		}, {"Ёлкин", "А", ""}, {"Ёршик", "А", ""}, {"Жуков", "А", ""}, {"Йодов", "А", ""}, {"Щукин", "А", ""}, {"Ъ", "А", ""}, {"Юдин", "А", "Б"}, {"Юдин", "А", "В"}, {"Яшин", "А", ""},
	}
	for i, name := range order {
		g.student(1000-i, name, "")
		g.mark(1000-i, fmt.Sprintf("2026-11-02 %02d:00", 1+i), "present")
	}
	rows := table(g.make("visits", "2026-11-02", "2026-11-03", "", report.XLSX).rows(t, "Отчет"))
	for i, name := range order {
		require.Equal(t, strings.TrimSpace(strings.Join(name[:], " ")), rows[i+1][1])
	}
}

func TestFileNames(t *testing.T) {
	g := newGym(t)
	for _, c := range []struct{ kind, format, name, header string }{
		{"visits", report.XLSX, "Посещения с 01.11 по 30.11.xlsx",
			`attachment; filename="visits 01.11-30.11.xlsx"; filename*=UTF-8''%D0%9F%D0%BE%D1%81%D0%B5%D1%89%D0%B5%D0%BD%D0%B8%D1%8F%20%D1%81%2001.11%20%D0%BF%D0%BE%2030.11.xlsx`},
		{"occupancy", report.CSV, "Заполняемость с 01.11 по 30.11.csv",
			`attachment; filename="occupancy 01.11-30.11.csv"; filename*=UTF-8''%D0%97%D0%B0%D0%BF%D0%BE%D0%BB%D0%BD%D1%8F%D0%B5%D0%BC%D0%BE%D1%81%D1%82%D1%8C%20%D1%81%2001.11%20%D0%BF%D0%BE%2030.11.csv`},
	} {
		m := g.make(c.kind, "2026-11-01", "2026-11-30", "", c.format)
		require.Equal(t, c.name, m.Name)
		require.Equal(t, c.header, m.Disposition())
	}
}
