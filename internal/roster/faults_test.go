package roster_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/unicode/norm"

	"energiya/internal/roster"
)

var (
	belova    = roster.Student{Card: "900001", Family: "Белова", Given: "Анна", Patronymic: "Ильинична", Group: "БИ-21"}
	solovyov  = roster.Student{Card: "900002", Family: "Соловьёв-Седой", Given: "Йозеф", Group: "ИС-21"}
	ofTheCard = roster.Student{Card: "900001", Family: "Белова", Group: "БИ-21"}
)

func at(line int, s roster.Student) roster.Student {
	s.Line = line
	return s
}

// TestFiles says of every file of testdata what is right: the students, or the reason.
func TestFiles(t *testing.T) {
	t.Parallel()
	files := map[string]struct {
		students []roster.Student
		told     string
	}{
		"two-arrays.json":       {told: "line 2: there is text after the end of the list, «[{"},
		"text-after-array.json": {told: "line 1: there is text after the end of the list, «мусор»"},
		"windows-1251.json":     {students: []roster.Student{at(1, ofTheCard)}},
		"utf8-one-bad-byte.csv": {told: "line 3: a byte there is no UTF-8"},
		"cp866.csv":             {told: "line 2: the text there is neither UTF-8 nor windows-1251"},
		"cut-in-mid-row.csv":    {told: "line 494: it ends after 2 of 5 cells"},
		"merged-groups.xlsx": {
			students: []roster.Student{at(2, belova),
				{Line: 3, Card: "900002", Family: "Орлова", Given: "Ольга", Group: "БИ-21"},
				{Line: 4, Card: "900003", Family: "Гусев", Given: "Глеб", Group: "БИ-21"}},
		},
		"date-as-group.xlsx": {told: "sheet «Sheet»: row 2: the group in cell E2 is a date (21-Jan)"},
		"hidden-first-sheet.xlsx": {
			students: []roster.Student{at(2, belova),
				{Line: 3, Card: "900002", Family: "Орлова", Given: "Ольга", Group: "ИС-21"}},
		},
		"nbsp-header.csv": {
			students: []roster.Student{{Line: 2, Card: "900001", Family: "Белова", Given: "Анна", Group: "БИ-21"}},
		},
		"nfd-header.csv": {students: []roster.Student{at(2, belova)}},
		"cr-only.csv":    {students: []roster.Student{at(2, belova), at(3, solovyov)}},
		"utf-16le.csv":   {students: []roster.Student{at(2, belova), at(3, solovyov)}},
		"ctrl-z.csv":     {students: []roster.Student{at(2, belova), at(3, solovyov)}},
		"nul.csv":        {told: "line 2: the control character U+0000 stands there"},
		"ragged.csv":     {told: "line 2: it ends after 2 of 5 cells"},
		"two-cards.csv": {
			told: "line 1: the columns «Билет» and «Номер билета» would both be read as the card",
		},
	}
	// beside them the fuzzer may keep a folder of its own
	entries, err := filepath.Glob("testdata/*.*")
	require.NoError(t, err)
	require.Len(t, entries, len(files), "a file of testdata is not in the table")
	for name, c := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(filepath.Join("testdata", name))
			if c.told != "" {
				require.ErrorContains(t, err, name+": "+c.told)
				require.NotContains(t, err.Error(), "\n")
				require.Empty(t, got.Students)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.students, got.Students)
		})
	}
}

const russianList = "Билет;Фамилия;Имя;Отчество;Группа\r\n900001;Белова;Анна;Ильинична;БИ-21\r\n" +
	"900002;Соловьёв-Седой;Йозеф;;ИС-21\r\n"

