package web

import "net/http"

// slips is the screen that prints codes for a group: first the groups, then a slip for each person.
type slips struct {
	Groups []CodeGroup
	Group  string
	Codes  []Code
	Host   string // where a person enters the code
}

func (s *site) slipsGet(w http.ResponseWriter, r *http.Request) error {
	groups, err := s.Accounts.CodeGroups(r.Context(), visitorOf(r).token)
	if err != nil {
		return err
	}
	return s.show(w, r, "slips", slips{Groups: groups})
}

// slipsPost makes the codes. The page with them is the answer: no address shows them again.
func (s *site) slipsPost(w http.ResponseWriter, r *http.Request) error {
	data := slips{Group: r.PostFormValue("group"), Host: r.Host}
	codes, err := s.Accounts.IssueCodes(r.Context(), visitorOf(r).token, data.Group)
	if err != nil {
		groups, otherErr := s.Accounts.CodeGroups(r.Context(), visitorOf(r).token)
		if otherErr != nil {
			return otherErr
		}
		return s.again(w, r, err, "slips", slips{Groups: groups})
	}
	for i := range codes {
		codes[i].ValidUntil = s.local(codes[i].ValidUntil)
	}
	data.Codes = codes
	w.Header().Set("Cache-Control", "no-store")
	return s.show(w, r, "slips", data)
}
