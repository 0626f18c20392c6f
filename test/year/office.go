package year

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

type plannedClosure struct {
	on time.Time // day on which the administrator enters it, or takes it back
	closure
	id     *int // once it is made
	delete bool
}

type plannedSetting struct {
	on          time.Time
	name, value string
	apply       func(*model)
}

// planClosures: the holidays, entered ahead or too late; Saturdays and Sundays that run another day; some taken back.
func (y *year) planClosures() {
	for date := y.From; !date.After(y.To); date = date.AddDate(0, 0, 1) {
		c := closure{from: date, to: date, runsAs: -1}
		switch stamp := date.Format("01-02"); {
		case slices.Contains([]string{"11-04", "02-23", "03-08", "05-01", "05-09", "06-12"}, stamp):
		case stamp == "01-01":
			c.to = date.AddDate(0, 0, 7)
		case date.Weekday() == time.Saturday && y.chance(12),
			date.Weekday() == time.Sunday && y.chance(12),
			y.chance(1):
			c.runsAs = (weekdayOf(date) + 1 + y.rng.IntN(5)) % 6
			if c.runsAs == weekdayOf(date) {
				continue
			}
		case y.chance(1):
			c.to = date.AddDate(0, 0, y.rng.IntN(3))
		default:
			continue
		}
		made := plannedClosure{on: date.AddDate(0, 0, 8-y.rng.IntN(20)), closure: c, id: new(int)}
		y.planned = append(y.planned, made)
		if y.chance(40) {
			made.on, made.delete = date.AddDate(0, 0, 9+y.rng.IntN(9)), true
			y.planned = append(y.planned, made)
		}
	}
	slices.SortStableFunc(y.planned, func(a, b plannedClosure) int { return a.on.Compare(b.on) })
}

func (y *year) planSettings() {
	plan := func(month time.Month, day int, name, value string, apply func(*model)) {
		on := time.Date(y.From.Year(), month, day, 0, 0, 0, 0, time.UTC)
		if on.Before(y.From) {
			on = on.AddDate(1, 0, 0)
		}
		y.settings = append(y.settings, plannedSetting{on, name, value, apply})
	}
	plan(time.October, 5, "seats_per_slot", "20", func(*model) {})
	plan(time.November, 12, "slots_per_student", "4", func(m *model) { m.perStudent = 4 })
	plan(time.December, 14, "absences_to_block", "2", func(m *model) { m.limit = 2 })
	plan(time.December, 28, "absences_to_block", "4", func(m *model) { m.limit = 4 })
	plan(time.January, 12, "absences_to_block", "3", func(m *model) { m.limit = 3 })
	plan(time.January, 27, "slots_per_student", "2", func(m *model) { m.perStudent = 2 })
	plan(time.February, 4, "unmarked_is_absent", "true", func(m *model) { m.strict = true })
	plan(time.March, 4, "unmarked_is_absent", "false", func(m *model) { m.strict = false })
	plan(time.March, 5, "slots_per_student", "3", func(m *model) { m.perStudent = 3 })
	plan(time.March, 10, "coach_marks_days", "7", func(m *model) { m.coachDays = 7 })
	plan(time.April, 2, "slots_made_on_day", "17", func(m *model) { m.slotsOn = 17 })
	plan(time.April, 2, "enrolment_opens_on_day", "22", func(m *model) { m.opensOn = 22 })
	plan(time.May, 10, "coach_marks_days", "31", func(m *model) { m.coachDays = 31 })
}

// ---- at psql, which works while the server is down ----

