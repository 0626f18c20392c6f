package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/emersion/go-ical"
	"github.com/stretchr/testify/require"

	"energiya/internal/webtest"
)

func TestCalendarFile(t *testing.T) {
	g := newRig(t)
	read := func(t *testing.T, path string) *ical.Calendar {
		t.Helper()
		r := g.ask(path, "", "en", nil)
		require.Equal(t, http.StatusOK, r.StatusCode)
		text := body(t, r)
		calendar, err := ical.NewDecoder(strings.NewReader(text)).Decode()
		require.NoError(t, err, text)
		return calendar
	}
	t.Run("texts are escaped, and the address names the language", func(t *testing.T) {
		events := read(t, "/calendar/"+webtest.StageSecret+".ics?language=en").Events()
		require.Len(t, events, 3)
		summary, err := events[1].Props.Text(ical.PropSummary)
		require.NoError(t, err)
		require.Equal(t, "Cancelled: Зал; «Энергия», 1", summary)
		place, err := events[1].Props.Text(ical.PropLocation)
		require.NoError(t, err)
		require.Equal(t, webtest.Hostile, place)
		about, err := events[1].Props.Text(ical.PropDescription)
		require.NoError(t, err)
		require.Equal(t, "Каникулы,\nзал закрыт; "+webtest.Hostile, about)
		summary, err = read(t, "/calendar/"+webtest.StageSecret+".ics").Events()[1].Props.Text(ical.PropSummary)
		require.NoError(t, err)
		require.Equal(t, "Отменено: Зал; «Энергия», 1", summary, "a program's own language does not count")
	})
	t.Run("a zone whose clocks change is described with its changes", func(t *testing.T) {
		calendar := read(t, "/calendar/london.ics")
		parts := []string{}
		for _, part := range calendar.Children[0].Children {
			parts = append(parts, strings.Join([]string{
				part.Name, part.Props.Get(ical.PropDateTimeStart).Value, part.Props.Get(ical.PropTimezoneOffsetFrom).Value,
				part.Props.Get(ical.PropTimezoneOffsetTo).Value,
			}, " "))
		}
		require.Equal(t, []string{
			"STANDARD 20261025T020000 +0100 +0000", "DAYLIGHT 20270328T010000 +0000 +0100",
			"STANDARD 20271031T020000 +0100 +0000",
		}, parts)
	})
	t.Run("an unknown address", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, g.ask("/calendar/other.ics", "", "ru", nil).StatusCode)
	})
	t.Run("the account shows a new address once", func(t *testing.T) {
		r := g.ask("/account/calendar", "student", "en", url.Values{})
		require.Contains(t, body(t, r), "https://example.com/calendar/"+webtest.StageSecret+".ics?language=en")
		require.Equal(t, http.StatusForbidden, g.ask("/account/calendar", "coach", "ru", url.Values{}).StatusCode)
	})
	require.Empty(t, g.log.String())
}
