package year

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// register is a lesson as a coach marks it.
type register struct {
	hour
	present, excused []int
	ledger           int // last row of the ledger when it was marked at an opening
}

func (r register) body() map[string]any {
	return map[string]any{
		"date":    r.date.Format(time.DateOnly),
		"time":    hhmm(r.at),
		"present": r.present,
		"excused": r.excused,
	}
}

// coaches, in the evening: the day's lessons, some forgotten, some marked in part; lessons forgotten earlier;
// corrections; lessons called off and on.
func (y *year) coaches(ctx context.Context) error {
	registers := y.m.registers(y.today())
	for _, h := range sortedHours(registers) {
		if err := y.markToday(ctx, h, registers[h]); err != nil {
			return err
		}
	}
	for _, r := range y.lateRegisters(2) {
		if err := y.markLesson(ctx, r); err != nil {
			return err
		}
	}
	for range y.rng.IntN(6) {
		if err := y.correct(ctx); err != nil {
			return err
		}
	}
	if y.chance(30) {
		return y.callOff(ctx)
	}
	return nil
}

func sortedHours(registers map[hour][]*seat) []hour {
	return slices.SortedFunc(
		maps.Keys(registers),
		func(a, b hour) int { return cmp.Or(a.date.Compare(b.date), cmp.Compare(a.at, b.at)) },
	)
}

func (y *year) markToday(ctx context.Context, h hour, seats []*seat) error {
	switch {
	case !y.m.marksMade[monthOf(h.date)]:
		y.forgotten = append(y.forgotten, h)
		return nil
	case y.m.isOff(h.date, h.at):
		_, _, err := y.request(ctx, "visit_mark_lesson", y.coach, y.register(h, seats).body(), "lesson_cancelled")
		return err
	}
	switch n := y.rng.IntN(100); {
	case n < 12:
		y.forgotten = append(y.forgotten, h)
		return nil
	case n < 20: // some, one by one
		for _, s := range some(y.rng, seats, 1+len(seats)/2) {
			if err := y.edit(ctx, y.coach, s, h, y.attendance(s.student)); err != nil {
				return err
			}
		}
		return nil
	}
	return y.markLesson(ctx, y.register(h, seats))
}

// attendance: most come, one in six often does not.
func (y *year) attendance(student int) mark {
	misses := 6
	if student%6 == 0 {
		misses = 35
	}
	switch n := y.rng.IntN(100); {
	case n < misses:
		return absent
	case n < misses+5:
		return excused
	}
	return present
}

func (y *year) register(h hour, seats []*seat) register {
	r := register{hour: h, present: []int{}, excused: []int{}}
	for _, s := range seats {
		switch y.attendance(s.student) {
		case present:
			r.present = append(r.present, s.student)
		case excused:
			r.excused = append(r.excused, s.student)
		}
	}
	return r
}

// lateRegisters are lessons forgotten before today that the coach remembers now; a few he never does.
func (y *year) lateRegisters(most int) []register {
	var late []register
	var still []hour
	for _, h := range y.forgotten {
		seats := y.m.registers(h.date)[h]
		switch {
		case len(late) == most || h.date.Equal(y.today()) || !y.m.marksMade[monthOf(h.date)] || y.rng.IntN(3) > 0:
			still = append(still, h)
		case y.chance(25) || len(seats) == 0 || y.m.isOff(h.date, h.at) || y.tooLate(h.date, y.coach):
			// never
		default:
			late = append(late, y.register(h, seats))
		}
	}
	y.forgotten = still
	return late
}

func (y *year) tooLate(date time.Time, actor int) bool {
	return actor == y.coach && date.Before(y.today().AddDate(0, 0, -y.m.coachDays))
}

func (y *year) markLesson(ctx context.Context, r register) error {
	data, _, err := y.request(ctx, "visit_mark_lesson", y.coach, r.body(), "")
	if err != nil {
		return err
	}
	if err := y.marked(ctx, r); err != nil {
		return err
	}
	return y.compareRegister(r.hour, data)
}

// marked: the lesson was marked, whoever is not named as absent.
func (y *year) marked(ctx context.Context, r register) error {
	seats := y.m.registers(r.date)[r.hour]
	y.report.Marked += len(seats)
	return y.change(ctx, []time.Time{r.date}, func() {
		for _, s := range seats {
			s.said[r.date] = absent
			if slices.Contains(r.present, s.student) {
				s.said[r.date] = present
			} else if slices.Contains(r.excused, s.student) {
				s.said[r.date] = excused
			}
		}
	})
}

type visit struct {
	ID, Mark   int
	Date, Time string
	Marked     bool
	User       struct{ ID int }
}

// compareRegister: does the wire show a lesson as the model knows it?
func (y *year) compareRegister(h hour, data []byte) error {
	var visits []visit
	if err := json.Unmarshal(data, &visits); err != nil {
		return err
	}
	type shown struct {
		student, mark int
		marked        bool
	}
	var got, want []shown
	for _, v := range visits {
		got = append(got, shown{v.User.ID, v.Mark, v.Marked})
	}
	for _, s := range y.m.registers(h.date)[h] {
		is := y.m.markOf(s, h.date)
		number := map[mark]int{present: 1, excused: 2, cancelled: 3}[is]
		want = append(want, shown{s.student, number, is != unmarked || y.m.isMarked(lesson{h.date, s.slot})})
	}
	if d := difference(got, want); d != "" {
		return fmt.Errorf("lesson of %s %s {student mark marked}: %s", h.date.Format(time.DateOnly), hhmm(h.at), d)
	}
	return nil
}

