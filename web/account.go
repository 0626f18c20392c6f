package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// account is what the account page shows.
type account struct {
	Person

	Sessions []Session
	LogIns   []LogInRecord
	Document Document
	// CalendarMade is when the calendar's address was made, zero where there is none.
	CalendarMade time.Time
	// CalendarPath is the address that was just made, without its scheme; empty where none was.
	CalendarPath   string
	CalendarScheme string
	// Failed names the form that was refused: "names", "password" or "picture".
	Failed string
}

func (s *site) accountGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.account(r)
	if err != nil {
		return err
	}
	return s.show(w, r, "account", data)
}

func (s *site) account(r *http.Request) (account, error) {
	v := visitorOf(r)
	a := account{Person: v.Person}
	var err error
	if a.Sessions, err = s.Accounts.Sessions(r.Context(), v.token); err != nil {
		return a, err
	}
	if a.LogIns, err = s.Accounts.LogIns(r.Context(), v.token); err != nil {
		return a, err
	}
	if a.Document, err = s.Accounts.Consent(r.Context(), v.token); err != nil {
		return a, err
	}
	if a.CalendarMade, err = s.Accounts.CalendarMade(r.Context(), v.token); err != nil {
		return a, err
	}
	a.CalendarMade = s.localOrZero(a.CalendarMade)
	a.Document.GivenAt = s.localOrZero(a.Document.GivenAt)
	for i := range a.Sessions {
		session := &a.Sessions[i]
		session.OpenedAt, session.UsedAt = s.local(session.OpenedAt), s.local(session.UsedAt)
		session.EndsAt = s.local(session.EndsAt)
	}
	for i := range a.LogIns {
		a.LogIns[i].At = s.local(a.LogIns[i].At)
	}
	return a, nil
}

// localOrZero is local for a moment that may not be there.
func (s *site) localOrZero(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return s.local(at)
}

// accountAgain shows the account anew with the refusal of one of its forms.
func (s *site) accountAgain(w http.ResponseWriter, r *http.Request, refusal error, form string) error {
	if over(refusal) || problemOf(refusal).Kind != "refused" {
		return refusal
	}
	data, err := s.account(r)
	if err != nil {
		return err
	}
	data.Failed = form
	return s.again(w, r, refusal, "account", data)
}

func (s *site) accountNamesPost(w http.ResponseWriter, r *http.Request) error {
	names := map[string]string{
		"secondname": r.PostFormValue("family"),
		"firstname":  r.PostFormValue("given"),
		"surname":    r.PostFormValue("patronymic"),
		"group":      r.PostFormValue("group"),
	}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "PUT /user/edit", names, nil); err != nil {
		return s.accountAgain(w, r, err, "names")
	}
	return done(w, r, "/account", "saved")
}

func (s *site) accountPasswordPost(w http.ResponseWriter, r *http.Request) error {
	opened, err := s.Accounts.ChangePassword(r.Context(), visitorOf(r).token,
		r.PostFormValue("old"), r.PostFormValue("password"), clientOf(r))
	if err != nil {
		return s.accountAgain(w, r, err, "password")
	}
	setSession(w, opened)
	return done(w, r, "/account", "password")
}

// maxPictureForm is a picture of the largest size with what a form adds to it.
const maxPictureForm = 8<<20 + 64<<10

func (s *site) accountPicturePost(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxPictureForm)
	// The picture is read as it comes: nothing of it is kept on the disk.
	parts, err := r.MultipartReader()
	if err != nil {
		return s.accountAgain(w, r, &Refusal{Rule: "picture_unfit", Message: "Выберите файл с фотографией."}, "picture")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return s.accountAgain(
				w,
				r,
				&Refusal{Rule: "picture_unfit", Message: "Выберите файл с фотографией."},
				"picture",
			)
		}
		if err != nil {
			return s.accountAgain(w, r, tooLarge(err), "picture")
		}
		if part.FormName() != "image" {
			continue
		}
		if err := s.Accounts.SavePicture(r.Context(), visitorOf(r).token, part); err != nil {
			return s.accountAgain(w, r, tooLarge(err), "picture")
		}
		return done(w, r, "/account", "picture")
	}
}

// tooLarge makes a refusal of a body that was over the limit.
func tooLarge(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &Refusal{Rule: "picture_too_large", Message: "Фотография больше 8 МБ. Выберите файл поменьше."}
	}
	return err
}

func (s *site) accountPictureRemovePost(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.RemovePicture(r.Context(), visitorOf(r).token); err != nil {
		return s.accountAgain(w, r, err, "picture")
	}
	return done(w, r, "/account", "picture-removed")
}

func (s *site) accountSessionPost(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	if err != nil {
		return errNotFound
	}
	if err := s.Accounts.EndSession(r.Context(), visitorOf(r).token, id); err != nil {
		return err
	}
	return done(w, r, "/account", "session-ended")
}

func (s *site) accountSessionsPost(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.EndOtherSessions(r.Context(), visitorOf(r).token); err != nil {
		return err
	}
	return done(w, r, "/account", "sessions-ended")
}

func (s *site) accountConsentPost(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.WithdrawConsent(r.Context(), visitorOf(r).token); err != nil {
		return err
	}
	return done(w, r, "/account", "consent-withdrawn")
}
