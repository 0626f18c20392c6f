package web

import (
	"html/template"
	"net/url"
	"strconv"
	"time"
)

// What the coach's screens share.

// coach lets coaches and administrators through.
func (s *site) coach(next handler) handler { return s.only(next, Coach, Admin) }

// queryOf is the query of an address, from pairs of a name and a value; empty values are left out. Its type tells
// html/template that it is escaped already.
func queryOf(pairs ...string) template.URL {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return template.URL(q.Encode()) //nolint:gosec // Encode escapes everything
}

// DayDate returns a day as "Пн 7 декабря".
func (w words) DayDate(at time.Time) (string, error) {
	day, err := w.Weekday((int(at.Weekday()) + 6) % 7)
	if err != nil {
		return "", err
	}
	date, err := w.Date(at)
	return day + " " + date, err
}

// DayShort returns a day as "Пн 7".
func (w words) DayShort(at time.Time) (string, error) {
	day, err := w.Weekday((int(at.Weekday()) + 6) % 7)
	return day + " " + strconv.Itoa(at.Day()), err
}

// LessonAt names a lesson by the contract's date and time: "Пн 7 декабря, 16:00".
func (w words) LessonAt(date, at string) (string, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "", err
	}
	name, err := w.DayDate(day)
	return name + ", " + at, err
}
