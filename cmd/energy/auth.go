package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"energiya/auth"
	"energiya/db"
	"energiya/internal/config"
	"energiya/internal/gymclient"
	"energiya/internal/listening"
	"energiya/internal/metrics"
	"energiya/internal/password"
	"energiya/internal/service"
	"energiya/internal/tokens"
	"energiya/web"
)

const (
	// beyondMain is how much longer the auth server waits than the main server may take: its answer then arrives.
	beyondMain = 2 * time.Second
	// pepperInterval is how often the database is asked again whether the pepper fits, until it answers.
	pepperInterval = 2 * time.Second
)

func newAuth() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "Let people log in, and show them the pages",
		Long: `Let people log in, pass their requests on to the main server, and show them the pages, until SIGINT or SIGTERM.

GET /healthz says that the server lives, GET /readyz that it can work (503 otherwise).

It needs the main server's address (ENERGY_MAIN_URL) and token (ENERGY_TOKEN or ENERGY_TOKEN_FILE), the pepper of the
database (ENERGY_PEPPER or ENERGY_PEPPER_FILE), and a log-in of its own that can do nothing else:
create role … login password '…' in role energy_web.

Without a certificate it listens on a loopback address only: passwords do not travel in the clear. Before it belongs a
proxy that speaks TLS, which ENERGY_AUTH_PROXIES names (docs/operations.md).

` + settings("AuthListen", "AuthCertFile", "AuthKeyFile", "AuthProxies", "AuthDatabaseURL", config.DatabaseURL,
			"MainURL", "Token", "TokenFile", "Pepper", "PepperFile", "AuthFolder", "PoolSize", "RequestTimeout",
			"ReportTimeout", "MetricsListen", "Pprof", "LogLevel", "LogFormat", "ShutdownTimeout", "ShutdownDelay"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := config.Load()
			if err != nil {
				return err
			}
			log := httplog.NewLogger("energy-auth", httplog.Options{
				JSON:     s.LogFormat == "json",
				LogLevel: s.Level(),
				Writer:   cmd.ErrOrStderr(),
				Concise:  true,
			})
			return serveAuth(cmd.Context(), s, log)
		},
	}
	cmd.AddCommand(newAuthPepper(), newAuthRetireLegacy(), newAuthImportPictures())
	return cmd
}

