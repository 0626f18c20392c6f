package year

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// change lets people say something about the marks of some dates, and looks at what follows from it at once: students
// of the lessons past that have changed are judged anew, a whole lesson in one go.
func (y *year) change(ctx context.Context, dates []time.Time, say func()) error {
	before := y.marksOn(dates)
	say()
	after := y.marksOn(dates)
	touched := map[time.Time]map[int]bool{} // students by month
	changed := map[lesson]bool{}
	for key, was := range before {
		if is, stays := after[key]; !stays || is != was {
			changed[lesson{key.date, key.seat.slot}] = true
		}
	}
	for key := range after {
		if _, was := before[key]; !was && y.m.markOf(key.seat, key.date) != unmarked {
			changed[lesson{key.date, key.seat.slot}] = true
		}
	}
	for l := range changed {
		if !l.date.Before(y.today()) || !y.m.marksMade[l.slot.month] {
			continue
		}
		if touched[l.slot.month] == nil {
			touched[l.slot.month] = map[int]bool{}
		}
		for _, s := range y.m.bySlot[l.slot.id] {
			if y.m.expected(s, l.date) {
				touched[l.slot.month][s.student] = true
			}
		}
	}
	if err := y.readLedger(ctx); err != nil {
		return err
	}
	// of older months nothing follows any more
	for _, month := range []time.Time{lastMonth(y.now), monthOf(y.now)} {
		if err := y.mustBeJudgedFor(month, slices.Sorted(maps.Keys(touched[month]))); err != nil {
			return err
		}
	}
	return nil
}

type markKey struct {
	seat *seat
	date time.Time
}

func (y *year) marksOn(dates []time.Time) map[markKey]mark {
	marks := map[markKey]mark{}
	for _, date := range dates {
		for _, seats := range y.m.registers(date) {
			for _, s := range seats {
				marks[markKey{s, date}] = y.m.markOf(s, date)
			}
		}
	}
	return marks
}

// mustBeJudged: is each of them blocked for this month and for the last just as the marks say?
func (y *year) mustBeJudged(students []int) error {
	if err := y.mustBeJudgedFor(lastMonth(y.now), students); err != nil {
		return err
	}
	return y.mustBeJudgedFor(monthOf(y.now), students)
}

func (y *year) mustBeJudgedFor(month time.Time, students []int) error {
	for _, student := range students {
		if y.m.deleted[student] {
			continue
		}
		missed := y.m.absences(student, month, y.today())
		want := len(missed) >= y.m.limit && !y.m.pardoned[dayOf{student, month}]
		if got := y.m.standing(student, month) != nil; got != want {
			return fmt.Errorf(
				"student %d is blocked for %s: %t, want %t by the absences %s of %d, month pardoned: %t",
				student,
				month.Format("01-2006"),
				got,
				want,
				hours(missed),
				y.m.limit,
				y.m.pardoned[dayOf{student, month}],
			)
		}
	}
	return nil
}