// look asks the wire for a lesson, compares it, and gives the ids of its marks by student.
func (y *year) look(ctx context.Context, h hour) (map[int]int, error) {
	data, _, err := y.request(
		ctx,
		"visit_get",
		y.coach,
		map[string]any{"date": h.date.Format(time.DateOnly), "time": hhmm(h.at)},
		"",
	)
	if err != nil {
		return nil, err
	}
	if err := y.compareRegister(h, data); err != nil {
		return nil, err
	}
	var visits []visit
	if err := json.Unmarshal(data, &visits); err != nil {
		return nil, err
	}
	ids := map[int]int{}
	for _, v := range visits {
		ids[v.User.ID] = v.ID
	}
	return ids, nil
}

// edit sets one mark; unmarked takes it back.
func (y *year) edit(ctx context.Context, actor int, s *seat, h hour, as mark) error {
	ids, err := y.look(ctx, h)
	if err != nil {
		return err
	}
	body := map[string]any{"id": ids[s.student], "marked": false}
	if as != unmarked {
		body = map[string]any{
			"id":   ids[s.student],
			"mark": map[mark]int{absent: 0, present: 1, excused: 2, cancelled: 3}[as],
		}
	}
	want := ""
	if y.tooLate(h.date, actor) {
		want = "coach_marks_days"
	}
	_, done, err := y.request(ctx, "visit_edit", actor, body, want)
	if err != nil || !done {
		return err
	}
	return y.change(ctx, []time.Time{h.date}, func() { s.said[h.date] = as })
}

// correct changes a mark of the last weeks, most often of a few days ago.
func (y *year) correct(ctx context.Context) error {
	back := y.rng.IntN(6)
	if y.chance(25) {
		back = y.rng.IntN(40)
	}
	date := y.today().AddDate(0, 0, -back)
	if !y.m.marksMade[monthOf(date)] {
		return nil
	}
	registers := y.m.registers(date)
	h, ok := one(y.rng, sortedHours(registers))
	if !ok || y.m.isOff(h.date, h.at) {
		return nil
	}
	// absentees come and argue
	who := registers[h]
	if missing := slices.DeleteFunc(slices.Clone(who), func(s *seat) bool { return y.m.markOf(s, date) != absent }); len(
		missing,
	) > 0 &&
		y.chance(60) {
		who = missing
	}
	s, _ := one(y.rng, who)
	as, _ := one(y.rng, []mark{present, present, excused, absent, absent, unmarked, cancelled})
	actor := y.coach
	if y.chance(30) {
		actor = y.admin
	}
	return y.edit(ctx, actor, s, h, as)
}

// callOff cancels a lesson, mostly one to come, or takes a cancellation back.
func (y *year) callOff(ctx context.Context) error {
	off := slices.SortedFunc(
		maps.Keys(y.m.calledOff),
		func(a, b hour) int { return cmp.Or(a.date.Compare(b.date), cmp.Compare(a.at, b.at)) },
	)
	if h, ok := one(y.rng, off); ok && y.chance(40) {
		_, closed := y.m.runs(h.date)
		want := ""
		switch {
		case !y.isLesson(h):
			want = "lesson_not_found"
		case y.tooLate(h.date, y.coach):
			want = "coach_marks_days"
		case closed:
			want = "day_closed"
		}
		_, done, err := y.request(
			ctx,
			"visit_restore_lesson",
			y.coach,
			map[string]any{"date": h.date.Format(time.DateOnly), "time": hhmm(h.at)},
			want,
		)
		if err != nil || !done {
			return err
		}
		return y.change(ctx, []time.Time{h.date}, func() { delete(y.m.calledOff, h) })
	}
	h := hour{y.today().AddDate(0, 0, y.rng.IntN(20)-8), time.Duration(16*60+90*y.rng.IntN(4)) * time.Minute}
	want := ""
	if !y.isLesson(h) {
		want = "lesson_not_found"
	} else if y.tooLate(h.date, y.coach) {
		want = "coach_marks_days"
	}
	_, done, err := y.request(
		ctx,
		"visit_cancel_lesson",
		y.coach,
		map[string]any{"date": h.date.Format(time.DateOnly), "time": hhmm(h.at), "reason": "тренер болен"},
		want,
	)
	if err != nil || !done {
		return err
	}
	return y.change(ctx, []time.Time{h.date}, func() { y.m.calledOff[h] = true })
}

// isLesson: a slot runs then, or people have marks of one that ran.
func (y *year) isLesson(h hour) bool {
	weekday, _ := y.m.runs(h.date)
	if y.m.slotAt(monthOf(h.date), weekday, h.at) != nil {
		return true
	}
	return y.m.marksMade[monthOf(h.date)] && len(y.m.registers(h.date)[h]) > 0
}
