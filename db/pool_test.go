package db_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// login makes a log-in for one test and gives the database's configuration with it.
func login(t *testing.T, database *dbtest.DB, options string) *pgxpool.Config {
	t.Helper()
	name := fmt.Sprintf("t%d_%s", os.Getpid(), strings.ToLower(t.Name()[len("TestServerPool"):]))
	ctx := context.Background()
	_, err := database.Owner.Exec(ctx, fmt.Sprintf("create role %s login password 'only of a test' %s", name, options))
	require.NoError(t, err)
	_, err = database.Owner.Exec(
		ctx,
		fmt.Sprintf(
			"do $$ begin execute format('grant connect on database %%I to %s', current_database()); end $$",
			name,
		),
	)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := database.Owner.Exec(ctx, fmt.Sprintf("drop owned by %s; drop role %s", name, name))
		require.NoError(t, err)
	})
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	config.ConnConfig.User, config.ConnConfig.Password = name, "only of a test"
	return config
}

func serverPool(t *testing.T, config *pgxpool.Config) (*pgxpool.Pool, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	config.MaxConns = 1
	pool, err := db.ServerPool(
		t.Context(),
		config,
		db.DefaultRoles().Server,
		5*time.Second,
		slog.New(slog.NewTextHandler(&log, nil)),
	)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool, &log
}

func TestServerPoolOfTheOwnerGivesItsRightsUp(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	pool, log := serverPool(t, config)

	var version string
	require.NoError(t, pool.QueryRow(t.Context(), "select wire.version()::text").Scan(&version))
	_, err = pool.Exec(t.Context(), "select * from gym.users")
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "42501", pgErr.Code)

	pool.Reset() // another connection
	require.NoError(t, pool.Ping(t.Context()))
	require.Equal(t, 1, strings.Count(log.String(), "better give it a log-in of its own"), "said once: %s", log)
}

func TestServerPoolOfAMemberWorksWithoutAWarning(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool, log := serverPool(t, login(t, database, "in role energy_server"))
	var role string
	require.NoError(t, pool.QueryRow(t.Context(), "select current_user").Scan(&role))
	require.Equal(t, "energy_server", role)
	require.Empty(t, log.String())
}

func TestServerPoolOfAStrangerGivesNoConnection(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool, _ := serverPool(t, login(t, database, ""))
	var roleErr *db.RoleError
	require.ErrorAs(t, pool.Ping(t.Context()), &roleErr)
	require.Contains(t, roleErr.Error(), `grant "energy_server" to`)
}

func TestServerPoolBoundsStatementsUnlessTheURLDoes(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	for _, c := range []struct {
		set  map[string]string
		want string
	}{
		{nil, "6s 2500ms 6s energy"},
		{map[string]string{"statement_timeout": "1234ms", "application_name": "mine"}, "1234ms 2500ms 6s mine"},
	} {
		config, err := pgxpool.ParseConfig(database.URL())
		require.NoError(t, err)
		maps.Copy(config.ConnConfig.RuntimeParams, c.set)
		pool, _ := serverPool(t, config)
		var got string
		require.NoError(t, pool.QueryRow(t.Context(), `
			select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'),
				current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'))`).Scan(&got))
		require.Equal(t, c.want, got)
	}
}

func TestServerPoolTakesSeatsWhateverTheDatabasesDefaultIs(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(
		t.Context(),
		"do $$ begin execute format('alter database %I set default_transaction_isolation = serializable', current_database()); end $$",
	)
	require.NoError(t, err)
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	pool, _ := serverPool(t, config)
	var mode string
	require.NoError(t, pool.QueryRow(t.Context(), "show transaction_isolation").Scan(&mode))
	require.Equal(t, "read committed", mode)
}

func TestServerPoolWarmsItsConnectionsAndDoesWithoutTheFunction(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), `
		create sequence public.warmed;
		create or replace function wire.warm_up() returns void language sql security definer as $$ select nextval('public.warmed') $$`)
	require.NoError(t, err)
	config, err := pgxpool.ParseConfig(database.URL())
	require.NoError(t, err)
	pool, _ := serverPool(t, config)
	require.NoError(t, pool.Ping(t.Context()))
	var warmed int
	require.NoError(
		t,
		database.Owner.QueryRow(t.Context(), "select last_value from public.warmed where is_called").Scan(&warmed),
	)
	require.Equal(t, 1, warmed, "once a connection")

	_, err = database.Owner.Exec(t.Context(), "drop function wire.warm_up()")
	require.NoError(t, err)
	pool.Reset()
	require.NoError(t, pool.Ping(t.Context()), "an older package")
}
