package api

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"

	"energiya/internal/gate"
	"energiya/internal/password"
)

const (
	sqlPepperFits   = `select wire.pepper_fits($1)`
	sqlPasswordStep = `select wire.password_step($1, wire.actor($2, $3), $4, true)`
)

// errPepper says that a password hashed here would let nobody in.
var errPepper = errors.New("the pepper is not the one of the database (ENERGY_PEPPER_FILE)")

// passwords names, for each function that takes passwords, the field of the old one and that of the new one.
var passwords = map[string]struct{ endpoint, old, chosen string }{
	"user_create":        {"user/create", "", "password"},
	"user_edit_password": {"user/edit-password", "oldPassword", "newPassword"},
	"user_edit_any":      {"user/edit-any", "", "newPassword"},
}

// hashPasswords replaces the passwords of a request by what the database compares. Without a pepper they go on as they
// are: the database hashes them itself, as long as it still keeps old hashes.
func (s *server) hashPasswords(ctx context.Context, share *gate.Share, r *http.Request, function string, body []byte,
) ([]byte, error) {
	names, ok := passwords[function]
	if !ok {
		return body, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, failBrokenJSON
	}
	// Only this server says what a password has become.
	delete(fields, "passwordProof")
	delete(fields, "oldPasswordProof")
	chosen, isText := textOf(fields[names.chosen])
	if s.Pepper != "" && isText {
		step, err := s.passwordStep(ctx, share, r, names.endpoint, fields)
		if err != nil {
			return nil, err
		}
		if step.Hash == "go" {
			if err := s.prove(ctx, fields, step, names.old, names.chosen, chosen); err != nil {
				return nil, err
			}
		}
	}
	return json.Marshal(fields)
}

// passwordStep is what the database says of the passwords of a request.
type passwordStep struct {
	Hash   string `json:"hash"` // "go": here; "sql": in the database
	Card   int    `json:"card"`
	Salt   string `json:"salt"`
	Memory uint32 `json:"memory_kib"`
	Passes uint32 `json:"passes"`
	Lanes  uint8  `json:"lanes"`
}

// passwordStep asks the database where the passwords of a request are to be hashed. It never sees them.
func (s *server) passwordStep(ctx context.Context, share *gate.Share, r *http.Request, endpoint string,
	fields map[string]json.RawMessage,
) (step passwordStep, err error) {
	leave, err := share.Enter(ctx)
	if err != nil {
		return step, s.explain(ctx, r, err)
	}
	defer leave()
	if !s.pepperFits.Load() {
		var fits *bool
		if err := s.Pool.QueryRow(ctx, sqlPepperFits, s.Pepper.Digest()).Scan(&fits); err != nil {
			return step, s.explain(ctx, r, err)
		}
		if fits != nil && !*fits {
			return step, errPepper
		}
		s.pepperFits.Store(true)
	}
	whose, err := json.Marshal(
		map[string]json.RawMessage{"id": orNull(fields["id"]), "studentCard": orNull(fields["studentCard"])},
	)
	if err != nil {
		return step, err
	}
	a := actorOf(r)
	var raw []byte
	if err := s.Pool.QueryRow(ctx, sqlPasswordStep, endpoint, a.id, a.session, string(whose)).Scan(&raw); err != nil {
		return step, s.explain(ctx, r, err)
	}
	if err := json.Unmarshal(raw, &step); err != nil {
		return step, fmt.Errorf("reading the step of passwords: %w", err)
	}
	return step, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// prove puts proofs in the place of passwords.
func (s *server) prove(
	ctx context.Context,
	fields map[string]json.RawMessage,
	step passwordStep,
	oldField, field, chosen string,
) error {
	salt, err := hex.DecodeString(step.Salt)
	if err != nil {
		return fmt.Errorf("reading a salt: %w", err)
	}
	card := strconv.Itoa(step.Card)
	hids := []string{s.Pepper.Hid(card, chosen)}
	old, hasOld := textOf(fields[oldField])
	if hasOld {
		hids = append(hids, s.Pepper.Hid(card, old))
	}
	proofs, err := s.hasher.Proofs(ctx, hids, password.Params{
		Salt: salt, Memory: step.Memory, Passes: step.Passes, Lanes: step.Lanes,
	})
	if busy := new(password.BusyError); errors.As(err, &busy) || errors.Is(err, context.DeadlineExceeded) {
		return failUnavailable
	}
	if err != nil {
		return err
	}
	delete(fields, field)
	fields["passwordProof"], err = json.Marshal(map[string]any{
		"length": utf8.RuneCountInString(chosen), "hid": hids[0], "proof": hex.EncodeToString(proofs[0]),
	})
	if err == nil && hasOld {
		delete(fields, oldField)
		fields["oldPasswordProof"], err = json.Marshal(
			map[string]any{"hid": hids[1], "proof": hex.EncodeToString(proofs[1])},
		)
	}
	return err
}

// textOf returns a field that is text. What is none, the database refuses by the field's name.
func textOf(raw json.RawMessage) (string, bool) {
	var text string
	if len(raw) == 0 || json.Unmarshal(raw, &text) != nil || string(raw) == "null" {
		return "", false
	}
	return text, true
}
