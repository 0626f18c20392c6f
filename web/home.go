package web

import "net/http"

// homeGet shows a person where to go. Students see the choice of next month.
func (s *site) homeGet(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, "home", nil)
}