func encoded(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	content, err := e.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	return content
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	jsonList := `[{"card": 900001, "secondname": "Белова", "firstname": "Анна", "surname": "Ильинична", "group": "БИ-21"},
		{"card": 900002, "secondname": "Соловьёв-Седой", "firstname": "Йозеф", "group": "ИС-21"}]`
	for name, e := range map[string]encoding.Encoding{
		"UTF-8":                unicode.UTF8,
		"UTF-8 with BOM":       unicode.UTF8BOM,
		"UTF-16LE with BOM":    unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16BE with BOM":    unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16LE without BOM": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16BE without BOM": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		"UTF-32 with BOM":      utf32.UTF32(utf32.LittleEndian, utf32.UseBOM),
		"windows-1251":         charmap.Windows1251,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.csv", encoded(t, e, russianList)))
			require.NoError(t, err)
			require.Equal(t, []roster.Student{at(2, belova), at(3, solovyov)}, got.Students)
			got, err = roster.Read(write(t, "a.json", encoded(t, e, jsonList)))
			require.NoError(t, err)
			require.Equal(t, []roster.Student{at(1, belova), at(2, solovyov)}, got.Students)
			// with the header in English nothing but the names tells the encoding
			english := "card,family\n" + strings.Repeat("900001,Белова\n", 3)
			got, err = roster.Read(write(t, "a.txt", encoded(t, e, english)))
			require.NoError(t, err)
			require.Equal(t, "Белова", got.Students[2].Family)
		})
	}
	english := "card;surname;group\r\n900001;Белова;БИ-21\r\n900002;Орлова;ИС-21\r\n"
	for name, c := range map[string]struct {
		content []byte
		told    string
	}{
		"CP866": {
			encoded(t, charmap.CodePage866, russianList),
			"line 1: the text there is neither UTF-8 nor windows-1251",
		},
		"KOI8-R": {
			encoded(t, charmap.KOI8R, russianList),
			"line 1: the text there has small and capital letters the wrong way",
		},
		"KOI8-R, English header": {
			encoded(t, charmap.KOI8R, english),
			"line 2: the text there has small and capital letters the wrong way",
		},
		"Mac Cyrillic": {
			encoded(t, charmap.MacintoshCyrillic, english),
			"line 2: the text there is neither",
		},
		"ISO 8859-5": {encoded(t, charmap.ISO8859_5, english), "line 2: the text there is neither"},
		"one bad byte after a BOM": {
			[]byte("\xef\xbb\xbf" + strings.Replace(english, "ИС", "\xc8С", 1)),
			"line 3: a byte there is no UTF-8",
		},
		"only bad bytes after BOM": {
			append([]byte("\xef\xbb\xbf"), encoded(t, charmap.Windows1251, english)...),
			"line 2: a byte there is no UTF-8",
		},
		"two encodings in one file": {
			append([]byte(english), encoded(t, charmap.Windows1251, "900003;Гусев;БИ-21\r\n")...),
			"line 4: a byte there is no UTF-8",
		},
		"CR-only, bad byte": {
			[]byte(strings.ReplaceAll(strings.Replace(english, "ИС", "\xc8С", 1), "\r\n", "\r")),
			"line 3: a byte there is no UTF-8",
		},
		"UTF-16, odd": {
			encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), russianList)[:161],
			"line 3: a letter was lost there (U+FFFD in UTF-16)",
		},
		"a lost letter": {
			[]byte(strings.Replace(english, "ИС", "\ufffdС", 1)),
			"line 3: a letter was lost there",
		},
		"undefined in windows-1251": {
			append(encoded(t, charmap.Windows1251, russianList), "900003;\xc1\x98;;;\n"...),
			"line 4: a letter was lost there",
		},
		"a bell": {
			[]byte(strings.Replace(english, "ИС", "И\aС", 1)),
			"line 3: the control character U+0007",
		},
		"Ctrl-Z in the midst": {
			[]byte(strings.Replace(english, "9000", "\x1a9000", 1)),
			"line 2: the control character U+001A",
		},
		"zeros at the end": {[]byte(english + "\x00\x00\x00"), "line 4: the control character U+0000"},
		"question marks": {
			[]byte("card,surname\n900001,??????\n"),
			"line 2: the family name «??????» has question marks",
		},
		"UTF-8 read as 1251": {
			[]byte("card,surname\n900001,Р‘РµР»РѕРІР°\n"),
			"line 2: the family name «Р‘РµР»РѕРІР°» is UTF-8 that was read as windows-1251",
		},
		"1251 read as Western": {
			[]byte("card,surname\n900001,Áåëîâà\n"),
			"line 2: the family name «Áåëîâà» is windows-1251",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := roster.Read(write(t, "a.csv", c.content))
			require.ErrorContains(t, err, "a.csv: "+c.told)
		})
	}
	for name, family := range map[string]string{
		"Kazakh": "Әбілқайыр", "Latin": "Müller", "a capital name": "БЕЛОВА", "Ukrainian": "Їжакевич",
	} {
		t.Run("a good name: "+name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.csv", []byte("card,surname\n900001,"+family+"\n")))
			require.NoError(t, err)
			require.Equal(t, family, got.Students[0].Family)
		})
	}
}

