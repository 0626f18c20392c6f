package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Watcher answers programs that watch over the server from the same machine, without a token: GET /metrics, and where
// it is on, /debug/pprof.
type Watcher struct {
	listener net.Listener // nil: it is off
	server   *http.Server
}

// ListenToWatchers opens the address that a setting names. An empty address gives a watcher that is off.
func ListenToWatchers(ctx context.Context, address, setting string) (*Watcher, error) {
	if address == "" {
		return new(Watcher), nil
	}
	listener, err := Listen(ctx, address, setting)
	if err != nil {
		return nil, err
	}
	return &Watcher{listener: listener}, nil
}

// Run answers in the background until Close is called.
func (w *Watcher) Run(registry *prometheus.Registry, profiling bool, log *slog.Logger) {
	if w.listener == nil {
		return
	}
	mux := http.NewServeMux()
	options := promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, options))
	if profiling {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	w.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          newComplaints(log),
	}
	log.Info("metrics", "address", w.listener.Addr().String(), "pprof", profiling)
	go func() {
		if err := w.server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not answered any more", "error", fmt.Sprint(err))
		}
	}()
}

// Close ends the watcher at once: a stop does not wait for a scrape or a profile.
func (w *Watcher) Close() {
	switch {
	case w.server != nil:
		_ = w.server.Close()
	case w.listener != nil:
		_ = w.listener.Close()
	}
}
