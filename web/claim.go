package web

import (
	"net/http"
	"strings"
)

// codeForm is what the forms that take a code show: the fields as they were sent, without the password.
type codeForm struct {
	Card, Code, Next string
}

// newCodeForm is an empty form. A link may bring the card along.
func newCodeForm(r *http.Request) codeForm {
	return codeForm{Card: strings.TrimSpace(r.FormValue("card")), Next: safeNext(r.FormValue("next"))}
}

func claimOf(r *http.Request) (Claim, codeForm) {
	in := Claim{
		Card:     r.PostFormValue("card"),
		Code:     r.PostFormValue("code"),
		Password: r.PostFormValue("password"),
		Client:   clientOf(r),
	}
	return in, codeForm{Card: in.Card, Code: in.Code, Next: safeNext(r.FormValue("next"))}
}

func (s *site) claimGet(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, "claim", newCodeForm(r))
}

func (s *site) claimPost(w http.ResponseWriter, r *http.Request) error {
	in, form := claimOf(r)
	opened, err := s.Accounts.Claim(r.Context(), in)
	if err != nil {
		return s.again(w, r, err, "claim", form)
	}
	http.Redirect(w, r, s.open(w, r, opened), http.StatusSeeOther)
	return nil
}
