package api

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"energiya/internal/gate"
)

const pathMetrics = "/metrics"

// noRoute stands for the path of a request that reached none: a wrong token, an unknown path, a wrong method. What a
// client invents must not become a label.
const noRoute = "none"

// meter counts requests.
type meter struct {
	inFlight prometheus.Gauge
	duration *prometheus.HistogramVec
	faults   prometheus.Counter
	refusals *prometheus.CounterVec
}

func newMeter(registry prometheus.Registerer) *meter {
	m := &meter{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "energy_http_requests_in_flight",
			Help: "Requests that are being answered.",
		}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "energy_http_request_duration_seconds",
			Help:    "How long requests took, from their headers to the end of the answer, by route and status; status 0: cut off, or the client hung up.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "status"}),
		// apart, since it is there from the start: Prometheus can't see the rise of what appears with its first
		faults: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "energy_http_faults_total",
			Help: "Requests that were answered with 500: faults of ours.",
		}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "energy_refusals_total",
			Help: "Requests that a rule of the database refused, by the rule's name (select * from api.rules).",
		}, []string{"rule"}),
	}
	registry.MustRegister(m.inFlight, m.duration, m.faults, m.refusals)
	return m
}

// measure counts the request and takes its time.
func (s *server) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, ok := w.(middleware.WrapResponseWriter)
		if !ok {
			seen = middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		}
		began := time.Now()
		s.meter.inFlight.Inc()
		whole := false
		defer func() {
			s.meter.inFlight.Dec()
			status := 0
			if whole && seen.Status() != statusHungUp {
				status = seen.Status()
			}
			if status == http.StatusInternalServerError {
				s.meter.faults.Inc()
			}
			s.meter.duration.WithLabelValues(s.routeOf(r), strconv.Itoa(status)).Observe(time.Since(began).Seconds())
		}()
		next.ServeHTTP(seen, r)
		whole = true
	})
}

// routeOf is the route that a served request took.
func (s *server) routeOf(r *http.Request) string {
	route := chi.RouteContext(r.Context()).RoutePattern()
	if _, known := s.methods[route]; !known {
		return noRoute
	}
	return route
}

// queues tells of the queue before the pool, and of those who were sent away from it.
type queues struct {
	shares                 []*gate.Share
	held, waiting, refused *prometheus.Desc
}

func newQueues(shares map[endpoint]*gate.Share) *queues {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("energy_queue_"+name, help, []string{"share"}, nil)
	}
	q := &queues{
		held:    desc("served", "Requests of the share that the database works on."),
		waiting: desc("waiting", "Requests of the share that wait for their turn."),
		refused: desc(
			"refused_total",
			"Requests of the share that were sent away with 503, since they would have waited too long.",
		),
	}
	for _, share := range shares {
		if !slices.Contains(q.shares, share) {
			q.shares = append(q.shares, share)
		}
	}
	return q
}

func (q *queues) Describe(descs chan<- *prometheus.Desc) { prometheus.DescribeByCollect(q, descs) }

func (q *queues) Collect(metrics chan<- prometheus.Metric) {
	for _, share := range q.shares {
		now := share.Stats()
		metrics <- prometheus.MustNewConstMetric(q.held, prometheus.GaugeValue, float64(now.Held), share.Name())
		metrics <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(now.Waiting), share.Name())
		metrics <- prometheus.MustNewConstMetric(q.refused, prometheus.CounterValue, float64(now.Refused), share.Name())
	}
}

// metrics answers everything that the registry collects, in Prometheus' format.
func (s *server) metrics() http.HandlerFunc {
	return promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{
		// what can be had is shown
		ErrorHandling: promhttp.ContinueOnError,
		ErrorLog:      slog.NewLogLogger(s.Logger.Handler(), slog.LevelWarn),
	}).ServeHTTP
}

// tokensOf are the tokens that a request shows. Prometheus is only told to send a credential in the header
// Authorization, so its own path takes that too.
func tokensOf(r *http.Request) []string {
	if tokens := r.Header.Values("Token"); len(tokens) > 0 || r.URL.Path != pathMetrics {
		return tokens
	}
	var tokens []string
	for _, credential := range r.Header.Values("Authorization") {
		if scheme, token, ok := strings.Cut(credential, " "); ok && strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, token)
		}
	}
	return tokens
}
