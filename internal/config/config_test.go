package config_test

import (
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/config"
)

// environment makes the variables the only ones of ours and of PostgreSQL.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "ENERGY_") || strings.HasPrefix(name, "PG") || name == "DATABASE_URL" {
			t.Setenv(name, "") // so that it comes back
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func TestDefaults(t *testing.T) {
	environment(t, nil)
	s, err := config.Load()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:5010", s.Listen)
	require.Empty(t, s.Token)
	require.Equal(t, "energy.token", s.TokenFile)
	require.Equal(t, min(max(4*runtime.GOMAXPROCS(0), 8), 16), s.PoolSize)
	require.Equal(t, slog.LevelInfo, s.Level())
	require.Equal(t, "json", s.LogFormat)
	require.Equal(t, 15*time.Second, s.ShutdownTimeout)
	require.Zero(t, s.ShutdownDelay)
	require.Equal(t, 10*time.Second, s.RequestTimeout)
	require.InDelta(t, 10*time.Second*2/3, s.QueueTimeout, float64(time.Millisecond))
	require.Equal(t, 200, s.RateLimit)
	require.Equal(t, time.Minute, s.ReportTimeout)
	require.EqualValues(t, 2, s.ReportDatabase().MaxConns)
	require.Empty(t, s.MetricsListen, "so that two servers on one machine start")
	require.False(t, s.Pprof)
}

func TestValuesOfTheEnvironment(t *testing.T) {
	environment(t, map[string]string{
		"ENERGY_LISTEN":           "[::1]:0",
		"ENERGY_TOKEN":            "first-token-of-a-test,second-token-of-a-test",
		"ENERGY_POOL_SIZE":        "3",
		"ENERGY_LOG_LEVEL":        "WARN",
		"ENERGY_LOG_FORMAT":       "Text",
		"ENERGY_SHUTDOWN_TIMEOUT": "1m",
		"ENERGY_SHUTDOWN_DELAY":   "5s",
		"ENERGY_REQUEST_TIMEOUT":  "1500ms",
		"ENERGY_QUEUE_TIMEOUT":    "500ms",
		"ENERGY_RATE_LIMIT":       "0",
		"ENERGY_REPORT_POOL_SIZE": "1",
		"ENERGY_REPORT_TIMEOUT":   "2m",
		"ENERGY_READER_ROLE":      "energy_reader",
		"ENERGY_METRICS_LISTEN":   "[::1]:5011",
		"ENERGY_PPROF":            "true",
		"DATABASE_URL":            "postgres://somebody@db.test:5433/gym?pool_max_conns=99",
	})
	s, err := config.Load()
	require.NoError(t, err)
	require.Equal(t, "[::1]:0", s.Listen)
	require.Equal(t, []string{"first-token-of-a-test", "second-token-of-a-test"}, s.Token)
	require.Equal(t, slog.LevelWarn, s.Level())
	require.Equal(t, "text", s.LogFormat)
	require.Equal(t, time.Minute, s.ShutdownTimeout)
	require.Equal(t, 5*time.Second, s.ShutdownDelay)
	require.Equal(t, 1500*time.Millisecond, s.RequestTimeout)
	require.Equal(t, 500*time.Millisecond, s.QueueTimeout)
	require.Equal(t, 0, s.RateLimit)
	require.Equal(t, 2*time.Minute, s.ReportTimeout)
	require.Equal(t, "[::1]:5011", s.MetricsListen)
	require.True(t, s.Pprof)
	reports := s.ReportDatabase()
	require.EqualValues(t, 1, reports.MaxConns)
	require.Equal(t, "db.test", reports.ConnConfig.Host, "the same database where no other is named")
	database := s.Database()
	require.EqualValues(t, 3, database.MaxConns, "the setting wins over the URL")
	require.Equal(t, "db.test", database.ConnConfig.Host)
	require.EqualValues(t, 5433, database.ConnConfig.Port)
	require.Equal(t, "gym", database.ConnConfig.Database)
}

