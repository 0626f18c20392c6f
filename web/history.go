package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// historyMonths is how far back the history goes: as far as the main server answers at once.
const historyMonths = 24

// term is a term of the person's history, for credit.
type term struct {
	totals

	First  time.Time // the first day of the term
	Months []termMonth
	// Lessons are those held up to now, the latest first.
	Lessons []ownLesson
}

// termMonth is a month of a term.
type termMonth struct {
	totals

	Month string `json:"month"` // MM-YYYY
}

func (s *site) historyGet(w http.ResponseWriter, r *http.Request) error {
	now := s.now()
	first := time.Date(now.Year(), now.Month()-historyMonths+1, 1, 0, 0, 0, 0, time.UTC)
	body := map[string]string{"startDate": first.Format(time.DateOnly), "endDate": now.Format(time.DateOnly)}
	var own struct {
		Lessons []ownLesson `json:"lessons"`
		Months  []termMonth `json:"months"`
	}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /visit/own", body, &own); err != nil {
		return err
	}
	if err := dated(own.Lessons); err != nil {
		return err
	}
	terms := []*term{}
	of := func(at time.Time) *term {
		first, _ := daysOf("term", at)
		i := slices.IndexFunc(terms, func(t *term) bool { return t.First.Equal(first) })
		if i < 0 {
			terms, i = append(terms, &term{First: first}), len(terms)
		}
		return terms[i]
	}
	for _, month := range own.Months {
		at, err := time.Parse("01-2006", month.Month)
		if err != nil {
			return err
		}
		t := of(at)
		t.Months = append(t.Months, month)
		t.Held, t.Present = t.Held+month.Held, t.Present+month.Present
		t.Excused, t.Absent = t.Excused+month.Excused, t.Absent+month.Absent
	}
	for _, lesson := range own.Lessons {
		if lesson.State() != "ahead" {
			t := of(lesson.At)
			t.Lessons = append(t.Lessons, lesson)
		}
	}
	slices.SortFunc(terms, func(a, b *term) int { return b.First.Compare(a.First) })
	for _, t := range terms {
		slices.Reverse(t.Lessons)
	}
	return s.show(w, r, "history", terms)
}

// Term names the term that begins on a day.
func (w words) Term(first time.Time) (string, error) {
	if first.Month() == time.September {
		return w.T("history.autumn", "Year", first.Year(), "Next", strconv.Itoa(first.Year() + 1)[2:])
	}
	return w.T("history.spring", "Year", first.Year())
}
