package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// november is a gym in which two students train in November 2026, from its first day: Mondays 2, 9, 16, 23, 30,
// Tuesdays 3, 10, 17, 24, Saturdays 7, 14, 21, 28.
type november struct {
	gym
	monday, tuesday, saturday int // slots, at 16:00
	ann, bob                  int // hold all of them
}

func newNovember(t testing.TB) november {
	m := november{gym: newGym(t, "2026-10-26 10:00")}
	m.monday, m.tuesday, m.saturday = m.slot(
		thisMonth,
		0,
		"16:00",
		5,
	), m.slot(
		thisMonth,
		1,
		"16:00",
		5,
	), m.slot(
		thisMonth,
		5,
		"16:00",
		5,
	)
	m.ann, m.bob = m.db.User(t, "STUDENT"), m.db.User(t, "STUDENT")
	m.choose(m.ann, m.monday, m.tuesday, m.saturday)
	m.choose(m.bob, m.monday, m.tuesday, m.saturday)
	return m
}

// at is the same month at another time; the jobs have done what was due by then.
func (m november) at(now string) november {
	m.t.Helper()
	m.gym = m.gym.at(now)
	_, err := m.pool.Exec(m.t.Context(), "select rules.run(j.job) from rules.jobs j")
	require.NoError(m.t, err)
	m.audit()
	return m
}

func (m november) with(t testing.TB) november {
	m.gym = m.gym.with(t)
	return m
}

func lesson(date string) object { return object{"date": date, "time": "16:00"} }

// marking is a body for visit/mark-lesson.
func marking(date string, present, excused []int) object {
	return object{
		"date":    date,
		"time":    "16:00",
		"present": append([]int{}, present...),
		"excused": append([]int{}, excused...),
	}
}

// seen says what visits say of a person: "11-02 1, 11-03 unmarked".
func (m november) seen(user int, filter any) string {
	m.t.Helper()
	var marks []string
	for _, v := range m.many("POST /visit/get", m.coach, filter) {
		if v.object(m.t, "user").integer(m.t, "id") == user {
			marks = append(marks, strings.TrimPrefix(v["date"].(string), "2026-")+" "+markOf(m.t, v))
		}
	}
	return strings.Join(marks, ", ")
}

func markOf(t testing.TB, visit object) string {
	t.Helper()
	if visit["marked"] == false {
		require.Zero(t, visit.integer(t, "mark"), "not marked yet is 0 to those who do not know the field marked")
		return "unmarked"
	}
	return fmt.Sprint(visit.integer(t, "mark"))
}

// mark is the id of a person's mark of a date.
func (m november) mark(user int, date string) int {
	m.t.Helper()
	for _, v := range m.many("POST /visit/get", m.coach, object{"date": date}) {
		if v.object(m.t, "user").integer(m.t, "id") == user {
			return v.integer(m.t, "id")
		}
	}
	require.Fail(m.t, "no such mark", "%d %s", user, date)
	return 0
}

// role is a person's role, as the auth server reads it.
func (m november) role(user int) string {
	m.t.Helper()
	for _, u := range m.many("GET /user/get", m.coach, nil) {
		if u.integer(m.t, "id") == user {
			return u["role"].(string)
		}
	}
	require.Fail(m.t, "no such person", "%d", user)
	return ""
}

