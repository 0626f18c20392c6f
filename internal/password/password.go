// Package password computes what the database compares instead of passwords.
//
// No password reaches the database and no hash leaves it. A hid is the form that old auth servers know: a fast SHA-256
// of a card and a password under the pepper. A proof is Argon2id of a hid, with a salt that the database gives. The
// database keeps a hash of the proof, so what it keeps can't be replayed.
package password

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/argon2"
)

// proofLength is the length of a proof in bytes.
const proofLength = 32

// Pepper is the secret of the servers that goes into every hid.
type Pepper string

// Hid returns the hid of a card, in the form in which it was typed, and a password: lower-case hex.
func (p Pepper) Hid(card, password string) string {
	sum := sha256.Sum256([]byte(string(p) + card + password + string(p)))
	return hex.EncodeToString(sum[:])
}

// Digest tells the database which pepper this is, without the pepper.
func (p Pepper) Digest() []byte {
	sum := sha256.Sum256([]byte("energiya pepper:" + string(p)))
	return sum[:]
}

// CardForms returns the forms of a card under which a hid may have been stored: the number without leading zeros, and
// the card as it was typed, where that differs. What is no number has one form.
func CardForms(typed string) []string {
	typed = strings.TrimSpace(typed)
	if typed == "" || strings.Trim(typed, "0123456789") != "" {
		return []string{typed}
	}
	number := strings.TrimLeft(typed, "0")
	if number == "" {
		number = "0"
	}
	if number == typed {
		return []string{typed}
	}
	return []string{number, typed}
}

// Commitment binds a later proof to a hid, before the database gives the salt.
func Commitment(hid string) []byte {
	sum := sha256.Sum256([]byte("commit:" + hid))
	return sum[:]
}

// Params are the parameters of a proof, as the database gives them.
type Params struct {
	Salt   []byte
	Memory uint32 // in KiB
	Passes uint32
	Lanes  uint8
}

// Proof returns the proof of a hid. It takes tens of milliseconds and Memory of memory: servers call it by a Hasher.
func Proof(hid string, p Params) []byte {
	return argon2.IDKey([]byte(hid), p.Salt, p.Passes, p.Memory, p.Lanes, proofLength)
}