func TestDatabaseOfPsqlsVariables(t *testing.T) {
	environment(t, map[string]string{"PGHOST": "db.test", "PGPORT": "5433", "PGUSER": "somebody", "PGDATABASE": "gym"})
	s, err := config.Load()
	require.NoError(t, err)
	conn := s.Database().ConnConfig
	require.Equal(
		t,
		"db.test 5433 somebody gym",
		strings.Join([]string{conn.Host, "5433", conn.User, conn.Database}, " "),
	)
	require.EqualValues(t, 5433, conn.Port)
}

func TestReportsMayHaveADatabaseOfTheirOwn(t *testing.T) {
	environment(t, map[string]string{
		"DATABASE_URL":               "postgres://somebody@db.test:5433/gym",
		"ENERGY_REPORT_DATABASE_URL": "postgres://reader@replica.test/gym",
	})
	s, err := config.Load()
	require.NoError(t, err)
	require.Equal(t, "replica.test", s.ReportDatabase().ConnConfig.Host)
	require.Equal(t, "db.test", s.Database().ConnConfig.Host)
}

func TestABadReportDatabaseIsNamedWithoutItsPassword(t *testing.T) {
	environment(
		t,
		map[string]string{"ENERGY_REPORT_DATABASE_URL": "postgres://reader:very-secret@replica.test:port/gym"},
	)
	_, err := config.Load()
	require.ErrorContains(t, err, "ENERGY_REPORT_DATABASE_URL is not usable")
	require.NotContains(t, err.Error(), "very-secret")
}

func TestABadValueIsNamedWithWhatItMayBe(t *testing.T) {
	for _, c := range []struct{ name, value, may string }{
		{"ENERGY_LISTEN", "5010", "host:port"},
		{"ENERGY_LISTEN", "127.0.0.1:70000", "host:port"},
		{"ENERGY_LISTEN", "127.0.0.1:http", "host:port"},
		{"ENERGY_TOKEN_FILE", "", "name of a file"},
		{"ENERGY_POOL_SIZE", "many", "1 to 500"},
		{"ENERGY_POOL_SIZE", "0", "1 to 500"},
		{"ENERGY_POOL_SIZE", "501", "1 to 500"},
		{"ENERGY_POOL_SIZE", "", "1 to 500"},
		{"ENERGY_LOG_LEVEL", "loud", "debug, info, warn or error"},
		{"ENERGY_LOG_LEVEL", "info+1", "debug, info, warn or error"},
		{"ENERGY_LOG_FORMAT", "xml", "json or text"},
		{"ENERGY_SHUTDOWN_TIMEOUT", "15", "1s to 10m"},
		{"ENERGY_SHUTDOWN_TIMEOUT", "0s", "1s to 10m"},
		{"ENERGY_SHUTDOWN_DELAY", "-1s", "0s to 5m"},
		{"ENERGY_REQUEST_TIMEOUT", "-1s", "100ms to 10m"},
		{"ENERGY_QUEUE_TIMEOUT", "11s", "10ms to ENERGY_REQUEST_TIMEOUT"},
		{"ENERGY_QUEUE_TIMEOUT", "0s", "10ms to ENERGY_REQUEST_TIMEOUT"},
		{"ENERGY_REPORT_POOL_SIZE", "0", "1 to 50"},
		{"ENERGY_REPORT_TIMEOUT", "1h", "1s to 30m"},
		{"ENERGY_RATE_LIMIT", "-1", "0 to 1000000"},
		{"ENERGY_METRICS_LISTEN", "5011", "loopback host:port"},
		{"ENERGY_METRICS_LISTEN", ":5011", "loopback host:port"},
		{"ENERGY_METRICS_LISTEN", "0.0.0.0:5011", "loopback host:port"},
		{"ENERGY_METRICS_LISTEN", "192.0.2.1:5011", "loopback host:port"},
		{"ENERGY_METRICS_LISTEN", "localhost.example:5011", "loopback host:port"},
		{"ENERGY_METRICS_LISTEN", "127.0.0.1:70000", "loopback host:port"},
		{"ENERGY_PPROF", "perhaps", "true or false"},
		{"ENERGY_PPROF", "true", "needs ENERGY_METRICS_LISTEN"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			environment(t, map[string]string{c.name: c.value})
			_, err := config.Load()
			require.ErrorContains(t, err, c.name+" is ")
			require.ErrorContains(t, err, c.may)
		})
	}
}

