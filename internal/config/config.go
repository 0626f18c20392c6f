// Package config reads Energiya's settings from the environment.
//
// A setting is an ENERGY_ variable; the database is named by DATABASE_URL or by the
// PG… variables that psql knows. A bad value is named together with what it may be.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/kelseyhightower/envconfig"

	"energiya/db"
	"energiya/internal/tokens"
)

// prefix begins the name of every variable of ours.
const prefix = "ENERGY"

// Settings are all settings of the program, checked. Made by Load.
//
// The tags say what a variable is for (desc) and what it may be (may): both stand in --help and in error messages.
type Settings struct {
	// where the database is: DATABASE_URL, whose place psql's own variables take where it is not set
	database *pgxpool.Config `desc:"database, as postgres://user:password@host:port/database; without it psql's PGHOST, PGPORT, PGUSER, PGDATABASE … count"`

	// Listen is the address that the server answers on.
	Listen string `default:"127.0.0.1:5010" desc:"address to answer on" may:"host:port with a port from 0 to 65535, such as 127.0.0.1:5010"`
	// Token holds the secrets that the auth server may show; several may be valid at once. Where there is any,
	// TokenFile is not looked at.
	Token []string `desc:"secret of the auth server; several, comma-separated, are valid at once; wins over the file" may:"tokens of 16 visible characters or more, without spaces, separated by commas"`
	// TokenFile keeps the tokens where Token has none: one a line, readable by its owner only, made at the first start.
	TokenFile string `split_words:"true" default:"energy.token" desc:"file of tokens, one a line, made at the first start" may:"the name of a file in a folder that exists"`
	// PoolSize is how many connections to the database the server keeps. The queue for them belongs here, not in
	// PostgreSQL.
	PoolSize int `split_words:"true" desc:"connections to the database (4 a core, 8 to 16, where not set)" may:"a whole number from 1 to 500"`
	// LogLevel is the least level that is logged.
	LogLevel string `split_words:"true" default:"info" desc:"least level that is logged" may:"debug, info, warn or error"`
	// LogFormat is the form of the log's lines.
	LogFormat string `split_words:"true" default:"json" desc:"form of the log's lines" may:"json or text"`
	// ShutdownTimeout bounds a clean stop.
	ShutdownTimeout time.Duration `split_words:"true" default:"15s" desc:"how long a stop waits for what still runs" may:"a time from 1s to 10m, such as 15s"`
	// ShutdownDelay lets a load balancer look away before a stop.
	ShutdownDelay time.Duration `split_words:"true" default:"0s" desc:"how long a stop goes on answering first, while /readyz says 503: two looks of the load balancer" may:"a time from 0s to 5m, such as 5s"`
	// RequestTimeout is the deadline of one request, its queries included.
	RequestTimeout time.Duration `split_words:"true" default:"10s" desc:"deadline of one request, its queries included" may:"a time from 100ms to 10m, such as 10s"`
	// QueueTimeout bounds the wait for a connection. Where it would be longer, a request is sent away at once.
	QueueTimeout time.Duration `split_words:"true" desc:"longest wait for a connection; who would wait longer is told at once to come later (two thirds of that deadline, where not set)" may:"a time from 10ms to ENERGY_REQUEST_TIMEOUT, such as 5s"`
	// ReportPoolSize is how many reports may be made at once, on connections of their own.
	ReportPoolSize int `split_words:"true" default:"2" desc:"reports at once, on connections beside those" may:"a whole number from 1 to 50"`
	// ReportTimeout is the deadline of a report, which takes longer than a request may.
	ReportTimeout time.Duration `split_words:"true" default:"1m" desc:"deadline of one report" may:"a time from 1s to 30m, such as 1m"`
	// ReportDatabaseURL names another database for reports, a replica of the first.
	ReportDatabaseURL string `split_words:"true" desc:"database that reports are read from, such as a read replica; without it the same" may:"postgres://user:password@host:port/database, with %XX for special characters"`
	// RateLimit is how many requests a second one user-id may make, measured over 10 seconds.
	RateLimit int `split_words:"true" default:"200" desc:"requests a second that one user-id may make, over 10 s; 0: no limit" may:"a whole number from 0 to 1000000"`
	// RiverUI puts River's web face at /admin/river, behind the token.
	RiverUI bool `split_words:"true" default:"false" desc:"River's web face at /admin/river, behind the token (as the password, with any name)" may:"true or false"`
	// MetricsListen is an address of this machine only that answers /metrics without a token. The token keeps it from
	// everybody else.
	MetricsListen string `split_words:"true" desc:"loopback address that answers /metrics without a token; where not set, only the address above does, with it" may:"a loopback host:port with a port from 0 to 65535, such as 127.0.0.1:5011"`
	// Pprof puts Go's profiles at /debug/pprof of MetricsListen.
	Pprof bool `default:"false" desc:"Go's profiles at /debug/pprof of ENERGY_METRICS_LISTEN" may:"true or false; true needs ENERGY_METRICS_LISTEN"`
	// AuthListen is the address that the auth server answers on.
	AuthListen string `split_words:"true" default:"127.0.0.1:5020" desc:"address that the auth server answers on" may:"a loopback host:port with a port from 0 to 65535, such as 127.0.0.1:5020; any other needs ENERGY_AUTH_CERT_FILE"`
	// AuthCertFile and AuthKeyFile are the auth server's certificate and key, for TLS without a proxy.
	AuthCertFile string `split_words:"true" desc:"file of the auth server's certificate, for TLS without a proxy before it" may:"the name of a PEM file, together with ENERGY_AUTH_KEY_FILE"`
	AuthKeyFile  string `split_words:"true" desc:"file of that certificate's key" may:"the name of a PEM file, together with ENERGY_AUTH_CERT_FILE"`
	// AuthProxies are the networks of proxies whose headers say who the client is.
	AuthProxies []string `split_words:"true" desc:"proxies before the auth server, comma-separated, whose X-Forwarded-For and -Proto count" may:"addresses or networks, such as 127.0.0.1,10.0.0.0/8"`
	// AuthDatabaseURL names the database with the auth server's own log-in.
	AuthDatabaseURL string `split_words:"true" desc:"database with the auth server's own log-in; without it the same" may:"postgres://user:password@host:port/database, with %XX for special characters"`
	// AuthFolder is served in place of the pages: the old front.
	AuthFolder string `split_words:"true" desc:"folder that is served in place of the pages: the old front, built" may:"the name of a folder with an index.html"`
	// MainURL is where the auth server reaches the main server.
	MainURL string `split_words:"true" default:"http://127.0.0.1:5010" desc:"where the auth server reaches the main server, whose ENERGY_REQUEST_TIMEOUT it must know" may:"http://host:port or https://host:port"`
	// Pepper is the secret that goes into password hashes. Where it is set, PepperFile is not looked at.
	Pepper string `desc:"secret that goes into password hashes, the same on all servers; wins over the file" may:"text that is not empty"`
	// PepperFile keeps the pepper.
	PepperFile string `split_words:"true" default:"energy.pepper" desc:"file of that secret; \"energy auth pepper\" writes it" may:"the name of a file"`

	reportDatabase, authDatabase *pgxpool.Config
	proxies                      []netip.Prefix
}

