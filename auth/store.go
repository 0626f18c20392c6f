package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"energiya/db"
	"energiya/internal/password"
)

// store calls the functions of schema auth. It is all that this server may do with the database.
type store struct {
	pool *pgxpool.Pool
	// attempts are the connections that people who are not in yet may use at once. The others are for those who are: a
	// storm of log-ins does not stand in their way.
	attempts chan struct{}
}

// maxAttempts is how many attempts are in the database at once.
const maxAttempts = 2

// origin is where an attempt comes from.
type origin struct {
	address netip.Addr
	agent   string
	device  []byte // of the device's cookie; nil: none
}

// ip is the address as a parameter.
func (o origin) ip() *netip.Addr {
	if !o.address.IsValid() {
		return nil
	}
	return &o.address
}

// begun is the answer to the first step of an attempt.
type begun struct {
	verdict

	Attempt int64  `json:"attempt,string"`
	Salt    string `json:"salt"`
	Memory  uint32 `json:"memory_kib"`
	Passes  uint32 `json:"passes"`
	Lanes   uint8  `json:"lanes"`
	Wait    int    `json:"wait_ms"`
}

func (b begun) params() (password.Params, error) {
	salt, err := hex.DecodeString(b.Salt)
	return password.Params{Salt: salt, Memory: b.Memory, Passes: b.Passes, Lanes: b.Lanes}, err
}

// verdict is how the database judges a step of an attempt.
type verdict struct {
	Result     string `json:"result"`
	Rule       string `json:"rule"`
	Message    string `json:"message"`
	RetryAfter *int   `json:"retry_after"` // in seconds
}

// refusal returns what a verdict refuses, or nil.
func (v verdict) refusal() error {
	if v.Result != "refused" {
		return nil
	}
	r := &Refusal{Status: 401, Rule: v.Rule, Message: v.Message}
	if v.RetryAfter != nil {
		r.RetryAfter = time.Duration(max(1, *v.RetryAfter)) * time.Second
	}
	return r
}

// judged is the answer to the second step.
type judged struct {
	verdict

	Session    session `json:"session"`
	NewDevice  bool    `json:"new_device"`
	Registered bool    `json:"registered"`
}

// session is the state of a person's session.
type session struct {
	Live           bool            `json:"live"`
	ID             int64           `json:"session_id,string"`
	UserID         int             `json:"user_id"`
	Role           string          `json:"role"`
	User           json.RawMessage `json:"user"` // OwnUser of the contract
	Strange        bool            `json:"strange"`
	Idle           int             `json:"idle_seconds"` // how long it may rest
	ConsentNeeded  bool            `json:"consent_needed"`
	ConsentVersion *int            `json:"consent_version"`
	May            *bool           `json:"may"`
	Message        string          `json:"message"`
}

// ownUser is the contract's OwnUser.
type ownUser struct {
	Firstname   string  `json:"firstname"`
	Secondname  string  `json:"secondname"` // family name
	Surname     string  `json:"surname"`    // patronymic
	Group       string  `json:"group"`
	StudentCard int     `json:"studentCard"`
	Role        string  `json:"role"`
	Image       *string `json:"image"`
}

func (s session) person() (u ownUser, err error) {
	err = json.Unmarshal(s.User, &u)
	return u, err
}

const sqlPepperFits = `select auth.pepper_fits(p_digest => $1)`

// pepperFits reports whether the database's hids were made with this pepper. nil: the database does not know.
func (s store) pepperFits(ctx context.Context, pepper password.Pepper) (fits *bool, err error) {
	err = s.pool.QueryRow(ctx, sqlPepperFits, pepper.Digest()).Scan(&fits)
	return fits, s.explain(ctx, err)
}

const sqlSettings = `select auth.settings()`

// settings are those of the database that this server looks at.
type settings struct {
	SessionLimits map[string]struct {
		Idle int `json:"idle"` // in seconds
		Age  int `json:"age"`
	} `json:"session_limits"`
}

func (s store) settings(ctx context.Context) (v settings, err error) {
	return v, s.call(ctx, &v, sqlSettings)
}

