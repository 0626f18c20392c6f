package rush

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// slot is a row of avtime/get.
type slot struct {
	ID        int
	Weekday   int
	Available bool
}

// taken is a row of the answer to entry/create.
type taken struct {
	SelectedTime int
	Error        bool
}

// refusal is a LogicError: an answer, though not the one wished for.
type refusal struct{ message string }

func (r *refusal) Error() string { return r.message }

// client speaks as the auth server does. It is lean, since in a measurement it shares the cores with the server.
type client struct {
	http      *http.Transport
	get, post *url.URL
	header    http.Header
}

func newClient(o Options) (*client, error) {
	get, err := url.Parse(strings.TrimSuffix(o.URL, "/") + "/api/v1/avtime/get")
	if err != nil {
		return nil, fmt.Errorf("the server's URL: %w", err)
	}
	return &client{
		http: &http.Transport{
			MaxConnsPerHost:     o.Connections,
			MaxIdleConnsPerHost: o.Connections,
			MaxIdleConns:        o.Connections,
			DisableCompression:  true,
		},
		get:    get,
		post:   get.JoinPath("../../entry/create"),
		header: http.Header{"Token": {o.Token}, "Content-Type": {"application/json"}},
	}, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// request is ready to be sent, once.
type request struct {
	*http.Request
	slots []slot
}

// choice makes the request that chooses slots.
func (c *client) choice(ctx context.Context, student int, slots []slot) (*request, error) {
	body, err := json.Marshal(map[string][]int{"selectedTimes": ids(slots)})
	if err != nil {
		return nil, fmt.Errorf("writing a choice: %w", err)
	}
	r := c.request(ctx, http.MethodPost, c.post, student)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return &request{r, slots}, nil
}

func (c *client) request(ctx context.Context, method string, to *url.URL, student int) *http.Request {
	header := make(http.Header, 3)
	header["Token"], header["Content-Type"] = c.header["Token"], c.header["Content-Type"]
	header["User-Id"] = []string{strconv.Itoa(student)}
	r := &http.Request{Method: method, URL: to, Host: to.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	return r.WithContext(ctx)
}

// choose sends a choice and gives what was said of each slot, in the order of the choice.
func (c *client) choose(r *request) ([]taken, error) {
	var told []taken
	if err := c.send(r.Request, &told); err != nil {
		return nil, err
	}
	if len(told) != len(r.slots) {
		return nil, fmt.Errorf("%d slots chosen, %d answered", len(r.slots), len(told))
	}
	for i, t := range told {
		if t.SelectedTime != r.slots[i].ID {
			return nil, fmt.Errorf("slot %d chosen, slot %d answered", r.slots[i].ID, t.SelectedTime)
		}
	}
	return told, nil
}

// list is next month's slots as the student sees them.
func (c *client) list(ctx context.Context, student int) ([]slot, error) {
	var slots []slot
	err := c.send(c.request(ctx, http.MethodGet, c.get, student), &slots)
	return slots, err
}

// send reads the envelope's data into data. A LogicError is a *refusal.
func (c *client) send(r *http.Request, data any) error {
	response, err := c.http.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer to %s %s: %w", r.Method, r.URL.Path, err)
	}
	envelope := struct {
		Data    any    `json:"data"`
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
	}{Data: data}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return fmt.Errorf("reading the answer to %s %s (status %d): %w", r.Method, r.URL.Path, response.StatusCode, err)
	}
	switch {
	case response.StatusCode == http.StatusOK:
		return nil
	case envelope.Type == "LogicError":
		return &refusal{envelope.Message}
	}
	return fmt.Errorf("%s %s: status %d %s: %s", r.Method, r.URL.Path, response.StatusCode, envelope.Type, envelope.Message)
}
