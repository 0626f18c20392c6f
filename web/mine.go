package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// mine is the screen of the person's own seats.
type mine struct {
	Offer     offer
	NextMonth string
	// Seats are those of NextMonth, which can be given up. This are those of ThisMonth.
	Seats, This []ownSeat
	ThisMonth   string
	// Back is the slot that was just given up and can be taken back, nil where none can.
	Back *offerSlot
}

// give asks whether a seat is to be given up that could not be taken back.
type give struct {
	Seat    ownSeat
	Month   string
	Waiting int
	From    string
}

func (s *site) mineGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.mine(r)
	if err != nil {
		return err
	}
	return s.show(w, r, "mine", data)
}

func (s *site) mine(r *http.Request) (mine, error) {
	current, err := s.seats.get(r.Context(), rareEvery)
	if err != nil {
		return mine{}, err
	}
	data := mine{Offer: current.offer, NextMonth: current.Month, ThisMonth: s.now().Format("01-2006")}
	if data.Seats, err = s.ownSeats(r, data.NextMonth); err != nil {
		return data, err
	}
	if data.ThisMonth != data.NextMonth {
		if data.This, err = s.ownSeats(r, data.ThisMonth); err != nil {
			return data, err
		}
	}
	data.Back = takenBack(r, current.offer, data.Seats)
	return data, nil
}

// ownSeats are the seats that the person holds in a month.
func (s *site) ownSeats(r *http.Request, month string) (seats []ownSeat, err error) {
	err = s.Gym.Call(r.Context(), visitorOf(r).token, "POST /entry/get", map[string]string{"month": month}, &seats)
	return seats, err
}

// takenBack returns the slot that the address names as given up, where it may still be taken back.
func takenBack(r *http.Request, o offer, held []ownSeat) *offerSlot {
	id, err := strconv.Atoi(r.URL.Query().Get("back"))
	if err != nil || !o.Open || visitorOf(r).Role != Student || isHeld(held, id) {
		return nil
	}
	i := slices.IndexFunc(o.Slots, func(slot offerSlot) bool { return slot.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Slots[i]
}

func isHeld(held []ownSeat, slot int) bool {
	return slices.ContainsFunc(held, func(seat ownSeat) bool { return seat.Slot.ID == slot })
}

// from is the screen that a form about seats stands on: the home, or the list of seats.
func from(r *http.Request) string {
	if r.PostFormValue("from") == "/seats" {
		return "/seats"
	}
	return "/"
}

// seatGivePost gives up a seat of next month. It asks first where the person could not have the seat back: enrolment is
// closed, or others wait for the seat.
func (s *site) seatGivePost(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.Atoi(r.PostFormValue("id"))
	if err != nil {
		return errNotFound
	}
	current, err := s.seats.get(r.Context(), 2*fetchEvery)
	if err != nil {
		return err
	}
	held, err := s.ownSeats(r, current.Month)
	if err != nil {
		return err
	}
	target := url.Values{"done": {"seat-given"}}
	if i := slices.IndexFunc(held, func(seat ownSeat) bool { return seat.ID == id }); i >= 0 {
		data := give{Seat: held[i], Month: current.Month, From: from(r)}
		for _, slot := range current.Slots {
			if slot.ID == data.Seat.Slot.ID {
				data.Waiting = slot.Waiting
			}
		}
		if (!current.Open || data.Waiting > 0) && r.PostFormValue("sure") == "" {
			return s.show(w, r, "give", data)
		}
		target.Set("back", strconv.Itoa(data.Seat.Slot.ID))
	}
	body := map[string]int{"id": id}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "DELETE /entry/delete", body, nil); err != nil {
		return s.mineAgain(w, r, err)
	}
	http.Redirect(w, r, from(r)+"?"+target.Encode(), http.StatusSeeOther)
	return nil
}

// seatTakePost takes back a seat that was just given up.
func (s *site) seatTakePost(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.Atoi(r.PostFormValue("slot"))
	if err != nil {
		return errNotFound
	}
	current, err := s.seats.get(r.Context(), 2*fetchEvery)
	if err != nil {
		return err
	}
	held, err := s.ownSeats(r, current.Month)
	if err != nil {
		return err
	}
	was := []int{}
	for _, seat := range held {
		was = append(was, seat.Slot.ID)
	}
	chosen := slices.Clone(was)
	if !slices.Contains(chosen, id) {
		chosen = append(chosen, id)
	}
	var outcomes []struct {
		Slot  int    `json:"selectedTime"`
		Error bool   `json:"error"`
		Text  string `json:"text"`
		Rule  string `json:"rule"`
	}
	body := map[string][]int{"selectedTimes": chosen, "was": was}
	err = s.Gym.Call(r.Context(), visitorOf(r).token, "POST /entry/create", body, &outcomes)
	for _, outcome := range outcomes {
		if err == nil && outcome.Slot == id && outcome.Error {
			err = &Refusal{Rule: outcome.Rule, Message: outcome.Text}
		}
	}
	if err == nil {
		return done(w, r, from(r), "seat-taken")
	}
	return s.mineAgain(w, r, err)
}

// mineAgain shows a refusal above the seats as they are, so that a second press tells where the person stands.
func (s *site) mineAgain(w http.ResponseWriter, r *http.Request, refusal error) error {
	if over(refusal) || problemOf(refusal).Kind != "refused" {
		return refusal
	}
	data, err := s.mine(r)
	if err != nil {
		return err
	}
	r.URL.Path = "/seats" // where the forms of the page lead back to
	return s.again(w, r, refusal, "mine", data)
}
