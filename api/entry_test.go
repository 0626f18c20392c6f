package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const noSeats = "Закончились места для записи"

func booked(slot int) object {
	return object{"selectedTime": number(slot), "error": false, "text": nil}
}

func full(slot int) object {
	return object{"selectedTime": number(slot), "error": true, "text": noSeats}
}

// outcomes are what entry/create answers.
func (g gym) outcomes(user int, body any) []object {
	g.t.Helper()
	return g.many("POST /entry/create", user, body)
}

// timetable is a small next month: four weekdays, two times on Monday, two seats each.
type timetable struct{ monday, mondayLate, tuesday, wednesday, thursday, gone, later, now int }

func (g gym) timetable() timetable {
	g.t.Helper()
	table := timetable{
		monday: g.slot(
			nextMonth,
			0,
			"16:00",
			2,
		), mondayLate: g.slot(nextMonth, 0, "17:30", 2), tuesday: g.slot(nextMonth, 1, "16:00", 2),
		wednesday: g.slot(
			nextMonth,
			2,
			"16:00",
			2,
		), thursday: g.slot(nextMonth, 3, "16:00", 2), gone: g.slot(nextMonth, 4, "16:00", 2),
		later: g.slot("01-2027", 4, "16:00", 2), now: g.slot(thisMonth, 4, "16:00", 2),
	}
	g.done("DELETE /avtime/delete", g.admin, object{"id": table.gone})
	return table
}

// fill gives all seats of a slot to others.
func (g gym) fill(slot int) {
	g.t.Helper()
	for range g.seats(slot) {
		require.Equal(g.t, []object{booked(slot)}, g.outcomes(g.db.User(g.t, "STUDENT"), choice(slot)))
	}
}