// Load reads the environment. Every bad value is in the error, each with what it may be.
func Load() (*Settings, error) {
	s := new(Settings)
	if err := envconfig.Process(prefix, s); err != nil {
		var parse *envconfig.ParseError
		if errors.As(err, &parse) {
			return nil, bad(parse.FieldName)
		}
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	if _, set := os.LookupEnv(variable("PoolSize")); !set {
		s.PoolSize = defaultPoolSize(runtime.GOMAXPROCS(0))
	}
	if _, set := os.LookupEnv(variable("QueueTimeout")); !set {
		s.QueueTimeout = s.RequestTimeout / 3 * 2
	}
	s.LogLevel, s.LogFormat = strings.ToLower(s.LogLevel), strings.ToLower(s.LogFormat)

	var errs []error
	check := func(ok bool, field string) {
		if !ok {
			errs = append(errs, bad(field))
		}
	}
	check(isAddress(s.Listen), "Listen")
	for _, token := range s.Token {
		if tokens.Check(token) != nil {
			check(false, "Token")
			break
		}
	}
	check(s.TokenFile != "", "TokenFile")
	check(within(s.PoolSize, 1, 500), "PoolSize")
	check(slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel), "LogLevel")
	check(slices.Contains([]string{"json", "text"}, s.LogFormat), "LogFormat")
	check(within(s.ShutdownTimeout, time.Second, 10*time.Minute), "ShutdownTimeout")
	check(within(s.ShutdownDelay, 0, 5*time.Minute), "ShutdownDelay")
	check(within(s.RequestTimeout, 100*time.Millisecond, 10*time.Minute), "RequestTimeout")
	check(within(s.QueueTimeout, 10*time.Millisecond, s.RequestTimeout), "QueueTimeout")
	check(within(s.ReportPoolSize, 1, 50), "ReportPoolSize")
	check(within(s.ReportTimeout, time.Second, 30*time.Minute), "ReportTimeout")
	check(within(s.RateLimit, 0, 1_000_000), "RateLimit")
	check(s.MetricsListen == "" || isAddress(s.MetricsListen) && isLoopback(s.MetricsListen), "MetricsListen")
	check(!s.Pprof || s.MetricsListen != "", "Pprof")

	database, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		errs = append(errs, badDatabase())
	}
	s.database, s.reportDatabase, s.authDatabase = database, database, database
	if s.ReportDatabaseURL != "" {
		s.reportDatabase, err = pgxpool.ParseConfig(s.ReportDatabaseURL)
		check(err == nil, "ReportDatabaseURL")
	}
	s.checkAuth(check)
	return s, errors.Join(append(errs, checkRoles()...)...)
}

