package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/webtest"
)

// realGym is a rig on a real database and main server.
func realGym(t *testing.T, now string) (rig, *webtest.Gym) {
	t.Helper()
	gym := webtest.NewGym(t, now, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return rig{t: t, pages: gym.Pages}, gym
}

func pick(ids ...int) url.Values {
	form := url.Values{}
	for _, id := range ids {
		form.Add("pick", strconv.Itoa(id))
	}
	return form
}

func with(form url.Values, was ...int) url.Values {
	for _, id := range was {
		form.Add("was", strconv.Itoa(id))
	}
	return form
}

var checkedSlot = regexp.MustCompile(`id="s(\d+)"[^>]* checked`)

// checked are the slots that a page shows as chosen.
func checked(page string) []string {
	ids := []string{}
	for _, match := range checkedSlot.FindAllStringSubmatch(page, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

func TestChoose(t *testing.T) {
	g, gym := realGym(t, "2026-12-25 12:00:05")
	monday, tuesday := gym.Slot("01-2027", 0, "16:00", 2), gym.Slot("01-2027", 1, "16:00", 1)
	sunday := gym.Slot("01-2027", 6, "09:00", 12)
	student, other := gym.DB.User(t, "STUDENT"), gym.DB.User(t, "STUDENT")
	token := webtest.Session(student)
	held := func(id int) string {
		return gym.Text(`select coalesce(string_agg(slot_id::text, ',' order by slot_id), '') from gym.enrolments
			where user_id = $1 and cancelled_at is null`, id)
	}
	text := func(ids ...int) string {
		s := ""
		for i, id := range ids {
			if i > 0 {
				s += ","
			}
			s += strconv.Itoa(id)
		}
		return s
	}

	t.Run("shows the weekdays and times that there are", func(t *testing.T) {
		page := body(t, g.ask("/choose", token, "ru", nil))
		require.Contains(t, page, "Запись на январь")
		require.Contains(t, page, "Открыта до 31 декабря, 00:00.")
		require.Contains(t, page, `aria-label="Воскресенье, 09:00, свободно 12 из 12"`)
		require.NotContains(t, page, "Среда")
		require.Empty(t, checked(page))
	})
	t.Run("books, and tells by the seats held what came of it", func(t *testing.T) {
		require.Equal(t, http.StatusSeeOther, g.ask("/choose", webtest.Session(other), "ru", pick(tuesday)).StatusCode)
		r := g.ask("/choose", token, "ru", url.Values{
			"d0": {strconv.Itoa(monday)}, "d1": {strconv.Itoa(tuesday)}, "d6": {""},
		})
		require.Equal(t, http.StatusSeeOther, r.StatusCode)
		require.Equal(t, text(monday), held(student))
		page := body(t, g.ask(r.Header.Get("Location"), token, "ru", nil))
		require.Contains(t, page, "Ваши места: Пн\u00a016:00.")
		require.Contains(t, page, "Не досталось: Вт\u00a016:00. Места закончились.")
		require.Equal(t, []string{strconv.Itoa(monday)}, checked(page), "the own seat is chosen beforehand")
		require.Contains(t, page, "Отменить")
	})
	t.Run("the same form again changes nothing", func(t *testing.T) {
		before := gym.Text("select count(*)::text from gym.enrolments")
		for range 3 {
			g.ask("/choose", token, "ru", pick(monday, tuesday))
		}
		require.Equal(t, before, gym.Text("select count(*)::text from gym.enrolments"))
		require.Equal(t, text(monday), held(student))
	})
	t.Run("a second tab gives up no seat that it did not show", func(t *testing.T) {
		g.ask("/choose", token, "ru", with(pick(monday, sunday), monday))
		require.Equal(t, text(monday, sunday), held(student))
		r := g.ask("/choose", token, "ru", with(pick(monday), monday))
		page := body(t, r)
		require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
		require.Equal(t, text(monday, sunday), held(student))
		require.Contains(t, page, `name="was" value="`+strconv.Itoa(sunday)+`"`, "the page now shows it")
		require.Equal(t, []string{strconv.Itoa(monday)}, checked(page), "with the choice as it was made")
	})
	t.Run("undo brings the choice before back", func(t *testing.T) {
		r := g.ask("/choose", token, "ru", with(pick(monday), monday, sunday))
		page := body(t, g.ask(r.Header.Get("Location"), token, "ru", nil))
		require.Contains(t, page, "Отдали: Вс\u00a009:00.")
		g.ask("/choose", token, "ru", with(pick(monday, sunday), monday))
		require.Equal(t, text(monday, sunday), held(student))
	})
	t.Run("a page with scripts gets the new page as the answer", func(t *testing.T) {
		r := g.part("/choose", token, with(pick(monday), monday, sunday))
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.Contains(t, r.Header.Get("Content-Location"), "/choose?chosen=")
		require.Contains(t, body(t, r), "Отдали: Вс\u00a009:00.")
	})
	t.Run("a session that is over takes the choice along to the log-in", func(t *testing.T) {
		r := g.ask("/choose", "nobody", "ru", pick(monday, sunday))
		target, err := url.Parse(r.Header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "/login", target.Path)
		next := target.Query().Get("next")
		page := body(t, g.ask(next, token, "ru", nil))
		require.ElementsMatch(t, []string{strconv.Itoa(monday), strconv.Itoa(sunday)}, checked(page))
	})
	t.Run("a main server that is away keeps the choice", func(t *testing.T) {
		gym.Exec("alter function wire.entry_create(integer, jsonb, text) rename to away")
		defer gym.Exec("alter function wire.away(integer, jsonb, text) rename to entry_create")
		r := g.ask("/choose", token, "ru", pick(monday, sunday))
		require.NotEqual(t, http.StatusSeeOther, r.StatusCode)
		require.Contains(t, body(t, r), "pick="+strconv.Itoa(monday)+"%2C"+strconv.Itoa(sunday))
	})
	t.Run("a coach has no choice to make", func(t *testing.T) {
		r := g.ask("/choose", webtest.Session(gym.DB.User(t, "COACH")), "ru", nil)
		require.Equal(t, http.StatusForbidden, r.StatusCode)
	})
	t.Run("a refusal of a rule is told in the page's language", func(t *testing.T) {
		gym.Move("2026-12-31 00:00:01")
		r := g.ask("/choose", token, "en", pick(monday))
		require.Contains(t, body(t, r), "Enrolment is closed")
	})
}

// TestPressBeforeTheOpening: a press that comes a little early is held, one that comes too early is refused.
func TestPressBeforeTheOpening(t *testing.T) {
	g, gym := realGym(t, "2026-12-25 11:59:30")
	monday := gym.Slot("01-2027", 0, "16:00", 2)
	token := webtest.Session(gym.DB.User(t, "STUDENT"))
	r := g.ask("/choose", token, "ru", pick(monday))
	require.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	require.Equal(t, []string{strconv.Itoa(monday)}, checked(body(t, r)), "the choice is still there")

	gym.Move("2026-12-25 11:59:58.5")
	time.Sleep(time.Second) // the page's idea of the time is a second old at most
	begun := time.Now()
	r = g.ask("/choose", token, "ru", pick(monday))
	require.Equal(t, http.StatusSeeOther, r.StatusCode)
	require.Less(t, time.Since(begun), 2*time.Second)
	require.Equal(t, "1", gym.Text("select count(*)::text from gym.enrolments where created_at >= $1::timestamptz",
		"2026-12-25 12:00:00+07"))
}

// TestSeatsArePolled: the document is the same for everybody, needs no session, and answers 304 where nothing changed.
func TestSeatsArePolled(t *testing.T) {
	g, gym := realGym(t, "2026-12-25 12:00:05")
	monday := gym.Slot("01-2027", 0, "16:00", 2)
	r := g.ask("/choose/seats", "", "ru", nil)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Contains(t, body(t, r), `"slots":[[`+strconv.Itoa(monday)+`,2,2,0]]`)
	require.Equal(t, "500", r.Header.Get("Ask-Again"))
	again := g.poll(r.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	at, err := strconv.ParseInt(again.Header.Get("Server-Time"), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Date(2026, 12, 25, 5, 0, 5, 0, time.UTC), time.UnixMilli(at), 3*time.Second)

	g.ask("/choose", webtest.Session(gym.DB.User(t, "STUDENT")), "ru", pick(monday))
	require.Eventually(t, func() bool {
		r := g.poll(again.Header.Get("ETag"))
		return r.StatusCode == http.StatusOK
	}, 5*time.Second, 100*time.Millisecond, "a seat that is taken shows")
}
