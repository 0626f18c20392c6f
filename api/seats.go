package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"energiya/internal/gate"
)

// headerServerTime tells the server's time beside a document that does not change with it.
const headerServerTime = "Server-Time"

// seats is the handler of the free seats, which are the same for everybody. Its answer has an ETag, and whoever
// sends the ETag back gets 304 without a body as long as nothing has changed.
func (s *server) seats(share *gate.Share) http.HandlerFunc {
	sql := fmt.Sprintf(sqlCall, "avtime_seats")
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if s.RequestTimeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.RequestTimeout)
			defer cancel()
		}
		body, forget, err := s.readBody(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer forget()
		data, err := s.query(ctx, share, r, sql, body)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		var found struct {
			ServerTime string          `json:"serverTime"`
			Seats      json.RawMessage `json:"seats"`
		}
		if err := json.Unmarshal(data, &found); err != nil {
			s.fail(w, r, fmt.Errorf("reading the seats: %w", err))
			return
		}

		sum := sha256.Sum256(found.Seats)
		tag := `"` + hex.EncodeToString(sum[:12]) + `"`
		w.Header().Set(headerServerTime, found.ServerTime)
		w.Header().Set("ETag", tag)
		// Kept by whoever likes to, and asked for again before it is used.
		w.Header().Set("Cache-Control", "no-cache")
		if matches(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		writeData(w, found.Seats)
	}
}

// matches reports whether one of the ETags that a client has is tag, compared weakly as RFC 9110 asks for GET.
func matches(headers []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}
