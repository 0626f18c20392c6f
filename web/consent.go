package web

import (
	"net/http"
	"strconv"
	"strings"
)

// consentStep is the document to consent to.
type consentStep struct {
	Document

	Paragraphs []string
	Next       string
}

func (s *site) consentGet(w http.ResponseWriter, r *http.Request) error {
	document, err := s.Accounts.Consent(r.Context(), visitorOf(r).token)
	if err != nil {
		return err
	}
	document.GivenAt = s.localOrZero(document.GivenAt)
	return s.show(w, r, "consent", consentStep{
		Document: document, Paragraphs: paragraphs(document.Text), Next: safeNext(r.FormValue("next")),
	})
}

func (s *site) consentPost(w http.ResponseWriter, r *http.Request) error {
	// The version that was shown is the one that is consented to. An unreadable one is refused as an old one is.
	version, _ := strconv.Atoi(r.PostFormValue("version"))
	token := visitorOf(r).token
	err := s.Accounts.GiveConsent(r.Context(), token, version, clientOf(r))
	if err == nil {
		http.Redirect(w, r, safeNext(r.FormValue("next")), http.StatusSeeOther)
		return nil
	}
	document, readErr := s.Accounts.Consent(r.Context(), token)
	if readErr != nil {
		return readErr
	}
	return s.again(w, r, err, "consent", consentStep{
		Document: document, Paragraphs: paragraphs(document.Text), Next: safeNext(r.FormValue("next")),
	})
}

// paragraphs divides a text at its empty lines.
func paragraphs(text string) []string {
	var list []string
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return list
}
