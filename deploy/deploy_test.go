// Package deploy_test holds what is deployed against the program: its settings, its metrics, its times.
package deploy_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"energiya/internal/config"
	"energiya/internal/dbtest"
	"energiya/internal/logtest"
)

const token = "the-token-of-these-tests"

// read is a file of this folder.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// readYAML is a file of this folder, as a tree.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal([]byte(read(t, name)), into), name)
}

// build says where the program is, which is built if need be.
func build(t *testing.T) string {
	t.Helper()
	program, err := dbtest.Program(t.TempDir())
	require.NoError(t, err)
	return program
}

// command runs a program of the machine, or skips the test where there is none.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	output, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), output)
}

func TestEverySettingNamedIsOne(t *testing.T) {
	t.Parallel()
	var usage strings.Builder
	require.NoError(t, config.Usage(&usage, config.Fields()...))
	real := regexp.MustCompile(`ENERGY_[A-Z_]+`).FindAllString(usage.String(), -1)
	found := 0
	err := filepath.WalkDir(".", func(name string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.IsDir() || strings.HasSuffix(name, "_test.go") || filepath.Base(name) == ".env" {
			return nil
		}
		for _, setting := range regexp.MustCompile(`ENERGY_[A-Z_]+`).FindAllString(read(t, name), -1) {
			require.Contains(t, real, setting, name)
			found++
		}
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, found)
}

// stopTime is how long the program takes to stop at most, where nothing else is set.
func stopTime(t *testing.T) time.Duration {
	t.Helper()
	var usage strings.Builder
	require.NoError(t, config.Usage(&usage, "ShutdownDelay", "ShutdownTimeout"))
	defaults := regexp.MustCompile(`\[(\w+)\]`).FindAllStringSubmatch(usage.String(), -1)
	require.Len(t, defaults, 2)
	var limit time.Duration
	for _, text := range defaults {
		part, err := time.ParseDuration(text[1])
		require.NoError(t, err)
		limit += part
	}
	return limit
}

func TestNothingIsKilledThatIsStillStopping(t *testing.T) {
	t.Parallel()
	unit := regexp.MustCompile(`(?m)^TimeoutStopSec=(.+)$`).FindStringSubmatch(read(t, "energy.service"))
	require.NotNil(t, unit)
	var compose struct {
		Services map[string]struct {
			StopGracePeriod string `yaml:"stop_grace_period"`
		}
	}
	readYAML(t, "compose.yaml", &compose)
	for where, text := range map[string]string{"unit": unit[1], "compose": compose.Services["serve"].StopGracePeriod, "auth": compose.Services["auth"].StopGracePeriod} {
		limit, err := time.ParseDuration(text)
		require.NoError(t, err, where)
		require.Greater(t, limit, stopTime(t), where)
	}
}

func TestTheUnitsAreAndAreHardened(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]string{"energy.service": "serve", "energy-auth.service": "auth"} {
		unit := filepath.Join(t.TempDir(), name)
		text := read(t, name)
		require.Contains(t, text, "ExecStart=/usr/local/bin/energy "+does+"\n")
		text = strings.ReplaceAll(text, "/usr/local/bin/energy", "/bin/true")
		require.NoError(t, os.WriteFile(unit, []byte(text), 0o600))
		t.Run("verify "+name, func(t *testing.T) { command(t, "systemd-analyze", "verify", unit) })
		t.Run("security "+name, func(t *testing.T) {
			command(t, "systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
		})
	}
}

// A user that systemd makes is in no file where a static program would look for its name.
func TestEveryDatabaseURLNamesItsUser(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`postgres://[^` + "`" + `\s]+`)
	for _, name := range []string{"README.md", "compose.yaml"} {
		urls := named.FindAllString(read(t, name), -1)
		require.NotEmpty(t, urls, name)
		for _, address := range urls {
			require.Regexp(t, `^postgres://[\w-]+(:[^@]+)?@`, address, name)
		}
	}
}