func TestEntryCreate(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	t.Run("takes seats and answers in the order of the list", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		require.Equal(
			t,
			[]object{booked(s.thursday), booked(s.tuesday)},
			g.outcomes(user, choice(s.thursday, s.tuesday)),
		)
		require.ElementsMatch(t, []int{s.tuesday, s.thursday}, g.held(user))
		require.Equal(t, 1, g.seats(s.tuesday))
		g.choose(user)
	})
	t.Run("replaces the choice before and keeps what is chosen again", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.monday, s.tuesday)
		before := g.many("POST /entry/get", user, object{"month": "next"})
		require.Equal(
			t,
			[]object{booked(s.wednesday), booked(s.tuesday)},
			g.outcomes(user, choice(s.wednesday, s.tuesday)),
		)
		after := g.many("POST /entry/get", user, object{"month": "next"})
		require.Equal(t, before[1], after[0], "tuesday's enrolment is the same one")
		require.Equal(t, s.wednesday, after[1].object(t, "selectedTime").integer(t, "id"))
		require.Equal(t, 2, g.seats(s.monday), "monday's seat is free again")
		g.choose(user)
	})
	t.Run("the same list twice changes nothing and answers the same", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		first := g.choose(user, s.monday, s.tuesday, s.wednesday)
		entries := g.done("POST /entry/get", user, object{"month": "next"})
		for range 3 {
			require.Equal(t, first, g.choose(user, s.monday, s.tuesday, s.wednesday))
			require.Equal(t, entries, g.done("POST /entry/get", user, object{"month": "next"}))
		}
		require.Equal(t, 1, g.seats(s.monday))
		g.choose(user)
	})
	t.Run("an empty list gives up all seats", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.monday, s.tuesday)
		require.Empty(t, g.outcomes(user, choice()))
		require.Empty(t, g.held(user))
		require.Equal(t, 2, g.seats(s.monday))
		require.Empty(t, g.outcomes(user, choice()), "twice is as well")
	})
	t.Run("a held seat is kept whatever the crowd", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.monday)
		g.fill(s.monday)
		require.Equal(t, []object{booked(s.monday)}, g.outcomes(user, choice(s.monday)))
		require.Equal(t, []object{booked(s.monday), booked(s.tuesday)}, g.outcomes(user, choice(s.monday, s.tuesday)))
		require.Equal(t, []int{s.monday, s.tuesday}, g.held(user))
		require.Zero(t, g.seats(s.monday))
	})
	t.Run("a full slot is reported and the rest is booked", func(t *testing.T) {
		g := g.with(t) // monday is full since the test before
		user := g.db.User(t, "STUDENT")
		require.Equal(t, []object{full(s.monday), booked(s.wednesday)}, g.outcomes(user, choice(s.monday, s.wednesday)))
		require.Equal(t, []int{s.wednesday}, g.held(user))
		require.Equal(
			t,
			[]object{full(s.monday), booked(s.wednesday)},
			g.outcomes(user, choice(s.monday, s.wednesday)),
			"again",
		)
		g.choose(user)
	})
	t.Run("where a full slot comes with another that can be had, the old choice goes", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.wednesday)
		require.Equal(t, []object{full(s.monday), booked(s.thursday)}, g.outcomes(user, choice(s.monday, s.thursday)))
		require.Equal(t, []int{s.thursday}, g.held(user))
		g.choose(user)
	})
	t.Run("a full slot beside a held one that is chosen again: the rest is given up", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.wednesday, s.thursday)
		require.Equal(t, []object{full(s.monday), booked(s.thursday)}, g.outcomes(user, choice(s.monday, s.thursday)))
		require.Equal(t, []int{s.thursday}, g.held(user))
		g.choose(user)
	})
	t.Run("where nothing could be had, the old choice stays", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.wednesday, s.thursday)
		require.Equal(t, []object{full(s.monday)}, g.outcomes(user, choice(s.monday)))
		require.Equal(t, []int{s.wednesday, s.thursday}, g.held(user))
		g.choose(user)
		require.Equal(t, []object{full(s.monday)}, g.outcomes(user, choice(s.monday)), "nothing held, nothing had")
		require.Empty(t, g.held(user))
	})
	t.Run("refused as a whole, and nothing is changed", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.tuesday)
		entries := g.done("POST /entry/get", user, object{"month": "next"})
		for why, slots := range map[string][]int{
			"more than three":           {s.mondayLate, s.tuesday, s.wednesday, s.thursday},
			"two on one weekday":        {s.monday, s.mondayLate},
			"two on one weekday, free":  {s.wednesday, s.mondayLate, s.monday},
			"the same twice":            {s.thursday, s.thursday},
			"the held one twice":        {s.tuesday, s.tuesday},
			"the same four times":       {s.thursday, s.thursday, s.thursday, s.thursday},
			"one that does not exist":   {2_000_000_000},
			"a good and a bad one":      {s.wednesday, 2_000_000_000},
			"a deleted one":             {s.wednesday, s.gone},
			"of the month after next":   {s.wednesday, s.later},
			"of this month":             {s.now},
			"a full one and a bad one":  {s.monday, s.gone},
			"more than a list may hold": make([]int, 50),
		} {
			a := g.refused("LogicError", "POST /entry/create", user, choice(slots...))
			require.Equal(
				t,
				entries,
				g.done("POST /entry/get", user, object{"month": "next"}),
				"%s: %s",
				why,
				a.message,
			)
		}
		require.Equal(t, 2, g.seats(s.wednesday))
		g.choose(user)
	})
	t.Run("exactly the limit is taken, one weekday each", func(t *testing.T) {
		g := g.with(t)
		user := g.db.User(t, "STUDENT")
		g.choose(user, s.mondayLate, s.wednesday, s.thursday)
		require.Len(t, g.held(user), 3)
		g.choose(user)
	})
	t.Run("a blocked student is told so, and holds what he held", func(t *testing.T) {
		g := g.with(t)
		a := g.refused("LogicError", "POST /entry/create", g.blocked, choice(s.wednesday))
		require.Contains(t, a.message, "заблокирован")
		g.refused("LogicError", "POST /entry/create", g.blocked, choice())
	})
	t.Run("an administrator may choose for himself", func(t *testing.T) {
		g := g.with(t)
		require.Equal(t, []object{booked(s.wednesday)}, g.outcomes(g.admin, choice(s.wednesday)))
	})
	t.Run("the message about a weekday and about the limit differ", func(t *testing.T) {
		g := g.with(t)
		tooMany := g.refused(
			"LogicError",
			"POST /entry/create",
			g.student,
			choice(s.mondayLate, s.tuesday, s.wednesday, s.thursday),
		)
		require.Contains(t, tooMany.message, "3")
		twice := g.refused("LogicError", "POST /entry/create", g.student, choice(s.thursday, s.thursday))
		require.NotEqual(t, tooMany.message, twice.message)
	})
	g.audit()
}