func hours(missed []hour) string {
	var texts []string
	for _, h := range missed {
		texts = append(texts, h.date.Format(time.DateOnly)+" "+hhmm(h.at))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// event is a row of the ledger with the block and the slot that it is about.
type event struct {
	ID          int
	Event       string
	Student     int
	Block, Slot *int
	Month       *time.Time
	Until       *time.Time
	Absences    []time.Time
	ByHand      bool
	Reason      string
}

// readLedger follows what the rules did since it was last read: each block and pardon must be right, each seat freed
// must have been held, each seat given back must be free, each not given back for the reason named.
func (y *year) readLedger(ctx context.Context) error {
	rows, err := y.db.conn.Query(ctx, `
		select l.id, l.event, l.user_id, l.block_id, e.slot_id, b.month, b.ends_on, coalesce(b.absences, '{}'), b.id is not null and b.month is null, l.reason
		  from gym.ledger l
		  left join gym.blocks b on b.id = l.block_id
		  left join gym.enrolments e on e.id = l.enrolment_id
		 where l.id > $1 and ($2 = 0 or l.id <= $2) order by l.id`, y.ledger, y.readTo)
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[event])
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	for _, e := range events {
		y.ledger = e.ID
		if err := y.follow(e); err != nil {
			return fmt.Errorf("ledger row %d (%s, student %d): %w", e.ID, e.Event, e.Student, err)
		}
	}
	for _, e := range events {
		if e.Block == nil {
			continue
		}
		b := y.m.blocks[*e.Block]
		if b.lifted && len(b.freed) > 0 {
			return fmt.Errorf(
				"block %d of student %d was lifted, and the ledger says nothing of %d seats that it freed",
				b.id,
				b.student,
				len(b.freed),
			)
		}
		if e.Event == "blocked" && !b.lifted && len(y.m.heldBy(b.student, y.barredMonth(b))) > 0 {
			return fmt.Errorf(
				"student %d was blocked and keeps the slots %v",
				b.student,
				y.m.told(b.student, y.barredMonth(b)),
			)
		}
	}
	return nil
}

func (y *year) barredMonth(b *block) time.Time {
	if b.month.IsZero() {
		return nextMonth(y.now)
	}
	return nextMonth(b.month)
}

func (y *year) follow(e event) error {
	if e.Event == "forgiven" || e.Event == "pardoned" {
		return nil
	}
	if e.Event == "forced" {
		// the office deletes slots with people in them, and overrides no other rule
		if e.Slot == nil || !y.m.slots[*e.Slot].deleted {
			return fmt.Errorf("%q: of no slot that was deleted", e.Reason)
		}
		return nil
	}
	if e.Block == nil {
		return fmt.Errorf("names no block")
	}
	if e.Event == "blocked" {
		return y.followBlock(e)
	}
	b := y.m.blocks[*e.Block]
	if b == nil {
		return fmt.Errorf("of a block %d that it never spoke of", *e.Block)
	}
	if e.Event == "unblocked" {
		y.report.Lifted++
		b.lifted = true
		switch {
		case b.lifting:
			return nil
		case b.month.IsZero():
			return fmt.Errorf("a block by hand was lifted by the machine")
		case y.m.deserves(e.Student, b.month, y.today()):
			return fmt.Errorf(
				"lifted in spite of the absences %s of %d",
				hours(y.m.absences(e.Student, b.month, y.today())),
				y.m.limit,
			)
		}
		return nil
	}
	s := y.m.slots[*e.Slot]
	switch e.Event {
	case "seat freed":
		y.report.Freed++
		seat := y.m.holds(e.Student, s)
		if seat == nil {
			return fmt.Errorf("did not hold slot %d", s.id)
		}
		if !s.month.Equal(y.barredMonth(b)) {
			return fmt.Errorf("slot %d is of %s", s.id, s.month.Format("01-2006"))
		}
		seat.givenUp = y.now
		b.freed[s] = true
		return nil
	case "seat given back":
		y.report.GivenBack++
	case "seat not given back":
		y.report.NotGivenBack++
	}
	if !b.freed[s] {
		return fmt.Errorf("block %d did not free slot %d", b.id, s.id)
	}
	delete(b.freed, s)
	if hinders := y.hindrance(e.Student, s); hinders != (e.Event == "seat not given back") {
		return fmt.Errorf("slot %d (%q): something hinders it: %t", s.id, e.Reason, hinders)
	}
	if e.Event == "seat given back" {
		y.m.seat(e.Student, s, y.now)
	}
	return nil
}

// hindrance: can't the seat be given back?
func (y *year) hindrance(student int, s *slot) bool {
	return s.month.Before(monthOf(y.now)) || s.deleted || y.m.isFull(s) || y.m.isBarred(student, s.month, y.now) ||
		y.m.onWeekday(student, s.month, s.weekday) || len(y.m.heldBy(student, s.month)) >= y.m.perStudent
}

func (y *year) followBlock(e event) error {
	y.report.Blocked++
	b := &block{id: *e.Block, student: e.Student, freed: map[*slot]bool{}}
	if e.Until != nil {
		b.until = *e.Until
	}
	y.m.blocks[b.id] = b
	y.m.byBlocked[b.student] = append(y.m.byBlocked[b.student], b)
	if e.ByHand {
		return nil
	}
	b.month = *e.Month
	if !b.month.Equal(monthOf(y.now)) && !b.month.Equal(lastMonth(y.now)) {
		return fmt.Errorf("for %s", b.month.Format("01-2006"))
	}
	missed := y.m.absences(e.Student, b.month, y.today())
	dates := []time.Time{}
	for _, h := range missed {
		dates = append(dates, h.date)
	}
	if y.m.deleted[e.Student] || !y.m.deserves(e.Student, b.month, y.today()) ||
		!slices.EqualFunc(dates, e.Absences, time.Time.Equal) {
		return fmt.Errorf(
			"for %s by %v: want the absences %s of %d, month pardoned: %t, deleted: %t",
			b.month.Format("01-2006"),
			e.Absences,
			hours(missed),
			y.m.limit,
			y.m.pardoned[dayOf{e.Student, b.month}],
			y.m.deleted[e.Student],
		)
	}
	return nil
}

// ---- at the end of a day ----

// check: the audit is clean, and the database agrees with the model on every slot, seat, mark, block and role.
func (y *year) check(ctx context.Context) error {
	for _, look := range []struct {
		name string
		do   func(context.Context) error
	}{{"audit", y.audit}, {"ledger", y.readLedger}, {"slots", y.checkSlots}, {"seats", y.checkSeats}, {"marks", y.checkMarks},
		{"blocks", y.checkBlocks}, {"roles", y.checkRoles}, {"absences shown", y.checkShown}} {
		if err := look.do(ctx); err != nil {
			return fmt.Errorf("end of the day, %s: %w", look.name, err)
		}
	}
	return nil
}

func (y *year) audit(ctx context.Context) error {
	began := time.Now()
	defer func() { y.report.Auditing += time.Since(began) }()
	rows, err := y.db.conn.Query(ctx, `select invariant, violations, query from rules.audit() where violations > 0`)
	if err != nil {
		return err
	}
	type violation struct {
		Invariant  string
		Violations int
		Query      string
	}
	broken, err := pgx.CollectRows(rows, pgx.RowToStructByPos[violation])
	if err != nil || len(broken) == 0 {
		return err
	}
	var facts []string
	for _, b := range broken {
		rows, err := y.db.conn.Query(
			ctx,
			"select array(select left(to_jsonb(q)::text, 300) from ("+b.Query+") q limit 5)",
		)
		if err != nil {
			return err
		}
		seen, err := pgx.CollectOneRow(rows, pgx.RowTo[[]string])
		if err != nil {
			return err
		}
		facts = append(
			facts,
			fmt.Sprintf("%s has %d violations: %s", b.Invariant, b.Violations, strings.Join(seen, " ")),
		)
	}
	return fmt.Errorf("%s", strings.Join(facts, "; "))
}

// difference says what one list has and the other has not; "" where they hold the same.
func difference[T comparable](got, want []T) string {
	count := map[T]int{}
	for _, g := range got {
		count[g]++
	}
	for _, w := range want {
		count[w]--
	}
	var wrong, missing []string
	for item, n := range count {
		if n > 0 {
			wrong = append(wrong, fmt.Sprintf("%v", item))
		} else if n < 0 {
			missing = append(missing, fmt.Sprintf("%v", item))
		}
	}
	if len(wrong)+len(missing) == 0 {
		return ""
	}
	slices.Sort(wrong)
	slices.Sort(missing)
	return fmt.Sprintf(
		"%d too many %v, %d missing %v",
		len(wrong),
		wrong[:min(6, len(wrong))],
		len(missing),
		missing[:min(6, len(missing))],
	)
}

// compare reads rows and names what differs.
func compare[T comparable](ctx context.Context, y *year, want []T, query string, args ...any) error {
	rows, err := y.db.conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return err
	}
	if d := difference(got, want); d != "" {
		return fmt.Errorf("%s", d)
	}
	return nil
}