// checkRoles refuses the variables that once named the group roles, whose names are fixed now. A database that was made
// with another name keeps its rights when the role is renamed.
func checkRoles() []error {
	var errs []error
	roles := db.DefaultRoles()
	for _, role := range []struct{ variable, name string }{
		{"ENERGY_SERVER_ROLE", roles.Server}, {"ENERGY_AUTH_ROLE", roles.Auth}, {"ENERGY_ADMIN_ROLE", roles.Admin},
		{"ENERGY_READER_ROLE", roles.Reader}, {"ENERGY_WEB_ROLE", roles.Web},
	} {
		if value := os.Getenv(role.variable); value != "" && value != role.name {
			errs = append(
				errs,
				fmt.Errorf("%s is no setting any more: unset it. If the database was made with it, first run "+
					"as a superuser: alter role %s rename to %s; then energy migrate --force",
					role.variable, pgx.Identifier{value}.Sanitize(), role.name),
			)
		}
	}
	return errs
}

// checkAuth checks the settings of the auth server.
func (s *Settings) checkAuth(check func(ok bool, field string)) {
	// Passwords and sessions never travel in the clear: only a proxy or a browser of this machine comes without TLS.
	check(isAddress(s.AuthListen) && (isLoopback(s.AuthListen) || s.AuthCertFile != ""), "AuthListen")
	check((s.AuthCertFile == "") == (s.AuthKeyFile == ""), "AuthCertFile")
	for _, text := range s.AuthProxies {
		network, err := parseNetwork(text)
		if err != nil {
			check(false, "AuthProxies")
			break
		}
		s.proxies = append(s.proxies, network)
	}
	if s.AuthDatabaseURL != "" {
		database, err := pgxpool.ParseConfig(s.AuthDatabaseURL)
		check(err == nil, "AuthDatabaseURL")
		s.authDatabase = database
	}
	main, err := url.Parse(s.MainURL)
	check(err == nil && main.Host != "" && (main.Scheme == "http" || main.Scheme == "https"), "MainURL")
	check(s.PepperFile != "" || s.Pepper != "", "PepperFile")
}