func TestEntryCreateWhileClosed(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.tuesday)
	closed := g.at(whileClosed)
	for _, slots := range [][]int{{s.tuesday}, {s.wednesday}, {}, {2_000_000_000}} {
		a := closed.refused("LogicError", "POST /entry/create", g.student, choice(slots...))
		require.Contains(t, a.message, "закрыта")
	}
	require.Equal(t, []int{s.tuesday}, closed.held(g.student))
}

func TestAvailableMeansToMe(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.monday)
	g.fill(s.monday)
	available := func(actor int) map[int]any {
		all := map[int]any{}
		last := 0
		for _, slot := range g.many("GET /avtime/get", actor, nil) {
			id := slot.integer(t, "id")
			require.Greater(t, id, last, "by id")
			last = id
			require.Equal(t, nextMonth, slot["month"])
			all[id] = slot["available"]
		}
		return all
	}
	free := map[int]any{s.monday: true, s.mondayLate: true, s.tuesday: true, s.wednesday: true, s.thursday: true}
	require.Equal(t, free, available(g.student), "full, but his own; no deleted one, no other month's")
	free[s.monday] = false
	require.Equal(t, free, available(g.coach))
	require.Equal(t, free, available(g.blocked))
}

func TestEntryGet(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.wednesday, s.monday)
	g.choose(g.student, s.monday, s.thursday)
	g.done("POST /entry/create-any", g.admin, object{"selectedTime": s.now, "user": g.student})
	slots := func(body any) (held []int) {
		last := 0
		for _, e := range g.many("POST /entry/get", g.student, body) {
			require.Greater(t, e.integer(t, "id"), last, "by id")
			last = e.integer(t, "id")
			held = append(held, e.object(t, "selectedTime").integer(t, "id"))
		}
		return held
	}
	require.ElementsMatch(t, []int{s.monday, s.thursday}, slots(object{"month": "next"}), "not the cancelled one")
	require.ElementsMatch(t, []int{s.monday, s.thursday}, slots(object{"month": nextMonth}))
	for _, current := range []any{nil, object{}, object{"month": nil}, object{"month": "current"}, object{"month": thisMonth}} {
		require.Equal(t, []int{s.now}, slots(current), "%v", current)
	}
	require.Empty(t, slots(object{"month": "01-2027"}))
	require.Empty(t, slots(object{"month": "01-2020"}))
	require.Empty(t, g.many("POST /entry/get", g.admin, object{"month": "next"}), "own ones only")
	require.Equal(t, object{"id": number(s.now), "weekday": number(4), "time": "16:00", "month": thisMonth},
		g.many("POST /entry/get", g.student, nil)[0].object(t, "selectedTime"))
}

