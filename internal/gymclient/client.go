// Package gymclient calls the main server over its contract (docs/openapi.yaml).
//
// It keeps connections alive, bounds every wait, carries the request id on, and turns what goes wrong into an Error
// that can be shown to a person. While the main server can't be reached, calls fail at once.
package gymclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

const (
	basePath = "/api/v1"

	// maxIdle is how many connections are kept for the next call. The crowd of the opening comes in one second.
	maxIdle = 512
	// idleTimeout is shorter than the main server's: the client closes first, so no call meets a connection that has
	// just been closed.
	idleTimeout = 90 * time.Second
	dialTimeout = time.Second
	// maxError bounds what is read of an error's envelope, in bytes.
	maxError = 64 << 10
	// maxAnswer bounds what Call reads of an answer, in bytes.
	maxAnswer = 64 << 20
	// retryAfter is when a caller may try again after the main server could not be reached.
	retryAfter = 2 * time.Second
)

// Options say how to reach the main server.
type Options struct {
	// URL is the main server's address, such as http://127.0.0.1:5010, without the contract's base path.
	URL string
	// Token returns the secret that the main server knows this client by.
	Token func() string
	// Refused is told that the main server did not accept the token. Nil: nobody is told.
	Refused func()
	// Timeout bounds a call: a little more than the main server's own deadline, so that its answer arrives. 0: none.
	Timeout time.Duration
	// FileTimeout bounds the wait for a file's first byte, and each further wait for more of it. 0: none.
	FileTimeout time.Duration
}

// Client calls one main server. It is safe for concurrent use.
type Client struct {
	o    Options
	base *url.URL
	http *http.Client
	line *line
}

