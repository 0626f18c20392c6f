package year

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// mark is what gym.mark is.
type mark string

const (
	unmarked  mark = "unmarked"
	absent    mark = "absent"
	present   mark = "present"
	excused   mark = "excused"
	cancelled mark = "cancelled"
)

// model is the gym as the people of the year know it: what each student was told last, and what coaches and
// administrators said. What follows from that (marks, absences, who may enrol) is counted here anew, from the
// text of the rules and not from their SQL. Dates and moments are the gym's wall clock, written as UTC.
type model struct {
	slots      map[int]*slot
	byStudent  map[int][]*seat
	bySlot     map[int][]*seat
	slotsMade  map[time.Time]bool // months
	marksMade  map[time.Time]bool // months
	closures   map[int]closure
	calendar   map[time.Time]closure // of each closed or moved day
	calledOff  map[hour]bool
	forgiven   map[dayOf]bool
	pardoned   map[dayOf]bool // by first day of month
	blocks     map[int]*block
	byBlocked  map[int][]*block
	deleted    map[int]bool
	turns      []turn
	perStudent int // slots a student may choose
	limit      int // absences that block
	coachDays  int
	strict     bool // unmarked is absent, in any lesson
	slotsOn    int  // days of the month
	opensOn    int
}

type slot struct {
	id, weekday, capacity int
	month, ends           time.Time // first days of its month and of the next
	at                    time.Duration
	deleted               bool
}

// seat is one enrolment: from the moment it was taken to that when it was given up, if it was.
type seat struct {
	student        int
	slot           *slot
	taken, givenUp time.Time
	said           map[time.Time]mark // by a person, by date
}

func (s *seat) held() bool { return s.givenUp.IsZero() }

type closure struct {
	id, runsAs int // runsAs -1: closed
	from, to   time.Time
}

// hour names a lesson as the wire does.
type hour struct {
	date time.Time
	at   time.Duration
}

// lesson is a slot on a date.
type lesson struct {
	date time.Time
	slot *slot
}

type dayOf struct {
	student int
	date    time.Time
}

type block struct {
	id, student int
	month       time.Time // zero: by hand
	until       time.Time // zero: no end, or end of the month
	lifted      bool
	lifting     bool           // an administrator is at it
	freed       map[*slot]bool // and not yet spoken of again
}

type turn struct {
	at   time.Time
	open bool
}

func newModel() *model {
	return &model{
		slots: map[int]*slot{}, byStudent: map[int][]*seat{}, bySlot: map[int][]*seat{},
		slotsMade: map[time.Time]bool{}, marksMade: map[time.Time]bool{},
		closures: map[int]closure{}, calendar: map[time.Time]closure{}, calledOff: map[hour]bool{},
		forgiven: map[dayOf]bool{}, pardoned: map[dayOf]bool{},
		blocks: map[int]*block{}, byBlocked: map[int][]*block{}, deleted: map[int]bool{},
		perStudent: 3, limit: 3, coachDays: 31, slotsOn: 20, opensOn: 25,
	}
}

