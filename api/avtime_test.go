package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAvtimeCreate(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileClosed)
	body := object{"weekday": 5, "time": "07:05", "numberOfPersons": 3, "month": nextMonth}
	slot := g.one("POST /avtime/create", g.admin, body)
	require.Equal(
		t,
		object{"id": slot["id"], "weekday": number(5), "time": "07:05", "month": nextMonth, "available": true},
		slot,
	)
	slot["waiting"], slot["place"] = number(0), nil
	require.Equal(t, []object{slot}, g.many("GET /avtime/get", g.student, nil))
	require.Equal(t, 3, g.seats(slot.integer(t, "id")))

	g.refused("LogicError", "POST /avtime/create", g.admin, body) // that time is taken
	body["month"] = "10-2026"
	g.refused("LogicError", "POST /avtime/create", g.admin, body) // a month that is over
	body["month"] = thisMonth
	g.done("POST /avtime/create", g.admin, body)
	body["month"] = "05-2030"
	g.done("POST /avtime/create", g.admin, body)
	require.Len(t, g.many("POST /avtime/get-any", g.admin, nil), 3)
	require.Len(t, g.many("GET /avtime/get", g.admin, nil), 1)

	g.done("DELETE /avtime/delete", g.admin, object{"id": slot.integer(t, "id")})
	body["month"] = nextMonth
	again := g.one("POST /avtime/create", g.admin, body)
	require.NotEqual(t, slot["id"], again["id"], "a deleted one does not stand in the way")
	for time := range map[string]bool{"00:00": true, "23:59": true} {
		g.done(
			"POST /avtime/create",
			g.admin,
			object{"weekday": 6, "time": time, "numberOfPersons": 1, "month": nextMonth},
		)
	}
}

func TestAvtimeGetAny(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.choose(g.student, s.monday)
	ids := func(body any) (all []int) {
		for _, slot := range g.many("POST /avtime/get-any", g.coach, body) {
			all = append(all, slot.integer(t, "id"))
		}
		return all
	}
	require.Equal(
		t,
		[]int{s.monday, s.mondayLate, s.tuesday, s.wednesday, s.thursday, s.later, s.now},
		ids(nil),
		"all months, by id",
	)
	require.Equal(t, []int{s.monday, s.mondayLate, s.tuesday, s.wednesday, s.thursday}, ids(object{"month": nextMonth}))
	require.Equal(
		t,
		[]int{s.monday, s.mondayLate, s.tuesday, s.wednesday, s.thursday, s.gone},
		ids(object{"month": nextMonth, "deleted": true}),
	)
	require.Equal(t, []int{s.later}, ids(object{"month": "01-2027", "deleted": false}))
	require.Empty(t, ids(object{"month": "01-2020"}))
	require.Equal(
		t,
		object{
			"id":              number(s.monday),
			"weekday":         number(0),
			"time":            "16:00",
			"month":           nextMonth,
			"numberOfPersons": number(2),
			"freeSeats":       number(1),
		},
		g.many("POST /avtime/get-any", g.coach, nil)[0],
	)
}

func TestAvtimeEdit(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	edit := func(body object) object { return g.one("PUT /avtime/edit", g.admin, body) }
	refused := func(errType string, body object) answer {
		t.Helper()
		before := g.done("POST /avtime/get-any", g.admin, object{"deleted": true})
		a := g.refused(errType, "PUT /avtime/edit", g.admin, body)
		require.Equal(t, before, g.done("POST /avtime/get-any", g.admin, object{"deleted": true}), "nothing changed")
		return a
	}
	g.fill(s.monday)
	g.choose(g.student, s.mondayLate, s.tuesday)

	require.Equal(
		t,
		object{
			"id":              number(s.monday),
			"weekday":         number(0),
			"time":            "16:00",
			"month":           nextMonth,
			"numberOfPersons": number(5),
			"freeSeats":       number(3),
		},
		edit(object{"id": s.monday, "numberOfPersons": 5}),
	)
	edit(object{"id": s.monday, "numberOfPersons": 2})
	require.Contains(
		t,
		refused("LogicError", object{"id": s.monday, "numberOfPersons": 1}).message,
		"2",
		"says how many are there",
	)
	require.Equal(
		t,
		0,
		edit(object{"id": s.monday, "numberOfPersons": 2}).integer(t, "freeSeats"),
		"just as many as there are",
	)

	moved := edit(object{"id": s.mondayLate, "weekday": 5, "time": "20:30"})
	require.Equal(t, number(5), moved["weekday"])
	require.Equal(t, "20:30", moved["time"])
	require.Equal(t, []int{s.mondayLate, s.tuesday}, g.held(g.student), "who was enrolled moved along")
	refused("LogicError", object{"id": s.mondayLate, "weekday": 1}) // the student trains on Tuesday
	refused("LogicError", object{"id": s.thursday, "weekday": 2})   // that time is taken
	edit(object{"id": s.thursday, "weekday": 2, "time": "19:00"})
	edit(object{"id": s.thursday, "time": "19:00"})
	edit(object{"id": s.later, "weekday": 0, "time": "06:00"})

	refused("LogicError", object{"id": s.now, "weekday": 0}) // its month has begun
	refused("LogicError", object{"id": s.now, "time": "06:00"})
	require.Equal(
		t,
		9,
		edit(object{"id": s.now, "numberOfPersons": 9}).integer(t, "numberOfPersons"),
		"seats may change at any time",
	)
	require.Equal(
		t,
		9,
		edit(object{"id": s.now, "weekday": 4, "time": "16:00"}).integer(t, "numberOfPersons"),
		"what changes nothing is no change",
	)

	refused("DataBaseException", object{"id": 2_000_000, "numberOfPersons": 3})
	refused("DataBaseException", object{"id": s.gone, "numberOfPersons": 3})
	g.audit()
}

