package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
)

// Listener gives the envelope to what net/http answers by itself, in plain text, before any handler is asked: to a
// request that is none by the rules of HTTP, or whose headers are too long. The auth server hands whatever is not JSON
// to the person as a file.
func Listener(inner net.Listener) net.Listener { return listener{inner} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return envelopeConn{conn}, nil
}

type envelopeConn struct{ net.Conn }

// Write passes on what handlers answer. net/http writes an answer of its own at once, so it is met here as a whole.
func (c envelopeConn) Write(p []byte) (int, error) {
	if !isOwnAnswer(p) {
		return c.Conn.Write(p)
	}
	if _, err := c.Conn.Write(unreadableAnswer()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// isOwnAnswer knows an answer of net/http's own by a head that handlers never write. The head must be whole: of a
// long answer a write may begin in the middle, with what a person wrote, where JSON has no line ends.
func isOwnAnswer(p []byte) bool {
	status, rest, _ := bytes.Cut(p, []byte("\r\n"))
	// a header Expect that net/http does not know is the one case in which it writes no text
	if bytes.HasPrefix(status, []byte("HTTP/1.1 417 ")) || bytes.HasPrefix(status, []byte("HTTP/1.0 417 ")) {
		return bytes.HasPrefix(rest, []byte("Connection: close\r\n")) && bytes.HasSuffix(rest, []byte("\r\n\r\n"))
	}
	return bytes.HasPrefix(status, []byte("HTTP/1.1 ")) &&
		bytes.HasPrefix(rest, []byte("Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"))
}

func unreadableAnswer() []byte {
	body := encodeFailure(failUnreadable)
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		failUnreadable.Status, http.StatusText(failUnreadable.Status), contentType, len(body))
	return append([]byte(head), body...)
}
