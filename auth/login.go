package auth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// userData is what the old front gets after a log-in.
type userData struct {
	Token string          `json:"token"`
	User  json.RawMessage `json:"userData"`
}

func formatCard(card int) string { return strconv.Itoa(card) }

// checkCard answers the same for every card: it tells nobody who is on the roster or registered.
func (*server) checkCard(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Card text `json:"studentCard"`
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	if !isCard(string(body.Card)) {
		return failCard
	}
	return answer(w, map[string]bool{"alreadyExists": false})
}

// isCard reports whether text is 7 or 8 digits.
func isCard(text string) bool {
	return (len(text) == 7 || len(text) == 8) && strings.Trim(text, "0123456789") == ""
}

// signUp makes an account by card and names, where the gym still allows it.
func (s *server) signUp(w http.ResponseWriter, r *http.Request) error {
	var body signUp
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	if !isCard(string(body.StudentCard)) {
		return failCard
	}
	for _, field := range []*text{&body.Firstname, &body.Secondname, &body.Surname, &body.Group} {
		*field = text(clean(string(*field), maxName))
	}
	o, err := s.Accounts.signUp(r.Context(), body, originOf(r))
	if err != nil {
		return asRegistration(err)
	}
	return s.welcome(w, r, o)
}

// maxName bounds a name that is typed, in bytes. The database has a limit of its own.
const maxName = 400

// asRegistration names a refused attempt as the old server does.
func asRegistration(err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Status == http.StatusUnauthorized && refusal.RetryAfter == 0 {
		return &failure{typeRegistration, refusal.Status, refusal.Message}
	}
	return err
}

// logIn lets in people of a kind.
func (s *server) logIn(kind string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body struct {
			LogIn    text `json:"login"`
			Password text `json:"password"`
		}
		if err := readBody(w, r, &body); err != nil {
			return err
		}
		o, err := s.Accounts.logIn(r.Context(), string(body.LogIn), string(body.Password), kind, false, originOf(r))
		if err != nil {
			return err
		}
		return s.welcome(w, r, o)
	}
}

// welcome answers with the token of a new session.
func (*server) welcome(w http.ResponseWriter, _ *http.Request, o opened) error {
	if o.device != nil {
		setCookie(w, deviceCookie, encodeToken(o.device), "/", deviceAge)
	}
	setMediaCookie(w, o.session, o.token)
	return answer(w, userData{Token: encodeToken(o.token), User: o.session.User})
}

// setMediaCookie lets the browser show pictures as long as the session can live without further use.
func setMediaCookie(w http.ResponseWriter, s session, token []byte) {
	setCookie(w, mediaCookie, encodeToken(mediaKey(token)), mediaPath, max(1, s.Idle))
}

// checkLogIn tells the old front whose token it has.
func (s *server) checkLogIn(w http.ResponseWriter, r *http.Request) error {
	token := tokenOf(r)
	session, err := s.Accounts.live(r.Context(), token, true)
	if err != nil {
		return err
	}
	setMediaCookie(w, session, token)
	writeData(w, session.User)
	return nil
}

// editPassword changes the password of the session's holder. It refuses as the main server does, since the old front
// knows it as the main server's.
func (s *server) editPassword(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Old text `json:"oldPassword"`
		New text `json:"newPassword"`
	}
	if tokenOf(r) == nil {
		return ErrNoSession
	}
	if err := readBody(w, r, &body); err != nil {
		return err
	}
	_, err := s.Accounts.changePassword(r.Context(), tokenOf(r), string(body.Old), string(body.New), false, originOf(r))
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Status != http.StatusForbidden {
		if refusal.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(refusal.RetryAfter.Seconds())))
		}
		return &failure{typeMainServer, http.StatusBadRequest, refusal.Message}
	}
	if err != nil {
		return err
	}
	return answer(w, map[string]bool{"result": true})
}
