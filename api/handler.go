package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httplog/v2"

	"energiya/db"
	"energiya/internal/gate"
)

const (
	// sqlCall calls one function of the schema wire. Its name comes from the router, never from a request.
	// wire.actor finds out in the same statement who acts.
	sqlCall = "select wire.%s(wire.actor($1, $4), $2, $3)"

	maxBody = 1 << 20
	// smallBody is more than nearly all requests have. A body that is larger needs one of the places for such: the
	// queue before the database holds tens of thousands of requests, but not a mebibyte of each.
	smallBody = 8 << 10
	maxLarge  = 64
	// maxDrain is how much of a body that is too large is read and thrown away. A client that is cut
	// off while it still writes sees a broken connection instead of the answer.
	maxDrain = 16 << 20

	contentType = "application/json; charset=utf-8"
)

// call is the handler of one endpoint: the body goes to a function of wire, what it returns goes back.
func (s *server) call(share *gate.Share, function string) http.HandlerFunc {
	sql := fmt.Sprintf(sqlCall, function)
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
		if body, err = s.hashPasswords(ctx, share, r, function, body); err != nil {
			s.fail(w, r, err)
			return
		}
		data, err := s.query(ctx, share, r, sql, body)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		writeData(w, data)
	}
}

// query calls a function of wire when it is the request's turn. The place before the database is given back before the
// answer is written: whoever reads slowly holds up nobody.
func (s *server) query(
	ctx context.Context,
	share *gate.Share,
	r *http.Request,
	sql string,
	body []byte,
) (data []byte, err error) {
	leave, err := share.Enter(ctx)
	if err != nil {
		return nil, s.explain(ctx, r, err)
	}
	defer leave()
	pool := s.Pool
	// What is read for a report keeps no connection from those who enrol.
	if share == s.reports && s.ReportPool != nil {
		pool = s.ReportPool
	}
	// The body goes as text: so it is understood in each of pgx's query modes.
	a := actorOf(r)
	call := func() error {
		return pool.QueryRow(ctx, sql, a.id, string(body), requestIDOf(r.Context()), a.session).Scan(&data)
	}
	// The argument wire.actor waits for an installation of the functions, which replaces the function that is called
	// next.
	if err = call(); db.IsReplacedFunction(err) {
		err = call()
	}
	if err == nil && data == nil {
		err = errNoData
	}
	if err != nil {
		return nil, s.explain(ctx, r, err)
	}
	return data, nil
}

// readBody is the request's body as one JSON object in valid UTF-8; no body at all is an empty object. Where there is
// no error, forget is to be called when it is needed no more.
func (s *server) readBody(w http.ResponseWriter, r *http.Request) (body []byte, forget func(), err error) {
	body, forget, err = s.receive(r)
	if err != nil {
		return nil, nil, err
	}
	setReadDeadline(w, time.Time{})
	if len(body) == 0 {
		return []byte("{}"), forget, nil
	}
	if err := checkBody(r, body); err != nil {
		forget()
		return nil, nil, err
	}
	return body, forget, nil
}

// receive is the body as it comes.
func (s *server) receive(r *http.Request) (body []byte, forget func(), err error) {
	if r.ContentLength > maxBody+maxDrain {
		return nil, nil, failTooLarge // it would be cut off anyway
	}
	var read bytes.Buffer
	var into io.Writer = &read
	forget = func() {}
	size, err := io.CopyN(into, r.Body, smallBody+1)
	if err == nil {
		select {
		case s.large <- struct{}{}:
			forget = func() { <-s.large }
		default:
			into = io.Discard // whoever is cut off while he still writes sees no answer
		}
		var rest int64
		rest, err = io.CopyN(into, r.Body, maxBody-smallBody)
		size += rest
	}
	switch {
	case size > maxBody:
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		err = failTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = failSlowBody
	case !errors.Is(err, io.EOF):
		err = failCutBody
	case into == io.Discard:
		err = failUnavailable
	default:
		return read.Bytes(), forget, nil
	}
	forget()
	return nil, nil, err
}

// checkBody tells what keeps a body from being a JSON object.
func checkBody(r *http.Request, body []byte) error {
	// A broken parameter behind the type (charset and the like) is nobody's harm.
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case mediaType != "application/json":
		return failNotJSON
	case !utf8.Valid(body):
		return failNotUTF8
	case !json.Valid(body):
		return failBrokenJSON
	case bytes.TrimLeft(body, " \t\r\n")[0] != '{':
		return failNotObject
	}
	return nil
}

// alive answers as long as the process does.
func (s *server) alive(w http.ResponseWriter, _ *http.Request) {
	writeData(w, []byte(`{"result":true}`))
}

// ready answers whether requests can be served.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.isStopping() {
		leaveOutOfLog(r.Context())
		s.fail(w, r, failStopping)
		return
	}
	s.checkReady(http.HandlerFunc(s.alive)).ServeHTTP(w, r)
}

func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, failNotFound)
}

// methodNotAllowed looks for the path itself: with a method that chi does not know, chi comes here before
// it has looked.
func (s *server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	methods := s.methods[r.URL.EscapedPath()]
	if len(methods) == 0 {
		s.fail(w, r, failNotFound)
		return
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	s.fail(w, r, failMethod)
}

// methodsOf lists the methods of each path, for the header Allow.
func methodsOf(r chi.Routes) map[string][]string {
	methods := map[string][]string{}
	note := func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		methods[path] = append(methods[path], method)
		return nil
	}
	// note never fails, so Walk does not either.
	_ = chi.Walk(r, note)
	return methods
}

// fail answers with the envelope of an error. Errors that have no sentence of their own are faults of ours.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	var busy *gate.BusyError
	switch {
	case errors.As(err, &busy):
		f = failUnavailable
		if busy.Share == shareOfReports {
			f = failManyReports
		}
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(busy.Wait.Seconds())))))
	case !errors.As(err, &f):
		f = failInternal
		httplog.LogEntrySetField(r.Context(), "cause", causeOf(err))
	}
	writeFailure(w, f)
}

// writeData puts data, which is JSON, into the envelope of a success.
func writeData(w http.ResponseWriter, data []byte) {
	// In pieces: a large answer put together would be in memory twice.
	write(w, http.StatusOK, []byte(`{"error":false,"data":`), data, []byte(`}`))
}

func writeFailure(w http.ResponseWriter, f *failure) {
	if f.Status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "1")
	}
	write(w, f.Status, encodeFailure(f))
}

// encodeFailure is the envelope of an error.
func encodeFailure(f *failure) []byte {
	var answer bytes.Buffer
	encoder := json.NewEncoder(&answer)
	encoder.SetEscapeHTML(false)
	// Plain fields and a buffer: there is nothing that could fail here.
	_ = encoder.Encode(struct {
		Error   bool   `json:"error"`
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
		Rule    string `json:"rule,omitempty"`
		Field   string `json:"field,omitempty"`
	}{true, f.Type, f.Message, f.Rule, f.Field})
	return answer.Bytes()
}

func write(w http.ResponseWriter, status int, pieces ...[]byte) {
	size := 0
	for _, piece := range pieces {
		size += len(piece)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	for _, piece := range pieces {
		// A client that hung up does not read the answer: that is no error of the server.
		if _, err := w.Write(piece); err != nil { // #nosec G705 -- JSON, and said to be
			return
		}
	}
}
