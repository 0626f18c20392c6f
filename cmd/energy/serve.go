package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"energiya/api"
	"energiya/db"
	"energiya/internal/config"
	"energiya/internal/metrics"
	"energiya/internal/tokens"
	"energiya/jobs"
)

// tokenInterval is how often the token file is looked at.
const tokenInterval = 2 * time.Second

// headerTimeout is how long the headers of a request may take.
const headerTimeout = 5 * time.Second

// riverPath is where River's web face is, when it is on.
const riverPath = "/admin/river"

func newServe() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer the auth server",
		Long: `Answer the auth server over HTTP, under /api/v1, until SIGINT or SIGTERM.

GET /healthz says that the server lives, GET /readyz that it can work (503 otherwise); neither needs a token. GET /metrics, for
Prometheus, does: as "Token" or as a bearer's; on the loopback address of ENERGY_METRICS_LISTEN it needs none, and there is
/debug/pprof too with ENERGY_PPROF=true.
The database is not migrated: until it is what this program was built for ("energy migrate"), the server stays unready
and says so. It may start before the database, and outlives a restart of it. Several servers may share a database.

It also runs the gym's jobs (River), which make the month go on by itself: "select * from api.schedule()" shows them. With
ENERGY_RIVER_UI=true they can be looked at in a browser too, at /admin/river, with any name and the token as the password.

The log-in should be one of the server's own: create role … login password '…' in role energy_server. That of the
owner works too: each connection then gives the owner's rights up.

A stop takes no new requests, finishes those that run, finishes the jobs that run or puts them back, and closes the connections.
With ENERGY_SHUTDOWN_DELAY it first goes on answering for a while, /readyz at 503, so that a load balancer looks away in time.

` + settings(config.Fields()...),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := config.Load()
			if err != nil {
				return err
			}
			log := httplog.NewLogger("energy", httplog.Options{
				JSON:     s.LogFormat == "json",
				LogLevel: s.Level(),
				Writer:   cmd.ErrOrStderr(),
				Concise:  true,
			})
			return serve(cmd.Context(), s, log)
		},
	}
}

func serve(ctx context.Context, s *config.Settings, log *httplog.Logger) error {
	built, err := db.Built(db.Files())
	if err != nil {
		return err
	}
	// before anything is made: a second start by mistake changes nothing
	listener, err := listen(ctx, s.Listen, "ENERGY_LISTEN")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	watcher, err := listenToWatchers(ctx, s)
	if err != nil {
		return err
	}
	defer watcher.close()
	store, err := openTokens(ctx, s, log.Logger)
	if err != nil {
		return err
	}
	// what was begun is finished after the signal: only shutdown ends this context
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()

	pool, err := db.ServerPool(working, s.Database(), s.ServerRole, s.RequestTimeout, log.Logger)
	if err != nil {
		return err
	}

	watchPool, err := openWatch(working, s)
	if err != nil {
		return err
	}
	defer watchPool.Close()
	keeper := newKeeper(watchPool, built, log.Logger)
	background, stopBackground := context.WithCancel(working)
	defer stopBackground()
	var tasks sync.WaitGroup
	tasks.Go(func() { keeper.run(background) })
	tasks.Go(func() { store.Watch(background, tokenInterval) })

	jobPool, err := jobs.OpenPool(working, s.Database(), s.ServerRole)
	if err != nil {
		return err
	}
	runner, err := jobs.New(background, jobs.Options{
		Pool:     jobPool,
		Ready:    keeper.ready,
		SoftStop: s.ShutdownTimeout / 2,
		Logger:   log.Logger,
	})
	if err != nil {
		return err
	}
	tasks.Go(func() {
		defer jobPool.Close()
		runner.Run(background, working)
	})

	reportPool, err := db.ServerPool(working, s.ReportDatabase(), s.ServerRole, s.ReportTimeout, log.Logger)
	if err != nil {
		return err
	}
	defer reportPool.Close()
	registry := metrics.New(built, keeper.ready)
	registry.MustRegister(
		metrics.Pool("requests", pool), metrics.Pool("reports", reportPool), metrics.Pool("jobs", jobPool),
		// by the connections of the jobs: when the crowd has all others, the figures matter most
		metrics.Gym(working, jobPool, log.Logger))
	options := api.Options{
		Pool:           pool,
		ReportPool:     reportPool,
		ReportTimeout:  s.ReportTimeout,
		Tokens:         store,
		Logger:         log,
		RequestTimeout: s.RequestTimeout,
		QueueTimeout:   s.QueueTimeout,
		RateLimit:      s.RateLimit,
		Ready:          keeper.ready,
		Stopping:       func() bool { return ctx.Err() != nil },
		Metrics:        registry,
	}
	if s.RiverUI {
		ui, err := runner.UI(background, riverPath, store.Valid)
		if err != nil {
			return err
		}
		options.Beside, options.BesidePath = ui, riverPath
	}
	server := &http.Server{
		Handler:                      api.New(options),
		DisableGeneralOptionsHandler: true, // it would answer OPTIONS * past the token and the envelope
		BaseContext:                  func(net.Listener) context.Context { return working },
		ReadHeaderTimeout:            headerTimeout,
		WriteTimeout:                 s.RequestTimeout + 30*time.Second, // for clients that read slowly: the deadline is the handler's
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               16 << 10,
		ErrorLog:                     newComplaints(log.Logger),
	}
	log.Info("listening", "address", listener.Addr().String(), "pool", s.PoolSize, "schema", built.Schema, "package", built.Package)

	watcher.run(registry, s.Pprof, log.Logger)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(api.Listener(listener)) }()
	var serveErr error
	select {
	case <-ctx.Done():
		log.Info("stopping", "delay", s.ShutdownDelay.String(), "timeout", s.ShutdownTimeout.String())
		serveErr = waitFor(s.ShutdownDelay, failed)
	case err := <-failed:
		serveErr = serving(err)
	}
	return errors.Join(serveErr, shutdown(s.ShutdownTimeout, stages{
		server:         server,
		stopWorking:    stopWorking,
		stopBackground: func() { stopBackground(); tasks.Wait() },
		pool:           pool,
		log:            log.Logger,
	}))
}