func TestEntryGetAny(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.wednesday, s.monday)
	g.choose(g.student, s.monday)
	g.choose(g.admin, s.mondayLate, s.tuesday)
	g.done("POST /entry/create-any", g.admin, object{"selectedTime": s.now, "user": g.student})
	held := func(body any) []string {
		all := []string{}
		for _, e := range g.many("POST /entry/get-any", g.coach, body) {
			all = append(
				all,
				fmt.Sprint(e.object(t, "user").integer(t, "id"), " ", e.object(t, "selectedTime").integer(t, "id")),
			)
		}
		return all
	}
	pair := func(user, slot int) string { return fmt.Sprint(user, " ", slot) }
	everything := []string{pair(g.student, s.monday), pair(g.admin, s.mondayLate), pair(g.admin, s.tuesday)}
	require.ElementsMatch(t, everything, held(object{"month": nextMonth}))
	require.ElementsMatch(t, everything, held(object{"month": nextMonth, "deleted": false}))
	require.ElementsMatch(
		t,
		append(everything, pair(g.student, s.wednesday)),
		held(object{"month": nextMonth, "deleted": true}),
		"cancelled ones too",
	)
	require.ElementsMatch(t, []string{pair(g.student, s.monday), pair(g.admin, s.mondayLate)},
		held(object{"weekday": 0, "month": nextMonth}))
	// Without a month they are those of the current one, and not of all years.
	for _, body := range []any{nil, object{}, object{"deleted": true}, object{"month": nil}} {
		require.ElementsMatch(t, []string{pair(g.student, s.now)}, held(body))
	}
	require.Empty(t, held(object{"weekday": 0}))
	require.ElementsMatch(t, []string{pair(g.student, s.now)}, held(object{"month": thisMonth}))
	require.ElementsMatch(t, []string{pair(g.admin, s.tuesday)}, held(object{"weekday": 1, "month": nextMonth}))
	require.ElementsMatch(
		t,
		[]string{pair(g.student, s.wednesday)},
		held(object{"weekday": 2, "month": nextMonth, "deleted": true}),
	)
	require.Empty(t, held(object{"weekday": 6}))
}

func TestEntryCreateAny(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileClosed)
	s := g.timetable()
	enrol := func(slot, user int) object {
		return g.one("POST /entry/create-any", g.admin, object{"selectedTime": slot, "user": user})
	}
	refused := func(errType string, slot, user int) {
		t.Helper()
		before := g.done("POST /entry/get-any", g.coach, object{"month": nextMonth, "deleted": true})
		g.refused(errType, "POST /entry/create-any", g.admin, object{"selectedTime": slot, "user": user})
		require.Equal(
			t,
			before,
			g.done("POST /entry/get-any", g.coach, object{"month": nextMonth, "deleted": true}),
			"nothing changed",
		)
	}
	entry := enrol(s.monday, g.student) // closed: an administrator's hand counts outside the window too
	require.Equal(t, g.student, entry.object(t, "user").integer(t, "id"))
	require.Equal(
		t,
		object{"id": number(s.monday), "weekday": number(0), "time": "16:00", "month": nextMonth},
		entry.object(t, "selectedTime"),
	)
	require.Equal(t, []int{s.monday}, g.held(g.student))
	enrol(s.now, g.student)

	refused("LogicError", s.monday, g.student)         // twice
	refused("LogicError", s.mondayLate, g.student)     // one a weekday
	refused("LogicError", s.later, g.student)          // neither current nor next month
	refused("DataBaseException", s.gone, g.student)    // deleted
	refused("DataBaseException", 2_000_000, g.student) // never was
	refused("DataBaseException", s.monday, 2_000_000)
	gone := g.db.User(t, "STUDENT")
	g.done("DELETE /user/delete-any", g.admin, object{"id": gone})
	refused("DataBaseException", s.monday, gone)

	enrol(s.monday, g.coach) // whoever it is
	refused("LogicError", s.monday, g.admin)
	require.Zero(t, g.seats(s.monday), "capacity holds on this path too")

	enrol(s.tuesday, g.student)
	enrol(s.wednesday, g.student)
	refused("LogicError", s.thursday, g.student) // the limit holds as well

	g.done("DELETE /entry/delete-any", g.admin, object{"id": entry.integer(t, "id")})
	require.NotEqual(t, entry["id"], enrol(s.monday, g.student)["id"], "the cancelled one stays history")
	g.audit()
}

