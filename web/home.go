package web

import "net/http"

// homeGet shows a person where to go. Students see the choice of next month, coaches the lessons of today.
func (s *site) homeGet(w http.ResponseWriter, r *http.Request) error {
	if contains([]string{Coach, Admin}, visitorOf(r).Role) {
		return s.todayGet(w, r)
	}
	return s.show(w, r, "home", nil)
}
