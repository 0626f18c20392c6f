package web

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/go-chi/chi/v5"
)

// calendarType is the media type of iCalendar (RFC 5545).
const calendarType = "text/calendar; charset=utf-8"

// stamp is the form of a local time of iCalendar; one of UTC ends in Z.
const stamp = "20060102T150405"

// calendarGet answers a calendar program, which has nothing but the address. The secret in it goes into no log.
func (s *site) calendarGet(w http.ResponseWriter, r *http.Request) error {
	secret := strings.TrimSuffix(chi.URLParam(r, "secret"), ".ics")
	r.URL.Path, r.URL.RawPath = "/calendar", ""
	calendar, err := s.Accounts.Calendar(r.Context(), secret)
	if errors.Is(err, ErrNoCalendar) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	text, err := s.ical(calendar, s.texts.named(r.URL.Query().Get("language")), r.Host)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", calendarType)
	h.Set("Content-Disposition", `inline; filename="energiya.ics"`)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Robots-Tag", "noindex")
	_, err = w.Write(text)
	return err
}

// ical writes a calendar as RFC 5545 wants it. A lesson that is off stays in it as cancelled, so that programs which
// showed it before show that.
func (s *site) ical(c Calendar, words words, host string) ([]byte, error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return nil, err
	}
	name := c.Name
	if name == "" {
		if name, err = words.T("frame.gym"); err != nil {
			return nil, err
		}
	}
	cal := ics.NewCalendarFor("Energiya")
	cal.SetXWRCalName(name)
	cal.SetXWRTimezone(c.TimeZone)
	cal.SetRefreshInterval("PT6H", ics.WithValue("DURATION"))
	cal.SetXPublishedTTL("PT6H")
	if err := addZone(cal, zone, c.From, c.To); err != nil {
		return nil, err
	}
	inZone := ics.WithTZID(c.TimeZone)
	for _, lesson := range c.Lessons {
		begins, err := time.ParseInLocation(time.DateOnly+" 15:04", lesson.Date+" "+lesson.Time, zone)
		if err != nil {
			return nil, err
		}
		event := cal.AddEvent(lesson.Date + "-" + strconv.Itoa(lesson.Slot) + "@" + host)
		event.SetDtStampTime(c.Now)
		event.SetProperty(ics.ComponentPropertyDtStart, begins.Format(stamp), inZone)
		event.SetProperty(ics.ComponentPropertyDtEnd, begins.Add(c.Length).Format(stamp), inZone)
		if c.Address != "" {
			event.SetLocation(c.Address)
		}
		event.SetStatus(ics.ObjectStatusConfirmed)
		summary := name
		var about []string
		if lesson.Off {
			event.SetStatus(ics.ObjectStatusCancelled)
			if summary, err = words.T("calendar.off", "Name", name); err != nil {
				return nil, err
			}
		}
		if lesson.Moved {
			moved, err := words.T("calendar.moved")
			if err != nil {
				return nil, err
			}
			about = append(about, moved)
		}
		if lesson.Reason != "" {
			about = append(about, lesson.Reason)
		}
		event.SetSummary(summary)
		if len(about) > 0 {
			event.SetDescription(strings.Join(about, "\n"))
		}
	}
	var out bytes.Buffer
	err = cal.SerializeTo(&out, ics.WithNewLineWindows)
	return out.Bytes(), err
}

// addZone describes the gym's time zone as it runs from one day to another: each stretch with one offset.
func addZone(cal *ics.Calendar, zone *time.Location, from, to string) error {
	at, err := time.ParseInLocation(time.DateOnly, from, zone)
	if err != nil {
		return err
	}
	last, err := time.ParseInLocation(time.DateOnly, to, zone)
	if err != nil {
		return err
	}
	described := cal.AddTimezone(zone.String())
	for {
		begins, ends := at.ZoneBounds()
		name, offset := at.Zone()
		before := offset
		if begins.IsZero() {
			begins = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
		} else {
			_, before = begins.Add(-time.Second).Zone()
		}
		base := ics.ComponentBase{}
		// A stretch begins at the local time that the one before it has then.
		base.SetProperty(ics.ComponentPropertyDtStart, begins.In(time.FixedZone("", before)).Format(stamp))
		base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetfrom), offsetOf(before))
		base.SetProperty(ics.ComponentProperty(ics.PropertyTzoffsetto), offsetOf(offset))
		base.SetProperty(ics.ComponentProperty(ics.PropertyTzname), name)
		var stretch ics.Component = &ics.Standard{ComponentBase: base}
		if at.IsDST() {
			stretch = &ics.Daylight{ComponentBase: base}
		}
		described.Components = append(described.Components, stretch)
		if ends.IsZero() || ends.After(last.AddDate(0, 0, 1)) {
			break
		}
		at = ends.In(zone)
	}
	// The zone stands before the events that name it.
	slices.SortStableFunc(cal.Components, func(a, b ics.Component) int { return rankOf(a) - rankOf(b) })
	return nil
}

func rankOf(c ics.Component) int {
	if _, isZone := c.(*ics.VTimezone); isZone {
		return 0
	}
	return 1
}

// offsetOf is an offset in seconds as iCalendar writes it: "+0700".
func offsetOf(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	text := sign + time.Unix(int64(seconds), 0).UTC().Format("1504")
	if seconds%60 != 0 {
		text += time.Unix(int64(seconds), 0).UTC().Format("05")
	}
	return text
}

// accountCalendarPost makes a new calendar address. The page with it is the answer: no address shows it again.
func (s *site) accountCalendarPost(w http.ResponseWriter, r *http.Request) error {
	secret, err := s.Accounts.RenewCalendar(r.Context(), visitorOf(r).token)
	if err != nil {
		return err
	}
	data, err := s.account(r)
	if err != nil {
		return err
	}
	data.CalendarPath = r.Host + "/calendar/" + secret + ".ics"
	if lang := s.texts.of(r).Lang; lang != languages[0].String() {
		data.CalendarPath += "?language=" + lang
	}
	// TLS ends at the proxy or here; only on the machine itself is there none.
	data.CalendarScheme = "https"
	if r.TLS == nil && isThisMachine(r.Host) {
		data.CalendarScheme = "http"
	}
	w.Header().Set("Cache-Control", "no-store")
	r.URL.Path = "/account"
	return s.show(w, r, "account", data)
}

// isThisMachine reports whether a host, with or without a port, is the loopback interface.
func isThisMachine(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *site) accountCalendarEndPost(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.EndCalendar(r.Context(), visitorOf(r).token); err != nil {
		return err
	}
	return done(w, r, "/account", "calendar-ended")
}
