package report_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"energiya/report"
)

// november is the gym that the golden workbook is made of: the first week of November 2026, which begins on a Sunday.
func november(t *testing.T) gym {
	g := newGym(t)
	g.student(101, [3]string{"Яшин", "Лев", "Иванович"}, "ИС-21")
	g.student(102, [3]string{"Ёлкин", "Пётр", ""}, "ИС-21")
	g.student(103, [3]string{"Елкин", "Пётр", "Петрович"}, "БИ-9")
	g.student(104, [3]string{"жуков", "Иван", "Ильич"}, "БИ-11")
	g.student(105, [3]string{"Абрамова", "Анна", "Олеговна"}, "")
	g.student(106, [3]string{"Ершов", "Никто", "Никогда"}, "ИС-21") // no marks in the period

	g.mark(101, "2026-11-02 16:00", "present")
	g.mark(102, "2026-11-02 16:00", "unmarked") // somebody was marked: absent
	g.mark(103, "2026-11-02 16:00", "absent")
	g.mark(104, "2026-11-02 16:00", "excused")
	g.mark(101, "2026-11-02 17:30", "absent") // a second lesson that day
	g.mark(103, "2026-11-02 14:30", "present")
	g.mark(101, "2026-11-04 16:00", "cancelled")
	g.mark(102, "2026-11-04 16:00", "cancelled")
	g.mark(104, "2026-11-05 20:30", "unmarked") // nobody was marked: not yet
	g.mark(105, "2026-11-05 20:30", "unmarked")
	g.mark(105, "2026-11-08 10:00", "present") // a Sunday
	g.mark(106, "2026-11-09 16:00", "present") // after the period

	g.tell(
		`update gym.slots set deleted_at = now() where weekday = 6`,
	) // given up since, so that the other Sundays have no lesson

	g.tell(`update gym.users set role = 'BLOCKED' where id = 103`)
	g.tell(`insert into gym.blocks (user_id, reason, created_at) values (103, 'вручную', '2026-11-03 12:00+07')`)
	g.tell(`insert into gym.refusals (slot_id, user_id, refused_at)
		select s.id, u, now() from gym.slots s, unnest('{105,106}'::integer[]) u where s.weekday = 0 and s.starts_at = '16:00'`)
	g.tell(`update gym.users set deleted = true, deleted_at = now() where id = 104`)
	return g
}

const goldenVisits = `
	Студенческий | ФИО                   | Группа | 02.11 | 03.11 | 04.11 | 05.11 | 06.11 | 07.11 | 08.11 | Присутствовал | Отсутствовал | Уважительная | Всего
	105          | Абрамова Анна Олеговна|        |       |       |       | ?     |       |       | +     | 1             | 0            | 0            | 1
	103          | Елкин Пётр Петрович   | БИ-9   | +-    |       |       |       |       |       |       | 1             | 1            | 0            | 2
	102          | Ёлкин Пётр            | ИС-21  | -     |       | #     |       |       |       |       | 0             | 1            | 0            | 1
	104          | жуков Иван Ильич      | БИ-11  | *     |       |       | ?     |       |       |       | 0             | 0            | 1            | 1
	101          | Яшин Лев Иванович     | ИС-21  | +-    |       | #     |       |       |       |       | 1             | 1            | 0            | 2`

func TestVisits(t *testing.T) {
	g := november(t)
	m := g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX)

	rows := m.rows(t, "Отчет")
	require.Equal(
		t,
		lines(goldenVisits),
		table(rows),
		"the Sunday without a lesson, 01.11, has no column; the one with one, 08.11, has",
	)
	legend := rows[len(table(rows)):]
	require.Empty(t, legend[0])
	require.Equal(t, [][]string{
		{"Обозначения"}, {"+", "присутствовал"}, {"-", "отсутствовал"}, {"*", "отсутствовал по уважительной причине"},
		{"#", "занятие отменено"}, {"?", "ещё не отмечен"},
	}, legend[1:7])
	require.Equal(t, []string{"Отчет", "Сводка"}, m.book(t).GetSheetList())

	g.tell(`update gym.slots set deleted_at = null where weekday = 6`)
	require.Equal(
		t,
		"01.11",
		g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX).rows(t, "Отчет")[0][3],
		"a lesson falls on it, though nobody was in it",
	)
}

