package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// tokenLength is the length of a token in bytes.
const tokenLength = 32

// encoding is the form of tokens in headers and cookies. It is strict: one token has one form.
var encoding = base64.RawURLEncoding.Strict()

// newToken returns 256 random bits. A token is always made here, never taken over from a request: nobody can fix the
// token of a session beforehand.
func newToken() []byte {
	token := make([]byte, tokenLength)
	_, _ = rand.Read(token) // never fails: it ends the program instead
	return token
}

func encodeToken(token []byte) string { return encoding.EncodeToString(token) }

// parseToken returns the bytes of a token. nil: it is none.
func parseToken(text string) []byte {
	if len(text) != encoding.EncodedLen(tokenLength) {
		return nil
	}
	token, err := encoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return token
}

// The cookies. A browser takes those with __Host- from this host only, over TLS or from the machine itself.
const (
	sessionCookie = "__Host-session" // the pages'
	deviceCookie  = "__Host-device"
	// mediaCookie lets the old front show pictures by <img>, which sends no header. Its value opens nothing else.
	mediaCookie = "__Secure-media"
)

const (
	mediaPath = "/media"
	// deviceAge is how long a browser is known by its cookie, in seconds.
	deviceAge = 400 * 24 * 60 * 60
)

// mediaKey is the value of the media cookie of a session, from which the token can't be found.
func mediaKey(token []byte) []byte {
	sum := sha256.Sum256(append([]byte("media:"), token...))
	return sum[:]
}

// tokenOf returns the token that a request acts with. Where there is a header Authorization, it alone counts: a student
// and a coach may share a browser. nil: there is none. A token in the URL is never looked at.
func tokenOf(r *http.Request) []byte {
	if headers, ok := r.Header["Authorization"]; ok {
		if len(headers) != 1 {
			return nil
		}
		return parseToken(headers[0])
	}
	return tokenOfCookie(r, sessionCookie)
}

// tokenOfCookie returns the token in a cookie. nil: there is none, or several, of which one may be another's.
func tokenOfCookie(r *http.Request, name string) []byte {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return nil
	}
	return parseToken(cookies[0].Value)
}

func setCookie(w http.ResponseWriter, name, value, path string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: age,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// clean makes text fit for a parameter: valid UTF-8 without NUL, which PostgreSQL knows no text with, and bounded.
func clean(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}