func TestNamesOfRolesAreNoSettings(t *testing.T) {
	for variable, name := range map[string]string{
		"ENERGY_SERVER_ROLE": "energy_server", "ENERGY_AUTH_ROLE": "energy_auth", "ENERGY_ADMIN_ROLE": "energy_admin",
		"ENERGY_READER_ROLE": "energy_reader", "ENERGY_WEB_ROLE": "energy_web",
	} {
		environment(t, map[string]string{variable: "dean"})
		_, err := config.Load()
		require.ErrorContains(t, err, variable+" is no setting any more")
		require.ErrorContains(t, err, `alter role "dean" rename to `+name+";")
	}
	environment(t, map[string]string{"ENERGY_ADMIN_ROLE": `x"; drop schema gym; --`})
	_, err := config.Load()
	require.ErrorContains(t, err, `alter role "x""; drop schema gym; --" rename`, "what is printed is safe to paste")
}

func TestEveryBadValueIsNamedAtOnce(t *testing.T) {
	environment(
		t,
		map[string]string{
			"ENERGY_LISTEN":     "x",
			"ENERGY_RATE_LIMIT": "-1",
			"DATABASE_URL":      "postgres://db.test:port/gym",
		},
	)
	_, err := config.Load()
	require.ErrorContains(t, err, "ENERGY_LISTEN")
	require.ErrorContains(t, err, "ENERGY_RATE_LIMIT")
	require.ErrorContains(t, err, "DATABASE_URL")
}

func TestSecretsAreNeverRepeated(t *testing.T) {
	for _, variables := range []map[string]string{
		{"ENERGY_TOKEN": "hunter2"},
		{"ENERGY_TOKEN": "a-token-that-is-long-enough,with hunter2 in it"},
		{"DATABASE_URL": "postgres://me:hunter2@db.test:port/gym"},
		{"DATABASE_URL": "postgres://me:50%hunter2@db.test/gym"},
		{"DATABASE_URL": "host=db.test password='hunter2"},
		{"PGHOST": "db.test", "PGPASSWORD": "hunter2", "PGSSLMODE": "perhaps"},
	} {
		environment(t, variables)
		_, err := config.Load()
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestUsageListsEverySettingWithItsDefault(t *testing.T) {
	var all, one strings.Builder
	require.NoError(t, config.Usage(&all, config.Fields()...))
	require.Regexp(t, `(?m)^  ENERGY_SHUTDOWN_TIMEOUT +\S.* \[15s\]$`, all.String())
	require.Equal(t, len(config.Fields()), strings.Count(all.String(), "\n"))
	require.NoError(t, config.Usage(&one, config.DatabaseURL))
	require.Regexp(t, `^  DATABASE_URL .*\n$`, one.String())
}

// docs/settings.md names every variable that Usage names, and no other.
func TestTheSettingsPageNamesEverySetting(t *testing.T) {
	page, err := os.ReadFile("../../docs/settings.md")
	require.NoError(t, err)
	var usage strings.Builder
	require.NoError(t, config.Usage(&usage, config.Fields()...))
	names := regexp.MustCompile(`\b(ENERGY|DATABASE)_[A-Z_]*[A-Z]\b`)
	require.Greater(t, strings.Count(usage.String(), "\n"), 20)
	onPage := names.FindAllString(string(page), -1)
	slices.Sort(onPage)
	var read []string
	for line := range strings.Lines(usage.String()) {
		read = append(read, names.FindString(line))
	}
	read = append(read, "ENERGY_DATA") // scripts/run
	slices.Sort(read)
	require.Equal(t, slices.Compact(read), slices.Compact(onPage))
}