func dateOf(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func nextMonth(t time.Time) time.Time { return monthOf(t).AddDate(0, 1, 0) }

func lastMonth(t time.Time) time.Time { return monthOf(t).AddDate(0, -1, 0) }

func weekdayOf(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }

// ---- enrolment ----

// isOpen: from the opening day 12:00 until the month's last day begins; by hand until the next scheduled turn.
func (m *model) isOpen(now time.Time) bool {
	opens := monthOf(now).AddDate(0, 0, m.opensOn-1).Add(12 * time.Hour)
	closes := nextMonth(now).AddDate(0, 0, -1)
	since, open := monthOf(now), false
	switch {
	case !now.Before(closes):
		since = closes
	case !now.Before(opens):
		since, open = opens, true
	}
	for _, t := range m.turns {
		if !t.at.Before(since) && !t.at.After(now) {
			open = t.open
		}
	}
	return open
}

func (m *model) offered(month time.Time) []*slot {
	var offered []*slot
	for _, s := range m.slots {
		if s.month.Equal(month) && !s.deleted {
			offered = append(offered, s)
		}
	}
	slices.SortFunc(offered, func(a, b *slot) int { return cmp.Compare(a.id, b.id) })
	return offered
}

func (m *model) slotAt(month time.Time, weekday int, at time.Duration) *slot {
	for _, s := range m.offered(month) {
		if s.weekday == weekday && s.at == at {
			return s
		}
	}
	return nil
}

func (m *model) heldBy(student int, month time.Time) []*seat {
	var held []*seat
	for _, s := range m.byStudent[student] {
		if s.held() && s.slot.month.Equal(month) {
			held = append(held, s)
		}
	}
	return held
}

func (m *model) holds(student int, s *slot) *seat {
	for _, held := range m.byStudent[student] {
		if held.slot == s && held.held() {
			return held
		}
	}
	return nil
}

func (m *model) onWeekday(student int, month time.Time, weekday int) bool {
	return slices.ContainsFunc(m.heldBy(student, month), func(s *seat) bool { return s.slot.weekday == weekday })
}

func (m *model) seated(s *slot) int {
	n := 0
	for _, seat := range m.bySlot[s.id] {
		if seat.held() {
			n++
		}
	}
	return n
}

func (m *model) isFull(s *slot) bool { return m.seated(s) >= s.capacity }

func (m *model) seat(student int, s *slot, now time.Time) {
	taken := &seat{student: student, slot: s, taken: now, said: map[time.Time]mark{}}
	m.byStudent[student] = append(m.byStudent[student], taken)
	m.bySlot[s.id] = append(m.bySlot[s.id], taken)
}

// outcome is the answer to a choice: refused by a rule, or the slots that turn out full.
type outcome struct {
	refused string
	full    map[int]bool
}

// choice foretells the answer to a student's choice when nobody else is at it.
func (m *model) choice(student int, wanted []int, now time.Time) outcome {
	month := nextMonth(now)
	weekdays := map[int]bool{}
	known := true
	full := map[int]bool{}
	for _, id := range wanted {
		s := m.slots[id]
		if s == nil || s.deleted || !s.month.Equal(month) {
			known = false
			continue
		}
		weekdays[s.weekday] = true
		full[id] = m.holds(student, s) == nil && m.isFull(s)
	}
	switch {
	case !m.isOpen(now):
		return outcome{refused: "enrolment_closed"}
	case m.isBarred(student, month, now):
		return outcome{refused: "student_blocked"}
	case len(wanted) > m.perStudent:
		return outcome{refused: "slots_per_student"}
	case !known:
		return outcome{refused: "slot_not_offered"}
	case len(weekdays) < len(wanted):
		return outcome{refused: "enrolments_one_a_weekday"}
	}
	return outcome{full: full}
}

// chosen is what a student holds after a choice that was not refused, in which the slots of full could not be had.
func chosen(before, wanted []int, full map[int]bool) []int {
	var got []int
	for _, id := range wanted {
		if !full[id] {
			got = append(got, id)
		}
	}
	if len(got) == 0 && len(wanted) > 0 {
		return before
	}
	slices.Sort(got)
	return got
}

func (m *model) told(student int, month time.Time) []int {
	var ids []int
	for _, s := range m.heldBy(student, month) {
		ids = append(ids, s.slot.id)
	}
	slices.Sort(ids)
	return ids
}

// tell makes the student hold just the slots named.
func (m *model) tell(student int, month time.Time, ids []int, now time.Time) {
	for _, s := range m.heldBy(student, month) {
		if !slices.Contains(ids, s.slot.id) {
			s.givenUp = now
		}
	}
	for _, id := range ids {
		if m.holds(student, m.slots[id]) == nil {
			m.seat(student, m.slots[id], now)
		}
	}
}

// ---- attendance ----

func (m *model) chart() {
	clear(m.calendar)
	for _, c := range m.closures {
		for d := c.from; !d.After(c.to); d = d.AddDate(0, 0, 1) {
			m.calendar[d] = c
		}
	}
}

// runs is the weekday whose timetable a date runs, and whether it is closed.
func (m *model) runs(date time.Time) (weekday int, closed bool) {
	c, special := m.calendar[date]
	if !special {
		return weekdayOf(date), false
	}
	if c.runsAs < 0 {
		return weekdayOf(date), true
	}
	return c.runsAs, false
}

// expected: is there a lesson for this seat on this date? From the next one that has not begun when the seat is taken,
// to the last one begun when it is given up.
func (m *model) expected(s *seat, date time.Time) bool {
	weekday, _ := m.runs(date)
	begins := date.Add(s.slot.at)
	return weekday == s.slot.weekday && !date.Before(s.slot.month) && date.Before(s.slot.ends) &&
		begins.After(s.taken) &&
		(s.held() || !begins.After(s.givenUp))
}

func (m *model) isOff(date time.Time, at time.Duration) bool {
	_, closed := m.runs(date)
	return closed || m.calledOff[hour{date, at}]
}

// markOf is what an expected mark must show.
func (m *model) markOf(s *seat, date time.Time) mark {
	said, spoken := s.said[date]
	if !spoken {
		said = unmarked
	}
	switch {
	case said == cancelled || m.isOff(date, s.slot.at):
		return cancelled
	case (said == absent || said == unmarked) && m.forgiven[dayOf{s.student, date}]:
		return excused
	}
	return said
}

// isMarked: a lesson is marked once somebody was marked present or absent in it.
func (m *model) isMarked(l lesson) bool {
	for _, s := range m.bySlot[l.slot.id] {
		if m.expected(s, l.date) {
			if is := m.markOf(s, l.date); is == present || is == absent {
				return true
			}
		}
	}
	return false
}

// counts: is the mark an absence? Whoever is left unmarked is absent where somebody was marked, or everywhere by the
// strict rule.
func (m *model) counts(s *seat, date time.Time) bool {
	switch m.markOf(s, date) {
	case absent:
		return true
	case unmarked:
		return m.strict || m.isMarked(lesson{date, s.slot})
	}
	return false
}

// absences of a month of dates before one, in order; a date once for each lesson.
func (m *model) absences(student int, month, before time.Time) []hour {
	var missed []hour
	if end := nextMonth(month); end.Before(before) {
		before = end
	}
	for _, s := range m.byStudent[student] {
		if !s.slot.month.Equal(month) {
			continue
		}
		for d := month; d.Before(before); d = d.Add(24 * time.Hour) {
			if m.expected(s, d) && m.counts(s, d) {
				missed = append(missed, hour{d, s.slot.at})
			}
		}
	}
	slices.SortFunc(missed, func(a, b hour) int {
		return cmp.Or(a.date.Compare(b.date), cmp.Compare(a.at, b.at))
	})
	return missed
}

// deserves: do a month's absences, counted from the day after the lesson, block?
func (m *model) deserves(student int, month, today time.Time) bool {
	return !m.pardoned[dayOf{student, month}] && len(m.absences(student, month, today)) >= m.limit
}

func (m *model) standing(student int, month time.Time) *block {
	for _, b := range m.byBlocked[student] {
		if !b.lifted && !b.month.IsZero() && b.month.Equal(month) {
			return b
		}
	}
	return nil
}

func (m *model) byHand(student int, now time.Time) *block {
	for _, b := range m.byBlocked[student] {
		if !b.lifted && b.month.IsZero() && (b.until.IsZero() || !b.until.Before(dateOf(now))) {
			return b
		}
	}
	return nil
}

// isBarred: absences of a month bar from the next one and from no other; a block by hand bars while it stands.
func (m *model) isBarred(student int, month, now time.Time) bool {
	return m.byHand(student, now) != nil || m.standing(student, lastMonth(month)) != nil
}

// isBlocked: the role is BLOCKED to the end of the month of the absences, or while a block by hand stands.
func (m *model) isBlocked(student int, now time.Time) bool {
	return m.byHand(student, now) != nil || m.standing(student, monthOf(now)) != nil
}

// registers are the lessons of a date as the wire names them, with the seats that have a mark there.
func (m *model) registers(date time.Time) map[hour][]*seat {
	registers := map[hour][]*seat{}
	for _, id := range slices.Sorted(maps.Keys(m.bySlot)) {
		if !m.slots[id].month.Equal(monthOf(date)) {
			continue
		}
		for _, s := range m.bySlot[id] {
			if m.expected(s, date) {
				h := hour{date, s.slot.at}
				registers[h] = append(registers[h], s)
			}
		}
	}
	return registers
}
