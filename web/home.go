package web

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// home is the student's home.
type home struct {
	// Next is the next lesson that is on, nil where none is known.
	Next *ownLesson
	// Month are the lessons of this month.
	Month    []ownLesson
	Absences absences
	// Seats are those held in the month of NextMonth (MM-YYYY).
	Seats     []ownSeat
	NextMonth string
	Offer     offer
	Opens     time.Time
	Closes    time.Time
	Posts     []post
	// Back is the slot that was just given up and can be taken back, nil where none can.
	Back *offerSlot
}

// ownLesson is a lesson of a person, as visit/own of the contract has it.
type ownLesson struct {
	Date   string  `json:"date"`
	Time   string  `json:"time"`
	Mark   int     `json:"mark"`
	Marked bool    `json:"marked"`
	Ahead  bool    `json:"ahead"`
	Reason *string `json:"reason"`

	At time.Time `json:"-"` // the date
}

// State names what a lesson shows: "present", "excused", "absent", "off", "ahead", or "open" while it is not marked.
func (l ownLesson) State() string {
	switch {
	case l.Mark == 3:
		return "off"
	case l.Ahead:
		return "ahead"
	case !l.Marked:
		return "open"
	}
	return [...]string{"absent", "present", "excused"}[l.Mark]
}

// absences are user/absences of the contract.
type absences struct {
	Absences []struct {
		Date string `json:"date"`
	} `json:"absences"`
	Limit        int     `json:"limit"`
	Blocked      bool    `json:"blocked"`
	BlockedUntil *string `json:"blockedUntil"`
}

// ownSeat is a seat that the person holds.
type ownSeat struct {
	ID   int       `json:"id"`
	Slot offerSlot `json:"selectedTime"`
}

// homeGet shows a person where to go: students what is theirs, coaches the lessons of today.
func (s *site) homeGet(w http.ResponseWriter, r *http.Request) error {
	if contains([]string{Coach, Admin}, visitorOf(r).Role) {
		return s.todayGet(w, r)
	}
	data, err := s.home(r)
	if err != nil {
		return err
	}
	return s.show(w, r, "home", data)
}

func (s *site) home(r *http.Request) (home, error) {
	current, err := s.seats.get(r.Context(), rareEvery)
	if err != nil {
		return home{}, err
	}
	data := home{Offer: current.offer, NextMonth: current.Month}
	if current.OpensAt != nil && current.ClosesAt != nil {
		data.Opens, data.Closes = s.local(*current.OpensAt), s.local(*current.ClosesAt)
	}
	var own, ahead struct {
		Lessons []ownLesson `json:"lessons"`
	}
	for _, call := range []struct {
		endpoint string
		in, out  any
	}{
		{"POST /visit/own", nil, &own},
		{"POST /visit/own", map[string]string{"month": current.Month}, &ahead},
		{"GET /user/absences", nil, &data.Absences},
		{"POST /entry/get", map[string]string{"month": current.Month}, &data.Seats},
		{"GET /gym-news/get", nil, &data.Posts},
	} {
		if err := s.Gym.Call(r.Context(), visitorOf(r).token, call.endpoint, call.in, call.out); err != nil {
			return home{}, err
		}
	}
	if err := dated(own.Lessons, ahead.Lessons); err != nil {
		return home{}, err
	}
	data.Month = own.Lessons
	data.Back = takenBack(r, current.offer, data.Seats)
	for _, lesson := range append(slices.Clone(own.Lessons), ahead.Lessons...) {
		if lesson.State() == "ahead" {
			data.Next = &lesson
			break
		}
	}
	slices.Reverse(data.Posts) // the newest first
	return data, nil
}

// dated reads the dates of lessons.
func dated(lists ...[]ownLesson) error {
	for _, list := range lists {
		for i := range list {
			at, err := time.Parse(time.DateOnly, list[i].Date)
			if err != nil {
				return err
			}
			list[i].At = at
		}
	}
	return nil
}

// Day returns a date of the contract as "7 декабря".
func (w words) Day(date string) (string, error) {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "", err
	}
	return w.Date(at)
}

// AbsenceDates names the days of absences: "16 ноября, 23 ноября".
func (w words) AbsenceDates(a absences) (string, error) {
	days := make([]string, 0, len(a.Absences))
	for _, absence := range a.Absences {
		day, err := w.Day(absence.Date)
		if err != nil {
			return "", err
		}
		days = append(days, day)
	}
	return strings.Join(days, ", "), nil
}

// LessonState returns what a lesson shows in words.
func (w words) LessonState(state string) (string, error) {
	switch state {
	case "present":
		return w.T("home.present")
	case "excused":
		return w.T("home.excused")
	case "absent":
		return w.T("home.absent")
	case "off":
		return w.T("home.off")
	case "ahead":
		return w.T("home.ahead")
	}
	return w.T("home.open")
}