// New makes a client. Nothing is connected before the first call. Close ends it.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a server: it may be http://127.0.0.1:5010", o.URL)
	}
	base = base.JoinPath(basePath)
	l := newLine(&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second})
	return &Client{
		o:    o,
		base: base,
		line: l,
		http: &http.Client{
			Transport: &http.Transport{
				DialContext:         l.dial,
				MaxIdleConns:        maxIdle,
				MaxIdleConnsPerHost: maxIdle,
				IdleConnTimeout:     idleTimeout,
				TLSHandshakeTimeout: 2 * time.Second,
				// Answers are passed on as they are.
				DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close closes idle connections and stops looking for a main server that is away.
func (c *Client) Close() {
	c.line.close()
	c.http.CloseIdleConnections()
}

// Actor is who a call is made for. The zero value is nobody.
type Actor struct {
	// Session is the token of the person's session.
	Session string
	// UserID is the person's id, for a main server that accepts a bare one. It is not looked at where Session is set.
	UserID int
}

// Request is one call as it goes over the wire.
type Request struct {
	Method, Path string // the path after /api/v1, such as /entry/get
	Actor        Actor
	Body         io.Reader // nil: none
	ContentType  string    // of Body
	Length       int64     // of Body in bytes; -1: unknown
	IsFile       bool      // the answer may take as long as a file takes
	IfNoneMatch  string    // the tag of a document that the caller has; "": none
}

// Send makes a call and returns the answer as it comes, whatever its status. The caller must close its body. The error
// is an *Error where the main server could not be reached or did not answer in time.
func (c *Client) Send(ctx context.Context, r Request) (*http.Response, error) {
	timeout := c.o.Timeout
	if r.IsFile {
		timeout = c.o.FileTimeout
	}
	ctx, cancel := context.WithCancelCause(ctx)
	w := watch(timeout, func() { cancel(errLate) })
	response, err := c.send(ctx, r)
	if err != nil {
		w.stop()
		err = c.unreachable(ctx, err)
		cancel(nil)
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized && c.o.Refused != nil {
		c.o.Refused()
	}
	response.Body = &body{ReadCloser: response.Body, ctx: ctx, watch: w, renew: r.IsFile, cancel: cancel}
	return response, nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	target := *c.base
	target.Path += r.Path
	request, err := http.NewRequestWithContext(ctx, r.Method, target.String(), r.Body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil && r.Length != 0 {
		request.ContentLength = r.Length
	}
	h := request.Header
	h.Set("Token", c.o.Token())
	h.Set("User-Agent", "energy")
	h["user-id"] = []string{r.Actor.userID()} // the contract writes it in small letters
	if r.Actor.Session != "" {
		h.Set("Session", r.Actor.Session)
	}
	if r.ContentType != "" {
		h.Set("Content-Type", r.ContentType)
	}
	if r.IfNoneMatch != "" {
		h.Set("If-None-Match", r.IfNoneMatch)
	}
	if id := middleware.GetReqID(ctx); id != "" {
		h.Set("X-Request-Id", id)
	}
	return c.http.Do(request)
}

func (a Actor) userID() string {
	if a.Session != "" || a.UserID == 0 {
		return "None"
	}
	return strconv.Itoa(a.UserID)
}

// Call calls an endpoint, such as "POST /entry/get", for the holder of a session; "" is nobody. in is sent as JSON;
// nil sends no body. The answer's data goes into out; nil ignores it. The error is an *Error wherever something can be
// said to the person.
func (c *Client) Call(ctx context.Context, session, endpoint string, in, out any) error {
	return c.CallAs(ctx, Actor{Session: session}, endpoint, in, out)
}

// CallAs is Call for any kind of actor.
func (c *Client) CallAs(ctx context.Context, as Actor, endpoint string, in, out any) error {
	response, err := c.ask(ctx, Request{Actor: as}, endpoint, in)
	if err != nil {
		return err
	}
	return c.read(ctx, response, endpoint, out)
}

// Document reads a document that is the same for everybody, such as "GET /avtime/seats". etag is the tag of the one
// that the caller has; where it is still in force, out stays as it is. serverTime is the main server's clock.
func (c *Client) Document(
	ctx context.Context, endpoint, etag string, out any,
) (newETag string, serverTime time.Time, err error) {
	response, err := c.ask(ctx, Request{IfNoneMatch: etag}, endpoint, nil)
	if err != nil {
		return "", time.Time{}, err
	}
	newETag = response.Header.Get("ETag")
	serverTime, _ = time.Parse(time.RFC3339, response.Header.Get("Server-Time"))
	if response.StatusCode == http.StatusNotModified {
		return newETag, serverTime, response.Body.Close()
	}
	return newETag, serverTime, c.read(ctx, response, endpoint, out)
}

// read reads the data of an envelope into out, and closes the answer.
func (c *Client) read(ctx context.Context, response *http.Response, endpoint string, out any) error {
	defer func() { _ = response.Body.Close() }()
	if !IsJSON(response.Header) {
		return notJSON(response)
	}
	answer := struct {
		Data any `json:"data"`
	}{out}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return c.unreachable(ctx, fmt.Errorf("reading the answer of %s: %w", endpoint, err))
	}
	// The connection is kept only if the answer was read to its end.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxError))
	return nil
}

// Download calls an endpoint that answers with a file, such as "POST /report/visits". The caller must close the file.
// name is the file's name that the main server gave, "" where it gave none.
func (c *Client) Download(
	ctx context.Context, session, endpoint string, in any,
) (file io.ReadCloser, name, contentType string, err error) {
	return c.DownloadAs(ctx, Actor{Session: session}, endpoint, in)
}

// DownloadAs is Download for any kind of actor.
func (c *Client) DownloadAs(
	ctx context.Context, as Actor, endpoint string, in any,
) (file io.ReadCloser, name, contentType string, err error) {
	response, err := c.ask(ctx, Request{Actor: as, IsFile: true}, endpoint, in)
	if err != nil {
		return nil, "", "", err
	}
	if IsJSON(response.Header) {
		_ = response.Body.Close()
		return nil, "", "", notJSON(response)
	}
	_, params, _ := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	return response.Body, params["filename"], response.Header.Get("Content-Type"), nil
}

// ask sends in and returns an answer of status 200, or 304 where the request has a tag. Anything else is an error.
func (c *Client) ask(ctx context.Context, request Request, endpoint string, in any) (*http.Response, error) {
	request.Method, request.Path, _ = strings.Cut(endpoint, " ")
	if in != nil {
		sent, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("writing the body of %s: %w", endpoint, err)
		}
		request.Body, request.Length, request.ContentType = bytes.NewReader(sent), int64(len(sent)), "application/json"
	}
	response, err := c.Send(ctx, request)
	if err != nil {
		return nil, err
	}
	isFresh := response.StatusCode == http.StatusNotModified && request.IfNoneMatch != ""
	if response.StatusCode != http.StatusOK && !isFresh {
		defer func() { _ = response.Body.Close() }()
		return nil, ReadError(response)
	}
	return response, nil
}

// IsJSON reports whether an answer is the envelope, not a file.
func IsJSON(h http.Header) bool {
	mediaType, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return mediaType == "application/json"
}

var errLate = errors.New("the main server did not answer in time")

// body is an answer that is being read. Closing it ends the call.
type body struct {
	io.ReadCloser
	ctx    context.Context
	watch  *watchdog
	renew  bool
	cancel context.CancelCauseFunc
}

// Read renews the watch of a file: it may take long in all, but no part of it may.
func (b *body) Read(p []byte) (int, error) {
	if b.renew {
		b.watch.renew()
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), errLate) {
		err = errLate
	}
	return n, err
}

func (b *body) Close() error {
	b.watch.stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// watchdog calls a function when a wait takes too long.
type watchdog struct {
	timer *time.Timer
	after time.Duration
}

func watch(after time.Duration, late func()) *watchdog {
	if after <= 0 {
		return &watchdog{}
	}
	return &watchdog{timer: time.AfterFunc(after, late), after: after}
}

func (w *watchdog) renew() {
	if w.timer != nil {
		w.timer.Reset(w.after)
	}
}

func (w *watchdog) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
