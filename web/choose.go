package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"energiya/internal/gymclient"
)

const (
	// holdFor is how early a press may come: it is held and sent at the opening moment.
	holdFor = 2 * time.Second
	// holdMore is added, since our idea of the database's clock is a few milliseconds wrong.
	holdMore = 20 * time.Millisecond
	// closedRetry is when a held press is sent again where the database still takes enrolment for closed.
	closedRetry = 300 * time.Millisecond
	// fillSteps is how many lengths the bar of a cell has.
	fillSteps = 12
)

// choose is the screen of the choice.
type choose struct {
	offer

	Week week
	Mine []int // the slots that the person holds
	// Result is what came of the choice that was just sent, nil where none was.
	Result *result
	// Refresh is when a page without scripts is loaded anew, in seconds; 0: not by itself.
	Refresh int
	NowMS   int64
	// OpensMS and ClosesMS are Unix times in milliseconds, 0 where unknown.
	OpensMS, ClosesMS int64
	Opens, Closes     time.Time
}

// week is the timetable as a table: a column for each weekday and a row for each time that occurs.
type week struct {
	Days []int
	Rows []weekRow
}

type weekRow struct {
	Time  string
	Cells []cell
}

// cell is a slot of the table, or nothing (ID 0) where that weekday has no slot at that time.
type cell struct {
	offerSlot

	Mine    bool
	Checked bool
	// State says what is shown: "mine", "wait", "free" or "full".
	State string
	Fill  int // how full the slot is, of fillSteps
}

// result tells in slots what came of a choice.
type result struct {
	Got, Missed, Given []offerSlot
	// Undo is the choice before, which a press brings back. Empty lists are choices too.
	Undo    []int
	Changed bool
}

func (s *site) chooseGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.choice(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if q.Has("chosen") {
		data.Result = data.resultOf(ids(q["chosen"]), ids(q["was"]))
	} else if q.Has("pick") {
		// A choice that a log-in interrupted.
		data.check(ids(q["pick"]))
	}
	return s.show(w, r, "choose", data)
}

// choice reads what the screen shows, with the person's own seats chosen.
func (s *site) choice(r *http.Request) (choose, error) {
	s.seats.watch()
	current, err := s.seats.get(r.Context(), 2*fetchEvery)
	if err != nil {
		return choose{}, err
	}
	data := choose{offer: current.offer, NowMS: s.now().UnixMilli()}
	if v := visitorOf(r); v.Role == Student || v.Role == Blocked {
		var held []struct {
			Slot struct {
				ID int `json:"id"`
			} `json:"selectedTime"`
		}
		month := map[string]string{"month": current.Month}
		if err := s.Gym.Call(r.Context(), v.token, "POST /entry/get", month, &held); err != nil {
			return choose{}, err
		}
		for _, entry := range held {
			data.Mine = append(data.Mine, entry.Slot.ID)
		}
	}
	if data.OpensAt != nil {
		data.Opens, data.OpensMS = s.local(*data.OpensAt), data.OpensAt.UnixMilli()
		if wait := data.OpensAt.Sub(s.now()); !data.Open && wait > 0 && wait < time.Hour {
			data.Refresh = ceil(wait, time.Second)
		}
	}
	if data.ClosesAt != nil {
		data.Closes, data.ClosesMS = s.local(*data.ClosesAt), data.ClosesAt.UnixMilli()
	}
	data.Week = weekOf(data.Slots, data.Mine)
	return data, nil
}

