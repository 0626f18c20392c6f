package web

import (
	"html/template"
	"net/http"
	"time"
)

// lessonLine is a lesson of visit/lessons of the contract, with its marks counted.
type lessonLine struct {
	Date     string `json:"date"`
	Time     string `json:"time"`
	Capacity int    `json:"numberOfPersons"`
	People   int    `json:"people"`
	Unmarked int    `json:"unmarked"`
	Off      string `json:"off"`
	Reason   string `json:"reason"`
	Begun    bool   `json:"begun"`
	Current  bool   `json:"current"`
}

// Key is the query of the lesson's address.
func (l lessonLine) Key() template.URL { return queryOf("date", l.Date, "time", l.Time) }

// today is the coach's first screen: the lessons of a day, and those of past days that are not marked.
type today struct {
	Day, Before, After time.Time
	IsToday            bool
	Lessons, Forgotten []lessonLine
	// Current is the lesson that runs now, else the next one of today; nil where there is none.
	Current *lessonLine
}

func (s *site) todayGet(w http.ResponseWriter, r *http.Request) error {
	var data today
	var day, past struct {
		Today   string       `json:"today"`
		Lessons []lessonLine `json:"lessons"`
	}
	// Without a date it is the main server that says which day it is.
	body := map[string]any{}
	date := r.URL.Query().Get("date")
	if date != "" {
		body["date"] = date
	}
	token := visitorOf(r).token
	if err := s.Gym.Call(r.Context(), token, "POST /visit/lessons", body, &day); err != nil {
		return err
	}
	if date == "" {
		date = day.Today
	}
	var err error
	if data.Day, err = time.Parse(time.DateOnly, date); err != nil {
		return errNotFound
	}
	data.IsToday = day.Today == date
	data.Before, data.After = data.Day.AddDate(0, 0, -1), data.Day.AddDate(0, 0, 1)
	data.Lessons = day.Lessons
	for i, l := range data.Lessons {
		if l.Current && data.IsToday {
			data.Current = &data.Lessons[i]
		}
	}
	if data.IsToday {
		if err := s.Gym.Call(r.Context(), token, "POST /visit/lessons", map[string]any{"unmarked": true}, &past); err != nil {
			return err
		}
		for _, l := range past.Lessons {
			if l.Date != date {
				data.Forgotten = append(data.Forgotten, l)
			}
		}
	}
	return s.show(w, r, "today", data)
}

// ISO is a day as addresses and forms have it.
func (today) ISO(day time.Time) string { return day.Format(time.DateOnly) }

// line is a lesson in a list, in words.
type line struct {
	lessonLine

	Name, OffText, Nobody, PeopleText, Todo, Done string
}

// Line names a lesson of the day that is shown by its time.
func (w words) Line(l lessonLine) (line, error) { return w.line(l, l.Time) }

// DatedLine names a lesson by its day and time.
func (w words) DatedLine(l lessonLine) (line, error) {
	name, err := w.LessonAt(l.Date, l.Time)
	if err != nil {
		return line{}, err
	}
	return w.line(l, name)
}

func (w words) line(l lessonLine, name string) (line, error) {
	shown := line{lessonLine: l, Name: name}
	var err error
	set := func(into *string, id string, pairs ...any) {
		if err == nil {
			*into, err = w.T(id, pairs...)
		}
	}
	switch {
	case l.Off == "closed":
		set(&shown.OffText, "lesson.off-closed")
	case l.Off != "":
		set(&shown.OffText, "lesson.off-cancelled")
	case l.People == 0:
		set(&shown.Nobody, "lesson.nobody")
	default:
		set(&shown.PeopleText, "today.people", "People", l.People, "Capacity", l.Capacity)
		if l.Begun && l.Unmarked > 0 {
			set(&shown.Todo, "today.unmarked", "N", l.Unmarked)
		} else if l.Unmarked == 0 {
			set(&shown.Done, "today.marked")
		}
	}
	if l.Reason != "" {
		shown.OffText += " " + l.Reason
	}
	return shown, err
}