const goldenSummary = `
	Группа     | Студентов | Отметок | Присутствовал | Отсутствовал | Уважительная | Отменено | Не отмечено | Посещаемость | Заблокировано
	без группы | 1         | 2       | 1             | 0            | 0            | 0        | 1           | 100%         | 0
	БИ-9       | 1         | 2       | 1             | 1            | 0            | 0        | 0           | 50%          | 1
	БИ-11      | 1         | 2       | 0             | 0            | 1            | 0        | 1           | 0%           | 0
	ИС-21      | 2         | 5       | 1             | 2            | 0            | 2        | 0           | 33%          | 0
	Всего      | 5         | 11      | 3             | 3            | 1            | 2        | 2           | 43%          | 1`

const goldenSlots = `
	Занятие  | Студентов | Отметок | Присутствовал | Отсутствовал | Уважительная | Отменено | Не отмечено | Посещаемость | Заблокировано
	Пн 14:30 | 1         | 1       | 1             | 0            | 0            | 0        | 0           | 100%         | 1
	Пн 16:00 | 4         | 4       | 1             | 2            | 1            | 0        | 0           | 25%          | 1
	Пн 17:30 | 1         | 1       | 0             | 1            | 0            | 0        | 0           | 0%           | 0
	Ср 16:00 | 2         | 2       | 0             | 0            | 0            | 2        | 0           |              | 0
	Чт 20:30 | 2         | 2       | 0             | 0            | 0            | 0        | 2           |              | 0
	Вс 10:00 | 1         | 1       | 1             | 0            | 0            | 0        | 0           | 100%         | 0`

const goldenWeek = `
	Посещаемость | 10:00 | 14:30 | 16:00 | 17:30 | 20:30
	Пн           |       | 100%  | 25%   | 0%    |
	Ср           |       |       |       |       |
	Чт           |       |       |       |       |
	Вс           | 100%  |       |       |       |`

const goldenCourse = `
	Дата  | Посещаемость | Присутствовал | Состоялось
	02.11 | 33%          | 2             | 6
	08.11 | 100%         | 1             | 1`

func TestSummary(t *testing.T) {
	g := november(t)
	m := g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX)
	rows := m.rows(t, "Сводка")
	require.Equal(t, "Сводка посещений с 01.11.2026 по 08.11.2026", rows[0][0])

	// the tables, one below the other
	var tables [][][]string
	for i := 2; i < len(rows); i++ {
		if len(rows[i]) > 0 {
			tables = append(tables, table(rows[i:]))
			i += len(tables[len(tables)-1])
		}
	}
	var golden [][][]string
	for _, picture := range []string{goldenSummary, goldenSlots, goldenWeek, goldenCourse} {
		golden = append(golden, lines(picture))
	}
	require.Equal(t, golden, tables)
	charts := 0
	m.book(t).Pkg.Range(func(name, _ any) bool {
		if strings.HasPrefix(name.(string), "xl/charts/chart") {
			charts++
		}
		return true
	})
	require.Equal(t, 2, charts)
}