func TestAMonth(t *testing.T) {
	t.Parallel()
	m := newNovember(t)
	december := m.slot(nextMonth, 2, "16:00", 5)
	require.Empty(t, m.many("POST /visit/get", m.coach, nil), "marks are made when their month begins")

	m = m.at("2026-11-01 00:05")
	require.Equal(
		t,
		"11-02 unmarked, 11-03 unmarked, 11-07 unmarked, 11-09 unmarked, 11-10 unmarked, 11-14 unmarked, 11-16 unmarked, "+
			"11-17 unmarked, 11-21 unmarked, 11-23 unmarked, 11-24 unmarked, 11-28 unmarked, 11-30 unmarked",
		m.seen(m.bob, nil),
	)

	m = m.at("2026-11-02 18:00")
	m.done("POST /entry/create-any", m.admin, object{"selectedTime": december, "user": m.bob})
	answer := m.many("POST /visit/mark-lesson", m.coach, marking("2026-11-02", []int{m.ann}, nil))
	require.Len(t, answer, 2)
	require.Equal(
		t,
		answer,
		m.many("POST /visit/get", m.coach, lesson("2026-11-02")),
		"the lesson as visit/get shows it",
	)
	require.Equal(t, "11-02 1", m.seen(m.ann, lesson("2026-11-02")))
	require.Equal(t, "11-02 0", m.seen(m.bob, lesson("2026-11-02")))
	none := object{"month": thisMonth, "absences": []any{}, "limit": number(3), "blocked": false, "blockedUntil": nil}
	require.Equal(t, none, m.one("GET /user/absences", m.bob, nil), "the coach has the day to correct")

	m = m.at("2026-11-03 18:00")
	absent := func(dates ...string) (all []any) {
		for _, date := range dates {
			all = append(all, map[string]any{"date": date, "time": "16:00"})
		}
		return all
	}
	require.Equal(t, absent("2026-11-02"), m.one("GET /user/absences", m.bob, nil)["absences"])
	m.done("PUT /visit/edit", m.coach, object{"id": m.mark(m.ann, "2026-11-03"), "mark": 1})
	require.Equal(
		t,
		"11-03 0",
		m.seen(m.bob, lesson("2026-11-03")),
		"whoever is left unmarked where somebody is marked shows as absent",
	)
	// On the 7th nobody is marked: that is nobody's absence.
	m = m.at("2026-11-09 18:00")
	m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-09", []int{m.ann}, nil))
	require.Equal(t, "STUDENT", m.role(m.bob))
	require.Equal(t, []int{december}, m.held(m.bob))

	m = m.at("2026-11-10 00:05")
	require.Equal(
		t,
		object{"month": thisMonth, "absences": absent("2026-11-02", "2026-11-03", "2026-11-09"), "limit": number(3),
			"blocked": true, "blockedUntil": "2026-11-30"},
		m.one("GET /user/absences", m.bob, nil),
	)
	require.Equal(t, none, m.one("GET /user/absences", m.ann, nil))
	require.Equal(t, "BLOCKED", m.role(m.bob))
	require.Empty(t, m.held(m.bob), "next month's seat is free for others")
	require.Equal(t, 5, m.seats(december))

	m = m.at("2026-11-10 12:00")
	one := m.one("PUT /visit/edit", m.coach, object{"id": m.mark(m.bob, "2026-11-03"), "mark": 2})
	require.Equal(t, 2, one.integer(t, "mark"))
	require.Equal(t, "STUDENT", one.object(t, "user")["role"], "a corrected mark lets in again at once")
	require.Equal(t, []int{december}, m.held(m.bob), "and gives the seat back")
	m.done("PUT /visit/edit", m.coach, object{"id": m.mark(m.bob, "2026-11-03"), "mark": 0})
	require.Equal(t, "BLOCKED", m.role(m.bob), "as the third absence of a day gone by blocks at once")
	require.Empty(t, m.held(m.bob))

	m = m.at("2026-11-26 10:00")
	refused := m.refused("LogicError", "POST /entry/create", m.bob, choice(december))
	require.Contains(t, refused.message, "заблокирован")
	require.Equal(t, []object{booked(december)}, m.outcomes(m.ann, choice(december)))

	m = m.at("2026-12-01 00:05")
	require.Equal(t, "STUDENT", m.role(m.bob))
	m.refused("LogicError", "POST /entry/create", m.bob, choice(december)) // closed, and December's was not for him
	january := m.slot("01-2027", 2, "16:00", 5)
	m = m.at("2026-12-26 10:00")
	require.Equal(t, []object{booked(january)}, m.outcomes(m.bob, choice(january)), "a block bars from one month")
	m.audit()
}

