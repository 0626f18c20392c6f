package auth

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-chi/httplog/v2"

	"energiya/internal/gymclient"
)

// mainPath is what a path of the main server can be, below /api/v1.
var mainPath = regexp.MustCompile(`^/[a-z][a-z0-9_-]{0,40}(/[a-z][a-z0-9_-]{0,40}){1,2}$`)

// polled are the documents that a page asks for by itself, again and again. That keeps no session alive.
var polled = map[string]bool{"/avtime/seats": true, "/entry/window": true}

// passedOn are the headers of an answer that reach the client.
var passedOn = []string{"Content-Disposition", "Content-Length", "ETag", "Server-Time", "Retry-After"}

// forward passes a request on to the main server, and the answer back, both as streams.
func (s *server) forward(w http.ResponseWriter, r *http.Request) error {
	// A path that no endpoint can have is not sent anywhere.
	path := strings.TrimPrefix(r.URL.EscapedPath(), basePath)
	if method, isOwn := ownPaths[path]; isOwn {
		w.Header().Set("Allow", method)
		return failMethod
	}
	if !mainPath.MatchString(path) || strings.HasPrefix(path, "/auth/") {
		return failNotFound
	}
	token, err := s.admit(r, path)
	if err != nil {
		return err
	}
	request := gymclient.Request{
		Method:      r.Method,
		Path:        path,
		IsFile:      strings.HasPrefix(path, "/report/"),
		IfNoneMatch: clean(r.Header.Get("If-None-Match"), maxCard),
	}
	if token != nil {
		request.Actor.Session = encodeToken(token)
	}
	body := &noted{Reader: r.Body}
	if r.ContentLength != 0 {
		if r.ContentLength > maxBody {
			return failTooLarge
		}
		if !isJSON(r) {
			return failNotJSON
		}
		request.Body, request.Length, request.ContentType = body, r.ContentLength, contentType
	}
	response, err := s.Gym.Send(r.Context(), request)
	if err != nil {
		if failed := body.err; failed != nil {
			return bodyError(failed)
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return passBack(w, r, response)
}

// admit asks the database whether the request's person may call an endpoint. It returns the token to act with; nil:
// nobody acts. Where anybody may call, a dead token counts as none.
func (s *server) admit(r *http.Request, path string) ([]byte, error) {
	token := tokenOf(r)
	session, err := s.Accounts.store.session(r.Context(), token, !polled[path], path[1:])
	if err != nil {
		return nil, err
	}
	may := session.May != nil && *session.May
	switch {
	case session.Live:
		httplog.LogEntrySetField(r.Context(), "actor", slog.IntValue(session.UserID))
		if !may {
			return nil, failRights
		}
		return token, nil
	case may:
		return nil, nil
	}
	return nil, ErrNoSession
}

// passBack streams an answer of the main server. Only the envelope of an error is written anew, since its names differ.
func passBack(w http.ResponseWriter, r *http.Request, response *http.Response) error {
	isFresh := response.StatusCode == http.StatusNotModified
	if response.StatusCode != http.StatusOK && !isFresh {
		return gymclient.ReadError(response)
	}
	h := w.Header()
	for _, name := range passedOn {
		if values, ok := response.Header[http.CanonicalHeaderKey(name)]; ok {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	switch {
	case isFresh:
		w.WriteHeader(response.StatusCode)
		return nil
	case gymclient.IsJSON(response.Header):
		h.Set("Content-Type", contentType)
	case response.Header.Get("Content-Disposition") == "":
		// The page of some other server is no file of ours.
		h.Del("Content-Length")
		return gymclient.ReadError(response)
	default:
		h.Set("Content-Type", response.Header.Get("Content-Type"))
	}
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(&prompt{w, http.NewResponseController(w)}, response.Body); err != nil {
		// Too late to say so, but not to let the client see that it has not got all.
		httplog.LogEntrySetField(r.Context(), "cause", causeOf(err))
		panic(http.ErrAbortHandler)
	}
	return nil
}

// prompt sends each part of an answer as soon as it comes. It hides the ReadFrom of what it writes to.
type prompt struct {
	io.Writer

	control *http.ResponseController
}

func (p *prompt) Write(part []byte) (int, error) {
	n, err := p.Writer.Write(part)
	if err == nil {
		err = p.control.Flush()
	}
	return n, err
}

// noted remembers why reading a client's body failed: the call of the main server fails by it too.
type noted struct {
	io.Reader

	err error
}

func (n *noted) Read(p []byte) (int, error) {
	read, err := n.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return read, err
}
