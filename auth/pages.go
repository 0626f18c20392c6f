package auth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"energiya/internal/gymclient"
	"energiya/internal/password"
	"energiya/web"
)

// ForPages returns the accounts as the pages use them.
func (a *Accounts) ForPages() web.Accounts { return pages{a} }

// pages translates between the pages' types and the accounts'. It decides nothing.
type pages struct{ a *Accounts }

func (p pages) Person(ctx context.Context, token string, used bool) (person web.Person, err error) {
	s, err := p.a.live(ctx, parseToken(token), used)
	if err != nil {
		return person, forPages(err)
	}
	u, err := s.person()
	if err != nil {
		return person, err
	}
	person = web.Person{
		Card: u.StudentCard, Family: u.Secondname, Given: u.Firstname, Patronymic: u.Surname, Group: u.Group,
		Role: u.Role, NeedsConsent: s.ConsentNeeded, Session: s.ID,
	}
	if u.Image != nil {
		person.Image = *u.Image
	}
	return person, nil
}

func (p pages) LogIn(ctx context.Context, in web.LogIn) (web.Opened, error) {
	o, err := p.a.logIn(ctx, in.Card, in.Password, kindAny, in.Foreign, originOfClient(in.Client))
	return p.opened(ctx, o, err)
}

func (p pages) LogOut(ctx context.Context, token string) error {
	return forPages(p.a.store.logOut(ctx, parseToken(token)))
}

// Claim and ResetPassword are one call: the code says which of the two it is.
func (p pages) Claim(ctx context.Context, in web.Claim) (web.Opened, error) {
	o, err := p.a.useCode(ctx, in.Card, in.Code, in.Password, false, originOfClient(in.Client))
	return p.opened(ctx, o, err)
}

func (p pages) ResetPassword(ctx context.Context, in web.Claim) (web.Opened, error) {
	return p.Claim(ctx, in)
}

func (p pages) ChangePassword(ctx context.Context, token, old, chosen string, client web.Client) (web.Opened, error) {
	o, err := p.a.changePassword(ctx, parseToken(token), old, chosen, true, originOfClient(client))
	return p.opened(ctx, o, err)
}

// opened describes a session that was just made.
func (p pages) opened(ctx context.Context, o opened, err error) (web.Opened, error) {
	if err != nil {
		return web.Opened{}, forPages(err)
	}
	age, err := p.a.cookieAge(ctx, o.session)
	if err != nil {
		return web.Opened{}, forPages(err)
	}
	result := web.Opened{Token: encodeToken(o.token), MaxAge: age, Role: o.session.Role}
	if o.device != nil {
		result.Device = encodeToken(o.device)
	}
	return result, nil
}

func (p pages) Sessions(ctx context.Context, token string) ([]web.Session, error) {
	rows, err := p.a.store.sessions(ctx, parseToken(token))
	list := make([]web.Session, 0, len(rows))
	for _, row := range rows {
		s := web.Session{
			ID: row.ID, Device: row.Agent, Network: row.Network, OpenedAt: row.CreatedAt, UsedAt: row.UsedAt,
			EndsAt: row.EndsAt, Current: row.Current, Foreign: row.Strange,
		}
		if s.Current {
			list = append([]web.Session{s}, list...)
		} else {
			list = append(list, s)
		}
	}
	return list, forPages(err)
}

func (p pages) EndSession(ctx context.Context, token string, id int64) error {
	return forPages(p.a.store.endSession(ctx, parseToken(token), id))
}

func (p pages) EndOtherSessions(ctx context.Context, token string) error {
	return forPages(p.a.store.endSessions(ctx, parseToken(token), true))
}

func (p pages) LogIns(ctx context.Context, token string) ([]web.LogInRecord, error) {
	rows, err := p.a.store.logIns(ctx, parseToken(token))
	list := make([]web.LogInRecord, 0, len(rows))
	for _, row := range rows {
		list = append(
			list,
			web.LogInRecord{At: row.At, Device: row.Agent, Network: row.Network, Outcome: outcomeOf(row)},
		)
	}
	return list, forPages(err)
}

