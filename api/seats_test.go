package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func withTag(tag string) http.Header {
	return http.Header{"Token": {token}, "User-Id": {"None"}, "If-None-Match": {tag}}
}

// TestSeatsAreSentOnceUntilTheyChange: who has the document is told so without a body, until a seat is taken.
func TestSeatsAreSentOnceUntilTheyChange(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	slot := g.slot(nextMonth, 0, "16:00", 2)
	first := g.ask("GET /avtime/seats", nobody, nil)
	require.Equal(t, http.StatusOK, first.status, "%s", first.raw)
	tag := first.header.Get("ETag")
	require.Regexp(t, `^"[0-9a-f]+"$`, tag)
	require.Equal(t, "2026-11-26T10:00:00.000+07:00", first.header.Get("Server-Time"))
	require.Equal(t, tag, g.ask("GET /avtime/seats", g.student, nil).header.Get("ETag"), "the same for everybody")

	for _, sent := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		_, _, w := g.exchange("GET /avtime/seats", withTag(sent), nil)
		require.Equal(t, http.StatusNotModified, w.Code, sent)
		require.Empty(t, w.Body.Bytes(), sent)
		require.Equal(t, tag, w.Header().Get("ETag"))
		require.NotEmpty(t, w.Header().Get("Server-Time"), "the time comes without a document too")
	}
	require.Equal(t, http.StatusOK, g.send("GET /avtime/seats", withTag(`"other"`), nil).status)

	g.choose(g.student, slot)
	after := g.send("GET /avtime/seats", withTag(tag), nil)
	require.Equal(t, http.StatusOK, after.status)
	require.NotEqual(t, tag, after.header.Get("ETag"))
	seats := asObject(t, asObject(t, after.data)["slots"].([]any)[0])
	require.Equal(t, 1, seats.integer(t, "freeSeats"))
	require.Equal(t, 2, seats.integer(t, "numberOfPersons"))

	// as time passes and nothing else, the document stays what it is
	later := g.at("2026-11-26 10:07").ask("GET /avtime/seats", nobody, nil)
	require.Equal(t, after.header.Get("ETag"), later.header.Get("ETag"))
	require.Equal(t, "2026-11-26T10:07:00.000+07:00", later.header.Get("Server-Time"))
}

// TestRefusalsNameTheirRule: a page can tell by which rule it was refused, and which field to point at.
func TestRefusalsNameTheirRule(t *testing.T) {
	t.Parallel()
	g := newGym(t, whileOpen)
	slot := g.slot(nextMonth, 0, "16:00", 2)
	for _, want := range []struct {
		endpoint    string
		actor       int
		body        any
		rule, field string
	}{
		{"POST /entry/create", g.student, choice(slot, slot), "enrolments_one_a_weekday", ""},
		{"POST /entry/create", g.blocked, choice(slot), "student_blocked", ""},
		{"POST /entry/create", g.coach, choice(slot), "role_may_not", ""},
		{"POST /entry/create", nobody, choice(slot), "actor_missing", ""},
		{"POST /entry/create", g.student, object{}, "field_missing", "selectedTimes"},
		{"POST /entry/create", g.student, object{"selectedTimes": "x"}, "field_unreadable", "selectedTimes"},
		{"DELETE /avtime/delete", g.admin, object{"id": 2_000_000}, "slot_not_found", ""},
		{"POST /entry/create", g.student, "{", "", ""},
		{"PATCH /entry/create", g.student, nil, "", ""},
	} {
		a := g.ask(want.endpoint, want.actor, want.body)
		require.NotEqual(t, http.StatusOK, a.status)
		require.Equal(t, want.rule, a.rule, "%s", a.raw)
		require.Equal(t, want.field, a.field, "%s", a.raw)
	}
}
