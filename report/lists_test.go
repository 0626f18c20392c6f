package report_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/report"
)

const goldenOccupancy = `
	Дата       | День | Время | Мест | Записано | Пришли | Не пришли | Уважительная | Доля неявок | Отказано при записи | Состояние
	02.11.2026 | Пн   | 14:30 | 12   | 1        | 1      | 0         | 0            | 0%          | 0                   | состоялось
	02.11.2026 | Пн   | 16:00 | 12   | 4        | 1      | 2         | 1            | 50%         | 2                   | состоялось
	02.11.2026 | Пн   | 17:30 | 12   | 1        | 0      | 1         | 0            | 100%        | 0                   | состоялось
	04.11.2026 | Ср   | 16:00 | 12   | 2        |        |           |              |             | 0                   | отменено
	05.11.2026 | Чт   | 20:30 | 12   | 2        |        |           |              |             | 0                   | впереди
	08.11.2026 | Вс   | 10:00 | 12   | 1        | 1      | 0         | 0            | 0%          | 0                   | состоялось`

func TestOccupancy(t *testing.T) {
	g := november(t)
	require.Equal(
		t,
		lines(goldenOccupancy),
		table(g.make("occupancy", "2026-11-01", "2026-11-08", "", report.XLSX).rows(t, "Заполняемость")),
	)
}

const goldenTerm = `
	Студенческий | ФИО                    | Группа | Занятий состоялось | Присутствовал | Уважительная | Отсутствовал | Посещаемость | Блокировок
	105          | Абрамова Анна Олеговна |        | 1                  | 1             | 0            | 0            | 100%         | 0
	103          | Елкин Пётр Петрович    | БИ-9   | 2                  | 1             | 0            | 1            | 50%          | 1
	102          | Ёлкин Пётр             | ИС-21  | 1                  | 0             | 0            | 1            | 0%           | 0
	104          | жуков Иван Ильич       | БИ-11  | 1                  | 0             | 1            | 0            | 0%           | 0
	101          | Яшин Лев Иванович      | ИС-21  | 2                  | 1             | 0            | 1            | 50%          | 0`

func TestTerm(t *testing.T) {
	g := november(t)
	require.Equal(
		t,
		lines(goldenTerm),
		table(g.make("term", "2026-11-01", "2026-11-08", "", report.XLSX).rows(t, "Итоги")),
	)
	require.Len(t, g.make("term", "2026-11-01", "2026-11-08", "бИ-9", report.CSV).fields(t), 2)
}

const goldenBlocked = `
	Студенческий | ФИО                 | Группа | Причина          | Пропуски               | Блокировка с | по         | Снята      | Кем снята      | Причина снятия
	103          | Елкин Пётр Петрович | БИ-9   | вручную          |                        | 03.11.2026   | до снятия  |            |                |
	102          | Ёлкин Пётр          | ИС-21  | Пропуски: 02, 04 | 02.11.2026, 04.11.2026 | 05.11.2026   | 30.11.2026 |            |                |
	104          | жуков Иван Ильич    | БИ-11  | драка            |                        | 01.11.2026   |            | 04.11.2026 | Тренер Главный | помирились`

func TestBlocked(t *testing.T) {
	g := november(t)
	g.student(900, [3]string{"Тренер", "Главный", ""}, "")
	g.tell(
		`insert into gym.blocks (user_id, month, absences, reason, created_at, lifted_at, lifted_by, lift_reason) values
		(102, '2026-11-01', '{2026-11-02,2026-11-04}', 'Пропуски: 02, 04', '2026-11-05 12:00+07', null, null, null),
		(104, null, '{}', 'драка', '2026-11-01 12:00+07', '2026-11-04 12:00+07', 900, 'помирились'),
		(105, null, '{}', 'после периода', '2026-11-09 12:00+07', null, null, null),
		(106, null, '{}', 'снята до периода', '2026-10-01 12:00+07', '2026-10-31 12:00+07', 900, 'ошибка')`,
	)
	require.Equal(
		t,
		lines(goldenBlocked),
		table(g.make("blocked", "2026-11-01", "2026-11-08", "", report.XLSX).rows(t, "Блокировки")),
	)
	require.Equal(
		t,
		[][]string{{"За период с 01.11.2026 по 08.11.2026, группа БИ-10 блокировок нет"}},
		g.make("blocked", "2026-11-01", "2026-11-08", "БИ-10", report.XLSX).rows(t, "Блокировки"),
	)
}

// TestCSVIsTheSheet: of each report, row by row.
func TestCSVIsTheSheet(t *testing.T) {
	g := november(t)
	for kind, sheet := range map[string]string{"visits": "Отчет", "occupancy": "Заполняемость", "term": "Итоги", "blocked": "Блокировки"} {
		m := g.make(kind, "2026-11-01", "2026-11-08", "", report.CSV)
		fields := m.fields(t)
		require.Greater(t, len(fields), 1, kind)
		require.Equal(t, table(g.make(kind, "2026-11-01", "2026-11-08", "", report.XLSX).rows(t, sheet)), fields, kind)
		require.Equal(t, "text/csv; charset=utf-8", m.ContentType)
	}
}