// serveAuth runs the auth server until ctx ends.
func serveAuth(ctx context.Context, s *config.Settings, log *httplog.Logger) error {
	built, err := db.Built(db.Files())
	if err != nil {
		return err
	}
	listener, err := listenForPeople(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	watcher, err := service.ListenToWatchers(ctx, s.MetricsListen, "ENERGY_METRICS_LISTEN")
	if err != nil {
		return err
	}
	defer watcher.Close()
	pepper, err := readPepper(s)
	if err != nil {
		return err
	}

	life := service.Begin(ctx)
	defer life.End()
	parts, err := openAuthParts(life, s, pepper, built, log.Logger)
	if err != nil {
		return err
	}
	note := leaveNote(s, listening.Auth, listener.Addr(), log.Logger)
	defer note.Remove()
	log.Info("listening", "address", listener.Addr().String(), "main", s.MainURL, "pool", s.PoolSize,
		"schema", built.Schema, "package", built.Package)
	registry := metrics.New(built, parts.check.ready)
	registry.MustRegister(metrics.Pool("auth", parts.pool))
	watcher.Run(registry, s.Pprof, log.Logger)
	handler := auth.New(auth.Options{
		Accounts:       parts.accounts,
		Gym:            parts.gym,
		Pages:          parts.pages,
		Proxies:        s.Proxies(),
		RequestTimeout: s.RequestTimeout,
		Ready:          parts.check.ready,
		Stopping:       life.Stopping,
		Logger:         log,
	})
	return service.Server{
		Handler:        handler,
		Listener:       listener,
		RequestTimeout: s.ReportTimeout + beyondMain,
		StopDelay:      s.ShutdownDelay,
		StopTimeout:    s.ShutdownTimeout,
		Close:          parts.close,
		Logger:         log.Logger,
	}.Serve(life)
}

// authParts are what the auth server's handler is made of.
type authParts struct {
	pool       *pgxpool.Pool
	gym        *gymclient.Client
	accounts   *auth.Accounts
	check      *pepperCheck
	pages      http.Handler
	closePages func()
}

// openAuthParts waits for neither the database nor the main server: both may come later.
func openAuthParts(life *service.Life, s *config.Settings, pepper password.Pepper, built db.Version, log *slog.Logger,
) (p authParts, err error) {
	p.pool, err = db.RolePool(life.Working(), s.AuthDatabase(), db.DefaultRoles().Web, s.RequestTimeout, log)
	if err != nil {
		return p, err
	}
	keeper, err := service.OpenKeeper(
		life.Working(),
		s.AuthDatabase(),
		db.DefaultRoles().Web,
		auth.SQLVersion,
		built,
		log,
	)
	if err != nil {
		return p, err
	}
	keeper.RefreshAfterReadOnly(p.pool)
	if p.gym, err = openGym(life, s, log); err != nil {
		return p, err
	}
	p.accounts = auth.NewAccounts(p.pool, pepper, runtime.GOMAXPROCS(0))
	p.check = &pepperCheck{accounts: p.accounts, keeper: keeper}
	if err := p.check.once(life.Working()); errors.Is(err, auth.ErrPepper) {
		return p, err
	}
	life.Go(func() { keeper.Run(life.Background()) })
	life.Go(func() { p.check.run(life.Background(), log) })
	p.pages, p.closePages, err = openPages(s, p.accounts, p.gym, log)
	return p, err
}

// close is called after the last request.
func (p authParts) close() {
	p.closePages()
	p.gym.Close()
	p.pool.Close()
	p.check.keeper.Close()
}

// listenForPeople opens the auth server's address, with TLS where there is a certificate.
func listenForPeople(ctx context.Context, s *config.Settings) (net.Listener, error) {
	var certificate tls.Certificate
	if s.AuthCertFile != "" {
		var err error
		if certificate, err = tls.LoadX509KeyPair(s.AuthCertFile, s.AuthKeyFile); err != nil {
			return nil, fmt.Errorf("reading ENERGY_AUTH_CERT_FILE and ENERGY_AUTH_KEY_FILE: %w", err)
		}
	}
	listener, err := service.Listen(ctx, s.AuthListen, "ENERGY_AUTH_LISTEN")
	if err != nil || s.AuthCertFile == "" {
		return listener, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	return tls.NewListener(listener, c), nil
}

// openGym makes the client of the main server, with the token that the settings name.
func openGym(life *service.Life, s *config.Settings, log *slog.Logger) (*gymclient.Client, error) {
	token := &mainToken{file: s.TokenFile}
	if len(s.Token) > 0 {
		token.set(s.Token[0])
	} else {
		if err := token.read(); err != nil {
			return nil, err
		}
		life.Go(func() { token.watch(life.Background(), log) })
	}
	return gymclient.New(gymclient.Options{
		URL:         s.MainURL,
		Token:       token.get,
		Timeout:     s.RequestTimeout + beyondMain,
		FileTimeout: s.ReportTimeout + beyondMain,
	})
}

// mainToken is the token that the main server knows this server by: the first one of the file.
type mainToken struct {
	file  string
	token atomic.Pointer[string]
}

func (m *mainToken) set(token string) { m.token.Store(&token) }

func (m *mainToken) get() string { return *m.token.Load() }

// read takes the file's first token.
func (m *mainToken) read() error {
	list, err := tokens.Read(m.file)
	if err != nil {
		return fmt.Errorf("reading the main server's token (ENERGY_TOKEN or ENERGY_TOKEN_FILE): %w", err)
	}
	if len(list) == 0 {
		path, _ := filepath.Abs(m.file)
		return fmt.Errorf("%s holds no token: copy the main server's, or set ENERGY_TOKEN", path)
	}
	m.set(list[0])
	return nil
}

// watch takes up changes of the file until ctx ends. While it can't be read, the last token stays.
func (m *mainToken) watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(tokenInterval)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := m.read()
		if err != nil && err.Error() != said {
			log.WarnContext(ctx, "the token stays as it was", "reason", err.Error())
		}
		said = fmt.Sprint(err)
	}
}

// pepperCheck makes the server unready where the pepper is not the database's. The database may come after the server.
type pepperCheck struct {
	accounts *auth.Accounts
	keeper   *service.Keeper
	misfit   atomic.Bool
	done     atomic.Bool
}

// ready returns why the server can't work, or nil.
func (p *pepperCheck) ready(ctx context.Context) error {
	if p.misfit.Load() {
		return auth.ErrPepper
	}
	return p.keeper.Ready(ctx)
}

func (p *pepperCheck) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pepperInterval)
	defer cancel()
	err := p.accounts.CheckPepper(ctx)
	p.misfit.Store(errors.Is(err, auth.ErrPepper))
	p.done.Store(err == nil)
	return err
}

// run asks until the database has answered that the pepper fits.
func (p *pepperCheck) run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(pepperInterval)
	defer tick.Stop()
	for !p.done.Load() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if p.keeper.Ready(ctx) != nil {
			continue
		}
		if err := p.once(ctx); errors.Is(err, auth.ErrPepper) {
			log.ErrorContext(ctx, "not ready", "reason", err.Error())
		}
	}
}

// openPages makes what answers everything but the JSON: the pages, or the folder of the old front and some pages.
func openPages(s *config.Settings, accounts *auth.Accounts, gym *gymclient.Client, log *slog.Logger,
) (pages http.Handler, closePages func(), err error) {
	made, err := web.New(web.Options{Accounts: accounts.ForPages(), Gym: gym, Log: log})
	if err != nil {
		return nil, nil, err
	}
	if s.AuthFolder == "" {
		return made, made.Close, nil
	}
	if pages, err = auth.Folder(s.AuthFolder, made); err != nil {
		made.Close()
		return nil, nil, err
	}
	return pages, made.Close, nil
}

// readPepper takes the pepper of the environment, or that of the file.
func readPepper(s *config.Settings) (password.Pepper, error) {
	if s.Pepper != "" {
		return password.Pepper(s.Pepper), nil
	}
	return password.ReadFile(s.PepperFile)
}
