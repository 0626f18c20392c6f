package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"energiya/internal/webtest"
)

func TestHome(t *testing.T) {
	g, gym := realGym(t, "2026-12-01 10:00")
	now, next := gym.Slot("12-2026", 0, "16:00", 12), gym.Slot("01-2027", 2, "17:30", 12)
	student := gym.DB.User(t, "STUDENT")
	token := webtest.Session(student)
	gym.Exec(`insert into gym.enrolments (slot_id, user_id) values ($1, $2)`, now, student)
	gym.Move("2026-12-25 12:00:05")
	gym.Exec(
		`update gym.marks set mark = 'absent' where user_id = $1 and date in ('2026-12-07', '2026-12-14')`,
		student,
	)
	gym.Exec(`update gym.marks set mark = 'excused' where user_id = $1 and date = '2026-12-21'`, student)
	hostile := map[string]string{"body": `<script>alert(1)</script> & "зал"`}
	coach := webtest.Session(gym.DB.User(t, "COACH"))
	require.NoError(t, gym.Call(t.Context(), coach, "POST /gym-news/create", hostile, nil))

	t.Run("shows the next lesson, the marks, the absences counted and the announcements as text", func(t *testing.T) {
		page := body(t, g.ask("/", token, "ru", nil))
		require.Contains(t, page, "Пн 28 декабря, 16:00")
		require.Contains(t, page, "Пропусков: 2 из 3.")
		require.Contains(t, page, "7 декабря, 14 декабря")
		require.Contains(t, page, `data-mark="excused"`)
		require.Contains(t, page, "Запись открыта до 31 декабря, 00:00.")
		require.Contains(t, page, "Мест пока нет.")
		require.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;зал&#34;")
	})
	t.Run("gives up a seat of next month", func(t *testing.T) {
		g.ask("/choose", token, "ru", pick(next))
		page := body(t, g.ask("/", token, "ru", nil))
		require.Contains(t, page, "Ср 17:30")
		id := gym.Text("select id::text from gym.enrolments where slot_id = $1 and cancelled_at is null", next)
		r := g.ask("/seat/give", token, "ru", url.Values{"id": {id}})
		require.Equal(t, fmt.Sprintf("/?back=%d&done=seat-given", next), r.Header.Get("Location"))
		require.NotContains(t, body(t, g.ask("/", token, "ru", nil)), "Ср 17:30")
	})
	t.Run("another person's seat is refused", func(t *testing.T) {
		g.ask("/choose", token, "ru", pick(next))
		id := gym.Text("select id::text from gym.enrolments where slot_id = $1 and cancelled_at is null", next)
		r := g.ask("/seat/give", webtest.Session(gym.DB.User(t, "STUDENT")), "ru", url.Values{"id": {id}})
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Equal(t, "1", gym.Text(`select count(*)::text from gym.enrolments
			where slot_id = $1 and cancelled_at is null`, next))
	})
}
