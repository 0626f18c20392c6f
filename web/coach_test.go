package web_test

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/webtest"
)

func TestAnnouncements(t *testing.T) {
	hostile := webtest.Hostile + strings.Repeat("Ы", 9900)
	t.Run("a preview shows the text as text, keeps it in the form, and publishes nothing", func(t *testing.T) {
		g := newRig(t)
		page := body(t, g.ask("/announcements", "coach", "ru",
			url.Values{"body": {hostile}, "until": {"2026-12-31"}, "do": {"preview"}}))
		require.Contains(t, page, "Так его увидят")
		require.Equal(t, 2, strings.Count(page, "&lt;script&gt;alert(1)"))
		require.NotContains(t, page, "<script>alert")
		require.Contains(t, page, "показывается по 31 декабря")
		require.Empty(t, g.stage.Posts)
	})
	t.Run("publishes, with the last day only where one is given", func(t *testing.T) {
		g := newRig(t)
		for _, until := range []string{"", "2026-12-31"} {
			r := g.ask(
				"/announcements",
				"coach",
				"ru",
				url.Values{"body": {"a\r\nb"}, "until": {until}, "do": {"save"}},
			)
			require.Equal(t, http.StatusSeeOther, r.StatusCode)
		}
		require.Equal(
			t,
			[]map[string]any{{"body": "a\nb"}, {"body": "a\nb", "shownUntil": "2026-12-31"}},
			g.stage.Posts,
		)
	})
	t.Run("an edit takes the last day away", func(t *testing.T) {
		g := newRig(t)
		g.ask("/announcements", "coach", "ru", url.Values{"id": {"4"}, "body": {"a"}, "until": {""}, "do": {"save"}})
		require.Equal(t, []map[string]any{{"id": 4.0, "body": "a", "shownUntil": ""}}, g.stage.Posts)
	})
	t.Run("a refusal keeps the form", func(t *testing.T) {
		fields := url.Values{"body": {""}, "until": {"2026-12-31"}, "do": {"save"}}
		r := newRig(t).ask("/announcements", "coach", "ru", fields)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, body(t, r), `value="2026-12-31"`)
	})
	t.Run("deletes", func(t *testing.T) {
		r := newRig(t).ask("/announcements/delete", "coach", "ru", url.Values{"id": {"4"}})
		require.Equal(t, "/announcements?done=announcement-deleted", r.Header.Get("Location"))
	})
}

func TestCodes(t *testing.T) {
	g := newRig(t)
	t.Run("a person's code is shown once and kept nowhere", func(t *testing.T) {
		r := g.ask("/person/code", "coach", "ru", url.Values{"id": {"1500"}})
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		require.Contains(t, body(t, r), "ABCD-EFGH")
		require.NotContains(t, body(t, g.ask("/person?id=1500", "coach", "ru", nil)), "ABCD-EFGH")
	})
	t.Run("slips of a group", func(t *testing.T) {
		r := g.ask("/slips", "coach-hostile", "ru", url.Values{"group": {webtest.Hostile}})
		page := body(t, r)
		require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		require.Equal(t, 12, strings.Count(page, "ABCD-EFGH"))
		require.NotContains(t, page, "<script>alert")
	})
	t.Run("a refusal shows the groups again", func(t *testing.T) {
		r := g.ask("/slips", "coach", "en", url.Values{"group": {"БИ-42"}})
		page := body(t, r)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, page, "Everybody in this group has an account already.")
		require.Contains(t, page, "ГД-11")
	})
}

func TestListsCSV(t *testing.T) {
	g := newRig(t)
	r := g.ask("/lists/csv?slot=0+16:00", "coach", "ru", nil)
	require.Equal(t, "text/csv; charset=utf-8", r.Header.Get("Content-Type"))
	lines := strings.Split(body(t, r), "\r\n")
	require.Equal(t, "\ufeffДень;Время;Состояние;Имя;Группа;Билет", lines[0])
	require.Equal(t, "Понедельник;16:00;место;Абрамов Олег;ИС-21;12069900", lines[1])
	require.Equal(t, "Понедельник;16:00;очередь;Абрамов Олег;ИС-21;12069900", lines[13])
}

func TestStatisticsCSV(t *testing.T) {
	g := newRig(t)
	r := g.ask("/statistics/csv?preset=last", "coach", "en", nil)
	lines := strings.Split(body(t, r), "\r\n")
	require.Equal(t, "\ufeffDay;Time;lessons;seats;enrolled;came;excused;absent;no seat left", lines[0])
	require.Equal(t, "Monday;16:00;4;48;40;30;0;0;0", lines[1])
	require.Len(t, lines, 26)
}

func TestReportFile(t *testing.T) {
	g := newRig(t)
	r := g.ask("/reports/file?kind=visits&from=2026-11-01&to=2026-11-30&format=xlsx", "coach", "ru", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	_, facts, err := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	require.NoError(t, err)
	require.Equal(t, "Посещения с 01.11 по 30.11.xlsx", facts["filename"])
	require.Equal(t, "PKPOST /report/visits", body(t, r))

	require.Equal(t, http.StatusServiceUnavailable, g.ask("/reports/file", "coach-down", "ru", nil).StatusCode)
	require.Equal(t, http.StatusForbidden, g.ask("/reports/file", "student", "ru", nil).StatusCode)
}

// TestCoachOnly: a student sees none of the coach's pages, and a person without a session is asked to log in.
func TestCoachOnly(t *testing.T) {
	g := newRig(t)
	for _, path := range []string{
		"/today", "/lesson?date=2026-12-07&time=16:00", "/lesson/cancel?date=2026-12-07&time=16:00",
		"/people", "/person?id=1",
		"/lists", "/lists/csv", "/reports", "/reports/making", "/reports/file", "/statistics", "/statistics/csv", "/announcements", "/slips",
	} {
		for _, token := range []string{"student", "blocked"} {
			require.Equal(t, http.StatusForbidden, g.ask(path, token, "ru", nil).StatusCode, path)
		}
		require.Contains(t, g.ask(path, "", "ru", nil).Header.Get("Location"), "/login?next=", path)
	}
	for _, path := range []string{
		"/lesson", "/lesson/cancel", "/lesson/restore", "/person/code", "/announcements", "/announcements/delete", "/slips",
	} {
		require.Equal(t, http.StatusForbidden, g.ask(path, "student", "ru", url.Values{"id": {"1"}}).StatusCode, path)
	}
}
