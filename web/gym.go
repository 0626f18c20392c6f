package web

import (
	"context"
	"io"
	"time"
)

// Gym is the main server's contract. internal/gymclient implements it.
//
// An error of the main server, or that it cannot be reached, is a *gymclient.Error.
type Gym interface {
	// Call calls an endpoint ("POST /entry/get") for the holder of a session, sends in as JSON and reads the data into
	// out. An empty session calls without an actor; a nil in sends no body; a nil out ignores the data.
	Call(ctx context.Context, session, endpoint string, in, out any) error
	// Download is Call for a file, which the caller closes.
	Download(ctx context.Context, session, endpoint string, in any) (
		file io.ReadCloser, name, contentType string, err error)
	// Document reads a document that is the same for everybody. Where it still has the tag etag, out stays as it is.
	Document(ctx context.Context, endpoint, etag string, out any) (newETag string, serverTime time.Time, err error)
}