// outcomeOf is "ok" for everything that let the person in.
func outcomeOf(row logInRow) string {
	switch row.Outcome {
	case "in", "code", "sign_up":
		return "ok"
	}
	return row.Outcome
}

func (p pages) Consent(ctx context.Context, token string) (d web.Document, err error) {
	c, err := p.a.store.consents(ctx, parseToken(token))
	if err != nil || c.Document == nil {
		return d, forPages(err)
	}
	d = web.Document{Version: c.Document.Version, Text: c.Document.Text}
	for _, given := range c.Given {
		if given.Version == d.Version && given.WithdrawnAt == nil {
			d.GivenAt = given.GivenAt
		}
	}
	return d, nil
}

func (p pages) GiveConsent(ctx context.Context, token string, version int, client web.Client) error {
	return forPages(p.a.store.giveConsent(ctx, parseToken(token), version, originOfClient(client)))
}

func (p pages) WithdrawConsent(ctx context.Context, token string) error {
	return forPages(p.a.store.withdrawConsent(ctx, parseToken(token), origin{}))
}

func (p pages) SavePicture(ctx context.Context, token string, image io.Reader) error {
	leave, err := p.a.studio.enter()
	if err != nil {
		return forPages(err)
	}
	defer leave()
	file, err := readFile(image, -1)
	if err != nil {
		return err
	}
	_, err = p.a.setPicture(ctx, parseToken(token), file)
	return forPages(err)
}

func (p pages) RemovePicture(ctx context.Context, token string) error {
	return forPages(p.a.store.setPicture(ctx, parseToken(token), "", nil))
}

func (p pages) IssueCode(ctx context.Context, token string, card int) (web.Code, error) {
	row, err := p.a.store.issueCode(ctx, parseToken(token), card, newToken())
	return codeForPages(row), forPages(err)
}

func (p pages) IssueCodes(ctx context.Context, token, group string) ([]web.Code, error) {
	rows, err := p.a.store.issueCodes(ctx, parseToken(token), group, newToken())
	codes := make([]web.Code, 0, len(rows))
	for _, row := range rows {
		codes = append(codes, codeForPages(row))
	}
	return codes, forPages(err)
}

func (p pages) CodeGroups(ctx context.Context, token string) ([]web.CodeGroup, error) {
	rows, err := p.a.store.codeGroups(ctx, parseToken(token))
	groups := make([]web.CodeGroup, 0, len(rows))
	for _, row := range rows {
		groups = append(groups, web.CodeGroup(row))
	}
	return groups, forPages(err)
}

func codeForPages(row codeRow) web.Code {
	return web.Code{
		Card: row.Card, Person: row.Person, Code: row.Code, Enrols: row.Purpose == "enrolment", ValidUntil: row.ValidUntil,
	}
}

func originOfClient(c web.Client) origin {
	return origin{address: c.Addr, agent: clean(c.UserAgent, maxAgent), device: parseToken(c.Device)}
}

// forPages is an error as the pages know it.
func forPages(err error) error {
	var refusal *Refusal
	var busy *password.BusyError
	var unavailable *unavailableError
	var failed *failure
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoSession):
		return web.ErrNoSession
	case errors.As(err, &refusal):
		return &web.Refusal{Rule: refusal.Rule, Message: refusal.Message, RetryAfter: refusal.RetryAfter}
	case errors.As(err, &busy):
		return unavailableForPages(failQueue, busy.RetryAfter)
	case errors.As(err, &unavailable):
		return unavailableForPages(failUnavailable, 2*time.Second)
	case errors.As(err, &failed) && failed.Status == http.StatusServiceUnavailable:
		return unavailableForPages(failed, 2*time.Second)
	case errors.As(err, &failed):
		return &web.Refusal{Rule: failed.Type, Message: failed.Message}
	}
	return err
}

func unavailableForPages(f *failure, retryAfter time.Duration) error {
	return &gymclient.Error{Status: f.Status, Type: f.Type, Message: f.Message, RetryAfter: retryAfter}
}
