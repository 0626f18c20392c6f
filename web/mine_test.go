package web_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/webtest"
)

func TestMine(t *testing.T) {
	g, gym := realGym(t, "2026-12-25 12:00:05")
	first, second := gym.Slot("01-2027", 0, "16:00", 1), gym.Slot("01-2027", 2, "17:30", 12)
	student := gym.DB.User(t, "STUDENT")
	token := webtest.Session(student)
	held := func() string {
		return gym.Text(`select coalesce(string_agg(slot_id::text, ' ' order by slot_id), '') from gym.enrolments
			where user_id = $1 and cancelled_at is null`, student)
	}
	enrolment := func(slot int) string {
		return gym.Text(`select id::text from gym.enrolments
			where slot_id = $1 and user_id = $2 and cancelled_at is null`, slot, student)
	}
	both := strconv.Itoa(first) + " " + strconv.Itoa(second)

	t.Run("gives a seat up and takes it back", func(t *testing.T) {
		g.t = t
		g.ask("/choose", token, "ru", url.Values{"d0": {strconv.Itoa(first)}, "d2": {strconv.Itoa(second)}})
		require.Equal(t, both, held())
		r := g.ask("/seat/give", token, "ru", url.Values{"id": {enrolment(first)}, "from": {"/seats"}})
		require.Equal(t, "/seats?back="+strconv.Itoa(first)+"&done=seat-given", r.Header.Get("Location"))
		require.Equal(t, strconv.Itoa(second), held())
		page := body(t, g.ask(r.Header.Get("Location"), token, "ru", nil))
		require.Contains(t, page, `aria-label="Вернуть место: Пн 16:00"`, "the undo")
		r = g.ask("/seat/take", token, "ru", url.Values{"slot": {strconv.Itoa(first)}, "from": {"/seats"}})
		require.Equal(t, "/seats?done=seat-taken", r.Header.Get("Location"))
		require.Equal(t, both, held(), "the other seat is kept")
		r = g.ask("/seat/take", token, "ru", url.Values{"slot": {strconv.Itoa(first)}, "from": {"/seats"}})
		require.Equal(t, "/seats?done=seat-taken", r.Header.Get("Location"), "a second press changes nothing")
		require.Equal(t, both, held())
		page = body(t, g.ask("/seats?done=seat-given&back="+strconv.Itoa(first), token, "ru", nil))
		require.NotContains(t, page, "/seat/take", "a seat that is held needs no undo")
	})
	t.Run("a second press says that the seat is given up, and shows the others", func(t *testing.T) {
		g.t = t
		form := url.Values{"id": {enrolment(first)}}
		g.ask("/seat/give", token, "ru", form)
		r := g.ask("/seat/give", token, "en", form)
		page := body(t, r)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, page, "it was given up already")
		require.Contains(t, page, "Wed 17:30")
		require.Equal(t, strconv.Itoa(second), held())
		g.ask("/seat/take", token, "ru", url.Values{"slot": {strconv.Itoa(first)}})
		require.Equal(t, both, held())
	})
	t.Run("a seat that somebody took meanwhile is told to be gone", func(t *testing.T) {
		g.t = t
		g.ask("/seat/give", token, "ru", url.Values{"id": {enrolment(first)}})
		other := webtest.Session(gym.DB.User(t, "STUDENT"))
		g.ask("/choose", other, "ru", url.Values{"d0": {strconv.Itoa(first)}})
		r := g.ask("/seat/take", token, "ru", url.Values{"slot": {strconv.Itoa(first)}})
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Contains(t, body(t, r), `role="alert"`)
		require.Equal(t, strconv.Itoa(second), held())
	})
	t.Run("asks first where the seat could not be taken back", func(t *testing.T) {
		g.t = t
		gym.Move("2026-12-31 10:00")
		time.Sleep(1100 * time.Millisecond) // until the pages' copy of the timetable is old
		form := url.Values{"id": {enrolment(second)}, "from": {"/seats"}}
		r := g.ask("/seat/give", token, "ru", form)
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.Contains(t, body(t, r), "Запись закрыта, вернуть место не получится.")
		require.Equal(t, strconv.Itoa(second), held())
		form.Set("sure", "1")
		r = g.ask("/seat/give", token, "ru", form)
		page := body(t, g.ask(r.Header.Get("Location"), token, "ru", nil))
		require.Contains(t, page, "Место отдано.")
		require.NotContains(t, page, "/seat/take")
		require.Empty(t, held())
	})
}

// TestPublic: the page of the gym needs no log-in, and shows the settings as text.
func TestPublic(t *testing.T) {
	g, gym := realGym(t, "2026-12-24 12:00")
	gym.Exec(`update gym.settings set gym_name = 'Зал <b>1</b>', gym_coach = 'Громова', gym_address = 'Пирогова, 10'`)
	gym.Exec(`insert into gym.weekly_template (weekday, starts_at) values (6, '09:15') on conflict do nothing`)
	page := body(t, g.ask("/", "", "ru", nil))
	require.Contains(t, page, "Зал &lt;b&gt;1&lt;/b&gt;")
	require.Contains(t, page, "Громова")
	require.Contains(t, page, "25 декабря, 12:00")
	require.Contains(t, page, `href="/login"`)
	page = body(t, g.ask("/rules", "", "en", nil))
	require.Contains(t, page, "<li>")
	require.NotRegexp(t, `<li>[А-Яа-я]`, page, "English is complete")
}

// TestHostilePublic: what a setting says is shown as text.
func TestHostilePublic(t *testing.T) {
	g := newRig(t)
	g.stage.About = webtest.Hostile
	page := body(t, g.ask("/", "", "en", nil))
	require.NotContains(t, page, "<script>alert")
	require.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
}

// TestBlockedAndHistory: why a person is blocked, and what the terms came to.
func TestBlockedAndHistory(t *testing.T) {
	g, gym := realGym(t, "2026-12-01 10:00")
	slot := gym.Slot("12-2026", 0, "16:00", 12)
	student := gym.DB.User(t, "STUDENT")
	token := webtest.Session(student)
	gym.Exec(`insert into gym.enrolments (slot_id, user_id) values ($1, $2)`, slot, student)
	page := body(t, g.ask("/history", token, "ru", nil))
	require.Contains(t, page, "Занятий ещё не было.")
	gym.Move("2026-12-22 09:00") // the day after three lessons
	gym.Exec(`update gym.marks set mark = 'absent' where user_id = $1 and date < '2026-12-22'`, student)
	gym.Move("2026-12-30 09:00")
	gym.Exec(`select rules.ensure_blocks()`)
	time.Sleep(1100 * time.Millisecond) // until the pages ask for the clock again
	g.ask("/choose", token, "ru", nil)
	page = body(t, g.ask("/blocked", token, "ru", nil))
	require.Contains(t, page, "пропуск")
	require.Contains(t, page, "7 декабря")
	require.Contains(t, page, "Последний день")
	page = body(t, g.ask("/history", token, "ru", nil))
	require.Contains(t, page, "Осенний семестр 2026/27")
	require.Contains(t, page, "Посещено 0 из 3.")
}