func (y *year) checkSlots(ctx context.Context) error {
	type row struct {
		Slot, Weekday    int
		Month, At        string
		Capacity, Seated int
		Deleted          bool
	}
	var want []row
	for _, s := range y.m.slots {
		want = append(
			want,
			row{s.id, s.weekday, s.month.Format(time.DateOnly), hhmm(s.at), s.capacity, y.m.seated(s), s.deleted},
		)
	}
	return compare(ctx, y, want, `
		select id, weekday::integer, month::text, to_char(starts_at, 'HH24:MI'), capacity, taken, deleted_at is not null from gym.slots`)
}

func (y *year) checkSeats(ctx context.Context) error {
	type row struct{ Student, Slot int }
	var want []row
	for student, seats := range y.m.byStudent {
		for _, s := range seats {
			if s.held() {
				want = append(want, row{student, s.slot.id})
			}
		}
	}
	return compare(ctx, y, want, `select user_id, slot_id from gym.enrolments where cancelled_at is null`)
}

// checkMarks of this month and the last, once they were made.
func (y *year) checkMarks(ctx context.Context) error {
	type row struct {
		Student, Slot int
		Date, Mark    string
	}
	for _, month := range []time.Time{lastMonth(y.now), monthOf(y.now)} {
		if !y.m.marksMade[month] {
			continue
		}
		var want []row
		for date := month; date.Before(nextMonth(month)); date = date.AddDate(0, 0, 1) {
			for _, seats := range y.m.registers(date) {
				for _, s := range seats {
					want = append(
						want,
						row{s.student, s.slot.id, date.Format(time.DateOnly), string(y.m.markOf(s, date))},
					)
				}
			}
		}
		if err := compare(ctx, y, want, `
			select user_id, slot_id, date::text, mark::text from gym.marks where withdrawn_at is null and date >= $1 and date < $2`,
			month, nextMonth(month)); err != nil {
			return err
		}
	}
	return nil
}

