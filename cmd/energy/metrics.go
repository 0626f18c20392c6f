package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"energiya/internal/config"
)

// watcher answers those who watch over the server from the same machine, without a token: GET /metrics, and where it is on,
// /debug/pprof.
type watcher struct {
	listener net.Listener // nil: it is off
	server   *http.Server
}

// listenToWatchers opens the address of ENERGY_METRICS_LISTEN, if there is one.
func listenToWatchers(ctx context.Context, s *config.Settings) (*watcher, error) {
	if s.MetricsListen == "" {
		return new(watcher), nil
	}
	listener, err := listen(ctx, s.MetricsListen, "ENERGY_METRICS_LISTEN")
	if err != nil {
		return nil, err
	}
	return &watcher{listener: listener}, nil
}

// run answers until close is called.
func (w *watcher) run(registry *prometheus.Registry, profiling bool, log *slog.Logger) {
	if w.listener == nil {
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
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
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          newComplaints(log),
	}
	log.Info("metrics", "address", w.listener.Addr().String(), "pprof", profiling)
	go func() {
		if err := w.server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are not answered any more", "error", fmt.Sprint(err))
		}
	}()
}

// close ends it at once: a scrape or a profile is worth no waiting.
func (w *watcher) close() {
	switch {
	case w.server != nil:
		_ = w.server.Close()
	case w.listener != nil:
		_ = w.listener.Close()
	}
}