// weekOf makes a table of slots. They come by weekday and time.
func weekOf(slots []offerSlot, mine []int) week {
	var table week
	var times []string
	for _, slot := range slots {
		if !slices.Contains(table.Days, slot.Weekday) {
			table.Days = append(table.Days, slot.Weekday)
		}
		if !slices.Contains(times, slot.Time) {
			times = append(times, slot.Time)
		}
	}
	slices.Sort(table.Days)
	slices.Sort(times)
	for _, at := range times {
		row := weekRow{Time: at, Cells: make([]cell, len(table.Days))}
		for _, slot := range slots {
			if slot.Time == at {
				row.Cells[slices.Index(table.Days, slot.Weekday)] = cellOf(slot, slices.Contains(mine, slot.ID))
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func cellOf(slot offerSlot, mine bool) cell {
	c := cell{offerSlot: slot, Mine: mine, Checked: mine}
	switch {
	case mine:
		c.State = "mine"
	case slot.Waiting > 0:
		c.State = "wait"
	case slot.Free > 0:
		c.State = "free"
	default:
		c.State = "full"
	}
	if taken := slot.Capacity - slot.Free; taken > 0 && slot.Capacity > 0 {
		c.Fill = max(1, taken*fillSteps/slot.Capacity)
	}
	return c
}

// check chooses these slots, and no others.
func (c *choose) check(picks []int) {
	for _, row := range c.Week.Rows {
		for i := range row.Cells {
			row.Cells[i].Checked = row.Cells[i].ID != 0 && slices.Contains(picks, row.Cells[i].ID)
		}
	}
}

// Empty reports whether nothing is chosen on a weekday.
func (c choose) Empty(day int) bool {
	for _, row := range c.Week.Rows {
		for _, cell := range row.Cells {
			if cell.ID != 0 && cell.Weekday == day && cell.Checked {
				return false
			}
		}
	}
	return true
}

// Picked are the chosen slots in the order of the week.
func (c choose) Picked() []offerSlot {
	var list []offerSlot
	for _, slot := range c.Slots {
		for _, row := range c.Week.Rows {
			for _, cell := range row.Cells {
				if cell.ID == slot.ID && cell.Checked {
					list = append(list, slot)
				}
			}
		}
	}
	return list
}

// Left is how many slots may still be chosen.
func (c choose) Left() int { return max(0, c.SlotsPerStudent-len(c.Picked())) }

// resultOf compares what was chosen, and what was held before, with the seats held now. So it is true also after a
// reload, in another tab, and after whatever happened since.
func (c choose) resultOf(chosen, was []int) *result {
	res := &result{Undo: was}
	for _, slot := range c.Slots {
		held := slices.Contains(c.Mine, slot.ID)
		before := slices.Contains(was, slot.ID)
		switch {
		case held:
			res.Got = append(res.Got, slot)
		case slices.Contains(chosen, slot.ID):
			res.Missed = append(res.Missed, slot)
		case before:
			res.Given = append(res.Given, slot)
		}
		res.Changed = res.Changed || held != before
	}
	return res
}

// choosePost sends the whole choice. A page with scripts gets the new page as the answer, another one is led to it.
func (s *site) choosePost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errNotFound
	}
	picks, was := picksOf(r.PostForm), ids(r.PostForm["was"])
	if err := s.sendChoice(r, picks, was); err != nil {
		return s.chooseAgain(w, r, err, picks)
	}
	target := "/choose?" + url.Values{"chosen": {joined(picks)}, "was": {joined(was)}}.Encode()
	if r.Header.Get("Part") == "" {
		http.Redirect(w, r, target, http.StatusSeeOther)
		return nil
	}
	data, err := s.choice(r)
	if err != nil {
		return err
	}
	data.Result = data.resultOf(picks, was)
	w.Header().Set("Content-Location", target)
	return s.show(w, r, "choose", data)
}

// sendChoice sends a choice to the main server; one that comes a little early, at the opening moment.
func (s *site) sendChoice(r *http.Request, picks, was []int) error {
	body := map[string][]int{"selectedTimes": picks, "was": was}
	held, err := s.hold(r)
	if err != nil {
		return err
	}
	for {
		err = s.Gym.Call(r.Context(), visitorOf(r).token, "POST /entry/create", body, nil)
		var refused *gymclient.Error
		if !held || !errors.As(err, &refused) || refused.Rule != "enrolment_closed" {
			return err
		}
		held = false
		if err := sleep(r, closedRetry); err != nil {
			return err
		}
	}
}

// hold waits for the opening moment where it is near, and reports whether it did.
func (s *site) hold(r *http.Request) (bool, error) {
	current, err := s.seats.get(r.Context(), 2*fetchEvery)
	if err != nil || current.Open || current.OpensAt == nil {
		return false, err
	}
	wait := current.OpensAt.Sub(s.now())
	if wait <= 0 || wait > holdFor {
		return wait <= 0, nil
	}
	return true, sleep(r, wait+holdMore)
}

func sleep(r *http.Request, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return r.Context().Err()
	case <-timer.C:
		return nil
	}
}

// keepPicks has the choice that could not be sent come back with the page: after a log-in, or when a server that was
// busy is asked again.
func (s *site) keepPicks(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		// Handlers get copies of the request, so that the form is read here.
		readErr := r.ParseForm()
		err := next(w, r)
		if err != nil && readErr == nil {
			r.URL.RawQuery = url.Values{"pick": {joined(picksOf(r.PostForm))}}.Encode()
		}
		return err
	}
}

// chooseAgain shows the screen with the refusal and with the choice as it was sent: nothing has to be chosen anew.
func (s *site) chooseAgain(w http.ResponseWriter, r *http.Request, refusal error, picks []int) error {
	if problemOf(refusal).Kind != "refused" {
		return refusal
	}
	data, err := s.choice(r)
	if err != nil {
		return err
	}
	data.check(picks)
	return s.again(w, r, refusal, "choose", data)
}

// picksOf are the slots of a form: one for each weekday, or those of the undo.
func picksOf(form url.Values) []int {
	picks := ids(form["pick"])
	for day := range 7 {
		picks = append(picks, ids(form["d"+strconv.Itoa(day)])...)
	}
	return picks
}

// ids reads numbers, divided by commas too. What is no number says that nothing was chosen.
func ids(values []string) []int {
	list := []int{}
	for _, value := range values {
		for _, text := range strings.Split(value, ",") {
			if id, err := strconv.Atoi(text); err == nil {
				list = append(list, id)
			}
		}
	}
	return list
}

func joined(list []int) string {
	texts := make([]string, 0, len(list))
	for _, id := range list {
		texts = append(texts, strconv.Itoa(id))
	}
	return strings.Join(texts, ",")
}

// Label is the state of a slot in words, as a screen reader says it.
func (w words) Label(c cell) (string, error) {
	switch c.State {
	case "mine":
		return w.T("choose.label-mine")
	case "wait":
		return w.T("choose.label-wait", "Waiting", c.Waiting)
	case "free":
		return w.T("choose.label-free", "Free", c.Free, "Capacity", c.Capacity)
	}
	return w.T("choose.label-full")
}

// Shown is what stands in the cell.
func (c cell) Shown() string {
	switch c.State {
	case "mine":
		return ""
	case "wait":
		return strconv.Itoa(c.Waiting)
	case "free":
		return strconv.Itoa(c.Free)
	}
	return "–"
}

// SlotList names slots: "Пн 16:00, Ср 17:30".
func (w words) SlotList(slots []offerSlot) (string, error) {
	names := make([]string, 0, len(slots))
	for _, slot := range slots {
		day, err := w.Weekday(slot.Weekday)
		if err != nil {
			return "", err
		}
		// A day and its time stay on one line.
		names = append(names, day+"\u00a0"+slot.Time)
	}
	return strings.Join(names, ", "), nil
}
