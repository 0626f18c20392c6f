package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/web"
)

const lessonPath = "/lesson?date=2026-12-07&time=16:00"

// form reads the fields of the lesson as a browser without scripts would send them.
func (g rig) form(path string) url.Values {
	g.t.Helper()
	page := body(g.t, g.ask(path, "coach", "ru", nil))
	fields := url.Values{"date": {"2026-12-07"}, "time": {"16:00"}}
	page, _, _ = strings.Cut(page, `id="back"`)
	hidden := regexp.MustCompile(`name="([wv]\d+)"\s+value="([^"]*)"`)
	for _, match := range hidden.FindAllStringSubmatch(page, -1) {
		fields.Set(match[1], match[2])
	}
	checked := regexp.MustCompile(`name="(m\d+)" value="(\d)" aria-label="[^"]+" checked`)
	for _, match := range checked.FindAllStringSubmatch(page, -1) {
		fields.Set(match[1], match[2])
	}
	return fields
}

// marks returns the marks as they are now, in the order of the list.
func (g rig) marks() string {
	g.t.Helper()
	var answer struct {
		Rows []struct{ Mark string }
	}
	r := g.ask("/lesson/marks?date=2026-12-07&time=16:00", "coach", "ru", nil)
	require.NoError(g.t, json.NewDecoder(r.Body).Decode(&answer))
	list := make([]string, 0, len(answer.Rows))
	for _, row := range answer.Rows {
		list = append(list, row.Mark)
	}
	return strings.Join(list, ",")
}

func (g rig) sendMarks(body string) *http.Response {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/lesson/marks", strings.NewReader(body))
	r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: "coach"})
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	return w.Result()
}

func TestLessonWithoutScripts(t *testing.T) {
	t.Run("the rest came: excuses and absences stay", func(t *testing.T) {
		g := newRig(t)
		fields := g.form(lessonPath)
		fields.Set("do", "rest")
		r := g.ask("/lesson", "coach", "ru", fields)
		require.Equal(t, http.StatusSeeOther, r.StatusCode)
		require.Equal(t, "1,1,0,2,1,1,1,1,1,1,1,1", g.marks())

		t.Run("and is undone from the page that follows", func(t *testing.T) {
			next := r.Header.Get("Location")
			undo := body(t, g.ask(next, "coach", "ru", nil))
			_, undo, _ = strings.Cut(undo, `id="back"`)
			undo, _, _ = strings.Cut(undo, "</form>")
			back := url.Values{}
			field := regexp.MustCompile(`name="(\w+)"\s+value="([^"]*)"`)
			for _, match := range field.FindAllStringSubmatch(undo, -1) {
				back.Set(match[1], match[2])
			}
			require.Equal(t, http.StatusSeeOther, g.ask("/lesson", "coach", "ru", back).StatusCode)
			require.Equal(t, "1,1,0,2,1,1,,,,,,", g.marks())
		})
	})
	t.Run("an excuse that was not seen stays, and the page says why", func(t *testing.T) {
		g := newRig(t)
		fields := g.form(lessonPath)
		g.stage.MarkElsewhere(506, 2)
		fields.Set("do", "rest")
		r := g.ask("/lesson", "coach", "ru", fields)
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.Contains(t, body(t, r), "Отметку уже изменили")
		require.Equal(t, "1,1,0,2,1,1,2,1,1,1,1,1", g.marks())
		en := body(t, g.ask("/lesson", "coach", "en", fields))
		require.Contains(t, en, "Somebody else has marked this person meanwhile.")
	})
	t.Run("what the coach did not touch is not sent", func(t *testing.T) {
		g := newRig(t)
		fields := g.form(lessonPath)
		g.stage.MarkElsewhere(500, 0)
		fields.Set("m507", "0")
		fields.Set("do", "save")
		require.Equal(t, http.StatusSeeOther, g.ask("/lesson", "coach", "ru", fields).StatusCode)
		require.Equal(t, "0,1,0,2,1,1,,0,,,,", g.marks())
	})
	t.Run("cancelled meanwhile", func(t *testing.T) {
		g := newRig(t)
		fields := g.form(lessonPath)
		g.stage.Cancel(true)
		fields.Set("do", "rest")
		page := body(t, g.ask("/lesson", "coach", "ru", fields))
		require.Contains(t, page, "Занятие отменено. Причина: Тренер болеет")
		require.NotContains(t, page, "Остальные были")
	})
}

func TestLessonMarks(t *testing.T) {
	g := newRig(t)
	const sent = `{"date":"2026-12-07","time":"16:00","marks":[{"id":506,"version":"1","mark":1},` +
		`{"id":500,"version":"1","marked":false},{"id":501,"version":"0","mark":0},{"id":9,"version":"1","mark":1}]}`
	for range 2 { // sent again it answers the same
		r := g.sendMarks(sent)
		require.Equal(t, http.StatusOK, r.StatusCode)
		answer := body(t, r)
		require.Contains(t, answer, `{"id":506,"saved":true,"text":""}`)
		require.Contains(t, answer, `{"id":500,"saved":true,"text":""}`)
		require.Contains(t, answer, `{"id":501,"saved":false,"text":"Отметку`)
		require.Contains(t, answer, `{"id":9,"saved":false,"text":"Этого`)
	}
	require.Equal(t, ",1,0,2,1,1,1,,,,,", g.marks())

	t.Run("errors are data", func(t *testing.T) {
		ask := func(token, query string) *http.Response { return g.ask("/lesson/marks?"+query, token, "en", nil) }
		r := ask("coach", "date=2026-12-07&time=03:00")
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.JSONEq(t, `{"text":"There is no such lesson. Choose it in the list of the day."}`, body(t, r))
		require.Equal(t, http.StatusForbidden, ask("student", "").StatusCode)
		require.Equal(t, http.StatusUnauthorized, ask("over", "").StatusCode)
		r = ask("coach-down", "")
		require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
		require.Equal(t, "2", r.Header.Get("Retry-After"))
		require.Equal(t, http.StatusNotFound, g.sendMarks(`{"marks":`).StatusCode)
	})
}

func TestCancelLesson(t *testing.T) {
	g := newRig(t)
	fields := url.Values{"date": {"2026-12-07"}, "time": {"16:00"}, "reason": {"Тренер болеет"}}
	r := g.ask("/lesson/cancel", "coach", "ru", fields)
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	page := body(t, g.ask(r.Header.Get("Location"), "coach", "ru", nil))
	require.Contains(t, page, "Занятие отменено.")
	require.Contains(t, page, "Вернуть занятие")
	r = g.ask("/lesson/restore", "coach", "ru", fields)
	require.Contains(t, body(t, g.ask(r.Header.Get("Location"), "coach", "ru", nil)), "Занятие снова состоится.")
}