func TestVisitGet(t *testing.T) {
	t.Parallel()
	m := newNovember(t)
	late := m.slot(thisMonth, 0, "17:30", 5)
	m.choose(m.student, late)
	m = m.at("2026-11-05 12:00")
	dates := func(filter any) (found []string) {
		for _, v := range m.many("POST /visit/get", m.coach, filter) {
			found = append(found, v["date"].(string)+" "+v["time"].(string))
		}
		return found
	}
	all := dates(nil)
	require.Len(t, all, 13+13+5)
	require.True(t, slices.IsSorted(all), "in the order of lessons")
	require.Equal(
		t,
		[]string{"2026-11-09 16:00", "2026-11-09 16:00", "2026-11-09 17:30"},
		dates(object{"date": "2026-11-09"}),
	)
	require.Equal(t, []string{"2026-11-09 17:30"}, dates(object{"date": "2026-11-09", "time": "17:30"}))
	require.Len(t, dates(object{"time": "17:30"}), 5)
	require.Len(t, dates(object{"month": thisMonth, "time": "17:30"}), 5)
	require.Equal(t, all, dates(object{"month": thisMonth}))
	for _, nothing := range []object{{"month": nextMonth}, {"date": "2026-11-04"}, {"time": "08:00"}, {"date": "2026-11-09", "month": nextMonth}} {
		require.Empty(t, dates(nothing), "%v", nothing)
	}
	visit := m.many("POST /visit/get", m.admin, object{"date": "2026-11-09", "time": "17:30"})[0]
	require.Equal(
		t,
		object{
			"id":     visit["id"],
			"date":   "2026-11-09",
			"time":   "17:30",
			"mark":   number(0),
			"marked": false,
			"user":   visit["user"],
		},
		visit,
	)
	require.Equal(t, m.student, visit.object(t, "user").integer(t, "id"))
}

func TestVisitEdit(t *testing.T) {
	t.Parallel()
	m := newNovember(t).at("2026-11-10 12:00")
	id := m.mark(m.bob, "2026-11-09")
	edit := func(change object) string {
		t.Helper()
		change["id"] = id
		return markOf(t, m.one("PUT /visit/edit", m.coach, change))
	}
	for mark := range 4 {
		require.Equal(t, fmt.Sprint(mark), edit(object{"mark": mark}))
		require.Equal(t, fmt.Sprintf("11-09 %d", mark), m.seen(m.bob, lesson("2026-11-09")))
	}
	require.Equal(t, "1", edit(object{"mark": 1, "marked": true}))
	require.Equal(t, "11-09 0", m.seen(m.ann, lesson("2026-11-09")))
	require.Equal(t, "unmarked", edit(object{"marked": false}), "taken back")
	require.Equal(t, "11-09 unmarked", m.seen(m.ann, lesson("2026-11-09")), "the lesson is an unmarked one again")
	require.Equal(t, "unmarked", edit(object{"mark": 2, "marked": false}))
	require.Equal(t, "1", edit(object{"mark": 1}))

	m.refused("DataBaseException", "PUT /visit/edit", m.coach, object{"id": 2_000_000_000, "mark": 1})
	m.refused("DataBaseException", "PUT /visit/edit", m.coach, object{"id": 2_000_000_000, "marked": false})
	// A mark of an enrolment that was cancelled before the lesson is gone.
	future := m.mark(m.bob, "2026-11-30")
	entry := m.many("POST /entry/get", m.bob, nil)[0]
	require.Equal(t, m.monday, entry.object(t, "selectedTime").integer(t, "id"))
	m.done("DELETE /entry/delete-any", m.admin, object{"id": entry.integer(t, "id")})
	m.refused("DataBaseException", "PUT /visit/edit", m.coach, object{"id": future, "mark": 1})
	require.Equal(
		t,
		"11-02 unmarked, 11-03 unmarked, 11-07 unmarked, 11-09 1, 11-10 unmarked, 11-14 unmarked, 11-17 unmarked, 11-21 unmarked, 11-24 unmarked, 11-28 unmarked",
		m.seen(m.bob, nil),
		"those gone by stay",
	)
	m.audit()
}

