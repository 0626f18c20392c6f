// Package lean is an HTTP client for measurements: in one it shares the cores with the server, and what it needs of
// them the server lacks. A connection belongs to one caller at a time, who waits for the answer himself: no
// goroutines, no pool, no redirects.
package lean

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Server is an energy serve, as the auth server speaks to it.
type Server struct {
	address string
	after   string // of the request line
}

// NewServer gives the server at the URL, which is without /api/v1.
func NewServer(address, token string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the server's URL: %w", err)
	}
	if u.Scheme != "http" || u.Hostname() == "" {
		return nil, fmt.Errorf("the server's URL is %q; it may be http://host:port", address)
	}
	return &Server{
		net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")),
		" HTTP/1.1\r\nHost: " + u.Host + "\r\nToken: " + token + "\r\nContent-Type: application/json\r\nUser-Id: ",
	}, nil
}

// Conn is a connection that is kept alive. Not for two goroutines at once.
type Conn struct {
	*Server
	conn   net.Conn
	read   *bufio.Reader
	write  []byte
	answer []byte
	stop   func() bool
}

// Dial opens a connection. Where ctx ends, the request under way fails.
func (s *Server) Dial(ctx context.Context) (*Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	c := &Conn{Server: s, conn: conn, read: bufio.NewReaderSize(conn, 16<<10)}
	c.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return c, nil
}

// Close ends it.
func (c *Conn) Close() {
	c.stop()
	_ = c.conn.Close()
}

// Do sends a request of an actor to a path below /api/v1 and gives the answer's status and body, which holds until
// the next request. After an error the connection is of no use.
func (c *Conn) Do(method, path string, actor int, body []byte) (int, []byte, error) {
	c.write = append(c.write[:0], method...)
	c.write = append(c.write, " /api/v1"...)
	c.write = append(c.write, path...)
	c.write = append(c.write, c.after...)
	c.write = strconv.AppendInt(c.write, int64(actor), 10)
	if len(body) > 0 {
		c.write = append(c.write, "\r\nContent-Length: "...)
		c.write = strconv.AppendInt(c.write, int64(len(body)), 10)
	}
	c.write = append(c.write, "\r\n\r\n"...)
	c.write = append(c.write, body...)
	if _, err := c.conn.Write(c.write); err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	response, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	if n := response.ContentLength; n >= 0 {
		if int64(cap(c.answer)) < n {
			c.answer = make([]byte, n)
		}
		c.answer = c.answer[:n]
		_, err = io.ReadFull(response.Body, c.answer)
	} else {
		c.answer, err = io.ReadAll(response.Body)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return response.StatusCode, c.answer, nil
}
