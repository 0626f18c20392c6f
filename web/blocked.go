package web

import "net/http"

// blocked is the screen that tells a person of the blocks: why, because of which dates, until when, and whom to ask.
type blocked struct {
	// Standing are the blocks that stand, Past the earlier ones; the latest first.
	Standing, Past []block
	Coach, Contact string
}

// block is Block of the contract.
type block struct {
	ByHand   bool     `json:"byHand"`
	BarsFrom *string  `json:"barsFrom"` // the month (MM-YYYY) that one may not enrol for; nil: any while it stands
	Absences []string `json:"absences"`
	Reason   string   `json:"reason"`
	Since    string   `json:"since"`
	Until    *string  `json:"until"` // nil where only an administrator ends it, or where it was lifted
	Standing bool     `json:"standing"`
	LiftedOn *string  `json:"liftedOn"`
}

func (s *site) blockedGet(w http.ResponseWriter, r *http.Request) error {
	var blocks []block
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "GET /user/blocks", nil, &blocks); err != nil {
		return err
	}
	texts, err := s.gymTexts.get(r.Context())
	if err != nil {
		return err
	}
	data := blocked{Coach: texts.Coach, Contact: texts.Contact}
	for _, b := range blocks {
		if b.Standing {
			data.Standing = append(data.Standing, b)
		} else {
			data.Past = append(data.Past, b)
		}
	}
	return s.show(w, r, "blocked", data)
}