func TestEntryDelete(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.monday, s.tuesday)
	g.choose(g.admin, s.wednesday)
	entry := func(user int, month string, n int) int {
		return g.many("POST /entry/get", user, object{"month": month})[n].integer(t, "id")
	}
	current := g.one("POST /entry/create-any", g.admin, object{"selectedTime": s.now, "user": g.student}).
		integer(t, "id")
	mine, second, others := entry(g.student, "next", 0), entry(g.student, "next", 1), entry(g.admin, "next", 0)

	g.refused("DataBaseException", "DELETE /entry/delete", g.student, object{"id": others})
	g.refused("DataBaseException", "DELETE /entry/delete", g.admin, object{"id": mine})
	g.refused("DataBaseException", "DELETE /entry/delete", g.student, object{"id": 2_000_000})
	g.refused("LogicError", "DELETE /entry/delete", g.student, object{"id": current})
	require.Equal(t, []int{s.monday, s.tuesday}, g.held(g.student), "nothing of that changed anything")
	require.Len(t, g.many("POST /entry/get", g.student, nil), 1)

	require.Equal(t, object{"result": true}, g.one("DELETE /entry/delete", g.student, object{"id": mine}))
	require.Equal(t, []int{s.tuesday}, g.held(g.student))
	require.Equal(t, 2, g.seats(s.monday))
	g.refused("DataBaseException", "DELETE /entry/delete", g.student, object{"id": mine})
	closed := g.at(whileClosed)
	closed.done("DELETE /entry/delete", g.student, object{"id": second}) // open or closed
	require.Empty(t, g.held(g.student))

	g.refused("DataBaseException", "DELETE /entry/delete-any", g.admin, object{"id": mine})
	g.refused("DataBaseException", "DELETE /entry/delete-any", g.admin, object{"id": 2_000_000})
	g.done("DELETE /entry/delete-any", g.admin, object{"id": current}) // anybody's, of any month
	g.done("DELETE /entry/delete-any", g.admin, object{"id": others})
	g.refused("DataBaseException", "DELETE /entry/delete-any", g.admin, object{"id": others})
	history := 0
	for _, month := range []string{thisMonth, nextMonth} {
		require.Empty(t, g.many("POST /entry/get-any", g.coach, object{"month": month}))
		history += len(g.many("POST /entry/get-any", g.coach, object{"month": month, "deleted": true}))
	}
	require.Equal(t, 4, history, "the history stays")
	g.audit()
}

func TestOpeningByHand(t *testing.T) {
	t.Parallel()
	g := newGym(t, "2026-11-10 09:00")
	open := func(now string) bool {
		opening := g.at(now).one("GET /entry/check-open", g.student, nil)
		require.Equal(t, 25, opening.integer(t, "openingDay"))
		return opening["status"] == true
	}
	turn := func(now string, status bool) {
		require.Equal(
			t,
			object{"status": status, "openingDay": number(25)},
			g.at(now).one("POST /entry/change-open", g.admin, object{"status": status}),
		)
	}
	for now, want := range map[string]bool{
		"2026-11-01 00:00:00": false, "2026-11-10 09:00": false, "2026-11-25 11:59:59": false, "2026-11-25 12:00:00": true,
		"2026-11-29 23:59:59": true, "2026-11-30 00:00:00": false, "2026-11-30 23:59:59": false, "2026-12-01 00:00:00": false,
		"2026-12-31 00:00:00": false, "2026-12-30 23:59:59": true, "2027-02-27 23:59:59": true, "2027-02-28 00:00:00": false,
		"2028-02-28 23:59:59": true, "2028-02-29 00:00:00": false,
	} {
		require.Equal(t, want, open(now), "by the calendar at %s", now)
	}

	turn("2026-11-10 09:00", true)
	require.True(t, open("2026-11-10 09:00:00"))
	require.True(t, open("2026-11-25 11:59:59"), "until the next scheduled turn")
	require.True(t, open("2026-11-25 12:00:00"), "the schedule says the same")
	require.False(t, open("2026-11-30 00:00:00"), "closed by the schedule")
	require.False(t, open("2026-12-10 09:00"), "not next month")

	turn("2026-11-26 10:00", false)
	require.False(t, open("2026-11-26 10:00:00"))
	require.False(t, open("2026-11-29 23:59:59"))
	require.True(t, open("2026-12-25 12:00:00"), "opened by the schedule")

	turn("2026-11-27 10:00", true)
	require.True(t, open("2026-11-27 10:00:00"), "and back again")
	turn("2026-11-30 10:00", true)
	require.True(t, open("2026-11-30 23:59:59"))
	require.False(t, open("2026-12-01 00:00:00"), "the turn of the month ends it")
}
