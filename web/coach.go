package web

import (
	"strconv"
	"time"
)

// What the coach's screens share.

// coach lets coaches and administrators through.
func (s *site) coach(next handler) handler { return s.only(next, Coach, Admin) }

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
