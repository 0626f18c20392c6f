package auth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"
	"github.com/stretchr/testify/require"
)

// TestCalendar: the secret address opens in a calendar program with the gym's zone, closures and moved days, until the
// person renews it.
func TestCalendar(t *testing.T) {
	r := newRig(t)
	r.exec(`create or replace function rules.clock() returns timestamptz language sql stable as
		$$ select timestamptz '2026-12-10 09:00+07' $$`)
	r.exec(`update gym.settings set gym_name = 'Зал; «Энергия»', gym_address = E'Пирогова, 10\nвход со двора'`)
	id := r.person(12345678, "STUDENT")
	r.exec(`with made as (insert into gym.slots (month, weekday, starts_at, capacity)
			values ('2027-01-01', 0, '16:05', 12), ('2027-01-01', 2, '17:35', 12) returning id)
		insert into gym.enrolments (slot_id, user_id) select m.id, $1 from made m`, id)
	r.exec(`insert into gym.closures (start_date, end_date, runs_as, reason, created_at)
		values ('2027-01-01', '2027-01-10', null, 'Каникулы; зал закрыт, ' || repeat('до утра ', 12), rules.clock()),
		       ('2027-01-16', '2027-01-16', 0, 'Суббота за понедельник', rules.clock())`)
	b := r.browser()
	require.Equal(
		t,
		http.StatusSeeOther,
		b.form("/login", url.Values{"card": {"12345678"}, "password": {right}}.Encode()).status,
	)
	require.Contains(t, b.ask("GET page /account", nil).raw, "Создать адрес")

	addressIn := func(page string) string {
		found := regexp.MustCompile(`webcal://[^/"]+(/calendar/([\w-]{43})\.ics)"`).FindStringSubmatch(page)
		require.NotNil(t, found, page)
		r.keepSecret(found[2])
		return found[1]
	}
	made := b.form("/account/calendar", "")
	require.Equal(t, http.StatusOK, made.status)
	require.Equal(t, "no-store", made.header.Get("Cache-Control"))
	path := addressIn(made.raw)
	require.NotContains(t, b.ask("GET page /account", nil).raw, "webcal:", "the address is shown once")

	program := r.browser() // has no session
	a := program.ask("GET page "+path, nil)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Equal(t, "text/calendar; charset=utf-8", a.header.Get("Content-Type"))
	require.NotContains(t, a.raw, "Петров", "a calendar names nobody")
	for line := range strings.SplitSeq(a.raw, "\r\n") {
		require.LessOrEqual(t, len(line), 75, "RFC 5545 folds lines")
	}
	calendar, err := ical.NewDecoder(strings.NewReader(a.raw)).Decode()
	require.NoError(t, err)

	zone, err := time.LoadLocation("Asia/Novosibirsk")
	require.NoError(t, err)
	shown, off := []string{}, []string{}
	for _, event := range calendar.Events() {
		begins := event.Props.Get(ical.PropDateTimeStart)
		require.Equal(t, "Asia/Novosibirsk", begins.Params.Get(ical.ParamTimezoneID))
		at, err := begins.DateTime(nil)
		require.NoError(t, err)
		require.Equal(t, zone.String(), at.Location().String())
		until, err := event.DateTimeEnd(nil)
		require.NoError(t, err)
		require.Equal(t, 90*time.Minute, until.Sub(at))
		place, err := event.Props.Text(ical.PropLocation)
		require.NoError(t, err)
		require.Equal(t, "Пирогова, 10\nвход со двора", place)
		summary, err := event.Props.Text(ical.PropSummary)
		require.NoError(t, err)
		about, err := event.Props.Text(ical.PropDescription)
		require.NoError(t, err)
		status, err := event.Status()
		require.NoError(t, err)
		day := at.Format("02 15:04")
		switch status {
		case ical.EventCancelled:
			require.Equal(t, "Отменено: Зал; «Энергия»", summary)
			require.Contains(t, about, "Каникулы; зал закрыт, до утра ")
			off = append(off, day)
		default:
			require.Equal(t, "Зал; «Энергия»", summary)
			shown = append(shown, day)
			require.Equal(t, day == "16 16:05", strings.Contains(about, "перенесено"), day)
		}
	}
	require.Equal(t, []string{"04 16:05", "06 17:35"}, off)
	require.Equal(t, []string{
		"11 16:05", "13 17:35", "16 16:05", "18 16:05", "20 17:35", "25 16:05", "27 17:35",
	}, shown)
	require.Equal(t, []string{"+0600 +0700"}, offsets(t, calendar), "as of 2016")

	t.Run("another address ends the old one", func(t *testing.T) {
		renewed := addressIn(b.form("/account/calendar", "").raw)
		require.Equal(t, http.StatusNotFound, program.ask("GET page "+path, nil).status)
		require.Equal(t, http.StatusOK, program.ask("GET page "+renewed, nil).status)
		require.Equal(t, http.StatusSeeOther, b.form("/account/calendar/end", "").status)
		require.Equal(t, http.StatusNotFound, program.ask("GET page "+renewed, nil).status)
	})
	t.Run("what is no secret is nobody's", func(t *testing.T) {
		for _, secret := range []string{"x", strings.Repeat("A", 43), strings.Repeat("я", 43), strconv.Itoa(id)} {
			require.Equal(t, http.StatusNotFound, program.ask("GET page /calendar/"+secret+".ics", nil).status, secret)
		}
	})
}

// offsets are those of the calendar's zone, each from and to.
func offsets(t *testing.T, calendar *ical.Calendar) (list []string) {
	t.Helper()
	for _, zone := range calendar.Children {
		if zone.Name == ical.CompTimezone {
			for _, part := range zone.Children {
				list = append(list, part.Props.Get(ical.PropTimezoneOffsetFrom).Value+" "+
					part.Props.Get(ical.PropTimezoneOffsetTo).Value)
			}
		}
	}
	require.NotEmpty(t, list, "the calendar describes its zone")
	return list
}