func TestVisitsAreAFormThatPeopleCanUse(t *testing.T) {
	f := november(t).make("visits", "2026-11-01", "2026-11-08", "", report.XLSX).book(t)

	panes, err := f.GetPanes("Отчет")
	require.NoError(t, err)
	require.True(t, panes.Freeze)
	require.Equal(t, "3 1 D2", fmt.Sprint(panes.XSplit, panes.YSplit, " ", panes.TopLeftCell))

	layout, err := f.GetPageLayout("Отчет")
	require.NoError(t, err)
	require.Equal(t, "landscape", *layout.Orientation)
	require.Equal(t, 9, *layout.Size, "A4")
	require.Equal(t, 1, *layout.FitToWidth)
	require.Equal(t, 0, *layout.FitToHeight, "as many pages down as it takes")
	props, err := f.GetSheetProps("Отчет")
	require.NoError(t, err)
	require.True(t, *props.FitToPage)

	names := map[string]string{}
	for _, name := range f.GetDefinedName() {
		names[name.Name] = name.RefersTo
	}
	require.Equal(t, "'Отчет'!$A:$C,'Отчет'!$1:$1", names["_xlnm.Print_Titles"])
	require.Equal(t, "'Отчет'!$A$1:$N$6", names["_xlnm._FilterDatabase"], "the legend is not filtered")

	width, err := f.GetColWidth("Отчет", "B")
	require.NoError(t, err)
	require.Greater(t, width, float64(len([]rune("Абрамова Анна Олеговна"))))

	fillOf := func(cell string) string {
		id, err := f.GetCellStyle("Отчет", cell)
		require.NoError(t, err)
		style, err := f.GetStyle(id)
		require.NoError(t, err)
		require.Len(t, style.Border, 4, "%s has borders", cell)
		return strings.Join(style.Fill.Color, " ")
	}
	absent := fillOf("D3")
	require.NotEmpty(t, absent)
	require.Equal(t, absent, fillOf("D4"))
	require.Empty(t, fillOf("D5"), "excused")
	require.Empty(t, fillOf("E4"), "no mark")
	id, err := f.GetCellStyle("Отчет", "A1")
	require.NoError(t, err)
	style, err := f.GetStyle(id)
	require.NoError(t, err)
	require.True(t, style.Font.Bold)
}

// signs of a present, absent, excused, cancelled and unmarked student.
type signs [5]string

// oddSigns mean something to a spreadsheet, in searches, formulas or XML.
func oddSigns() []signs {
	return []signs{
		{"+", "-", "*", "#", "?"},
		{"*", "?", "~", "\"", "&"},
		{"=", "<", "'", "%", "^"},
		{"б", "н", "у", "о", "·"},
	}
}

// use makes the signs those of the gym.
func (s signs) use(g gym) {
	g.tell(
		`update gym.settings set sign_present = $1, sign_absent = $2, sign_excused = $3, sign_cancelled = $4, sign_unmarked = $5`,
		s[0],
		s[1],
		s[2],
		s[3],
		s[4],
	)
}

// in is the golden sheet, written with the signs.
func (s signs) in(golden [][]string) [][]string {
	written := strings.NewReplacer("+", s[0], "-", s[1], "*", s[2], "#", s[3], "?", s[4])
	var rows [][]string
	for i, row := range golden {
		row = slices.Clone(row)
		for column := 3; i > 0 && column < len(row); column++ {
			row[column] = written.Replace(row[column])
		}
		rows = append(rows, row)
	}
	return rows
}

func TestTotalsAreFormulasWithTheirValues(t *testing.T) {
	g := november(t)
	for _, signs := range oddSigns() {
		t.Run(strings.Join(signs[:], ""), func(t *testing.T) {
			signs.use(g)
			f := g.make("visits", "2026-11-01", "2026-11-08", "", report.XLSX).book(t)
			golden := signs.in(lines(goldenVisits))
			for i, row := range golden {
				for column := range row {
					name, err := excelize.CoordinatesToCellName(column+1, i+1)
					require.NoError(t, err)
					value, err := f.GetCellValue("Отчет", name)
					require.NoError(t, err)
					require.Equal(t, row[column], value, name)
					formula, err := f.GetCellFormula("Отчет", name)
					require.NoError(t, err)
					require.Equal(t, i > 0 && column >= len(row)-4, formula != "", "%s: %s", name, formula)
				}
			}
		})
	}
}