func TestCSVLosesNoRow(t *testing.T) {
	t.Parallel()
	const header = "Билет;Фамилия;Группа\n"
	for name, c := range map[string]struct{ content, told string }{
		"short rows": {
			header + "1;Белова;БИ\n2;Орлова\n3;Гусев;БИ\n",
			"line 3: it ends after 2 of 3 cells",
		},
		"a row too long": {
			header + "1;Белова;Анна;БИ\n",
			"line 2: it has 4 cells under a header of 3, «БИ» beyond it",
		},
		"cut within an unread column": {
			"Билет;Фамилия;Почта\n1;Белова;a@example.org\n2;Орлова",
			"line 3: it ends after 2 of 3 cells",
		},
		"cut within the card": {header + "1;Белова;БИ\n2", "line 3: it ends after 1 of 3 cells"},
		"a footer":            {header + "1;Белова;БИ\nВсего: 1\n", "line 3: it ends after 1 of 3 cells"},
		"a date of Excel":     {header + "1;Белова;22.янв\n", "line 2: the group «22.янв» is a date"},
		"a month of Excel":    {header + "1;Белова;Jan-21\n", "line 2: the group «Jan-21» is a date"},
		"a date of pandas": {
			header + "1;Белова;2026-01-22 00:00:00\n", "line 2: the group «2026-01-22 00:00:00» is a date",
		},
		"a whole date": {header + "1;Белова;22.01.2026\n", "line 2: the group «22.01.2026» is a date"},
		"a quote that is never closed": {
			header + "1;\"Белова;БИ\n2;Орлова;БИ\n3;Гусев;БИ\n",
			"line 2: the row has a quotation mark (\") that is wrong up to line 4",
		},
		"a quote within a cell": {
			header + "1;Бел\"ова;БИ\n",
			"line 2: the row has a quotation mark (\") that is wrong there",
		},
		"a quote that swallows a row": {
			header + "1;\"Белова;БИ\n2;Орлова\";БИ\n3;Гусев;БИ\n",
			"line 2: a quotation mark (\") opens a cell there that holds the next 1 lines",
		},
		"one that swallows the end": {
			header + "1;Белова;БИ\n2;Орлова;\"БИ\n3;Гусев;БИ\"\n",
			"line 3: a quotation mark (\") opens a cell there that holds the next 1 lines",
		},
		"one in a table of two columns": {
			"card,surname\n1,\"Белова\n2,Орлова\n3,Гусев\"\n",
			"line 2: a quotation mark (\") opens a cell there that holds the next 2 lines",
		},
		"a row by itself in CR": {
			header + "1;Белова;БИ\r2;Орлова;БИ\n3;Гусев;БИ\n",
			"line 2: it has 5 cells under a header of 3",
		},
		"a student above the header": {
			"1;Белова;БИ\n2;Гусев;БИ\n" + header + "3;Орлова;БИ\n",
			"line 1: a student stands above the row that names the columns (line 3)",
		},
		"two groups": {
			"Билет;Фамилия;Группа;Учебная группа\n1;Белова;БИ;ИС\n",
			"line 1: the columns «Группа» and «Учебная группа» would both be read as the group",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.csv", []byte(c.content)))
			require.ErrorContains(t, err, "a.csv: "+c.told)
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, got.Students)
		})
	}
	b := roster.Student{Card: "1", Family: "Белова", Group: "БИ"}
	for name, c := range map[string]struct {
		content string
		want    []roster.Student
	}{
		"no line end at the end":         {header + "1;Белова;БИ", []roster.Student{at(2, b)}},
		"separators too many, all empty": {header + "1;Белова;БИ;;;\n;;;;;\n", []roster.Student{at(2, b)}},
		"unread cells left out by Excel": {
			"Билет;Фамилия;Группа;Заметки\n1;Белова;БИ\n",
			[]roster.Student{at(2, b)},
		},
		"the line of Excel": {"sep=;\n" + header + "1;Белова;БИ\n", []roster.Student{at(3, b)}},
		"a header on every page": {
			header + "1;Белова;БИ\n\n" + header + "2;Белова;БИ\n",
			[]roster.Student{at(2, b), {Line: 5, Card: "2", Family: "Белова", Group: "БИ"}},
		},
		"a title with the other separator": {
			"Списки, группы, билеты\n" + header + "1;Белова;БИ\n",
			[]roster.Student{at(3, b)},
		},
		"an address of two lines": {
			"Билет;Фамилия;Адрес;Группа\n1;Белова;\"Плахотного\n10, 5; к\";БИ\n",
			[]roster.Student{at(2, b)},
		},
		"blanks, dashes, invisible letters": {
			header + "\u00a01\u202f;\ufeffБе\u00adлова\u200b;\u2003БИ\u201121\n",
			[]roster.Student{{Line: 2, Card: "1", Family: "Белова", Group: "БИ-21"}},
		},
		"NFD": {
			header + norm.NFD.String("1;Воробьёв-Йорк;ЙЁ\n"),
			[]roster.Student{{Line: 2, Card: "1", Family: "Воробьёв-Йорк", Group: "ЙЁ"}},
		},
		"a number of another program": {
			header + "1.2069840E7;Белова;БИ\n12069841.0;Белова;БИ\n",
			[]roster.Student{{Line: 2, Card: "12069840", Family: "Белова", Group: "БИ"},
				{Line: 3, Card: "12069841", Family: "Белова", Group: "БИ"}},
		},
		"a number that was rounded": {
			header + "1.20698E+07;Белова;БИ\n",
			[]roster.Student{{Line: 2, Card: "1.20698E+07", Family: "Белова", Group: "БИ"}},
		},
		"the full name beside the family": {
			"Билет;Фамилия;ФИО\n1;Белова;Белова Анна Ильинична\n",
			[]roster.Student{{Line: 2, Card: "1", Family: "Белова", Given: "Анна", Patronymic: "Ильинична"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.csv", []byte(c.content)))
			require.NoError(t, err)
			require.Equal(t, c.want, got.Students)
		})
	}
}