func TestMarkLesson(t *testing.T) {
	t.Parallel()
	m := newNovember(t).at("2026-11-10 12:00")
	mark := func(present, excused []int) string {
		t.Helper()
		m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-09", present, excused))
		return m.seen(m.ann, lesson("2026-11-09")) + "; " + m.seen(m.bob, lesson("2026-11-09"))
	}
	require.Equal(t, "11-09 1; 11-09 2", mark([]int{m.ann}, []int{m.bob}))
	require.Equal(t, "11-09 0; 11-09 1", mark([]int{m.bob, m.bob}, nil))
	require.Equal(t, "11-09 0; 11-09 0", mark(nil, nil), "nobody came")
	require.Equal(t, "11-09 0; 11-09 2", mark(nil, []int{m.bob}))
	require.Equal(t, "11-09 1; 11-09 2", mark([]int{m.ann}, nil), "an excuse stays")
	require.Equal(t, "11-09 2; 11-09 2", mark(nil, []int{m.bob, m.ann}))

	for errType, bodies := range map[string][]object{
		"LogicError": {marking("2026-11-09", []int{m.ann}, []int{m.ann})},
		"DataBaseException": {
			marking("2026-11-09", []int{m.ann, m.student}, nil), marking("2026-11-09", nil, []int{2_000_000_000}), marking("2026-11-09", []int{-5}, nil),
			marking("2026-11-11", nil, nil), marking("2026-12-07", nil, nil), marking("2020-01-06", nil, nil), {"date": "2026-11-09", "time": "17:30", "present": []int{}},
		},
	} {
		for _, body := range bodies {
			m.refused(errType, "POST /visit/mark-lesson", m.coach, body)
		}
	}
	require.Equal(t, "11-09 2", m.seen(m.ann, lesson("2026-11-09")), "what is refused changes nothing")
	m.audit()
}

func TestCancelLesson(t *testing.T) {
	t.Parallel()
	m := newNovember(t)
	// Called off before its marks are made.
	m.done("POST /visit/cancel-lesson", m.coach, lesson("2026-11-09"))
	m = m.at("2026-11-10 12:00")
	require.Equal(t, "11-09 3", m.seen(m.ann, lesson("2026-11-09")))
	m.refused("LogicError", "POST /visit/mark-lesson", m.coach, marking("2026-11-09", []int{m.ann}, nil))
	m.done("POST /visit/restore-lesson", m.coach, lesson("2026-11-09"))
	require.Equal(t, "11-09 unmarked", m.seen(m.ann, lesson("2026-11-09")))

	// Called off after the coach had marked it: nothing is lost.
	m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-09", []int{m.ann}, nil))
	for range 2 {
		m.done("POST /visit/cancel-lesson", m.coach, object{"date": "2026-11-09", "time": "16:00", "reason": "Авария"})
		require.Equal(
			t,
			"11-09 3; 11-09 3",
			m.seen(m.ann, lesson("2026-11-09"))+"; "+m.seen(m.bob, lesson("2026-11-09")),
		)
	}
	// Those who come later too.
	m.done("POST /visit/cancel-lesson", m.coach, lesson("2026-11-16"))
	m.done("POST /entry/create-any", m.admin, object{"selectedTime": m.monday, "user": m.student})
	require.Equal(t, "11-16 3, 11-23 unmarked, 11-30 unmarked", m.seen(m.student, nil))
	for range 2 {
		m.done("POST /visit/restore-lesson", m.coach, lesson("2026-11-09"))
		require.Equal(
			t,
			"11-09 1; 11-09 0",
			m.seen(m.ann, lesson("2026-11-09"))+"; "+m.seen(m.bob, lesson("2026-11-09")),
		)
	}
	require.Equal(t, "11-16 3", m.seen(m.ann, lesson("2026-11-16")), "the other one is still off")

	for _, endpoint := range []string{"POST /visit/cancel-lesson", "POST /visit/restore-lesson"} {
		m.refused("DataBaseException", endpoint, m.coach, lesson("2026-11-11"))
		m.refused("DataBaseException", endpoint, m.coach, object{"date": "2026-11-09", "time": "08:00"})
	}
	m.audit()
}