func (y *year) atPsql(ctx context.Context) error {
	for len(y.settings) > 0 && !y.settings[0].on.After(y.today()) {
		s := y.settings[0]
		y.settings = y.settings[1:]
		if _, err := y.enter(ctx, "", "select api.set_setting($1, $2)", s.name, s.value); err != nil {
			return err
		}
		strict, limit := y.m.strict, y.m.limit
		s.apply(y.m)
		if err := y.readLedger(ctx); err != nil {
			return err
		}
		if y.m.strict != strict || y.m.limit != limit {
			if err := y.mustBeJudged(y.students); err != nil {
				return fmt.Errorf("after %s was set to %s: %w", s.name, s.value, err)
			}
		}
	}
	for _, act := range []struct {
		percent int
		do      func(context.Context) error
	}{{35, y.forgive}, {12, y.block}, {20, y.blockTwice}, {20, y.unblock}, {6, y.restoreUser}} {
		if y.chance(act.percent) {
			if err := act.do(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// somebodySeated is a student with a seat of this month or the next.
func (y *year) somebodySeated() (int, bool) {
	var who []int
	for _, student := range y.students {
		if !y.m.deleted[student] &&
			(len(y.m.heldBy(student, monthOf(y.now))) > 0 || len(y.m.heldBy(student, nextMonth(y.now))) > 0) {
			who = append(who, student)
		}
	}
	return one(y.rng, who)
}

// somebodyBlocked is a student who lost a seat of next month by absences of this one.
func (y *year) somebodyBlocked() (int, bool) {
	var who []int
	for _, student := range y.students {
		if b := y.m.standing(student, monthOf(y.now)); b != nil && len(b.freed) > 0 && !y.m.deleted[student] {
			who = append(who, student)
		}
	}
	return one(y.rng, who)
}

// forgive excuses a date: of the past, or ahead of time; where it can be, one on which the student has a lesson by
// his own weekday; often one of those that cost somebody a seat.
func (y *year) forgive(ctx context.Context) error {
	student, ok := y.somebodySeated()
	if !ok {
		return nil
	}
	date := y.today().AddDate(0, 0, y.rng.IntN(28)-16)
	if blocked, ok := y.somebodyBlocked(); ok && y.chance(50) {
		student = blocked
		missed, _ := one(y.rng, y.m.absences(student, monthOf(y.now), y.today()))
		date = missed.date
	}
	for range 7 {
		if y.m.onWeekday(student, monthOf(date), weekdayOf(date)) {
			break
		}
		date = date.AddDate(0, 0, 1)
	}
	return y.forgiveOn(ctx, student, date)
}

func (y *year) forgiveOn(ctx context.Context, student int, date time.Time) error {
	if _, err := y.enter(ctx, "", "select api.forgive(person => $1, date => $2, reason => 'справка')", student, date); err != nil {
		return err
	}
	return y.change(ctx, []time.Time{date}, func() { y.m.forgiven[dayOf{student, date}] = true })
}

func (y *year) block(ctx context.Context) error {
	student, ok := y.somebodySeated()
	if !ok {
		return nil
	}
	return y.blockByHand(ctx, student)
}

// blockTwice blocks by hand who is blocked by absences already, and then forgives those: the seats stay away.
func (y *year) blockTwice(ctx context.Context) error {
	student, ok := y.somebodyBlocked()
	if !ok {
		return nil
	}
	missed := y.m.absences(student, monthOf(y.now), y.today())
	if err := y.blockByHand(ctx, student); err != nil {
		return err
	}
	for _, h := range missed[:len(missed)-1] {
		if err := y.forgiveOn(ctx, student, h.date); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) blockByHand(ctx context.Context, student int) error {
	until := y.today().AddDate(0, 0, y.rng.IntN(45)-2)
	var ends *time.Time
	if y.chance(70) {
		ends = &until
	}
	want := ""
	switch {
	case ends != nil && until.Before(y.today()):
		want = "block_ends_past"
	case y.m.byHand(student, y.now) != nil:
		want = "blocks_one_by_hand"
	}
	done, err := y.enter(ctx, want, "select api.block(person => $1, until => $2, reason => 'шум')", student, ends)
	if err != nil || !done {
		return err
	}
	if err := y.readLedger(ctx); err != nil {
		return err
	}
	if y.m.byHand(student, y.now) == nil {
		return fmt.Errorf("api.block(person => %d): the ledger knows nothing of it", student)
	}
	return nil
}

// unblock lifts whatever stands of a student who is blocked or barred, and pardons the months.
func (y *year) unblock(ctx context.Context) error {
	var who []int
	for _, student := range y.students {
		if y.m.isBlocked(student, y.now) || y.m.isBarred(student, monthOf(y.now), y.now) {
			who = append(who, student)
		}
	}
	student, ok := one(y.rng, who)
	if !ok {
		student, _ = one(y.rng, y.students)
		_, err := y.enter(ctx, "not_blocked", "select api.unblock(person => $1, reason => 'справка')", student)
		return err
	}
	if _, err := y.enter(ctx, "", "select api.unblock(person => $1, reason => 'справка')", student); err != nil {
		return err
	}
	y.m.pardoned[dayOf{student, monthOf(y.now)}] = true
	if y.m.standing(student, lastMonth(y.now)) != nil {
		y.m.pardoned[dayOf{student, lastMonth(y.now)}] = true
	}
	var standing []*block
	for _, month := range []time.Time{monthOf(y.now), lastMonth(y.now)} {
		if b := y.m.standing(student, month); b != nil {
			standing = append(standing, b)
		}
	}
	if b := y.m.byHand(student, y.now); b != nil {
		standing = append(standing, b)
	}
	for _, b := range standing {
		b.lifting = true
	}
	if err := y.readLedger(ctx); err != nil {
		return err
	}
	for _, b := range standing {
		if !b.lifted {
			return fmt.Errorf("api.unblock(person => %d) left block %d standing", student, b.id)
		}
	}
	return nil
}

func (y *year) restoreUser(ctx context.Context) error {
	student, ok := one(y.rng, slices.Sorted(maps.Keys(y.m.deleted)))
	if !ok {
		return nil
	}
	if _, err := y.enter(ctx, "", "select api.restore_user(person => $1)", student); err != nil {
		return err
	}
	delete(y.m.deleted, student)
	return y.readLedger(ctx)
}

// ---- in the office, through the server ----

func (y *year) office(ctx context.Context) error {
	for len(y.planned) > 0 && !y.planned[0].on.After(y.today()) {
		p := y.planned[0]
		y.planned = y.planned[1:]
		if err := y.closeOrOpen(ctx, p); err != nil {
			return err
		}
	}
	for _, act := range []struct {
		percent int
		do      func(context.Context) error
	}{{15, y.resize}, {10, y.moveSlot}, {6, y.deleteSlot}, {6, y.createSlot}, {30, y.enrol}, {12, y.cancel}, {6, y.deleteUser}, {4, y.turn}} {
		if y.chance(act.percent) {
			if err := act.do(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (y *year) closeOrOpen(ctx context.Context, p plannedClosure) error {
	var dates []time.Time
	for d := p.from; !d.After(p.to); d = d.AddDate(0, 0, 1) {
		dates = append(dates, d)
	}
	if p.delete {
		if *p.id == 0 {
			return nil
		}
		if _, _, err := y.request(ctx, "closure_delete", y.admin, map[string]any{"id": *p.id}, ""); err != nil {
			return err
		}
		return y.change(ctx, dates, func() {
			delete(y.m.closures, *p.id)
			y.m.chart()
		})
	}
	body := map[string]any{
		"startDate": p.from.Format(time.DateOnly),
		"endDate":   p.to.Format(time.DateOnly),
		"reason":    "праздник",
	}
	if p.runsAs >= 0 {
		body["runsAs"] = p.runsAs
	}
	want := ""
	for _, d := range dates {
		if _, taken := y.m.calendar[d]; taken {
			want = "closures_do_not_overlap"
		}
	}
	data, done, err := y.request(ctx, "closure_create", y.admin, body, want)
	if err != nil || !done {
		return err
	}
	var made struct{ ID int }
	if err := json.Unmarshal(data, &made); err != nil {
		return err
	}
	*p.id = made.ID
	return y.change(ctx, dates, func() {
		p.closure.id = made.ID
		y.m.closures[made.ID] = p.closure
		y.m.chart()
	})
}

// anySlot of this month or the next.
func (y *year) anySlot() (*slot, bool) {
	return one(y.rng, append(y.m.offered(monthOf(y.now)), y.m.offered(nextMonth(y.now))...))
}

func (y *year) resize(ctx context.Context) error {
	s, ok := y.anySlot()
	if !ok {
		return nil
	}
	seated := y.m.seated(s)
	capacity := max(1, seated+y.rng.IntN(7)-3)
	want := ""
	if capacity < seated {
		want = "slots_capacity_below_taken"
	}
	_, done, err := y.request(
		ctx,
		"avtime_edit",
		y.admin,
		map[string]any{"id": s.id, "numberOfPersons": capacity},
		want,
	)
	if done {
		s.capacity = capacity
	}
	return err
}

func (y *year) moveSlot(ctx context.Context) error {
	s, ok := y.anySlot()
	if !ok {
		return nil
	}
	weekday, at := y.rng.IntN(7), s.at
	if y.chance(40) {
		at = 14*time.Hour + 30*time.Minute
	}
	want := ""
	other := y.m.slotAt(s.month, weekday, at)
	collides := false
	if weekday != s.weekday {
		for _, seat := range y.m.bySlot[s.id] {
			collides = collides || seat.held() && y.m.onWeekday(seat.student, s.month, weekday)
		}
	}
	switch {
	case other != nil && other != s:
		want = "slots_one_a_time"
	case collides:
		want = "slot_move_collides"
	case !s.month.After(y.now) && other != s:
		want = "slot_month_begun"
	}
	_, done, err := y.request(
		ctx,
		"avtime_edit",
		y.admin,
		map[string]any{"id": s.id, "weekday": weekday, "time": hhmm(at)},
		want,
	)
	if done {
		s.weekday, s.at = weekday, at
	}
	return err
}

func (y *year) deleteSlot(ctx context.Context) error {
	s, ok := y.anySlot()
	if !ok {
		return nil
	}
	force := y.chance(60)
	want := ""
	if !force && y.m.seated(s) > 0 {
		want = "slot_has_enrolments"
	}
	_, done, err := y.request(ctx, "avtime_delete", y.admin, map[string]any{"id": s.id, "force": force}, want)
	if err != nil || !done {
		return err
	}
	s.deleted = true
	for _, seat := range y.m.bySlot[s.id] {
		if seat.held() {
			seat.givenUp = y.now
		}
	}
	return y.readLedger(ctx)
}

func (y *year) createSlot(ctx context.Context) error {
	month, _ := one(y.rng, []time.Time{monthOf(y.now), nextMonth(y.now)})
	weekday, at := y.rng.IntN(7), time.Duration(13*60+90*y.rng.IntN(6))*time.Minute
	want := ""
	if y.m.slotAt(month, weekday, at) != nil {
		want = "slots_one_a_time"
	}
	data, done, err := y.request(
		ctx,
		"avtime_create",
		y.admin,
		map[string]any{
			"weekday":         weekday,
			"time":            hhmm(at),
			"numberOfPersons": 8,
			"month":           month.Format("01-2006"),
		},
		want,
	)
	if err != nil || !done {
		return err
	}
	var made struct{ ID int }
	if err := json.Unmarshal(data, &made); err != nil {
		return err
	}
	y.m.slots[made.ID] = &slot{id: made.ID, weekday: weekday, capacity: 8, month: month, ends: nextMonth(month), at: at}
	return nil
}

// enrol puts somebody into a slot of this month or the next, blocked or not: an administrator may.
func (y *year) enrol(ctx context.Context) error {
	s, ok := y.anySlot()
	if !ok {
		return nil
	}
	student, _ := one(y.rng, y.students)
	if y.chance(30) {
		if seated, ok := y.somebodySeated(); ok {
			student = seated
		}
	}
	want := ""
	switch {
	case y.m.deleted[student]:
		want = "user_not_found"
	case y.m.holds(student, s) != nil:
		want = "already_enrolled"
	case y.m.onWeekday(student, s.month, s.weekday):
		want = "enrolments_one_a_weekday"
	case y.m.isFull(s):
		want = "slots_taken_within_capacity"
	case len(y.m.heldBy(student, s.month)) >= y.m.perStudent:
		want = "slots_per_student"
	}
	_, done, err := y.request(
		ctx,
		"entry_create_any",
		y.admin,
		map[string]any{"selectedTime": s.id, "user": student},
		want,
	)
	if err != nil || !done {
		return err
	}
	y.m.seat(student, s, y.now)
	return y.readLedger(ctx)
}

func (y *year) cancel(ctx context.Context) error {
	student, ok := y.somebodySeated()
	if !ok {
		return nil
	}
	month, _ := one(y.rng, []time.Time{monthOf(y.now), nextMonth(y.now)})
	data, _, err := y.request(ctx, "entry_get", student, map[string]any{"month": month.Format("01-2006")}, "")
	if err != nil {
		return err
	}
	var list []entry
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	e, ok := one(y.rng, list)
	if !ok {
		return nil
	}
	if month.Equal(monthOf(y.now)) { // himself he may not
		if _, _, err := y.request(ctx, "entry_delete", student, map[string]any{"id": e.ID}, "cancel_next_month_only"); err != nil {
			return err
		}
	}
	if _, _, err := y.request(ctx, "entry_delete_any", y.admin, map[string]any{"id": e.ID}, ""); err != nil {
		return err
	}
	y.m.holds(student, y.m.slots[e.SelectedTime.ID]).givenUp = y.now
	return y.readLedger(ctx)
}

func (y *year) deleteUser(ctx context.Context) error {
	student, ok := y.somebodySeated()
	if !ok {
		return nil
	}
	if _, _, err := y.request(ctx, "user_delete_any", y.admin, map[string]any{"id": student}, ""); err != nil {
		return err
	}
	y.m.deleted[student] = true
	for _, seat := range y.m.byStudent[student] {
		if seat.held() && !seat.slot.month.Before(monthOf(y.now)) {
			seat.givenUp = y.now
		}
	}
	return y.readLedger(ctx)
}

// turn opens or closes enrolment by hand.
func (y *year) turn(ctx context.Context) error {
	open := y.chance(50)
	if _, _, err := y.request(ctx, "entry_change_open", y.admin, map[string]any{"status": open}, ""); err != nil {
		return err
	}
	y.m.turns = append(y.m.turns, turn{y.now, open})
	return y.newSlots(ctx, open)
}