// checkBlocks: those of the ledger stand, and every one of this month and the last is explained by its marks,
// whenever it was made.
func (y *year) checkBlocks(ctx context.Context) error {
	type row struct {
		Block, Student int
		Month          string
	}
	var want []row
	for _, b := range y.m.blocks {
		if b.lifted {
			continue
		}
		r := row{b.id, b.student, ""}
		if !b.month.IsZero() {
			r.Month = b.month.Format(time.DateOnly)
			current := !b.month.Before(lastMonth(y.now)) && !y.m.deleted[b.student]
			if missed := y.m.absences(b.student, b.month, y.today()); current &&
				!y.m.deserves(b.student, b.month, y.today()) {
				return fmt.Errorf(
					"student %d is blocked for %s with the absences %s of %d",
					b.student,
					r.Month,
					hours(missed),
					y.m.limit,
				)
			}
		}
		want = append(want, r)
	}
	if err := compare(ctx, y, want, `select id, user_id, coalesce(month::text, '') from gym.blocks where lifted_at is null`); err != nil {
		return err
	}
	if y.judgedOn.Equal(y.today()) {
		return y.mustBeJudged(y.students)
	}
	return nil
}

// checkRoles: whoever is blocked has the role at once; whose block ended with its time loses it when the jobs run next.
func (y *year) checkRoles(ctx context.Context) error {
	rows, err := y.db.conn.Query(ctx, `select id from gym.users where role = 'BLOCKED'`)
	if err != nil {
		return err
	}
	blocked, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	has := map[int]bool{}
	for _, student := range blocked {
		has[student] = true
	}
	for _, student := range y.students {
		is := y.m.isBlocked(student, y.now)
		if is && !has[student] || !is && has[student] && y.judgedOn.Equal(y.today()) {
			return fmt.Errorf("student %d has the role BLOCKED: %t, is blocked: %t", student, has[student], is)
		}
	}
	return nil
}

// checkShown: some students look at their absences.
func (y *year) checkShown(ctx context.Context) error {
	for range 4 {
		student, ok := y.somebodySeated()
		if !ok || !y.m.marksMade[monthOf(y.now)] {
			return nil
		}
		data, _, err := y.request(ctx, "user_absences", student, map[string]any{}, "")
		if err != nil {
			return err
		}
		if err := y.compareShown(student, data); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) compareShown(student int, data []byte) error {
	var shown struct {
		Absences []struct{ Date, Time string }
		Limit    int
		Blocked  bool
	}
	if err := json.Unmarshal(data, &shown); err != nil {
		return err
	}
	var got, want []string
	for _, a := range shown.Absences {
		got = append(got, a.Date+" "+a.Time)
	}
	for _, h := range y.m.absences(student, monthOf(y.now), y.today()) {
		want = append(want, h.date.Format(time.DateOnly)+" "+hhmm(h.at))
	}
	if !slices.Equal(got, want) || shown.Limit != y.m.limit || shown.Blocked != y.m.isBlocked(student, y.now) {
		return fmt.Errorf(
			"student %d sees %s, has missed %v of %d, is blocked: %t",
			student,
			data,
			want,
			y.m.limit,
			y.m.isBlocked(student, y.now),
		)
	}
	return nil
}