func TestACoachMayMarkForSomeDays(t *testing.T) {
	t.Parallel()
	m := newNovember(t).at("2026-11-01 12:00")
	id := m.mark(m.ann, "2026-11-02")
	changes := map[string]object{
		"PUT /visit/edit": {
			"id":   id,
			"mark": 1,
		}, "POST /visit/mark-lesson": marking("2026-11-02", []int{m.ann}, []int{m.bob}),
		"POST /visit/cancel-lesson": lesson("2026-11-02"), "POST /visit/restore-lesson": lesson("2026-11-02"),
	}
	order := []string{
		"PUT /visit/edit",
		"POST /visit/mark-lesson",
		"POST /visit/cancel-lesson",
		"POST /visit/restore-lesson",
	}
	last, over := m.gym.at("2026-12-03 23:59:59"), m.gym.at("2026-12-04 00:00:00")
	for _, endpoint := range order {
		last.done(endpoint, m.coach, changes[endpoint])
	}
	for _, endpoint := range order {
		require.Contains(t, over.refused("LogicError", endpoint, m.coach, changes[endpoint]).message, "31")
		over.done(endpoint, m.admin, changes[endpoint])
	}
	over.refused("LogicError", "PUT /visit/edit", m.coach, object{"id": id, "marked": false})
	over.done("PUT /visit/edit", m.admin, object{"id": id, "marked": false})
}

