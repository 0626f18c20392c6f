package web

import (
	"net/http"
)

// loginForm is what the log-in page shows: the fields as they were sent, without the password.
type loginForm struct {
	Card    string
	Foreign bool
	Next    string
	Over    bool // the session has just ended
}

func (s *site) loginGet(w http.ResponseWriter, r *http.Request) error {
	next := safeNext(r.FormValue("next"))
	if visitorOf(r).token != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return s.show(w, r, "login", loginForm{Next: next, Over: r.FormValue("over") != ""})
}

func (s *site) loginPost(w http.ResponseWriter, r *http.Request) error {
	in := LogIn{
		Card:     r.PostFormValue("card"),
		Password: r.PostFormValue("password"),
		Foreign:  r.PostFormValue("foreign") != "",
		Client:   clientOf(r),
	}
	opened, err := s.Accounts.LogIn(r.Context(), in)
	if err != nil {
		form := loginForm{Card: in.Card, Foreign: in.Foreign, Next: safeNext(r.FormValue("next"))}
		return s.again(w, r, err, "login", form)
	}
	http.Redirect(w, r, s.open(w, r, opened), http.StatusSeeOther)
	return nil
}

// logoutPost ends the session, and has the browser forget the pages that it keeps.
func (s *site) logoutPost(w http.ResponseWriter, r *http.Request) error {
	if token := tokenOf(r); token != "" {
		if err := s.Accounts.LogOut(r.Context(), token); err != nil && !over(err) {
			return err
		}
	}
	dropSession(w)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return done(w, r, "/login", "logged-out")
}