func TestTheYearBoundary(t *testing.T) {
	g := newGym(t)
	g.student(1, [3]string{"Иванов", "Иван", "Иванович"}, "ИС-21")
	g.mark(1, "2025-12-31 16:00", "present")
	g.mark(1, "2026-12-30 16:00", "absent")
	g.mark(1, "2026-12-31 16:00", "excused")
	g.mark(1, "2027-01-01 16:00", "present")

	m := g.make("visits", "2026-12-30", "2027-01-04", "", report.XLSX)
	require.Equal(t, lines(`
		Студенческий | ФИО                  | Группа | 30.12.2026 | 31.12.2026 | 01.01.2027 | 02.01.2027 | 04.01.2027 | Присутствовал | Отсутствовал | Уважительная | Всего
		1            | Иванов Иван Иванович | ИС-21  | -          | *          | +          |            |            | 1             | 1            | 1            | 3`),
		table(m.rows(t, "Отчет")))
	require.Equal(t, "Посещения с 30.12.2026 по 04.01.2027.xlsx", m.Name)

	// the same day and month twice: two columns
	year := table(g.make("visits", "2025-12-31", "2026-12-31", "", report.XLSX).rows(t, "Отчет"))
	require.Equal(t, "+", year[1][slices.Index(year[0], "31.12.2025")])
	require.Equal(t, "*", year[1][slices.Index(year[0], "31.12.2026")])
	require.Equal(t, "3", year[1][len(year[1])-1])
}

// A lesson to come in which somebody was marked, as older versions took it: the others are not absent before the day.
func TestNobodyIsAbsentFromALessonToCome(t *testing.T) {
	g := newGym(t)
	for card, mark := range []string{"present", "unmarked"} {
		g.student(card+1, [3]string{"Иванов", "Иван", "Иванович"}, "ИС-21")
		g.mark(card+1, "2026-11-09 16:00", mark)
	}
	visits := table(g.make("visits", "2026-11-09", "2026-11-10", "", report.XLSX).rows(t, "Отчет"))
	require.Contains(t, visits[2], "?")
	require.NotContains(t, visits[2], "-")
	absent := slices.Index(visits[0], "Отсутствовал")
	require.Equal(t, "0", visits[2][absent])
	term := g.make("term", "2026-11-09", "2026-11-10", "", report.CSV).fields(t)
	require.Equal(t, "0", term[2][slices.Index(term[0], "Отсутствовал")], term)
}

func TestVisitsOfAGroup(t *testing.T) {
	g := november(t)
	for _, name := range []string{"ИС-21", "ис-21", "  Ис-21\t", "\u00a0ИС-21"} {
		rows := table(g.make("visits", "2026-11-01", "2026-11-08", name, report.XLSX).rows(t, "Отчет"))
		require.Len(t, rows, 3, name)
		require.Equal(t, "Ёлкин Пётр", rows[1][1])
		require.Equal(t, "Яшин Лев Иванович", rows[2][1])
	}
	require.Len(
		t,
		table(g.make("visits", "2026-11-01", "2026-11-08", " ", report.XLSX).rows(t, "Отчет")),
		6,
		"blanks name no group",
	)
	require.Len(
		t,
		g.make("visits", "2026-11-01", "2026-11-08", "ИС-2", report.XLSX).rows(t, "Отчет"),
		1,
		"a part of a name is no group",
	)
}

func TestNothingInThePeriod(t *testing.T) {
	g := november(t)
	m := g.make("visits", "2024-01-01", "2024-01-31", "", report.XLSX)
	require.Equal(t, [][]string{{"За период с 01.01.2024 по 31.01.2024 отметок нет"}}, m.rows(t, "Отчет"))
	m = g.make("visits", "2024-01-01", "2024-01-31", "ИС-21", report.CSV)
	require.Equal(t, [][]string{{"За период с 01.01.2024 по 31.01.2024, группа ИС-21 отметок нет"}}, m.fields(t))
}