func TestPostgresLogsWhoseLineItIs(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services struct{ Database struct{ Command []string } }
	}
	readYAML(t, "compose.yaml", &compose)
	for _, file := range []string{"../scripts/postgres", "../docs/operations.md"} {
		prefix := regexp.MustCompile(`(?m)^log_line_prefix = '(.+)'$`).FindStringSubmatch(read(t, file))
		require.NotNil(t, prefix, file)
		require.Contains(
			t,
			compose.Services.Database.Command,
			"log_line_prefix="+prefix[1],
			"as in %s, with the space at its end",
			file,
		)
	}
}

func TestComposeHasNoPasswordOfItsOwn(t *testing.T) {
	t.Parallel()
	named := regexp.MustCompile(`\$\{([A-Z_]+)([^}]*)\}`).FindAllStringSubmatch(read(t, "compose.yaml"), -1)
	require.NotEmpty(t, named)
	for _, secret := range named {
		require.Equal(t, ":?", secret[2], secret[1])
		require.Contains(t, read(t, "README.md"), secret[1], "it is made before the first start")
	}
}

func TestComposeHoldsTogether(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Image     string
			Build     struct{ Context, Dockerfile string }
			Volumes   []string
			Ports     []string
			Networks  []string
			Secrets   []string
			Profiles  []string
			DependsOn map[string]struct{ Condition string } `yaml:"depends_on"`
			ReadOnly  bool                                  `yaml:"read_only"`
			CapDrop   []string                              `yaml:"cap_drop"`

			NetworkMode string         `yaml:"network_mode"`
			Environment map[string]any `yaml:"environment"`
		}
		Networks, Volumes, Secrets map[string]any
	}
	readYAML(t, "compose.yaml", &compose)
	require.Equal(t, []string{
		"auth", "database", "grafana", "login", "migrate", "pepper", "prometheus", "proxy", "serve",
	}, slices.Sorted(maps.Keys(compose.Services)))
	for name, service := range compose.Services {
		require.NotEmpty(t, service.Image, name)
		for other := range service.DependsOn {
			require.Contains(t, compose.Services, other, name)
			require.Empty(t, compose.Services[other].Profiles, name)
		}
		for _, network := range service.Networks {
			require.Contains(t, compose.Networks, network, name)
		}
		for _, secret := range service.Secrets {
			require.Contains(t, compose.Secrets, secret, name)
		}
		if name == "proxy" {
			// people reach it, and by TLS only: Caddy sends port 80 there
			require.Equal(t, []string{"80:80", "443:443"}, service.Ports)
			service.Ports = nil
		}
		for _, port := range service.Ports {
			require.Regexp(t, `^127\.0\.0\.1:`, port, "%s: nothing is open to other machines by itself", name)
		}
		for _, volume := range service.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(from, ".") {
				require.FileExists(t, filepath.Join(from, map[string]string{
					"./prometheus": "prometheus.yaml", "./grafana/provisioning": "dashboards/energiya.yaml",
				}[from]))
				continue
			}
			require.Contains(t, compose.Volumes, from, name)
		}
		if service.Build.Dockerfile != "" {
			require.FileExists(t, filepath.Join(service.Build.Context, service.Build.Dockerfile), name)
		}
	}
	for _, name := range []string{"serve", "auth"} {
		require.True(t, compose.Services[name].ReadOnly, name)
		require.Equal(t, []string{"ALL"}, compose.Services[name].CapDrop, name)
	}
	// Passwords do not travel in the clear: the auth server is reached through the proxy, whose network it shares.
	auth := compose.Services["auth"]
	require.Equal(t, "service:proxy", auth.NetworkMode)
	require.Empty(t, auth.Ports)
	require.Regexp(t, `^127\.0\.0\.1:`, auth.Environment["ENERGY_AUTH_LISTEN"])
	require.Contains(t, read(t, "proxy/Caddyfile"), auth.Environment["ENERGY_AUTH_LISTEN"])
	for _, name := range []string{"grafana/provisioning/datasources/prometheus.yaml", "grafana/provisioning/dashboards/energiya.yaml"} {
		var any map[string]any
		readYAML(t, name, &any)
		require.EqualValues(t, 1, any["apiVersion"], name)
	}
}

// alerts are what prometheus/alerts.yaml holds.
type alerts struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

