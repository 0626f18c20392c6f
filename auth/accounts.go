package auth

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgxpool"

	"energiya/internal/password"
)

const (
	// maxCard and maxCode bound what is typed into a field, in bytes. What is longer fits nobody.
	maxCard  = 64
	maxCode  = 64
	maxAgent = 400
	// maxWait bounds how long an attempt from a crowded address is slowed, whatever the database says.
	maxWait = 5 * time.Second
)

// Kinds of log-in.
const (
	kindStudent = "student"
	kindCoach   = "coach"
	kindAdmin   = "admin"
	kindAny     = "any"
)

// Accounts are people's accounts and sessions. The JSON of the old front and the pages use the same methods.
type Accounts struct {
	store  store
	pepper password.Pepper
	hasher *password.Hasher
	studio *studio
}

// NewAccounts makes the accounts over a pool of role energy_web. The pepper must be the one of the database's hids.
func NewAccounts(pool *pgxpool.Pool, pepper password.Pepper, cores int) *Accounts {
	return &Accounts{
		store:  store{pool, make(chan struct{}, maxAttempts)},
		pepper: pepper,
		hasher: password.NewHasher(cores),
		studio: newStudio(),
	}
}

// ErrPepper says that the passwords in the database were hashed with another pepper.
var ErrPepper = errors.New("the pepper is not the one of the database: nobody could log in (ENERGY_PEPPER_FILE)")

// CheckPepper returns ErrPepper where the database knows another pepper.
func (a *Accounts) CheckPepper(ctx context.Context) error {
	fits, err := a.store.pepperFits(ctx, a.pepper)
	if err == nil && fits != nil && !*fits {
		return ErrPepper
	}
	return err
}

// opened is a session that was just made.
type opened struct {
	session session
	token   []byte
	device  []byte // nil: the device's cookie stays as it is
}

// secret is a password that a person has chosen, as the database needs it.
type secret struct {
	hid    string
	proof  []byte
	length int // of the password, in characters
}

// logIn lets a person in. kind restricts the roles. strange: the computer is not the person's own.
func (a *Accounts) logIn(
	ctx context.Context,
	card, typed, kind string,
	strange bool,
	from origin,
) (o opened, err error) {
	if err := a.hasher.Full(); err != nil {
		return o, err
	}
	card = clean(card, maxCard)
	var hids []string
	var commitments [][]byte
	for _, form := range password.CardForms(card) {
		hid := a.pepper.Hid(form, typed)
		hids, commitments = append(hids, hid), append(commitments, password.Commitment(hid))
	}
	// First step: the database charges the attempt, and refuses before anything is hashed.
	begun, err := a.store.beginLogIn(ctx, card, commitments, from)
	if err != nil {
		return o, err
	}
	proofs, err := a.prove(ctx, begun, hids...)
	if err != nil {
		return o, err
	}
	// Second step: the database judges.
	token := newToken()
	device := a.newDevice(strange)
	judged, err := a.store.logIn(ctx, begun.Attempt, hids, proofs, kind, strange, token, device)
	return open(judged, err, token, device)
}

// newDevice returns a token for a device that is not known yet. Somebody else's computer is not remembered.
func (*Accounts) newDevice(strange bool) []byte {
	if strange {
		return nil
	}
	return newToken()
}

// open returns the session that a second step has made.
func open(j judged, err error, token, device []byte) (opened, error) {
	if err == nil {
		err = j.refusal()
	}
	if err != nil {
		return opened{}, err
	}
	o := opened{session: j.Session, token: token}
	if j.NewDevice {
		o.device = device
	}
	return o, nil
}

// prove computes the proofs of an attempt that the database has begun. An attempt from a crowded address waits first,
// without a connection and without a place in the queue.
func (a *Accounts) prove(ctx context.Context, b begun, hids ...string) ([][]byte, error) {
	if err := b.refusal(); err != nil {
		return nil, err
	}
	params, err := b.params()
	if err != nil {
		return nil, err
	}
	if wait := min(time.Duration(b.Wait)*time.Millisecond, maxWait); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return a.hasher.Proofs(ctx, hids, params)
}

