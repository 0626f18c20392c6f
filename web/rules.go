package web

import "net/http"

// plainRules are gym/rules of the contract: the rules in plain words, with the gym's numbers filled in.
type plainRules struct {
	Rules []struct {
		Text   string `json:"text"`
		TextEn string `json:"textEn"`
	} `json:"rules"`
}

func (s *site) rulesGet(w http.ResponseWriter, r *http.Request) error {
	s.seats.learnClock(r.Context())
	rules, err := s.rules.get(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, "rules", rules)
}