func TestEachAlertIsExplained(t *testing.T) {
	t.Parallel()
	var all alerts
	readYAML(t, "prometheus/alerts.yaml", &all)
	operations, tests := read(t, "../docs/operations.md"), read(t, "prometheus/alerts_test.yaml")
	for _, group := range all.Groups {
		for _, rule := range group.Rules {
			require.True(
				t,
				strings.Contains(operations, "| `"+rule.Alert+"` |"),
				"docs/operations.md says what %s means, and what to do",
				rule.Alert,
			)
			require.True(
				t,
				strings.Contains(tests, `alertname="`+rule.Alert+`"`),
				"alerts_test.yaml shows %s",
				rule.Alert,
			)
			require.NotEmpty(t, rule.Annotations["summary"])
			require.Contains(t, []string{"page", "ticket"}, rule.Labels["severity"])
		}
	}
}

func TestPromtoolAgrees(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"config": {"check", "config", "--syntax-only", "prometheus/prometheus.yaml"},
		"rules":  {"check", "rules", "prometheus/alerts.yaml"},
		"alerts": {"test", "rules", "prometheus/alerts_test.yaml"},
	} {
		t.Run(name, func(t *testing.T) { command(t, "promtool", args...) })
	}
}

// scrape is what a real server shows, as labels by metric. Before, something of everything happened.
func scrape(t *testing.T) map[string][]string {
	t.Helper()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		with s as (
		  insert into gym.slots (month, weekday, starts_at, capacity) values (rules.next_month(), 6, '06:00', 1) returning id
		), u as (
		  insert into gym.users (student_card, firstname, surname, secondname, "group", hid) values (1, '', '', 'Я', '', '-') returning id
		)
		insert into gym.enrolments (slot_id, user_id) select s.id, u.id from s, u;
		select rules.cancel(id, null) from gym.enrolments;
		insert into river.river_job (kind, args, max_attempts, state, scheduled_at) values ('ensure_slots', '{}', 7, 'scheduled', now() + interval '1 day')`)
	require.NoError(t, err)

	log := new(logtest.Log)
	c := exec.Command(build(t), "serve")
	c.Env = []string{
		"DATABASE_URL=" + database.URL(),
		"ENERGY_LISTEN=127.0.0.1:0",
		"ENERGY_TOKEN=" + token,
		"PATH=" + os.Getenv("PATH"),
	}
	c.Dir, c.Stderr = t.TempDir(), log
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	address := regexp.MustCompile(`"msg":"listening".*"address":"([^"]+)"`)
	require.Eventually(t, func() bool { return address.MatchString(log.String()) }, time.Minute, 20*time.Millisecond)
	base := "http://" + address.FindStringSubmatch(log.String())[1]
	get := func(path string, header http.Header) (int, string) {
		request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, base+path, nil)
		require.NoError(t, err)
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(body)
	}
	withToken := http.Header{"Token": {token}}
	require.Eventually(
		t,
		func() bool { status, _ := get("/readyz", nil); return status == 200 },
		time.Minute,
		20*time.Millisecond,
	)
	status, _ := get("/api/v1/avtime/get", withToken)
	require.Equal(t, 403, status, "a refusal by a rule")
	status, _ = get("/api/v1/avtime/get", nil)
	require.Equal(t, 401, status)

	// as prometheus.yaml has it
	var config struct {
		ScrapeConfigs []struct {
			MetricsPath   string `yaml:"metrics_path"`
			Authorization struct{ Type string }
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus/prometheus.yaml", &config)
	var body string
	require.Eventually(t, func() bool {
		status, body = get(
			config.ScrapeConfigs[0].MetricsPath,
			http.Header{"Authorization": {config.ScrapeConfigs[0].Authorization.Type + " " + token}},
		)
		return status == 200 && strings.Contains(body, "energy_job_last_done_timestamp_seconds{")
	}, time.Minute, 100*time.Millisecond)

	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	labels := map[string][]string{"up": {}}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				labels[name] = append(labels[name], label.GetName())
			}
		}
		labels[name] = append(labels[name], "") // also one without labels is there
		if family.GetType().String() == "HISTOGRAM" {
			labels[name+"_count"], labels[name+"_sum"] = labels[name], labels[name]
			labels[name+"_bucket"] = append(slices.Clone(labels[name]), "le")
		}
	}
	return labels
}

