package gymclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The rule by which the main server refuses a session that is over.
const ruleSessionOver = "session_over"

// Error is a refusal, as a person may see it.
type Error struct {
	// Status is that of the main server, with two exceptions. Its 401 says that the servers disagree about their token,
	// which no person can change: it becomes 503. A session that is over becomes 401.
	Status int
	// Type is the error_type of the contract.
	Type string
	// Message is a sentence in Russian that says what to do.
	Message string
	// Rule is the name of the rule that refused; "" where none did.
	Rule string
	// RetryAfter says when to ask again; 0 where nothing is said.
	RetryAfter time.Duration

	cause error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Type, e.Message)
	if e.cause != nil {
		text += " (" + e.cause.Error() + ")"
	}
	return text
}

// Unwrap returns what happened, for the log.
func (e *Error) Unwrap() error { return e.cause }

// unavailable is what a person is told where the main server can't answer.
func unavailable(cause error) *Error {
	return &Error{
		Status:     http.StatusServiceUnavailable,
		Type:       "Unavailable",
		Message:    "Сервер сейчас недоступен. Повторите через несколько секунд.",
		RetryAfter: retryAfter,
		cause:      cause,
	}
}

// unreachable says what kept a call from being answered. A caller who hung up gets the end of his context.
func (c *Client) unreachable(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errLate):
		return unavailable(errLate)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return unavailable(err)
}

// ReadError reads the envelope of an answer whose status is not 200. It does not close the body.
func ReadError(response *http.Response) *Error {
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxError))
	var envelope struct {
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
		Rule    string `json:"rule"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &envelope)
	}
	if err != nil || envelope.Type == "" || envelope.Message == "" {
		return notJSON(response)
	}
	if response.StatusCode == http.StatusUnauthorized {
		return unavailable(errors.New("the main server does not accept the token"))
	}
	e := &Error{
		Status:     response.StatusCode,
		Type:       envelope.Type,
		Message:    envelope.Message,
		Rule:       cmp.Or(envelope.Rule, response.Header.Get("Rule")),
		RetryAfter: readRetryAfter(response.Header),
	}
	if e.Rule == ruleSessionOver {
		e.Status = http.StatusUnauthorized
	}
	return e
}

// notJSON is an answer that is not the contract's, such as the page of another server at this address.
func notJSON(response *http.Response) *Error {
	return unavailable(fmt.Errorf("the main server's answer is not the contract's: status %d, Content-Type %q",
		response.StatusCode, response.Header.Get("Content-Type")))
}

func readRetryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
