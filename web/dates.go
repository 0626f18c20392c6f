package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Dates and times are shown in the gym's time zone, in the words of the page's language. A time.Time that comes here
// is already in that zone (site.local).

// Weekday returns the short name of a weekday, 0 for Monday.
func (w words) Weekday(day int) (string, error) { return w.T("weekday.short." + strconv.Itoa(day)) }

// WeekdayLong returns the whole name of a weekday, 0 for Monday.
func (w words) WeekdayLong(day int) (string, error) { return w.T("weekday.long." + strconv.Itoa(day)) }

// Month returns the name of a month of the contract: "01-2027" is "январь", with the year where it is not that of now.
func (w words) Month(month string, now time.Time) (string, error) {
	at, err := time.Parse("01-2006", month)
	if err != nil {
		return "", err
	}
	name, err := w.T("month.name." + strconv.Itoa(int(at.Month())))
	if err != nil {
		return "", err
	}
	// The next month is never ambiguous, also in December.
	next := now.AddDate(0, 0, 1-now.Day()).AddDate(0, 1, 0)
	if at.Year() == now.Year() || at.Format("01-2006") == next.Format("01-2006") {
		return name, nil
	}
	return name + " " + strconv.Itoa(at.Year()), nil
}

// Date returns a day as "7 декабря".
func (w words) Date(at time.Time) (string, error) {
	return w.T("date.day", "Day", at.Day(), "Month", w.monthOf(at))
}

// DateTime returns a moment as "7 декабря, 16:00".
func (w words) DateTime(at time.Time) (string, error) {
	return w.T("date.time", "Day", at.Day(), "Month", w.monthOf(at), "Time", at.Format("15:04"))
}

// monthOf returns the month as it stands in a date; a month without a name shows as its number.
func (w words) monthOf(at time.Time) string {
	name, err := w.T("month.of." + strconv.Itoa(int(at.Month())))
	if err != nil {
		return at.Format("01")
	}
	return name
}

// FullName returns the family name, the given name and the patronymic where there is one.
func (p Person) FullName() string {
	return strings.Join(strings.Fields(p.Family+" "+p.Given+" "+p.Patronymic), " ")
}

// ShortName returns the family name and initials: "Иванов И. П.".
func (p Person) ShortName() string {
	short := p.Family
	for _, name := range []string{p.Given, p.Patronymic} {
		for _, initial := range name {
			short += fmt.Sprintf(" %c.", initial)
			break
		}
	}
	return short
}