func TestHeadersAsUniversitiesWriteThem(t *testing.T) {
	t.Parallel()
	for as, titles := range map[string][]string{
		"card": {
			"Билет", "Билет:", "билет №", "№ билета", "№билета", "Номер студ. билета", "Номер студенческого билета",
			"№ студенческого билета", "N студ. билета", "Студ. билет", "СТУДЕНЧЕСКИЙ БИЛЕТ", "Студенческий\u00a0билет",
			norm.NFD.String("Студенческий билет"), "Студ.\nбилет", "Зачётная книжка", "зачетная книжка", "№ зачётной книжки",
			"Номер зачетки", "№ зач. книжки", "Student ID", "Card No.", "Билет (номер)", "Билeт", // a Latin e
		},
		"family name": {"Фамилия", "фамилия ", "Фамилия студента", "Last name", "ФAМИЛИЯ"},
		"given name":  {"Имя", "Имя:", "Given name"},
		"patronymic":  {"Отчество", "Отчество (при наличии)", "Middle name"},
		"full name": {
			"ФИО",
			"Ф.И.О.",
			"Ф. И. О. студента",
			"Фамилия, имя, отчество",
			"Фамилия Имя Отчество",
			"Фамилия И.О.",
			"Студент",
		},
		"group": {
			"Группа",
			"Группа:",
			"Гр.",
			"№ группы",
			"Учебная группа",
			"Академическая группа",
			"Шифр группы",
			"Группa",
		},
	} {
		for _, title := range titles {
			t.Run(title, func(t *testing.T) {
				t.Parallel()
				others := map[string]string{"card": "Билет", "family name": "Фамилия"}
				delete(others, as)
				header := "\"" + title + "\""
				for _, other := range others {
					header += ";" + other
				}
				got, err := roster.Read(write(t, "a.csv", []byte(header+"\n")))
				require.NoError(t, err)
				require.Equal(t, as, got.Columns[0].ReadAs)
			})
		}
	}
	for _, title := range []string{"№", "№ п/п", "Номер", "Почта", "Курс", "Институт", "Дата рождения", "Телефон"} {
		got, err := roster.Read(write(t, "a.csv", []byte("Билет;Фамилия;"+title+"\n")))
		require.NoError(t, err)
		require.Empty(t, got.Columns[2].ReadAs, title)
	}
	got, err := roster.Read(write(t, "a.csv", []byte("Зачётная книжка;Билет;Фамилия\n11;22;Белова\n")))
	require.NoError(t, err)
	require.Equal(t, "22", got.Students[0].Card, "a gradebook beside a card is another number")
	require.Equal(t, roster.Column{Title: "Зачётная книжка", Why: "another column is the card"}, got.Columns[0])
}

