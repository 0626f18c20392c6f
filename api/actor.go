package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
)

const (
	// headerSession carries the token of the acting person's session. Where it is there, user-id does not count.
	headerSession = "Session"
	// sessionLength is the length of a session's token in bytes.
	sessionLength = 32
)

// actor is who a request says that it acts for. The database decides whether that is so.
type actor struct {
	// id is the header user-id; nil: nobody is logged in.
	id *int32
	// session is the SHA-256 of the header Session; nil: there is none. The token itself reaches no log and no query.
	session []byte
}

// actorOf reads the headers of a request.
func actorOf(r *http.Request) actor {
	if tokens := r.Header.Values(headerSession); len(tokens) > 0 {
		return actor{session: hashSession(tokens)}
	}
	return actor{id: idOf(r)}
}

// idOf is the acting user's id, or nil where nobody is logged in: the header user-id is missing, None, ambiguous, or no
// number that an id can be. What a call without an actor may do, SQL decides.
func idOf(r *http.Request) *int32 {
	ids := r.Header.Values("user-id")
	if len(ids) != 1 {
		return nil
	}
	id, err := strconv.ParseUint(ids[0], 10, 31)
	if err != nil {
		return nil
	}
	found := int32(id)
	return &found
}

// hashSession returns the hash of a token. A header that is none has the hash of no token, whose session is over.
func hashSession(tokens []string) []byte {
	none := make([]byte, sha256.Size)
	if len(tokens) != 1 {
		return none
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(tokens[0])
	if err != nil || len(token) != sessionLength {
		return none
	}
	sum := sha256.Sum256(token)
	return sum[:]
}

// isNobody reports whether nobody acts.
func (a actor) isNobody() bool { return a.id == nil && a.session == nil }

// name is the actor in the log. A session has none: its hash would be the same in every line.
func (a actor) name() string {
	switch {
	case a.session != nil:
		return "session"
	case a.id != nil:
		return strconv.Itoa(int(*a.id))
	}
	return "None"
}

// key tells actors apart where requests are counted.
func (a actor) key() string {
	if a.session != nil {
		return hex.EncodeToString(a.session)
	}
	return a.name()
}
