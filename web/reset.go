package web

import "net/http"

func (s *site) resetGet(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, "reset", newCodeForm(r))
}

func (s *site) resetPost(w http.ResponseWriter, r *http.Request) error {
	in, form := claimOf(r)
	opened, err := s.Accounts.ResetPassword(r.Context(), in)
	if err != nil {
		return s.again(w, r, err, "reset", form)
	}
	http.Redirect(w, r, s.open(w, r, opened), http.StatusSeeOther)
	return nil
}
