package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
)

// metered is a client whose requests are counted in a registry that the test reads.
func metered(t *testing.T, pool *pgxpool.Pool) (client, *prometheus.Registry) {
	o := options(pool)
	o.Metrics = prometheus.NewRegistry()
	return client{t: t, handler: api.New(o)}, o.Metrics
}

// counts are how many requests were counted, by "route status".
func counts(t *testing.T, registry *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]int{}
	for _, family := range families {
		if family.GetName() != "energy_http_request_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := metric.GetLabel()
			require.Len(t, labels, 2)
			found[labels[0].GetValue()+" "+labels[1].GetValue()] = int(metric.GetHistogram().GetSampleCount())
		}
	}
	return found
}

func scrape(t *testing.T, handler http.Handler, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	r.Header = header
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestMetricsAreForWhoHasTheToken(t *testing.T) {
	t.Parallel()
	handler := api.New(options(nil))
	for name, header := range map[string]http.Header{
		"none":                       {},
		"wrong":                      {"Token": {"guess"}},
		"wrong bearer":               {"Authorization": {"Bearer guess"}},
		"two bearers":                {"Authorization": {"Bearer " + token, "Bearer " + token}},
		"another scheme":             {"Authorization": {"Basic " + token}},
		"no scheme":                  {"Authorization": {token}},
		"a wrong token, then bearer": {"Token": {"guess"}, "Authorization": {"Bearer " + token}},
	} {
		w := scrape(t, handler, header)
		a := readAnswer(t, w.Code, w.Header(), w.Body.Bytes())
		require.Equal(t, "TokenException", a.errType, name)
	}
	for name, header := range map[string]http.Header{
		"token":              withToken(),
		"bearer":             {"Authorization": {"Bearer " + token}},
		"in any letter case": {"Authorization": {"bearer " + token}},
	} {
		w := scrape(t, handler, header)
		require.Equal(t, 200, w.Code, name)
		require.Contains(t, w.Header().Get("Content-Type"), "text/plain")
		require.Contains(t, w.Body.String(), "energy_http_requests_in_flight 1\n", "the scrape itself")
		require.NotContains(t, w.Body.String(), token)
	}
}

func TestRequestsAreCountedByRouteAndStatus(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "gym_news_get", "return null;")
	c, registry := metered(t, db.Server(t))
	for range 3 {
		c.done("GET /new/get", nobody, nil)
	}
	c.refused("AccessRightsException", "GET /avtime/get", nobody, nil)
	c.refused("InternalError", "GET /gym-news/get", nobody, nil)
	c.refused("MethodNotAllowed", "POST /avtime/get", nobody, nil)
	for _, path := range []string{"/api/v1/a", "/api/v1/b", "/c", "/d/", "/api/v1/new/get/", "/api/v1/new/get%00"} {
		require.Equal(t, 404, c.send("GET "+path, withToken(), nil).status)
	}
	require.Equal(t, 401, c.send("GET /new/get", http.Header{}, nil).status)
	c.done("GET /healthz", nobody, nil)

	require.Equal(t, map[string]int{
		"/api/v1/new/get 200": 3, "/api/v1/avtime/get 403": 1, "/api/v1/gym-news/get 500": 1, "/healthz 200": 1,
		// whatever path is invented, nothing new is remembered of it
		"none 401": 1, "none 404": 6, "none 405": 1,
	}, counts(t, registry))
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP energy_http_requests_in_flight Requests that are being answered.
# TYPE energy_http_requests_in_flight gauge
energy_http_requests_in_flight 0
# HELP energy_http_faults_total Requests that were answered with 500: faults of ours.
# TYPE energy_http_faults_total counter
energy_http_faults_total 1
`), "energy_http_requests_in_flight", "energy_http_faults_total"))
}

func TestAReportThatIsCutOffIsCountedSo(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	c, registry := metered(t, db.Owner)
	admin := db.User(t, "ADMIN")
	r := httptest.NewRequestWithContext(
		t.Context(),
		http.MethodPost,
		"/api/v1/report/visits",
		strings.NewReader(`{"startDate": "2026-11-01", "endDate": "2026-11-30"}`),
	)
	r.Header = http.Header{"Token": {token}, "User-Id": {number(admin).String()}, "Content-Type": {"application/json"}}
	require.PanicsWithValue(
		t,
		http.ErrAbortHandler,
		func() { c.handler.ServeHTTP(&brokenWriter{httptest.NewRecorder()}, r) },
	)
	require.Equal(t, map[string]int{"/api/v1/report/visits 0": 1}, counts(t, registry))
}

// brokenWriter is a connection that the client has closed.
type brokenWriter struct{ http.ResponseWriter }

func (*brokenWriter) Write([]byte) (int, error) { return 0, context.Canceled }

func TestRefusalsAreCountedByRule(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	c, registry := metered(t, db.At(t, "2026-12-10 09:00"))
	student := db.User(t, "STUDENT")
	for range 2 {
		c.refused("LogicError", "POST /entry/create", student, object{"selectedTimes": []int{1}})
	}
	c.refused("InvalidRequestException", "POST /entry/create", student, nil)
	c.refused("AccessRightsException", "POST /avtime/get-any", student, nil)
	c.done("GET /new/get", nobody, nil)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP energy_refusals_total Requests that a rule of the database refused, by the rule's name (select * from api.rules).
# TYPE energy_refusals_total counter
energy_refusals_total{rule="enrolment_closed"} 2
energy_refusals_total{rule="field_missing"} 1
energy_refusals_total{rule="role_may_not"} 1
`), "energy_refusals_total"))
}

func TestMetricsKeepToPrometheusHabits(t *testing.T) {
	t.Parallel()
	c, registry := metered(t, nil)
	require.Equal(t, 200, scrape(t, c.handler, withToken()).Code)
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestTheQueueIsShown(t *testing.T) {
	t.Parallel()
	c := newCrowded(t, "gym.posts", 200*time.Millisecond)
	shows := func(line string) bool {
		return strings.Contains(scrape(t, c.handler, withToken()).Body.String(), "\n"+line+"\n")
	}
	const patient = crowdedPlaces - 2 // two are kept for other shares
	answers := c.atOnce(patient, "GET /new/get", nobody, nil)
	c.awaitLocked(patient)
	require.True(t, shows(`energy_queue_served{share="greet"} 6`))
	c.refused("Unavailable", "GET /new/get", nobody, nil)
	c.refused("Unavailable", "GET /new/get", nobody, nil)
	require.True(t, shows(`energy_queue_refused_total{share="greet"} 2`))
	require.True(
		t,
		shows(`energy_http_request_duration_seconds_count{route="/api/v1/new/get",status="503"} 2`),
		"who waited in vain, and who did not have to",
	)
	require.True(t, shows(`energy_queue_refused_total{share="choose"} 0`))
	require.True(t, shows(`energy_queue_waiting{share="greet"} 0`))
	c.release()
	for range patient {
		require.Equal(t, 200, (<-answers).status)
	}
	require.True(t, shows(`energy_queue_served{share="greet"} 0`))
}
