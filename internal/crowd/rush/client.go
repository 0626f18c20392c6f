package rush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"energiya/internal/crowd/lean"
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

// client speaks as the auth server does, over connections that all students share.
type client struct {
	places chan *place
}

// place is where a student gets through: a connection, or nil until one is needed.
type place struct {
	server *lean.Server
	conn   *lean.Conn
}

func newClient(o Options) (*client, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("a rush needs a server")
	}
	c := &client{places: make(chan *place, o.Connections)}
	servers := make([]*lean.Server, len(o.URLs))
	for i, url := range o.URLs {
		var err error
		if servers[i], err = lean.NewServer(url, o.Token); err != nil {
			return nil, err
		}
	}
	for i := range o.Connections {
		c.places <- &place{server: servers[i%len(servers)]}
	}
	return c, nil
}

func (c *client) close() {
	for range cap(c.places) {
		if p := <-c.places; p.conn != nil {
			p.conn.Close()
		}
	}
}

// choice is the wish for slots, ready to be sent.
type choice struct {
	slots []slot
	body  []byte
}

func newChoice(slots []slot) (choice, error) {
	body, err := json.Marshal(map[string][]int{"selectedTimes": ids(slots)})
	if err != nil {
		return choice{}, fmt.Errorf("writing a choice: %w", err)
	}
	return choice{slots, body}, nil
}

// choose sends a choice and gives what was said of each slot, in the order of the choice.
func (c *client) choose(ctx context.Context, student int, wish choice) ([]taken, error) {
	var told []taken
	if err := c.send(ctx, http.MethodPost, "/entry/create", student, wish.body, &told); err != nil {
		return nil, err
	}
	if len(told) != len(wish.slots) {
		return nil, fmt.Errorf("%d slots chosen, %d answered", len(wish.slots), len(told))
	}
	for i, t := range told {
		if t.SelectedTime != wish.slots[i].ID {
			return nil, fmt.Errorf("slot %d chosen, slot %d answered", wish.slots[i].ID, t.SelectedTime)
		}
	}
	return told, nil
}

// list is next month's slots as the student sees them.
func (c *client) list(ctx context.Context, student int) ([]slot, error) {
	var slots []slot
	err := c.send(ctx, http.MethodGet, "/avtime/get", student, nil, &slots)
	return slots, err
}

// send waits for a place and reads the envelope's data into data. A LogicError is a *refusal.
func (c *client) send(ctx context.Context, method, path string, student int, body []byte, data any) (err error) {
	p := <-c.places
	defer func() { c.places <- p }()
	if p.conn == nil {
		if p.conn, err = p.server.Dial(ctx); err != nil {
			return err
		}
	}
	status, answer, err := p.conn.Do(method, path, student, body)
	if err != nil {
		p.conn.Close()
		p.conn = nil
		return err
	}
	envelope := struct {
		Data    any    `json:"data"`
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
	}{Data: data}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return fmt.Errorf("reading the answer to %s %s (status %d): %w", method, path, status, err)
	}
	switch {
	case status == http.StatusOK:
		return nil
	case envelope.Type == "LogicError":
		return &refusal{envelope.Message}
	}
	return fmt.Errorf("%s %s: status %d %s: %s", method, path, status, envelope.Type, envelope.Message)
}
