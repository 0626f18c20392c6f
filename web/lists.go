package web

import (
	"encoding/csv"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lists are the people of each slot of a month.
type lists struct {
	Month string
	Slot  string // "0 16:00", or "" for all slots
	Lists []slotList
	// Slots are those that can be chosen, in the order of the week.
	Slots  []slotTime
	Months []string
}

// slotTime is a time of the week.
type slotTime struct {
	Weekday int    `json:"weekday"`
	Time    string `json:"time"`
}

// Key is the slot as the address has it.
func (t slotTime) Key() string { return strconv.Itoa(t.Weekday) + " " + t.Time }

// slotList is a list of entry/lists of the contract.
type slotList struct {
	Slot struct {
		slotTime

		Capacity int `json:"numberOfPersons"`
		Free     int `json:"freeSeats"`
	} `json:"slot"`
	People  []seat `json:"people"`
	Waiting []seat `json:"waiting"`
}

// seat is who holds a seat or waits for one.
type seat struct {
	User user `json:"user"`
}

// Query is the query of the address of the same lists.
func (l lists) Query() template.URL { return queryOf("month", l.Month, "slot", l.Slot) }

func (s *site) listsOf(r *http.Request) (lists, error) {
	q := r.URL.Query()
	first := s.now().AddDate(0, 0, 1-s.now().Day())
	data := lists{Month: q.Get("month"), Slot: q.Get("slot")}
	for step := -1; step <= 1; step++ {
		data.Months = append(data.Months, first.AddDate(0, step, 0).Format("01-2006"))
	}
	if data.Month == "" {
		data.Month = data.Months[1]
	}
	if _, err := time.Parse("01-2006", data.Month); err != nil {
		return data, errNotFound
	}
	var all []slotList
	month := map[string]string{"month": data.Month}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /entry/lists", month, &all); err != nil {
		return data, err
	}
	for _, list := range all {
		data.Slots = append(data.Slots, list.Slot.slotTime)
		if data.Slot == "" || data.Slot == list.Slot.Key() {
			data.Lists = append(data.Lists, list)
		}
	}
	return data, nil
}

func (s *site) listsGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.listsOf(r)
	if err != nil {
		return err
	}
	return s.show(w, r, "lists", data)
}

// listsCSVGet answers the lists as a file: a line for each person.
func (s *site) listsCSVGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.listsOf(r)
	if err != nil {
		return err
	}
	words := s.page(r, nil)
	head, err := words.all("lists.column-weekday", "lists.column-time", "lists.column-state", "lists.column-name",
		"lists.column-group", "lists.column-card")
	if err != nil {
		return err
	}
	lines := [][]string{head}
	for _, list := range data.Lists {
		day, err := words.WeekdayLong(list.Slot.Weekday)
		if err != nil {
			return err
		}
		for i, seats := range [][]seat{list.People, list.Waiting} {
			state, err := words.T([]string{"lists.enrolled", "lists.waiting"}[i])
			if err != nil {
				return err
			}
			for _, seat := range seats {
				u := seat.User
				card := strconv.Itoa(u.Card)
				lines = append(lines, []string{day, list.Slot.Time, state, u.FullName(), u.Group, card})
			}
		}
	}
	return writeCSV(w, "lists-"+data.Month+".csv", lines)
}

// writeCSV answers a file that spreadsheets open as it is: UTF-8 with its mark, and no text that they take for a
// formula.
func writeCSV(w http.ResponseWriter, name string, lines [][]string) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	if _, err := w.Write([]byte("\ufeff")); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.Comma = ';'
	out.UseCRLF = true
	for _, line := range lines {
		for i, text := range line {
			if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
				line[i] = "'" + text
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
