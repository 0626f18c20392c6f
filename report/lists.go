package report

import (
	"context"
	"time"
)

// lesson is a row of the report of occupancy.
type lesson struct {
	Date     time.Time
	At       string
	Capacity int
	Enrolled int
	Came     *int
	Excused  *int
	Absent   *int
	Refused  int
	State    string
	Rows     int
}

func writeOccupancy(ctx context.Context, m *making) error {
	return table[lesson]{
		sheet: "Заполняемость", heading: "Заполняемость занятий", nothing: "занятий", frozen: 3,
		columns: []column{
			newColumn(
				"Дата",
				13,
			), newColumn("День", 9), newColumn("Время", 10), newColumn("Мест", 9), newColumn("Записано", 12),
			newColumn(
				"Пришли",
				11,
			), newColumn("Не пришли", 11), newColumn("Уважительная", 15), newColumn("Доля неявок", 11),
			newColumn("Отказано при записи", 13), newColumn("Состояние", 18),
		},
		total: func(l lesson) int { return l.Rows },
		cells: func(l lesson) []cell {
			missed := blank(styleShare)
			if l.Came != nil && l.Absent != nil && l.Excused != nil {
				missed = part(*l.Absent, *l.Came+*l.Absent+*l.Excused)
			}
			return []cell{
				dated(
					l.Date,
				), centred(weekdays()[(int(l.Date.Weekday())+6)%7]), centred(l.At), number(l.Capacity), number(l.Enrolled),
				optional(
					l.Came,
				), optional(l.Absent), optional(l.Excused), missed, number(l.Refused), text(stateName(l.State)),
			}
		},
	}.write(ctx, m)
}

func stateName(state string) string {
	switch state {
	case "held":
		return "состоялось"
	case "cancelled":
		return "отменено"
	case "unmarked":
		return "не отмечено"
	case "empty":
		return "никто не записан"
	case "ahead":
		return "впереди"
	}
	return state
}

// termer is a row of the report for credit.
type termer struct {
	StudentCard int
	Name        string
	Group       string
	Held        int
	Attended    int
	Excused     int
	Absent      int
	Blocks      int
	Rows        int
}

func writeTerm(ctx context.Context, m *making) error {
	return table[termer]{
		sheet: "Итоги", heading: "Итоги посещений", nothing: "отметок", frozen: 3,
		columns: append(
			personal(),
			newColumn("Занятий состоялось", 13),
			newColumn("Присутствовал", 16),
			newColumn("Уважительная", 15),
			newColumn("Отсутствовал", 15),
			newColumn("Посещаемость", 15),
			newColumn("Блокировок", 14),
		),
		total: func(t termer) int { return t.Rows },
		cells: func(t termer) []cell {
			return []cell{
				number(
					t.StudentCard,
				), wrapped(t.Name), wrapped(t.Group), number(t.Held), number(t.Attended), number(t.Excused),
				number(t.Absent), part(t.Attended, t.Held), number(t.Blocks),
			}
		},
	}.write(ctx, m)
}

// personal are the columns that a person's row begins with.
func personal() []column {
	return []column{newColumn("Студенческий", 15), newColumn("ФИО", 40), newColumn("Группа", 14)}
}

// block is a row of the report of blocks.
type block struct {
	StudentCard int
	Name        string
	Group       string
	Reason      string
	Absences    string
	FirstDay    time.Time
	LastDay     *time.Time
	LiftedOn    *time.Time
	LiftedBy    *string
	LiftReason  *string
	Rows        int
}

func writeBlocked(ctx context.Context, m *making) error {
	return table[block]{
		sheet: "Блокировки", heading: "Блокировки", nothing: "блокировок", frozen: 3,
		columns: append(
			personal(),
			newColumn("Причина", 36),
			newColumn("Пропуски", 24),
			newColumn("Блокировка с", 14),
			newColumn("по", 14),
			newColumn("Снята", 14),
			newColumn("Кем снята", 30),
			newColumn("Причина снятия", 36),
		),
		total: func(b block) int { return b.Rows },
		cells: func(b block) []cell {
			last := optionalDate(b.LastDay)
			if b.LastDay == nil && b.LiftedOn == nil {
				last = centred("до снятия")
			}
			return []cell{
				number(b.StudentCard), wrapped(b.Name), wrapped(b.Group), wrapped(b.Reason), wrapped(b.Absences),
				dated(
					b.FirstDay,
				), last, optionalDate(b.LiftedOn), wrapped(orEmpty(b.LiftedBy)), wrapped(orEmpty(b.LiftReason)),
			}
		},
	}.write(ctx, m)
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
