package web

import (
	"net/http"
	"time"
)

// period is the days that a report or a statistic is about, as the address names them: a preset, or two dates.
type period struct {
	From, To string // days of the contract
	Preset   string // "month", "last", "term", or "" where the dates were chosen
}

// presets are the periods that a coach asks for most.
var presets = []string{"month", "last", "term"}

func (s *site) period(r *http.Request) period {
	q := r.URL.Query()
	if from, to := q.Get("from"), q.Get("to"); from != "" || to != "" {
		return period{From: from, To: to}
	}
	p := period{Preset: q.Get("preset")}
	if !contains(presets, p.Preset) {
		p.Preset = presets[0]
	}
	first, last := daysOf(p.Preset, s.now())
	p.From, p.To = first.Format(time.DateOnly), last.Format(time.DateOnly)
	return p
}

// daysOf returns the first and the last day of a preset. A term is September to January or February to August, so that
// every day of the year belongs to one.
func daysOf(preset string, now time.Time) (first, last time.Time) {
	year, month := now.Year(), now.Month()
	months := 1
	switch preset {
	case "last":
		month--
	case "term":
		switch {
		case month >= time.September:
			month, months = time.September, 5
		case month == time.January:
			year, month, months = year-1, time.September, 5
		default:
			month, months = time.February, 7
		}
	}
	first = time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(0, months, -1)
}

// PresetOptions are the presets as buttons.
func (p page) PresetOptions(chosen period) ([]option, error) {
	list := make([]option, 0, len(presets))
	for _, preset := range presets {
		text, err := p.T("period." + preset)
		if err != nil {
			return nil, err
		}
		list = append(list, option{Value: preset, Text: text, On: chosen.Preset == preset})
	}
	return list, nil
}

// Day returns the contract's date as "7 декабря", with the year where it is not that of the page. What is no date is
// shown as it is.
func (p page) Day(date string) (string, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date, nil
	}
	text, err := p.Date(day)
	if day.Year() != p.Now.Year() {
		text += " " + day.Format("2006")
	}
	return text, err
}

// Chosen is the period itself, for templates: it is embedded in what a screen shows.
func (p period) Chosen() period { return p }