func TestClosures(t *testing.T) {
	t.Parallel()
	m := newNovember(t).at("2026-11-12 12:00")
	m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-09", []int{m.ann}, nil))
	m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-07", []int{m.bob}, nil))
	before := m.seen(m.ann, nil)

	t.Run("closed days", func(t *testing.T) {
		m := m.with(t)
		closure := m.one(
			"POST /closure/create",
			m.admin,
			object{"startDate": "2026-11-09", "endDate": "2026-11-10", "reason": "Праздник"},
		)
		require.Equal(
			t,
			object{
				"id":        closure["id"],
				"startDate": "2026-11-09",
				"endDate":   "2026-11-10",
				"runsAs":    nil,
				"reason":    "Праздник",
			},
			closure,
		)
		for _, actor := range []int{m.ann, m.blocked, m.coach, m.admin} {
			require.Equal(t, []object{closure}, m.many("GET /closure/get", actor, nil))
		}
		require.Equal(
			t,
			"11-09 3; 11-10 3; 11-14 unmarked",
			m.seen(
				m.ann,
				object{"date": "2026-11-09"},
			)+"; "+m.seen(
				m.ann,
				object{"date": "2026-11-10"},
			)+"; "+m.seen(
				m.ann,
				object{"date": "2026-11-14"},
			),
		)
		m.refused("LogicError", "POST /visit/mark-lesson", m.coach, marking("2026-11-09", []int{m.ann}, nil))
		m.refused("LogicError", "POST /visit/restore-lesson", m.coach, lesson("2026-11-09"))
		m.audit()

		m.done("DELETE /closure/delete", m.admin, object{"id": closure.integer(t, "id")})
		require.Equal(t, before, m.seen(m.ann, nil), "what the coach marked is there again")
		require.Empty(t, m.many("GET /closure/get", m.ann, nil))
		m.refused("DataBaseException", "DELETE /closure/delete", m.admin, object{"id": closure.integer(t, "id")})
		m.audit()
	})
	t.Run("a moved day", func(t *testing.T) {
		m := m.with(t)
		closure := m.one(
			"POST /closure/create",
			m.admin,
			object{"startDate": "2026-11-07", "runsAs": 0, "reason": "Перенос с понедельника"},
		)
		require.Equal(
			t,
			object{
				"id":        closure["id"],
				"startDate": "2026-11-07",
				"endDate":   "2026-11-07",
				"runsAs":    number(0),
				"reason":    "Перенос с понедельника",
			},
			closure,
		)
		require.Equal(
			t,
			"11-07 unmarked",
			m.seen(m.ann, object{"date": "2026-11-07"}),
			"the Monday people's lesson, which nobody has marked",
		)
		m.done("POST /visit/mark-lesson", m.coach, marking("2026-11-07", []int{m.ann, m.bob}, nil))
		m.audit()
		m.done("DELETE /closure/delete", m.admin, object{"id": closure.integer(t, "id")})
		require.Equal(t, before, m.seen(m.ann, nil), "the Saturday people's lesson, as it was marked")
		m.audit()
		m.done(
			"POST /closure/create",
			m.admin,
			object{"startDate": "2026-11-07", "runsAs": 0, "reason": "Всё-таки перенос"},
		)
		require.Equal(t, "11-07 1", m.seen(m.ann, object{"date": "2026-11-07"}))
		m.audit()
	})
	t.Run("refused", func(t *testing.T) {
		m := m.with(t)
		have := m.many("GET /closure/get", m.admin, nil)
		for errType, bodies := range map[string][]object{
			"LogicError": {{"startDate": "2026-11-07"}, {"startDate": "2026-11-01", "endDate": "2026-11-30"}, {"startDate": "2026-11-07", "runsAs": 1}},
			"InvalidRequestException": {
				{"startDate": "2026-12-02", "endDate": "2026-12-01"}, {"startDate": "2026-12-01", "endDate": "2028-12-01"},
				{"startDate": "2026-12-05", "endDate": "2026-12-06", "runsAs": 0}, {"startDate": "2026-12-07", "runsAs": 0},
			},
		} {
			for _, body := range bodies {
				body["reason"] = "Причина"
				m.refused(errType, "POST /closure/create", m.admin, body)
			}
		}
		m.refused("DataBaseException", "DELETE /closure/delete", m.admin, object{"id": 2_000_000_000})
		require.Equal(t, have, m.many("GET /closure/get", m.admin, nil), "nothing of that changed anything")
	})
	t.Run("by date", func(t *testing.T) {
		m := m.with(t)
		m.done(
			"POST /closure/create",
			m.admin,
			object{"startDate": "2027-01-01", "endDate": "2027-01-08", "reason": "Каникулы"},
		)
		m.done("POST /closure/create", m.admin, object{"startDate": "2026-11-04", "reason": "Праздник"})
		var starts []string
		for _, c := range m.many("GET /closure/get", m.ann, nil) {
			starts = append(starts, c["startDate"].(string))
		}
		require.Equal(t, []string{"2026-11-04", "2026-11-07", "2027-01-01"}, starts)
	})
}

func TestABlockByHandIsSeen(t *testing.T) {
	t.Parallel()
	m := newNovember(t).at("2026-11-12 12:00")
	absences := func(user int) object { return m.one("GET /user/absences", user, nil) }
	require.Equal(t, true, absences(m.blocked)["blocked"])
	require.Nil(t, absences(m.blocked)["blockedUntil"], "until an administrator lifts it")
	_, err := m.pool.Exec(t.Context(), "select rules.block($1, 'Шум', '2026-12-20', null)", m.ann)
	require.NoError(t, err)
	require.Equal(t, "2026-12-20", absences(m.ann)["blockedUntil"])
	require.Equal(t, false, absences(m.coach)["blocked"])
	m.audit()
}
