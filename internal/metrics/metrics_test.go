package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
	"energiya/internal/metrics"
)

// counted is a pool that counts what it is asked.
type counted struct {
	*pgxpool.Pool
	asked atomic.Int64
}

func (c *counted) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.asked.Add(1)
	return c.Pool.QueryRow(ctx, sql, args...)
}

func TestEverythingKeepsToPrometheusHabits(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	_, err := database.Owner.Exec(t.Context(), "select api.run_now('ensure_slots')")
	require.NoError(t, err)
	registry := metrics.New(
		db.Version{Schema: 1, Package: 2},
		func(context.Context) error { return errors.New("not yet") },
	)
	registry.MustRegister(metrics.Pool("requests", database.Owner), metrics.Pool("reports", database.Owner),
		metrics.Gym(t.Context(), database.Server(t), slog.New(slog.DiscardHandler)))
	for name, want := range map[string]int{
		"energy_build_info": 1, "energy_built_for_version": 2, "energy_ready": 1, "energy_pool_connections": 6, "energy_pool_waits_total": 2,
		"energy_database_up": 1, "energy_clock_skew_seconds": 1, "energy_database_version": 2, "energy_seats_free": 2, "energy_blocks": 3, "energy_jobs": 7, "energy_job_last_done_timestamp_seconds": 6, "energy_seats_oversold": 2, "energy_jobs_oldest_seconds": 1,
	} {
		series, err := testutil.GatherAndCount(registry, name)
		require.NoError(t, err)
		require.Equal(t, want, series, name)
	}
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestManyScrapesAtOnceAskTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	asked := &counted{Pool: database.Server(t)}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.Gym(t.Context(), asked, slog.New(slog.DiscardHandler)))
	var scrapes sync.WaitGroup
	for range 50 {
		scrapes.Go(func() {
			series, err := testutil.GatherAndCount(registry, "energy_seats_free")
			if err != nil || series != 2 {
				t.Errorf("a scrape gave %d figures: %v", series, err)
			}
		})
	}
	scrapes.Wait()
	// a machine that is busy may spread them over some seconds
	require.Less(t, asked.asked.Load(), int64(50))
}

func TestTheSkewOfTheClockIsShown(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	// A database whose clock is 15 minutes behind this machine's.
	_, err := database.Owner.Exec(t.Context(), `
		create schema behind;
		create function behind.clock_timestamp() returns timestamptz language sql volatile as
		$$ select pg_catalog.clock_timestamp() - interval '15 minutes' $$`)
	require.NoError(t, err)
	config := database.Owner.Config().Copy()
	config.ConnConfig.RuntimeParams["search_path"] = "behind, pg_catalog, gym, api, public"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	for of, want := range map[*pgxpool.Pool]float64{database.Owner: 0, pool: 900} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(metrics.Gym(t.Context(), of, slog.New(slog.DiscardHandler)))
		families, err := registry.Gather()
		require.NoError(t, err)
		shown := 0
		for _, family := range families {
			if family.GetName() == "energy_clock_skew_seconds" {
				shown++
				require.InDelta(t, want, family.GetMetric()[0].GetGauge().GetValue(), 10)
			}
		}
		require.Equal(t, 1, shown)
	}
}
