package web

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"
)

// ErrNoSession says that a session's token is unknown or that the session is over. The person must log in again.
var ErrNoSession = errors.New("no live session")

// Refusal is what a rule answers to a request that it does not allow.
type Refusal struct {
	// Rule is the rule's name in rules.catalogue. English texts are found by it.
	Rule string
	// Message is the sentence for the person, in Russian.
	Message string
	// RetryAfter is how long the person must wait before the next attempt; 0 where waiting does not help.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return "refused by " + r.Rule + ": " + r.Message }

// Roles as the contract spells them.
const (
	Student = "STUDENT"
	Blocked = "BLOCKED"
	Coach   = "COACH"
	Admin   = "ADMIN"
)

// Client is where a request comes from. Attempts are counted by it, and consents and log-ins are recorded with it.
type Client struct {
	Addr      netip.Addr
	UserAgent string // at most maxUserAgent bytes
	Device    string // the token of a device that was let in before, empty where there is none
}

// Person is the holder of a session. It has no id: whatever acts for a person takes the session's token.
type Person struct {
	Card         int
	Family       string // secondname on the wire
	Given        string // firstname on the wire
	Patronymic   string // surname on the wire; may be empty
	Group        string
	Role         string
	Image        string // name below /media/, empty where there is no picture
	NeedsConsent bool   // the document in force has no consent of this person yet
	Session      int64  // the ID of this session in Accounts.Sessions
}

// Opened is a session that was just made.
type Opened struct {
	Token  string
	MaxAge time.Duration // of the cookie; 0 keeps it until the browser closes
	Device string        // the device's token; empty leaves the device's cookie as it is
	Role   string
}

// LogIn are the fields of the log-in form.
type LogIn struct {
	Card     string
	Password string
	Foreign  bool // somebody else's computer: the session is short
	Client   Client
}

// Claim are the fields of the forms that take a code: sign-up and a new password.
type Claim struct {
	Card     string
	Code     string
	Password string
	Client   Client
}

// Session is one of a person's live sessions.
type Session struct {
	ID       int64
	Device   string
	Network  string
	OpenedAt time.Time
	UsedAt   time.Time
	EndsAt   time.Time
	Current  bool
	Foreign  bool
}

// LogInRecord is a line of the log of log-ins.
type LogInRecord struct {
	At      time.Time
	Device  string
	Network string
	Outcome string // "ok", or the name of the rule that refused
}

// Document is the text to which a person consents, in its version in force.
type Document struct {
	Version int
	Text    string    // paragraphs divided by empty lines
	GivenAt time.Time // zero where consent was not given
}

// Code is a one-time code that a coach hands out. It is shown once.
type Code struct {
	Card       int
	Person     string
	Code       string
	Enrols     bool // it makes an account; false: it gives a new password
	ValidUntil time.Time
}

// CodeGroup is a group of the roster and how many of its people have no account yet.
type CodeGroup struct {
	Group          string
	WithoutAccount int
}

// ErrNoCalendar says that a calendar's address is nobody's.
var ErrNoCalendar = errors.New("no such calendar")

// Calendar is a person's lessons from From to To, days of the gym's zone.
type Calendar struct {
	Name, Address string // of the gym, empty where they are not set
	TimeZone      string
	Length        time.Duration // of a lesson
	Now           time.Time
	From, To      string
	Lessons       []CalendarLesson
}

// CalendarLesson is a lesson at a local time of the gym.
type CalendarLesson struct {
	Slot       int
	Date, Time string
	Off        bool // cancelled, or the gym is closed
	Moved      bool // it runs on another weekday than the slot's
	Reason     string
}

// Accounts are people's accounts and sessions. Package auth implements it over the database's schema auth.
//
// A session that is over is answered with ErrNoSession, a rule that refuses with a *Refusal. Other errors are faults.
type Accounts interface {
	// Person returns the holder of a session. Polls pass used as false: they must not keep a session alive.
	Person(ctx context.Context, token string, used bool) (Person, error)
	LogIn(ctx context.Context, in LogIn) (Opened, error)
	LogOut(ctx context.Context, token string) error
	// Claim makes an account's first password with an enrolment code and opens a session.
	Claim(ctx context.Context, in Claim) (Opened, error)
	// ResetPassword sets a new password with a code, ends all sessions and opens one.
	ResetPassword(ctx context.Context, in Claim) (Opened, error)
	// ChangePassword ends all sessions of the person and opens this one anew.
	ChangePassword(ctx context.Context, token, oldPassword, newPassword string, client Client) (Opened, error)
	// Sessions returns the live sessions, the current one first.
	Sessions(ctx context.Context, token string) ([]Session, error)
	EndSession(ctx context.Context, token string, id int64) error
	EndOtherSessions(ctx context.Context, token string) error
	// LogIns returns the latest lines of the log, newest first.
	LogIns(ctx context.Context, token string) ([]LogInRecord, error)
	Consent(ctx context.Context, token string) (Document, error)
	GiveConsent(ctx context.Context, token string, version int, client Client) error
	WithdrawConsent(ctx context.Context, token string) error
	// SavePicture checks and keeps a picture; it reads no more than it allows.
	SavePicture(ctx context.Context, token string, image io.Reader) error
	RemovePicture(ctx context.Context, token string) error
	// Calendar returns the calendar of the person to whom the secret in an address belongs, or ErrNoCalendar.
	Calendar(ctx context.Context, secret string) (Calendar, error)
	// CalendarMade returns when the person's calendar address was made, zero where there is none.
	CalendarMade(ctx context.Context, token string) (time.Time, error)
	// RenewCalendar makes a new secret, which ends the one before, and returns it.
	RenewCalendar(ctx context.Context, token string) (secret string, err error)
	EndCalendar(ctx context.Context, token string) error
	// IssueCode makes a code for one person. The session must be a coach's or an administrator's.
	IssueCode(ctx context.Context, token string, card int) (Code, error)
	// IssueCodes makes codes for the people of a group who have no account. Their older codes end.
	IssueCodes(ctx context.Context, token, group string) ([]Code, error)
	CodeGroups(ctx context.Context, token string) ([]CodeGroup, error)
}