func TestAvtimeDelete(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	s := g.timetable()
	g.fill(s.monday)
	g.choose(g.student, s.tuesday)

	require.Equal(t, object{"result": true}, g.one("DELETE /avtime/delete", g.admin, object{"id": s.thursday}))
	g.refused("DataBaseException", "DELETE /avtime/delete", g.admin, object{"id": s.thursday})
	g.refused("DataBaseException", "DELETE /avtime/delete", g.admin, object{"id": s.thursday, "force": true})
	g.refused("DataBaseException", "DELETE /avtime/delete", g.admin, object{"id": 2_000_000})

	for _, force := range []any{nil, false} {
		a := g.refused("LogicError", "DELETE /avtime/delete", g.admin, object{"id": s.monday, "force": force})
		require.Contains(t, a.message, "2", "says how many")
		require.Zero(t, g.seats(s.monday))
	}
	g.done("DELETE /avtime/delete", g.admin, object{"id": s.monday, "force": true})
	require.Equal(t, []int{s.tuesday}, g.held(g.student), "nobody else loses anything")
	require.Len(t, g.many("POST /entry/get-any", g.coach, object{"month": nextMonth}), 1)
	require.Len(
		t,
		g.many("POST /entry/get-any", g.coach, object{"month": nextMonth, "deleted": true}),
		3,
		"the history stays",
	)
	for _, slot := range g.many("GET /avtime/get", g.student, nil) {
		require.NotEqual(t, s.monday, slot.integer(t, "id"))
	}
	g.audit()
}

// TestNextMonth: what students see and choose is the month after the gym's own, on the days on which the
// old server got it wrong, and around midnight in the gym's zone.
func TestNextMonth(t *testing.T) {
	t.Parallel()
	g := newGym(t, "2026-11-01 00:00")
	for now, want := range map[string]string{
		"2027-01-28 12:00": "02-2027", "2027-01-29 12:00": "02-2027", "2027-01-30 12:00": "02-2027", "2027-01-31 23:59:59": "02-2027",
		"2027-02-01 00:00:00": "03-2027", "2027-02-28 23:59:59": "03-2027", "2028-02-29 23:59:59": "03-2028", "2028-03-01 00:00:00": "04-2028",
		"2027-03-31 12:00": "04-2027", "2027-05-31 12:00": "06-2027", "2027-08-31 12:00": "09-2027", "2027-10-31 12:00": "11-2027",
		"2026-12-31 23:59:59": "01-2027", "2027-01-01 00:00:00": "02-2027",
	} {
		then := g.at(now)
		id := then.slot(want, 0, "16:00", 1)
		seen := then.many("GET /avtime/get", g.student, nil)
		require.Len(t, seen, 1, now)
		require.Equal(t, id, seen[0].integer(t, "id"), now)
		require.Equal(t, want, seen[0]["month"])
		entry := then.one("POST /entry/create-any", g.admin, object{"selectedTime": id, "user": g.student})
		require.Len(t, then.many("POST /entry/get", g.student, object{"month": "next"}), 1)
		then.done("DELETE /entry/delete", g.student, object{"id": entry.integer(t, "id")})
		then.done("DELETE /avtime/delete", g.admin, object{"id": id})
	}
}

// TestTheSecondOfOpeningAndClosing in the gym's zone, which is ahead of UTC by seven hours.
func TestTheSecondOfOpeningAndClosing(t *testing.T) {
	t.Parallel()
	g := newGym(t, "2026-12-20 10:00")
	slot := g.slot("01-2027", 0, "16:00", 12)
	refused := func(now string) {
		t.Helper()
		g.at(now).refused("LogicError", "POST /entry/create", g.student, choice(slot))
		require.Equal(t, false, g.at(now).one("GET /entry/check-open", g.student, nil)["status"])
	}
	taken := func(now string) {
		t.Helper()
		then := g.at(now)
		require.Equal(t, true, then.one("GET /entry/check-open", g.student, nil)["status"])
		then.choose(g.student, slot)
		then.choose(g.student)
	}
	refused("2026-12-25 11:59:59")
	refused("2026-12-25 11:59:59.999999")
	taken("2026-12-25 12:00:00")
	taken("2026-12-25 05:00:00Z")
	refused("2026-12-25 04:59:59Z")
	taken("2026-12-30 23:59:59")
	refused("2026-12-31 00:00:00")
	refused("2026-12-31 23:59:59")
	refused("2027-01-01 00:00:00")
	g.at("2027-01-25 12:00:00").refused("LogicError", "POST /entry/create", g.student, choice(slot)) // now this month's
	require.Len(
		t,
		g.at("2027-01-10 12:00").many("POST /entry/get-any", g.coach, object{"deleted": true}),
		3,
		"one for each time it was taken",
	)
}