var (
	clause   = regexp.MustCompile(`\b(by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	matchers = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)?\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*\b\s*\(?`)
	quoted   = regexp.MustCompile(`"[^"]*"`)
	span     = regexp.MustCompile(`\[[^\]]*\]`)
)

// named are the metrics and, of each, the labels that an expression of PromQL speaks of.
func named(expression string) (metrics map[string][]string) {
	metrics = map[string][]string{}
	bare := span.ReplaceAllString(quoted.ReplaceAllString(expression, `""`), "")
	var grouped []string
	for _, c := range clause.FindAllStringSubmatch(bare, -1) {
		for label := range strings.SplitSeq(c[2], ",") {
			grouped = append(grouped, strings.TrimSpace(label))
		}
	}
	bare = clause.ReplaceAllString(bare, "")
	for _, m := range matchers.FindAllStringSubmatch(bare, -1) {
		for _, label := range matcher.FindAllStringSubmatch(m[2], -1) {
			metrics[m[1]] = append(metrics[m[1]], label[1])
		}
	}
	bare = matchers.ReplaceAllString(bare, "$1 ")
	for _, w := range word.FindAllString(bare, -1) {
		if strings.HasSuffix(w, "(") || slices.Contains([]string{"and", "or", "unless"}, strings.TrimSpace(w)) {
			continue
		}
		metrics[strings.TrimSpace(w)] = append(metrics[strings.TrimSpace(w)], grouped...)
	}
	for name, labels := range metrics {
		slices.Sort(labels)
		metrics[name] = slices.Compact(labels)
	}
	return metrics
}

func TestEveryMetricNamedIsInARealScrape(t *testing.T) {
	t.Parallel()
	expressions := map[string]string{}
	var all alerts
	readYAML(t, "prometheus/alerts.yaml", &all)
	for _, group := range all.Groups {
		for _, rule := range group.Rules {
			expressions["alert "+rule.Alert] = rule.Expr
		}
	}
	var dashboard struct {
		UID    string
		Panels []struct {
			ID          int
			Type, Title string
			GridPos     struct{ H, W, X, Y int }
			Targets     []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Query json.RawMessage }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "grafana/dashboard.json")), &dashboard))
	require.NotEmpty(t, dashboard.UID)
	ids := map[int]bool{}
	for _, panel := range dashboard.Panels {
		require.False(t, ids[panel.ID], "panel %d is there once", panel.ID)
		ids[panel.ID] = true
		require.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, 24, panel.Title)
		require.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		for i, target := range panel.Targets {
			expressions["panel "+panel.Title+" "+string(rune('A'+i))] = target.Expr
		}
	}
	require.Greater(t, len(expressions), 30)

	there := scrape(t)
	for where, expression := range expressions {
		metrics := named(expression)
		require.NotEmpty(t, metrics, "%s: %s", where, expression)
		for metric, labels := range metrics {
			require.True(t, there[metric] != nil, "%s names %s, which is not there: %s", where, metric, expression)
			for _, label := range labels {
				// the first two are Prometheus' own
				require.Contains(
					t,
					append([]string{"job", "instance"}, there[metric]...),
					label,
					"%s: label of %s in %s",
					where,
					metric,
					expression,
				)
			}
		}
	}
	// and nothing is collected that nobody looks at
	for metric := range there {
		seen := false
		for _, expression := range expressions {
			seen = seen ||
				slices.ContainsFunc(
					slices.Collect(maps.Keys(named(expression))),
					func(m string) bool { return strings.HasPrefix(m, metric) || m == metric },
				)
		}
		unseen := []string{"energy_pool_acquires_total", "energy_slots"}
		if strings.HasPrefix(metric, "energy_") && !strings.HasSuffix(metric, "_sum") &&
			!slices.Contains(unseen, metric) {
			require.True(t, seen, "%s stands in no alert and no panel", metric)
		}
	}
}

func TestNamedFindsTheWordsOfAnExpression(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string][]string{"a_total": {"x", "y", "z"}, "b": {"z"}},
		named(`sum by (z) (rate(a_total{x="energy_no", y=~"{a}b"}[5m])) > 0.5 and on (z) b`))
	require.Equal(t, map[string][]string{"c": nil}, named(`time() - c > 9000`))
}