// complaints passes on to the log what net/http complains of.
type complaints struct {
	log     *slog.Logger
	noFiles rate.Sometimes
}

func newComplaints(to *slog.Logger) *log.Logger {
	return log.New(&complaints{log: to, noFiles: rate.Sometimes{Interval: sayInterval}}, "", 0)
}

// Write is one complaint. That there are no more files for connections, net/http says again and again.
func (c *complaints) Write(p []byte) (int, error) {
	say := func() { c.log.Warn(strings.TrimSpace(string(p))) }
	if bytes.HasPrefix(p, []byte("http: Accept error: ")) {
		c.noFiles.Do(say)
	} else {
		say()
	}
	return len(p), nil
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

// stages are what is stopped, in this order.
type stages struct {
	server         *http.Server
	stopWorking    func() // ends the requests that ran out of time, their queries too
	stopBackground func()
	pool           *pgxpool.Pool
	log            *slog.Logger
}

// shutdown takes no new requests, finishes those that run, stops what runs in the background and closes the pool. What is not
// done when the time is over is cut off.
func shutdown(timeout time.Duration, s stages) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()

	err := s.server.Shutdown(ctx)
	if err != nil {
		s.log.Warn("requests were cut off: they did not end in time")
		s.stopWorking()
		err = errors.Join(fmt.Errorf("stopping within %s: %w", timeout, err), s.server.Close())
	}

	done := make(chan struct{})
	go func() {
		s.stopBackground()
		s.pool.Close()
		close(done)
	}()
	select {
	case <-done:
		s.log.Info("stopped")
		return err
	case <-ctx.Done():
	}
	// what still holds a connection gets it cut off, and a moment to notice
	s.stopWorking()
	select {
	case <-done:
		return err
	case <-time.After(time.Second):
		return errors.Join(err, fmt.Errorf("connections to the database were still in use after %s", timeout))
	}
}

// listen opens the address that a setting names, with one clear sentence where that can't be.
func listen(ctx context.Context, address, setting string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop it, or name another address by %s", address, setting)
	case err != nil:
		return nil, fmt.Errorf("can't listen on %s (%s): %w", address, setting, err)
	}
	return listener, nil
}

// openTokens takes the tokens of the environment, or those of the file, whose name is logged.
func openTokens(ctx context.Context, s *config.Settings, log *slog.Logger) (*tokens.Store, error) {
	if len(s.Token) > 0 {
		log.InfoContext(ctx, "tokens come from ENERGY_TOKEN", "tokens", len(s.Token))
		return tokens.Fixed(s.Token), nil
	}
	path, err := filepath.Abs(s.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("finding the token file: %w", err)
	}
	store, err := tokens.Open(path, log)
	if err != nil {
		return nil, err
	}
	log.InfoContext(ctx, "tokens come from a file", "file", path)
	return store, nil
}