const sqlBeginLogIn = `select auth.begin_log_in(
	p_card => $1, p_commitments => $2, p_device => $3, p_address => $4, p_agent => $5)`

func (s store) beginLogIn(ctx context.Context, card string, commitments [][]byte, from origin) (b begun, err error) {
	return b, s.attempt(ctx, &b, sqlBeginLogIn, card, commitments, from.device, from.ip(), from.agent)
}

const sqlLogIn = `select auth.log_in(p_attempt => $1, p_hids => $2, p_proofs => $3, p_kind => $4, p_strange => $5,
	p_new_token => $6, p_new_device => $7)`

func (s store) logIn(ctx context.Context, attempt int64, hids []string, proofs [][]byte, kind string, strange bool,
	token, device []byte,
) (j judged, err error) {
	return j, s.attempt(ctx, &j, sqlLogIn, attempt, hids, proofs, kind, strange, token, device)
}

const sqlSession = `select auth.session(p_token => $1, p_counts => $2, p_endpoint => $3)`

// session looks at a session. counts: this is use, which keeps the session alive. endpoint: what is to be called, as
// family/action; "" asks for no right. A session that is over is no error.
func (s store) session(ctx context.Context, token []byte, counts bool, endpoint string) (v session, err error) {
	var asked *string
	if endpoint != "" {
		asked = &endpoint
	}
	return v, s.call(ctx, &v, sqlSession, token, counts, asked)
}