// parseNetwork reads an address or a network.
func parseNetwork(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// Proxies are AuthProxies as networks.
func (s *Settings) Proxies() []netip.Prefix { return s.proxies }

// AuthDatabase says how the auth server reaches the database, with a pool of PoolSize.
func (s *Settings) AuthDatabase() *pgxpool.Config {
	c := s.authDatabase.Copy()
	c.MaxConns = int32(s.PoolSize) // #nosec G115 -- checked by Load
	c.MinConns = min(c.MaxConns, 2)
	c.HealthCheckPeriod = 2 * time.Second
	return c
}

// Database says how to reach the database, as DATABASE_URL or the PG… variables name it, with a pool of PoolSize. The
// pool is kept full, soon again after the database was away: nobody waits for a connection to be made in the second
// of opening.
func (s *Settings) Database() *pgxpool.Config {
	c := s.database.Copy()
	c.MaxConns = int32(s.PoolSize) // #nosec G115 -- checked by Load
	c.MinConns = int32(s.PoolSize) // #nosec G115 -- checked by Load
	c.HealthCheckPeriod = 2 * time.Second
	return c
}

// ReportDatabase says where reports are read, with a pool of ReportPoolSize whose connections are made when they are
// needed.
func (s *Settings) ReportDatabase() *pgxpool.Config {
	c := s.reportDatabase.Copy()
	c.MaxConns = int32(s.ReportPoolSize) // #nosec G115 -- checked by Load
	c.MinConns = 0
	return c
}

// Level is LogLevel as slog knows it.
func (s *Settings) Level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked by Load
	return level
}

// DatabaseURL names the setting that says where the database is, for Usage.
const DatabaseURL = "database"

// Usage writes the table of settings for --help: the fields that are named.
func Usage(w io.Writer, fields ...string) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for field := range reflect.TypeFor[Settings]().Fields() {
		if !slices.Contains(fields, field.Name) {
			continue
		}
		description := field.Tag.Get("desc")
		if value := field.Tag.Get("default"); value != "" {
			description += " [" + value + "]"
		}
		fmt.Fprintf(tabs, "  %s\t%s\n", variable(field.Name), description)
	}
	return tabs.Flush()
}

// Fields are the names of all settings, for Usage.
func Fields() []string {
	var names []string
	for field := range reflect.TypeFor[Settings]().Fields() {
		if field.Tag != "" {
			names = append(names, field.Name)
		}
	}
	return names
}

// bad says which variable is wrong and what it may be. A token or a password is never repeated: error messages end up
// in logs.
func bad(field string) error {
	f, _ := reflect.TypeFor[Settings]().FieldByName(field)
	name := variable(field)
	switch field {
	case "Token", "ReportDatabaseURL", "AuthDatabaseURL":
		return fmt.Errorf("%s is not usable; it may be %s", name, f.Tag.Get("may"))
	}
	return fmt.Errorf("%s is %q; it may be %s", name, os.Getenv(name), f.Tag.Get("may"))
}

// badDatabase names the variable only: neither it nor pgx's account of the fault is repeated, since both may hold a
// password.
func badDatabase() error {
	name := "DATABASE_URL"
	if os.Getenv(name) == "" {
		name = "one of the PG… variables"
	}
	return fmt.Errorf(
		"%s is not usable; it may be postgres://user:password@host:port/database, with %%XX for special characters",
		name,
	)
}

var wordEnds = regexp.MustCompile(`([a-z])([A-Z])`)

// variable is the name of the environment variable of a field.
func variable(field string) string {
	if field == DatabaseURL {
		return "DATABASE_URL"
	}
	return prefix + "_" + strings.ToUpper(wordEnds.ReplaceAllString(field, "${1}_${2}"))
}

// defaultPoolSize is 4 connections a core, but at least 8 and at most 16: what was fastest at the opening.
func defaultPoolSize(cores int) int {
	return min(max(4*cores, 8), 16)
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isLoopback is true of an address that other machines can't reach.
func isLoopback(s string) bool {
	host, _, err := net.SplitHostPort(s)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

func within[T int | time.Duration](value, least, most T) bool {
	return value >= least && value <= most
}