// useCode lets a person in by a code, who chooses a password. It makes the account where there is none yet.
func (a *Accounts) useCode(
	ctx context.Context,
	card, code, chosen string,
	strange bool,
	from origin,
) (o opened, err error) {
	if err := a.hasher.Full(); err != nil {
		return o, err
	}
	card = clean(card, maxCard)
	begun, err := a.store.beginCode(ctx, card, clean(code, maxCode), from)
	if err != nil {
		return o, err
	}
	// The new password is hashed before the code is judged: all answers take the same time.
	s, err := a.chosen(ctx, begun, card, chosen)
	if err != nil {
		return o, err
	}
	token := newToken()
	device := a.newDevice(strange)
	judged, err := a.store.useCode(ctx, begun.Attempt, s, strange, token, device)
	return open(judged, err, token, device)
}

// chosen hashes a password that a person chooses. Its card counts as a number.
func (a *Accounts) chosen(ctx context.Context, b begun, card, chosen string) (secret, error) {
	s := secret{hid: a.pepper.Hid(password.CardForms(card)[0], chosen), length: utf8.RuneCountInString(chosen)}
	proofs, err := a.prove(ctx, b, s.hid)
	if err != nil {
		return secret{}, err
	}
	s.proof = proofs[0]
	return s, nil
}

// signUp is the body of the old front's sign-up.
type signUp struct {
	StudentCard text `json:"studentCard"`
	Password    text `json:"password"`
	Firstname   text `json:"firstname"`
	Secondname  text `json:"secondname"` // family name
	Surname     text `json:"surname"`    // patronymic
	Group       text `json:"group"`
}

// signUp makes an account by card and names, where the gym still allows it.
func (a *Accounts) signUp(ctx context.Context, in signUp, from origin) (o opened, err error) {
	if err := a.hasher.Full(); err != nil {
		return o, err
	}
	card := clean(string(in.StudentCard), maxCard)
	begun, err := a.store.beginSignUp(ctx, card, from)
	if err != nil {
		return o, err
	}
	s, err := a.chosen(ctx, begun, card, string(in.Password))
	if err != nil {
		return o, err
	}
	token := newToken()
	judged, err := a.store.signUp(ctx, begun.Attempt, in, s, token)
	return open(judged, err, token, nil)
}

// changePassword changes the password of a session's holder and ends the person's other sessions. renew: this session
// gets a new token.
func (a *Accounts) changePassword(ctx context.Context, token []byte, old, chosen string, renew bool, from origin,
) (o opened, err error) {
	if err := a.hasher.Full(); err != nil {
		return o, err
	}
	session, err := a.live(ctx, token, true)
	if err != nil {
		return o, err
	}
	user, err := session.person()
	if err != nil {
		return o, err
	}
	card := formatCard(user.StudentCard)
	oldHid := a.pepper.Hid(card, old)
	s := secret{hid: a.pepper.Hid(card, chosen), length: utf8.RuneCountInString(chosen)}
	// First step: the guess at the old password is charged.
	begun, err := a.store.beginChangePassword(ctx, token, [][]byte{password.Commitment(oldHid)}, from)
	if err != nil {
		return o, err
	}
	proofs, err := a.prove(ctx, begun, oldHid, s.hid)
	if err != nil {
		return o, err
	}
	s.proof = proofs[1]
	// Second step: the database judges the old one and keeps the new one.
	var newOne []byte
	if renew {
		newOne = newToken()
	}
	judged, err := a.store.changePassword(ctx, token, begun.Attempt, oldHid, proofs[0], s, newOne)
	return open(judged, err, newOne, nil)
}

// live returns the session of a token, or ErrNoSession. counts: this is use, which keeps the session alive.
func (a *Accounts) live(ctx context.Context, token []byte, counts bool) (session, error) {
	if token == nil {
		return session{}, ErrNoSession
	}
	s, err := a.store.session(ctx, token, counts, "")
	if err == nil && !s.Live {
		err = ErrNoSession
	}
	return s, err
}

// setPicture makes a picture of what a person sends in, and returns its name.
func (a *Accounts) setPicture(ctx context.Context, token []byte, image []byte) (name string, err error) {
	jpeg, err := a.studio.make(ctx, image)
	if err != nil {
		return "", err
	}
	name = newPictureName()
	return name, a.store.setPicture(ctx, token, name, jpeg)
}

// cookieAge is how long a browser keeps the cookie of a session, in seconds: as long as a session of the role can live.
// Of somebody else's computer it is 0: until the browser is closed.
func (a *Accounts) cookieAge(ctx context.Context, s session) (time.Duration, error) {
	if s.Strange {
		return 0, nil
	}
	v, err := a.store.settings(ctx)
	if err != nil {
		return 0, err
	}
	role := s.Role
	if role == "BLOCKED" {
		role = "STUDENT"
	}
	return time.Duration(v.SessionLimits[role].Age) * time.Second, nil
}
