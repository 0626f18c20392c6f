package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"energiya/api"
	"energiya/db"
	"energiya/internal/config"
	"energiya/internal/listening"
	"energiya/internal/metrics"
	"energiya/internal/service"
	"energiya/internal/tokens"
	"energiya/jobs"
)

// tokenInterval is how often the token file is looked at.
const tokenInterval = 2 * time.Second

// sqlVersion asks which schema and functions the database has.
const sqlVersion = `select wire.version()`

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

// serve runs the main server until ctx ends.
func serve(ctx context.Context, s *config.Settings, log *httplog.Logger) error {
	built, err := db.Built(db.Files())
	if err != nil {
		return err
	}
	// Both addresses are taken before anything is made: a second start by mistake changes nothing.
	listener, err := service.Listen(ctx, s.Listen, "ENERGY_LISTEN")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	watcher, err := service.ListenToWatchers(ctx, s.MetricsListen, "ENERGY_METRICS_LISTEN")
	if err != nil {
		return err
	}
	defer watcher.Close()
	store, err := openTokens(ctx, s, log.Logger)
	if err != nil {
		return err
	}

	life := service.Begin(ctx)
	defer life.End()
	p, err := openPools(life, s, built, log.Logger)
	if err != nil {
		return err
	}
	life.Go(func() { p.keeper.Run(life.Background()) })
	life.Go(func() { store.Watch(life.Background(), tokenInterval) })
	runner, err := runJobs(life, s, p, log.Logger)
	if err != nil {
		return err
	}

	options, err := apiOptions(life, s, p, store, runner, built, log)
	if err != nil {
		return err
	}
	note := leaveNote(s, listening.Serve, listener.Addr(), log.Logger)
	defer note.Remove()
	log.Info("listening", "address", listener.Addr().String(), "pool", s.PoolSize,
		"schema", built.Schema, "package", built.Package)
	handler := api.New(options)
	watcher.Run(options.Metrics, s.Pprof, log.Logger)
	return service.Server{
		Handler:        handler,
		Listener:       api.Listener(listener),
		RequestTimeout: s.RequestTimeout,
		StopDelay:      s.ShutdownDelay,
		StopTimeout:    s.ShutdownTimeout,
		Close:          p.close,
		Logger:         log.Logger,
	}.Serve(life)
}

// pools are the main server's connections to the database, each for a purpose.
type pools struct {
	requests, reports, jobs *pgxpool.Pool
	keeper                  *service.Keeper
}

// openPools waits for no connection: the database may come later.
func openPools(life *service.Life, s *config.Settings, built db.Version, log *slog.Logger) (p pools, err error) {
	ctx := life.Working()
	if p.requests, err = db.ServerPool(ctx, s.Database(), db.DefaultRoles().Server, s.RequestTimeout, log); err != nil {
		return p, err
	}
	if p.keeper, err = service.OpenKeeper(ctx, s.Database(), db.DefaultRoles().Server, sqlVersion, built, log); err != nil {
		return p, err
	}
	if p.jobs, err = jobs.OpenPool(ctx, s.Database(), db.DefaultRoles().Server); err != nil {
		return p, err
	}
	p.reports, err = db.ServerPool(ctx, s.ReportDatabase(), db.DefaultRoles().Server, s.ReportTimeout, log)
	if err != nil {
		return p, err
	}
	p.keeper.RefreshAfterReadOnly(p.requests, p.jobs, p.reports)
	return p, nil
}

// close closes the pools of the requests, the reports and the keeper. The jobs close theirs.
func (p pools) close() {
	p.requests.Close()
	p.reports.Close()
	p.keeper.Close()
}

// runJobs runs the gym's jobs in the background until the server has stopped.
func runJobs(life *service.Life, s *config.Settings, p pools, log *slog.Logger) (*jobs.Runner, error) {
	runner, err := jobs.New(life.Background(), jobs.Options{
		Pool:     p.jobs,
		Ready:    p.keeper.Ready,
		SoftStop: s.ShutdownTimeout / 2,
		Logger:   log,
	})
	if err != nil {
		return nil, err
	}
	life.Go(func() {
		defer p.jobs.Close()
		runner.Run(life.Background(), life.Working())
	})
	return runner, nil
}

// apiOptions puts together what the handler needs.
func apiOptions(life *service.Life, s *config.Settings, p pools, store *tokens.Store, runner *jobs.Runner,
	built db.Version, log *httplog.Logger,
) (api.Options, error) {
	// Without a pepper the database hashes passwords itself, as long as it still keeps old hashes.
	pepper, err := readPepper(s)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return api.Options{}, err
	}
	registry := metrics.New(built, p.keeper.Ready)
	registry.MustRegister(
		metrics.Pool("requests", p.requests), metrics.Pool("reports", p.reports), metrics.Pool("jobs", p.jobs),
		// The gym's figures are read by the connections of the jobs: they matter most when the crowd has all others.
		metrics.Gym(life.Working(), p.jobs, log.Logger))
	options := api.Options{
		Pool:           p.requests,
		ReportPool:     p.reports,
		ReportTimeout:  s.ReportTimeout,
		Tokens:         store,
		Pepper:         pepper,
		Logger:         log,
		RequestTimeout: s.RequestTimeout,
		QueueTimeout:   s.QueueTimeout,
		RateLimit:      s.RateLimit,
		Ready:          p.keeper.Ready,
		Stopping:       life.Stopping,
		Metrics:        registry,
	}
	if s.RiverUI {
		ui, err := runner.UI(life.Background(), riverPath, store.Valid)
		if err != nil {
			return options, err
		}
		options.Beside, options.BesidePath = ui, riverPath
	}
	return options, nil
}

// leaveNote says beside the token file where the server listens, so that energy demo finds it. A folder that can't be
// written, as in a container, is no fault: whoever runs the server there knows its address.
func leaveNote(s *config.Settings, name string, address net.Addr, log *slog.Logger) *listening.Note {
	note, err := listening.Leave(filepath.Dir(s.TokenFile), name, address.String())
	if err != nil {
		log.Debug("no note of the address", "reason", err.Error())
	}
	return note
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
