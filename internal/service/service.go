// Package service is what all servers of the program do around their handlers: they listen, say whether they are
// ready, answer those who watch over them, and stop in a stated order.
package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

const (
	// headerTimeout is how long the headers of a request may take.
	headerTimeout = 5 * time.Second
	// idleTimeout is how long a connection without requests is kept.
	idleTimeout = 2 * time.Minute
	// sendTime is what a client that reads slowly has beyond the deadline of its request.
	sendTime = 30 * time.Second
	// maxHeader bounds the headers of a request, in bytes.
	maxHeader = 16 << 10
	// cutOffTime is how long connections that were cut off may take to notice.
	cutOffTime = time.Second
)

// Listen opens the address that a setting names. The error is one sentence that says what to do.
func Listen(ctx context.Context, address, setting string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf(
			"%s is in use by another program: stop it, or name another address by %s",
			address,
			setting,
		)
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s (%s): %w", address, setting, err)
	}
	return listener, nil
}

// Life is the time in which a server works. A stop ends it in steps: first Stopping reports true, then no new
// requests are taken, then the tasks in the background end.
type Life struct {
	stop           context.Context // ends at the signal
	working        context.Context
	stopWorking    context.CancelFunc
	background     context.Context
	stopBackground context.CancelFunc
	tasks          sync.WaitGroup
}

// Begin starts the life of a server that is asked to stop by the end of ctx. The caller must call End.
func Begin(ctx context.Context) *Life {
	l := &Life{stop: ctx}
	// What was begun is finished after the signal, so neither context ends with ctx.
	l.working, l.stopWorking = context.WithCancel(context.WithoutCancel(ctx))
	l.background, l.stopBackground = context.WithCancel(l.working)
	return l
}

// Working is the context of requests. It ends when requests that did not end in time are cut off.
func (l *Life) Working() context.Context { return l.working }

// Background is the context of tasks beside the requests. It ends after the last request was answered.
func (l *Life) Background() context.Context { return l.background }

// Stopping reports whether the server was asked to stop.
func (l *Life) Stopping() bool { return l.stop.Err() != nil }

// Go runs a task in the background. A stop waits until the task returns.
func (l *Life) Go(task func()) { l.tasks.Go(task) }

// End ends both contexts and waits for nothing. It does nothing after a clean stop.
func (l *Life) End() {
	l.stopBackground()
	l.stopWorking()
}

// Server is one HTTP server and how it stops.
type Server struct {
	// Handler answers the requests.
	Handler http.Handler
	// Listener is where requests come from. Serve closes it.
	Listener net.Listener
	// RequestTimeout is the deadline that Handler gives to a request. Reading and sending have more.
	RequestTimeout time.Duration
	// StopDelay is how long a stop goes on answering first, so that a load balancer looks away in time.
	StopDelay time.Duration
	// StopTimeout bounds the rest of the stop.
	StopTimeout time.Duration
	// Close releases what the requests used, such as a pool. It is called after everything else has ended.
	Close func()
	// Logger gets the complaints of net/http and the steps of a stop.
	Logger *slog.Logger
}

// Serve answers requests until life is asked to stop, and stops cleanly.
func (s Server) Serve(life *Life) error {
	server := &http.Server{
		Handler: s.Handler,
		// It would answer OPTIONS * past the handler.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return life.working },
		ReadHeaderTimeout:            headerTimeout,
		// The deadline of a request is the handler's; this one is for clients that read slowly.
		WriteTimeout:   s.RequestTimeout + sendTime,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       newComplaints(s.Logger),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.Listener) }()

	var serveErr error
	select {
	case <-life.stop.Done():
		s.Logger.Info("stopping", "delay", s.StopDelay.String(), "timeout", s.StopTimeout.String())
		serveErr = waitFor(s.StopDelay, failed)
	case err := <-failed:
		serveErr = serving(err)
	}
	return errors.Join(serveErr, s.shutdown(server, life))
}

func serving(err error) error { return fmt.Errorf("serving: %w", err) }

// waitFor lets the server go on for a while, unless it fails.
func waitFor(delay time.Duration, failed <-chan error) error {
	select {
	case <-time.After(delay):
		return nil
	case err := <-failed:
		return serving(err)
	}
}

// shutdown takes no new requests, finishes those that run, ends the tasks in the background and calls Close. What is
// not done within StopTimeout is cut off.
func (s Server) shutdown(server *http.Server, life *Life) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.StopTimeout)
	defer cancel()

	err := server.Shutdown(ctx)
	if err != nil {
		s.Logger.Warn("requests were cut off: they did not end in time")
		life.stopWorking()
		err = errors.Join(fmt.Errorf("stopping within %s: %w", s.StopTimeout, err), server.Close())
	}

	done := make(chan struct{})
	go func() {
		life.stopBackground()
		life.tasks.Wait()
		s.Close()
		close(done)
	}()
	select {
	case <-done:
		s.Logger.Info("stopped")
		return err
	case <-ctx.Done():
	}
	// What still holds a connection gets it cut off, and a moment to notice.
	life.stopWorking()
	select {
	case <-done:
		return err
	case <-time.After(cutOffTime):
		return errors.Join(err, fmt.Errorf("connections to the database were still in use after %s", s.StopTimeout))
	}
}

// complaints passes on to the log what net/http complains of.
type complaints struct {
	log     *slog.Logger
	noFiles rate.Sometimes
}

func newComplaints(to *slog.Logger) *log.Logger {
	return log.New(&complaints{log: to, noFiles: rate.Sometimes{Interval: sayInterval}}, "", 0)
}

// Write logs one complaint. net/http repeats again and again that there are no more files for connections; only one
// in sayInterval is logged.
func (c *complaints) Write(p []byte) (int, error) {
	say := func() { c.log.Warn(strings.TrimSpace(string(p))) }
	if bytes.HasPrefix(p, []byte("http: Accept error: ")) {
		c.noFiles.Do(say)
	} else {
		say()
	}
	return len(p), nil
}