// book makes a workbook of what change writes to it.
func book(t *testing.T, change func(f *excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"Билет", "Фамилия", "Имя", "Отчество", "Группа"}))
	require.NoError(t, f.SetSheetRow("Sheet1", "A2", &[]any{900001, "Белова", "Анна", "Ильинична", "БИ-21"}))
	require.NoError(t, change(f))
	path := filepath.Join(t.TempDir(), "a.xlsx")
	require.NoError(t, f.SaveAs(path))
	return path
}

func setStyle(f *excelize.File, name string, style *excelize.Style) error {
	id, err := f.NewStyle(style)
	if err != nil {
		return err
	}
	return f.SetCellStyle("Sheet1", name, name, id)
}

func TestWorkbooks(t *testing.T) {
	t.Parallel()
	format := func(text string) *excelize.Style { return &excelize.Style{CustomNumFmt: &text} }
	inFormat := func(name string, value any, style *excelize.Style) func(f *excelize.File) error {
		return func(f *excelize.File) error {
			if err := f.SetCellValue("Sheet1", name, value); err != nil {
				return err
			}
			return setStyle(f, name, style)
		}
	}
	inGroup := func(group string) []roster.Student {
		s := at(2, belova)
		s.Group = group
		return []roster.Student{s}
	}
	for name, c := range map[string]struct {
		change func(f *excelize.File) error
		want   []roster.Student
		told   string
	}{
		"a number for a group": {inFormat("E2", 21, format("000")), inGroup("021"), ""},
		"a card with a format": {inFormat("A2", 900001, format("# ##0.00")), inGroup("БИ-21"), ""},
		"a card as a float":    {inFormat("A2", "900001.0", format("@")), inGroup("БИ-21"), ""},
		"a built-in date": {
			inFormat("E2", 46043, &excelize.Style{NumFmt: 14}),
			nil,
			"row 2: the group in cell E2 is a date",
		},
		"a time": {
			inFormat("E2", 0.5, &excelize.Style{NumFmt: 20}),
			nil,
			"row 2: the group in cell E2 is a date",
		},
		"a Russian date": {
			inFormat("E2", 46043, format(`[$-419]d mmm;@`)),
			nil,
			"row 2: the group in cell E2 is a date",
		},
		"a date for a card": {
			inFormat("A2", 46043, format("dd.mm.yyyy")),
			nil,
			"row 2: the card in cell A2 is a date",
		},
		"an exponent": {
			inFormat("E2", 100000, &excelize.Style{NumFmt: 11}), nil,
			"row 2: the group in cell E2 is a number with an exponent (1.00E+05)",
		},
		"an exponent, own format": {
			inFormat("E2", 100000, format("0.0E+00")), nil,
			"row 2: the group in cell E2 is a number with an exponent",
		},
		"a card with an exponent": {
			inFormat("A2", 900001, &excelize.Style{NumFmt: 11}), inGroup("БИ-21"), "",
		},
		"a fraction": {
			inFormat("E2", 0.5, &excelize.Style{NumFmt: 12}), nil, "row 2: the group in cell E2 is a fraction",
		},
		"letters that are text":   {inFormat("E2", 21, format(`"day "0`)), inGroup("day 21"), ""},
		"a date in another place": {inFormat("F2", 46043, &excelize.Style{NumFmt: 14}), inGroup("БИ-21"), ""},
		"a formula without a value": {func(f *excelize.File) error {
			return f.SetCellFormula("Sheet1", "E3", `"БИ-"&21`)
		}, nil, "row 3: the group in cell E3 is a formula without a value (=\"БИ-\"&21)"},
		"a formula without a value for a card": {func(f *excelize.File) error {
			if err := f.SetSheetRow("Sheet1", "A3", &[]any{nil, "Орлова"}); err != nil {
				return err
			}
			return f.SetCellFormula("Sheet1", "A3", "A2+1")
		}, nil, "row 3: the card in cell A3 is a formula"},
		"a formula that is empty": {func(f *excelize.File) error {
			return f.SetCellFormula("Sheet1", "D3", `IF(A3="","",A3)`)
		}, inGroup("БИ-21"), ""},
		"a formula elsewhere": {func(f *excelize.File) error {
			return f.SetCellFormula("Sheet1", "G2", "A2+1")
		}, inGroup("БИ-21"), ""},
		"a group merged over two columns": {func(f *excelize.File) error { return f.MergeCell("Sheet1", "E2", "F3") },
			inGroup("БИ-21"), ""},
		"a header of two rows": {func(f *excelize.File) error {
			for col := 'A'; col <= 'E'; col++ {
				if err := f.MergeCell("Sheet1", string(col)+"1", string(col)+"2"); err != nil {
					return err
				}
			}
			return f.SetSheetRow("Sheet1", "A3", &[]any{7, "Орлова"})
		}, []roster.Student{{Line: 3, Card: "7", Family: "Орлова"}}, ""},
		"a header over the names": {func(f *excelize.File) error {
			for i, r := range [][]any{
				{"Билет", "ФИО", nil, nil, "Группа"}, {nil, "Фамилия", "Имя", "Отчество", nil},
				{7, "Орлова", "Ольга", "Петровна", "ИС-21"},
			} {
				if err := f.SetSheetRow("Sheet1", "A"+string(rune('1'+i)), &r); err != nil {
					return err
				}
			}
			for _, merged := range [][2]string{{"A1", "A2"}, {"B1", "D1"}, {"E1", "E2"}} {
				if err := f.MergeCell("Sheet1", merged[0], merged[1]); err != nil {
					return err
				}
			}
			return nil
		}, []roster.Student{
			{Line: 3, Card: "7", Family: "Орлова", Given: "Ольга", Patronymic: "Петровна", Group: "ИС-21"},
		}, ""},
		"a header over columns without one": {func(f *excelize.File) error {
			if err := f.SetSheetRow("Sheet1", "A1", &[]any{"Билет", "ФИО", nil, nil, "Группа"}); err != nil {
				return err
			}
			return f.MergeCell("Sheet1", "B1", "D1")
		}, nil, "row 1: the header «ФИО» covers 3 columns"},
		"students in two sheets": {func(f *excelize.File) error {
			if _, err := f.NewSheet("БИ-22"); err != nil {
				return err
			}
			return f.SetSheetRow("БИ-22", "A1", &[]any{"Билет", "ФИО"})
		}, nil, "sheet «Sheet1» and sheet «БИ-22» both hold students"},
		"a cover sheet": {func(f *excelize.File) error {
			if _, err := f.NewSheet("Титул"); err != nil {
				return err
			}
			if err := f.SetCellValue("Титул", "A1", "Списки"); err != nil {
				return err
			}
			return f.MoveSheet("Титул", "Sheet1")
		}, inGroup("БИ-21"), ""},
		"a very hidden copy": {func(f *excelize.File) error {
			if _, err := f.NewSheet("Старое"); err != nil {
				return err
			}
			if err := f.SetSheetRow("Старое", "A1", &[]any{"Билет", "ФИО"}); err != nil {
				return err
			}
			return f.SetSheetVisible("Старое", false, true)
		}, inGroup("БИ-21"), ""},
		"a hidden row is a row": {func(f *excelize.File) error { return f.SetRowVisible("Sheet1", 2, false) },
			inGroup("БИ-21"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(book(t, c.change))
			if c.told != "" {
				require.ErrorContains(t, err, c.told)
				require.NotContains(t, err.Error(), "\n")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got.Students)
		})
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		want    []roster.Student
	}{
		"the old roster": {
			`{"900001": {"secondname": "Белова", "firstname": "Анна", "surname": "Ильинична", "group": "БИ-21"},
			"900002": {"card": 900002, "secondname": "Соловьёв-Седой", "firstname": "Йозеф", "surname": null,
				"group": "ИС-21"}}`,
			[]roster.Student{at(1, belova), at(2, solovyov)},
		},
		"the old roster, full names": {`{"900001": "Белова Анна Ильинична"}`,
			[]roster.Student{{Line: 1, Card: "900001", Family: "Белова", Given: "Анна", Patronymic: "Ильинична"}}},
		"Russian keys": {
			`[{"Билет": "900001", "Фамилия": "Белова", "Группа": "БИ-21"}]`,
			[]roster.Student{at(1, ofTheCard)},
		},
		"a float": {
			`[{"card": 900001.0, "secondname": "Белова", "group": "БИ-21"}]`,
			[]roster.Student{at(1, ofTheCard)},
		},
		"an object without": {
			`[{"card": 900001, "secondname": "Белова", "group": "БИ-21"}, {}]`,
			[]roster.Student{at(1, ofTheCard), {Line: 2}},
		},
		"keys in another row": {
			`[{"card": 1, "secondname": "Я"}, {"group": "БИ-21", "secondname": "Белова", "card": 900001}]`,
			[]roster.Student{{Line: 1, Card: "1", Family: "Я"}, at(2, ofTheCard)},
		},
		"an empty array": {`[]`, nil},
		"blanks after the end": {
			"[{\"card\": 900001, \"secondname\": \"Белова\", \"group\": \"БИ-21\"}]\r\n \n",
			[]roster.Student{at(1, ofTheCard)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.json", []byte(c.content)))
			require.NoError(t, err)
			require.Equal(t, c.want, got.Students)
		})
	}
	for name, c := range map[string]struct{ content, told string }{
		"cut": {
			"[{\"card\": 1, \"secondname\": \"Я\"},\n",
			"line 1: the file ends in the midst of the list",
		},
		"cut in a word": {
			"[{\"card\": 1, \"secondname\": \"Я",
			"line 1: the file ends in the midst of the list",
		},
		"a comma too few": {
			"[{\"card\": 1, \"secondname\": \"Я\"}\n{\"card\": 2}]",
			"line 2: that is no JSON",
		},
		"an object after the array": {
			"[{\"card\": 1, \"secondname\": \"Я\"}]\n\n{\"2\": \"Орлова\"}",
			"line 3: there is text after the end of the list",
		},
		"objects by themselves": {
			"{\"card\": 1, \"secondname\": \"Я\"}\n{\"card\": 2}",
			"row 1: «card» is no number of a card",
		},
		"a list within an object": {`{"students": []}`, "row 1: «students» is no number of a card"},
		"a key twice":             {`[{"card": 1, "secondname": "Я", "card": 2}]`, "row 1: «card» is there twice"},
		"two keys for one": {
			`[{"card": 1, "secondname": "Я", "Card": 2}]`,
			"the columns «card» and «Card» would both be read as the card",
		},
		"two cards of the old roster": {
			`{"1": {"card": 2, "secondname": "Я"}}`,
			"row 1: the student under the card 1 has the card «2»",
		},
		"a list for a name": {
			`[{"card": 1, "secondname": ["Я"]}]`,
			"row 1: «secondname» is no text and no number",
		},
		"a number for a student": {`[{"card": 1, "secondname": "Я"}, 7]`, "row 2 is no object"},
		"null for a student":     {`[null]`, "row 1 is no object"},
		"half a letter": {
			`[{"card": 1, "secondname": "\ud83d"}]`,
			"row 1: the family name «\ufffd» holds a sign for a letter that was lost",
		},
		"no card":                     {`[{"name": "Белова"}]`, "no object has a card and a name"},
		"nothing":                     {"", "line 1: the file ends in the midst of the list"},
		"UTF-8 that was read as 1251": {`[{"card": 1, "secondname": "Р‘РµР»РѕРІР°"}]`, "row 1: the family name"},
		"CP866 with a key that counts": {
			string(encoded(t, charmap.CodePage866, "[{\"card\": 1,\n \"secondname\": \"Белова\"}]")),
			"line 2: the text there is neither",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := roster.Read(write(t, "a.json", []byte(c.content)))
			require.ErrorContains(t, err, "a.json: "+c.told)
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, got.Students)
		})
	}
}