// TestTotalsAgainstSQL compares the workbook with what the database counts itself, on marks of every sort.
func TestTotalsAgainstSQL(t *testing.T) {
	g := newGym(t)
	g.tell(`insert into gym.users (id, student_card, firstname, surname, secondname, "group", hid)
		select n, n, 'Имя', '', 'Фамилия ' || n, 'Г-' || n % 7, '-' from generate_series(1, 600) n`)
	g.tell(`insert into gym.slots (id, month, weekday, starts_at, capacity)
		select w * 4 + t, '2026-11-01', w, (array['16:00', '17:30', '19:00', '20:30']::time[])[t], 1000 from generate_series(0, 5) w, generate_series(1, 4) t`)
	g.tell(`insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at, cancelled_at, cancel_reason)
		select u * 24 + s.id, s.id, u, s.month, s.weekday, '2026-10-25', '2026-12-01', 'moved' from generate_series(1, 600) u join gym.slots s on (u * 31 + s.id) % 5 = 0`)
	g.tell(`insert into gym.marks (enrolment_id, slot_id, user_id, date, mark, withdrawn_at)
		select e.id, e.slot_id, e.user_id, d::date, (enum_range(null::gym.mark))[1 + (e.id * 7 + extract(day from d)::integer) % 5], case when e.id % 11 = 0 then now() end
		  from gym.enrolments e, generate_series('2026-11-01'::timestamp, '2026-11-30', '1 day') d where extract(isodow from d) = e.weekday + 1`)

	rows := table(g.make("visits", "2026-11-03", "2026-11-28", "", report.XLSX).rows(t, "Отчет"))
	query, err := g.db.Owner.Query(t.Context(), `
		select card::text, present::text, absent::text, excused::text, (present + absent + excused)::text from api.report_visits('2026-11-03', '2026-11-28')`)
	require.NoError(t, err)
	counted, err := pgx.CollectRows(query, func(row pgx.CollectableRow) ([]string, error) {
		fields := make([]string, 5)
		return fields, row.Scan(&fields[0], &fields[1], &fields[2], &fields[3], &fields[4])
	})
	require.NoError(t, err)
	require.Greater(t, len(counted), 500, "more than one batch")
	var shown [][]string
	for _, row := range rows[1:] {
		shown = append(shown, append([]string{row[0]}, row[len(row)-4:]...))
	}
	require.Equal(t, counted, shown)

	// and without any of the report's own functions
	var present, absent, marks int
	require.NoError(t, g.db.Owner.QueryRow(t.Context(), `
		select count(*) filter (where m.mark = 'present'),
		       count(*) filter (where m.mark = 'absent' or m.mark = 'unmarked' and exists (
		         select from gym.marks o where o.slot_id = m.slot_id and o.date = m.date and o.withdrawn_at is null and o.mark in ('present', 'absent'))),
		       count(*)
		  from gym.marks m where m.withdrawn_at is null and m.date between '2026-11-03' and '2026-11-28'`).Scan(&present, &absent, &marks))
	sum := func(column int) (total int) {
		for _, row := range shown {
			n, err := strconv.Atoi(row[column])
			require.NoError(t, err)
			total += n
		}
		return total
	}
	require.Equal(t, []int{present, absent}, []int{sum(1), sum(2)})

	summary := g.make("visits", "2026-11-03", "2026-11-28", "", report.XLSX).rows(t, "Сводка")
	all := slices.IndexFunc(summary, func(row []string) bool { return len(row) > 0 && row[0] == "Всего" })
	require.Equal(
		t,
		[]string{strconv.Itoa(len(shown)), strconv.Itoa(marks), strconv.Itoa(present), strconv.Itoa(absent)},
		summary[all][1:5],
	)
}

// TestASnapshot: what changes while a report is written is not in it.
func TestASnapshot(t *testing.T) {
	g := november(t)
	var m made
	err := g.open(
		"visits",
		"2026-11-01",
		"2026-11-08",
		"",
		report.CSV,
		func(k report.Kind, tx pgx.Tx, head []byte) (err error) {
			g.tell(`update gym.marks set mark = 'excused'`)
			g.tell(`update gym.users set secondname = 'Другой'`)
			var out strings.Builder
			m.File, err = k.Write(t.Context(), tx, head, &out, nil)
			m.content = []byte(out.String())
			return err
		},
	)
	require.NoError(t, err)
	require.Equal(t, lines(goldenVisits), m.fields(t))
}

func TestProgress(t *testing.T) {
	g := november(t)
	var told []string
	err := g.open(
		"visits",
		"2026-11-01",
		"2026-11-08",
		"",
		report.XLSX,
		func(k report.Kind, tx pgx.Tx, head []byte) error {
			_, err := k.Write(
				t.Context(),
				tx,
				head,
				new(strings.Builder),
				func(done, total int) { told = append(told, fmt.Sprint(done, " of ", total)) },
			)
			return err
		},
	)
	require.NoError(t, err)
	require.Equal(t, []string{"5 of 5"}, told)
}
