// Package metrics collects, for Prometheus, what is not known by a request alone: the program, its pools, and the
// gym's own figures, which one function of the database gives. The requests themselves are counted where they are
// answered, in package api.
package metrics

import (
	"context"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"energiya/db"
)

// New makes a registry that holds what is true of the program itself. ready tells why it can't work, or nil.
func New(built db.Version, ready func(context.Context) error) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	schema, functions := strconv.Itoa(built.Schema), strconv.Itoa(built.Package)
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "energy_build_info",
		Help: "1; the labels tell what this program is, and which database it was built for.",
		ConstLabels: prometheus.Labels{
			"version": version(),
			"go":      runtime.Version(),
			"schema":  schema,
			"package": functions,
		},
	})
	info.Set(1)
	needs := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "energy_built_for_version",
		Help: "Version of the database's schema and package of functions that this program was built for.",
	}, []string{"of"})
	needs.WithLabelValues("schema").Set(float64(built.Schema))
	needs.WithLabelValues("package").Set(float64(built.Package))
	registry.MustRegister(
		info, needs,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "energy_ready",
			Help: "1 where the server can answer requests, 0 where it can't, as /readyz says; it can while it is being stopped, whatever that says then.",
		}, func() float64 { return truth(ready(context.Background()) == nil) }),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// version is that of the module or the commit, as far as the build knows it.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" && build.Main.Version == "(devel)" {
			return setting.Value
		}
	}
	return build.Main.Version
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// pool tells of one pool of connections.
type pool struct {
	pool                                              *pgxpool.Pool
	connections, most, acquires, given, waits, waited *prometheus.Desc
}

// Pool collects the state of a pool, which the label pool names.
func Pool(name string, of *pgxpool.Pool) prometheus.Collector {
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("energy_pool_"+metric, help, labels, prometheus.Labels{"pool": name})
	}
	return &pool{
		pool:        of,
		connections: desc("connections", "Connections to the database that the pool has now.", "state"),
		most:        desc("connections_max", "Connections that the pool may have."),
		acquires:    desc("acquires_total", "How often a connection was taken from the pool."),
		given: desc(
			"acquires_given_up_total",
			"How often waiting for a connection was given up: the request's time was over, or the client hung up.",
		),
		waits:  desc("waits_total", "How often a connection was waited for, since none was free."),
		waited: desc("wait_seconds_total", "How long connections were waited for, since none was free."),
	}
}

func (p *pool) Describe(descs chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, descs) }

func (p *pool) Collect(metrics chan<- prometheus.Metric) {
	now := p.pool.Stat()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	count := func(desc *prometheus.Desc, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value)
	}
	gauge(p.connections, float64(now.AcquiredConns()), "acquired")
	gauge(p.connections, float64(now.IdleConns()), "idle")
	gauge(p.connections, float64(now.ConstructingConns()), "constructing")
	gauge(p.most, float64(now.MaxConns()))
	count(p.acquires, float64(now.AcquireCount()))
	count(p.given, float64(now.CanceledAcquireCount()))
	count(p.waits, float64(now.EmptyAcquireCount()))
	count(p.waited, now.EmptyAcquireWaitTime().Seconds())
}