// sessionRow is a line of a person's list of sessions.
type sessionRow struct {
	ID        int64     `json:"session_id,string"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	EndsAt    time.Time `json:"ends_at"`
	Network   string    `json:"network"`
	Agent     string    `json:"agent"`
	Strange   bool      `json:"strange"`
	Current   bool      `json:"current"`
}

const sqlSessions = `select auth.sessions(p_token => $1)`

func (s store) sessions(ctx context.Context, token []byte) (rows []sessionRow, err error) {
	return rows, s.call(ctx, &rows, sqlSessions, token)
}

const sqlEndSession = `select auth.end_session(p_token => $1, p_session => $2)`

func (s store) endSession(ctx context.Context, token []byte, id int64) error {
	return s.call(ctx, nil, sqlEndSession, token, id)
}

const sqlEndSessions = `select auth.end_sessions(p_token => $1, p_keep_this => $2)`

func (s store) endSessions(ctx context.Context, token []byte, keepThis bool) error {
	return s.call(ctx, nil, sqlEndSessions, token, keepThis)
}

const sqlLogOut = `select auth.log_out(p_token => $1)`

func (s store) logOut(ctx context.Context, token []byte) error {
	return s.call(ctx, nil, sqlLogOut, token)
}

// logInRow is a line of a person's log of log-ins.
type logInRow struct {
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
	Network string    `json:"network"`
	Agent   string    `json:"agent"`
}

const sqlLogIns = `select auth.log_ins(p_token => $1)`

func (s store) logIns(ctx context.Context, token []byte) (rows []logInRow, err error) {
	return rows, s.call(ctx, &rows, sqlLogIns, token)
}

const sqlBeginCode = `select auth.begin_code(
	p_card => $1, p_code => $2, p_device => $3, p_address => $4, p_agent => $5)`

func (s store) beginCode(ctx context.Context, card, code string, from origin) (b begun, err error) {
	return b, s.attempt(ctx, &b, sqlBeginCode, card, code, from.device, from.ip(), from.agent)
}

const sqlUseCode = `select auth.use_code(p_attempt => $1, p_hid => $2, p_proof => $3, p_length => $4, p_strange => $5,
	p_new_token => $6, p_new_device => $7)`

func (s store) useCode(ctx context.Context, attempt int64, chosen secret, strange bool, token, device []byte,
) (j judged, err error) {
	return j, s.attempt(ctx, &j, sqlUseCode, attempt, chosen.hid, chosen.proof, chosen.length, strange, token, device)
}

const sqlBeginSignUp = `select auth.begin_sign_up(p_card => $1, p_address => $2, p_agent => $3)`

func (s store) beginSignUp(ctx context.Context, card string, from origin) (b begun, err error) {
	return b, s.attempt(ctx, &b, sqlBeginSignUp, card, from.ip(), from.agent)
}

const sqlSignUp = `select auth.sign_up(p_attempt => $1, p_firstname => $2, p_secondname => $3, p_surname => $4,
	p_group => $5, p_hid => $6, p_proof => $7, p_length => $8, p_new_token => $9)`

func (s store) signUp(
	ctx context.Context,
	attempt int64,
	in signUp,
	chosen secret,
	token []byte,
) (j judged, err error) {
	return j, s.attempt(ctx, &j, sqlSignUp, attempt, string(in.Firstname), string(in.Secondname), string(in.Surname),
		string(in.Group), chosen.hid, chosen.proof, chosen.length, token)
}

const sqlBeginChangePassword = `select auth.begin_change_password(
	p_token => $1, p_commitments => $2, p_address => $3, p_agent => $4)`

func (s store) beginChangePassword(ctx context.Context, token []byte, commitments [][]byte, from origin,
) (b begun, err error) {
	return b, s.call(ctx, &b, sqlBeginChangePassword, token, commitments, from.ip(), from.agent)
}

const sqlChangePassword = `select auth.change_password(p_token => $1, p_attempt => $2, p_old_hids => $3,
	p_old_proofs => $4, p_hid => $5, p_proof => $6, p_length => $7, p_new_token => $8)`

func (s store) changePassword(ctx context.Context, token []byte, attempt int64, oldHid string, oldProof []byte,
	chosen secret, newToken []byte,
) (j judged, err error) {
	return j, s.call(ctx, &j, sqlChangePassword, token, attempt, []string{oldHid}, [][]byte{oldProof},
		chosen.hid, chosen.proof, chosen.length, newToken)
}

const sqlPicture = `select auth.picture(p_media => $1, p_token => $2, p_name => $3)`

// picture returns a picture for the holder of a session, known by the media cookie's value or by the token. nil: there
// is no such picture, or no such session.
func (s store) picture(ctx context.Context, media, token []byte, name string) (jpeg []byte, err error) {
	err = s.pool.QueryRow(ctx, sqlPicture, media, token, name).Scan(&jpeg)
	return jpeg, s.explain(ctx, err)
}

// SQLVersion asks which schema and functions the database has.
const SQLVersion = `select auth.version()`

const sqlSetPicture = `select auth.set_picture(p_token => $1, p_name => $2, p_jpeg => $3)`

// setPicture keeps a picture. An empty name removes the present one.
func (s store) setPicture(ctx context.Context, token []byte, name string, jpeg []byte) error {
	var named *string
	if name != "" {
		named = &name
	}
	return s.call(ctx, nil, sqlSetPicture, token, named, jpeg)
}

// consents are a person's consents to the document in force.
type consents struct {
	Needed   bool `json:"needed"`
	Document *struct {
		Version     int       `json:"version"`
		Text        string    `json:"text"`
		PublishedAt time.Time `json:"published_at"`
	} `json:"document"`
	Given []struct {
		Version     int        `json:"version"`
		GivenAt     time.Time  `json:"given_at"`
		WithdrawnAt *time.Time `json:"withdrawn_at"`
	} `json:"given"`
}

const sqlConsents = `select auth.consents(p_token => $1)`

func (s store) consents(ctx context.Context, token []byte) (c consents, err error) {
	return c, s.call(ctx, &c, sqlConsents, token)
}

const sqlGiveConsent = `select auth.give_consent(p_token => $1, p_version => $2, p_address => $3)`

func (s store) giveConsent(ctx context.Context, token []byte, version int, from origin) error {
	return s.call(ctx, nil, sqlGiveConsent, token, version, from.ip())
}

const sqlWithdrawConsent = `select auth.withdraw_consent(p_token => $1, p_address => $2)`

func (s store) withdrawConsent(ctx context.Context, token []byte, from origin) error {
	return s.call(ctx, nil, sqlWithdrawConsent, token, from.ip())
}

// codeRow is a code that was just made.
type codeRow struct {
	Card       int       `json:"studentCard"`
	Person     string    `json:"person"`
	Code       string    `json:"code"`
	Purpose    string    `json:"purpose"` // "enrolment" or "reset"
	ValidUntil time.Time `json:"valid_until"`
}

const sqlIssueCode = `select auth.issue_code(p_token => $1, p_card => $2, p_entropy => $3)`

func (s store) issueCode(ctx context.Context, token []byte, card int, entropy []byte) (c codeRow, err error) {
	return c, s.call(ctx, &c, sqlIssueCode, token, card, entropy)
}

const sqlIssueCodes = `select auth.issue_codes(p_token => $1, p_group => $2, p_entropy => $3)`

func (s store) issueCodes(ctx context.Context, token []byte, group string, entropy []byte,
) (c []codeRow, err error) {
	return c, s.call(ctx, &c, sqlIssueCodes, token, group, entropy)
}

// groupRow is a group of the roster.
type groupRow struct {
	Group          string `json:"group"`
	WithoutAccount int    `json:"without_account"`
}

const sqlCodeGroups = `select auth.code_groups(p_token => $1)`

func (s store) codeGroups(ctx context.Context, token []byte) (g []groupRow, err error) {
	return g, s.call(ctx, &g, sqlCodeGroups, token)
}

const sqlRefusal = `select auth.refusal(p_constraint => $1)`

// attempt is call for who is not in yet. It waits for one of the few places.
func (s store) attempt(ctx context.Context, out any, sql string, args ...any) error {
	select {
	case s.attempts <- struct{}{}:
		defer func() { <-s.attempts }()
		return s.call(ctx, out, sql, args...)
	case <-ctx.Done():
		return s.explain(ctx, ctx.Err())
	}
}

// call calls a function and reads its JSON into out; nil ignores it.
func (s store) call(ctx context.Context, out any, sql string, args ...any) error {
	var data []byte
	if err := s.pool.QueryRow(ctx, sql, args...).Scan(&data); err != nil {
		return s.explain(ctx, err)
	}
	switch {
	case data == nil:
		return errNoData
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("reading the database's answer: %w", err)
	}
	return nil
}

// errNoData is what a function of schema auth must never do.
var errNoData = errors.New("the function returned null")

// ruleSessionOver is the rule by which a function refuses a token whose session is over.
const ruleSessionOver = "session_over"

// explain turns what a call returned into what the person is told. It is the only place that looks at SQLSTATEs.
func (s store) explain(ctx context.Context, err error) error {
	var pgErr *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case db.IsUnavailable(err):
		return &unavailableError{err}
	case !errors.As(err, &pgErr):
		return err
	case pgErr.ConstraintName == ruleSessionOver:
		return ErrNoSession
	}
	switch pgErr.Code {
	case "ENREQ", "ENGON", "ENRUL":
		return &Refusal{Status: 400, Rule: pgErr.ConstraintName, Message: pgErr.Message}
	case "ENACC":
		return &Refusal{Status: 403, Rule: pgErr.ConstraintName, Message: pgErr.Message}
	}
	switch {
	case pgerrcode.IsDataException(pgErr.Code), pgerrcode.IsProgramLimitExceeded(pgErr.Code):
		return failValue
	case pgerrcode.IsIntegrityConstraintViolation(pgErr.Code) && pgErr.ConstraintName != "":
		return s.sentence(ctx, pgErr)
	}
	return err
}

// sentence asks the catalogue for the sentence of a constraint that stopped a statement before a rule did.
func (s store) sentence(ctx context.Context, reached *pgconn.PgError) error {
	var data []byte
	err := s.pool.QueryRow(ctx, sqlRefusal, reached.ConstraintName).Scan(&data)
	if db.IsUnavailable(err) {
		return &unavailableError{err}
	}
	var found struct {
		Message string `json:"error_message"`
	}
	if err == nil {
		err = json.Unmarshal(data, &found)
	}
	if err != nil || found.Message == "" {
		return fmt.Errorf("%w; asked for its sentence: %w", reached, err)
	}
	return &Refusal{Status: 400, Rule: reached.ConstraintName, Message: found.Message}
}
